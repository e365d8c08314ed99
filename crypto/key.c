#include "crypto/key.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "crypto/internal.h"
#include "crypto/price.h"
#include "crypto/random.h"
#include "crypto/remote.h"
#include "crypto/secret_memory.h"

/* The exponent decides what a verification costs: 65537 is what everybody uses, and as much as anybody gets.
 */
enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 8192, RSA_EXPONENT_BITS_MAX = 17 };

enum { PKCS8_USUAL = 2048 }; /* octets of nearly every private key */

static enum key_kind kind_of(const EVP_PKEY *pkey)
{
    switch (EVP_PKEY_id(pkey)) {
    case EVP_PKEY_RSA:
        return KEY_RSA;
    case EVP_PKEY_ED25519:
        return KEY_ED25519;
    case EVP_PKEY_EC:
        switch (EC_GROUP_get_curve_name(EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(pkey)))) {
        case NID_X9_62_prime256v1:
            return KEY_P256;
        case NID_secp384r1:
            return KEY_P384;
        case NID_secp521r1:
            return KEY_P521;
        default:
            return KEY_NONE;
        }
    default:
        return KEY_NONE;
    }
}

static int rsa_is_usable(const EVP_PKEY *pkey)
{
    const BIGNUM *e = RSA_get0_e(EVP_PKEY_get0_RSA(pkey));
    int bits = EVP_PKEY_bits(pkey);

    return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX && BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX;
}

/* A key has one encoding here: what compares keys compares octets. Of a curve it is the one with the curve's
 * name and the point uncompressed; its DER leaves no choice, and writing it anew would cost more than all the
 * rest. */
static int is_canonical_ec(struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence, point;
    uint8_t unused_bits, form;

    return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) && key_algorithm_parse(&sequence) != NULL &&
           CBS_get_asn1(&sequence, &point, CBS_ASN1_BITSTRING) && CBS_get_u8(&point, &unused_bits) &&
           unused_bits == 0 && CBS_get_u8(&point, &form) && form == POINT_CONVERSION_UNCOMPRESSED;
}

static int is_canonical(const EVP_PKEY *pkey, struct bytes spki)
{
    uint8_t *written = NULL;
    size_t len = 0;
    CBB cbb;
    int same;

    if (EVP_PKEY_id(pkey) == EVP_PKEY_EC)
        return is_canonical_ec(spki);
    same = CBB_init(&cbb, spki.len) && EVP_marshal_public_key(&cbb, pkey) &&
           CBB_finish(&cbb, &written, &len) && bytes_equal(bytes_of(written, len), spki);

    if (written == NULL)
        CBB_cleanup(&cbb);
    OPENSSL_free(written);
    return same;
}

void public_key_add_form(struct public_key *key, enum engine_id id, struct bytes spki)
{
    if (key->forms[id] == NULL && engine_offers(id, key->kind))
        key->forms[id] = engine_of(id)->public_key(key->kind, spki);
}

struct public_key *public_key_parse(struct bytes spki)
{
    CBS cbs = cbs_of(spki);
    EVP_PKEY *pkey = EVP_parse_public_key(&cbs);
    struct public_key *key;

    /* BoringSSL rejects points off the curve, and RSA exponents that are even. */
    if (pkey == NULL || CBS_len(&cbs) != 0 || !is_canonical(pkey, spki) || kind_of(pkey) == KEY_NONE ||
        (kind_of(pkey) == KEY_RSA && !rsa_is_usable(pkey)) || (key = calloc(1, sizeof *key)) == NULL) {
        EVP_PKEY_free(pkey);
        ERR_clear_error();
        return NULL;
    }
    key->kind = kind_of(pkey);
    key->bits = (unsigned)EVP_PKEY_bits(pkey);
    key->forms[ENGINE_BORINGSSL] = pkey;
    public_key_add_form(key, engine_route_of(key->kind)->narrow, spki);
    public_key_add_form(key, engine_route_of(key->kind)->wide, spki);
    return key;
}

void public_key_free(struct public_key *key)
{
    if (key == NULL)
        return;
    for (int id = 0; id < ENGINE_COUNT; id++)
        if (key->forms[id] != NULL)
            engine_of((enum engine_id)id)->public_key_free(key->forms[id]);
    free(key);
}

enum key_kind public_key_kind(const struct public_key *key)
{
    return key->kind;
}

unsigned public_key_bits(const struct public_key *key)
{
    return key->bits;
}

static size_t signature_max(enum key_kind kind, unsigned bits)
{
    size_t fixed = key_algorithm(kind)->signature_max;

    return fixed != 0 ? fixed : (bits + 7) / 8;
}

size_t public_key_signature_max(const struct public_key *key)
{
    return signature_max(key->kind, key->bits);
}

size_t private_key_signature_max(const struct private_key *key)
{
    return signature_max(key->kind, key->bits);
}

/* A verification by RSA grows with the square of the modulus. */
static unsigned verify_us(enum key_kind kind, unsigned bits)
{
    unsigned base = key_verify_us(kind);

    return kind == KEY_RSA ? base * (bits / 1024) * (bits / 1024) / 4 + 5 : base;
}

unsigned public_key_verify_us(const struct public_key *key)
{
    return verify_us(key->kind, key->bits);
}

unsigned spki_verify_us(struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence;
    const struct key_algorithm *algorithm;

    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) ||
        (algorithm = key_algorithm_parse(&sequence)) == NULL)
        return 0;
    /* Of RSA, nearly all of the octets are the modulus. */
    return verify_us(algorithm->kind, (unsigned)spki.len * 8);
}

void private_key_add_form(struct private_key *key, enum engine_id id)
{
    uint8_t *pkcs8 = NULL;
    size_t len = 0;
    CBB cbb;

    if (key->forms[id] != NULL || key->forms[ENGINE_BORINGSSL] == NULL || !engine_offers(id, key->kind))
        return;
    if (CBB_init(&cbb, PKCS8_USUAL) && EVP_marshal_private_key(&cbb, key->forms[ENGINE_BORINGSSL]) &&
        CBB_finish(&cbb, &pkcs8, &len))
        key->forms[id] = engine_of(id)->private_key(key->kind, bytes_of(pkcs8, len));
    else
        CBB_cleanup(&cbb);
    OPENSSL_free(pkcs8); /* wipes */
}

/* RSA computes more secrets from its key when it first signs. Without memory it does so later. */
static void sign_once(const struct private_key *key)
{
    size_t room = private_key_signature_max(key);
    uint8_t digest[DIGEST_MAX] = {0}, *signature = key->kind == KEY_RSA ? malloc(room) : NULL;

    for (int id = 0; signature != NULL && id < ENGINE_COUNT; id++) {
        struct engine_sign item = {.key = key->forms[id],
                                   .family = FAMILY_RSA_PKCS1,
                                   .digest = DIGEST_SHA256,
                                   .input = bytes_of(digest, digest_algorithm(DIGEST_SHA256)->len),
                                   .signature = signature,
                                   .room = room};
        if (key->forms[id] != NULL)
            engine_of((enum engine_id)id)->sign(KEY_RSA, &item, 1);
    }
    if (signature != NULL)
        secret_wipe(signature, room);
    free(signature);
}

/* Takes |pkey| over, also on failure. */
static struct private_key *wrap(EVP_PKEY *pkey)
{
    struct private_key *key = NULL;
    CBB cbb;

    if (pkey != NULL && kind_of(pkey) != KEY_NONE && (key = calloc(1, sizeof *key)) != NULL) {
        key->forms[ENGINE_BORINGSSL] = pkey;
        key->kind = kind_of(pkey);
        key->bits = (unsigned)EVP_PKEY_bits(pkey);
        if (CBB_init(&cbb, 128) && EVP_marshal_public_key(&cbb, pkey) &&
            CBB_finish(&cbb, &key->spki, &key->spki_len)) {
            private_key_add_form(key, engine_route_of(key->kind)->narrow);
            private_key_add_form(key, engine_route_of(key->kind)->wide);
            sign_once(key);
            return key;
        }
        CBB_cleanup(&cbb);
    }
    free(key);
    EVP_PKEY_free(pkey);
    ERR_clear_error();
    return NULL;
}

struct private_key *private_key_of_remote(const struct key_remote *remote, void *state, struct bytes spki)
{
    struct public_key *public = public_key_parse(spki);
    struct private_key *key = calloc(1, sizeof *key);

    if (public == NULL || key == NULL || (key->spki = OPENSSL_memdup(spki.data, spki.len)) == NULL) {
        public_key_free(public);
        free(key);
        return NULL;
    }
    key->kind = public->kind;
    key->bits = public->bits;
    key->spki_len = spki.len;
    key->remote = remote;
    key->remote_state = state;
    public_key_free(public);
    return key;
}

int private_key_is_remote(const struct private_key *key)
{
    return key->remote != NULL;
}

static EVP_PKEY *generate_ec(int nid)
{
    EC_KEY *ec = EC_KEY_new_by_curve_name(nid);
    EVP_PKEY *pkey = EVP_PKEY_new();

    if (ec == NULL || pkey == NULL || !EC_KEY_generate_key(ec) || !EVP_PKEY_assign_EC_KEY(pkey, ec)) {
        EC_KEY_free(ec);
        EVP_PKEY_free(pkey);
        return NULL;
    }
    return pkey;
}

static EVP_PKEY *generate_rsa(unsigned bits)
{
    RSA *rsa = RSA_new();
    BIGNUM *e = BN_new();
    EVP_PKEY *pkey = EVP_PKEY_new();

    if (rsa == NULL || e == NULL || pkey == NULL || !BN_set_word(e, RSA_F4) ||
        !RSA_generate_key_ex(rsa, (int)bits, e, NULL) || !EVP_PKEY_assign_RSA(pkey, rsa)) {
        RSA_free(rsa);
        EVP_PKEY_free(pkey);
        pkey = NULL;
    }
    BN_free(e);
    return pkey;
}

static EVP_PKEY *generate_ed25519(void)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, NULL);
    EVP_PKEY *pkey = NULL;

    if (ctx == NULL || !EVP_PKEY_keygen_init(ctx) || !EVP_PKEY_keygen(ctx, &pkey))
        pkey = NULL;
    EVP_PKEY_CTX_free(ctx);
    return pkey;
}

static struct private_key *generate(enum key_kind kind, unsigned rsa_bits)
{
    switch (kind) {
    case KEY_P256:
        return wrap(generate_ec(NID_X9_62_prime256v1));
    case KEY_P384:
        return wrap(generate_ec(NID_secp384r1));
    case KEY_P521:
        return wrap(generate_ec(NID_secp521r1));
    case KEY_RSA:
        return wrap(generate_rsa(rsa_bits));
    case KEY_ED25519:
        return wrap(generate_ed25519());
    default:
        return NULL;
    }
}

struct private_key *private_key_generate(enum key_kind kind, unsigned rsa_bits)
{
    struct private_key *key;

    secret_memory_begin();
    key = generate(kind, rsa_bits);
    secret_memory_end();
    return key;
}

/* An encrypted key is refused here rather than asked for on a terminal that a server does not have. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is PEM_read_bio_PrivateKey's */
static int no_password(char *buf, int size, int rwflag, void *arg)
{
    (void)buf, (void)size, (void)rwflag, (void)arg;
    return -1;
}

struct private_key *private_key_from_pem(struct bytes pem)
{
    struct private_key *key;
    BIO *bio;

    secret_memory_begin();
    bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    key = wrap(bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL);
    BIO_free(bio);
    secret_memory_end();
    return key;
}

struct private_key *private_key_from_pkcs8(struct bytes der)
{
    CBS cbs = cbs_of(der);
    struct private_key *key;

    secret_memory_begin();
    key = wrap(EVP_parse_private_key(&cbs));
    secret_memory_end();
    return key;
}

int private_key_to_pem(uint8_t **out, size_t *out_len, const struct private_key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *data;
    size_t len;
    int ok = bio != NULL && key->forms[ENGINE_BORINGSSL] != NULL &&
             PEM_write_bio_PKCS8PrivateKey(bio, key->forms[ENGINE_BORINGSSL], NULL, NULL, 0, NULL, NULL) &&
             BIO_mem_contents(bio, &data, &len) && (*out = malloc(len + 1)) != NULL;

    if (ok) {
        memcpy(*out, data, len);
        (*out)[len] = 0;
        *out_len = len;
    }
    BIO_free(bio);
    return ok;
}

void private_key_free(struct private_key *key)
{
    if (key == NULL)
        return;
    for (int id = 0; id < ENGINE_COUNT; id++)
        if (key->forms[id] != NULL)
            engine_of((enum engine_id)id)->private_key_free(key->forms[id]);
    if (key->remote != NULL)
        key->remote->free(key->remote_state);
    OPENSSL_free(key->spki);
    free(key);
}

enum key_kind private_key_kind(const struct private_key *key)
{
    return key->kind;
}

struct bytes private_key_spki(const struct private_key *key)
{
    return bytes_of(key->spki, key->spki_len);
}
