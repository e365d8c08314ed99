/* hashing_internal.h: what a library computes of digests and of what is made of them. Plain C, like
 * engine_internal.h, and for the same reason: the headers of the libraries have the same names. */
#ifndef CMPD_CRYPTO_HASHING_INTERNAL_H
#define CMPD_CRYPTO_HASHING_INTERNAL_H

#include "crypto/kinds.h"
#include "server/base/bytes.h"

struct hashing {
    /* digest writes the digest of |data|, as long as the table of algorithms says, into |out|. It allocates
     * nothing and cannot fail: what is signed or compared must not depend on whether there is memory. */
    void (*digest)(uint8_t *out, enum digest_id id, struct bytes data);

    /* stretch writes the digest |id| of |secret| and |salt|, of that the digest, and so on, |iterations|
     * times (RFC 4211 4.4). 1, or 0 without memory. */
    int (*stretch)(uint8_t *out, enum digest_id id, struct bytes secret, struct bytes salt,
                   uint32_t iterations);

    /* pbkdf2 writes |len| octets, by HMAC with the digest |id| (RFC 8018 5.2). 1, or 0 without memory. */
    int (*pbkdf2)(uint8_t *out, size_t len, enum digest_id id, struct bytes secret, struct bytes salt,
                  uint32_t iterations);

    /* hmac writes the HMAC of |message| with the digest |id|, and returns its length; 0 without memory. */
    size_t (*hmac)(uint8_t *out, enum digest_id id, struct bytes key, struct bytes message);
};

/* BoringSSL's has SHA-1 and SHA-2, AWS-LC's SHA-3 and SHAKE. */
extern const struct hashing hashing_boringssl, hashing_aws_lc;

#endif
