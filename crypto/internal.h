/* internal.h: what the files of crypto/ share, and no one else may include. */
#ifndef CMPD_CRYPTO_INTERNAL_H
#define CMPD_CRYPTO_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/batch.h"
#include "crypto/engine.h"
#include "crypto/engine_internal.h"

struct key_remote;

/* A key has a form for each engine that may compute with it; BoringSSL's, an EVP_PKEY, is always
 * there, but for a private key that signs elsewhere, which has none. */
struct public_key {
    enum key_kind kind;
    unsigned bits;
    void *forms[ENGINE_COUNT];
};

struct private_key {
    enum key_kind kind;
    unsigned bits;
    uint8_t *spki;
    size_t spki_len;
    void *forms[ENGINE_COUNT];
    const struct key_remote *remote; /* what signs, if the key is elsewhere; else NULL */
    void *remote_state;
};

/* engine_set_unusable says |why| |id| is not to be used, NULL: it is. engine_set_route says who computes for
 * |kind|. For engines_start alone. */
void engine_set_unusable(enum engine_id id, const char *why);
void engine_set_route(enum key_kind kind, struct engine_route route);

/* public_key_add_form makes the form of |id| of a key whose SubjectPublicKeyInfo is |spki|, if |id| computes
 * with its kind. Without it, the key is left to BoringSSL. */
void public_key_add_form(struct public_key *key, enum engine_id id, struct bytes spki);

/* private_key_add_form does the same for a private key. */
void private_key_add_form(struct private_key *key, enum engine_id id);

#endif
