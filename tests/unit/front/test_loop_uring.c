/* uring/loop.c: what is posted between the loop's look and its sleep ends the sleep. */
#include "tests/support/windows.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <h2o.h>
#include <liburing.h>
#include <semaphore.h>

enum { PATIENCE_MS = 20000, WINDOWS_MAX = 100 };

static atomic_int posted, all_seen;
static unsigned sleeps;
static sem_t *falls_asleep; /* told before the loop sleeps; NULL: nobody is */

/* In the place of liburing's: what comes just before a sleep is a window, too. */
static int watched_wait(struct io_uring *ring, unsigned wait)
{
    if (window_last())
        atomic_store(&all_seen, 1);
    sleeps++;
    if (falls_asleep != NULL)
        sem_post(falls_asleep);
    return io_uring_submit_and_wait(ring, wait);
}

#define io_uring_submit_and_wait watched_wait
/* NOLINTNEXTLINE(bugprone-suspicious-include): its looks and sleeps are under test */
#include "server/front/http/uring/loop.c"
#undef io_uring_submit_and_wait

static struct loop *the_loop;

static int has_posts(void *arg)
{
    cr_assert_eq(arg, &posted);
    return atomic_load(&posted) != 0;
}

static void set_up(void)
{
    the_loop = loop_new(has_posts, &posted);
    if (the_loop == NULL) {
        cr_assert(errno == ENOSYS || errno == EPERM, "io_uring is there, and cannot be used: %s",
                  strerror(errno));
        printf("\nSKIPPED: io_uring: %s\n", strerror(errno));
        cr_skip_test();
    }
    atomic_store(&posted, 0);
}

static void tear_down(void)
{
    if (the_loop != NULL)
        loop_free(the_loop);
}

TestSuite(loop_uring, .init = set_up, .fini = tear_down, .timeout = 600);

static void post(void)
{
    atomic_store(&posted, 1);
    loop_wake(the_loop);
}

/* Turns of the loop, as a thread of the front takes them, until it has seen what was posted. Returns 0 if its
 * timer ended a sleep: nobody would have waited so long. */
static int turn_until_posted(void)
{
    for (int turns = 0; !atomic_load(&posted) || turns == 0; turns++) {
        cr_assert(loop_run(the_loop, PATIENCE_MS));
        if (the_loop->timer_at == 0 && sleeps > 0)
            return 0;
    }
    return 1;
}

Test(loop_uring, nothing_posted_is_slept_over)
{
    window_open = post;
    for (unsigned at = 1; !atomic_load(&all_seen); at++) {
        tear_down();
        set_up();
        sleeps = 0;
        window_left = at;
        cr_assert(turn_until_posted(), "slept over what was posted at window %u", at);
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

static pthread_t thread;
static sem_t asleep, all_done;
static int is_woken;

/* A loop belongs to its thread, which frees it when nobody can wake it any more. */
static void *run_loop(void *arg)
{
    is_woken = turn_until_posted();
    sem_post(&asleep);
    while (sem_wait(&all_done) != 0)
        ;
    loop_free(the_loop);
    the_loop = NULL;
    return arg;
}

static void have_loop_sleep(void)
{
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, NULL), 0);
    while (sem_wait(&asleep) != 0)
        ;
}

Test(loop_uring, who_sleeps_while_something_is_posted_is_woken)
{
    int ends = 0;

    window_open = have_loop_sleep;
    falls_asleep = &asleep;
    for (unsigned at = 1; !ends; at++) {
        tear_down();
        set_up();
        sleeps = 0;
        sem_init(&asleep, 0, 0);
        sem_init(&all_done, 0, 0);
        window_left = at;
        post();
        ends = window_last();
        sem_post(&all_done);
        pthread_join(thread, NULL);
        cr_assert(is_woken, "not woken after window %u", at);
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

/* What was posted before is no reason to sleep at all; and who is awake is not taken for asleep. */
Test(loop_uring, with_work_the_loop_only_looks)
{
    atomic_store(&posted, 1);
    cr_assert(loop_run(the_loop, PATIENCE_MS));
    cr_assert_eq(sleeps, 0);
    cr_assert_eq(atomic_load(&the_loop->sleeping), 0);
    atomic_store(&posted, 0);
    cr_assert(loop_run(the_loop, 0));
    cr_assert_eq(sleeps, 0, "it was not to sleep");
    window_open = post;
    window_left = 1;
    cr_assert(loop_run(the_loop, PATIENCE_MS));
    cr_assert_eq(atomic_load(&the_loop->sleeping), 0);
}
