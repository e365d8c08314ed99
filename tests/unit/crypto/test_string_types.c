/* string_types.c: texts of every string type (X.680 41, RFC 4518 2.1). */
#include <criterion/criterion.h>

#include "crypto/string_types.h"

static int reads(unsigned tag, struct bytes value, const char *text)
{
    CBB cbb;
    CBS cbs = cbs_of(value);

    cr_assert(CBB_init(&cbb, 8));
    int ok = string_add_utf8(&cbb, tag, cbs) &&
             bytes_equal(bytes_of(CBB_data(&cbb), CBB_len(&cbb)), bytes_str(text));
    CBB_cleanup(&cbb);
    return ok;
}

#define B(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

/* RFC 3629 section 3: the first and the last character of each length, and both sides of the surrogates. */
Test(string_types, wide_characters_become_UTF8)
{
    static const struct {
        struct bytes four;
        const char *text; /* NULL: no character */
    } rows[] = {
        {{(const uint8_t *)"\0\0\0\x01", 4}, "\x01"},
        {{(const uint8_t *)"\0\0\0\x7f", 4}, "\x7f"},
        {{(const uint8_t *)"\0\0\0\x80", 4}, "\xc2\x80"},
        {{(const uint8_t *)"\0\0\x07\xff", 4}, "\xdf\xbf"},
        {{(const uint8_t *)"\0\0\x08\0", 4}, "\xe0\xa0\x80"},
        {{(const uint8_t *)"\0\0\xd7\xff", 4}, "\xed\x9f\xbf"},
        {{(const uint8_t *)"\0\0\xd8\0", 4}, NULL},
        {{(const uint8_t *)"\0\0\xdf\xff", 4}, NULL},
        {{(const uint8_t *)"\0\0\xe0\0", 4}, "\xee\x80\x80"},
        {{(const uint8_t *)"\0\0\xff\xff", 4}, "\xef\xbf\xbf"},
        {{(const uint8_t *)"\0\x01\0\0", 4}, "\xf0\x90\x80\x80"},
        {{(const uint8_t *)"\0\x10\xff\xff", 4}, "\xf4\x8f\xbf\xbf"},
        {{(const uint8_t *)"\0\x11\0\0", 4}, NULL},
        {{(const uint8_t *)"\xff\xff\xff\xff", 4}, NULL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *text = rows[i].text;
        cr_expect_eq(reads(CBS_ASN1_UNIVERSALSTRING, rows[i].four, text != NULL ? text : ""), text != NULL,
                     "row %zu", i);
        if (rows[i].four.data[1] == 0 && rows[i].four.data[0] == 0)
            cr_expect_eq(
                reads(CBS_ASN1_BMPSTRING, bytes_of(rows[i].four.data + 2, 2), text != NULL ? text : ""),
                text != NULL, "row %zu", i);
    }
}

Test(string_types, an_octet_too_many_is_no_text)
{
    cr_expect(reads(CBS_ASN1_BMPSTRING, B("\0a\0b"), "ab"));
    cr_expect_not(reads(CBS_ASN1_BMPSTRING, B("\0a\0"), "a"));
    cr_expect_not(reads(CBS_ASN1_UNIVERSALSTRING, B("\0\0\0a\0\0\0"), "a"));
}

Test(string_types, narrow_characters)
{
    cr_expect(reads(CBS_ASN1_T61STRING, B("B\xfcro"), "B\xc3\xbcro"));
    cr_expect(reads(CBS_ASN1_UTF8STRING, B("B\xc3\xbcro"), "B\xc3\xbcro"));
    cr_expect_not(reads(CBS_ASN1_UTF8STRING, B("B\xfcro"), "B\xfcro"));
    cr_expect(reads(CBS_ASN1_PRINTABLESTRING, B("a_b@c"), "a_b@c")); /* as devices send it */
    cr_expect_not(reads(CBS_ASN1_IA5STRING, B("\xff"), "\xff"));
}

/* X.680 41, tables 9 and 10: all 256 octets of each type. */
Test(string_types, each_type_has_its_characters)
{
    static const char printable[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";

    for (unsigned c = 0; c < 256; c++) {
        uint8_t octet = (uint8_t)c;
        cr_expect_eq(string_type_has(CBS_ASN1_PRINTABLESTRING, octet),
                     c != 0 && strchr(printable, (int)c) != NULL, "%u", c);
        cr_expect_eq(string_type_has(CBS_ASN1_NUMERICSTRING, octet),
                     c != 0 && strchr("0123456789 ", (int)c) != NULL, "%u", c);
        cr_expect_eq(string_type_has(CBS_ASN1_VISIBLESTRING, octet), c >= 32 && c <= 126, "%u", c);
        cr_expect_eq(string_type_has(CBS_ASN1_IA5STRING, octet), c <= 127, "%u", c);
        cr_expect(string_type_has(CBS_ASN1_UTF8STRING, octet));
    }
}

Test(string_types, the_types_of_names_are_known)
{
    static const unsigned known[] = {12, 18, 19, 20, 22, 26, 28, 30};

    for (unsigned tag = 0; tag < 32; tag++) {
        int wanted = 0;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            wanted |= tag == known[i];
        cr_expect_eq(string_type_known(tag), wanted, "%u", tag);
    }
}
