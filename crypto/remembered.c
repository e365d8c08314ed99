/* A bounded set of signatures that were verified before, without a lock: each place is written whole or not
 * believed. */
#include "crypto/remembered.h"

#include <openssl/sha.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/random.h"

enum { SLOTS = 256, SECRET = 32 };

/* A slot is read and written word by word: a reader may see words of two fingerprints, which then are those
 * of a third only if that shares words with both, and fingerprints are digests. */
struct slot {
    _Atomic uint64_t words[REMEMBERED_WORDS];
};

struct remembered {
    uint8_t secret[SECRET];
    struct slot slots[SLOTS];
};

struct remembered *remembered_new(void)
{
    struct remembered *set = calloc(1, sizeof *set);

    if (set != NULL)
        random_bytes(set->secret, sizeof set->secret);
    return set;
}

void remembered_free(struct remembered *set)
{
    free(set);
}

static void hash_part(SHA256_CTX *sha, struct bytes part)
{
    uint64_t len = part.len;

    /* Lengths keep the parts apart. */
    SHA256_Update(sha, &len, sizeof len);
    SHA256_Update(sha, part.data, part.len);
}

struct fingerprint remembered_fingerprint(const struct remembered *set, const struct verification *item,
                                          struct bytes spki)
{
    struct fingerprint fingerprint;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX sha;

    _Static_assert(sizeof fingerprint == sizeof digest, "all of the digest");
    SHA256_Init(&sha);
    SHA256_Update(&sha, set->secret, sizeof set->secret);
    hash_part(&sha, item->algorithm->encoded);
    hash_part(&sha, spki);
    hash_part(&sha, item->message);
    hash_part(&sha, item->signature);
    SHA256_Final(digest, &sha);
    memcpy(&fingerprint, digest, sizeof fingerprint);
    return fingerprint;
}

int remembered_has(const struct remembered *set, const struct fingerprint *fingerprint)
{
    const struct slot *slot = &set->slots[fingerprint->words[0] % SLOTS];

    for (int i = 0; i < REMEMBERED_WORDS; i++)
        if (atomic_load_explicit(&slot->words[i], memory_order_relaxed) != fingerprint->words[i])
            return 0;
    return 1;
}

void remembered_add(struct remembered *set, const struct fingerprint *fingerprint)
{
    struct slot *slot = &set->slots[fingerprint->words[0] % SLOTS];

    for (int i = 0; i < REMEMBERED_WORDS; i++)
        atomic_store_explicit(&slot->words[i], fingerprint->words[i], memory_order_relaxed);
}
