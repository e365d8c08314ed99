/* ledger.h: what is known of each source: how much it has in hand, what it did lately, whether it ever proved
 * who it is.
 *
 * A source is a number: a keyed hash, made by who knows what it stands for, so that nobody outside can choose
 * which sources share a place. The table has a fixed size. A source that is pinned (by a connection or a job)
 * keeps its place; of the others the one that was seen least lately makes room, strangers before those that
 * proved themselves. Where a place cannot be had, all that come too late share one: they are then counted
 * together, and none is refused for want of a place.
 *
 * Two threads that meet a source for the first time at the same moment may give it two places; the second is
 * forgotten when it is let go. Any thread may call anything here. Nothing locks: a call that loses a race
 * tries again or does without. */
#ifndef CMPD_BASE_LEDGER_H
#define CMPD_BASE_LEDGER_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* struct ledger_recent counts what happened lately: the count is halved each time a while has passed. */
struct ledger_recent {
    _Atomic(uint64_t) word; /* seconds of the last halving, and the count */
};

/* struct ledger_flow is the queue of a source in one lane of the pipeline, which alone reads it
 * (server/pipeline/lane.c). */
struct ledger_flow {
    _Atomic(void *) incoming; /* the newest first */
    void *ready;              /* the oldest first; of the thread that has the flow in its hand */
    atomic_uint queued;
    atomic_int debt_us; /* what it was served beyond its turns */
};

enum { LEDGER_FLOWS = 2 };

/* struct ledger_source is a place in the ledger. Gauges go up and down with what is in hand. */
struct ledger_source {
    _Alignas(64) atomic_uint pins;
    atomic_uint seen;     /* seconds; 0: never used */
    atomic_uint proved;   /* seconds of the last time that it proved who it is; 0: never */
    _Atomic(uint64_t) id; /* the keyed hash */

    atomic_uint connections; /* gauges */
    atomic_uint requests;
    atomic_uint costly;
    atomic_uint undecided; /* messages whose MAC is not judged yet */

    struct ledger_recent handshakes;
    struct ledger_recent resets;
    struct ledger_recent floods;   /* connections that were ended for what they made the front do */
    struct ledger_recent refusals; /* of connections and jobs */
    struct ledger_recent
        answers; /* that the front gave by itself: pages, and requests that are none of CMP */
    struct ledger_recent failures; /* MACs that were wrong */
    _Atomic(uint64_t) octets;      /* received since it has its place */

    struct ledger_flow flows[LEDGER_FLOWS];
};

struct ledger;

/* ledger_new returns a ledger with |places| places, rounded up to what its table needs; memory is touched
 * as places are used. NULL without memory. */
struct ledger *ledger_new(size_t places);

/* ledger_free frees it. No pin may be left. NULL is allowed. */
void ledger_free(struct ledger *ledger);

/* ledger_places returns how many places |ledger| has, and in |*used| how many of them were ever given to a
 * source; |*crowded| is how often there was none for a source, and it shared one. Any thread. */
size_t ledger_places(const struct ledger *ledger, size_t *used, uint64_t *crowded);

/* ledger_now returns the seconds of a clock that never goes back, at least 1: the time of all calls below. */
uint32_t ledger_now(void);

/* ledger_pin returns the place of |id|, which keeps it until ledger_unpin. Never NULL. */
struct ledger_source *ledger_pin(struct ledger *ledger, uint64_t id, uint32_t now);

/* ledger_pin_known does the same if |id| has a place, else it returns NULL: nobody has to make room for it.
 */
struct ledger_source *ledger_pin_known(struct ledger *ledger, uint64_t id, uint32_t now);

/* ledger_pin_again pins a place that the caller has pinned. */
void ledger_pin_again(struct ledger_source *source);

/* ledger_unpin lets go of it. NULL is allowed. */
void ledger_unpin(struct ledger_source *source);

/* ledger_prove notes that the source has proved who it is. */
void ledger_prove(struct ledger_source *source, uint32_t now);

/* ledger_is_proved returns 1 if it did within BOUND_LEDGER_PROVED seconds. */
int ledger_is_proved(const struct ledger_source *source, uint32_t now);

/* ledger_share returns how much of |bound|, which all share, the source may use: all of it if it is proved;
 * else all but an eighth, of which half is for strangers that have no more than one in hand (|in_hand|, with
 * the one that is asked for): many that come once get in where few have filled the rest. At least 1. */
uint32_t ledger_share(const struct ledger_source *source, uint32_t in_hand, uint32_t bound, uint32_t now);

/* ledger_take raises |gauge| by one; 1, or 0 when it is at |bound| already and stays as it is. */
int ledger_take(atomic_uint *gauge, uint32_t bound);

/* ledger_give lowers it. */
void ledger_give(atomic_uint *gauge);

/* ledger_happened adds one to |recent|, halved each |halving| seconds; returns the count with it. The count
 * stops at UINT32_MAX. */
uint32_t ledger_happened(struct ledger_recent *recent, uint32_t halving, uint32_t now);

/* ledger_add adds |more|, likewise. */
uint32_t ledger_add(struct ledger_recent *recent, uint32_t more, uint32_t halving, uint32_t now);

/* ledger_lately returns the count as it is. */
uint32_t ledger_lately(const struct ledger_recent *recent, uint32_t halving, uint32_t now);

/* ledger_forget sets the count to 0. */
void ledger_forget(struct ledger_recent *recent);

#endif
