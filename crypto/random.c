/* Unpredictable octets by BoringSSL; comparing and wiping of secrets. */
#include "crypto/random.h"

#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/siphash.h>

void random_bytes(uint8_t *out, size_t len)
{
    RAND_bytes(out, len);
}

int secret_equal(const uint8_t *a, const uint8_t *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

uint64_t keyed_hash(const uint64_t key[2], struct bytes data)
{
    return SIPHASH_24(key, data.data, data.len);
}

void secret_wipe(void *data, size_t len)
{
    OPENSSL_cleanse(data, len);
}
