/* random.h: unpredictable octets, from BoringSSL's generator. */
#ifndef CMPD_CRYPTO_RANDOM_H
#define CMPD_CRYPTO_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "server/base/bytes.h"

/* random_bytes fills |out| with |len| fresh uniform octets. It cannot fail: without entropy the process ends.
 */
void random_bytes(uint8_t *out, size_t len);

/* secret_equal returns 1 if |len| octets are the same, in time that does not depend on where they differ. */
int secret_equal(const uint8_t *a, const uint8_t *b, size_t len);

/* keyed_hash returns a number for |data| that nobody can predict, or make equal for two inputs, who does not
 * know |key| (random octets): SipHash-2-4. For tables that strangers fill. */
uint64_t keyed_hash(const uint64_t key[2], struct bytes data);

/* secret_wipe overwrites |len| octets in a way that is not optimised away. */
void secret_wipe(void *data, size_t len);

#endif
