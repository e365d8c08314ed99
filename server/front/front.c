/* front.c: threads, from first to last. */
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/random.h"
#include "server/base/log.h"

enum { PROCESSORS_PER_FRONT = 4 }; /* the rest is for workers: signatures cost more than HTTP */

const char *front_backend(void)
{
    return loop_backend();
}

int front_probe(char *why, size_t len)
{
    return loop_probe(why, len);
}

void loop_log_accept(int error)
{
    char text[128];
    if (log_take("connection not accepted", bytes_str("accept")))
        log_event(LOG_ERROR, "connection not accepted",
                  "reason=%s text=\"raise the limit of open files, or lower "
                  "limits.connections\"",
                  log_quote(text, sizeof(text), bytes_str(strerror(error))));
}

static uint64_t monotonic_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- a thread ---- */

static int has_work(void *arg)
{
    struct front_thread *thread = arg;
    return atomic_load(&thread->inbox) != NULL || atomic_load(&thread->front->state) != (int)thread->state;
}

static void listen_all(struct front_thread *thread)
{
    struct front *front = thread->front;
    for (size_t i = 0; i < front->address_count; i++) {
        struct front_accept *accept = &thread->accepts[i];
        accept->thread = thread;
        accept->ctx.ctx = &thread->ctx;
        accept->ctx.hosts = front->global.hosts;
        accept->ctx.ssl_ctx = front->addresses[i].tls;
        accept->proxy_protocol = front->addresses[i].proxy_protocol;
        accept->listener =
            loop_listen(thread->loop, front->addresses[i].fds[thread->index], front_accepted, accept);
        if (accept->listener == NULL)
            log_event(LOG_ERROR, "no memory to listen", "address=%s", front->addresses[i].text);
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
        log_event(LOG_ERROR, "front loop failed", "errno=%d", errno);
        log_flush();
        return 0;
    }
    front_memory_turn(thread);
    front_take_replies(thread);
    follow_state(thread);
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
    while (has_conns(thread) && monotonic_ms() < deadline)
        if (!round_once(thread, FRONT_STOP_ROUND_MS))
            abort();
    thread->cut_off = front_cut_off(thread);
    uint64_t last_words = monotonic_ms() + FRONT_STOP_IDLE_MS;
    deadline = monotonic_ms() + FRONT_CLOSE_MS;
    while (has_conns(thread) && monotonic_ms() < deadline) {
        if (monotonic_ms() >= last_words)
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
        log_event(LOG_ERROR, "connections did not close", "thread=%u", thread->index);
        return;
    }
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
    /* Here and not in front_new: libh2o keeps recycled buffers by thread. */
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

/* ---- the front ---- */

static unsigned count_threads(const struct config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = config->threads.front;
    if (count == 0)
        count = processors > PROCESSORS_PER_FRONT ? (unsigned)processors / PROCESSORS_PER_FRONT : 1;
    return count < FRONT_THREADS_MAX ? count : FRONT_THREADS_MAX;
}

static int make_thread(struct front *front, unsigned index)
{
    struct front_thread *thread = &front->threads[index];
    uint32_t jobs = front->limits.jobs;
    thread->front = front;
    thread->index = index;
    h2o_linklist_init_anchor(&thread->conns);
    thread->slots = calloc(jobs, sizeof(*thread->slots));
    if (thread->slots == NULL)
        return 0;
    for (uint32_t i = 0; i < jobs; i++)
        thread->slots[i].next_free = i + 1;
    thread->loop = loop_new(has_work, thread);
    return thread->loop != NULL;
}

static void free_front(struct front *front)
{
    for (unsigned i = 0; front->threads != NULL && i < front->thread_count; i++) {
        if (front->threads[i].loop != NULL && !front->threads[i].started)
            loop_free(front->threads[i].loop);
        free(front->threads[i].slots);
    }
    free(front->threads);
    front_unlisten(front);
    for (size_t i = 0; i < FRONT_ADDRESSES_MAX; i++)
        front_tls_free(front->tls[i]);
    front_http_cleanup(front);
    free(front);
}

void front_release(struct front *front)
{
    if (atomic_fetch_sub(&front->holders, 1) == 1)
        free_front(front);
}

static int set_up(struct config_fault *fault, struct front *front)
{
    const struct config *config = front->config;
    if (config->listener_count == 0 || config->listener_count > FRONT_ADDRESSES_MAX)
        return config_fault_at(fault, config, "listeners", "between 1 and %d listeners are needed",
                               FRONT_ADDRESSES_MAX);
    front->proxy_count = config->trusted_proxies.count;
    for (size_t i = 0; i < config->trusted_proxies.count; i++)
        if (i == FRONT_PROXIES_MAX ||
            !address_block_parse(&front->proxies[i], config->trusted_proxies.items[i]))
            return config_fault_at(fault, config, "trusted_proxies", "not an address: %s",
                                   config->trusted_proxies.items[i]);
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls != NULL && (front->tls[i] = front_tls_new(fault, config, i)) == NULL)
            return 0;
    for (unsigned i = 0; i < front->thread_count; i++)
        if (!make_thread(front, i))
            return config_fault_at(fault, config, "threads.front", "a front thread cannot be set up: %s",
                                   strerror(errno));
    return front_listen(fault, front);
}

struct front *front_new(struct config_fault *fault, const struct config *config, struct pipeline *pipeline,
                        const struct front_handler *handlers, size_t handler_count)
{
    struct front *front = calloc(1, sizeof(*front));
    if (front == NULL) {
        config_fault_at(fault, config, "listeners", "no memory");
        return NULL;
    }
    atomic_init(&front->holders, 1);
    front->config = config;
    front->limits = config->limits;
    front->pipeline = pipeline;
    front->handlers = handlers;
    front->handler_count = handler_count;
    front->thread_count = count_threads(config);
    random_bytes((uint8_t *)front->source_key, sizeof(front->source_key));
    front_http_init(front);
    front->threads = calloc(front->thread_count, sizeof(*front->threads));
    if (front->threads == NULL)
        config_fault_at(fault, config, "threads.front", "no memory");
    if (front->threads == NULL || !set_up(fault, front)) {
        free_front(front);
        return NULL;
    }
    front->config = NULL;
    return front;
}

static void set_state(struct front *front, enum front_state state)
{
    atomic_store(&front->state, state);
    for (unsigned i = 0; i < front->thread_count; i++) {
        struct front_thread *thread = &front->threads[i];
        if (!thread->started)
            continue;
        /* As in on_done: the thread may be on its way out already. */
        atomic_fetch_add(&thread->posting, 1);
        if (!atomic_load(&thread->closed))
            loop_wake(thread->loop);
        atomic_fetch_sub(&thread->posting, 1);
    }
}

int front_start(struct front *front)
{
    sigset_t all, before;
    int ok = 1;
    atomic_store(&front->state, FRONT_RUNNING);
    /* Signals are main's; and SIGPIPE is nobody's. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (unsigned i = 0; i < front->thread_count && ok; i++) {
        ok = pthread_create(&front->threads[i].id, NULL, front_thread_main, &front->threads[i]) == 0;
        front->threads[i].started = ok;
        if (ok)
            pthread_setname_np(front->threads[i].id, "front");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

void front_drain(struct front *front)
{
    set_state(front, FRONT_DRAINING);
}

unsigned front_stop(struct front *front, unsigned seconds)
{
    unsigned cut_off = 0;
    uint64_t deadline = monotonic_ms() + (uint64_t)seconds * 1000;

    atomic_store(&front->deadline_ms, deadline);
    set_state(front, FRONT_STOPPING);
    for (unsigned i = 0; i < front->thread_count; i++) {
        if (!front->threads[i].started)
            continue;
        pthread_join(front->threads[i].id, NULL);
        cut_off += front->threads[i].cut_off;
    }
    /* Jobs whose requests are gone still come back; the last one that does frees |front|. */
    while (atomic_load(&front->holders) > 1 && monotonic_ms() < deadline)
        usleep(1000);
    unsigned jobs = atomic_load(&front->holders) - 1;
    if (jobs > 0)
        log_event(LOG_WARN, "jobs outlive the front", "jobs=%u", jobs);
    front_release(front);
    return cut_off > jobs ? cut_off : jobs;
}
