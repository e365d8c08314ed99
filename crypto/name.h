/* name.h: distinguished names, between DER and what a person reads. */
#ifndef CMPD_CRYPTO_NAME_H
#define CMPD_CRYPTO_NAME_H

#include "crypto/der.h"

enum { NAME_TEXT_MAX = 512 };

/* name_text writes the DER name |name| in the form of RFC 4514 (last RDN first), UTF-8, control characters
 * and what is not UTF-8 escaped as \XX, cut to fit; "" for the empty name. Returns |out|. */
const char *name_text(char *out, size_t out_len, struct bytes name);

/* name_is_valid returns 1 if |name| is a well-formed Name within BOUND_SUBJECT octets. */
int name_is_valid(struct bytes name);

/* name_is_empty returns 1 if |name| is the NULL-DN, an empty SEQUENCE. */
int name_is_empty(struct bytes name);

/* name_build writes a name of UTF8String attributes from pairs of short names and values ("CN", "gnb-1", …),
 * most significant first, NULL-terminated. Known: CN, O, OU, C, serialNumber. Returns 1 or 0. */
int name_build(struct bytes *out, struct arena *arena, const char *const *pairs);

/* name_common_name returns the value of the last commonName in |name|, or an empty view. */
struct bytes name_common_name(struct bytes name);

#endif
