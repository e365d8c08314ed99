/* Keys on curves, of RSA, and of Ed25519, as BoringSSL reads and makes them. */
#include "crypto/key_types.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

/* The exponent decides what a verification costs: 65537 is what everybody uses, and as much as anybody gets.
 */
enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 8192, RSA_EXPONENT_BITS_MAX = 17 };

static const struct key_made none = {.form = NULL};

/* Takes |pkey| over. It is none unless it is of the type |id|. */
static struct key_made made(EVP_PKEY *pkey, int id, enum key_kind kind)
{
    if (pkey != NULL && EVP_PKEY_id(pkey) == id && kind != KEY_NONE)
        return (struct key_made){pkey, kind, (unsigned)EVP_PKEY_bits(pkey)};
    EVP_PKEY_free(pkey);
    return none;
}

static EVP_PKEY *parse_public(struct bytes spki)
{
    CBS cbs = cbs_of(spki);
    EVP_PKEY *pkey = EVP_parse_public_key(&cbs);

    if (CBS_len(&cbs) == 0)
        return pkey;
    EVP_PKEY_free(pkey);
    return NULL;
}

static EVP_PKEY *parse_private(struct bytes pkcs8)
{
    CBS cbs = cbs_of(pkcs8);

    return EVP_parse_private_key(&cbs);
}

/* A key has one encoding here: what compares keys compares octets. */
static int is_as_written(const EVP_PKEY *pkey, struct bytes spki)
{
    uint8_t *written = NULL;
    size_t len = 0;
    CBB cbb;
    int same = CBB_init(&cbb, spki.len) && EVP_marshal_public_key(&cbb, pkey) &&
               CBB_finish(&cbb, &written, &len) && bytes_equal(bytes_of(written, len), spki);

    if (written == NULL)
        CBB_cleanup(&cbb);
    OPENSSL_free(written);
    return same;
}

static int write_public(CBB *out, const void *form)
{
    return EVP_marshal_public_key(out, form);
}

static int write_private(CBB *out, const void *form)
{
    return EVP_marshal_private_key(out, form);
}

static struct key_made public_as_written(EVP_PKEY *pkey, int id, enum key_kind kind, struct bytes spki)
{
    if (pkey != NULL && is_as_written(pkey, spki))
        return made(pkey, id, kind);
    EVP_PKEY_free(pkey);
    return none;
}

/* ---- curves ---- */

static const struct {
    enum key_kind kind;
    int nid;
} curves[] = {
    {KEY_P256, NID_X9_62_prime256v1},
    {KEY_P384, NID_secp384r1},
    {KEY_P521, NID_secp521r1},
};
enum { CURVES = sizeof curves / sizeof curves[0] };

static enum key_kind curve_of(const EC_KEY *ec)
{
    int nid = EC_GROUP_get_curve_name(EC_KEY_get0_group(ec));

    for (size_t i = 0; i < CURVES; i++)
        if (curves[i].nid == nid)
            return curves[i].kind;
    return KEY_NONE;
}

/* Takes |ec| over. */
static struct key_made ec_made(EC_KEY *ec)
{
    EVP_PKEY *pkey = ec != NULL ? EVP_PKEY_new() : NULL;

    if (pkey != NULL && EVP_PKEY_assign_EC_KEY(pkey, ec))
        return made(pkey, EVP_PKEY_EC, curve_of(ec));
    EVP_PKEY_free(pkey);
    EC_KEY_free(ec);
    return none;
}

/* The one encoding is the curve's name and the point uncompressed. The name has been found; DER leaves no
 * choice, and writing the key anew would cost more than all the rest. */
static int is_uncompressed(struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence, point;
    uint8_t unused_bits, form;

    return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&sequence, NULL, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&sequence, &point, CBS_ASN1_BITSTRING) && CBS_get_u8(&point, &unused_bits) &&
           unused_bits == 0 && CBS_get_u8(&point, &form) && form == POINT_CONVERSION_UNCOMPRESSED;
}

/* BoringSSL rejects points off the curve. */
static struct key_made ec_public(enum key_kind kind, struct bytes spki)
{
    EVP_PKEY *pkey = is_uncompressed(spki) ? parse_public(spki) : NULL;
    const EC_KEY *ec = pkey != NULL ? EVP_PKEY_get0_EC_KEY(pkey) : NULL;

    return made(pkey, EVP_PKEY_EC, ec != NULL && curve_of(ec) == kind ? kind : KEY_NONE);
}

static struct key_made ec_private(struct bytes pkcs8)
{
    EVP_PKEY *pkey = parse_private(pkcs8);
    const EC_KEY *ec = pkey != NULL ? EVP_PKEY_get0_EC_KEY(pkey) : NULL;

    return made(pkey, EVP_PKEY_EC, ec != NULL ? curve_of(ec) : KEY_NONE);
}

/* SEC 1 version 2, C.4. */
static struct key_made ec_older(struct bytes der)
{
    CBS cbs = cbs_of(der);

    return ec_made(EC_KEY_parse_private_key(&cbs, NULL));
}

static struct key_made ec_generate(enum key_kind kind, unsigned bits)
{
    EC_KEY *ec = NULL;

    (void)bits;
    for (size_t i = 0; i < CURVES; i++)
        if (curves[i].kind == kind)
            ec = EC_KEY_new_by_curve_name(curves[i].nid);
    if (ec != NULL && EC_KEY_generate_key(ec))
        return ec_made(ec);
    EC_KEY_free(ec);
    return none;
}

/* ---- RSA ---- */

static int rsa_is_usable(const EVP_PKEY *pkey)
{
    const BIGNUM *e = RSA_get0_e(EVP_PKEY_get0_RSA(pkey));
    int bits = EVP_PKEY_bits(pkey);

    return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX;
}

/* BoringSSL rejects exponents that are even. */
static struct key_made rsa_public(enum key_kind kind, struct bytes spki)
{
    struct key_made key = public_as_written(parse_public(spki), EVP_PKEY_RSA, kind, spki);

    if (key.form == NULL || rsa_is_usable(key.form))
        return key;
    EVP_PKEY_free(key.form);
    return none;
}

static struct key_made rsa_private(struct bytes pkcs8)
{
    return made(parse_private(pkcs8), EVP_PKEY_RSA, KEY_RSA);
}

/* Takes |rsa| over. */
static struct key_made rsa_made(RSA *rsa)
{
    EVP_PKEY *pkey = rsa != NULL ? EVP_PKEY_new() : NULL;

    if (pkey != NULL && EVP_PKEY_assign_RSA(pkey, rsa))
        return made(pkey, EVP_PKEY_RSA, KEY_RSA);
    EVP_PKEY_free(pkey);
    RSA_free(rsa);
    return none;
}

/* RFC 8017 A.1.2. */
static struct key_made rsa_older(struct bytes der)
{
    CBS cbs = cbs_of(der);

    return rsa_made(RSA_parse_private_key(&cbs));
}

static struct key_made rsa_generate(enum key_kind kind, unsigned bits)
{
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    int ok =
        rsa != NULL && e != NULL && BN_set_word(e, RSA_F4) && RSA_generate_key_ex(rsa, (int)bits, e, NULL);

    (void)kind;
    BN_free(e);
    if (ok)
        return rsa_made(rsa);
    RSA_free(rsa);
    return none;
}

/* ---- Ed25519 ---- */

static struct key_made ed25519_public(enum key_kind kind, struct bytes spki)
{
    return public_as_written(parse_public(spki), EVP_PKEY_ED25519, kind, spki);
}

static struct key_made ed25519_private(struct bytes pkcs8)
{
    return made(parse_private(pkcs8), EVP_PKEY_ED25519, KEY_ED25519);
}

static struct key_made ed25519_generate(enum key_kind kind, unsigned bits)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    EVP_PKEY *pkey = NULL;

    (void)bits;
    if (ctx == NULL || !EVP_PKEY_keygen_init(ctx) || !EVP_PKEY_keygen(ctx, &pkey))
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return made(pkey, EVP_PKEY_ED25519, kind);
}

/* ---- the rows ---- */

static const struct key_type ec = {
    ec_public, ec_private, ec_generate, write_public, write_private, ec_older, "EC PRIVATE KEY",
};
static const struct key_type rsa = {
    rsa_public, rsa_private, rsa_generate, write_public, write_private, rsa_older, "RSA PRIVATE KEY",
};
static const struct key_type ed25519 = {
    ed25519_public, ed25519_private, ed25519_generate, write_public, write_private, NULL, NULL,
};

static const struct key_type *const types[KEY_KIND_COUNT] = {
    [KEY_P256] = &ec, [KEY_P384] = &ec, [KEY_P521] = &ec, [KEY_RSA] = &rsa, [KEY_ED25519] = &ed25519,
};

const struct key_type *key_type_of(enum key_kind kind)
{
    return kind < KEY_KIND_COUNT ? types[kind] : NULL;
}

const struct key_type *key_type_pkcs8(struct bytes pkcs8)
{
    CBS cbs = cbs_of(pkcs8), key, algorithm, oid;
    uint64_t version;

    if (!CBS_get_asn1(&cbs, &key, CBS_ASN1_SEQUENCE) || !CBS_get_asn1_uint64(&key, &version) ||
        !CBS_get_asn1(&key, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&algorithm, &oid, CBS_ASN1_OBJECT))
        return NULL;
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        if (bytes_equal(bytes_of_cbs(&oid), key_algorithm((enum key_kind)kind)->oid))
            return types[kind];
    return NULL;
}

const struct key_type *key_type_labelled(const char *label)
{
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        if (types[kind]->older_label != NULL && strcmp(types[kind]->older_label, label) == 0)
            return types[kind];
    return NULL;
}
