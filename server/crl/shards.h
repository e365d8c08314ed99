/* shards.h: CRLs of parts of a CA's certificates. A certificate's shard is chosen when it is issued, and its
 * distribution point names the CRL of that shard (RFC 5280 4.2.1.13, 5.2.5). */
#ifndef CMPD_CRL_SHARDS_H
#define CMPD_CRL_SHARDS_H

#include "server/crl/revoked.h"
#include "server/crl/scope.h"

/* struct crl_shards is all of one CA. All zero at first. */
struct crl_shards {
    struct crl_scope *of; /* the first is that of shard 1 */
    unsigned count;
    int told_urls; /* 1: the log says that there are too many URLs */
};

void crl_shards_free(struct crl_shards *shards);

/* crl_shards_grow makes room for shard |shard|, at most BOUND_CRL_SHARDS. Returns 1, or 0 without memory. */
int crl_shards_grow(struct crl_shards *shards, unsigned shard);

/* crl_shards_note says in the store what certificates of |turn->ca| say from now on of where their CRL is:
 * |url|, with ${shard} in it. Returns 1, or 0 if the store does not answer. Waits for it. */
int crl_shards_note(const struct crl_turn *turn, struct bytes url);

/* crl_shards_make makes, stores and publishes the CRLs for which it is time: on schedule, when one of the
 * shard was revoked if |may_answer| is 1, and when certificates say something new of where it is. |*made| is
 * how many. Waits for the store and for a key in a token. */
struct crl_attempt crl_shards_make(struct crl_shards *shards, const struct revoked *list,
                                   const struct crl_turn *turn, int may_answer, unsigned *made);

#endif
