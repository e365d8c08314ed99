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

/* store_tell_unit and store_tell_fetch count the outcome of |entry|, a unit or a fetch, and call its |done|.
 */
void store_tell_unit(const struct queue_entry *entry);
void store_tell_fetch(const struct queue_entry *entry);

/* store_count_refused counts |n| units, or with |is_fetch| fetches, that found no room in a queue. */
void store_count_refused(size_t n, int is_fetch);

/* store_count_group counts a group of |units|, which was sent at |since_us| (metrics_now_us) and is committed
 * now. */
void store_count_group(size_t units, int64_t since_us);

#endif
