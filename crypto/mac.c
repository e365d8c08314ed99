/* PasswordBasedMac, PBMAC1, and HMAC by itself: parameters read, priced, the key derived, the MAC made. */
#include "crypto/mac.h"

#include <limits.h>

#include "crypto/gmac.h"
#include "crypto/hashing_internal.h"
#include "crypto/not_carried.h"
#include "crypto/random.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* id-PBKDF2, RFC 8018 A.2 */
static const struct bytes pbkdf2_oid = BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c");

static int is_mac_not_carried(struct bytes oid)
{
    const struct not_carried *row = not_carried_with(oid);

    return row != NULL && row->kind == NOT_CARRIED_MAC;
}

int mac_is_mac(struct bytes encoded)
{
    CBS cbs = cbs_of(encoded), again = cbs, sequence, oid;

    return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) &&
           (mac_term_with(bytes_of_cbs(&oid)) != NULL || hmac_parse(&again) != DIGEST_NONE ||
            is_mac_not_carried(bytes_of_cbs(&oid)));
}

/* GMACParameters ::= SEQUENCE { nonce OCTET STRING, length INTEGER (12..16) DEFAULT 12 } (RFC 9044 3.1). Of
 * all nonces those of 12 octets are RECOMMENDED there, and RFC 9045 4.4 wants the longest MAC: others are not
 * taken. */
static int parse_gmac(struct mac_algorithm *out, size_t *key_len, CBS *cbs)
{
    CBS sequence, oid, params, nonce;
    const struct mac_term *term;
    int64_t len;

    if (!CBS_get_asn1(cbs, &sequence, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) ||
        (term = mac_term_with(bytes_of_cbs(&oid))) == NULL || term->gmac_key == 0 ||
        !CBS_get_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) || CBS_len(&sequence) != 0 ||
        !CBS_get_asn1(&params, &nonce, CBS_ASN1_OCTETSTRING) || CBS_len(&nonce) != MAC_GMAC_NONCE ||
        !der_get_int64(&params, &len) || len != GMAC_MAC || CBS_len(&params) != 0)
        return 0;
    out->nonce = bytes_of_cbs(&nonce);
    *key_len = term->gmac_key;
    return 1;
}

/* What makes the MAC of a derived key: an HMAC, or AES-GMAC, whose key has |*key_len| octets (0: any number).
 */
static int parse_function(struct mac_algorithm *out, size_t *key_len, CBS *cbs)
{
    CBS again = *cbs;

    *key_len = 0;
    out->mac = hmac_parse(cbs);
    if (out->mac != DIGEST_NONE)
        return 1;
    *cbs = again;
    return parse_gmac(out, key_len, cbs);
}

/* PBMParameter ::= SEQUENCE { salt OCTET STRING, owf AlgorithmIdentifier, iterationCount INTEGER,
 * mac AlgorithmIdentifier } */
static int parse_pbm(struct mac_algorithm *out, CBS params)
{
    const struct digest_algorithm *owf;
    int64_t iterations;
    size_t key_len;
    CBS salt;

    if (!CBS_get_asn1(&params, &salt, CBS_ASN1_OCTETSTRING) || (owf = digest_parse(&params)) == NULL ||
        !der_get_int64(&params, &iterations) || iterations < 1 || iterations > UINT32_MAX ||
        !parse_function(out, &key_len, &params) || CBS_len(&params) != 0)
        return 0;
    out->salt = bytes_of_cbs(&salt);
    out->owf = owf->id;
    out->iterations = (uint32_t)iterations;
    out->key_len = key_len != 0 ? key_len : owf->len;
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
 * section 3); of AES-GMAC it is as long as AES wants it. */
static int parse_pbmac1(struct mac_algorithm *out, CBS params)
{
    size_t key_len;

    if (!parse_pbkdf2(out, &params) || !parse_function(out, &key_len, &params) || CBS_len(&params) != 0)
        return 0;
    if (out->key_len == 0)
        out->key_len = key_len != 0 ? key_len : digest_algorithm(out->mac)->len;
    return key_len == 0 || out->key_len == key_len;
}

/* RFC 9481 6.2.1: "MAC algorithm identifiers are located in the protectionAlg field", too. */
static int parse_hmac(struct mac_algorithm *out, CBS element)
{
    out->mac = hmac_parse(&element);
    return out->mac != DIGEST_NONE;
}

int mac_parse(struct mac_algorithm *out, CBS *cbs)
{
    const struct mac_term *term;
    CBS element, again, sequence, oid, params;

    *out = (struct mac_algorithm){.scheme = MAC_NONE};
    if (!CBS_get_asn1_element(cbs, &element, CBS_ASN1_SEQUENCE))
        return 0;
    again = element;
    out->encoded = bytes_of_cbs(&element);
    if (parse_hmac(out, again)) {
        out->scheme = MAC_HMAC;
        return 1;
    }
    if (!CBS_get_asn1(&element, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) || CBS_len(&sequence) != 0 ||
        (term = mac_term_with(bytes_of_cbs(&oid))) == NULL)
        return 0;
    if ((term->scheme == MAC_PBM && parse_pbm(out, params)) ||
        (term->scheme == MAC_PBMAC1 && parse_pbmac1(out, params)))
        out->scheme = term->scheme;
    return out->scheme != MAC_NONE;
}

/* That of AES-GMAC with a key of |key_len| octets. */
static const struct mac_term *gmac_term(size_t key_len)
{
    const struct mac_term *term = mac_term(0);

    while (term != NULL && term->gmac_key != key_len)
        term = mac_term(mac_term_number(term) + 1);
    return term;
}

/* What makes the MAC; NULL: HMAC-SHA1. */
static const struct mac_term *function_of(const struct mac_algorithm *algorithm)
{
    return algorithm->mac != DIGEST_NONE ? mac_term_of_hmac(algorithm->mac) : gmac_term(algorithm->key_len);
}

static uint32_t bit_of(const struct mac_term *term)
{
    return term != NULL ? UINT32_C(1) << mac_term_number(term) : 0;
}

uint32_t mac_terms(const struct mac_algorithm *algorithm)
{
    uint32_t terms = bit_of(mac_term_of_scheme(algorithm->scheme)) | bit_of(function_of(algorithm));

    return algorithm->scheme == MAC_PBMAC1 ? terms | bit_of(mac_term_of_hmac(algorithm->owf)) : terms;
}

unsigned mac_strength(const struct mac_algorithm *algorithm)
{
    const struct mac_term *function = function_of(algorithm);
    const struct digest_algorithm *owf = digest_algorithm(algorithm->owf);
    unsigned least = function != NULL ? function->strength : UINT_MAX;

    return owf != NULL && owf->id != DIGEST_SHA1 && owf->strength < least ? owf->strength : least;
}

/* RFC 9810 5.1.3.1: where K > H, the key goes on with OWF("1" || BASEKEY), OWF("2" || BASEKEY), … HMAC takes
 * keys of any length, so that its key is BASEKEY. */
static void expand(uint8_t *key, size_t key_len, const struct digest_algorithm *owf)
{
    uint8_t input[1 + DIGEST_MAX], more[DIGEST_MAX];

    memcpy(input + 1, key, owf->len);
    for (size_t at = owf->len, n = 1; at < key_len; at += owf->len, n++) {
        size_t len = key_len - at < owf->len ? key_len - at : owf->len;
        input[0] = (uint8_t)('0' + n);
        owf->by->digest(more, owf->id, bytes_of(input, 1 + owf->len));
        memcpy(key + at, more, len);
    }
    secret_wipe(input, sizeof input);
    secret_wipe(more, sizeof more);
}

/* Longer than a block of every digest, a key is hashed by HMAC itself (RFC 2104 section 2). */
static int take_secret(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret)
{
    if (secret.len <= MAC_KEY_ROOM) {
        memcpy(key->octets, secret.data, secret.len);
        key->len = secret.len;
    } else {
        key->len = digest_compute(key->octets, algorithm->mac, secret);
    }
    return key->len != 0;
}

int mac_derive(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret)
{
    const struct digest_algorithm *owf = digest_algorithm(algorithm->owf);
    int ok = 0;

    if (algorithm->scheme == MAC_HMAC)
        return take_secret(key, algorithm, secret);
    if (owf == NULL)
        return 0;
    if (algorithm->scheme == MAC_PBM &&
        (ok = owf->by->stretch(key->octets, owf->id, secret, algorithm->salt, algorithm->iterations)))
        expand(key->octets, algorithm->key_len, owf);
    else if (algorithm->scheme == MAC_PBMAC1)
        ok = owf->by->pbkdf2(key->octets, algorithm->key_len, owf->id, secret, algorithm->salt,
                             algorithm->iterations);
    key->len = ok ? algorithm->key_len : 0;
    return ok;
}

size_t mac_apply(uint8_t *out, const struct mac_algorithm *algorithm, const struct mac_key *key,
                 struct bytes message)
{
    const struct digest_algorithm *mac = digest_algorithm(algorithm->mac);
    struct bytes octets = bytes_of(key->octets, key->len);

    if (key->len == 0 || algorithm->scheme == MAC_NONE)
        return 0;
    if (mac == NULL)
        return gmac(out, octets, algorithm->nonce, message) ? GMAC_MAC : 0;
    return mac->by->hmac(out, mac->id, octets, message);
}

int mac_answer(struct mac_algorithm *out, struct arena *arena, const struct mac_algorithm *algorithm,
               const uint8_t *fresh)
{
    size_t at = (size_t)(algorithm->nonce.data - algorithm->encoded.data);
    uint8_t *encoded;

    *out = *algorithm;
    if (algorithm->nonce.len == 0)
        return 1;
    if ((encoded = arena_alloc(arena, algorithm->encoded.len)) == NULL)
        return 0;
    memcpy(encoded, algorithm->encoded.data, algorithm->encoded.len);
    memcpy(encoded + at, fresh, MAC_GMAC_NONCE);
    out->encoded = bytes_of(encoded, algorithm->encoded.len);
    out->nonce = bytes_of(encoded + at, MAC_GMAC_NONCE);
    return 1;
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

static int add_digest(CBB *cbb, enum digest_id id)
{
    CBB algorithm;

    return CBB_add_asn1(cbb, &algorithm, CBS_ASN1_SEQUENCE) &&
           der_add_oid(&algorithm, digest_algorithm(id)->oid) && CBB_flush(cbb);
}

int mac_pbm_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id owf,
                   enum digest_id mac, uint32_t iterations)
{
    CBB cbb, sequence, params;
    int ok = CBB_init(&cbb, 96) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&sequence, mac_term_of_scheme(MAC_PBM)->oid) &&
             CBB_add_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&params, CBS_ASN1_OCTETSTRING, salt) && add_digest(&params, owf) &&
             der_add_int64(&params, iterations) && hmac_encode(&params, mac);

    return der_finish(out, arena, &cbb, ok);
}

int mac_pbmac1_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id prf,
                      enum digest_id mac, uint32_t iterations, size_t key_len)
{
    CBB cbb, sequence, params, kdf, kdf_params;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&sequence, mac_term_of_scheme(MAC_PBMAC1)->oid) &&
             CBB_add_asn1(&sequence, &params, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&params, &kdf, CBS_ASN1_SEQUENCE) && der_add_oid(&kdf, pbkdf2_oid) &&
             CBB_add_asn1(&kdf, &kdf_params, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&kdf_params, CBS_ASN1_OCTETSTRING, salt) &&
             der_add_int64(&kdf_params, iterations) &&
             (key_len == 0 || der_add_int64(&kdf_params, (int64_t)key_len)) &&
             /* RFC 8018 A.2: DEFAULT hmacWithSHA1, left out in DER */
             (prf == DIGEST_SHA1 || hmac_encode(&kdf_params, prf)) && CBB_flush(&params) &&
             hmac_encode(&params, mac);

    return der_finish(out, arena, &cbb, ok);
}
