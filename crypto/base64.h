/* base64.h: base64 (RFC 4648 section 4). */
#ifndef CMPD_CRYPTO_BASE64_H
#define CMPD_CRYPTO_BASE64_H

#include "server/base/bytes.h"

/* base64_decode reads |text|, padded and without line breaks, into |out|, which has room for |max| octets, 3
 * for each 4 of |text|. Returns 1, or 0 if it is malformed or longer. */
int base64_decode(uint8_t *out, size_t *len, size_t max, struct bytes text);

/* base64_encode writes |data| into |out|, which has room for 4 octets for each 3 that are begun, and a NUL.
 */
void base64_encode(char *out, struct bytes data);

#endif
