/* hex_key.h: keys of 32 octets as files hold them, 64 hexadecimal digits and a newline: openssl rand -hex 32.
 */
#ifndef CMPD_CRYPTO_HEX_KEY_H
#define CMPD_CRYPTO_HEX_KEY_H

#include "server/base/bytes.h"

enum { HEX_KEY = 32, HMAC_SHA256 = 32 };

/* hex_key_read reads the text of such a file into |key|; its newline may be missing. 1, or 0 if it is none.
 */
int hex_key_read(uint8_t key[HEX_KEY], struct bytes text);

/* struct hmac_key is one that makes HMAC-SHA-256 (RFC 2104). */
struct hmac_key;

/* hmac_key_parse reads the text of such a file into memory of crypto/secret_memory.h. NULL if it is none, or
 * without memory. hmac_key_free wipes and frees it; NULL is allowed. */
struct hmac_key *hmac_key_parse(struct bytes text);
void hmac_key_free(struct hmac_key *key);

/* hmac_make writes the HMAC of |data|. 1, or 0 without memory. */
int hmac_make(uint8_t out[HMAC_SHA256], const struct hmac_key *key, struct bytes data);

#endif
