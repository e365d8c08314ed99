/* batch.h: many verifications, many signatures, each with its own verdict. Callers know no engine
 * (crypto/engine.h). */
#ifndef CMPD_CRYPTO_BATCH_H
#define CMPD_CRYPTO_BATCH_H

#include "crypto/key.h"

struct verification {
    const struct signature_algorithm *algorithm;
    const struct public_key
        *key; /* NULL gives a negative verdict: an unusable key needs no case of its own */
    struct bytes message;
    struct bytes signature;
    int valid;     /* the verdict: 1 or 0 */
    int undecided; /* 1: it is 0 because memory was short */
};

/* verify_batch sets the verdict of each of |n| items. An algorithm that does not fit its key gives 0. The
 * more items of a kind of key there are, the less each costs. */
void verify_batch(struct verification *const *items, size_t n);

struct signing {
    const struct signature_algorithm *algorithm;
    const struct private_key *key;
    struct bytes message;
    uint8_t *signature;   /* room for private_key_signature_max(key) octets */
    size_t signature_len; /* octets written; 0: the key could not sign */
};

/* sign_batch signs each of |n| items. It waits for a key that signs elsewhere (private_key_is_remote): who
 * must not wait takes sign_elsewhere (crypto/remote.h) for those. */
void sign_batch(struct signing *const *items, size_t n);

/* verify_signature returns 1 if |signature| over |message| is of the key |spki| (SubjectPublicKeyInfo): for
 * what is asked now and then. NULL for |algorithm|, or a key that is not supported, gives 0. */
int verify_signature(struct bytes spki, const struct signature_algorithm *algorithm, struct bytes message,
                     struct bytes signature);

/* verify_batch_with and sign_batch_with do the same with one engine, whatever the routes say: for measuring
 * and for tests. The engine's forms of the keys are added to them where they are missing, so not for keys
 * that other threads use. An item whose key |id| does not compute with gets the negative result. */
void verify_batch_with(enum engine_id id, struct verification *const *items, size_t n);
void sign_batch_with(enum engine_id id, struct signing *const *items, size_t n);

#endif
