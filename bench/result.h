/* result.h: what a run comes to. Every outcome is kept, so that percentiles are those of the values
 * themselves. */
#ifndef CMPD_BENCH_RESULT_H
#define CMPD_BENCH_RESULT_H

#include "bench/load.h"

enum { RESULT_SLOTS_MAX = 120 };

/* struct slot is a piece of the time of a run. */
struct slot {
    unsigned completed, errors;
    int64_t p50_ns, p99_ns, max_ns; /* of those completed; 0 without */
};

/* struct step_latencies is how long one kind of request took, where the whole was completed. */
struct step_latencies {
    unsigned count;
    int64_t *sorted_ns; /* ascending */
};

struct result {
    unsigned completed;
    unsigned errors[BENCH_ERRORS];
    unsigned retries;      /* messages sent again, of the warm-up, too */
    double longest_gap;    /* seconds of what counts in which no enrollment was completed */
    unsigned started;      /* all that began, of the warm-up, too */
    double seconds;        /* of what counts */
    double rate;           /* completed a second */
    int64_t *latencies_ns; /* |completed|, ascending */
    struct step_latencies steps[STEP_COUNT];
    int64_t *steps_ns; /* what they point into */
    double cpu_us;     /* the server's, for each completed; -1: not known */
    double memory;     /* octets by which the server grew for each completed; NAN: not known */
    double slot_seconds;
    unsigned slot_count;
    struct slot slots[RESULT_SLOTS_MAX];
};

/* result_make sums |run| up. A serial number that was given out twice becomes an error in run->outcomes. 1,
 * or 0 without memory; result_cleanup frees what it holds. */
int result_make(struct result *out, struct run *run);
void result_cleanup(struct result *result);

/* percentile_ns returns the smallest of |sorted| that at least |share| (0 to 1) of all |count| do not exceed
 * (nearest rank); 0 if there is none. */
int64_t percentile_ns(const int64_t *sorted, unsigned count, double share);

#endif
