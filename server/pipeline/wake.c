/* How others reach a worker: a task comes back, or there is something to do. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "server/pipeline/internal.h"

int64_t worker_now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void worker_wake(struct worker *worker)
{
    uint64_t one = 1;

    /* Nobody else will wake it now: a write that fails, for whatever reason, is made again. */
    if (atomic_exchange(&worker->sleeping, 0) != 0)
        while (write(worker->wake_fd, &one, sizeof one) < 0 && errno != EBADF)
            sched_yield();
}

void worker_return(struct task *task)
{
    struct worker *home = task->home;

    /* Once it is in the inbox, the task may be answered, and the pipeline be freed, before the wake is over.
     */
    atomic_fetch_add_explicit(&home->returning, 1, memory_order_relaxed);
    /* The inbox has room for every job that may be alive. */
    while (!ck_ring_enqueue_mpsc(&home->inbox, home->inbox_buffer, task))
        ck_pr_stall();
    atomic_thread_fence(memory_order_seq_cst);
    worker_wake(home);
    atomic_fetch_sub_explicit(&home->returning, 1, memory_order_release);
}
