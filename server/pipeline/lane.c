/* Queues of tasks, bounded, a source in turn: see struct lane. The ring is Concurrency Kit's. */
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "server/base/handover.h"
#include "server/pipeline/internal.h"

/* A ring holds one less than its size, a power of two. */
static size_t ring_size(size_t bound)
{
    size_t size = 4;

    while (size - 1 < bound)
        size *= 2;
    return size;
}

static int worker_init(struct worker *worker, struct lane *lane, struct pipeline *pipeline)
{
    size_t size = ring_size(pipeline->limits.jobs);

    worker->pipeline = pipeline;
    worker->lane = lane;
    worker->inbox_buffer = calloc(size, sizeof *worker->inbox_buffer);
    worker->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (worker->inbox_buffer == NULL || worker->wake_fd < 0)
        return 0;
    ck_ring_init(&worker->inbox, (unsigned)size);
    return 1;
}

int lane_init(struct lane *lane, struct pipeline *pipeline, size_t index, size_t bound, int turn_us,
              size_t workers)
{
    size_t size = ring_size(bound);

    lane->index = index;
    lane->bound = bound;
    lane->turn_us = turn_us;
    lane->buffer = calloc(size, sizeof *lane->buffer);
    lane->workers = aligned_alloc(CACHE_LINE, workers * sizeof *lane->workers);
    if (lane->buffer == NULL || lane->workers == NULL)
        return 0;
    memset(lane->workers, 0, workers * sizeof *lane->workers);
    lane->worker_count = workers;
    for (size_t i = 0; i < workers; i++)
        lane->workers[i].wake_fd = -1;
    ck_ring_init(&lane->ring, (unsigned)size);
    for (size_t i = 0; i < workers; i++)
        if (!worker_init(&lane->workers[i], lane, pipeline))
            return 0;
    return 1;
}

void lane_cleanup(struct lane *lane)
{
    for (size_t i = 0; lane->workers != NULL && i < lane->worker_count; i++) {
        struct worker *worker = &lane->workers[i];
        while (atomic_load_explicit(&worker->returning, memory_order_acquire) != 0)
            sched_yield();
        policy_release(worker->policy);
        policy_release(atomic_exchange(&worker->mailbox, NULL));
        free(worker->inbox_buffer);
        if (worker->wake_fd >= 0)
            close(worker->wake_fd);
    }
    free(lane->workers);
    free(lane->buffer);
}

/* put queues |source|, which is in no ring: it has just got its first task, or is in the caller's hand. */
static void put(struct lane *lane, struct ledger_source *source)
{
    /* There are no more sources with tasks than tasks, and the ring has room for the lane's bound. */
    while (!ck_ring_enqueue_mpmc(&lane->ring, lane->buffer, source))
        ck_pr_stall();
}

int lane_push(struct lane *lane, struct task *task, size_t bound)
{
    struct ledger_source *source = task->job.source;
    struct ledger_flow *flow = &source->flows[lane->index];
    void *newest;

    if (atomic_fetch_add_explicit(&lane->size, 1, memory_order_relaxed) >=
        (bound < lane->bound ? bound : lane->bound)) {
        atomic_fetch_sub_explicit(&lane->size, 1, memory_order_relaxed);
        return 0;
    }
    newest = atomic_load_explicit(&flow->incoming, memory_order_relaxed);
    do
        task->next = newest;
    while (!atomic_compare_exchange_weak_explicit(&flow->incoming, &newest, task, memory_order_release,
                                                  memory_order_relaxed));
    /* Counted only now: whoever has the flow in hand finds as many tasks as are counted. It may be ours that
     * is taken for one that another thread has counted: |task| is no longer ours, but whichever task is left
     * in the flow pins the source. */
    if (atomic_fetch_add_explicit(&flow->queued, 1, memory_order_acq_rel) == 0)
        put(lane, source);
    /* Orders the enqueue before the look at |sleeping|; the worker does the opposite. One of the two sees the
     * other. */
    atomic_thread_fence(memory_order_seq_cst);
    for (size_t i = 0; i < lane->worker_count; i++)
        if (atomic_load_explicit(&lane->workers[i].sleeping, memory_order_relaxed) != 0) {
            worker_wake(&lane->workers[i]);
            break;
        }
    return 1;
}

/* take_source takes the source whose turn it is; its flow is in the caller's hand then. */
static struct ledger_source *take_source(struct lane *lane)
{
    void *source = NULL;
    bool taken;

    HANDOVER_GUESS_BEGIN();
    taken = ck_ring_dequeue_mpmc(&lane->ring, lane->buffer, &source);
    HANDOVER_GUESS_END();
    if (!taken)
        return NULL;
    /* Handed over by an atomic of our own, too: see HANDOVER_GUESS_BEGIN. */
    (void)atomic_load_explicit(&((struct ledger_source *)source)->flows[lane->index].queued,
                               memory_order_acquire);
    return source;
}

/* take_task takes the oldest task of a flow that has one. */
static struct task *take_task(struct ledger_flow *flow)
{
    struct task *newest, *next, *task;

    if (flow->ready == NULL)
        for (newest = atomic_exchange_explicit(&flow->incoming, NULL, memory_order_acquire); newest != NULL;
             newest = next) {
            next = newest->next;
            newest->next = flow->ready;
            flow->ready = newest;
        }
    task = flow->ready;
    flow->ready = task->next;
    return task;
}

/* pay lets a turn pay for what |flow| was served; 1 when nothing is owed any more. */
static int pay(const struct lane *lane, struct ledger_flow *flow)
{
    int debt = atomic_load_explicit(&flow->debt_us, memory_order_relaxed);

    if (debt == 0)
        return 1;
    atomic_fetch_sub_explicit(&flow->debt_us, debt < lane->turn_us ? debt : lane->turn_us,
                              memory_order_relaxed);
    return debt <= lane->turn_us;
}

struct task *lane_pop(struct lane *lane, struct task **abandoned)
{
    struct ledger_source *source;
    struct ledger_flow *flow;
    struct task *task = NULL;
    unsigned left, passed = 0;

    while (task == NULL && (source = take_source(lane)) != NULL) {
        flow = &source->flows[lane->index];
        /* With nobody else in the ring, nobody is kept waiting, and nothing is owed. And where many owe, one
         * is served all the same before the search for one that does not keeps others waiting. */
        if (ck_ring_size(&lane->ring) == 0) {
            atomic_store_explicit(&flow->debt_us, 0, memory_order_relaxed);
        } else if (!pay(lane, flow) && passed++ < BOUND_BATCH) {
            put(lane, source);
            continue;
        }
        do {
            task = take_task(flow);
            left = atomic_fetch_sub_explicit(&flow->queued, 1, memory_order_acq_rel) - 1;
            atomic_fetch_sub_explicit(&lane->size, 1, memory_order_relaxed);
            if (atomic_load_explicit(&task->job.abandoned, memory_order_relaxed)) {
                task->next = *abandoned;
                *abandoned = task;
                task = NULL;
            }
        } while (task == NULL && left != 0);
        if (left != 0)
            put(lane, source);
    }
    return task;
}

void lane_charge(const struct lane *lane, const struct task *task, uint64_t us)
{
    atomic_int *debt = &task->job.source->flows[lane->index].debt_us;

    /* A debt beyond that would only be waited for. */
    if (atomic_load_explicit(debt, memory_order_relaxed) < BOUND_LANE_DEBT_US)
        atomic_fetch_add_explicit(debt, (int)(us < BOUND_LANE_DEBT_US ? us : BOUND_LANE_DEBT_US),
                                  memory_order_relaxed);
}
