/* The other signature of ECDSA that anybody can make of a good one: FIPS 186-5 6.4.2 takes (r, n - s) for
 * whatever it takes (r, s) for, n being the order of the curve. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/mem.h>
#include <openssl/nid.h>

#include "crypto/certificate.h"

/* The curve of the key in |spki|, by the name that BoringSSL has for it; 0: it has none. */
static int curve_of(struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence;
    const struct key_algorithm *algorithm =
        CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) ? key_algorithm_parse(&sequence) : NULL;

    switch (algorithm != NULL ? algorithm->kind : KEY_NONE) {
    case KEY_P256:
        return NID_X9_62_prime256v1;
    case KEY_P384:
        return NID_secp384r1;
    case KEY_P521:
        return NID_secp521r1;
    default:
        return 0;
    }
}

/* Returns the octets, to be freed by OPENSSL_free, or NULL. */
static uint8_t *mirror(size_t *len, struct bytes signature, int curve)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curve);
    ECDSA_SIG *sig = ECDSA_SIG_from_bytes(signature.data, signature.len), *other = ECDSA_SIG_new();
    BIGNUM *r = sig != NULL ? BN_dup(ECDSA_SIG_get0_r(sig)) : NULL, *s = BN_new();
    uint8_t *out = NULL;

    if (group != NULL && r != NULL && s != NULL && other != NULL &&
        BN_sub(s, EC_GROUP_get0_order(group), ECDSA_SIG_get0_s(sig)) && ECDSA_SIG_set0(other, r, s)) {
        r = s = NULL;
        if (!ECDSA_SIG_to_bytes(&out, len, other))
            out = NULL;
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(sig);
    ECDSA_SIG_free(other);
    EC_GROUP_free(group);
    return out;
}

int certificate_twin(struct bytes *der, struct arena *arena, const struct certificate *cert,
                     struct bytes issuer_spki)
{
    int curve = curve_of(issuer_spki), ok;
    uint8_t *signature;
    size_t len;

    *der = bytes_of(NULL, 0);
    if (cert->algorithm == NULL || cert->algorithm->family != FAMILY_ECDSA || curve == 0)
        return 1;
    if ((signature = mirror(&len, cert->signature, curve)) == NULL)
        return 0;
    ok = certificate_assemble(der, arena, cert->tbs, cert->algorithm, bytes_of(signature, len));
    OPENSSL_free(signature);
    return ok;
}
