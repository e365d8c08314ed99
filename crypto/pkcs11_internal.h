/* pkcs11_internal.h: what a module and a URI are. For crypto/pkcs11*.c only. */
#ifndef CMPD_CRYPTO_PKCS11_INTERNAL_H
#define CMPD_CRYPTO_PKCS11_INTERNAL_H

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdatomic.h>

#include "crypto/pkcs11.h"

enum { PKCS11_PIN_SALT = 32 };

struct pkcs11_uri {
    P11KitUri *uri;
    char *token;
};

struct pkcs11 {
    CK_FUNCTION_LIST *module;
    P11KitUri *token;
    atomic_ulong slot; /* where the token was found */
    char *pin_path;
    uint8_t salt[PKCS11_PIN_SALT]; /* random: a digest is told from no list */
    uint8_t refused[DIGEST_MAX];   /* digest of salt and the PIN that the token did not take … */
    size_t refused_len;            /* … if there was one */
};

#endif
