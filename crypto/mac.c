/* PasswordBasedMac and PBMAC1: parameters read, priced, the key derived, the MAC made. */
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
/* id-PBKDF2, RFC 8018 A.2 */
static const struct bytes pbkdf2_oid = BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c");

int mac_is_mac(struct bytes encoded)
{
    CBS cbs = cbs_of(encoded), sequence, oid;

    return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) &&
           (bytes_equal(bytes_of_cbs(&oid), pbm_oid) || bytes_equal(bytes_of_cbs(&oid), pbmac1_oid));
}

/* PBMParameter ::= SEQUENCE { salt OCTET STRING, owf AlgorithmIdentifier, iterationCount INTEGER,
 * mac AlgorithmIdentifier } */
static int parse_pbm(struct mac_algorithm *out, CBS params)
{
    const struct digest_algorithm *owf;
    int64_t iterations;
    CBS salt;

    if (!CBS_get_asn1(&params, &salt, CBS_ASN1_OCTETSTRING) || (owf = digest_parse(&params)) == NULL ||
        !der_get_int64(&params, &iterations) || iterations < 1 || iterations > UINT32_MAX ||
        (out->mac = hmac_parse(&params)) == DIGEST_NONE || CBS_len(&params) != 0)
        return 0;
    out->salt = bytes_of_cbs(&salt);
    out->owf = owf->id;
    out->iterations = (uint32_t)iterations;
    out->key_len = owf->len;
    return 1;
}

/* PBKDF2-params ::= SEQUENCE { salt CHOICE { specified OCTET STRING, … }, iterationCount INTEGER,
 * keyLength INTEGER OPTIONAL, prf AlgorithmIdentifier DEFAULT hmacWithSHA1 } (RFC 8018 A.2) */
static int parse_pbkdf2(struct mac_algorithm *out, CBS *cbs)
{
    CBS sequence, oid, params, salt;
    int64_t iterations, key_len = 0;

    if (!CBS_get_asn1(cbs, &sequence, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) ||
        !bytes_equal(bytes_of_cbs(&oid), pbkdf2_oid) ||
        !CBS_get_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) || CBS_len(&sequence) != 0 ||
        !CBS_get_asn1(&params, &salt, CBS_ASN1_OCTETSTRING) || !der_get_int64(&params, &iterations) ||
        iterations < 1 || iterations > UINT32_MAX)
        return 0;
    if (CBS_peek_asn1_tag(&params, CBS_ASN1_INTEGER) &&
        (!der_get_int64(&params, &key_len) || key_len < 1 || key_len > MAC_KEY_MAX))
        return 0;
    out->owf = DIGEST_SHA1;
    if (CBS_len(&params) != 0 && (out->owf = hmac_parse(&params)) == DIGEST_NONE)
        return 0;
    out->salt = bytes_of_cbs(&salt);
    out->iterations = (uint32_t)iterations;
    out->key_len = (size_t)key_len;
    return CBS_len(&params) == 0;
}

/* PBMAC1-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, messageAuthScheme AlgorithmIdentifier }
 * (RFC 8018 A.5). Without keyLength the key is as long as the MAC: what HMAC takes at full strength (RFC 2104
 * section 3). */
static int parse_pbmac1(struct mac_algorithm *out, CBS params)
{
    if (!parse_pbkdf2(out, &params) || (out->mac = hmac_parse(&params)) == DIGEST_NONE ||
        CBS_len(&params) != 0)
        return 0;
    if (out->key_len == 0)
        out->key_len = digest_algorithm(out->mac)->len;
    return 1;
}

int mac_parse(struct mac_algorithm *out, CBS *cbs)
{
    CBS element, sequence, oid, params;
    struct bytes scheme;

    *out = (struct mac_algorithm){.scheme = MAC_NONE};
    if (!CBS_get_asn1_element(cbs, &element, CBS_ASN1_SEQUENCE))
        return 0;
    out->encoded = bytes_of_cbs(&element);
    if (!CBS_get_asn1(&element, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) || CBS_len(&sequence) != 0)
        return 0;
    scheme = bytes_of_cbs(&oid);
    if (bytes_equal(scheme, pbm_oid) && parse_pbm(out, params))
        out->scheme = MAC_PBM;
    else if (bytes_equal(scheme, pbmac1_oid) && parse_pbmac1(out, params))
        out->scheme = MAC_PBMAC1;
    return out->scheme != MAC_NONE;
}

/* RFC 9810 5.1.3.1: the salt is appended to the secret, the one-way function applied iterationCount times.
 * HMAC takes keys of any length, so that the key is never expanded. */
static int derive_pbm(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret)
{
    const EVP_MD *owf = evp_digest(algorithm->owf);
    unsigned len = 0;
    EVP_MD_CTX ctx;
    int ok;

    EVP_MD_CTX_init(&ctx);
    ok = EVP_DigestInit_ex(&ctx, owf, NULL) && EVP_DigestUpdate(&ctx, secret.data, secret.len) &&
         EVP_DigestUpdate(&ctx, algorithm->salt.data, algorithm->salt.len) &&
         EVP_DigestFinal_ex(&ctx, key->octets, &len);
    for (uint32_t i = 1; ok && i < algorithm->iterations; i++)
        ok = EVP_DigestInit_ex(&ctx, owf, NULL) && EVP_DigestUpdate(&ctx, key->octets, len) &&
             EVP_DigestFinal_ex(&ctx, key->octets, &len);
    EVP_MD_CTX_cleanup(&ctx);
    return ok;
}

int mac_derive(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret)
{
    const EVP_MD *owf = evp_digest(algorithm->owf);
    int ok = 0;

    if (owf == NULL)
        return 0;
    if (algorithm->scheme == MAC_PBM)
        ok = derive_pbm(key, algorithm, secret);
    else if (algorithm->scheme == MAC_PBMAC1)
        ok = PKCS5_PBKDF2_HMAC((const char *)secret.data, secret.len, algorithm->salt.data,
                               algorithm->salt.len, algorithm->iterations, owf, algorithm->key_len,
                               key->octets);
    key->len = ok ? algorithm->key_len : 0;
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
    uint64_t blocks = 1;

    if (owf == NULL)
        return 0;
    /* PBKDF2 computes an HMAC, two compressions with the padded keys kept, for each iteration of each block
     * of the key (RFC 8018 5.2). */
    if (algorithm->scheme == MAC_PBMAC1)
        blocks = 2 * ((algorithm->key_len + owf->len - 1) / owf->len);
    return blocks * algorithm->iterations * owf->block_ns / 1000;
}

static const struct bytes hmac_oids[DIGEST_COUNT] = {
    [DIGEST_SHA1] = BYTES("\x2b\x06\x01\x05\x05\x08\x01\x02"),
    [DIGEST_SHA224] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x08"),
    [DIGEST_SHA256] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x09"),
    [DIGEST_SHA384] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x0a"),
    [DIGEST_SHA512] = BYTES("\x2a\x86\x48\x86\xf7\x0d\x02\x0b"),
};

static int add_algorithm(CBB *cbb, struct bytes oid)
{
    CBB algorithm;

    return CBB_add_asn1(cbb, &algorithm, CBS_ASN1_SEQUENCE) && der_add_oid(&algorithm, oid) && CBB_flush(cbb);
}

int mac_pbm_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id owf,
                   enum digest_id mac, uint32_t iterations)
{
    CBB cbb, sequence, params;
    int ok = CBB_init(&cbb, 96) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&sequence, pbm_oid) && CBB_add_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&params, CBS_ASN1_OCTETSTRING, salt) &&
             add_algorithm(&params, digest_algorithm(owf)->oid) && der_add_int64(&params, iterations) &&
             add_algorithm(&params, hmac_oids[mac]);

    return der_finish(out, arena, &cbb, ok);
}

int mac_pbmac1_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id prf,
                      enum digest_id mac, uint32_t iterations, size_t key_len)
{
    CBB cbb, sequence, params, kdf, kdf_params;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&sequence, pbmac1_oid) && CBB_add_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&params, &kdf, CBS_ASN1_SEQUENCE) && der_add_oid(&kdf, pbkdf2_oid) &&
             CBB_add_asn1(&kdf, &kdf_params, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&kdf_params, CBS_ASN1_OCTETSTRING, salt) &&
             der_add_int64(&kdf_params, iterations) &&
             (key_len == 0 || der_add_int64(&kdf_params, (int64_t)key_len)) &&
             /* RFC 8018 A.2: DEFAULT hmacWithSHA1, left out in DER */
             (prf == DIGEST_SHA1 || add_algorithm(&kdf_params, hmac_oids[prf])) && CBB_flush(&params) &&
             add_algorithm(&params, hmac_oids[mac]);

    return der_finish(out, arena, &cbb, ok);
}
