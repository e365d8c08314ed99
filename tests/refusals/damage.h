/* damage.h: a language of one line in which a table says how a good message is changed. */
#ifndef CMPD_TESTS_REFUSALS_DAMAGE_H
#define CMPD_TESTS_REFUSALS_DAMAGE_H

#include "tests/support/world.h"

/* damage changes |good|, a message of |client|, as |edits| say, and returns the octets.
 *
 * Edits are divided by semicolons: a path, an operator, and for some operators a value in the language of
 * tests/support/der_text.h, in which $ stands for |with|.
 *
 *     path = value    the element becomes the value        path < value    the value is put before it
 *     path -          is taken out                         path > value    the value is put after it
 *     path *          stands twice                         path + value    the value is its last child
 *     path !          its last octet has a bit changed     path ~          is left empty
 *     path x          its last octet is taken out
 *     path %          its length is longer than it need be path ^          its length is indefinite
 *
 * A path is as in tests/support/der_tree.h, and may begin with a word: message, header, body, content (of the
 * body), the name of a header field, certReqMsg, certReq, certTemplate, popo, protection, extraCerts.
 *
 * Bars divide what is done before the proof of possession is made anew, what is done between that and the
 * protection made anew, and what is done to the finished message. */
struct bytes damage(struct client *client, struct bytes good, const char *edits, struct bytes with);

#endif
