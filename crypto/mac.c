#include "crypto/mac.h"

#include <openssl/hmac.h>

#include "crypto/internal.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* id-PasswordBasedMac, RFC 9810 5.1.3.1 */
static const struct bytes pbm_oid = BYTES("\x2a\x86\x48\x86\xf6\x7d\x07\x42\x0d");
/* id-PBMAC1, RFC 8018 A.5 */
static const struct bytes pbmac1_oid = BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e");

int mac_is_mac(struct bytes encoded)
{
    CBS cbs = cbs_of(encoded), sequence, oid;

    return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) &&
           (bytes_equal(bytes_of_cbs(&oid), pbm_oid) || bytes_equal(bytes_of_cbs(&oid), pbmac1_oid));
}

int mac_parse(struct mac_algorithm *out, CBS *cbs)
{
    CBS element, sequence, oid, params, salt;
    const struct digest_algorithm *owf;
    int64_t iterations;

    *out = (struct mac_algorithm){.scheme = MAC_NONE};
    if (!CBS_get_asn1_element(cbs, &element, CBS_ASN1_SEQUENCE))
        return 0;
    out->encoded = bytes_of_cbs(&element);
    /* PBMParameter ::= SEQUENCE { salt OCTET STRING, owf AlgorithmIdentifier, iterationCount INTEGER,
     * mac AlgorithmIdentifier } */
    if (!CBS_get_asn1(&element, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) || !bytes_equal(bytes_of_cbs(&oid), pbm_oid) ||
        !CBS_get_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) || CBS_len(&sequence) != 0 ||
        !CBS_get_asn1(&params, &salt, CBS_ASN1_OCTETSTRING) || (owf = digest_parse(&params)) == NULL ||
        !der_get_int64(&params, &iterations) || iterations < 1 || iterations > UINT32_MAX ||
        (out->mac = hmac_parse(&params)) == DIGEST_NONE || CBS_len(&params) != 0)
        return 0;
    out->scheme = MAC_PBM;
    out->salt = bytes_of_cbs(&salt);
    out->owf = owf->id;
    out->iterations = (uint32_t)iterations;
    return 1;
}

int mac_derive(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret)
{
    const EVP_MD *owf = evp_digest(algorithm->owf);
    unsigned len = 0;
    EVP_MD_CTX ctx;
    int ok;

    if (algorithm->scheme != MAC_PBM || owf == NULL)
        return 0;
    /* RFC 9810 5.1.3.1: the salt is appended to the secret, the one-way function applied iterationCount
     * times. */
    EVP_MD_CTX_init(&ctx);
    ok = EVP_DigestInit_ex(&ctx, owf, NULL) && EVP_DigestUpdate(&ctx, secret.data, secret.len) &&
         EVP_DigestUpdate(&ctx, algorithm->salt.data, algorithm->salt.len) &&
         EVP_DigestFinal_ex(&ctx, key->octets, &len);
    for (uint32_t i = 1; ok && i < algorithm->iterations; i++)
        ok = EVP_DigestInit_ex(&ctx, owf, NULL) && EVP_DigestUpdate(&ctx, key->octets, len) &&
             EVP_DigestFinal_ex(&ctx, key->octets, &len);
    EVP_MD_CTX_cleanup(&ctx);
    key->len = ok ? len : 0;
    return ok;
}

size_t mac_apply(uint8_t *out, const struct mac_algorithm *algorithm, const struct mac_key *key,
                 struct bytes message)
{
    const EVP_MD *mac = evp_digest(algorithm->mac);
    unsigned len = 0;

    if (mac == NULL || key->len == 0 ||
        HMAC(mac, key->octets, key->len, message.data, message.len, out, &len) == NULL)
        return 0;
    return len;
}

uint64_t mac_price_us(const struct mac_algorithm *algorithm)
{
    const struct digest_algorithm *owf = digest_algorithm(algorithm->owf);

    return owf != NULL ? (uint64_t)algorithm->iterations * owf->block_ns / 1000 : 0;
}

int mac_pbm_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id owf,
                   enum digest_id mac, uint32_t iterations)
{
    static const struct bytes hmac_oids[DIGEST_COUNT] = {
        [DIGEST_SHA1] = BYTES("\x2b\x06\x01\x05\x05\x08\x01\x02"),
        [DIGEST_SHA224] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x08"),
        [DIGEST_SHA256] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x09"),
        [DIGEST_SHA384] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x0a"),
        [DIGEST_SHA512] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x0b"),
    };
    CBB cbb, sequence, params, algorithm;
    int ok = CBB_init(&cbb, 96) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&sequence, pbm_oid) && CBB_add_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&params, CBS_ASN1_OCTETSTRING, salt) &&
             CBB_add_asn1(&params, &algorithm, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&algorithm, digest_algorithm(owf)->oid) && der_add_int64(&params, iterations) &&
             CBB_add_asn1(&params, &algorithm, CBS_ASN1_SEQUENCE) && der_add_oid(&algorithm, hmac_oids[mac]);

    return der_finish(out, arena, &cbb, ok);
}
