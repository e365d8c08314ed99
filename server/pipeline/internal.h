/* internal.h: tasks, lanes and workers, shared by the files of server/pipeline. */
#ifndef CMPD_PIPELINE_INTERNAL_H
#define CMPD_PIPELINE_INTERNAL_H

#include <ck_ring.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server/base/guesses.h"
#include "server/base/pulse.h"
#include "server/ocsp/query.h"
#include "server/pipeline/metrics.h"
#include "server/pipeline/pipeline.h"
#include "server/policy/policy.h"

enum { CACHE_LINE = 64 };

/* struct task is a job with what the pipeline needs of it. */
struct task {
    struct job job; /* first: a job of ours is converted back */
    struct pipeline *pipeline;
    struct policy *policy;       /* the one that it was decoded under; held until the answer */
    struct cmp_message *message; /* of a job of CMP … */
    struct ocsp_query *query;    /* … or of one of OCSP; both NULL: it has not begun, or was refused */
    struct job_validity validity;
    struct worker *home; /* whom the store and the tokens hand it back to */
    atomic_uint pending; /* wants of this step that the store and the tokens have not answered */
    int64_t came_us;     /* metrics_now_us, when it was submitted … */
    int64_t since_us;    /* … queued last, or lent … */
    unsigned char lent;  /* … for which enum pipeline_stage; STAGE_QUEUE: it is not lent */
    /* Places in pipeline.pairs of a MAC-protected message, pinned, or NULL. */
    struct ledger_source *pair;      /* its reference and its source */
    struct ledger_source *reference; /* its reference; only in the slow lane */
    int is_undecided;                /* 1: counted in the pair */
    int is_slow;                     /* 1: counted in the quotas of the slow lane */
    int is_query;                    /* 1: counted among the jobs of OCSP */
    struct task *inner;              /* of the messages that came in this one (inner.c), a list */
    struct task *next;               /* in a worker's list, or in |inner| */
};

/* struct lane is a bounded queue and who serves it.
 *
 * Each source has a queue of its own (struct ledger_flow), and the ring holds the sources that have something
 * in theirs, each once. Who takes a source from the ring has its queue in hand, takes one task, and puts the
 * source back at the end if more is left. A source that was served at a higher price than its turns paid for
 * is passed over until they have. So one that sends much waits for itself. */
struct lane {
    _Alignas(CACHE_LINE) ck_ring_t ring; /* of struct ledger_source */
    ck_ring_buffer_t *buffer;
    struct worker *workers;
    size_t worker_count;
    size_t bound;
    size_t index;                            /* of its queue among a source's flows */
    int turn_us;                             /* what a turn pays for */
    _Alignas(CACHE_LINE) atomic_size_t size; /* tasks queued */
};

struct worker {
    _Alignas(CACHE_LINE) atomic_int sleeping; /* 1: wants a wake */
    struct pulse pulse;                       /* whether it goes round */
    atomic_uint returning;                    /* threads of others that are about to wake it */
    int wake_fd;
    pthread_t thread;
    int started;
    struct pipeline *pipeline;
    struct lane *lane;
    int64_t now_us; /* metrics_now_us, as it was read last: a few times a round, and not for each message */
    atomic_int gives_way;                 /* 1: it has lowered its priority */
    const struct ledger_source *latest;   /* whose task it took last; only compared */
    unsigned in_a_row;                    /* tasks of that one in this batch, without another between */
    unsigned mixed;                       /* > 0: several sources are at work; for so many batches more */
    struct policy *policy;                /* of jobs decoded from now on */
    _Atomic(struct policy *) mailbox;     /* a newer one, held, or NULL */
    _Alignas(CACHE_LINE) ck_ring_t inbox; /* tasks that come back: bounded by limits.jobs */
    ck_ring_buffer_t *inbox_buffer;
};

struct pipeline {
    struct store *store;
    struct authorize *authorize; /* NULL: nobody is asked */
    struct ocsp_service *ocsp;   /* NULL: no jobs of OCSP are taken */
    struct config_limits limits;
    struct lane fast, slow;
    _Alignas(CACHE_LINE) atomic_uint alive; /* jobs */
    atomic_uint queries;                    /* of them, of OCSP … */
    atomic_uint queries_max;                /* … and how many of those are taken */
    atomic_size_t memory;                   /* octets of their arenas */
    _Alignas(CACHE_LINE) atomic_int stopping;
    struct ledger *sources;  /* by the front's keyed hash of an address */
    struct ledger *pairs;    /* by ours of a MAC reference, and of reference and source */
    struct guesses *guesses; /* of both, shared with other nodes */
    uint64_t place_key[2];   /* of those hashes */
};

/* ---- lane.c ---- */

/* lane_init makes a ring for |bound| tasks and |workers| workers, none running yet; a turn pays for |turn_us|
 * microseconds; |index| is below LEDGER_FLOWS, and no other lane's. lane_cleanup frees them. */
int lane_init(struct lane *lane, struct pipeline *pipeline, size_t index, size_t bound, int turn_us,
              size_t workers);
void lane_cleanup(struct lane *lane);

/* lane_push queues |task| behind what its source has there, and wakes a worker that sleeps. 1, or 0 when
 * there are |bound| tasks in the lane already. Any thread. */
int lane_push(struct lane *lane, struct task *task, size_t bound);

/* lane_pop takes the next task, or returns NULL. Abandoned ones that it meets it puts before |*abandoned|.
 * Any worker of the lane. */
struct task *lane_pop(struct lane *lane, struct task **abandoned);

/* lane_charge notes that serving |task| costs |us| microseconds. */
void lane_charge(const struct lane *lane, const struct task *task, uint64_t us);

/* ---- guess.c: who may try secrets ---- */

enum guess_verdict {
    GUESS_LOOK,   /* at the MAC, if it is one */
    GUESS_REFUSE, /* the pair, or the source without a pair that proved itself, was wrong too often lately */
    GUESS_WAIT,   /* too many messages of a pair that never proved itself are in hand */
};

#define GUESS_WAIT_TEXT                                                                                      \
    "too many messages at once under a reference that was never right from there: try again later"

/* guess_admit looks up who guesses: pins |task|'s pair if its message is protected by a MAC. */
enum guess_verdict guess_admit(struct pipeline *pipeline, struct task *task);

/* guess_judge counts how it ended. */
void guess_judge(struct task *task, const struct cmp_result *result);

/* guess_leave lets the pair go. */
void guess_leave(struct task *task);

/* guess_place pins the place of |reference| at |source| (0: at any) in pipeline.pairs. */
struct ledger_source *guess_place(struct pipeline *pipeline, struct bytes reference, uint64_t source);

/* ---- slow.c: quotas of the slow lane ---- */

/* slow_admit queues |task| in the slow lane, counted for its source and its reference; 1, or 0 with |*why|
 * set when either has its share there already, or the lane is full. */
int slow_admit(struct pipeline *pipeline, struct task *task, const char **why);

/* slow_leave takes it away again. */
void slow_leave(struct task *task);

/* ---- job.c: how many messages there may be at once, alone or in others ---- */

/* job_count counts one more of |source|, and pins it; 1, or 0 with |*why| set if there are as many as may be.
 * job_uncount takes it back. */
int job_count(struct pipeline *pipeline, struct ledger_source *source, const char **why);
void job_uncount(struct pipeline *pipeline, struct ledger_source *source);

/* ---- inner.c: messages that came in another one ---- */

/* inner_admit judges the messages in that of |task| that want to be taken up, if there are any: all that is
 * counted by message is counted for each, as if it had come alone. 1, or 0: |task| went to the slow lane. */
int inner_admit(struct worker *worker, struct task *task);

/* inner_leave lets go of what was counted. */
void inner_leave(struct task *task);

/* ---- task.c: what the protocols have in common ---- */

/* task_wants returns the wants of the step that |task| has taken; NULL: it is done. task_resume takes the
 * next step, task_price_us tells what the peer has chosen to cost. */
const struct cmp_want *task_wants(const struct task *task);
void task_resume(struct task *task, int64_t now_ms);
uint64_t task_price_us(const struct task *task);

/* ---- worker.c ---- */

/* worker_main is a worker's thread. */
void *worker_main(void *arg);

/* worker_now_ms reads the clock: Unix milliseconds. */
int64_t worker_now_ms(void);

/* worker_begin_batch returns how many tasks that come back a batch takes: BOUND_BATCH, or fewer while several
 * sources are at work. New ones are taken only if fewer have come back. */
unsigned worker_begin_batch(struct worker *worker);

/* worker_takes_more returns 1 if a batch that has just taken a task of |source| from the lane may take
 * another one. In a lane each source has its turn, so one that comes several times in a row has it alone: a
 * large batch of its tasks would make the next one that comes wait. Once it was alone for long, it has large
 * batches: they cost less. */
int worker_takes_more(struct worker *worker, const struct ledger_source *source);

/* worker_wake wakes |worker| if it sleeps. Any thread. */
void worker_wake(struct worker *worker);

/* worker_return hands |task| back to its home. Any thread. */
void worker_return(struct task *task);

/* worker_note tells that |task| has left the stage that it was in since task.since_us. */
void worker_note(const struct worker *worker, const struct task *task, enum pipeline_stage stage);

/* ---- serve.c ---- */

/* serve takes a list of tasks whose messages have wants, or are done, as far as they go without waiting: done
 * ones are answered, others are with the store or a token afterwards. */
void serve(struct worker *worker, struct task *tasks);

/* task_begin decodes |task| under the worker's policy. 1 if it stays with this worker, 0 if it went to the
 * slow lane or was answered. */
int task_begin(struct worker *worker, struct task *task);

/* task_finish answers |task| and gives its job back to the front. */
void task_finish(struct task *task);

/* task_drop gives the job of |task|, which was abandoned, back to the front without an answer. */
void task_drop(struct task *task);

#endif
