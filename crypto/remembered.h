/* remembered.h: signatures that were verified before. A bounded set that forgets: whatever it says is in it
 * is; what is not may have been. Any number of threads use it at once, without a lock. */
#ifndef CMPD_CRYPTO_REMEMBERED_H
#define CMPD_CRYPTO_REMEMBERED_H

#include "crypto/batch.h"

enum { REMEMBERED_WORDS = 4 };

/* struct fingerprint stands for one signature by one key over one message. */
struct fingerprint {
    uint64_t words[REMEMBERED_WORDS];
};

struct remembered;

/* remembered_new returns an empty set, or NULL without memory. remembered_free takes NULL, too. */
struct remembered *remembered_new(void);
void remembered_free(struct remembered *set);

/* remembered_fingerprint is that of |item|, whose key's SubjectPublicKeyInfo is |spki|: a digest that begins
 * with a secret of the set, so that nobody outside can look for two that are alike. */
struct fingerprint remembered_fingerprint(const struct remembered *set, const struct verification *item,
                                          struct bytes spki);

/* remembered_has returns 1 if |fingerprint| was added and is not forgotten. */
int remembered_has(const struct remembered *set, const struct fingerprint *fingerprint);

/* remembered_add adds |fingerprint|; what had its place is forgotten. Only for signatures that were verified.
 */
void remembered_add(struct remembered *set, const struct fingerprint *fingerprint);

#endif
