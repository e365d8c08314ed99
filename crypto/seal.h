/* seal.h: secrets at rest. A sealed box is nonce || AES-256-GCM(ciphertext, tag), bound to a context, under a
 * key that a 0600 file holds; the key's id goes into the row beside it. */
#ifndef CMPD_CRYPTO_SEAL_H
#define CMPD_CRYPTO_SEAL_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

enum { SEAL_KEY = 32, SEAL_KEY_ID = 8, SEAL_OVERHEAD = 12 + 16 };

struct seal_key;

/* seal_key_new makes a key from SEAL_KEY octets. NULL without memory. Its id is the start of their SHA-256.
 */
struct seal_key *seal_key_new(const uint8_t key[SEAL_KEY]);

/* seal_key_parse reads the text of a key file: 64 hexadecimal digits and a newline. NULL if it is none. */
struct seal_key *seal_key_parse(struct bytes text);

/* seal_key_free wipes and frees |key|. NULL is allowed. */
void seal_key_free(struct seal_key *key);

/* seal_key_id returns the id of |key|, SEAL_KEY_ID octets that live as long as it. */
struct bytes seal_key_id(const struct seal_key *key);

/* seal_key_places writes a key for keyed_hash (random.h) that all who have |key| have in common, and nobody
 * else: by HMAC-SHA-256 over a label. It tells nothing of |key|. */
void seal_key_places(const struct seal_key *key, uint64_t out[2]);

/* seal puts |plain| into a box bound to |context| (what the row is about: it opens nowhere else). 1 or 0. */
int seal(struct bytes *box, struct arena *arena, const struct seal_key *key, struct bytes plain,
         struct bytes context);

/* unseal opens |box| into |plain|, which has room for box.len octets, of secret_alloc
 * (crypto/secret_memory.h). Returns 1 with |*len|, or 0 if key, context or box do not belong together. */
int unseal(uint8_t *plain, size_t *len, const struct seal_key *key, struct bytes box, struct bytes context);

#endif
