/* What an operator is told of a public key that is refused. */
#include "crypto/der.h"
#include "crypto/key.h"
#include "crypto/not_carried.h"

static const char *told(const char *text)
{
    return text != NULL ? text : "the key is not supported";
}

/* RFC 5480 2.1.1 and 2.2 */
static const char *ec_fault(struct arena *arena, CBS parameters, struct bytes point)
{
    char dotted[128];
    CBS curve;

    if (!CBS_get_asn1(&parameters, &curve, CBS_ASN1_OBJECT) || CBS_len(&parameters) != 0)
        return "its curve must be named by an OID";
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        if (bytes_equal(key_algorithm(kind)->curve, bytes_of_cbs(&curve)))
            return point.data[0] == 2 || point.data[0] == 3
                       ? "its point is compressed: send it uncompressed (RFC 5480 2.2)"
                       : "its point is malformed, or not on the curve";
    const struct not_carried *row = not_carried_with(bytes_of_cbs(&curve));
    if (row != NULL)
        return told(arena_printf(arena, "curve %s is not supported: %s", row->name, row->advice));
    return told(arena_printf(arena, "curve %s is not supported: use P-256, P-384 or P-521",
                             der_oid_text(dotted, sizeof dotted, bytes_of_cbs(&curve))));
}

const char *spki_fault(struct arena *arena, struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence, algorithm, oid, key;
    char dotted[128];

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&sequence, &key, CBS_ASN1_BITSTRING) || CBS_len(&sequence) != 0 || CBS_len(&key) == 0)
        return "it is no SubjectPublicKeyInfo";
    CBS_skip(&key, 1); /* the number of unused bits */
    if (CBS_len(&key) == 0)
        return "it holds no key, and this server makes none (central key generation, RFC 9810 5.2.1)";
    if (bytes_equal(bytes_of_cbs(&oid), key_algorithm(KEY_P256)->oid))
        return ec_fault(arena, algorithm, bytes_of_cbs(&key));
    if (bytes_equal(bytes_of_cbs(&oid), key_algorithm(KEY_RSA)->oid))
        return "its RSA key is malformed, has not 1024 to 8192 bits, or an exponent above 17 bits: use 65537";
    if (bytes_equal(bytes_of_cbs(&oid), key_algorithm(KEY_ED25519)->oid))
        return "its Ed25519 key is malformed";
    const struct not_carried *row = not_carried_with(bytes_of_cbs(&oid));
    if (row != NULL)
        return told(arena_printf(arena, "keys of type %s are not supported: %s", row->name, row->advice));
    return told(arena_printf(arena, "keys of type %s are not supported",
                             der_oid_text(dotted, sizeof dotted, bytes_of_cbs(&oid))));
}
