/* identity.c: which device a vendor's certificate is of (RFC 5280 4.2.1.6, RFC 4108 section 5). */
#include <criterion/criterion.h>

#include "crypto/name.h"
#include "server/cmp/internal.h"
#include "tests/support/hex.h"
#include "tests/support/must.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(1 << 16);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(identity, .init = set_up, .fini = tear_down);

static struct bytes name(const char *const *pairs)
{
    struct bytes out;

    must(name_build(&out, arena, pairs));
    return out;
}

/* What |rule| with |pattern| finds, as text. */
static const char *found(enum config_identity rule, const char *pattern, struct bytes subject,
                         struct bytes san)
{
    const struct config_vendor vendor = {.name = "v", .identity = rule, .identity_pattern = pattern};
    const struct certificate cert = {.subject = subject, .san = san};
    struct bytes out = cmp_identity(arena, &vendor, &cert);

    return arena_printf(arena, "%.*s", (int)out.len, (const char *)out.data);
}

Test(identity, attributes_of_the_subject)
{
    struct bytes both =
        name((const char *const[]){"O", "Acme", "CN", " ENB-17 ", "serialNumber", "S 9", NULL});
    struct bytes two = name((const char *const[]){"CN", "a", "CN", "b", NULL});

    cr_expect_str_eq(found(CONFIG_IDENTITY_SERIAL_NUMBER, NULL, both, bytes_of(NULL, 0)), "S 9");
    cr_expect_str_eq(found(CONFIG_IDENTITY_CN, NULL, both, bytes_of(NULL, 0)), "ENB-17");
    cr_expect_str_eq(found(CONFIG_IDENTITY_CN, NULL, two, bytes_of(NULL, 0)), "", "which of them is meant?");
    cr_expect_str_eq(found(CONFIG_IDENTITY_NONE, NULL, both, bytes_of(NULL, 0)), "");
    cr_expect_str_eq(found(CONFIG_IDENTITY_DNS, NULL, both, bytes_of(NULL, 0)), "");
}

Test(identity, the_star_of_a_pattern)
{
    static const struct {
        const char *pattern, *text, *is;
    } rows[] = {{"ENB-*", "ENB-17", "17"},
                {"ENB-*", "enb-17", "17"},
                {"ENB-*", "GNB-17", ""},
                {"ENB-*", "ENB-", ""},
                {"*", "x", "x"},
                {"*.acme", "n7.ACME", "n7"},
                {"a*b", "ab", ""},
                {"a*b", "axb", "x"},
                {"aa*aa", "aaa", ""},
                {"ENB-*", "ENB-  ", ""},
                {"*-", "-", ""}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes subject = name((const char *const[]){"CN", rows[i].text, NULL});
        cr_expect_str_eq(found(CONFIG_IDENTITY_CN, rows[i].pattern, subject, bytes_of(NULL, 0)), rows[i].is,
                         "%s in %s", rows[i].pattern, rows[i].text);
    }
}

/* GeneralNames: dNSName "n1.acme", dNSName "n2", uniformResourceIdentifier "urn:x". */
Test(identity, names_of_subject_alt_name)
{
    struct bytes san = hex(arena, "3014"
                                  "8207"
                                  "6e312e61636d65"
                                  "8202"
                                  "6e32"
                                  "8605"
                                  "75726e3a78");

    cr_expect_str_eq(found(CONFIG_IDENTITY_DNS, NULL, name_empty(), san), "n1.acme");
    cr_expect_str_eq(found(CONFIG_IDENTITY_DNS, "*.acme", name_empty(), san), "n1");
    cr_expect_str_eq(found(CONFIG_IDENTITY_URI, NULL, name_empty(), san), "urn:x");
    cr_expect_str_eq(found(CONFIG_IDENTITY_MODULE, NULL, name_empty(), san), "");
}

/* otherName { 1.3.6.1.5.5.7.8.4, [0] HardwareModuleName { 1.3.6.1.4.1.94, hwSerialNum } } */
Test(identity, hardware_modules)
{
    /* hwSerialNum "SN1" */
    struct bytes text = hex(arena, "301ca01a06082b06010505070804a00e300c06062b06010401"
                                   "5e"
                                   "0402"
                                   "5331");
    /* … the octets 00 ff */
    struct bytes binary = hex(arena, "301ca01a06082b06010505070804a00e300c06062b06010401"
                                     "5e"
                                     "0402"
                                     "00ff");
    /* … "#1", which must not be taken for octets */
    struct bytes sharp = hex(arena, "301ca01a06082b06010505070804a00e300c06062b06010401"
                                    "5e"
                                    "0402"
                                    "2331");
    /* … and none at all */
    struct bytes none = hex(arena, "301aa01806082b06010505070804a00c300a06062b06010401"
                                   "5e"
                                   "0400");

    cr_expect_str_eq(found(CONFIG_IDENTITY_MODULE, NULL, name_empty(), text), "1.3.6.1.4.1.94/S1");
    cr_expect_str_eq(found(CONFIG_IDENTITY_MODULE, NULL, name_empty(), binary), "1.3.6.1.4.1.94/#00ff");
    cr_expect_str_eq(found(CONFIG_IDENTITY_MODULE, NULL, name_empty(), sharp), "1.3.6.1.4.1.94/#2331");
    cr_expect_str_eq(found(CONFIG_IDENTITY_MODULE, NULL, name_empty(), none), "");
    for (size_t cut = 1; cut < text.len; cut++)
        cr_expect_str_eq(found(CONFIG_IDENTITY_MODULE, NULL, name_empty(), bytes_of(text.data, cut)), "");
}

Test(identity, what_cannot_stand_in_a_line_is_none)
{
    char text[BOUND_DEVICE_IDENTITY + 2];
    struct bytes san = hex(arena, "30058203"
                                  "610a62");

    cr_expect_str_eq(found(CONFIG_IDENTITY_DNS, NULL, name_empty(), san), "");
    san = hex(arena, "30058203"
                     "610062");
    cr_expect_str_eq(found(CONFIG_IDENTITY_DNS, NULL, name_empty(), san), "");
    memset(text, 'a', sizeof text);
    uint8_t longest[3 + 3 + sizeof text];
    const size_t lens[] = {BOUND_DEVICE_IDENTITY, BOUND_DEVICE_IDENTITY + 1};
    for (size_t i = 0; i < 2; i++) {
        const uint8_t head[] = {0x30, 0x81, (uint8_t)(lens[i] + 3), 0x82, 0x81, (uint8_t)lens[i]};
        memcpy(longest, head, sizeof head);
        memcpy(longest + sizeof head, text, lens[i]);
        const char *is =
            found(CONFIG_IDENTITY_DNS, NULL, name_empty(), bytes_of(longest, sizeof head + lens[i]));
        cr_expect_eq(strlen(is), i == 0 ? lens[i] : 0);
    }
}

/* PostgreSQL takes no other text: the store would seem to be away. */
Test(identity, what_is_no_UTF_8_is_none)
{
    static const struct {
        const char *octets;
        int is_text;
    } rows[] = {{"SN1", 1},    {"SN\xc3\xa9", 1}, {"SN\xff", 0},
                {"SN\xc3", 0}, {"\xc0\xaf", 0},   {"\xed\xa0\x80", 0}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t san[32] = {0x30, 0, 0x82, 0};
        size_t len = strlen(rows[i].octets);
        memcpy(san + 4, rows[i].octets, len);
        san[1] = (uint8_t)(len + 2);
        san[3] = (uint8_t)len;
        cr_expect_str_eq(found(CONFIG_IDENTITY_DNS, NULL, name_empty(), bytes_of(san, len + 4)),
                         rows[i].is_text ? rows[i].octets : "", "row %zu", i);
    }
}

Test(identity, the_hash_tells_issuers_vendors_and_identities_apart_but_no_capitals)
{
    uint8_t a[STORE_HASH], b[STORE_HASH], issuer[STORE_ISSUER_ID] = {1};
    struct bytes of = bytes_of(issuer, sizeof issuer);

    cr_assert_eq(cmp_device_id(a, of, bytes_str("v"), bytes_str("Ab9")).len, STORE_HASH);
    cr_assert_eq(cmp_device_id(b, of, bytes_str("v"), bytes_str("aB9")).len, STORE_HASH);
    cr_expect_arr_eq(a, b, STORE_HASH);
    cmp_device_id(b, of, bytes_str("va"), bytes_str("b9"));
    cr_expect_arr_neq(a, b, STORE_HASH);
    cmp_device_id(b, of, bytes_str("V"), bytes_str("ab9"));
    cr_expect_arr_neq(a, b, STORE_HASH);
    issuer[0] = 2;
    cmp_device_id(b, of, bytes_str("v"), bytes_str("ab9"));
    cr_expect_arr_neq(a, b, STORE_HASH);
}
