/* One element of DER, with a reason for whatever is wrong with its first octets (X.690 8.1, 10.1). */
#include "server/ctl/decode.h"

enum { NUMBER_MAX_OCTETS = 4, LENGTH_MAX_OCTETS = 4 };

static const char *read_tag(CBS_ASN1_TAG *out, CBS *in)
{
    uint8_t octet;
    uint32_t number;

    if (!CBS_get_u8(in, &octet))
        return "an element is missing";
    *out = (CBS_ASN1_TAG)(octet & 0xe0) << CBS_ASN1_TAG_SHIFT;
    number = octet & 0x1f;
    if (number == 0x1f) {
        number = 0;
        for (int i = 0; i == 0 || (octet & 0x80) != 0; i++) {
            if (i == NUMBER_MAX_OCTETS || !CBS_get_u8(in, &octet) || (i == 0 && octet == 0x80))
                return "the tag is malformed";
            number = number << 7 | (octet & 0x7f);
        }
        if (number < 0x1f)
            return "the tag is not minimal: BER, not DER";
    }
    if (octet == 0 && *out == 0)
        return "end-of-contents octets: BER, not DER";
    *out |= number;
    return NULL;
}

static const char *read_length(size_t *out, CBS *in)
{
    uint8_t first, octet;

    if (!CBS_get_u8(in, &first))
        return "the input ends before the length";
    *out = first;
    if (first < 0x80)
        return NULL;
    if (first == 0x80)
        return "the length is indefinite: BER, not DER";
    if ((first & 0x7f) > LENGTH_MAX_OCTETS)
        return "the length is beyond all bounds";
    *out = 0;
    for (int i = 0; i < (first & 0x7f); i++) {
        if (!CBS_get_u8(in, &octet))
            return "the input ends within the length";
        if (i == 0 && octet == 0)
            return "the length is not minimal: BER, not DER";
        *out = *out << 8 | octet;
    }
    return *out < 0x80 ? "the length is not minimal: BER, not DER" : NULL;
}

const char *decode_element_read(struct decode_element *out, CBS *in)
{
    CBS rest = *in, content;
    const char *fault;
    size_t len = 0, there;

    *out = (struct decode_element){0};
    if ((fault = read_tag(&out->tag, &rest)) != NULL || (fault = read_length(&len, &rest)) != NULL)
        return fault;
    there = len < CBS_len(&rest) ? len : CBS_len(&rest);
    out->missing = len - there;
    if (!CBS_get_bytes(&rest, &content, there))
        return "the input ends";
    out->content = bytes_of_cbs(&content);
    out->whole = bytes_of(CBS_data(in), CBS_len(in) - CBS_len(&rest));
    *in = rest;
    return NULL;
}

const char *decode_tag_text(char out[DECODE_TEXT_MAX], CBS_ASN1_TAG tag)
{
    static const char *const universal[] = {
        [1] = "BOOLEAN",        [2] = "INTEGER",
        [3] = "BIT STRING",     [4] = "OCTET STRING",
        [5] = "NULL",           [6] = "OBJECT IDENTIFIER",
        [10] = "ENUMERATED",    [12] = "UTF8String",
        [16] = "SEQUENCE",      [17] = "SET",
        [18] = "NumericString", [19] = "PrintableString",
        [20] = "T61String",     [22] = "IA5String",
        [23] = "UTCTime",       [24] = "GeneralizedTime",
        [26] = "VisibleString", [28] = "UniversalString",
        [30] = "BMPString",
    };
    static const char *const classes[] = {"UNIVERSAL ", "APPLICATION ", "", "PRIVATE "};
    unsigned number = (unsigned)(tag & CBS_ASN1_TAG_NUMBER_MASK);
    unsigned class = (unsigned)(tag >> (CBS_ASN1_TAG_SHIFT + 6)) & 3;
    int constructed = (tag & CBS_ASN1_CONSTRUCTED) != 0;

    int mostly_constructed = class != 0 || number == 16 || number == 17;
    const char *form = constructed == mostly_constructed ? "" : constructed ? "constructed " : "primitive ";

    if (class == 0 && number < sizeof universal / sizeof universal[0] && universal[number] != NULL)
        snprintf(out, DECODE_TEXT_MAX, "%s%s", form, universal[number]);
    else
        snprintf(out, DECODE_TEXT_MAX, "%s[%s%u]", form, classes[class], number);
    return out;
}
