/* engine_internal.h: what an engine is to the facade. Plain C: no type of any engine crosses it, because each
 * is compiled against headers of its own whose names clash with the others'. */
#ifndef CMPD_CRYPTO_ENGINE_INTERNAL_H
#define CMPD_CRYPTO_ENGINE_INTERNAL_H

#include "crypto/kinds.h"
#include "server/base/bytes.h"

/* struct engine_verify is one verification; |key| is the engine's own form of it. */
struct engine_verify {
    const void *key;
    enum signature_family family;
    enum digest_id digest;
    struct bytes input; /* the digest; of an algorithm without one the message itself */
    struct bytes signature;
    int valid; /* the verdict */
};

/* struct engine_sign is one signature to be made. */
struct engine_sign {
    const void *key;
    enum signature_family family;
    enum digest_id digest;
    struct bytes input;
    uint8_t *signature;
    size_t room;          /* octets: as many as a signature by the key can have */
    size_t signature_len; /* 0: it could not be made */
};

enum { ENGINE_LANES_MAX = 8 };

struct engine {
    const char *name;
    unsigned kinds;   /* a bit (1 << kind) for each kind of key that it computes with */
    unsigned digests; /* of RSA: a bit (1 << digest) for each; for the others the digest is a number */
    size_t lanes;     /* items of one kind that it computes at once */

    /* unfit returns why this machine cannot run the engine, or NULL. */
    const char *(*unfit)(void);

    /* Its own forms of keys, made from SubjectPublicKeyInfo and PKCS #8 that the facade has found good
     * (points on their curve, sizes within bounds); NULL on failure. Freeing wipes. */
    void *(*public_key)(enum key_kind kind, struct bytes spki);
    void (*public_key_free)(void *key);
    void *(*private_key)(enum key_kind kind, struct bytes pkcs8);
    void (*private_key_free)(void *key);

    /* verify and sign take at most |lanes| items whose keys are of |kind|, none of them NULL, and set the
     * result of each; that of one does not depend on the others. */
    void (*verify)(enum key_kind kind, struct engine_verify *items, size_t n);
    void (*sign)(enum key_kind kind, struct engine_sign *items, size_t n);
};

extern const struct engine engine_boringssl, engine_aws_lc, engine_crypto_mb;

/* engine_of returns the engine |id|, or NULL if it is not built for this kind of machine. */
const struct engine *engine_of(enum engine_id id);

#endif
