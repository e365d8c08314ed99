/* What an operator is told of a signature algorithm that is refused. */
#include "crypto/algorithms.h"
#include "crypto/der.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* What devices were seen to use (RFC 3279 2.2). */
static const struct {
    struct bytes oid;
    const char *name, *advice;
} refused[] = {
    {BYTES("\x2a\x86\x48\xce\x3d\x04\x01"), "ecdsa-with-SHA1", "SHA-1 is broken, use SHA-256 or better"},
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), "sha1WithRSAEncryption",
     "SHA-1 is broken, use SHA-256 or better"},
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"), "md5WithRSAEncryption",
     "MD5 is broken, use SHA-256 or better"},
    {BYTES("\x2a\x86\x48\xce\x38\x04\x03"), "dsa-with-sha1",
     "SHA-1 is broken, and DSA is not supported: use ECDSA or RSA"},
    {BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), "rsaEncryption",
     "that is a key's: name the digest, as in sha256WithRSAEncryption"},
    {BYTES("\x2a\x86\x48\xce\x3d\x02\x01"), "id-ecPublicKey",
     "that is a key's: name the digest, as in ecdsa-with-SHA256"},
};

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
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (bytes_equal(refused[i].oid, bytes_of_cbs(&oid)))
            return told(arena_printf(arena, "%s is not supported: %s", refused[i].name, refused[i].advice));
    const struct signature_algorithm *known = signature_with_oid(bytes_of_cbs(&oid));
    if (known == NULL)
        return told(arena_printf(arena, "algorithm %s is not supported",
                                 der_oid_text(dotted, sizeof dotted, bytes_of_cbs(&oid))));
    if (known->family == FAMILY_RSA_PSS)
        return "parameters of RSASSA-PSS are not supported: SHA-256 or better for digest and MGF1, a salt as "
               "long as the digest";
    return told(
        arena_printf(arena, "%s has %s parameters: %s", known->name,
                     bytes_equal(bytes_of_cbs(&sequence), bytes_of("\x05\x00", 2)) ? "NULL" : "unknown",
                     known->family == FAMILY_RSA_PKCS1 ? "use NULL" : "leave them out"));
}
