/* Keys from files of hexadecimal digits, and HMAC-SHA-256 by them. */
#include "crypto/hex_key.h"

#include <openssl/hmac.h>

#include "crypto/random.h"
#include "crypto/secret_memory.h"

enum { HEX_DIGITS = 2 * HEX_KEY };

struct hmac_key {
    uint8_t octets[HEX_KEY];
};

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_key_read(uint8_t key[HEX_KEY], struct bytes text)
{
    if (text.len == HEX_DIGITS + 1 && text.data[HEX_DIGITS] == '\n')
        text.len--;
    if (text.len != HEX_DIGITS)
        return 0;
    for (size_t i = 0; i < HEX_KEY; i++) {
        int high = hex_digit(text.data[2 * i]), low = hex_digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return 1;
}

struct hmac_key *hmac_key_parse(struct bytes text)
{
    struct hmac_key *key = secret_alloc(sizeof *key);

    if (key == NULL || hex_key_read(key->octets, text))
        return key;
    hmac_key_free(key);
    return NULL;
}

void hmac_key_free(struct hmac_key *key)
{
    if (key != NULL)
        secret_free(key);
}

int hmac_make(uint8_t out[HMAC_SHA256], const struct hmac_key *key, struct bytes data)
{
    unsigned len;
    int ok;

    secret_memory_begin();
    ok = HMAC(EVP_sha256(), key->octets, HEX_KEY, data.data, data.len, out, &len) != NULL;
    secret_memory_end();
    return ok;
}
