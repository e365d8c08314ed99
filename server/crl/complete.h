/* complete.h: the CRL of all certificates of a CA, and the one of what has changed since a former one (RFC
 * 5280 5.2.4, a delta). Both have one sequence of numbers; those of one moment have the same number (5.2.3).
 */
#ifndef CMPD_CRL_COMPLETE_H
#define CMPD_CRL_COMPLETE_H

#include "server/crl/revoked.h"
#include "server/crl/scope.h"

struct crl_complete {
    struct crl_scope full, delta;
};

/* crl_complete_since returns the position since which a list has to know changes one by one for the next
 * delta of |complete|; INT64_MAX: there is no base yet. */
int64_t crl_complete_since(const struct crl_complete *complete);

/* crl_complete_is_due returns 1 if it is time for the next one: on schedule, and when something was revoked
 * if |may_answer| is 1. */
int crl_complete_is_due(const struct crl_complete *complete, const struct revoked *list,
                        const struct crl_turn *turn, int may_answer);

/* crl_complete_make makes, stores and publishes the next delta, and a full one with it: while that is small
 * (crl.full_bytes), when it is time for it (crl.full_minutes, crl.every_hours), and when there is no base for
 * a delta. Waits for the store and for a key in a token. */
struct crl_attempt crl_complete_make(struct crl_complete *complete, struct revoked *list,
                                     const struct crl_turn *turn);

#endif
