/* scalar.h: numbers below the group order of a curve, big-endian, for engines that leave them to the caller:
 * digests, r and s of signatures, and the secret number k. */
#ifndef CMPD_CRYPTO_SCALAR_H
#define CMPD_CRYPTO_SCALAR_H

#include "crypto/kinds.h"
#include "server/base/bytes.h"

enum { SCALAR_MAX = 48 }; /* octets of a number below the largest group order here, that of P-384 */

/* scalar_len returns the octets of a number below the group order of |kind|; 0 for kinds other than
 * KEY_P256 and KEY_P384. */
size_t scalar_len(enum key_kind kind);

/* scalar_reduce writes |digest| as a number below the group order of |kind| (bits2octets, RFC 6979 2.3.4)
 * into |out| (scalar_len octets). */
void scalar_reduce(uint8_t *out, enum key_kind kind, struct bytes digest);

/* scalar_is_usable returns 1 if |octets| (scalar_len of them) are a number from 1 to the group order less 1,
 * in time that does not depend on it. */
int scalar_is_usable(const uint8_t *octets, enum key_kind kind);

/* scalar_nonce writes k into |out| (scalar_len octets): RFC 6979 3.2 from the private key |x| and the
 * reduced digest |h1| (both scalar_len octets), with |extra| as additional data (section 3.6). With fresh
 * random octets there k is as good as they are, and should they ever repeat, it still differs whenever key or
 * message do. |out| is the caller's to wipe. Returns 1, or 0 without memory or for
 * another kind. */
int scalar_nonce(uint8_t *out, enum key_kind kind, const uint8_t *x, const uint8_t *h1, struct bytes extra);

#endif
