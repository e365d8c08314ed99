/* overdue.h: certificates of stations that should have been updated by now.
 *
 * A certificate is overdue from when so much of its validity is left as its profile says
 * (update.overdue_percent), unless another was issued in its place, it was revoked or is held, or its device
 * is blocked or removed. A walk looks as far ahead as the validity of today's profiles wants: what was issued
 * when it was longer is told by then, and not before. It is no longer told BOUND_OVERDUE_EXPIRED seconds
 * after its notAfter: then the station is gone, or got back in another way. */
#ifndef CMPD_UPKEEP_OVERDUE_H
#define CMPD_UPKEEP_OVERDUE_H

#include <stdatomic.h>

#include "server/base/bounds.h"
#include "server/policy/policy.h"
#include "server/upkeep/job.h"

/* struct overdue is one of them. */
struct overdue {
    const struct store_cert *cert;
    const struct store_device *device; /* NULL: it is of none that is known */
};

/* overdue_found is called for each, returns 0 when there was enough. */
typedef int overdue_found(void *arg, const struct overdue *found);

/* struct overdue_walk is where a walk over those of a CA stands. Beyond |config|, |ca| and |issuer| all zero
 * at first. */
struct overdue_walk {
    const struct config *config;
    const struct config_ca *ca;
    uint8_t issuer[STORE_ISSUER_ID];

    int64_t after; /* notAfter and serial of the last certificate that was looked at */
    uint8_t serial[STORE_SERIAL];
    size_t serial_len;
};

enum overdue_end { OVERDUE_MORE, OVERDUE_OVER, OVERDUE_UNAVAILABLE };

/* overdue_piece looks at the next STORE_OLD_MAX certificates that end, at |now| (Unix seconds). What it costs
 * depends on that alone. On OVERDUE_UNAVAILABLE the store did not answer, or there was no memory: the piece
 * is to be done again, and some may be told twice. Waits for the store. */
enum overdue_end overdue_piece(struct overdue_walk *walk, struct store *store, int64_t now,
                               overdue_found *found, void *arg);

/* struct overdue_count counts them, a piece each second, from time to time. All zero at first. */
struct overdue_count {
    struct overdue_walk walk;
    size_t ca;              /* its place in the configuration */
    int is_busy;            /* 1: a count goes on */
    int64_t began;          /* Unix seconds; 0: none yet */
    int64_t count, expired; /* of the count that goes on; |expired| are among them */
    int64_t next;           /* the notAfter of those that comes next, Unix seconds; 0: none is to come */
    int64_t told, told_at;  /* what the log told last, and when */

    /* Of the last count that was finished; any thread reads these. */
    atomic_llong counted, counted_expired, counted_at;
    atomic_int is_counted; /* 1: there was one */
};

/* overdue_run goes on at |now| (Unix seconds); logs the end of a count if it differs from the last, and once
 * a day if there are any. Waits for the store. */
void overdue_run(struct overdue_count *job, const struct policy *policy, struct store *store, int64_t now);

/* overdue_counted returns 1 and what was counted last, and when (Unix seconds), or 0 if nothing was yet. Any
 * thread. */
int overdue_counted(const struct overdue_count *job, int64_t *count, int64_t *expired, int64_t *at);

/* overdue_job does so each second (upkeep.c). */
extern const struct upkeep_job overdue_job;

#endif
