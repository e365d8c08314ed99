/* SHA-3 and SHAKE, by AWS-LC: BoringSSL has them for itself only. */
#include <openssl/digest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <string.h>

#include "crypto/hashing_internal.h"

/* AWS-LC exports these, and declares them in no header that it installs. Its EVP interface allocates, which a
 * digest must not (hashing_internal.h). Known answers hold them at every start. */
uint8_t *SHA3_224(const uint8_t *data, size_t len, uint8_t *out);
uint8_t *SHA3_256(const uint8_t *data, size_t len, uint8_t *out);
uint8_t *SHA3_384(const uint8_t *data, size_t len, uint8_t *out);
uint8_t *SHA3_512(const uint8_t *data, size_t len, uint8_t *out);
uint8_t *SHAKE128(const uint8_t *data, size_t len, uint8_t *out, size_t out_len);
uint8_t *SHAKE256(const uint8_t *data, size_t len, uint8_t *out, size_t out_len);

#define AT_ONCE(name, function, ...)                                                                         \
    static void name(uint8_t *out, struct bytes data)                                                        \
    {                                                                                                        \
        function(data.data, data.len, out __VA_ARGS__);                                                      \
    }
AT_ONCE(sha3_224, SHA3_224)
AT_ONCE(sha3_256, SHA3_256)
AT_ONCE(sha3_384, SHA3_384)
AT_ONCE(sha3_512, SHA3_512)
/* RFC 9481 2.2: 256 bits of SHAKE128, and 512 of SHAKE256. */
AT_ONCE(shake128, SHAKE128, , 32)
AT_ONCE(shake256, SHAKE256, , 64)

static const struct {
    void (*at_once)(uint8_t *out, struct bytes data);
    const EVP_MD *(*in_pieces)(void);
    size_t len;
} functions[DIGEST_COUNT] = {
    [DIGEST_SHA3_224] = {sha3_224, EVP_sha3_224, 28}, [DIGEST_SHA3_256] = {sha3_256, EVP_sha3_256, 32},
    [DIGEST_SHA3_384] = {sha3_384, EVP_sha3_384, 48}, [DIGEST_SHA3_512] = {sha3_512, EVP_sha3_512, 64},
    [DIGEST_SHAKE128] = {shake128, EVP_shake128, 32}, [DIGEST_SHAKE256] = {shake256, EVP_shake256, 64},
};

#define THIS_HASHING hashing_aws_lc
#include "crypto/hashing_evp.inc"
