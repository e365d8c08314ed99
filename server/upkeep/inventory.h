/* inventory.h: how many certificates there are, by profile, status, and time until they end.
 *
 * One node at a time counts, the one with the lease, and it alone tells: what others had counted before would
 * be older than what it says. It goes through the certificates by the index of their serials, a piece after
 * the other, so no look at the store takes long, whatever their number; a count is as old as its round took.
 * A certificate counts as it is when its piece is read; most that are issued meanwhile are at the end, and
 * are counted. */
#ifndef CMPD_UPKEEP_INVENTORY_H
#define CMPD_UPKEEP_INVENTORY_H

#include <pthread.h>

#include "server/base/metrics.h"
#include "server/upkeep/job.h"

enum { INVENTORY_HOLDER = 16 };

/* In how long a certificate ends: in less than a day, in less than 7 days and not in one, and so on. */
enum inventory_end {
    INVENTORY_ENDED,
    INVENTORY_1_DAY,
    INVENTORY_7_DAYS,
    INVENTORY_30_DAYS,
    INVENTORY_90_DAYS,
    INVENTORY_LONGER,
    INVENTORY_ENDS
};

enum { INVENTORY_STATES = STORE_CERT_HOLD + 1 };

/* struct inventory_counts is a count. Profiles have their numbers among cmp_profile_names; one that the
 * configuration does not have, or no longer, is METRIC_NAME_OTHER. */
struct inventory_counts {
    int64_t at; /* Unix seconds: when its round began; what ends is counted by that */
    int64_t of[METRIC_NAMES_MAX][INVENTORY_STATES][INVENTORY_ENDS];
};

/* struct inventory is the counter: all zero and inventory_init at first. */
struct inventory {
    uint8_t holder[INVENTORY_HOLDER];       /* this process; zeros: it has not asked yet */
    int64_t asked;                          /* Unix seconds: for the lease; 0: not yet */
    int64_t began;                          /* Unix seconds: the last round; 0: there was none */
    char configuration[2 * STORE_HASH + 1]; /* policy_hash of the last round; another one begins anew */
    int is_busy;                            /* 1: a round goes on: … */
    size_t ca;                              /* … where it is, in the configuration … */
    uint8_t serial[STORE_SERIAL];           /* … and the last certificate that it has counted */
    size_t serial_len;
    struct inventory_counts counts; /* of this round */

    pthread_mutex_t lock; /* over what follows */
    int64_t held;         /* Unix seconds: when the store last gave this node the lease; 0: another has it */
    struct inventory_counts told; /* of the last round that came to its end; its |at| 0: there was none */
};

void inventory_init(struct inventory *inventory);
void inventory_cleanup(struct inventory *inventory);

/* inventory_run goes on at |now| (Unix seconds), if this node has the lease. Waits for the store. */
void inventory_run(struct inventory *inventory, const struct policy *policy, struct store *store,
                   int64_t now);

/* inventory_told returns 1 with a copy of the last count, or 0 if this node has none, or does not have the
 * lease at |now|. Any thread. */
int inventory_told(struct inventory *inventory, struct inventory_counts *out, int64_t now);

/* inventory_end gives the lease up, so that another node need not wait. */
void inventory_end(struct inventory *inventory, struct store *store);

/* inventory_job does so each second (upkeep.c). */
extern const struct upkeep_job inventory_job;

#endif
