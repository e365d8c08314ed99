/* parts.h: what was answered to several requests in one message (RFC 9810 5.3.4, 5.3.10). */
#ifndef CMPD_TESTS_SUPPORT_PARTS_H
#define CMPD_TESTS_SUPPORT_PARTS_H

#include "tests/support/world.h"

/* parts_read reads the body of |answer| into answer->parts if it has more than one response or status.
 * Returns 1 if it has. Fails the test if it is malformed. */
int parts_read(struct answer *answer);

/* parts_check holds each against what must hold of it: a certificate where one was granted, one reason and a
 * text where none was; and the whole is refused if all of them are. */
void parts_check(const struct answer *answer);

#endif
