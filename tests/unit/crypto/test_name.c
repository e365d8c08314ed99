/* name.c: names as text (RFC 4514), checked and built (RFC 5280 4.1.2.4). */
#include <criterion/criterion.h>

#include "crypto/name.h"
#include "server/base/bounds.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(name, .init = set_up, .fini = tear_down);

static const char *text_of(struct bytes name)
{
    static char text[NAME_TEXT_MAX];

    return name_text(text, sizeof text, name);
}

static const char *text_of_cn(const char *value)
{
    /* By hand: name_build writes no control characters. */
    struct bytes name;
    CBB cbb, sequence, set, pair;

    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(
        &name, arena, &cbb,
        CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&sequence, &set, CBS_ASN1_SET) &&
            CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) && der_add_oid(&pair, hex(arena, "55 04 03")) &&
            der_add_octets(&pair, CBS_ASN1_UTF8STRING, bytes_str(value))));
    return text_of(name);
}

/* RFC 4514 2.1: "starting with the last element of the sequence and moving backwards toward the first" */
Test(name, the_last_RDN_comes_first)
{
    struct bytes name;

    cr_assert(
        name_build(&name, arena, (const char *const[]){"C", "DE", "O", "Operator", "CN", "gnb-1", NULL}));
    cr_assert_str_eq(text_of(name), "CN=gnb-1,O=Operator,C=DE");
}

/* RFC 4514 2.4: what must be escaped */
Test(name, special_characters_are_escaped)
{
    cr_assert_str_eq(text_of_cn("a,b+c\"d\\e<f>g;h"), "CN=a\\,b\\+c\\\"d\\\\e\\<f\\>g\\;h");
    cr_assert_str_eq(text_of_cn(" a b "), "CN=\\ a b\\ ");
    cr_assert_str_eq(text_of_cn("#a#"), "CN=\\#a#");
    cr_assert_str_eq(text_of_cn("a\r\n\x7f"), "CN=a\\0D\\0A\\7F");
    cr_assert_str_eq(text_of_cn("Lu\xc4\x8di\xc4\x87"), "CN=Lu\xc4\x8di\xc4\x87"); /* RFC 4514 section 4 */
}

/* The text goes into logs and JSON: nothing that is no UTF-8 (RFC 3629 section 3) and no control character
 * may pass. */
Test(name, what_is_not_UTF8_is_escaped_octet_by_octet)
{
    static const struct {
        const char *octets, *text;
    } cases[] = {
        {"\xff", "CN=\\FF"},
        {"\x80", "CN=\\80"},
        {"\xc3", "CN=\\C3"},                         /* cut */
        {"\xc0\x80", "CN=\\C0\\80"},                 /* overlong */
        {"\xe0\x80\xaf", "CN=\\E0\\80\\AF"},         /* overlong */
        {"\xf0\x80\x80\xaf", "CN=\\F0\\80\\80\\AF"}, /* overlong */
        {"\xed\xa0\x80", "CN=\\ED\\A0\\80"},         /* a surrogate */
        {"\xf4\x90\x80\x80", "CN=\\F4\\90\\80\\80"}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80", "CN=\\F5\\80\\80\\80"},
        {"\xc2\x9b", "CN=\\C2\\9B"},         /* CSI: a control character of C1 */
        {"\xe0\xa0\x80", "CN=\xe0\xa0\x80"}, /* the lowest and highest of each length */
        {"\xed\x9f\xbf", "CN=\xed\x9f\xbf"},
        {"\xee\x80\x80", "CN=\xee\x80\x80"},
        {"\xf0\x90\x80\x80", "CN=\xf0\x90\x80\x80"},
        {"\xf4\x8f\xbf\xbf", "CN=\xf4\x8f\xbf\xbf"},
        {"\xc2\xa0", "CN=\xc2\xa0"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_str_eq(text_of_cn(cases[i].octets), cases[i].text, "case %zu", i);
    /* NUL, in the middle */
    cr_assert_str_eq(text_of(hex(arena, "30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 61 00 62")), "CN=a\\00b");
}

Test(name, the_text_is_cut_to_fit_and_never_within_a_character)
{
    struct bytes name;
    char text[8];

    cr_assert(name_build(&name, arena, (const char *const[]){"CN", "abcd\xc3\xa4yz", NULL}));
    cr_assert_str_eq(name_text(text, sizeof text, name), "CN=abcd");
    cr_assert(name_build(&name, arena, (const char *const[]){"CN", "abc,x", NULL}));
    cr_assert_str_eq(name_text(text, sizeof text, name),
                     "CN=abc"); /* not "CN=abc\": it would escape what follows */
    cr_assert_str_eq(name_text(text, 1, name), "");
}

Test(name, attributes_of_one_RDN_are_joined_and_unknown_ones_numbered)
{
    /* CN=a + 2.5.4.127=b; RFC 4514 2.2 */
    cr_assert_str_eq(
        text_of(hex(arena, "30 16 31 14 30 08 06 03 55 04 03 0c 01 61 30 08 06 03 55 04 7f 0c 01 62")),
        "CN=a+2.5.4.127=b");
}

/* RFC 5280 4.1.2.6, Appendix A: emailAddress and domainComponent are IA5String, C, serialNumber and
 * dnQualifier PrintableString */
Test(name, each_attribute_has_its_string)
{
    static const struct {
        const char *name;
        uint8_t tag;
    } cases[] = {{"emailAddress", 0x16}, {"DC", 0x16},        {"C", 0x13},  {"serialNumber", 0x13},
                 {"dnQualifier", 0x13},  {"pseudonym", 0x0c}, {"GN", 0x0c}, {"CN", 0x0c}};
    struct bytes name;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(name_build(&name, arena, (const char *const[]){cases[i].name, "xx", NULL}));
        cr_assert_eq(name.data[name.len - 4], cases[i].tag, "%s", cases[i].name);
        cr_assert_str_eq(text_of(name), arena_printf(arena, "%s=xx", cases[i].name));
    }
}

Test(name, the_empty_name_is_empty)
{
    struct bytes name;

    cr_assert(name_build(&name, arena, (const char *const[]){NULL}));
    cr_assert(bytes_equal(name, hex(arena, "30 00")));
    cr_assert(name_is_empty(name));
    cr_assert(name_is_valid(name));
    cr_assert_str_eq(text_of(name), "");
    cr_assert_not(name_is_empty(bytes_of(NULL, 0)));
}

Test(name, malformed_names_are_not_valid_and_have_a_text_all_the_same)
{
    static const char *const bad[] = {
        "05 00",
        "30 02 31 00", /* SET SIZE (1..MAX) */
        "30 02 30 00",
        "30 04 31 02 30 00",                /* no type */
        "30 09 31 07 30 05 06 03 55 04 03", /* no value */
        "30 0d 31 0b 30 09 06 03 55 04 03 05 00 05 00",
        "30 02 31 05",
        "30 00 05 00",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_not(name_is_valid(hex(arena, bad[i])), "case %zu", i);
        cr_assert_not_null(text_of(hex(arena, bad[i])));
    }
}

Test(name, a_name_beyond_its_bound_is_not_valid)
{
    char *value = arena_alloc(arena, BOUND_SUBJECT + 1);
    struct bytes name;

    memset(value, 'x', BOUND_SUBJECT - 100);
    cr_assert(name_build(&name, arena, (const char *const[]){"CN", value, NULL}));
    cr_assert(name_is_valid(name));
    memset(value, 'x', BOUND_SUBJECT);
    cr_assert(name_build(&name, arena, (const char *const[]){"CN", value, NULL}));
    cr_assert_not(name_is_valid(name));
}

/* RFC 5280 Appendix A: X520countryName and X520SerialNumber are PrintableString. */
Test(name, attributes_are_built_in_their_type)
{
    struct bytes name;

    cr_assert(name_build(&name, arena, (const char *const[]){"C", "DE", "CN", "a", NULL}));
    cr_assert(bytes_equal(
        name, hex(arena, "30 19 31 0b 30 09 06 03 55 04 06 13 02 44 45 31 0a 30 08 06 03 55 04 03 0c 01 "
                         "61")));
    cr_assert_not(name_build(&name, arena, (const char *const[]){"colour", "blue", NULL}));
}

Test(name, the_last_commonName_is_found)
{
    struct bytes name;

    cr_assert(name_build(&name, arena, (const char *const[]){"CN", "first", "CN", "last", "O", "x", NULL}));
    cr_assert(bytes_equal(name_attribute(arena, name, "CN"), bytes_str("last")));
    cr_assert(name_build(&name, arena, (const char *const[]){"O", "x", NULL}));
    cr_assert_eq(name_attribute(arena, name, "CN").len, 0);
    cr_assert_eq(name_attribute(arena, hex(arena, "05 00"), "CN").len, 0);
}

/* Whoever decides by an attribute must see all of them: twice, or in a form that is not read, is not once. */
Test(name, what_stands_once_is_told_from_what_cannot_be_read)
{
    static const struct {
        const char *name, *value;
        int once;
    } cases[] = {
        {"30 00", "", 1},
        {"30 0c 31 0a 30 08 06 03 55 04 03 0c 01 61", "a", 1},
        {"30 0c 31 0a 30 08 06 03 55 04 03 13 01 61", "a", 1},
        {"30 0d 31 0b 30 09 06 03 55 04 03 1e 02 00 61", "a", 1},              /* BMPString */
        {"30 0f 31 0d 30 0b 06 03 55 04 03 1c 04 00 00 00 fc", "\xc3\xbc", 1}, /* UniversalString */
        {"30 0c 31 0a 30 08 06 03 55 04 03 14 01 fc", "\xc3\xbc", 1},          /* TeletexString */
        {"30 0c 31 0a 30 08 06 03 55 04 03 1e 01 61", "", 0},                  /* half a character */
        {"30 0c 31 0a 30 08 06 03 55 04 03 02 01 61", "", 0},                  /* INTEGER */
        {"30 18 31 0a 30 08 06 03 55 04 03 0c 01 61 31 0a 30 08 06 03 55 04 03 0c 01 61", "a", 0},
        {"30 19 31 0a 30 08 06 03 55 04 03 0c 01 61 31 0b 30 09 06 03 55 04 03 1e 02 00 61", "a", 0},
    };
    struct bytes value;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(name_attribute_once(&value, arena, hex(arena, cases[i].name), "CN"), cases[i].once,
                     "case %zu", i);
        cr_assert(bytes_equal(value, bytes_str(cases[i].value)), "case %zu", i);
    }
}

/* So many RDNs are written: of more the first. */
Test(name, a_text_holds_the_first_RDNs_up_to_a_bound)
{
    static char text[8 * NAME_RDNS_MAX];
    const char *pairs[2 * NAME_RDNS_MAX + 3];
    struct bytes name;

    for (size_t count = NAME_RDNS_MAX - 1; count <= NAME_RDNS_MAX + 1; count++) {
        for (size_t i = 0; i < count; i++) {
            pairs[2 * i] = "CN";
            pairs[2 * i + 1] = i == 0 ? "f" : i < NAME_RDNS_MAX ? "x" : "y";
        }
        pairs[2 * count] = NULL;
        cr_assert(name_build(&name, arena, pairs));
        name_text(text, sizeof text, name);
        cr_assert_eq(strlen(text), 5 * (count < NAME_RDNS_MAX ? count : NAME_RDNS_MAX) - 1);
        cr_assert_str_eq(text + strlen(text) - 4, "CN=f");
        cr_assert_null(strchr(text, 'y'));
    }
}
