/* metrics.c: see metrics.h. */
#include "storage/metrics.h"

#include <time.h>

#include "server/base/metrics_text.h"

enum { OUTCOMES = STORE_UNKNOWN + 1, FETCH_OUTCOMES = STORE_FETCH_UNAVAILABLE + 1 };

static const char *outcome_value(size_t i)
{
    static const char *const values[OUTCOMES] = {[STORE_DONE] = "done",
                                                 [STORE_CONFLICT] = "conflict",
                                                 [STORE_UNAVAILABLE] = "unavailable",
                                                 [STORE_UNKNOWN] = "unknown"};

    return values[i];
}

static const char *fetch_value(size_t i)
{
    static const char *const values[FETCH_OUTCOMES] = {
        [STORE_FOUND] = "found", [STORE_ABSENT] = "absent", [STORE_FETCH_UNAVAILABLE] = "unavailable"};

    return values[i];
}

static const char *precondition_value(size_t i)
{
    static const char *const values[STORE_PRECONDITIONS] = {[STORE_PRE_TX] = "transaction",
                                                            [STORE_PRE_SECRET] = "secret",
                                                            [STORE_PRE_KEY_BLOCKED] = "key_blocked",
                                                            [STORE_PRE_SIGNER_BLOCKED] = "signer_blocked",
                                                            [STORE_PRE_DEVICE_BLOCKED] = "device_blocked",
                                                            [STORE_PRE_KEY_UNUSED] = "key_used",
                                                            [STORE_PRE_SIGNER] = "signer_revoked",
                                                            [STORE_PRE_ROW] = "row",
                                                            [STORE_PRE_CERT] = "certificate",
                                                            [STORE_PRE_CLAIM] = "claim",
                                                            [STORE_PRE_OLD] = "retention",
                                                            [STORE_PRE_LEASE] = "lease"};

    return values[i];
}

static const char *connect_value(size_t i)
{
    static const char *const values[STORE_CONNECTS] = {[STORE_CONNECT_MADE] = "made",
                                                       [STORE_CONNECT_FAILED] = "failed",
                                                       [STORE_CONNECT_LOST] = "lost",
                                                       [STORE_CONNECT_MOVED] = "moved"};

    return values[i];
}

static const struct metric_label outcome = {"outcome", OUTCOMES, outcome_value};
static const struct metric_label fetch = {"outcome", FETCH_OUTCOMES, fetch_value};
static const struct metric_label precondition = {"precondition", STORE_PRECONDITIONS, precondition_value};

struct metric store_units = {
    .name = "cmpd_store_units",
    .help = "Units of work that were given to the store, by outcome.",
    .type = METRIC_COUNTER,
    .labels = {&outcome},
};

struct metric store_conflicts = {
    .name = "cmpd_store_conflicts",
    .help = "Units that were not done, by the precondition that did not hold.",
    .type = METRIC_COUNTER,
    .labels = {&precondition},
};

struct metric store_fetches = {
    .name = "cmpd_store_fetches",
    .help = "Look-ups in the store, by outcome.",
    .type = METRIC_COUNTER,
    .labels = {&fetch},
};

struct metric store_group_units = {
    .name = "cmpd_store_group_units",
    .help = "Units that were committed together.",
    .type = METRIC_HISTOGRAM,
    .buckets = &metric_sizes,
};

struct metric store_group_time = {
    .name = "cmpd_store_commit_duration_seconds",
    .unit = "seconds",
    .help = "How long the database took to commit a group of units.",
    .type = METRIC_HISTOGRAM,
    .in_micro = 1,
    .buckets = &metric_latency,
};

static const struct metric_label connect_event = {"event", STORE_CONNECTS, connect_value};

struct metric store_batch_time = {
    .name = "cmpd_store_fetch_duration_seconds",
    .unit = "seconds",
    .help = "How long the database took to answer look-ups that were asked together.",
    .type = METRIC_HISTOGRAM,
    .in_micro = 1,
    .buckets = &metric_latency,
};

struct metric store_connects = {
    .name = "cmpd_store_connection_events",
    .help =
        "Connections to the database that were made, could not be, were lost, or were made to another server "
        "than the one before (moved).",
    .type = METRIC_COUNTER,
    .labels = {&connect_event},
};

struct metric store_faults = {
    .name = "cmpd_store_faults",
    .help = "Errors of the store, attempts to connect that failed, and connections that were lost.",
    .type = METRIC_COUNTER,
};

static atomic_llong fault_at; /* Unix seconds; 0: there was none */

static void tell_fault_at(const struct metric *metric, struct metrics_text *out, void *arg)
{
    int64_t at = atomic_load_explicit(&fault_at, memory_order_relaxed);

    (void)arg;
    if (at != 0)
        metrics_text_value(out, metric, NULL, at);
}

struct metric store_fault_at = {
    .name = "cmpd_store_last_fault_timestamp_seconds",
    .unit = "seconds",
    .help = "When the last of them was, in seconds since 1970; not there if there was none.",
    .type = METRIC_GAUGE,
    .gather = tell_fault_at,
};

void store_tell_unit(const struct queue_entry *entry)
{
    const struct store_unit *unit = entry->item;

    metric_add(&store_units, unit->outcome, 1);
    if (unit->outcome == STORE_CONFLICT)
        metric_add(&store_conflicts, store_unit_failed((struct store_unit *)entry->item)->conflict, 1);
    entry->done(entry->arg);
}

void store_tell_fetch(const struct queue_entry *entry)
{
    metric_add(&store_fetches, ((const struct store_fetch *)entry->item)->outcome, 1);
    entry->done(entry->arg);
}

void store_count_refused(size_t n, int is_fetch)
{
    if (is_fetch)
        metric_add(&store_fetches, STORE_FETCH_UNAVAILABLE, n);
    else
        metric_add(&store_units, STORE_UNAVAILABLE, n);
}

void store_count_group(size_t units, int64_t since_us)
{
    int64_t took = metrics_now_us() - since_us;

    metric_observe(&store_group_units, 0, units, 1);
    metric_observe(&store_group_time, 0, took > 0 ? (uint64_t)took : 0, 1);
}

void store_count_batch(int64_t since_us)
{
    int64_t took = metrics_now_us() - since_us;

    metric_observe(&store_batch_time, 0, took > 0 ? (uint64_t)took : 0, 1);
}

void store_count_connect(enum store_connect event)
{
    metric_add(&store_connects, event, 1);
}

void store_count_fault(void)
{
    metric_add(&store_faults, 0, 1);
    atomic_store_explicit(&fault_at, time(NULL), memory_order_relaxed);
}
