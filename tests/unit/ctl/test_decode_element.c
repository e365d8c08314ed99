/* decode_element.c: tags and lengths (X.690 8.1.2, 8.1.3, 10.1). */
#include "tests/unit/ctl/decode_fixture.h"

TestSuite(decode_element, .init = set_up, .fini = tear_down);

static struct decode_element element;
static size_t left;

static const char *read_hex(const char *text)
{
    CBS in = cbs_of(hex(arena, text));
    const char *fault = decode_element_read(&element, &in);

    left = CBS_len(&in);
    return fault;
}

Test(decode_element, forms_that_DER_allows)
{
    char text[DECODE_TEXT_MAX];

    cr_assert_null(read_hex("04 02 01 02 ff"));
    cr_assert_eq(element.tag, CBS_ASN1_OCTETSTRING);
    cr_assert_eq(element.content.len, 2);
    cr_assert_eq(element.whole.len, 4);
    cr_assert_eq(element.missing, 0);
    cr_assert_eq(left, 1);
    cr_assert_null(read_hex("a3 00"));
    cr_assert_str_eq(decode_tag_text(text, element.tag), "[3]");
    cr_assert_null(read_hex("83 00"));
    cr_assert_str_eq(decode_tag_text(text, element.tag), "primitive [3]");
    cr_assert_null(read_hex("30 00"));
    cr_assert_str_eq(decode_tag_text(text, element.tag), "SEQUENCE");
    cr_assert_null(read_hex("24 00"));
    cr_assert_str_eq(decode_tag_text(text, element.tag), "constructed OCTET STRING");
    cr_assert_null(read_hex("7f 81 00 00"));
    cr_assert_str_eq(decode_tag_text(text, element.tag), "[APPLICATION 128]");
    cr_assert_null(read_hex("1d 00"));
    cr_assert_str_eq(decode_tag_text(text, element.tag), "[UNIVERSAL 29]");
}

Test(decode_element, an_element_that_is_cut_is_told_how_much)
{
    cr_assert_null(read_hex("04 05 01 02"));
    cr_assert_eq(element.content.len, 2);
    cr_assert_eq(element.missing, 3);
    cr_assert_null(read_hex("04 82 01 00"));
    cr_assert_eq(element.missing, 256);
    cr_assert_null(read_hex("04 84 ff ff ff ff 00"));
    cr_assert_eq(element.missing, 0xfffffffeU);
}

Test(decode_element, everything_else_has_its_reason)
{
    static const char *const cases[][2] = {
        {"", "an element is missing"},
        {"04", "the input ends before the length"},
        {"04 82 01", "the input ends within the length"},
        {"30 80 00 00", "the length is indefinite: BER, not DER"},
        {"04 81 05", "the length is not minimal: BER, not DER"},
        {"04 82 00 80", "the length is not minimal: BER, not DER"},
        {"04 85 01 00 00 00 00", "the length is beyond all bounds"},
        {"04 ff", "the length is beyond all bounds"},
        {"00 00", "end-of-contents octets: BER, not DER"},
        {"1f 1e 00", "the tag is not minimal: BER, not DER"},
        {"1f 80 1f 00", "the tag is malformed"},
        {"1f 81", "the tag is malformed"},
        {"1f 81 81 81 81 01 00", "the tag is malformed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_str_eq(read_hex(cases[i][0]), cases[i][1], "%s", cases[i][0]);
}
