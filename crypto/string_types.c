/* Texts of every string type, in UTF-8. */
#include "crypto/string_types.h"

#include "server/base/utf8.h"

enum { SURROGATES = 0xd800, SURROGATES_END = 0xe000, UNICODE_MAX = 0x10ffff };

static int add_character(CBB *out, uint32_t c)
{
    if (c > UNICODE_MAX || (c >= SURROGATES && c < SURROGATES_END))
        return 0;
    if (c < 0x80)
        return CBB_add_u8(out, (uint8_t)c);
    if (c < 0x800)
        return CBB_add_u16(out, (uint16_t)(0xc080 | (c & 0x7c0) << 2 | (c & 0x3f)));
    if (c < 0x10000)
        return CBB_add_u24(out, 0xe08080 | (c & 0xf000) << 4 | (c & 0xfc0) << 2 | (c & 0x3f));
    return CBB_add_u32(out,
                       0xf0808080 | (c & 0x1c0000) << 6 | (c & 0x3f000) << 4 | (c & 0xfc0) << 2 | (c & 0x3f));
}

static int add_wide(CBB *out, CBS value, unsigned width)
{
    uint16_t two;
    uint32_t four;

    while (width == 2 ? CBS_get_u16(&value, &two) : CBS_get_u32(&value, &four))
        if (!add_character(out, width == 2 ? two : four))
            return 0;
    return CBS_len(&value) == 0;
}

/* Of TeletexString's sets of characters nobody but Latin 1 was ever seen. */
static int add_latin(CBB *out, CBS value)
{
    uint8_t c;

    while (CBS_get_u8(&value, &c))
        if (!add_character(out, c))
            return 0;
    return 1;
}

int string_type_has(CBS_ASN1_TAG tag, uint8_t c)
{
    int digit = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

    switch (tag) {
    case CBS_ASN1_NUMERICSTRING:
        return digit || c == ' ';
    case CBS_ASN1_PRINTABLESTRING:
        return digit || letter || (c != 0 && strchr(" '()+,-./:=?", c) != NULL);
    case CBS_ASN1_VISIBLESTRING:
        return c >= ' ' && c < 0x7f;
    case CBS_ASN1_IA5STRING:
        return c < 0x80;
    default:
        return 1;
    }
}

static int add_narrow(CBB *out, CBS value)
{
    uint32_t character;

    for (size_t i = 0, n; i < CBS_len(&value); i += n)
        if ((n = utf8_decode(&character, CBS_data(&value) + i, CBS_len(&value) - i)) == 0)
            return 0;
    return der_add_bytes(out, bytes_of_cbs(&value));
}

int string_type_known(CBS_ASN1_TAG tag)
{
    switch (tag) {
    case CBS_ASN1_UTF8STRING:
    case CBS_ASN1_NUMERICSTRING:
    case CBS_ASN1_PRINTABLESTRING:
    case CBS_ASN1_T61STRING:
    case CBS_ASN1_IA5STRING:
    case CBS_ASN1_VISIBLESTRING:
    case CBS_ASN1_UNIVERSALSTRING:
    case CBS_ASN1_BMPSTRING:
        return 1;
    default:
        return 0;
    }
}

int string_add_utf8(CBB *out, CBS_ASN1_TAG tag, CBS value)
{
    switch (tag) {
    case CBS_ASN1_T61STRING:
        return add_latin(out, value);
    case CBS_ASN1_BMPSTRING:
        return add_wide(out, value, 2);
    case CBS_ASN1_UNIVERSALSTRING:
        return add_wide(out, value, 4);
    default:
        return add_narrow(out, value);
    }
}
