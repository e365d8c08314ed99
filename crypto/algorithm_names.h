/* algorithm_names.h: all algorithms of protection that a policy may name, with a number each: signature
 * algorithms, and what MACs are made of. SHA-1 has none: it is for tolerances. */
#ifndef CMPD_CRYPTO_ALGORITHM_NAMES_H
#define CMPD_CRYPTO_ALGORITHM_NAMES_H

#include "crypto/mac.h"

enum { ALGORITHM_NAMES_MAX = 64 };

enum algorithm_use { ALGORITHM_SIGNS, ALGORITHM_MACS };

/* algorithm_name returns the name of |number|, or NULL after the last. */
const char *algorithm_name(size_t number);

/* algorithm_numbered returns the number of |name| (|len| octets), or ALGORITHM_NAMES_MAX. */
size_t algorithm_numbered(const char *name, size_t len);

/* algorithm_strength returns the bits of security of |number|; 0: a scheme's are its parts'. */
unsigned algorithm_strength(size_t number);

/* algorithms_for returns all for |use|, a bit (1 << number) each. */
uint64_t algorithms_for(enum algorithm_use use);

/* algorithms_by_choice returns those that no policy has unless it names them. */
uint64_t algorithms_by_choice(void);

/* algorithms_of_signature and algorithms_of_mac return what |algorithm| is made of; 0: of SHA-1 alone. */
uint64_t algorithms_of_signature(const struct signature_algorithm *algorithm);
uint64_t algorithms_of_mac(const struct mac_algorithm *algorithm);

enum { ALGORITHM_LIST_MAX = 768 };

/* algorithms_list writes the names of |bits| with |between| between them into |out|, the first |most| of
 * them. Returns |out|, or NULL if there are none. */
const char *algorithms_list(char out[ALGORITHM_LIST_MAX], uint64_t bits, const char *between, size_t most);

#endif
