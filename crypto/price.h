/* price.h: what verifications cost with the engines that this process uses. */
#ifndef CMPD_CRYPTO_PRICE_H
#define CMPD_CRYPTO_PRICE_H

#include "crypto/algorithms.h"

/* key_verify_us prices one verification by a key of |kind|, in microseconds, with the engines that this
 * process uses and, where one takes several at once, its lanes full; of RSA, for 2048 bits. */
unsigned key_verify_us(enum key_kind kind);

/* signature_verify_us prices one verification where the key is not known yet: by the dearest kind of key that
 * goes with |algorithm| and its digest. */
unsigned signature_verify_us(const struct signature_algorithm *algorithm);

#endif
