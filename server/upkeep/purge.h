/* purge.h: removes what the retention of the profiles, and of OCSP responders, lets go, a piece at a time.
 *
 * A piece looks at STORE_OLD_MAX rows, which it finds by their keys, and removes those of them that may go: a
 * commit for each profile, with the record of it in the audit log. Certificates go with their transactions,
 * keys and revocations; a transaction that awaits certConf stays, and so does its certificate. What belongs
 * to no profile of the configuration stays, too. Several nodes may do this at once: what another one was
 * faster with is left to it. */
#ifndef CMPD_UPKEEP_PURGE_H
#define CMPD_UPKEEP_PURGE_H

#include "server/base/bounds.h"
#include "server/policy/policy.h"
#include "server/upkeep/job.h"

/* struct purge is where a pass over the store stands. All zero at first. */
struct purge {
    const char *who;              /* for the audit log; NULL: cmpd */
    size_t step;                  /* of what a pass consists of: certificates and transactions of each CA */
    uint8_t after[STORE_PART_ID]; /* key of the last row that was looked at */
    size_t after_len;
    uint64_t certificates, transactions; /* that were removed by themselves */
    int64_t did, began;                  /* the last piece, the first of this pass; Unix seconds; 0: none */
    int is_over;                         /* 1: nothing is left of this pass */
    int is_busy;                         /* 1: there was more to remove than could be done in one go */
};

enum purge_end { PURGE_MORE, PURGE_OVER, PURGE_UNAVAILABLE };

/* purge_piece does the next piece of a pass at |now| (Unix seconds). PURGE_OVER: there is none. On
 * PURGE_UNAVAILABLE the store did not answer, and the piece is to be done again. Waits for the store. */
enum purge_end purge_piece(struct purge *job, const struct policy *policy, struct store *store, int64_t now);

/* purge_run does a piece if it is time for one, and goes on while there is much to remove (BOUND_PURGE_…): of
 * nodes that do so at once, the one that is first with a piece stays ahead, and the others wait. For a node,
 * every second. */
void purge_run(struct purge *job, const struct policy *policy, struct store *store, int64_t now);

/* purge_job does so each second (upkeep.c). */
extern const struct upkeep_job purge_job;

#endif
