/* make.h: CRLs from the list of what is revoked (RFC 5280 section 5). All wait for a key in a token, return 1
 * with |der| to be freed by free, or 0 if there is no memory or the key does not sign. */
#ifndef CMPD_CRL_MAKE_H
#define CMPD_CRL_MAKE_H

#include "server/cmp/cmp.h"
#include "server/crl/revoked.h"

struct crl_times {
    int64_t number;                   /* cRLNumber */
    int64_t this_update, next_update; /* Unix seconds */
    int keeps_expired;                /* 1: certificates that have expired stay listed */
};

/* crl_make_full makes the CRL of all certificates of |ca|: what |list| has as revoked or on hold, and what
 * has not expired before |times->this_update|, but for what was revoked after a former CRL (RFC 5280 3.3: a
 * certificate is listed once more after it has expired). */
int crl_make_full(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
                  const struct crl_times *times);

/* crl_make_delta makes the one of what has changed since |list->since|, which is what the full CRL with
 * |base_number| knew (RFC 5280 5.2.4). What was released says removeFromCRL. */
int crl_make_delta(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
                   const struct crl_times *times, int64_t base_number);

/* crl_make_shard makes the one of the certificates of |shard|, as crl_make_full. |issuing_point| is by
 * crl_write_point. */
int crl_make_shard(struct bytes *der, const struct cmp_authority *ca, const struct revoked *list,
                   const struct crl_times *times, unsigned shard, struct bytes issuing_point);

#endif
