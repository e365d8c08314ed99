/* Public and private keys: what all kinds have in common. What differs is in key_types.c. */
#include "crypto/key.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
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

/* Whether the block |label| is a private key; |*out| is what it holds, of a kind that is supported. An
 * encrypted one, which has a header or a label of its own, is refused rather than asked for on a terminal
 * that a server does not have. */
static int parse_block(struct key_made *out, const char *label, const char *header, struct bytes der)
{
    const struct key_type *older = key_type_labelled(label);

    if (older == NULL && strcmp(label, PEM_STRING_PKCS8INF) != 0 && strcmp(label, PEM_STRING_PKCS8) != 0)
        return 0;
    if (header[0] != 0 || strcmp(label, PEM_STRING_PKCS8) == 0)
        return 1;
    *out = older != NULL ? older->older(der) : parse_pkcs8(der);
    return 1;
}

/* The first block that is a private key counts: tools put parameters of its curve in front of it. */
static struct key_made parse_pem(BIO *bio)
{
    struct key_made made = {.form = NULL};
    char *label, *header;
    uint8_t *data;
    long len;
    int found = 0;

    while (!found && PEM_read_bio(bio, &label, &header, &data, &len)) {
        found = parse_block(&made, label, header, bytes_of(data, (size_t)len));
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(data); /* wipes */
    }
    return made;
}

struct private_key *private_key_from_pem(struct bytes pem)
{
    struct private_key *key;
    BIO *bio;

    secret_memory_begin();
    bio = pem.len <= INT_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    key = wrap(bio != NULL ? parse_pem(bio) : (struct key_made){.form = NULL});
    BIO_free(bio);
    secret_memory_end();
    return key;
}

struct private_key *private_key_from_pkcs8(struct bytes der)
{
    struct private_key *key;

    secret_memory_begin();
    key = wrap(parse_pkcs8(der));
    secret_memory_end();
    return key;
}

int private_key_to_pem(uint8_t **out, size_t *out_len, const struct private_key *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    size_t pkcs8_len = 0, len;
    uint8_t *pkcs8 = pkcs8_of(&pkcs8_len, key);
    const uint8_t *data;
    int ok = bio != NULL && pkcs8 != NULL && pkcs8_len <= LONG_MAX &&
             PEM_write_bio(bio, PEM_STRING_PKCS8INF, "", pkcs8, (long)pkcs8_len) &&
             BIO_mem_contents(bio, &data, &len) && (*out = malloc(len + 1)) != NULL;

    if (ok) {
        memcpy(*out, data, len);
        (*out)[len] = 0;
        *out_len = len;
    }
    OPENSSL_free(pkcs8);
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
