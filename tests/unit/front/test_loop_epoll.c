/* epoll/loop.c: what is posted between the loop's look and its sleep ends the sleep. */
#include "tests/support/windows.h"

#include <criterion/criterion.h>
#include <h2o.h>
#include <poll.h>
#include <semaphore.h>

enum { PATIENCE_MS = 20000, WAIT_MS = 1000, WINDOWS_MAX = 100 };

static atomic_int posted, all_seen, overslept;
static int32_t waited; /* what the loop asked for last */
static int wake_fd;
static sem_t *falls_asleep; /* told before the loop sleeps; NULL: nobody is */

/* In the place of libh2o's loop: a sleep has no end but the wake, and what comes just before it is a window,
 * too. */
static int fake_run(h2o_evloop_t *loop, int32_t max_wait_ms)
{
    struct pollfd ready = {.fd = wake_fd, .events = POLLIN};

    (void)loop;
    if (window_last())
        atomic_store(&all_seen, 1);
    waited = max_wait_ms;
    if (falls_asleep != NULL)
        sem_post(falls_asleep);
    if (max_wait_ms != 0 && poll(&ready, 1, PATIENCE_MS) != 1)
        atomic_store(&overslept, 1);
    return 0;
}

static h2o_socket_t wake_socket;
static h2o_evloop_t the_h2o;

#define h2o_evloop_run fake_run
#define h2o_evloop_create() (&the_h2o)
#define h2o_evloop_destroy(loop) ((void)(loop))
#define h2o_evloop_socket_create(loop, fd, flags) ((void)(fd), (void)(flags), &wake_socket)
#define h2o_evloop_socket_accept(sock) ((void)(sock), (h2o_socket_t *)NULL)
#define h2o_socket_read_start(sock, cb) ((void)(sock), (void)(cb))
#define h2o_socket_read_stop(sock) ((void)(sock))
#define h2o_socket_close(sock) ((void)(sock))
#define h2o_timeout_init(loop, timeout, ms) ((void)(loop), (void)(timeout))
#define h2o_timeout_dispose(loop, timeout) ((void)(loop), (void)(timeout))
#define h2o_timeout_link(loop, timeout, entry) ((void)(loop), (void)(timeout), (void)(entry))
#define h2o_timeout_unlink(entry) ((void)(entry))
#define h2o_buffer_consume(buffer, len) ((void)(buffer), (void)(len))
/* NOLINTNEXTLINE(bugprone-suspicious-include): its looks and sleeps are under test */
#include "server/front/http/epoll/loop.c"

static struct loop *the_loop;

static int has_posts(void *arg)
{
    cr_assert_eq(arg, &posted);
    return atomic_load(&posted) != 0;
}

static void set_up(void)
{
    the_loop = loop_new(has_posts, &posted);
    cr_assert_not_null(the_loop);
    wake_fd = the_loop->wake_fd;
    atomic_store(&posted, 0);
}

/* libh2o would close it with its socket. */
static void tear_down(void)
{
    if (the_loop->wake != NULL)
        close(wake_fd);
    loop_free(the_loop);
}

TestSuite(loop_epoll, .init = set_up, .fini = tear_down, .timeout = 600);

static void post(void)
{
    atomic_store(&posted, 1);
    loop_wake(the_loop);
}

/* Turns of the loop, as a thread of the front takes them, until it has seen what was posted. */
static void turn_until_posted(void)
{
    while (!atomic_load(&posted) && !atomic_load(&overslept))
        cr_assert(loop_run(the_loop, WAIT_MS));
}

Test(loop_epoll, nothing_posted_is_slept_over)
{
    window_open = post;
    for (unsigned at = 1; !atomic_load(&all_seen); at++) {
        tear_down();
        set_up();
        window_left = at;
        turn_until_posted();
        cr_assert_not(atomic_load(&overslept), "slept over what was posted at window %u", at);
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

static pthread_t thread;
static sem_t asleep;

static void *run_loop(void *arg)
{
    turn_until_posted();
    sem_post(&asleep);
    return arg;
}

static void have_loop_sleep(void)
{
    cr_assert_eq(pthread_create(&thread, NULL, run_loop, NULL), 0);
    while (sem_wait(&asleep) != 0)
        ;
}

Test(loop_epoll, who_sleeps_while_something_is_posted_is_woken)
{
    int ends = 0;

    window_open = have_loop_sleep;
    falls_asleep = &asleep;
    for (unsigned at = 1; !ends; at++) {
        tear_down();
        set_up();
        sem_init(&asleep, 0, 0);
        window_left = at;
        post();
        ends = window_last();
        pthread_join(thread, NULL);
        cr_assert_not(atomic_load(&overslept), "not woken after window %u", at);
        sem_destroy(&asleep);
        cr_assert_lt(at, WINDOWS_MAX);
    }
}

/* What was posted before, or written in between, is no reason to sleep at all. */
Test(loop_epoll, with_work_the_loop_only_looks)
{
    atomic_store(&posted, 1);
    cr_assert(loop_run(the_loop, WAIT_MS));
    cr_assert_eq(waited, 0);
    atomic_store(&posted, 0);
    the_h2o._pending_as_client = (void *)&wake_socket;
    cr_assert(loop_run(the_loop, WAIT_MS));
    cr_assert_eq(waited, 0);
    the_h2o._pending_as_client = NULL;
    the_h2o._pending_as_server = (void *)&wake_socket;
    cr_assert(loop_run(the_loop, WAIT_MS));
    cr_assert_eq(waited, 0);
    the_h2o._pending_as_server = NULL;
    window_open = post;
    window_left = 1; /* else it would sleep for ever */
    cr_assert(loop_run(the_loop, WAIT_MS));
}

/* A wake costs a system call only while the loop sleeps, and one for several posts. */
Test(loop_epoll, who_is_awake_is_not_woken)
{
    uint64_t count;

    loop_wake(the_loop);
    cr_assert_lt(read(wake_fd, &count, sizeof count), 0);
    atomic_store(&the_loop->sleeping, 1);
    loop_wake(the_loop);
    loop_wake(the_loop);
    cr_assert_eq(read(wake_fd, &count, sizeof count), sizeof count);
    cr_assert_eq(count, 1);
    atomic_store(&posted, 1);
    cr_assert(loop_run(the_loop, WAIT_MS));
    loop_wake(the_loop);
    cr_assert_lt(read(wake_fd, &count, sizeof count), 0, "it is taken for asleep");
}
