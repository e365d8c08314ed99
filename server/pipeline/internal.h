/* internal.h: tasks, lanes and workers, shared by the files of server/pipeline. */
#ifndef CMPD_PIPELINE_INTERNAL_H
#define CMPD_PIPELINE_INTERNAL_H

#include <ck_ring.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/pipeline/pipeline.h"
#include "server/policy/policy.h"

enum { CACHE_LINE = 64, QUOTA_SLOTS = 4096 };

/* struct task is a job with what the pipeline needs of it. */
struct task {
    struct job job; /* first: a job of ours is converted back */
    struct pipeline *pipeline;
    struct policy *policy; /* the one that it was decoded under; held until the answer */
    struct cmp_message *message;
    struct worker *home; /* whom the store and the tokens hand it back to */
    atomic_uint pending; /* wants of this step that the store and the tokens have not answered */
    int is_slow;         /* 1: counted in the quotas of the slow lane */
    struct task *next;   /* in a worker's list */
};

/* struct lane is a bounded queue and who serves it. */
struct lane {
    _Alignas(CACHE_LINE) ck_ring_t ring;
    ck_ring_buffer_t *buffer;
    struct worker *workers;
    size_t worker_count;
    size_t bound;
};

/* struct tally counts what a worker has served, for the log when it ends: how full its batches were. */
struct tally {
    uint64_t verifications, verify_batches, signatures, sign_batches;
};

struct worker {
    _Alignas(CACHE_LINE) atomic_int sleeping; /* 1: wants a wake */
    atomic_uint returning;                    /* threads of others that are about to wake it */
    int wake_fd;
    pthread_t thread;
    int started;
    struct pipeline *pipeline;
    struct lane *lane;
    struct tally tally;
    struct policy *policy;                /* of jobs decoded from now on */
    _Atomic(struct policy *) mailbox;     /* a newer one, held, or NULL */
    _Alignas(CACHE_LINE) ck_ring_t inbox; /* tasks that come back: bounded by limits.jobs */
    ck_ring_buffer_t *inbox_buffer;
};

struct pipeline {
    struct store *store;
    struct config_limits limits;
    struct lane fast, slow;
    _Alignas(CACHE_LINE) atomic_uint alive; /* jobs */
    _Alignas(CACHE_LINE) atomic_int stopping;
    atomic_uint slow_sources[QUOTA_SLOTS], slow_references[QUOTA_SLOTS];
};

/* ---- lane.c ---- */

/* lane_init makes a ring for |bound| tasks and |workers| workers, none running yet. lane_cleanup frees them.
 */
int lane_init(struct lane *lane, struct pipeline *pipeline, size_t bound, size_t workers);
void lane_cleanup(struct lane *lane);

/* lane_push queues |task| and wakes a worker that sleeps. 1, or 0 when the lane is full. Any thread. */
int lane_push(struct lane *lane, struct task *task);

/* lane_pop takes a task, or NULL. Any worker of the lane. */
struct task *lane_pop(struct lane *lane);

/* ---- slow.c: quotas of the slow lane ---- */

/* slow_admit counts |task| for its source and its reference; 1, or 0 when either has its share in the lane
 * already. */
int slow_admit(struct pipeline *pipeline, struct task *task);

/* slow_leave takes it away again. */
void slow_leave(struct pipeline *pipeline, struct task *task);

/* ---- worker.c ---- */

/* worker_main is a worker's thread. */
void *worker_main(void *arg);

/* worker_now_ms reads the clock: Unix milliseconds. */
int64_t worker_now_ms(void);

/* worker_wake wakes |worker| if it sleeps. Any thread. */
void worker_wake(struct worker *worker);

/* worker_return hands |task| back to its home. Any thread. */
void worker_return(struct task *task);

/* ---- serve.c ---- */

/* serve takes a list of tasks whose messages have wants, or are done, as far as they go without waiting: done
 * ones are answered, others are with the store or a token afterwards. */
void serve(struct worker *worker, struct task *tasks);

/* task_begin decodes |task| under the worker's policy. 1 if it stays with this worker, 0 if it went to the
 * slow lane or was answered. */
int task_begin(struct worker *worker, struct task *task);

/* task_finish answers |task| and gives its job back to the front. */
void task_finish(struct task *task);

#endif
