/* star.h: patterns with a star, "ENB-*.acme.example", as the configuration has them. */
#ifndef CMPD_BASE_STAR_H
#define CMPD_BASE_STAR_H

#include "bytes.h"

/* star_small returns |c| as a small letter if it is a capital of ASCII. */
uint8_t star_small(uint8_t c);

/* star_equal returns 1 if |text| is |pattern|, in which no star means anything. Capitals of ASCII are as
 * small letters. */
int star_equal(struct bytes text, const char *pattern);

/* star_of returns what of |text| stands at the one star of |pattern|, or an empty view: it does not look so,
 * or nothing stands there. Capitals likewise. */
struct bytes star_of(struct bytes text, const char *pattern);

#endif
