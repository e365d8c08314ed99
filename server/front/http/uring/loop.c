/* loop.c: the event loop on io_uring: gather submissions, sleep for a completion, tell what completed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ring.h"

/* struct accept_op is one accept under way. There are a few, each for one connection, and not one that goes
 * on (multishot): when thousands connect, those who are connected wait for a few of them only. */
struct accept_op {
    struct ring_op op;
    struct loop_listener *listener;
    int armed;
};

struct loop_listener {
    struct accept_op accepts[RING_ACCEPTS];
    struct ring_op retry; /* a timer: accepting goes on a little later */
    struct loop *loop;
    int fd;
    int armed; /* accepts under way */
    int waiting, stopped;
    void (*accepted)(void *arg, h2o_socket_t *sock);
    void *arg;
};

const char *loop_backend(void)
{
    return "io_uring";
}

/* libh2o subtracts timeouts from the time, so the clock must not begin near zero as the machine's own does.
 */
static uint64_t monotonic_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void update_time(struct loop *loop)
{
    loop->h2o._now = loop->clock_base + monotonic_ms();
}

static void timer_done(struct ring_op *op, int32_t res, uint32_t flags)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, timer, op);
    (void)res;
    (void)flags;
    loop->timer_at = 0;
}

struct loop *loop_new(int (*has_work)(void *arg), void *arg)
{
    const char *what;
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return NULL;
    int ret = ring_setup(loop, &what);
    if (ret < 0) {
        free(loop);
        errno = -ret;
        return NULL;
    }
    waker_prepare();
    loop->has_work = has_work;
    loop->arg = arg;
    loop->timer.done = timer_done;
    loop->clock_base = (uint64_t)1 << 40;
    loop->h2o._statechanged.tail_ref = &loop->h2o._statechanged.head;
    h2o_linklist_init_anchor(&loop->h2o._timeouts);
    h2o_linklist_init_anchor(&loop->lingering);
    update_time(loop);
    return loop;
}

h2o_loop_t *loop_h2o(struct loop *loop)
{
    return &loop->h2o;
}

/* arm_timer makes a completion come at |at| or earlier. One timer operation does for all of libh2o's
 * timeouts; one that comes too early only costs a round, so it is moved forward and never back. */
static void arm_timer(struct loop *loop, uint64_t at)
{
    if (loop->timer_at != 0 && loop->timer_at <= at)
        return;
    uint64_t delta = at - loop->h2o._now;
    loop->timer_spec =
        (struct __kernel_timespec){(int64_t)(delta / 1000), (long long)(delta % 1000) * 1000000};
    struct io_uring_sqe *sqe = ring_sqe(loop);
    if (loop->timer_at == 0) {
        io_uring_prep_timeout(sqe, &loop->timer_spec, 0, 0);
        ring_submit_op(sqe, &loop->timer);
    } else {
        /* If it fires before it is moved, its own completion ends the sleep as well. */
        io_uring_prep_timeout_update(sqe, &loop->timer_spec, (uint64_t)(uintptr_t)&loop->timer, 0);
        io_uring_sqe_set_data64(sqe, 0);
    }
    loop->timer_at = at;
}

/* may_sleep decides whether this round waits for a completion, and arms the timer that ends the wait. */
static int may_sleep(struct loop *loop, int32_t max_wait_ms)
{
    if (loop->pending != NULL || max_wait_ms <= 0 || io_uring_cq_ready(&loop->ring) > 0)
        return 0;
    uint64_t wake_at = h2o_timeout_get_wake_at(&loop->h2o._timeouts);
    uint64_t at = loop->h2o._now + (uint64_t)max_wait_ms;
    if (wake_at < at)
        at = wake_at;
    if (at <= loop->h2o._now)
        return 0;
    arm_timer(loop, at);
    /* Whoever posts after this looks at |sleeping|; what was posted before is seen by has_work. */
    atomic_store(&loop->sleeping, 1);
    if (loop->has_work(loop->arg)) {
        atomic_store(&loop->sleeping, 0);
        return 0;
    }
    return 1;
}

static void handle_completions(struct loop *loop)
{
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    /* What is left is taken at the next turn: answers go out in between. */
    io_uring_for_each_cqe(&loop->ring, head, cqe)
    {
        if (seen == RING_TURN)
            break;
        struct ring_op *op = io_uring_cqe_get_data(cqe);
        if (op != NULL)
            op->done(op, cqe->res, cqe->flags);
        seen++;
    }
    io_uring_cq_advance(&loop->ring, seen);
}

static void run_timeouts(struct loop *loop)
{
    for (h2o_linklist_t *node = loop->h2o._timeouts.next; node != &loop->h2o._timeouts; node = node->next) {
        h2o_timeout_t *timeout = H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, node);
        h2o_timeout_run(&loop->h2o, timeout, loop->h2o._now);
    }
}

/* A ring is that of the thread which enables it. */
static int enable(struct loop *loop)
{
    int ret = loop->enabled ? 0 : ring_enable(loop);
    loop->enabled = ret == 0;
    errno = -ret;
    return loop->enabled;
}

int loop_run(struct loop *loop, int32_t max_wait_ms)
{
    int ret;
    if (!enable(loop))
        return 0;
    update_time(loop);
    if (may_sleep(loop, max_wait_ms)) {
        ret = io_uring_submit_and_wait(&loop->ring, 1);
        atomic_store(&loop->sleeping, 0);
    } else {
        ret = io_uring_submit_and_get_events(&loop->ring);
    }
    if (ret < 0 && ret != -EINTR && ret != -EAGAIN && ret != -EBUSY && ret != -ETIME) {
        errno = -ret;
        return 0;
    }
    update_time(loop);
    handle_completions(loop);
    ring_run_pending(loop);
    run_timeouts(loop);
    ring_run_pending(loop);
    if (!h2o_linklist_is_empty(&loop->lingering))
        ring_sweep_lingering(loop);
    return 1;
}

void loop_wake(struct loop *loop)
{
    /* Only the first of several posts pays for a message. */
    if (atomic_exchange(&loop->sleeping, 0))
        ring_wake(loop->ring_fd);
}

/* ---- accepting ---- */

static void arm_accept(struct accept_op *accept)
{
    struct io_uring_sqe *sqe = ring_sqe(accept->listener->loop);
    /* Not SOCK_NONBLOCK: then io_uring would answer EAGAIN instead of waiting for data. */
    io_uring_prep_accept(sqe, accept->listener->fd, NULL, NULL, SOCK_CLOEXEC);
    ring_submit_op(sqe, &accept->op);
    accept->armed = 1;
    accept->listener->armed++;
}

static void arm_accepts(struct loop_listener *listener)
{
    for (size_t i = 0; i < RING_ACCEPTS; i++)
        if (!listener->accepts[i].armed)
            arm_accept(&listener->accepts[i]);
}

static void free_if_done(struct loop_listener *listener)
{
    if (listener->stopped && !listener->armed && !listener->waiting) {
        listener->loop->owners--;
        free(listener);
    }
}

static void retry_done(struct ring_op *op, int32_t res, uint32_t flags)
{
    struct loop_listener *listener = H2O_STRUCT_FROM_MEMBER(struct loop_listener, retry, op);
    (void)res;
    (void)flags;
    listener->waiting = 0;
    if (!listener->stopped)
        arm_accepts(listener);
    free_if_done(listener);
}

/* Without descriptors or memory, accepting at once would fail again and spin. */
static void retry_later(struct loop_listener *listener)
{
    static const struct __kernel_timespec pause = {.tv_nsec = LOOP_ACCEPT_PAUSE_MS * 1000000LL};
    struct io_uring_sqe *sqe = ring_sqe(listener->loop);
    io_uring_prep_timeout(sqe, (struct __kernel_timespec *)&pause, 0, 0);
    ring_submit_op(sqe, &listener->retry);
    listener->waiting = 1;
}

static void accept_done(struct ring_op *op, int32_t res, uint32_t flags)
{
    struct accept_op *accept = H2O_STRUCT_FROM_MEMBER(struct accept_op, op, op);
    struct loop_listener *listener = accept->listener;
    (void)flags;
    accept->armed = 0;
    listener->armed--;
    if (res >= 0) {
        if (listener->stopped)
            ring_close(listener->loop, res);
        else
            listener->accepted(listener->arg, ring_socket_accepted(listener->loop, res));
    }
    if (!listener->stopped) {
        if (res >= 0 || res == -ECONNABORTED) {
            arm_accept(accept);
        } else if (!listener->waiting) {
            loop_log_accept(-res);
            retry_later(listener);
        }
    }
    free_if_done(listener);
}

struct loop_listener *loop_listen(struct loop *loop, int fd, void (*accepted)(void *arg, h2o_socket_t *sock),
                                  void *arg)
{
    /* Accepts of many listeners are more than a ring gathers; it takes none before it is enabled. */
    struct loop_listener *listener = enable(loop) ? calloc(1, sizeof *listener) : NULL;
    if (listener == NULL)
        return NULL;
    *listener = (struct loop_listener){
        .retry = {retry_done},
        .loop = loop,
        .fd = fd,
        .accepted = accepted,
        .arg = arg,
    };
    for (size_t i = 0; i < RING_ACCEPTS; i++)
        listener->accepts[i] = (struct accept_op){.op = {accept_done}, .listener = listener};
    loop->owners++;
    arm_accepts(listener);
    return listener;
}

void loop_unlisten(struct loop_listener *listener)
{
    listener->stopped = 1;
    for (size_t i = 0; i < RING_ACCEPTS; i++)
        if (listener->accepts[i].armed)
            ring_cancel(listener->loop, &listener->accepts[i].op);
    if (listener->waiting)
        ring_cancel(listener->loop, &listener->retry);
    free_if_done(listener);
}

void loop_free(struct loop *loop)
{
    /* Every operation gets its last completion before its memory goes; the kernel cancels promptly. */
    while (loop->enabled && loop->owners > 0 && loop_run(loop, 100))
        ;
    /* What was closed last is only gathered. */
    if (loop->enabled)
        io_uring_submit(&loop->ring);
    ring_teardown(loop);
    free(loop);
}
