/* job.h: one row for each thing that a node does by itself. The row stands beside its code, and its name in
 * jobs.c; upkeep.c runs whatever is there. */
#ifndef CMPD_UPKEEP_JOB_H
#define CMPD_UPKEEP_JOB_H

#include <stdatomic.h>

#include "server/policy/policy.h"

/* struct upkeep_turn is what a run is given. */
struct upkeep_turn {
    const struct policy *policy;
    struct store *store;
    int64_t now_ms;          /* Unix milliseconds */
    struct guesses *guesses; /* that nodes share; NULL: none */
    const atomic_int
        *ends; /* becomes 1 when the node stops: whoever waits for others gives up; NULL: never */
};

/* What a job may keep waiting: only jobs of its own strand, which is a thread. They end in this order: the
 * last act of a long one seals what all have recorded. */
enum upkeep_strand {
    UPKEEP_SHORT,
    UPKEEP_OUTSIDE, /* waits for servers of others */
    UPKEEP_LONG,
    UPKEEP_STRANDS
};

struct upkeep_job {
    const char *name; /* for who tells of its alarm; as alarm= in the log */
    unsigned every;   /* seconds */
    enum upkeep_strand strand;
    int is_service; /* 1: its runs tell whether this node serves, as the store sees it … */
    int in_service; /* … and 1: runs only while it does */
    size_t size;    /* octets of its state, zero at first */

    void (*begin)(void *state); /* NULL: nothing is to be done */
    /* run waits for the store. Returns 1, or 0: again a second later. */
    int (*run)(void *state, const struct upkeep_turn *turn);
    void (*resume)(void *state);     /* upkeep_resume was called; NULL: no matter */
    int (*alarm)(const void *state); /* 1: it stands still, and somebody has to look; NULL: never */
    void (*end)(void *state, const struct upkeep_turn *turn); /* its last act; NULL: nothing */
};

/* upkeep_jobs is the table. */
enum { UPKEEP_JOBS = 11 };
extern const struct upkeep_job *const upkeep_jobs[UPKEEP_JOBS];

#endif
