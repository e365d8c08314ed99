/* decode_oids.c */
#include "tests/unit/ctl/decode_fixture.h"

TestSuite(decode_oids, .init = set_up, .fini = tear_down);

static struct bytes oid(const char *dotted)
{
    CBS element = cbs_of(der_text(arena, arena_printf(arena, "(%s)", dotted), certificate)), content;

    must(CBS_get_asn1(&element, &content, CBS_ASN1_OBJECT));
    return bytes_of_cbs(&content);
}

/* RFC 9810 Appendix F, RFC 9481, RFC 5280, RFC 6402 */
Test(decode_oids, have_the_names_of_the_RFCs)
{
    static const char *const pairs[][2] = {
        {"1.3.6.1.5.5.7.4.24", "id-it-KemCiphertextInfo"},
        {"1.3.6.1.5.5.7.5.1.5", "id-regCtrl-oldCertID"},
        {"1.2.840.113533.7.66.13", "id-PasswordBasedMac"},
        {"1.2.840.113549.1.5.14", "id-PBMAC1"},
        {"2.5.29.17", "subjectAltName"},
        {"1.3.6.1.5.5.7.3.28", "id-kp-cmcRA"},
        {"1.2.3.4", "1.2.3.4"},
    };
    char text[DECODE_TEXT_MAX];

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_assert_str_eq(decode_oid_name(text, oid(pairs[i][0])), pairs[i][1]);
    cr_assert_null(decode_oid_type(oid("1.2.3.4")));
    cr_assert_null(decode_oid_type(bytes_of(NULL, 0)));
    cr_assert_eq(decode_oid_type(oid("1.3.6.1.5.5.7.4.13")), &decode_null);
}

/* An OBJECT IDENTIFIER that no one could print as numbers is told as what it is. */
Test(decode_oids, of_any_length)
{
    char text[DECODE_TEXT_MAX];
    uint8_t huge[400];

    memset(huge, 0x81, sizeof huge);
    huge[sizeof huge - 1] = 1;
    cr_assert_str_eq(decode_oid_name(text, bytes_of(huge, sizeof huge)), "?");
}
