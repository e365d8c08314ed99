/* What an operator is told of a signature algorithm that is refused. */
#include "crypto/algorithms.h"
#include "crypto/der.h"
#include "crypto/not_carried.h"

static const char *told(const char *text)
{
    return text != NULL ? text : "the algorithm is not supported";
}

const char *signature_fault(struct arena *arena, struct bytes algorithm)
{
    CBS cbs = cbs_of(algorithm), sequence, oid;
    char dotted[128];

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT))
        return "AlgorithmIdentifier is malformed";
    const struct not_carried *row = not_carried_with(bytes_of_cbs(&oid));
    if (row != NULL)
        return told(arena_printf(arena, "%s is not supported: %s", row->name, row->advice));
    const struct signature_algorithm *known = signature_with_oid(bytes_of_cbs(&oid));
    if (known == NULL)
        return told(arena_printf(arena, "algorithm %s is not supported",
                                 der_oid_text(dotted, sizeof dotted, bytes_of_cbs(&oid))));
    if (known->family == FAMILY_RSA_PSS)
        return "parameters of RSASSA-PSS are not supported: SHA-256 or better for digest and MGF1, a salt as "
               "long as the digest";
    return told(arena_printf(arena, "%s has %s parameters: %s", known->name,
                             CBS_len(&sequence) == 0                                         ? "no"
                             : bytes_equal(bytes_of_cbs(&sequence), bytes_of("\x05\x00", 2)) ? "NULL"
                                                                                             : "unknown",
                             known->family == FAMILY_RSA_PKCS1 ? "use NULL" : "leave them out"));
}
