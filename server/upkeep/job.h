/* job.h: one row for each thing that a node does by itself. The row stands beside its code, and its name in
 * jobs.c; upkeep.c runs whatever is there. */
#ifndef CMPD_UPKEEP_JOB_H
#define CMPD_UPKEEP_JOB_H

#include "server/policy/policy.h"

/* struct upkeep_turn is what a run is given. */
struct upkeep_turn {
    const struct policy *policy;
    struct store *store;
    int64_t now_ms; /* Unix milliseconds */
};

struct upkeep_job {
    unsigned every; /* seconds */
    int is_long;    /* 1: may keep its thread for long; the short ones have one of their own */
    int is_service; /* 1: its runs tell whether this node serves, as the store sees it … */
    int in_service; /* … and 1: runs only while it does */
    size_t size;    /* octets of its state, zero at first */

    void (*begin)(void *state); /* NULL: nothing is to be done */
    /* run waits for the store. Returns 1, or 0: again a second later. */
    int (*run)(void *state, const struct upkeep_turn *turn);
    void (*resume)(void *state);     /* a new configuration is there; NULL: no matter */
    int (*alarm)(const void *state); /* 1: it stands still, and somebody has to look; NULL: never */
    void (*end)(void *state, const struct upkeep_turn *turn); /* its last act; NULL: nothing */
};

/* upkeep_jobs is the table. */
enum { UPKEEP_JOBS = 4 };
extern const struct upkeep_job *const upkeep_jobs[UPKEEP_JOBS];

#endif
