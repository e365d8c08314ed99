/* internal.h: what the files of crypto/ share, and no one else may include. */
#ifndef CMPD_CRYPTO_INTERNAL_H
#define CMPD_CRYPTO_INTERNAL_H

#include <openssl/evp.h>

#include "crypto/key.h"

struct public_key {
    EVP_PKEY *pkey;
    enum key_kind kind;
    unsigned bits;
};

struct private_key {
    EVP_PKEY *pkey;
    enum key_kind kind;
    unsigned bits;
    uint8_t *spki;
    size_t spki_len;
};

/* evp_digest returns BoringSSL's digest for |id|, NULL for DIGEST_NONE. */
const EVP_MD *evp_digest(enum digest_id id);

#endif
