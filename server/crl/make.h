/* make.h: a CRL from the list of what is revoked (RFC 5280 section 5). */
#ifndef CMPD_CRL_MAKE_H
#define CMPD_CRL_MAKE_H

#include "server/cmp/cmp.h"
#include "server/crl/revoked.h"

struct crl_times {
    int64_t number;                   /* cRLNumber */
    int64_t this_update, next_update; /* Unix seconds */
};

/* crl_make makes the full CRL of |ca|, signed with its key: what |list| has as revoked or on hold, and what
 * has not expired before |times->this_update|, but for what was revoked after a former CRL (RFC 5280 3.3: a
 * certificate is listed once more after it has expired). Waits for a key in a token. Returns 1 with |der| to
 * be freed by crl_free, or 0 if there is no memory or the key does not sign. */
int crl_make(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
             const struct crl_times *times);

#endif
