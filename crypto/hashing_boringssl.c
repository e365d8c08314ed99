/* SHA-1 and SHA-2, by BoringSSL. */
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>
#include <string.h>

#include "crypto/hashing_internal.h"

#define AT_ONCE(name, function)                                                                              \
    static void name(uint8_t *out, struct bytes data)                                                        \
    {                                                                                                        \
        function(data.data, data.len, out);                                                                  \
    }
AT_ONCE(sha1, SHA1)
AT_ONCE(sha224, SHA224)
AT_ONCE(sha256, SHA256)
AT_ONCE(sha384, SHA384)
AT_ONCE(sha512, SHA512)

static const struct {
    void (*at_once)(uint8_t *out, struct bytes data);
    const EVP_MD *(*in_pieces)(void);
    size_t len;
} functions[DIGEST_COUNT] = {
    [DIGEST_SHA1] = {sha1, EVP_sha1, 20},       [DIGEST_SHA224] = {sha224, EVP_sha224, 28},
    [DIGEST_SHA256] = {sha256, EVP_sha256, 32}, [DIGEST_SHA384] = {sha384, EVP_sha384, 48},
    [DIGEST_SHA512] = {sha512, EVP_sha512, 64},
};

#define THIS_HASHING hashing_boringssl
#include "crypto/hashing_evp.inc"
