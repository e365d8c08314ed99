/* worker.c, wake.c, lane.c: whatever comes between a worker's look and its sleep, the worker does not sleep
 * over it. */
#include "tests/support/windows.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <unistd.h>

#include "server/pipeline/internal.h"
#include "tests/support/must.h"

enum { PATIENCE_MS = 20000, BOUND = 20, TURN_US = 500, WINDOWS_MAX = 400 };

static struct pipeline the_pipeline;
static struct worker *the_worker;
static struct ledger_source *the_source;
static struct task the_task;
static atomic_int served;       /* tasks that the worker got */
static atomic_int all_seen;     /* 1: the last window was tried */
static atomic_int overslept;    /* 1: a sleep lasted until nobody would wait any more */
static sem_t *falls_asleep;     /* told before the worker sleeps; NULL: nobody is */
static int (*is_reached)(void); /* 1: what the test waits for has happened */

static void end_worker(void)
{
    atomic_store(&the_pipeline.alive, 0);
    atomic_store(&the_pipeline.stopping, 1);
}

/* As the last job does it whose worker is another: it wakes nobody here. */
static void leave_last_job(void)
{
    atomic_store(&the_pipeline.alive, 0);
}

/* In the place of the eventfd's: a sleep has an end, and what comes just before it is a window, too. */
static ssize_t bounded_read(int fd, void *data, size_t len)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};

    /* Who has been told to end sleeps no more: the last job leaves unheard. */
    if (window_open == leave_last_job) {
        if (poll(&ready, 1, 0) == 0)
            window_last();
    } else if (window_last()) {
        atomic_store(&all_seen, 1);
    }
    if (is_reached()) { /* it sleeps rightly */
        end_worker();
        return (ssize_t)len;
    }
    if (falls_asleep != NULL)
        sem_post(falls_asleep);
    if (poll(&ready, 1, PATIENCE_MS) == 1)
        return read(fd, data, len);
    atomic_store(&overslept, 1);
    end_worker();
    return (ssize_t)len;
}

static void fake_serve(struct worker *by, struct task *tasks)
{
    for (; tasks != NULL; tasks = tasks->next) {
        cr_assert_eq(by, the_worker);
        cr_assert_eq(tasks, &the_task);
        atomic_fetch_add(&served, 1);
    }
}

static int fake_begin(struct worker *by, struct task *begun)
{
    (void)by;
    (void)begun;
    return 1;
}

static void fake_resume(struct task *task, int64_t now_ms)
{
    (void)task;
    (void)now_ms;
}

static uint64_t price_us; /* of each task */

static uint64_t fake_price(const struct task *task)
{
    (void)task;
    return price_us;
}

static const struct policy *released; /* last */

static void fake_release(struct policy *policy)
{
    if (policy != NULL)
        released = policy;
}

#define read bounded_read
#define serve fake_serve
#define task_begin fake_begin
#define task_resume fake_resume
#define task_price_us fake_price
#define policy_release fake_release
#define setpriority(...) ((void)0)
/* NOLINTBEGIN(bugprone-suspicious-include): their looks and sleeps are under test */
#include "server/pipeline/lane.c"
#include "server/pipeline/wake.c"
#include "server/pipeline/worker.c"
/* NOLINTEND(bugprone-suspicious-include) */
#undef read

static void set_up(void)
{
    memset(&the_pipeline, 0, sizeof the_pipeline);
    the_pipeline.limits.jobs = 64;
    the_pipeline.sources = ledger_new(16);
    must(the_pipeline.sources != NULL);
    the_source = ledger_pin(the_pipeline.sources, 1, ledger_now());
    must(lane_init(&the_pipeline.fast, &the_pipeline, 0, BOUND, TURN_US, 1));
    the_worker = the_pipeline.fast.workers;
    atomic_store(&the_pipeline.alive, 1);
    atomic_store(&served, 0);
    the_task = (struct task){.job.source = the_source, .home = the_worker};
}

static void tear_down(void)
{
    lane_cleanup(&the_pipeline.fast);
    ledger_free(the_pipeline.sources);
}

TestSuite(wake, .init = set_up, .fini = tear_down, .timeout = 600);

static int is_served(void)
{
    return atomic_load(&served) != 0;
}

static void push_task(void)
{
    cr_assert(lane_push(&the_pipeline.fast, &the_task, BOUND));
}

static void return_task(void)
{
    worker_return(&the_task);
}

/* A policy is a number here: nobody looks into it. */
static struct policy *const newer = (struct policy *)&the_task;

static int is_adopted(void)
{
    return the_worker->policy == newer;
}

static void leave_policy(void)
{
    atomic_store(&the_worker->mailbox, newer);
    worker_wake(the_worker);
}

/* As the end of the pipeline does it. */
static void stop_worker(void)
{
    end_worker();
    atomic_store(&the_worker->sleeping, 1);
    worker_wake(the_worker);
}

/* The end comes while a job is alive, which leaves later. */
static void stop_before_last_job(void)
{
    enum { LATER = 30 };

    atomic_store(&the_pipeline.stopping, 1);
    atomic_store(&the_worker->sleeping, 1);
    worker_wake(the_worker);
    window_open = leave_last_job;
    window_left = LATER;
}

static int is_stopped(void)
{
    return 0;
}

static int is_readable(void)
{
    struct pollfd ready = {.fd = the_worker->wake_fd, .events = POLLIN};

    return poll(&ready, 1, 0) == 1;
}

/* A worker, from its first look to its end, with |what| at each window in turn. */
static void try_all_windows(void (*what)(void), int (*reached)(void))
{
    is_reached = reached;
    for (unsigned at = 1; !atomic_load(&all_seen); at++) {
        tear_down();
        set_up();
        window_open = what;
        window_left = at;
        worker_main(the_worker);
        cr_assert_not(atomic_load(&overslept), "slept over what came at window %u", at);
        if (reached != is_stopped) {
            cr_assert(reached());
            cr_assert_not(is_readable(), "window %u: a wake is left over", at);
        }
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

Test(wake, no_new_job_is_slept_over)
{
    try_all_windows(push_task, is_served);
}

Test(wake, no_job_that_comes_back_is_slept_over)
{
    try_all_windows(return_task, is_served);
}

Test(wake, no_policy_is_slept_over)
{
    try_all_windows(leave_policy, is_adopted);
}

Test(wake, no_end_is_slept_over)
{
    try_all_windows(stop_worker, is_stopped);
}

Test(wake, no_end_that_waits_for_a_job_is_slept_over)
{
    try_all_windows(stop_before_last_job, is_stopped);
}

/* ---- the other way round: the worker goes to sleep in the midst of what others do ---- */

static pthread_t thread;
static sem_t asleep;

static _Thread_local int is_worker;

/* A task that is counted and not there yet keeps the worker looking: that is no sleep, and nobody waits. */
static void *run_worker(void *arg)
{
    enum { LOOKS = 1000 };

    is_worker = 1;
    window_left = LOOKS;
    worker_main(the_worker);
    sem_post(&asleep);
    return arg;
}

/* Goes on when the worker sleeps, or looks again and again, or has ended. */
static void have_worker_sleep(void)
{
    if (is_worker) {
        sem_post(&asleep);
        return;
    }
    cr_assert_eq(pthread_create(&thread, NULL, run_worker, NULL), 0);
    while (sem_wait(&asleep) != 0)
        ;
}

static void wake_in_all_windows(void (*what)(void), int (*reached)(void))
{
    int ends = 0;

    window_open = have_worker_sleep;
    is_reached = reached;
    falls_asleep = &asleep;
    for (unsigned at = 1; !ends; at++) {
        tear_down();
        set_up();
        sem_init(&asleep, 0, 0);
        window_left = at;
        what();
        ends = window_last(); /* it may look when all is done, and does not sleep */
        pthread_join(thread, NULL);
        cr_assert_not(atomic_load(&overslept), "not woken after window %u", at);
        cr_assert(reached == is_stopped || reached());
        sem_destroy(&asleep);
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

Test(wake, who_sleeps_while_a_new_job_comes_is_woken)
{
    wake_in_all_windows(push_task, is_served);
}

Test(wake, who_sleeps_while_a_job_comes_back_is_woken)
{
    wake_in_all_windows(return_task, is_served);
}

Test(wake, who_sleeps_while_a_policy_comes_is_woken)
{
    wake_in_all_windows(leave_policy, is_adopted);
}

Test(wake, who_sleeps_while_the_end_comes_is_woken)
{
    wake_in_all_windows(stop_worker, is_stopped);
}

/* Of several workers one is woken, and it is one that sleeps. */
Test(wake, a_new_job_wakes_one_worker_that_sleeps)
{
    lane_cleanup(&the_pipeline.fast);
    cr_assert(lane_init(&the_pipeline.fast, &the_pipeline, 0, BOUND, TURN_US, 3));
    the_worker = the_pipeline.fast.workers;
    atomic_store(&the_worker[1].sleeping, 1);
    atomic_store(&the_worker[2].sleeping, 1);
    push_task();
    cr_assert_eq(atomic_load(&the_worker[1].sleeping), 0);
    cr_assert_eq(atomic_load(&the_worker[2].sleeping), 1);
    the_worker++;
    cr_assert(is_readable());
    the_worker++;
    cr_assert_not(is_readable());
}

/* Nobody is answered before the whole batch is verified: it may cost so much, and one more task. */
Test(wake, a_batch_is_bounded_by_its_price)
{
    enum { TASKS = 5 };
    struct task tasks[TASKS];
    unsigned taken = 0;

    price_us = BOUND_BATCH_US / 2;
    for (int i = 0; i < TASKS; i++) {
        tasks[i] = (struct task){.job.source = the_source};
        cr_assert(lane_push(&the_pipeline.fast, &tasks[i], BOUND));
    }
    for (struct task *task = gather(the_worker); task != NULL; task = task->next)
        taken++;
    cr_assert_eq(taken, 2);
    price_us = BOUND_BATCH_US / 2 - 1;
    for (struct task *task = gather(the_worker); task != NULL; task = task->next)
        taken++;
    cr_assert_eq(taken, TASKS);
}

/* What a worker has held is let go when it takes a newer one, and a newer one that it never took, too. */
Test(wake, a_policy_that_is_replaced_is_let_go)
{
    struct policy *older = (struct policy *)&the_pipeline;

    the_worker->policy = older;
    leave_policy();
    adopt_policy(the_worker);
    cr_assert_eq(the_worker->policy, newer);
    cr_assert_eq(released, older);
    adopt_policy(the_worker);
    cr_assert_eq(released, older, "there is no other");
}
