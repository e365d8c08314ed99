/* metrics.h: what the store counts (server/base/metrics.h). For whoever lists metrics, and for storage/. */
#ifndef CMPD_STORAGE_METRICS_H
#define CMPD_STORAGE_METRICS_H

#include "server/base/metrics.h"
#include "storage/queue.h"

extern struct metric store_units;       /* by outcome */
extern struct metric store_conflicts;   /* by precondition */
extern struct metric store_fetches;     /* by outcome */
extern struct metric store_group_units; /* units that were committed together */
extern struct metric store_group_time;  /* how long their commit took */
extern struct metric store_batch_time;  /* how long look-ups that were asked together took */
extern struct metric store_connects;    /* by event */
extern struct metric store_faults;
extern struct metric store_fault_at; /* when the last of them was */

/* store_tell_unit and store_tell_fetch count the outcome of |entry|, a unit or a fetch, and call its |done|.
 */
void store_tell_unit(const struct queue_entry *entry);
void store_tell_fetch(const struct queue_entry *entry);

/* store_count_refused counts |n| units, or with |is_fetch| fetches, that found no room in a queue. */
void store_count_refused(size_t n, int is_fetch);

/* store_count_group counts a group of |units|, which was sent at |since_us| (metrics_now_us) and is committed
 * now. */
void store_count_group(size_t units, int64_t since_us);

/* store_count_batch counts look-ups that were asked together at |since_us|, and are answered now. */
void store_count_batch(int64_t since_us);

/* What becomes of connections to a database. */
enum store_connect {
    STORE_CONNECT_MADE,
    STORE_CONNECT_FAILED,
    STORE_CONNECT_LOST,
    STORE_CONNECT_MOVED, /* one was made to another server than the one before */
    STORE_CONNECTS
};

/* store_count_connect counts one of those. store_count_fault counts an error of the store, an attempt to
 * connect that failed, or a connection that was lost. */
void store_count_connect(enum store_connect event);
void store_count_fault(void);

#endif
