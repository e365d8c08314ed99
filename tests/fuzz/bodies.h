/* bodies.h: the table of what a script of fuzz_transaction may have sent: a row for each body. */
#ifndef CMPD_TESTS_FUZZ_BODIES_H
#define CMPD_TESTS_FUZZ_BODIES_H

#include "tests/fuzz/outcome.h"
#include "tests/fuzz/stage.h"

enum { BODIES = 16 }; /* a half of an octet */

/* Who it makes sense from, where that is no one session. */
enum { BY_ANYBODY = -1, BY_SIGNER = -2 };

struct body_row {
    int body; /* -1: any */
    /* build makes the message, as |session| would send it; |which| is of what. */
    struct bytes (*build)(struct session *session, int body, unsigned which);
    int by;           /* a session, or one of the above */
    enum state after; /* what it makes no sense without */
};

extern const struct body_row body_rows[BODIES];

/* body_row_of returns the row of |body|. */
const struct body_row *body_row_of(int body);

/* body_sender returns who sends the message of |row|, if |session| would: itself where it can. */
struct session *body_sender(struct session *session, const struct body_row *row);

/* bodies_of_all writes |first| (empty: none) and what the senders have sent last into |out|, or an ir where
 * there is nothing. Returns how many. */
size_t bodies_of_all(struct bytes out[SENDERS + 1], struct bytes first);

/* body_is_readable returns 1 if the header of |octets| can be read: then protection can be added. */
int body_is_readable(struct bytes octets);

#endif
