/* Queues of tasks: rings of Concurrency Kit, bounded. */
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

int lane_init(struct lane *lane, struct pipeline *pipeline, size_t bound, size_t workers)
{
    size_t size = ring_size(bound);

    lane->bound = bound;
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

int lane_push(struct lane *lane, struct task *task)
{
    /* Handed over by an atomic of our own, too: see HANDOVER_GUESS_BEGIN. */
    atomic_store_explicit(&task->pending, 0, memory_order_release);
    /* The ring may be larger than the bound: the bound is what was promised to be refused at. */
    if (ck_ring_size(&lane->ring) >= lane->bound || !ck_ring_enqueue_mpmc(&lane->ring, lane->buffer, task))
        return 0;
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

struct task *lane_pop(struct lane *lane)
{
    void *task = NULL;
    bool taken;

    HANDOVER_GUESS_BEGIN();
    taken = ck_ring_dequeue_mpmc(&lane->ring, lane->buffer, &task);
    HANDOVER_GUESS_END();
    if (!taken)
        return NULL;
    atomic_load_explicit(&((struct task *)task)->pending, memory_order_acquire);
    return task;
}
