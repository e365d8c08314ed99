/* AES-GMAC, by the AES-GCM of BoringSSL. */
#include "crypto/gmac.h"

#include <openssl/aead.h>
#include <openssl/err.h>

static const EVP_AEAD *aead_for(size_t key_len)
{
    switch (key_len) {
    case 16:
        return EVP_aead_aes_128_gcm();
    case 24:
        return EVP_aead_aes_192_gcm();
    case 32:
        return EVP_aead_aes_256_gcm();
    default:
        return NULL;
    }
}

int gmac(uint8_t out[GMAC_MAC], struct bytes key, struct bytes nonce, struct bytes message)
{
    const EVP_AEAD *aead = aead_for(key.len);
    EVP_AEAD_CTX ctx;
    size_t len = 0;
    int ok;

    EVP_AEAD_CTX_zero(&ctx);
    ok = aead != NULL && EVP_AEAD_CTX_init(&ctx, aead, key.data, key.len, GMAC_MAC, NULL) &&
         EVP_AEAD_CTX_seal(&ctx, out, &len, GMAC_MAC, nonce.data, nonce.len, NULL, 0, message.data,
                           message.len) &&
         len == GMAC_MAC;
    EVP_AEAD_CTX_cleanup(&ctx);
    if (!ok)
        ERR_clear_error();
    return ok;
}
