/* name_patterns.h: names that have to look like one of a list: what somebody may ask for who enrolls for
 * others. */
#ifndef CMPD_CRYPTO_NAME_PATTERNS_H
#define CMPD_CRYPTO_NAME_PATTERNS_H

#include "crypto/der.h"

/* name_pattern_is_good returns 1 if |pattern| is one: "ATTRIBUTE=VALUE" of a subject, by a short name as
 * name_text writes it, or "DNS:VALUE", "URI:VALUE", "email:VALUE", "IP:VALUE" of a subjectAltName. A VALUE
 * has one star, or none. */
int name_pattern_is_good(const char *pattern);

/* name_patterns_stranger returns the first name that looks like none of the |count| |patterns|, as a text in
 * |arena|: of the attributes of the DER name |subject| and the GeneralNames |san|, either of which may be
 * empty. NULL: each looks like one. What is malformed, or of no form that patterns have, looks like none.
 *
 * Capitals of ASCII are as small letters, but in URIs. A star stands for one character or more. None of them
 * is a star, so that nobody gets a wildcard; nor, unless the pattern ends there, one of "/", "?", "#", "@"
 * and ":", so that what stands behind the star is of the host, or of the mailbox's domain. */
const char *name_patterns_stranger(struct arena *arena, const char *const *patterns, size_t count,
                                   struct bytes subject, struct bytes san);

#endif
