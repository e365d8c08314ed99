/* Boxes for secrets at rest: the key read first, then seal and unseal by AES-256-GCM. */
#include "crypto/seal.h"

#include <openssl/aead.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "crypto/hex_key.h"
#include "crypto/random.h"
#include "crypto/secret_memory.h"

enum { NONCE = 12, TAG = 16 };

struct seal_key {
    EVP_AEAD_CTX *ctx;
    uint8_t id[SHA256_DIGEST_LENGTH], places[SHA256_DIGEST_LENGTH];
};

struct seal_key *seal_key_new(const uint8_t key[SEAL_KEY])
{
    static const uint8_t label[] = "places of a ledger";
    struct seal_key *out = calloc(1, sizeof *out);
    unsigned len;
    int ok = 0;

    secret_memory_begin();
    if (out != NULL) {
        out->ctx = EVP_AEAD_CTX_new(EVP_aead_aes_256_gcm(), key, SEAL_KEY, TAG);
        ok = out->ctx != NULL &&
             HMAC(EVP_sha256(), key, SEAL_KEY, label, sizeof label - 1, out->places, &len) != NULL;
    }
    secret_memory_end();
    if (!ok) {
        seal_key_free(out);
        return NULL;
    }
    SHA256(key, SEAL_KEY, out->id);
    return out;
}

struct seal_key *seal_key_parse(struct bytes text)
{
    uint8_t key[SEAL_KEY];
    struct seal_key *out;

    if (!hex_key_read(key, text))
        return NULL;
    out = seal_key_new(key);
    secret_wipe(key, sizeof key);
    return out;
}

void seal_key_free(struct seal_key *key)
{
    if (key != NULL) {
        EVP_AEAD_CTX_free(key->ctx);
        free(key);
    }
}

struct bytes seal_key_id(const struct seal_key *key)
{
    return bytes_of(key->id, SEAL_KEY_ID);
}

void seal_key_places(const struct seal_key *key, uint64_t out[2])
{
    memcpy(out, key->places, 2 * sizeof *out);
}

int seal(struct bytes *box, struct arena *arena, const struct seal_key *key, struct bytes plain,
         struct bytes context)
{
    size_t room = NONCE + plain.len + TAG, len;
    uint8_t *out = arena_alloc(arena, room);

    if (out == NULL)
        return 0;
    random_bytes(out, NONCE);
    if (!EVP_AEAD_CTX_seal(key->ctx, out + NONCE, &len, room - NONCE, out, NONCE, plain.data, plain.len,
                           context.data, context.len))
        return 0;
    *box = bytes_of(out, NONCE + len);
    return 1;
}

int unseal(uint8_t *plain, size_t *len, const struct seal_key *key, struct bytes box, struct bytes context)
{
    if (box.len >= SEAL_OVERHEAD &&
        EVP_AEAD_CTX_open(key->ctx, plain, len, box.len, box.data, NONCE, box.data + NONCE, box.len - NONCE,
                          context.data, context.len))
        return 1;
    ERR_clear_error();
    return 0;
}
