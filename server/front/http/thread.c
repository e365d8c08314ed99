/* thread.c: a thread of the HTTP transport, from first to last. */
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/base/log.h"

uint64_t front_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* take_tls takes the contexts that new connections get, if there are newer ones. */
static void take_tls(struct front_thread *thread)
{
    struct front *front = thread->front;

    if (atomic_load(&front->tls_version) == thread->tls_version)
        return;
    pthread_mutex_lock(&front->tls_lock);
    for (size_t i = 0; i < front->address_count; i++) {
        front_tls_free(thread->accepts[i].ctx.ssl_ctx);
        thread->accepts[i].ctx.ssl_ctx = front_tls_hold(front->tls[front->addresses[i].listener]);
    }
    thread->tls_version = atomic_load(&front->tls_version);
    pthread_mutex_unlock(&front->tls_lock);
}

static void listen_all(struct front_thread *thread)
{
    struct front *front = thread->front;
    take_tls(thread);
    for (size_t i = 0; i < front->address_count; i++) {
        struct front_accept *accept = &thread->accepts[i];
        accept->thread = thread;
        accept->ctx.ctx = &thread->ctx;
        accept->ctx.hosts = front->global.hosts;
        accept->proxy_protocol = front->addresses[i].proxy_protocol;
        accept->serves = front->addresses[i].serves;
        accept->listener =
            loop_listen(thread->loop, front->addresses[i].fds[thread->index], front_accepted, accept);
        if (accept->listener == NULL)
            log_line(LOG_ERROR, "cannot listen", log_word("address", front->addresses[i].text),
                     log_text("reason", strerror(errno)));
    }
}

static void unlisten_all(struct front_thread *thread)
{
    for (size_t i = 0; i < thread->front->address_count; i++)
        if (thread->accepts[i].listener != NULL) {
            loop_unlisten(thread->accepts[i].listener);
            /* The descriptor is closed when all threads have ended; the kernel must take no connection until
             * then. */
            shutdown(thread->front->addresses[i].fds[thread->index], SHUT_RDWR);
        }
}

/* follow_state does what the front's state asks for, once. */
static void follow_state(struct front_thread *thread)
{
    enum front_state state = (enum front_state)atomic_load(&thread->front->state);
    if (state == thread->state)
        return;
    if (state >= FRONT_DRAINING && thread->state < FRONT_DRAINING)
        h2o_context_request_shutdown(&thread->ctx);
    if (state == FRONT_STOPPING)
        unlisten_all(thread);
    thread->state = state;
}

/* round_once is one turn of the loop; returns 0 when the loop is broken. */
static int round_once(struct front_thread *thread, int32_t max_wait_ms)
{
    if (!loop_run(thread->loop, max_wait_ms)) {
        log_line(LOG_ERROR, "front loop failed", log_number("errno", errno));
        log_flush();
        return 0;
    }
    pulse_answer(&thread->pulse);
    front_memory_turn(thread);
    front_take_replies(thread);
    follow_state(thread);
    take_tls(thread);
    front_memory_turn(thread);
    uint64_t now = h2o_now(thread->ctx.loop);
    if (thread->state == FRONT_STOPPING || now - thread->swept >= FRONT_SWEEP_MS) {
        thread->swept = now;
        front_sweep(thread, thread->state == FRONT_STOPPING);
    }
    return 1;
}

static int has_conns(struct front_thread *thread)
{
    return !h2o_linklist_is_empty(&thread->conns);
}

/* finish serves what is in flight until the deadline, then ends what is left. */
static void finish(struct front_thread *thread)
{
    uint64_t deadline = atomic_load(&thread->front->deadline_ms);
    while (has_conns(thread) && front_now_ms() < deadline)
        if (!round_once(thread, FRONT_STOP_ROUND_MS))
            abort();
    thread->cut_off = front_cut_off(thread);
    uint64_t last_words = front_now_ms() + FRONT_STOP_IDLE_MS;
    deadline = front_now_ms() + FRONT_CLOSE_MS;
    while (has_conns(thread) && front_now_ms() < deadline) {
        if (front_now_ms() >= last_words)
            front_shut_all(thread);
        if (!round_once(thread, FRONT_STOP_ROUND_MS))
            abort();
    }
}

/* dispose frees what belongs to the thread. libh2o's timers must be unlinked, and it forgets to free its
 * queue. */
static void dispose(struct front_thread *thread)
{
    atomic_store(&thread->closed, 1);
    while (atomic_load(&thread->posting) > 0)
        sched_yield();
    front_free_replies(thread);
    if (has_conns(thread)) {
        /* Nothing of libh2o can be freed under a connection. The process is about to end. */
        log_line(LOG_ERROR, "connections did not close", log_number("thread", thread->index));
        return;
    }
    for (size_t i = 0; i < thread->front->address_count; i++)
        front_tls_free(thread->accepts[i].ctx.ssl_ctx);
    h2o_multithread_queue_t *queue = thread->ctx.queue;
    h2o_timeout_unlink(&thread->ctx.http2._graceful_shutdown_timeout);
    h2o_context_dispose(&thread->ctx);
    loop_free(thread->loop);
    thread->loop = NULL;
    free(queue);
}

void *front_thread_main(void *arg)
{
    struct front_thread *thread = arg;
    h2o_mem_account = &thread->account;
    front_memory_turn(thread);
    /* Here and not where the front is opened: libh2o keeps recycled buffers by thread. */
    h2o_context_init(&thread->ctx, loop_h2o(thread->loop), &thread->front->global);
    thread->state = FRONT_RUNNING;
    listen_all(thread);
    while (thread->state < FRONT_STOPPING)
        if (!round_once(thread, FRONT_SWEEP_MS))
            abort(); /* without its loop a front would be deaf, and seem alive */
    finish(thread);
    dispose(thread);
    return NULL;
}
