/* test_name_patterns.c: names that have to look like one of a list. */
#include <criterion/criterion.h>

#include "crypto/name.h"
#include "crypto/name_patterns.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(4 * 1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(name_patterns, .init = set_up, .fini = tear_down);

enum { OTHER = 0, EMAIL = 1, DNS = 2, DIRECTORY = 4, URI = 6, IP = 7 };

/* GeneralNames of one. */
static struct bytes general_name(unsigned tag, struct bytes value)
{
    struct bytes out;
    CBB cbb, names;

    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(&out, arena, &cbb,
                         CBB_add_asn1(&cbb, &names, CBS_ASN1_SEQUENCE) &&
                             der_add_octets(&names, CBS_ASN1_CONTEXT_SPECIFIC | tag, value)));
    return out;
}

static struct bytes subject(const char *const *pairs)
{
    struct bytes name;

    cr_assert(name_build(&name, arena, pairs));
    return name;
}

static const char *stranger(const char *pattern, struct bytes name, struct bytes san)
{
    return name_patterns_stranger(arena, &pattern, 1, name, san);
}

static int takes_cn(const char *pattern, const char *cn)
{
    return stranger(pattern, subject((const char *const[]){"CN", cn, NULL}), bytes_of(NULL, 0)) == NULL;
}

static int takes(const char *pattern, unsigned tag, const char *value)
{
    return stranger(pattern, bytes_of(NULL, 0), general_name(tag, bytes_str(value))) == NULL;
}

Test(name_patterns, a_pattern_has_a_type_a_value_and_one_star_at_most)
{
    static const char *const good[] = {
        "CN=a",        "CN=*", "O=*b", "serialNumber=a*", "DNS:*.example", "URI:urn:*", "email:*@example",
        "IP:192.0.2.*"};
    static const char *const bad[] = {
        "",      "CN",      "CN=",  "CN=**", "XY=a",    "*=a", "DNS:",
        "dns:a", "DNS:*a*", "CN:a", "DNS=a", "RID:1.2", "=a",  "aVeryLongNameOfAnAttributeThatNobodyHas=a"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_expect(name_pattern_is_good(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(name_pattern_is_good(bad[i]), "%s", bad[i]);
}

Test(name_patterns, attributes_of_a_subject)
{
    cr_expect(takes_cn("CN=*.du.example", "a.du.example"));
    cr_expect(takes_cn("CN=*.du.example", "a.b.DU.example"));
    cr_expect_not(takes_cn("CN=*.du.example", ".du.example"));
    cr_expect_not(takes_cn("CN=*.du.example", "du.example"));
    cr_expect_not(takes_cn("CN=*.du.example", "a.du.example.net"));
    cr_expect(takes_cn("CN=manager", "Manager"));
    cr_expect_not(takes_cn("O=*", "a"), "another attribute");
    cr_expect_not(takes_cn("DNS:*", "a"));
    cr_expect_not(takes_cn("CN=*", "*.example"), "no wildcard");
    cr_expect_not(takes_cn("CN=*.example", "a/b.example"), "before the end a star is no separator");
    cr_expect(takes_cn("CN=a*", "a/b"));
}

Test(name_patterns, every_attribute_has_to_look_like_one)
{
    static const char *const patterns[] = {"CN=*.du.example", "O=Operator"};
    struct bytes none = bytes_of(NULL, 0);
    struct bytes both = subject((const char *const[]){"O", "Operator", "CN", "a.du.example", NULL});
    struct bytes more =
        subject((const char *const[]){"O", "Operator", "CN", "a.du.example", "OU", "x", NULL});
    struct bytes twice = subject((const char *const[]){"CN", "a.du.example", "CN", "b.example", NULL});

    cr_expect_null(name_patterns_stranger(arena, patterns, 2, both, none));
    cr_expect_str_eq(name_patterns_stranger(arena, patterns, 2, more, none), "OU=x");
    cr_expect_str_eq(name_patterns_stranger(arena, patterns, 2, twice, none), "CN=b.example");
    cr_expect_null(name_patterns_stranger(arena, patterns, 2, name_empty(), none));
    cr_expect_null(name_patterns_stranger(arena, patterns, 2, none, none));
    cr_expect_str_eq(name_patterns_stranger(arena, patterns, 0, both, none), "O=Operator");
    cr_expect_str_eq(name_patterns_stranger(arena, patterns, 2, bytes_str("x"), none),
                     "a name of another form");
}

Test(name_patterns, general_names)
{
    cr_expect(takes("DNS:*.du.example", DNS, "A.du.example"));
    cr_expect_not(takes("DNS:*.du.example", DNS, "*.du.example"), "no wildcard");
    cr_expect_not(takes("DNS:*.du.example", DNS, "a.example"));
    cr_expect_not(takes("CN=*", DNS, "a"));
    cr_expect_not(takes("DNS:*", EMAIL, "a@b"), "another form");
    cr_expect(takes("email:*@du.example", EMAIL, "root@du.example"));
    cr_expect_not(takes("email:*@du.example", EMAIL, "a@b@du.example"));
    cr_expect(takes("URI:https://*.du.example/", URI, "https://a.du.example/"));
    cr_expect_not(takes("URI:https://*.du.example/", URI, "https://evil/.du.example/"));
    cr_expect_not(takes("URI:https://*.du.example/", URI, "https://evil?.du.example/"));
    cr_expect_not(takes("URI:https://*.du.example/", URI, "https://evil#.du.example/"));
    cr_expect_not(takes("URI:https://*.du.example/", URI, "https://a@evil:1.du.example/"));
    cr_expect(takes("URI:spiffe://du.example/*", URI, "spiffe://du.example/ns/a"));
    cr_expect_not(takes("URI:spiffe://du.example/ns/*", URI, "spiffe://du.example/NS/a"), "capitals count");
    cr_expect_not(takes("URI:urn:*:A", URI, "urn:x:a"));
    cr_expect_not(takes("URI:urn:a", URI, "urn:A"));
    cr_expect_not(takes("URI:urn:*", DIRECTORY, "urn:a"));
    cr_expect_not(takes("DNS:*", OTHER, "a"));
    cr_expect_str_eq(stranger("DNS:*", bytes_of(NULL, 0), bytes_str("x")), "a name of another form");
    cr_expect_not(takes("DNS:a*", DNS, ""));
}

Test(name_patterns, addresses_as_they_are_written)
{
    static const uint8_t v4[] = {192, 0, 2, 7}, v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct bytes none = bytes_of(NULL, 0);

    cr_expect_null(stranger("IP:192.0.2.*", none, general_name(IP, bytes_of(v4, sizeof v4))));
    cr_expect_null(stranger("IP:192.0.2.7", none, general_name(IP, bytes_of(v4, sizeof v4))));
    cr_expect_str_eq(stranger("IP:192.0.3.*", none, general_name(IP, bytes_of(v4, sizeof v4))),
                     "IP:192.0.2.7");
    cr_expect_null(stranger("IP:2001:db8::*", none, general_name(IP, bytes_of(v6, sizeof v6))));
    cr_expect_not_null(stranger("IP:*", none, general_name(IP, bytes_of(v6, 5))),
                       "no address has five octets");
}

Test(name_patterns, what_a_star_stands_for_has_no_end_in_it)
{
    static const uint8_t nul[] = "a\0.du.example";
    struct bytes san = general_name(DNS, bytes_of(nul, sizeof nul - 1));

    cr_expect_not_null(stranger("DNS:*.du.example", bytes_of(NULL, 0), san));
}
