/* batch.h: many verifications, many signatures, each with its own verdict. Callers know no engine. */
#ifndef CMPD_CRYPTO_BATCH_H
#define CMPD_CRYPTO_BATCH_H

#include "crypto/key.h"

enum { SIGNATURE_MAX = 1024 }; /* octets of the longest signature: RSA with 8192 bits */

struct verification {
    const struct signature_algorithm *algorithm;
    const struct public_key
        *key; /* NULL gives a negative verdict: an unusable key needs no case of its own */
    struct bytes message;
    struct bytes signature;
    int valid; /* the verdict: 1 or 0 */
};

/* verify_batch sets the verdict of each of |n| items. An algorithm that does not fit its key gives 0. */
void verify_batch(struct verification *const *items, size_t n);

struct signing {
    const struct signature_algorithm *algorithm;
    const struct private_key *key;
    struct bytes message;
    uint8_t *signature;   /* room for SIGNATURE_MAX octets */
    size_t signature_len; /* octets written; 0: the key could not sign */
};

/* sign_batch signs each of |n| items. */
void sign_batch(struct signing *const *items, size_t n);

#endif
