/* der_text.h: DER written down in a test, lengths left to be counted. */
#ifndef CMPD_TESTS_SUPPORT_DER_TEXT_H
#define CMPD_TESTS_SUPPORT_DER_TEXT_H

#include "crypto/der.h"
#include "tests/support/must.h"

/* der_text_add writes |text| up to its end or a closing brace into |cbb|, and returns what is left of it. */
static inline const char *der_text_add(CBB *cbb, const char *text, struct bytes with)
{
    while (*text != 0 && *text != '}') {
        uint8_t oid[64];
        size_t len = sizeof oid;
        char dotted[64];
        unsigned octet;
        int used = 0;
        CBB inside;

        if (*text == ' ') {
            text++;
        } else if (*text == '$') {
            must(der_add_bytes(cbb, with));
            text++;
        } else if (*text == '\'') {
            const char *end = strchr(text + 1, '\'');
            must(end != NULL && CBB_add_bytes(cbb, (const uint8_t *)text + 1, (size_t)(end - text - 1)));
            text = end + 1;
        } else if (sscanf(text, "(%63[0-9.])%n", dotted, &used) == 1) {
            must(used != 0 && der_oid_parse(oid, &len, dotted) && der_add_oid(cbb, bytes_of(oid, len)));
            text += used;
        } else {
            must(sscanf(text, "%2x%n", &octet, &used) == 1 && used == 2);
            text += used;
            if (*text != '{') {
                must(CBB_add_u8(cbb, (uint8_t)octet));
                continue;
            }
            must(CBB_init(&inside, 64));
            text = der_text_add(&inside, text + 1, with);
            must(*text == '}');
            text++;
            must(der_add_octets(cbb, (CBS_ASN1_TAG)(octet & 0xe0) << CBS_ASN1_TAG_SHIFT | (octet & 0x1f),
                                bytes_of(CBB_data(&inside), CBB_len(&inside))));
            CBB_cleanup(&inside);
        }
    }
    return text;
}

/* der_text makes octets of |text|: pairs of hexadecimal digits are octets, a pair before braces is the tag of
 * an element with what is in them, 'text' is text, (1.2.3) an OBJECT IDENTIFIER, $ stands for |with|; blanks
 * are for the eye. */
static inline struct bytes der_text(struct arena *arena, const char *text, struct bytes with)
{
    struct bytes out;
    CBB cbb;

    must(CBB_init(&cbb, 256) && *der_text_add(&cbb, text, with) == 0);
    must(der_finish(&out, arena, &cbb, 1));
    return out;
}

#endif
