/* queue.c: what waits, and who waits for it. Whatever comes between a look and a sleep, nobody sleeps over
 * it.
 */
#include "tests/support/windows.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PATIENCE_S = 20 };

static _Atomic int all_seen;  /* 1: the last window was tried */
static _Atomic int overslept; /* 1: a sleep lasted until nobody would wait any more */
static _Atomic int sleeps, wakes;
static sem_t *falls_asleep; /* told before the taker sleeps; NULL: nobody is */

/* In the place of the kernel's: a sleep has an end, and what comes just before it is a window, too. */
static long bounded_futex(_Atomic uint32_t *word, int what, const struct timespec *limit)
{
    const struct timespec patience = {PATIENCE_S, 0};
    if (what == FUTEX_WAKE_PRIVATE) {
        wakes++;
        return syscall(SYS_futex, word, what, 1, NULL, NULL, 0);
    }
    sleeps++;
    if (window_last())
        all_seen = 1;
    if (falls_asleep != NULL)
        sem_post(falls_asleep);
    long ret = syscall(SYS_futex, word, what, 1, limit != NULL ? limit : &patience, NULL, 0);
    if (ret != 0 && errno == ETIMEDOUT && limit == NULL)
        overslept = 1;
    return ret;
}

#define syscall(number, word, what, value, limit, ...) bounded_futex(word, what, limit)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its looks and sleeps are under test */
#include "storage/queue.c"
#undef syscall

enum { MAX = 8 };

static struct queue queue;
static struct queue_entry taken[MAX];
static int items[MAX];

static void set_up(void)
{
    cr_assert(queue_init(&queue));
}

static void tear_down(void)
{
    queue_cleanup(&queue);
}

TestSuite(queue, .init = set_up, .fini = tear_down, .timeout = 600);

static void ignore(void *arg)
{
    (void)arg;
}

static int put(size_t n)
{
    void *pointers[MAX], *args[MAX];
    for (size_t i = 0; i < n; i++)
        pointers[i] = args[i] = &items[i];
    return queue_put(&queue, pointers, args, n, ignore);
}

static void put_one(void)
{
    cr_assert(put(1));
}

static void put_two(void)
{
    cr_assert(put(2));
}

static void stop(void)
{
    queue_stop(&queue);
}

static void put_and_stop(void)
{
    put_one();
    stop();
}

/* What a taker that waits without end gets, if |what| happens at each window of its in turn. */
static void try_all_windows(void (*what)(void), size_t count, int is_stopped)
{
    int stopped;
    window_open = what;
    for (unsigned at = 1; !all_seen; at++) {
        size_t got = 0;
        tear_down();
        set_up();
        window_left = at;
        do
            got += queue_take(&queue, taken + got, MAX - got, -1, &stopped);
        while (got < count);
        if (is_stopped && !stopped)
            cr_assert_eq(queue_take(&queue, taken, MAX, -1, &stopped), 0);
        cr_assert_not(overslept, "slept over what came at window %u", at);
        cr_assert_eq(got, count);
        cr_assert_eq(stopped, is_stopped);
        for (size_t i = 0; i < count; i++)
            cr_assert(taken[i].item == &items[i] && taken[i].arg == &items[i] && taken[i].done == ignore);
        cr_assert_eq(atomic_load(&queue.waiting), 0);
        cr_assert_lt(at, 100);
    }
}

Test(queue, no_entry_is_slept_over)
{
    try_all_windows(put_one, 1, 0);
}

Test(queue, no_two_entries_are_slept_over)
{
    try_all_windows(put_two, 2, 0);
}

Test(queue, no_stop_is_slept_over)
{
    try_all_windows(stop, 0, 1);
}

/* queue_stop makes queue_take end once everything is taken, and not before. */
Test(queue, a_stop_leaves_nothing_behind)
{
    try_all_windows(put_and_stop, 1, 1);
}

/* ---- the other way round: the taker goes to sleep in the midst of what others do ---- */

static pthread_t taker;
static sem_t asleep;
static size_t got;
static int was_stopped;

static void *take_one(void *arg)
{
    (void)arg;
    got = queue_take(&queue, taken, MAX, -1, &was_stopped);
    sem_post(&asleep);
    return NULL;
}

/* Goes on when the taker sleeps, or has what it waits for. */
static void have_taker_sleep(void)
{
    cr_assert_eq(pthread_create(&taker, NULL, take_one, NULL), 0);
    while (sem_wait(&asleep) != 0)
        ;
}

static void wake_in_all_windows(void (*what)(void), size_t count, int is_stopped)
{
    int ends = 0;
    window_open = have_taker_sleep;
    falls_asleep = &asleep;
    for (unsigned at = 1; !ends; at++) {
        tear_down();
        set_up();
        sem_init(&asleep, 0, 0);
        got = 0;
        window_left = at;
        what();
        ends = window_last(); /* it may sleep when all is done, and is not to */
        pthread_join(taker, NULL);
        cr_assert_not(overslept, "not woken after window %u", at);
        cr_assert_eq(got, count);
        cr_assert_eq(was_stopped, is_stopped);
        sem_destroy(&asleep);
        cr_assert_lt(at, 100);
    }
}

Test(queue, who_sleeps_while_an_entry_is_put_is_woken)
{
    wake_in_all_windows(put_one, 1, 0);
}

Test(queue, who_sleeps_while_the_queue_is_stopped_is_woken)
{
    wake_in_all_windows(stop, 0, 1);
}

/* ---- bounds ---- */

/* No system call while the taker is awake: also after it waited for a time, or took what came last. */
Test(queue, nobody_is_woken_who_is_awake)
{
    int stopped;
    put_one();
    cr_assert_eq(queue_take(&queue, taken, MAX, -1, &stopped), 1);
    cr_assert_eq(queue_take(&queue, taken, MAX, 0, &stopped), 0);
    cr_assert_eq(queue_take(&queue, taken, MAX, 1, &stopped), 0);
    cr_assert_not(stopped);
    put_one();
    cr_assert_eq(wakes, 0, "the taker is taken for asleep");
    cr_assert_eq(queue_take(&queue, taken, MAX, -1, &stopped), 1);
    put_one();
    stop();
    cr_assert_eq(wakes, 0);
    cr_assert_eq(sleeps, 1, "the one with a time");
}

/* It comes between the looks: the flag is taken back with it. */
Test(queue, who_finds_something_at_the_last_look_is_awake)
{
    int stopped;
    window_open = put_one;
    for (unsigned at = 1; !all_seen; at++) {
        int before = wakes, slept = sleeps;
        window_left = at;
        cr_assert_eq(queue_take(&queue, taken, MAX, -1, &stopped), 1);
        if (sleeps == slept) { /* else the wake was asked for, and that takes it back */
            int asked = wakes;
            cr_assert_leq(asked - before, 1);
            put_one();
            cr_assert_eq(wakes, asked, "window %u: the taker is taken for asleep", at);
            cr_assert_eq(queue_take(&queue, taken, MAX, -1, &stopped), 1);
        }
    }
}

/* As many as may wait, and none of those that are one too many. */
Test(queue, a_full_queue_takes_all_or_nothing)
{
    static void *pointers[QUEUE_ITEMS + 1];
    int stopped;
    cr_assert_not(queue_put(&queue, pointers, pointers, QUEUE_ITEMS + 1, ignore));
    cr_assert_eq(atomic_load(&queue.waiting), 0);
    cr_assert(queue_put(&queue, pointers, pointers, QUEUE_ITEMS - 1, ignore));
    cr_assert_not(put(2));
    cr_assert(put(1));
    cr_assert_not(put(1));
    cr_assert_eq(queue_take(&queue, taken, 1, -1, &stopped), 1);
    cr_assert(put(1), "a place that is free again");
    cr_assert_not(put(1));
    size_t left = QUEUE_ITEMS;
    for (size_t n; left > 0; left -= n)
        cr_assert_gt(n = queue_take(&queue, taken, MAX, -1, &stopped), 0);
    cr_assert_eq(queue_take(&queue, taken, MAX, 0, &stopped), 0);
    cr_assert(queue_put(&queue, pointers, pointers, QUEUE_ITEMS, ignore), "all are free again");
}

Test(queue, no_more_are_taken_than_there_is_room_for)
{
    int stopped;
    cr_assert(put(3));
    cr_assert_eq(queue_take(&queue, taken, 2, -1, &stopped), 2);
    cr_assert_eq(taken[0].item, &items[0]);
    cr_assert_eq(taken[1].item, &items[1]);
    cr_assert_eq(queue_take(&queue, taken, 2, -1, &stopped), 1);
    cr_assert_eq(taken[0].item, &items[2]);
}
