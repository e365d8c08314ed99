/* postgres.c: whatever comes between the serving thread's look and its sleep, it does not sleep over it.
 * Without a database: connections that are there and say nothing. */
#include "tests/support/windows.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <semaphore.h>

enum { PATIENCE_MS = 20000, WINDOWS_MAX = 1000 };

static atomic_int all_seen, overslept;
static sem_t *falls_asleep; /* told before the thread sleeps; NULL: nobody is */

/* In the place of the kernel's: only news end a sleep, and what comes just before it is a window, too. */
static int bounded_poll(struct pollfd *fds, nfds_t n, int wait_ms)
{
    if (window_last())
        atomic_store(&all_seen, 1);
    if (falls_asleep != NULL)
        sem_post(falls_asleep);
    int ready = poll(fds, n, wait_ms != 0 ? PATIENCE_MS : 0);
    if (wait_ms != 0 && ready <= 0)
        atomic_store(&overslept, 1);
    return ready;
}

#define poll bounded_poll
/* NOLINTNEXTLINE(bugprone-suspicious-include): its looks and sleeps are under test */
#include "storage/postgres/postgres.c"
#undef poll

static struct postgres_store *the_store;
static struct store_fetch an_item;
static struct store_unit a_unit;

static void ignore(void *arg)
{
    (void)arg;
}

/* A writer and a reader are connected, and idle; the others are not to be had for now, which is not for so
 * long that anybody gives up. */
static void set_up(void)
{
    char fault[STORE_FAULT_MAX];
    the_store = make(fault, "postgres://localhost/nothing", "node", 0);
    cr_assert_not_null(the_store, "%s", fault);
    atomic_store(&the_store->slots[0].state, SLOT_IDLE);
    atomic_store(&the_store->slots[POSTGRES_WRITERS].state, SLOT_IDLE);
}

static void tear_down(void)
{
    free_store(the_store);
}

TestSuite(postgres_wake, .init = set_up, .fini = tear_down, .timeout = 600);

static void ask(void)
{
    cr_assert(pg_fetch(&the_store->base, &(struct store_fetch *){&an_item}, &(void *){NULL}, 1, ignore));
}

static void give(void)
{
    cr_assert(pg_commit(&the_store->base, &(struct store_unit *){&a_unit}, &(void *){NULL}, 1, ignore));
}

/* As the keeper does it. */
static void raise_one(void)
{
    atomic_store(&the_store->slots[1].state, SLOT_READY);
    notify(the_store->wake_fd);
}

static void end(void)
{
    atomic_store(&the_store->stopping, 1);
    notify(the_store->wake_fd);
}

/* The serving thread, until it has something to do. */
static void look_until_news(void)
{
    while (!has_work(the_store) && !is_over(the_store) && !atomic_load(&overslept))
        wait_for_news(the_store);
}

/* What is left is taken, so that the queues may be freed. */
static void take_all(void)
{
    struct queue_entry entry;
    int stopped;
    while (queue_take(&the_store->reads, &entry, 1, 0, &stopped) > 0)
        cr_assert_eq(entry.item, &an_item);
    while (queue_take(&the_store->writes, &entry, 1, 0, &stopped) > 0)
        cr_assert_eq(entry.item, &a_unit);
}

static void try_all_windows(void (*what)(void))
{
    window_open = what;
    for (unsigned at = 1; !atomic_load(&all_seen); at++) {
        tear_down();
        set_up();
        window_left = at;
        look_until_news();
        cr_assert_not(atomic_load(&overslept), "slept over what came at window %u", at);
        take_all();
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

Test(postgres_wake, no_look_up_is_slept_over)
{
    try_all_windows(ask);
}

Test(postgres_wake, no_unit_is_slept_over)
{
    try_all_windows(give);
}

Test(postgres_wake, no_connection_is_slept_over)
{
    try_all_windows(raise_one);
}

Test(postgres_wake, no_end_is_slept_over)
{
    try_all_windows(end);
}

static pthread_t serving;
static sem_t asleep;

static void *run_looks(void *arg)
{
    look_until_news();
    sem_post(&asleep);
    return arg;
}

static void have_thread_sleep(void)
{
    cr_assert_eq(pthread_create(&serving, NULL, run_looks, NULL), 0);
    while (sem_wait(&asleep) != 0)
        ;
}

static void wake_in_all_windows(void (*what)(void))
{
    int ends = 0;
    window_open = have_thread_sleep;
    falls_asleep = &asleep;
    for (unsigned at = 1; !ends; at++) {
        tear_down();
        set_up();
        sem_init(&asleep, 0, 0);
        window_left = at;
        what();
        ends = window_last();
        pthread_join(serving, NULL);
        cr_assert_not(atomic_load(&overslept), "not woken after window %u", at);
        take_all();
        sem_destroy(&asleep);
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

Test(postgres_wake, who_sleeps_while_a_look_up_comes_is_woken)
{
    wake_in_all_windows(ask);
}

Test(postgres_wake, who_sleeps_while_a_unit_comes_is_woken)
{
    wake_in_all_windows(give);
}
