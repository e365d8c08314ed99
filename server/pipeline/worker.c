/* A worker's thread: takes what has come back and what is new, serves it as one batch, and sleeps only when
 * there is neither. It waits for nothing else. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server/base/handover.h"
#include "server/pipeline/internal.h"

/* Where there are fewer processors than threads that want one, workers give way: the front and the store hand
 * over the work of all in moments, and a batch takes milliseconds. */
enum { WORKER_NICE = 5 };

static struct task *take_returned(struct worker *worker)
{
    void *task = NULL;
    bool taken;

    HANDOVER_GUESS_BEGIN();
    taken = ck_ring_dequeue_mpsc(&worker->inbox, worker->inbox_buffer, &task);
    HANDOVER_GUESS_END();
    if (!taken)
        return NULL;
    /* 0: here is what was written by everybody who has counted it down. */
    (void)atomic_load_explicit(&((struct task *)task)->pending, memory_order_acquire);
    return task;
}

static void adopt_policy(struct worker *worker)
{
    struct policy *newer = atomic_load_explicit(&worker->mailbox, memory_order_relaxed);

    if (newer == NULL || (newer = atomic_exchange(&worker->mailbox, NULL)) == NULL)
        return;
    policy_release(worker->policy);
    worker->policy = newer;
}

unsigned worker_begin_batch(struct worker *worker)
{
    worker->in_a_row = 0;
    if (worker->mixed == 0)
        return BOUND_BATCH;
    worker->mixed--;
    return BOUND_BATCH_MIXED;
}

int worker_takes_more(struct worker *worker, const struct ledger_source *source)
{
    if (source != worker->latest) {
        worker->latest = source;
        worker->in_a_row = 0;
        worker->mixed = worker->mixed + BOUND_MIXED_STEP < BOUND_MIXED_BATCHES
                            ? worker->mixed + BOUND_MIXED_STEP
                            : BOUND_MIXED_BATCHES;
    }
    return ++worker->in_a_row < BOUND_BATCH_IN_A_ROW || worker->mixed == 0;
}

void worker_note(const struct worker *worker, const struct task *task, enum pipeline_stage stage)
{
    pipeline_count_stage(stage, worker->now_us - task->since_us, 1);
}

/* Returned tasks first: they are nearest to their answer, and hold memory longest. */
static struct task *gather(struct worker *worker)
{
    struct task *head = NULL, **tail = &head, *abandoned = NULL, *task;
    int64_t now = worker_now_ms();
    unsigned count = 0, bound = worker_begin_batch(worker);
    uint64_t cost_us = 0;
    int more;

    worker->now_us = metrics_now_us();
    while (count < bound && (task = take_returned(worker)) != NULL) {
        worker_note(worker, task, (enum pipeline_stage)task->lent);
        task_resume(task, now);
        *tail = task;
        tail = &task->next;
        count++;
    }
    more = count < bound; /* else more has come back: new ones wait in their lane, where sources have turns */
    /* Nobody is answered before the whole batch is verified: what it costs has a bound, or turns would count
     * for nothing. */
    while (more && count < BOUND_BATCH && cost_us < BOUND_BATCH_US &&
           (task = lane_pop(worker->lane, &abandoned)) != NULL) {
        count++;
        more = worker_takes_more(worker, task->job.source);
        worker_note(worker, task, STAGE_QUEUE);
        if (!task_begin(worker, task))
            continue;
        cost_us += task_price_us(task);
        *tail = task;
        tail = &task->next;
    }
    *tail = NULL;
    while ((task = abandoned) != NULL) {
        abandoned = task->next;
        task_drop(task);
    }
    return head;
}

static int is_empty(struct worker *worker)
{
    return ck_ring_size(&worker->inbox) == 0 && atomic_load(&worker->lane->size) == 0 &&
           atomic_load(&worker->mailbox) == NULL && pulse_is_answered(&worker->pulse);
}

static void sleep_until_woken(struct worker *worker)
{
    uint64_t ignored;

    atomic_store(&worker->sleeping, 1);
    atomic_thread_fence(memory_order_seq_cst);
    if (is_empty(worker) && !atomic_load(&worker->pipeline->stopping)) {
        while (read(worker->wake_fd, &ignored, sizeof ignored) < 0 && errno == EINTR)
            ;
        return;
    }
    /* Something came in between. Whoever took |sleeping| has written to the eventfd, or is about to: take it
     * up. */
    if (atomic_exchange(&worker->sleeping, 0) == 0)
        while (read(worker->wake_fd, &ignored, sizeof ignored) < 0 && errno == EINTR)
            ;
}

void *worker_main(void *arg)
{
    struct worker *worker = arg;
    struct task *tasks;

    setpriority(PRIO_PROCESS, (id_t)gettid(), WORKER_NICE);
    atomic_store(&worker->gives_way, 1);
    for (;;) {
        pulse_answer(&worker->pulse);
        adopt_policy(worker);
        tasks = gather(worker);
        if (tasks != NULL)
            serve(worker, tasks);
        else if (is_empty(worker)) {
            if (atomic_load(&worker->pipeline->stopping) && atomic_load(&worker->pipeline->alive) == 0)
                return NULL;
            sleep_until_woken(worker);
        }
    }
}
