/* signed.h: what certificates and revocation lists have around them (RFC 5280 4.1 and 5.1). */
#ifndef CMPD_CRYPTO_SIGNED_H
#define CMPD_CRYPTO_SIGNED_H

#include "crypto/der.h"

/* struct signed_object is what is signed, the AlgorithmIdentifier beside it, and the signature: views. */
struct signed_object {
    struct bytes tbs, algorithm, signature;
};

/* signed_parse takes |der| apart, all of it. Returns 1, or 0 if it is malformed. */
static inline int signed_parse(struct signed_object *out, struct bytes der)
{
    CBS outer = cbs_of(der), sequence, tbs, algorithm, signature;

    if (!CBS_get_asn1(&outer, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&outer) != 0 ||
        !CBS_get_asn1_element(&sequence, &tbs, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&sequence, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &signature, CBS_ASN1_BITSTRING) || CBS_len(&sequence) != 0 ||
        CBS_len(&signature) < 1 || CBS_data(&signature)[0] != 0)
        return 0;
    out->tbs = bytes_of_cbs(&tbs);
    out->algorithm = bytes_of_cbs(&algorithm);
    out->signature = bytes_of(CBS_data(&signature) + 1, CBS_len(&signature) - 1);
    return 1;
}

#endif
