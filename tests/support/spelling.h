/* spelling.h: a name as somebody else writes it (RFC 5280 7.1). */
#ifndef CMPD_TESTS_SUPPORT_SPELLING_H
#define CMPD_TESTS_SUPPORT_SPELLING_H

#include <ctype.h>

#include "crypto/der.h"
#include "tests/support/must.h"

/* spelled_otherwise returns the DER name |name| in |arena| with every text as BMPString, in capitals, its
 * spaces doubled and one behind it: the same name, in other octets. */
static inline struct bytes spelled_otherwise(struct arena *arena, struct bytes name)
{
    CBS cbs = cbs_of(name), sequence, rdn, pair, oid, value;
    CBS_ASN1_TAG tag;
    CBB out, names, set, attribute, text;
    struct bytes spelled;

    must(CBB_init(&out, 64) && CBB_add_asn1(&out, &names, CBS_ASN1_SEQUENCE));
    must(CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE));
    while (CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET)) {
        must(CBB_add_asn1(&names, &set, CBS_ASN1_SET));
        while (CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE)) {
            must(CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) && CBS_get_any_asn1(&pair, &value, &tag));
            must(CBB_add_asn1(&set, &attribute, CBS_ASN1_SEQUENCE));
            must(der_add_oid(&attribute, bytes_of_cbs(&oid)) &&
                 CBB_add_asn1(&attribute, &text, CBS_ASN1_BMPSTRING));
            for (size_t i = 0; i < CBS_len(&value); i++) {
                uint8_t c = CBS_data(&value)[i];
                must(c < 0x80 && CBB_add_u16(&text, (uint16_t)toupper(c)));
                must(c != ' ' || CBB_add_u16(&text, ' '));
            }
            must(CBB_add_u16(&text, ' ') && CBB_flush(&set));
        }
        must(CBB_flush(&names));
    }
    must(der_finish(&spelled, arena, &out, 1) && !bytes_equal(spelled, name));
    return spelled;
}

#endif
