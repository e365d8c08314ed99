/* announce.h: what the CAs announce by themselves: revocations, CRLs, other roots, each to the URLs that the
 * configuration names (RFC 9811 3.5).
 *
 * One node does so for all, by a lease in the store. How far each kind has got at each URL is a row there
 * (struct store_delivery), written after the delivery: what was under way when a process ended is delivered
 * once more. What waits to be delivered is in no queue: revocations are read from their list, from a position
 * on, and of CRLs and roots the newest alone is announced. */
#ifndef CMPD_UPKEEP_ANNOUNCE_H
#define CMPD_UPKEEP_ANNOUNCE_H

#include "server/fetch/fetch.h"
#include "server/pki/announcement.h"
#include "server/policy/policy.h"
#include "server/upkeep/job.h"

enum { ANNOUNCE_HOLDER = 16 };

/* struct announce_stream is what is announced of one kind by one CA at one URL. */
struct announce_stream {
    uint8_t issuer[STORE_ISSUER_ID];
    enum pki_announcement kind;
    char *url;                      /* malloc'ed */
    const struct cmp_authority *ca; /* of the policy of this turn; NULL: the configuration has it no longer */

    int is_read;               /* 1: |row| is what the store has, or will have */
    struct store_delivery row; /* its octets are |url|, and those below */
    uint8_t key[STORE_HASH], done[STORE_HASH];

    unsigned failures;       /* one after the other */
    int64_t due;             /* Unix seconds: until then nobody tries */
    char why[FETCH_WHY_MAX]; /* of the last failure, as the log says */
};

/* struct announcer is a node's part in it; all zero at first. It belongs to one thread. */
struct announcer {
    uint8_t holder[ANNOUNCE_HOLDER]; /* this process; zeros: it has not asked yet */
    int leads;                       /* 1: it has the lease */
    int64_t asked;                   /* Unix seconds: when it asked for it last; 0: never */
    struct announce_stream *of;      /* malloc'ed */
    size_t count, next;              /* next: from where the next turn goes on */
};

/* announce_run pushes what is due by |turn|, for BOUND_ANNOUNCE_AT_ONCE_MS or a delivery more. Waits for the
 * store, the servers, and keys in tokens. */
void announce_run(struct announcer *announcer, const struct upkeep_turn *turn);

/* announce_end gives the lease up, and frees what |announcer| holds. |store| NULL: it has none. */
void announce_end(struct announcer *announcer, struct store *store);

/* announce_job does so each second (upkeep.c). */
extern const struct upkeep_job announce_job;

#endif
