/* postgres.c: the store in PostgreSQL. One thread speaks over all its connections: it takes what waits, sends
 * it as one round, and goes on to the next that has been answered. */
#define _GNU_SOURCE 1 /* asprintf */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/log.h"

static int64_t milliseconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t postgres_now_ms(void)
{
    return milliseconds(CLOCK_MONOTONIC);
}

int64_t postgres_clock_ms(void)
{
    return milliseconds(CLOCK_REALTIME);
}

static void notify(int fd)
{
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

static int state_of(const struct slot *slot)
{
    return atomic_load_explicit(&slot->state, memory_order_acquire);
}

/* Whether the serving thread has it; else the keeper may write to it. */
static int is_ours(const struct slot *slot)
{
    int state = state_of(slot);
    return state == SLOT_IDLE || state == SLOT_BUSY;
}

void postgres_log_fault(const char *doing, const struct round *round)
{
    store_count_fault();
    log_line(LOG_ERROR, "store", log_text("doing", doing), log_word("code", round->sqlstate),
             log_text("reason", round->message));
}

void postgres_lose(struct postgres_store *store, struct slot *slot, const char *why)
{
    char text[256];
    store_count_fault();
    store_count_connect(STORE_CONNECT_LOST);
    log_line(LOG_WARN, "store", log_text("doing", "connection lost"), log_text("why", why),
             log_text("reason", slot->round.failed
                                    ? slot->round.message
                                    : postgres_text(text, sizeof text, PQerrorMessage(slot->conn))));
    round_clear(slot);
    PQfinish(slot->conn);
    slot->conn = NULL;
    slot->since_ms = postgres_now_ms();
    atomic_store_explicit(&slot->state, SLOT_DOWN, memory_order_release);
    notify(store->keeper_fd);
}

/* ---- the serving thread ---- */

static struct writer *writer_at(struct postgres_store *store, int slot)
{
    return slot < POSTGRES_WRITERS ? &store->writers[slot] : NULL;
}

static struct reader *reader_at(struct postgres_store *store, int slot)
{
    return &store->readers[slot - POSTGRES_WRITERS];
}

static void connected(struct postgres_store *store, int i)
{
    atomic_store_explicit(&store->slots[i].state, SLOT_IDLE, memory_order_relaxed);
    if (writer_at(store, i) != NULL)
        writer_connected(writer_at(store, i));
    else
        reader_connected(reader_at(store, i));
}

static void lost(struct postgres_store *store, int i, const char *why)
{
    postgres_lose(store, &store->slots[i], why);
    if (writer_at(store, i) != NULL)
        writer_lost(writer_at(store, i));
    else
        reader_lost(reader_at(store, i));
}

static void receive(struct postgres_store *store, int i)
{
    switch (round_receive(&store->slots[i])) {
    case ROUND_WAITING:
        break;
    case ROUND_LOST:
        lost(store, i, "the database closed it");
        break;
    case ROUND_ANSWERED:
        if (writer_at(store, i) != NULL)
            writer_answered(writer_at(store, i));
        else
            reader_answered(reader_at(store, i));
    }
}

static void take_notices(struct postgres_store *store, PGconn *conn)
{
    PGnotify *notice;
    while ((notice = PQnotifies(conn)) != NULL) {
        atomic_fetch_add(&store->notices, 1);
        PQfreemem(notice);
    }
}

/* An idle connection says nothing, except that it ends, or a notice. */
static void listen_to_idle(struct postgres_store *store, int i)
{
    struct slot *slot = &store->slots[i];
    if (!PQconsumeInput(slot->conn) || PQstatus(slot->conn) != CONNECTION_OK)
        lost(store, i, "the database closed it");
    else if (!PQisBusy(slot->conn))
        PQclear(PQgetResult(slot->conn));
}

enum { REFUSED_AT_ONCE = 64 };

static void refuse_writes(struct postgres_store *store)
{
    struct queue_entry entries[REFUSED_AT_ONCE];
    int stopped;
    size_t n;
    while ((n = queue_take(&store->writes, entries, REFUSED_AT_ONCE, 0, &stopped)) > 0)
        for (size_t i = 0; i < n; i++) {
            struct store_unit *unit = entries[i].item;
            unit->outcome = STORE_UNAVAILABLE;
            unit->conflict = STORE_PRE_NONE;
            unit->row = (struct store_tx){0};
            store_tell_unit(&entries[i]);
        }
}

static void refuse_reads(struct postgres_store *store)
{
    struct queue_entry entries[REFUSED_AT_ONCE];
    int stopped;
    size_t n;
    while ((n = queue_take(&store->reads, entries, REFUSED_AT_ONCE, 0, &stopped)) > 0)
        for (size_t i = 0; i < n; i++) {
            ((struct store_fetch *)entries[i].item)->outcome = STORE_FETCH_UNAVAILABLE;
            store_tell_fetch(&entries[i]);
        }
}

/* Whether nothing can be expected of a slot for now: its connection cannot be made, or takes its time, or
 * does not answer, or waits until it is known what became of a commit. */
static int is_stuck(struct postgres_store *store, int i, int64_t now)
{
    const struct slot *slot = &store->slots[i];
    const struct writer *writer = writer_at(store, i);
    int state = state_of(slot);
    if (writer != NULL && writer->unsettled && now - writer->unsettled_ms > POSTGRES_SLOW_MS)
        return 1;
    if (state == SLOT_DOWN && atomic_load(&store->unreachable))
        return 1;
    return (state == SLOT_DOWN || state == SLOT_BUSY) && now - slot->since_ms > POSTGRES_SLOW_MS;
}

static int all_stuck(struct postgres_store *store, int first, int n, int64_t now)
{
    for (int i = first; i < first + n; i++)
        if (!is_stuck(store, i, now))
            return 0;
    return 1;
}

static int no_writes(struct postgres_store *store, int64_t now)
{
    return all_stuck(store, 0, POSTGRES_WRITERS, now);
}

static int no_reads(struct postgres_store *store, int64_t now)
{
    return all_stuck(store, POSTGRES_WRITERS, POSTGRES_READERS, now);
}

/* Nobody waits for what is stuck. */
static void give_up(struct postgres_store *store, int64_t now)
{
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        if (writer_at(store, i) != NULL)
            writer_look_at_time(writer_at(store, i), now);
        if (!is_stuck(store, i, now))
            continue;
        if (writer_at(store, i) != NULL)
            writer_give_up(writer_at(store, i));
        else
            reader_give_up(reader_at(store, i));
    }
    if (no_writes(store, now)) {
        atomic_store(&store->write_ok, 0);
        refuse_writes(store);
    }
    if (no_reads(store, now)) {
        atomic_store(&store->read_ok, 0);
        refuse_reads(store);
    }
}

static void serve(struct postgres_store *store, int64_t now, int64_t *probed)
{
    int probe = now - *probed >= POSTGRES_PROBE_MS;
    if (probe)
        *probed = now;
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        if (state_of(&store->slots[i]) != SLOT_IDLE)
            continue;
        if (writer_at(store, i) != NULL)
            writer_serve(writer_at(store, i), probe && !atomic_load(&store->write_ok));
        else
            reader_serve(reader_at(store, i), probe && !atomic_load(&store->read_ok));
    }
}

static void check_silence(struct postgres_store *store, int64_t now)
{
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        int is_patient = i < POSTGRES_WRITERS && writer_is_patient(&store->writers[i]);
        int64_t limit = is_patient ? POSTGRES_PATIENCE_MS : POSTGRES_SILENCE_MS;
        if (state_of(&store->slots[i]) == SLOT_BUSY && now - store->slots[i].since_ms > limit)
            lost(store, i, "no answer came");
    }
}

static int can_serve(struct postgres_store *store, int i, int64_t now)
{
    if (writer_at(store, i) != NULL)
        return writer_can_serve(writer_at(store, i), now);
    return reader_at(store, i)->count > 0 || atomic_load(&store->reads.waiting) > 0;
}

static int has_work(struct postgres_store *store)
{
    int64_t now = postgres_now_ms();
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        int state = state_of(&store->slots[i]);
        if (state == SLOT_READY || (state == SLOT_IDLE && can_serve(store, i, now)))
            return 1;
    }
    return (atomic_load(&store->writes.waiting) > 0 && no_writes(store, now)) ||
           (atomic_load(&store->reads.waiting) > 0 && no_reads(store, now));
}

static int is_over(struct postgres_store *store)
{
    if (!atomic_load(&store->stopping) || atomic_load(&store->writes.waiting) > 0 ||
        atomic_load(&store->reads.waiting) > 0)
        return 0;
    for (int i = 0; i < POSTGRES_WRITERS; i++)
        if (!writer_is_over(&store->writers[i]))
            return 0;
    for (int i = 0; i < POSTGRES_READERS; i++)
        if (store->readers[i].count > 0)
            return 0;
    return 1;
}

static void wait_for_news(struct postgres_store *store)
{
    struct pollfd fds[POSTGRES_SLOTS + 1];
    int slot_of[POSTGRES_SLOTS + 1];
    nfds_t n = 1;
    uint64_t ignored;
    fds[0] = (struct pollfd){.fd = store->wake_fd, .events = POLLIN};
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        if (!is_ours(&store->slots[i]))
            continue;
        PGconn *conn = store->slots[i].conn;
        slot_of[n] = i;
        /* libpq writes more by itself as soon as there is room: it is asked to at each look. */
        fds[n++] = (struct pollfd){.fd = PQsocket(conn),
                                   .events = (short)(POLLIN | (PQflush(conn) > 0 ? POLLOUT : 0))};
    }
    atomic_store(&store->sleeping, 1);
    int wait = has_work(store) || is_over(store) ? 0 : POSTGRES_TICK_MS;
    poll(fds, n, wait);
    atomic_store(&store->sleeping, 0);
    if ((fds[0].revents & POLLIN) != 0 && read(store->wake_fd, &ignored, sizeof ignored) < 0 &&
        errno != EAGAIN)
        return;
    for (nfds_t f = 1; f < n; f++) {
        if (fds[f].revents == 0)
            continue;
        if (state_of(&store->slots[slot_of[f]]) == SLOT_BUSY)
            receive(store, slot_of[f]);
        else
            listen_to_idle(store, slot_of[f]);
        if (is_ours(&store->slots[slot_of[f]]))
            take_notices(store, store->slots[slot_of[f]].conn);
    }
}

static void *run(void *arg)
{
    struct postgres_store *store = arg;
    int64_t probed = 0;
    while (!is_over(store)) {
        int64_t now = postgres_now_ms();
        for (int i = 0; i < POSTGRES_SLOTS; i++)
            if (state_of(&store->slots[i]) == SLOT_READY)
                connected(store, i);
        serve(store, now, &probed);
        check_silence(store, now);
        give_up(store, now);
        wait_for_news(store);
    }
    return NULL;
}

/* ---- store.h ---- */

static void wake(struct postgres_store *store)
{
    if (atomic_load_explicit(&store->sleeping, memory_order_relaxed) != 0 &&
        atomic_exchange(&store->sleeping, 0) != 0)
        notify(store->wake_fd);
}

static int put(struct postgres_store *store, struct queue *queue, const void *items, void *const *args,
               size_t n, store_done *done)
{
    if (!queue_put(queue, items, args, n, done))
        return 0;
    /* queue_put has ordered the entries before this look at |sleeping|; the serving thread does it the other
     * way round. One of the two sees the other. */
    wake(store);
    return 1;
}

static int pg_fetch(struct store *base, struct store_fetch *const *items, void *const *args, size_t n,
                    store_done *done)
{
    struct postgres_store *store = (struct postgres_store *)base;
    return put(store, &store->reads, items, args, n, done);
}

static int pg_commit(struct store *base, struct store_unit *const *units, void *const *args, size_t n,
                     store_done *done)
{
    struct postgres_store *store = (struct postgres_store *)base;
    return put(store, &store->writes, units, args, n, done);
}

static unsigned pg_notices(const struct store *base)
{
    const struct postgres_store *store = (const struct postgres_store *)base;
    return atomic_load_explicit(&store->notices, memory_order_relaxed);
}

static int pg_healthy(const struct store *base)
{
    const struct postgres_store *store = (const struct postgres_store *)base;
    return atomic_load_explicit(&store->write_ok, memory_order_relaxed) &&
           atomic_load_explicit(&store->read_ok, memory_order_relaxed);
}

static int pg_server(struct store *base, struct store_server *out)
{
    struct postgres_store *store = (struct postgres_store *)base;
    pthread_mutex_lock(&store->server_lock);
    *out = store->server;
    pthread_mutex_unlock(&store->server_lock);
    for (int i = postgres_first_slot(store); i < POSTGRES_SLOTS; i++) {
        int state = state_of(&store->slots[i]);
        out->down += state == SLOT_DOWN;
        out->busy += state == SLOT_BUSY;
        out->idle += state == SLOT_IDLE || state == SLOT_READY;
    }
    return 1;
}

static void free_store(struct postgres_store *store)
{
    for (int i = 0; i < POSTGRES_WRITERS; i++) {
        audit_chain_end(&store->writers[i].chain);
        params_free(&store->writers[i].params);
    }
    for (int i = 0; i < POSTGRES_READERS; i++)
        params_free(&store->readers[i].params);
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        if (store->slots[i].conn != NULL)
            PQfinish(store->slots[i].conn);
    }
    PQconninfoFree(store->target);
    audit_register_cleanup(&store->base.audit);
    queue_cleanup(&store->writes);
    queue_cleanup(&store->reads);
    if (store->wake_fd >= 0)
        close(store->wake_fd);
    if (store->keeper_fd >= 0)
        close(store->keeper_fd);
    pthread_mutex_destroy(&store->server_lock);
    free(store->name);
    free(store->node);
    free(store);
}

static struct postgres_store *make(char *fault, const char *url, const char *node, int to_read)
{
    struct postgres_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return store_fault(fault, "out of memory");
    store->base.backend = &postgres_backend;
    store->to_read = to_read;
    audit_register_init(&store->base.audit);
    pthread_mutex_init(&store->server_lock, NULL);
    store->server.role = "";
    store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    store->keeper_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    store->node = strdup(node);
    if (asprintf(&store->name, "cmpd/%s", node) < 0)
        store->name = NULL;
    for (int i = 0; i < POSTGRES_SLOTS; i++) {
        store->slots[i].since_ms = postgres_now_ms();
        if (writer_at(store, i) != NULL)
            *writer_at(store, i) = (struct writer){.store = store, .slot = &store->slots[i]};
        else
            *reader_at(store, i) = (struct reader){.store = store, .slot = &store->slots[i]};
    }
    atomic_init(&store->write_ok, 1);
    atomic_init(&store->read_ok, 1);
    int ok = store->wake_fd >= 0 && store->keeper_fd >= 0 && store->node != NULL && store->name != NULL &&
             queue_init(&store->writes) && queue_init(&store->reads);
    if (!ok)
        store_fault(fault, "out of memory or of file descriptors");
    store->target = ok ? postgres_target(fault, url) : NULL;
    if (store->target != NULL)
        return store;
    free_store(store);
    return NULL;
}

static void stop(_Atomic int *flag, int fd, pthread_t thread)
{
    atomic_store(flag, 1);
    notify(fd);
    pthread_join(thread, NULL);
}

static int start(struct postgres_store *store, char *fault)
{
    if (!store_thread(&store->thread, run, store, "store")) {
        store_fault(fault, "the store's threads cannot be started; raise the limit of threads");
        return 0;
    }
    if (!store_thread(&store->keeper, postgres_keep, store, "store-keeper")) {
        stop(&store->stopping, store->wake_fd, store->thread);
        store_fault(fault, "the store's threads cannot be started; raise the limit of threads");
        return 0;
    }
    return 1;
}

/* A connection of each kind is made before anything is served, so that what is wrong is told where the store
 * is named; the keeper makes the rest. */
static struct store *open_store(char *fault, const char *url, const char *node, int to_read)
{
    struct postgres_store *store = make(fault, url, node, to_read);
    if (store == NULL)
        return NULL;
    int ok = 1;
    for (int i = postgres_first_slot(store); ok && i <= POSTGRES_WRITERS; i += POSTGRES_WRITERS) {
        ok = postgres_raise(store, &store->slots[i], fault);
        if (ok)
            atomic_store(&store->slots[i].state, SLOT_READY);
    }
    if (ok && start(store, fault))
        return &store->base;
    free_store(store);
    return NULL;
}

static struct store *pg_open(char *fault, const char *url, const char *node)
{
    return open_store(fault, url, node, 0);
}

static struct store *pg_open_to_read(char *fault, const char *url, const char *node)
{
    return open_store(fault, url, node, 1);
}

static void pg_close(struct store *base)
{
    struct postgres_store *store = (struct postgres_store *)base;
    stop(&store->stopping, store->wake_fd, store->thread);
    stop(&store->keeper_stopping, store->keeper_fd, store->keeper);
    free_store(store);
}

#define BACKEND(prefix)                                                                                      \
    {                                                                                                        \
        .scheme = (prefix), .open = pg_open, .open_to_read = pg_open_to_read,                                \
        .has_secret = postgres_has_secret, .each_file = postgres_each_file, .migrate = postgres_migrate,     \
        .close = pg_close, .fetch = pg_fetch, .commit = pg_commit, .healthy = pg_healthy,                    \
        .server = pg_server, .notices = pg_notices, .each = postgres_each, .status = postgres_status,        \
        .check = postgres_check, .audit_boundary = postgres_audit_boundary, .each_head = postgres_each_head, \
        .audit_purge = postgres_audit_purge, .drop_empty = postgres_drop_empty                               \
    }
const struct backend postgres_backend = BACKEND("postgres://");
const struct backend postgresql_backend = BACKEND("postgresql://");
