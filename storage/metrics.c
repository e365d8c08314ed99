/* metrics.c: see metrics.h. */
#include "storage/metrics.h"

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
