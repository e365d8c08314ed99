/* The table of signature and digest algorithms, and everything that is asked of a row. */
#include "crypto/algorithms.h"

#include "crypto/hashing_internal.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

#define NIST_HASH(last) BYTES("\x60\x86\x48\x01\x65\x03\x04\x02" last)
#define BY_BORINGSSL 0, &hashing_boringssl
#define BY_AWS_LC 1, &hashing_aws_lc
/* RFC 5754 section 2, RFC 9688 section 2, RFC 8702 section 3.1; id-sha1 from RFC 3279 2.2.1. Prices: one
 * compression on a current x86-64 core. Strength: RFC 9481 section 7, table 1; SHA-1 is broken. */
static const struct digest_algorithm digests[DIGEST_COUNT] = {
    [DIGEST_SHA1] = {DIGEST_SHA1, "SHA-1", BYTES("\x2b\x0e\x03\x02\x1a"), 20, 120, 0, BY_BORINGSSL},
    [DIGEST_SHA224] = {DIGEST_SHA224, "SHA-224", NIST_HASH("\x04"), 28, 150, 112, BY_BORINGSSL},
    [DIGEST_SHA256] = {DIGEST_SHA256, "SHA-256", NIST_HASH("\x01"), 32, 150, 128, BY_BORINGSSL},
    [DIGEST_SHA384] = {DIGEST_SHA384, "SHA-384", NIST_HASH("\x02"), 48, 350, 192, BY_BORINGSSL},
    [DIGEST_SHA512] = {DIGEST_SHA512, "SHA-512", NIST_HASH("\x03"), 64, 350, 256, BY_BORINGSSL},
    [DIGEST_SHA3_224] = {DIGEST_SHA3_224, "SHA3-224", NIST_HASH("\x07"), 28, 600, 112, BY_AWS_LC},
    [DIGEST_SHA3_256] = {DIGEST_SHA3_256, "SHA3-256", NIST_HASH("\x08"), 32, 600, 128, BY_AWS_LC},
    [DIGEST_SHA3_384] = {DIGEST_SHA3_384, "SHA3-384", NIST_HASH("\x09"), 48, 600, 192, BY_AWS_LC},
    [DIGEST_SHA3_512] = {DIGEST_SHA3_512, "SHA3-512", NIST_HASH("\x0a"), 64, 600, 256, BY_AWS_LC},
    [DIGEST_SHAKE128] = {DIGEST_SHAKE128, "SHAKE128", NIST_HASH("\x0b"), 32, 600, 128, BY_AWS_LC},
    [DIGEST_SHAKE256] = {DIGEST_SHAKE256, "SHAKE256", NIST_HASH("\x0c"), 64, 600, 256, BY_AWS_LC},
};

/* RFC 5480 2.1.1 for the curves, RFC 3279 2.3.1 for RSA, RFC 8410 section 3 for Ed25519. */
#define EC_PUBLIC_KEY BYTES("\x2a\x86\x48\xce\x3d\x02\x01")
#define NO_CURVE                                                                                             \
    {                                                                                                        \
        NULL, 0                                                                                              \
    }
/* Prices: `cmpctl engines --measure` on a current x86-64 core. */
#define CRYPTO_MB(verify_us, sign_us)                                                                        \
    {                                                                                                        \
        ENGINE_CRYPTO_MB, verify_us, sign_us                                                                 \
    }
#define AWS_LC(verify_us, sign_us)                                                                           \
    {                                                                                                        \
        ENGINE_AWS_LC, verify_us, sign_us                                                                    \
    }
#define BORINGSSL(verify_us, sign_us)                                                                        \
    {                                                                                                        \
        ENGINE_BORINGSSL, verify_us, sign_us                                                                 \
    }
static const struct key_algorithm keys[KEY_KIND_COUNT] = {
    [KEY_P256] = {KEY_P256,
                  "P-256",
                  EC_PUBLIC_KEY,
                  BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x07"),
                  128,
                  DIGEST_SHA256,
                  72,
                  {CRYPTO_MB(145, 60), BORINGSSL(55, 20), AWS_LC(60, 20)}},
    [KEY_P384] = {KEY_P384,
                  "P-384",
                  EC_PUBLIC_KEY,
                  BYTES("\x2b\x81\x04\x00\x22"),
                  192,
                  DIGEST_SHA384,
                  104,
                  {CRYPTO_MB(590, 180), AWS_LC(180, 80), BORINGSSL(400, 350)}},
    [KEY_P521] = {KEY_P521,
                  "P-521",
                  EC_PUBLIC_KEY,
                  BYTES("\x2b\x81\x04\x00\x23"),
                  256,
                  DIGEST_SHA512,
                  141,
                  {AWS_LC(300, 150), BORINGSSL(800, 700), CRYPTO_MB(0, 0)}},
    [KEY_RSA] = {KEY_RSA,
                 "RSA",
                 BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
                 NO_CURVE,
                 0,
                 DIGEST_SHA256,
                 0,
                 {AWS_LC(20, 300), BORINGSSL(20, 550), CRYPTO_MB(0, 0)}},
    [KEY_ED25519] = {KEY_ED25519,
                     "Ed25519",
                     BYTES("\x2b\x65\x70"),
                     NO_CURVE,
                     128,
                     DIGEST_SHA512,
                     64,
                     {AWS_LC(40, 20), BORINGSSL(70, 25), CRYPTO_MB(0, 0)}},
};

#define ECDSA_WITH(digest_bits, last)                                                                        \
    {                                                                                                        \
        "ecdsa-with-SHA" #digest_bits, BYTES("\x2a\x86\x48\xce\x3d\x04\x03" last),                           \
            BYTES("\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03" last), FAMILY_ECDSA,                        \
            DIGEST_SHA##digest_bits, DIGEST_SHA##digest_bits                                                 \
    }
#define RSA_WITH(digest_bits, last)                                                                          \
    {                                                                                                        \
        "sha" #digest_bits "WithRSAEncryption", BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01" last),              \
            BYTES("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01" last "\x05\x00"), FAMILY_RSA_PKCS1,     \
            DIGEST_SHA##digest_bits, DIGEST_SHA##digest_bits                                                 \
    }
/* RFC 4055 3.1: hash, MGF1 with the same hash, salt as long as the hash. */
#define PSS_WITH(digest_bits, last, salt)                                                                    \
    {                                                                                                        \
        "RSASSA-PSS-SHA" #digest_bits, BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"),                        \
            BYTES("\x30\x41\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a\x30\x34\xa0\x0f\x30\x0d\x06\x09\x60" \
                  "\x86\x48"                                                                                 \
                  "\x01\x65\x03\x04\x02" last "\x05\x00\xa1\x1c\x30\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01" \
                  "\x01\x08\x30\x0d\x06\x09\x60\x86\x48"                                                     \
                  "\x01\x65\x03\x04\x02" last "\x05\x00\xa2\x03\x02\x01" salt),                              \
            FAMILY_RSA_PSS, DIGEST_SHA##digest_bits, DIGEST_SHA##digest_bits                                 \
    }

/* RFC 9688 3.1 and 3.2, RFC 8692 section 3. */
#define ECDSA_WITH_SHA3(digest_bits, last)                                                                   \
    {                                                                                                        \
        "ecdsa-with-sha3-" #digest_bits, BYTES("\x60\x86\x48\x01\x65\x03\x04\x03" last),                     \
            BYTES("\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03" last), FAMILY_ECDSA,                    \
            DIGEST_SHA3_##digest_bits, DIGEST_SHA3_##digest_bits                                             \
    }
#define RSA_WITH_SHA3(digest_bits, last)                                                                     \
    {                                                                                                        \
        "rsassa-pkcs1-v1-5-with-sha3-" #digest_bits, BYTES("\x60\x86\x48\x01\x65\x03\x04\x03" last),         \
            BYTES("\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x03" last "\x05\x00"), FAMILY_RSA_PKCS1,     \
            DIGEST_SHA3_##digest_bits, DIGEST_SHA3_##digest_bits                                             \
    }
#define ECDSA_WITH_SHAKE(number, last)                                                                       \
    {                                                                                                        \
        "ecdsa-with-shake" #number, BYTES("\x2b\x06\x01\x05\x05\x07\x06" last),                              \
            BYTES("\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x06" last), FAMILY_ECDSA, DIGEST_SHAKE##number,  \
            DIGEST_SHAKE##number                                                                             \
    }

/* RFC 9481 section 3. Ed25519 hashes with SHA-512 for certHash (RFC 9481 3.3). */
static const struct signature_algorithm signatures[] = {
    ECDSA_WITH(256, "\x02"),
    ECDSA_WITH(384, "\x03"),
    ECDSA_WITH(512, "\x04"),
    ECDSA_WITH(224, "\x01"),
    RSA_WITH(256, "\x0b"),
    RSA_WITH(384, "\x0c"),
    RSA_WITH(512, "\x0d"),
    RSA_WITH(224, "\x0e"),
    PSS_WITH(256, "\x01", "\x20"),
    PSS_WITH(384, "\x02", "\x30"),
    PSS_WITH(512, "\x03", "\x40"),
    PSS_WITH(224, "\x04", "\x1c"),
    {"Ed25519", BYTES("\x2b\x65\x70"), BYTES("\x30\x05\x06\x03\x2b\x65\x70"), FAMILY_ED25519, DIGEST_NONE,
     DIGEST_SHA512},
    ECDSA_WITH_SHAKE(128, "\x20"),
    ECDSA_WITH_SHAKE(256, "\x21"),
    ECDSA_WITH_SHA3(256, "\x0a"),
    ECDSA_WITH_SHA3(384, "\x0b"),
    ECDSA_WITH_SHA3(512, "\x0c"),
    ECDSA_WITH_SHA3(224, "\x09"),
    RSA_WITH_SHA3(256, "\x0e"),
    RSA_WITH_SHA3(384, "\x0f"),
    RSA_WITH_SHA3(512, "\x10"),
    RSA_WITH_SHA3(224, "\x0d"),
};
enum { SIGNATURES = sizeof signatures / sizeof signatures[0] };

/* RFC 3279 2.2.1 and 2.2.3. They stand by themselves: nothing that looks in the table above finds them. */
static const struct signature_algorithm sha1_signatures[] = {
    RSA_WITH(1, "\x05"),
    {"ecdsa-with-SHA1", BYTES("\x2a\x86\x48\xce\x3d\x04\x01"),
     BYTES("\x30\x09\x06\x07\x2a\x86\x48\xce\x3d\x04\x01"), FAMILY_ECDSA, DIGEST_SHA1, DIGEST_SHA1},
};

const struct digest_algorithm *digest_algorithm(enum digest_id id)
{
    return id > DIGEST_NONE && id < DIGEST_COUNT ? &digests[id] : NULL;
}

/* Splits an AlgorithmIdentifier; |params| is empty when absent. */
static int get_algorithm(CBS *cbs, struct bytes *oid, CBS *params)
{
    CBS sequence, content;

    if (!CBS_get_asn1(cbs, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &content, CBS_ASN1_OBJECT))
        return 0;
    *oid = bytes_of_cbs(&content);
    *params = sequence;
    return 1;
}

static int is_null(const CBS *params)
{
    return bytes_equal(bytes_of_cbs(params), bytes_of("\x05\x00", 2));
}

static int is_null_or_absent(const CBS *params)
{
    return CBS_len(params) == 0 || is_null(params);
}

const struct digest_algorithm *digest_parse(CBS *cbs)
{
    struct bytes oid;
    CBS params;

    if (!get_algorithm(cbs, &oid, &params))
        return NULL;
    for (int id = DIGEST_NONE + 1; id < DIGEST_COUNT; id++)
        if (bytes_equal(oid, digests[id].oid))
            return digests[id].without_parameters ? (CBS_len(&params) == 0 ? &digests[id] : NULL)
                                                  : (is_null_or_absent(&params) ? &digests[id] : NULL);
    return NULL;
}

size_t digest_compute(uint8_t *out, enum digest_id id, struct bytes data)
{
    if (digest_algorithm(id) == NULL)
        return 0;
    digests[id].by->digest(out, id, data);
    return digests[id].len;
}

const struct key_algorithm *key_algorithm(enum key_kind kind)
{
    return kind > KEY_NONE && kind < KEY_KIND_COUNT ? &keys[kind] : NULL;
}

const struct engine_price *engine_price(enum key_kind kind, enum engine_id engine)
{
    const struct engine_price *price = keys[kind].engines;

    while (price->engine != engine)
        price++;
    return price;
}

const struct key_algorithm *key_algorithm_named(const char *name)
{
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        if (strcmp(name, keys[kind].name) == 0)
            return &keys[kind];
    return NULL;
}

unsigned key_strength(enum key_kind kind, unsigned bits)
{
    static const struct {
        unsigned bits, strength;
    } rsa[] = {{15360, 256}, {7680, 192}, {3072, 128}, {2048, 112}, {1024, 80}};

    for (size_t i = 0; kind == KEY_RSA && i < sizeof rsa / sizeof rsa[0]; i++)
        if (bits >= rsa[i].bits)
            return rsa[i].strength;
    return keys[kind].strength;
}

const struct key_algorithm *key_algorithm_parse(CBS *cbs)
{
    struct bytes oid;
    CBS params;

    if (!get_algorithm(cbs, &oid, &params))
        return NULL;
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        CBS rest = params, curve;
        if (!bytes_equal(oid, keys[kind].oid))
            continue;
        if (keys[kind].curve.len == 0)
            return (kind == KEY_RSA ? is_null(&params) : CBS_len(&params) == 0) ? &keys[kind] : NULL;
        if (CBS_get_asn1(&rest, &curve, CBS_ASN1_OBJECT) && CBS_len(&rest) == 0 &&
            bytes_equal(bytes_of_cbs(&curve), keys[kind].curve))
            return &keys[kind];
    }
    return NULL;
}

/* RSASSA-PSS-params (RFC 4055 3.1): one hash for message and MGF1, a salt as long as the hash; NULL and
 * absent parameters of the hashes mean the same (RFC 4055 2.1). Returns the hash, or DIGEST_NONE. */
static enum digest_id pss_digest(CBS *params)
{
    static const struct bytes mgf1 = BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08");
    const CBS_ASN1_TAG explicit_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    const struct digest_algorithm *hash, *mgf_hash;
    CBS sequence, field, mgf_params;
    struct bytes oid;
    int64_t salt;

    if (!CBS_get_asn1(params, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(params) != 0 ||
        !CBS_get_asn1(&sequence, &field, explicit_tag | 0) || (hash = digest_parse(&field)) == NULL ||
        CBS_len(&field) != 0)
        return DIGEST_NONE;
    if (!CBS_get_asn1(&sequence, &field, explicit_tag | 1) || !get_algorithm(&field, &oid, &mgf_params) ||
        CBS_len(&field) != 0 || !bytes_equal(oid, mgf1) || (mgf_hash = digest_parse(&mgf_params)) == NULL ||
        CBS_len(&mgf_params) != 0)
        return DIGEST_NONE;
    if (!CBS_get_asn1(&sequence, &field, explicit_tag | 2) || !der_get_int64(&field, &salt) ||
        CBS_len(&field) != 0 || CBS_len(&sequence) != 0)
        return DIGEST_NONE;
    return hash == mgf_hash && salt == (int64_t)hash->len ? hash->id : DIGEST_NONE;
}

static int takes_parameters(const struct signature_algorithm *row, const CBS *params, int lenient)
{
    CBS copy = *params;

    switch (row->family) {
    case FAMILY_RSA_PSS:
        return pss_digest(&copy) == row->digest;
    case FAMILY_RSA_PKCS1: /* RFC 4055 section 5 takes absent ones, RFC 9688 3.1 does not */
        return digests[row->digest].without_parameters ? is_null(params) : is_null_or_absent(params);
    case FAMILY_ECDSA:
    case FAMILY_ED25519:
        break;
    }
    return lenient ? is_null_or_absent(params) : CBS_len(params) == 0;
}

static const struct signature_algorithm *parse(CBS *cbs, const struct signature_algorithm *rows, size_t count,
                                               int lenient)
{
    CBS params;
    struct bytes oid;

    if (!get_algorithm(cbs, &oid, &params))
        return NULL;
    for (size_t i = 0; i < count; i++)
        if (bytes_equal(oid, rows[i].oid) && takes_parameters(&rows[i], &params, lenient))
            return &rows[i];
    return NULL;
}

const struct signature_algorithm *signature_parse(CBS *cbs)
{
    return parse(cbs, signatures, SIGNATURES, 0);
}

const struct signature_algorithm *signature_parse_lenient(CBS *cbs)
{
    return parse(cbs, signatures, SIGNATURES, 1);
}

const struct signature_algorithm *signature_parse_sha1(CBS *cbs)
{
    return parse(cbs, sha1_signatures, sizeof sha1_signatures / sizeof sha1_signatures[0], 0);
}

const struct signature_algorithm *signature_with_oid(struct bytes oid)
{
    for (size_t i = 0; i < SIGNATURES; i++)
        if (bytes_equal(oid, signatures[i].oid))
            return &signatures[i];
    return NULL;
}

const struct signature_algorithm *signature_named(const char *name)
{
    for (size_t i = 0; i < SIGNATURES; i++)
        if (strcmp(name, signatures[i].name) == 0)
            return &signatures[i];
    return NULL;
}

const struct signature_algorithm *signature_row(size_t i)
{
    return i < SIGNATURES ? &signatures[i] : NULL;
}

size_t signature_number(const struct signature_algorithm *algorithm)
{
    for (size_t i = 0; i < SIGNATURES; i++)
        if (algorithm == &signatures[i])
            return i;
    return SIGNATURES;
}

unsigned signature_strength(const struct signature_algorithm *algorithm)
{
    return algorithm->digest != DIGEST_NONE ? digests[algorithm->digest].strength
                                            : keys[KEY_ED25519].strength;
}

int signature_fits(const struct signature_algorithm *algorithm, enum key_kind kind)
{
    switch (algorithm->family) {
    case FAMILY_ECDSA:
        return kind == KEY_P256 || kind == KEY_P384 || kind == KEY_P521;
    case FAMILY_RSA_PKCS1:
    case FAMILY_RSA_PSS:
        return kind == KEY_RSA;
    case FAMILY_ED25519:
        return kind == KEY_ED25519;
    }
    return 0;
}

const struct signature_algorithm *signature_for_key(enum key_kind kind)
{
    const struct key_algorithm *key = key_algorithm(kind);

    for (size_t i = 0; key != NULL && i < SIGNATURES; i++)
        if (signature_fits(&signatures[i], kind) &&
            (signatures[i].digest == key->digest || signatures[i].digest == DIGEST_NONE))
            return &signatures[i];
    return NULL;
}
