/* Public and private keys: what all kinds have in common. What differs is in key_types.c. */
#include "crypto/key.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <openssl/pkcs8.h>
#include <stdlib.h>

#include "crypto/internal.h"
#include "crypto/key_types.h"
#include "crypto/price.h"
#include "crypto/random.h"
#include "crypto/remote.h"
#include "crypto/secret_memory.h"

enum { PKCS8_USUAL = 2048 }; /* octets of nearly every private key */

void public_key_add_form(struct public_key *key, enum engine_id id, struct bytes spki)
{
    if (key->forms[id] == NULL && engine_offers(id, key->kind))
        key->forms[id] = engine_of(id)->public_key(key->kind, spki);
}

/* RSA over SHA-3 is AWS-LC's, whoever the route of RSA leads to. */
static int may_be_over_sha3(enum key_kind kind)
{
    return kind == KEY_RSA && engine_usable(ENGINE_AWS_LC);
}

struct public_key *public_key_parse(struct bytes spki)
{
    CBS cbs = cbs_of(spki), sequence;
    const struct key_algorithm *algorithm;
    struct key_made made = {.form = NULL};
    struct public_key *key;

    if (CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
        (algorithm = key_algorithm_parse(&sequence)) != NULL)
        made = key_type_of(algorithm->kind)->public(algorithm->kind, spki);
    if (made.form == NULL || (key = calloc(1, sizeof *key)) == NULL) {
        if (made.form != NULL)
            engine_of(ENGINE_BORINGSSL)->public_key_free(made.form);
        ERR_clear_error();
        return NULL;
    }
    key->kind = made.kind;
    key->bits = made.bits;
    key->forms[ENGINE_BORINGSSL] = made.form;
    public_key_add_form(key, engine_route_of(key->kind)->narrow, spki);
    public_key_add_form(key, engine_route_of(key->kind)->wide, spki);
    if (may_be_over_sha3(key->kind))
        public_key_add_form(key, ENGINE_AWS_LC, spki);
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

/* PKCS #8 in DER, to be given to OPENSSL_free, which wipes. */
static uint8_t *pkcs8_of(size_t *len, const struct private_key *key)
{
    const void *form = key->forms[ENGINE_BORINGSSL];
    uint8_t *pkcs8 = NULL;
    CBB cbb;

    if (form == NULL)
        return NULL;
    if (!CBB_init(&cbb, PKCS8_USUAL) || !key_type_of(key->kind)->write_private(&cbb, form) ||
        !CBB_finish(&cbb, &pkcs8, len))
        CBB_cleanup(&cbb);
    return pkcs8;
}

void private_key_add_form(struct private_key *key, enum engine_id id)
{
    uint8_t *pkcs8;
    size_t len;

    if (key->forms[id] != NULL || !engine_offers(id, key->kind))
        return;
    if ((pkcs8 = pkcs8_of(&len, key)) != NULL)
        key->forms[id] = engine_of(id)->private_key(key->kind, bytes_of(pkcs8, len));
    OPENSSL_free(pkcs8);
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

/* Takes |made| over, also on failure. */
static struct private_key *wrap(struct key_made made)
{
    struct private_key *key = NULL;
    CBB cbb;

    if (made.form != NULL && (key = calloc(1, sizeof *key)) != NULL) {
        key->forms[ENGINE_BORINGSSL] = made.form;
        key->kind = made.kind;
        key->bits = made.bits;
        if (CBB_init(&cbb, 128) && key_type_of(made.kind)->write_public(&cbb, made.form) &&
            CBB_finish(&cbb, &key->spki, &key->spki_len)) {
            private_key_add_form(key, engine_route_of(key->kind)->narrow);
            private_key_add_form(key, engine_route_of(key->kind)->wide);
            if (may_be_over_sha3(key->kind))
                private_key_add_form(key, ENGINE_AWS_LC);
            sign_once(key);
            return key;
        }
        CBB_cleanup(&cbb);
    }
    free(key);
    if (made.form != NULL)
        engine_of(ENGINE_BORINGSSL)->private_key_free(made.form);
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

struct private_key *private_key_generate(enum key_kind kind, unsigned rsa_bits)
{
    const struct key_type *type = key_type_of(kind);
    struct private_key *key;

    secret_memory_begin();
    key = type != NULL ? wrap(type->generate(kind, rsa_bits)) : NULL;
    secret_memory_end();
    return key;
}

static struct key_made parse_pkcs8(struct bytes der)
{
    const struct key_type *type = key_type_pkcs8(der);

    return type != NULL ? type->private(der) : (struct key_made){.form = NULL};
}

/* What is read of a PEM text. */
struct pem_key {
    struct bytes passphrase; /* empty: none */
    int is_encrypted;        /* PKCS #8 that is; what else is encrypted has a header, and is refused */
    struct key_made made;
};

/* The octets that it holds are PKCS #8 without encryption then, which BoringSSL has opened. */
static struct key_made parse_encrypted(struct bytes der, struct bytes passphrase)
{
    struct key_made made = {.form = NULL};
    uint8_t *plain = NULL;
    size_t len;
    EVP_PKEY *opened;
    CBB cbb;
    CBS cbs;

    CBS_init(&cbs, der.data, der.len);
    opened = PKCS8_parse_encrypted_private_key(&cbs, (const char *)passphrase.data, passphrase.len);
    if (opened != NULL && CBS_len(&cbs) == 0 && CBB_init(&cbb, 0)) {
        if (EVP_marshal_private_key(&cbb, opened) && CBB_finish(&cbb, &plain, &len))
            made = parse_pkcs8(bytes_of(plain, len));
        else
            CBB_cleanup(&cbb);
    }
    OPENSSL_free(plain); /* wipes */
    EVP_PKEY_free(opened);
    return made;
}

/* Whether the block |label| is a private key. One that is encrypted is never asked for on a terminal, which a
 * server does not have. */
static int parse_block(struct pem_key *out, const char *label, const char *header, struct bytes der)
{
    const struct key_type *older = key_type_labelled(label);

    out->is_encrypted = strcmp(label, PEM_STRING_PKCS8) == 0;
    if (older == NULL && strcmp(label, PEM_STRING_PKCS8INF) != 0 && !out->is_encrypted)
        return 0;
    if (header[0] != 0)
        return 1;
    if (!out->is_encrypted)
        out->made = older != NULL ? older->older(der) : parse_pkcs8(der);
    else if (out->passphrase.len != 0)
        out->made = parse_encrypted(der, out->passphrase);
    return 1;
}

/* The first block that is a private key counts: tools put parameters of its curve in front of it. */
static void parse_pem(struct pem_key *out, struct bytes pem)
{
    BIO *bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    char *label, *header;
    uint8_t *data;
    long len;
    int found = 0;

    while (!found && bio != NULL && PEM_read_bio(bio, &label, &header, &data, &len)) {
        found = parse_block(out, label, header, bytes_of(data, (size_t)len));
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(data); /* wipes */
    }
    out->is_encrypted = out->is_encrypted && found;
    BIO_free(bio);
}

static struct private_key *read_pem(struct bytes pem, struct bytes passphrase)
{
    struct pem_key read = {.passphrase = passphrase, .made = {.form = NULL}};
    struct private_key *key;

    secret_memory_begin();
    parse_pem(&read, pem);
    key = wrap(read.made);
    secret_memory_end();
    return key;
}

struct private_key *private_key_from_pem(struct bytes pem)
{
    return read_pem(pem, bytes_of(NULL, 0));
}

int private_key_is_encrypted(struct bytes pem)
{
    struct pem_key read = {.made = {.form = NULL}};

    secret_memory_begin();
    parse_pem(&read, pem);
    private_key_free(wrap(read.made));
    secret_memory_end();
    return read.is_encrypted;
}

struct private_key *private_key_from_encrypted_pem(struct bytes pem, struct bytes passphrase)
{
    return read_pem(pem, passphrase);
}

struct private_key *private_key_from_pkcs8(struct bytes der)
{
    struct private_key *key;

    secret_memory_begin();
    key = wrap(parse_pkcs8(der));
    secret_memory_end();
    return key;
}

/* Writes |der| as a block of PEM. */
static int put_pem(uint8_t **out, size_t *out_len, const char *label, const uint8_t *der, size_t der_len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const uint8_t *data;
    size_t len;
    int ok = bio != NULL && der_len <= LONG_MAX && PEM_write_bio(bio, label, "", der, (long)der_len) &&
             BIO_mem_contents(bio, &data, &len) && (*out = malloc(len + 1)) != NULL;

    if (ok) {
        memcpy(*out, data, len);
        (*out)[len] = 0;
        *out_len = len;
    }
    BIO_free(bio);
    return ok;
}

int private_key_to_pem(uint8_t **out, size_t *out_len, const struct private_key *key)
{
    size_t len = 0;
    uint8_t *pkcs8 = pkcs8_of(&len, key);
    int ok = pkcs8 != NULL && put_pem(out, out_len, PEM_STRING_PKCS8INF, pkcs8, len);

    OPENSSL_free(pkcs8);
    return ok;
}

static uint8_t *encrypt(size_t *len, const uint8_t *pkcs8, size_t pkcs8_len, struct bytes passphrase)
{
    enum { SALT = 16, ITERATIONS = 300000 };
    EVP_PKEY *plain = NULL;
    uint8_t *der = NULL;
    CBS cbs;
    CBB cbb;

    CBS_init(&cbs, pkcs8, pkcs8_len);
    if ((plain = EVP_parse_private_key(&cbs)) == NULL)
        return NULL;
    if (!CBB_init(&cbb, 2 * pkcs8_len) ||
        !PKCS8_marshal_encrypted_private_key(&cbb, -1, EVP_aes_256_cbc(), (const char *)passphrase.data,
                                             passphrase.len, NULL, SALT, ITERATIONS, plain) ||
        !CBB_finish(&cbb, &der, len))
        CBB_cleanup(&cbb);
    EVP_PKEY_free(plain);
    return der;
}

int private_key_to_encrypted_pem(uint8_t **out, size_t *out_len, const struct private_key *key,
                                 struct bytes passphrase)
{
    size_t len = 0, sealed_len = 0;
    uint8_t *pkcs8, *sealed = NULL;
    int ok;

    secret_memory_begin();
    if ((pkcs8 = pkcs8_of(&len, key)) != NULL)
        sealed = encrypt(&sealed_len, pkcs8, len, passphrase);
    secret_memory_end();
    ok = sealed != NULL && put_pem(out, out_len, PEM_STRING_PKCS8, sealed, sealed_len);
    OPENSSL_free(pkcs8);
    OPENSSL_free(sealed);
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
