/* base64.c: BoringSSL's base64. */
#include "crypto/base64.h"

#include <openssl/base64.h>

int base64_decode(uint8_t *out, size_t *len, size_t max, struct bytes text)
{
    return EVP_DecodeBase64(out, len, max, text.data, text.len);
}

void base64_encode(char *out, struct bytes data)
{
    EVP_EncodeBlock((uint8_t *)out, data.data, data.len);
}
