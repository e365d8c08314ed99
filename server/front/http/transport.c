/* transport.c: the HTTP transport, from its opening to its end. */
#include "server/front/http/http.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/random.h"
#include "internal.h"
#include "server/base/log.h"
#include "versions.h"

#ifdef CMPD_FRONT_URING
#define LIBURING ", liburing " CMPD_LIBURING_VERSION
#else
#define LIBURING ""
#endif

enum { PROCESSORS_PER_FRONT = 4 }; /* the rest is for workers: signatures cost more than HTTP */

const char *front_backend(void)
{
    return loop_backend();
}

static const char *http_versions(void)
{
    return "libh2o " CMPD_H2O_VERSION LIBURING;
}

static unsigned count_threads(const struct config *config)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = config->threads.front;
    if (count == 0)
        count = processors > PROCESSORS_PER_FRONT ? (unsigned)processors / PROCESSORS_PER_FRONT : 1;
    return count < FRONT_THREADS_MAX ? count : FRONT_THREADS_MAX;
}

static int has_work(void *arg)
{
    struct front_thread *thread = arg;
    return atomic_load(&thread->inbox) != NULL || atomic_load(&thread->front->state) != (int)thread->state ||
           atomic_load(&thread->front->tls_version) != thread->tls_version ||
           !pulse_is_answered(&thread->pulse);
}

static int make_thread(struct front *front, unsigned index)
{
    struct front_thread *thread = &front->threads[index];
    uint32_t jobs = front->limits.jobs;
    thread->front = front;
    thread->index = index;
    h2o_linklist_init_anchor(&thread->conns);
    h2o_linklist_init_anchor(&thread->downloads);
    thread->slots = calloc(jobs, sizeof *thread->slots);
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
    pthread_mutex_destroy(&front->tls_lock);
    front_http_cleanup(front);
    free(front);
}

void front_release(struct front *front)
{
    if (atomic_fetch_sub(&front->holders, 1) == 1)
        free_front(front);
}

/* load_tls makes the context of each listener that has TLS. 1, or 0 with |fault| written. */
static int load_tls(struct config_fault *fault, SSL_CTX **out, const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++)
        if (config->listeners[i].tls != NULL && (out[i] = front_tls_new(fault, config, i)) == NULL)
            return 0;
    return 1;
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
    if (!load_tls(fault, front->tls, config))
        return 0;
    for (unsigned i = 0; i < front->thread_count; i++)
        if (!make_thread(front, i))
            return config_fault_at(fault, config, "threads.front", "a front thread cannot be set up: %s",
                                   strerror(errno));
    return front_listen(fault, front);
}

static void *http_open(struct config_fault *fault, const struct front_setup *setup)
{
    const struct config *config = setup->config;
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL) {
        config_fault_at(fault, config, "listeners", "no memory");
        return NULL;
    }
    atomic_init(&front->holders, 1);
    atomic_init(&front->tls_version, 1);
    pthread_mutex_init(&front->tls_lock, NULL);
    front->config = config;
    front->limits = config->limits;
    front->pipeline = setup->pipeline;
    front->handlers = setup->handlers;
    front->exchanges = setup->exchanges;
    front->exchange_count = setup->exchange_count;
    front->handler_count = setup->handler_count;
    front->thread_count = count_threads(config);
    pipeline_source_key(front->pipeline, front->source_key);
    front_http_init(front);
    front->threads = calloc(front->thread_count, sizeof *front->threads);
    if (front->threads == NULL)
        config_fault_at(fault, config, "threads.front", "no memory");
    if (front->threads == NULL || !set_up(fault, front)) {
        free_front(front);
        return NULL;
    }
    front->config = NULL;
    return front;
}

static void wake_threads(struct front *front)
{
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

static void set_state(struct front *front, enum front_state state)
{
    atomic_store(&front->state, state);
    wake_threads(front);
}

/* Listeners are the same for as long as the process lives: a change of them takes a restart. */
static int http_reload(struct config_fault *fault, void *transport, const struct config *config)
{
    struct front *front = transport;
    SSL_CTX *newer[FRONT_ADDRESSES_MAX] = {NULL};
    int ok = load_tls(fault, newer, config);

    if (ok) {
        pthread_mutex_lock(&front->tls_lock);
        for (size_t i = 0; i < config->listener_count; i++) {
            SSL_CTX *older = front->tls[i];
            front->tls[i] = newer[i];
            newer[i] = older;
        }
        atomic_fetch_add(&front->tls_version, 1);
        pthread_mutex_unlock(&front->tls_lock);
        wake_threads(front);
    }
    for (size_t i = 0; i < config->listener_count; i++)
        front_tls_free(newer[i]);
    return ok;
}

static int http_start(void *transport)
{
    struct front *front = transport;
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

static void http_ask(void *transport)
{
    struct front *front = transport;

    for (unsigned i = 0; i < front->thread_count; i++)
        pulse_ask(&front->threads[i].pulse);
    wake_threads(front);
}

static int http_answers(void *transport)
{
    const struct front *front = transport;

    for (unsigned i = 0; i < front->thread_count; i++)
        if (!pulse_is_answered(&front->threads[i].pulse))
            return 0;
    return 1;
}

static void http_drain(void *transport)
{
    set_state(transport, FRONT_DRAINING);
}

static unsigned http_stop(void *transport, unsigned seconds)
{
    struct front *front = transport;
    unsigned cut_off = 0;
    uint64_t deadline = front_now_ms() + (uint64_t)seconds * 1000;

    atomic_store(&front->deadline_ms, deadline);
    set_state(front, FRONT_STOPPING);
    for (unsigned i = 0; i < front->thread_count; i++) {
        if (!front->threads[i].started)
            continue;
        pthread_join(front->threads[i].id, NULL);
        cut_off += front->threads[i].cut_off;
    }
    /* Jobs whose requests are gone still come back; the last one that does frees |front|. */
    while (atomic_load(&front->holders) > 1 && front_now_ms() < deadline)
        usleep(1000);
    unsigned jobs = atomic_load(&front->holders) - 1;
    if (jobs > 0)
        log_line(LOG_WARN, "jobs outlive the front", log_number("jobs", jobs));
    front_release(front);
    return cut_off > jobs ? cut_off : jobs;
}

const struct transport http_transport = {
    .name = "http",
    .probe = loop_probe,
    .open = http_open,
    .start = http_start,
    .reload = http_reload,
    .ask = http_ask,
    .answers = http_answers,
    .drain = http_drain,
    .stop = http_stop,
    .versions = http_versions,
};
