/* store.c: see store.h. Finds the backend by the URL; the rest is the backend's. */
#define _GNU_SOURCE 1 /* pthread_setname_np */
#include "store.h"

#include <errno.h>
#include <libpq-fe.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "metrics.h"
#include "versions.h"

static const struct backend *const backends[] = {&sqlite_backend, &postgres_backend, &postgresql_backend};

void *store_fault(char *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault, STORE_FAULT_MAX, format, args);
    va_end(args);
    return NULL;
}

int store_thread(pthread_t *thread, void *(*loop)(void *), void *arg, const char *name)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int ok = pthread_create(thread, NULL, loop, arg) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok)
        pthread_setname_np(*thread, name);
    return ok;
}

void store_unit_write(struct store_unit *unit, enum store_how how, enum store_kind kind, const void *row)
{
    if (unit->write_count == STORE_WRITES_MAX || (store_tables[kind].hows & 1u << how) == 0)
        abort();
    unit->writes[unit->write_count++] = (struct store_write){how, kind, row};
}

const void *store_unit_row(const struct store_unit *unit, enum store_kind kind)
{
    for (size_t i = 0; i < unit->write_count; i++)
        if (unit->writes[i].kind == kind)
            return unit->writes[i].row;
    return NULL;
}

int store_tx_is_expected(const struct store_unit *unit, enum store_tx_state state, int64_t free_at)
{
    return (unit->expect_state == 0 || state == unit->expect_state) &&
           (unit->expect_free_at == 0 || (free_at != 0 && free_at <= unit->expect_free_at));
}

const struct store_cert_change *store_unit_required(const struct store_unit *unit)
{
    const struct store_cert_change *change = unit->change;

    while (change != NULL && !change->required)
        change = change->next;
    return change;
}

static const void *row_written(const struct store_unit *unit, enum store_how how)
{
    for (size_t i = 0; i < unit->write_count; i++)
        if (unit->writes[i].how == how)
            return unit->writes[i].row;
    return NULL;
}

const struct store_claim *store_unit_claim(const struct store_unit *unit)
{
    return row_written(unit, STORE_SWAP);
}

const struct store_claim *store_unit_quota(const struct store_unit *unit)
{
    return row_written(unit, STORE_COUNT);
}

int64_t store_claim_day(const struct store_claim *stored, int64_t day)
{
    return stored->day == day + 1 ? stored->day : day;
}

int store_claim_has_room(const struct store_claim *quota, const struct store_claim *stored)
{
    int64_t before = stored->day == store_claim_day(stored, quota->day) ? stored->day_count : 0;

    return before + quota->day_count <= quota->most;
}

struct store_unit *store_unit_failed(struct store_unit *unit)
{
    struct store_unit *at = unit;

    while (at != NULL && at->conflict == STORE_PRE_NONE)
        at = at->with;
    return at != NULL ? at : unit;
}

void store_unit_forget(struct store_unit *unit, enum store_outcome outcome)
{
    unit->outcome = outcome;
    for (struct store_unit *at = unit; at != NULL; at = at->with) {
        at->conflict = STORE_PRE_NONE;
        at->row = (struct store_tx){0};
    }
}

int store_unit_inserts_tx(const struct store_unit *unit)
{
    for (size_t i = 0; i < unit->write_count; i++)
        if (unit->writes[i].kind == STORE_TRANSACTIONS)
            return unit->writes[i].how == STORE_INSERT;
    return 0;
}

struct bytes store_serial_time(uint8_t out[STORE_SERIAL_TIME], int64_t at)
{
    enum { EPOCH = 1577836800 /* 2020-01-01 */, BITS = 8 };
    int64_t time = at < EPOCH ? 0 : at - EPOCH > INT32_MAX ? INT32_MAX : at - EPOCH;
    for (int i = STORE_SERIAL_TIME - 1; i >= 0; i--, time >>= BITS)
        out[i] = (uint8_t)time;
    return bytes_of(out, STORE_SERIAL_TIME);
}

static const struct backend *find_backend(char *fault, const char *url)
{
    fault[0] = 0;
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (strncmp(url, backends[i]->scheme, strlen(backends[i]->scheme)) == 0)
            return backends[i];
    /* What is no URL may hold a password all the same: no more of it than its beginning. */
    return store_fault(fault, "no kind of store is known by \"%.8s\"; write sqlite:PATH or postgres://…",
                       url);
}

static struct store *open_store(char *fault, const char *url, const char *node, int to_read)
{
    const struct backend *backend = find_backend(fault, url);
    if (backend == NULL)
        return NULL;
    if (strlen(node) > STORE_NAME_MAX)
        return store_fault(fault, "the node's name is longer than %d octets; write a shorter one",
                           STORE_NAME_MAX);
    struct store *store = to_read && backend->open_to_read != NULL ? backend->open_to_read(fault, url, node)
                                                                   : backend->open(fault, url, node);
    if (store != NULL)
        store->to_read = to_read;
    return store;
}

struct store *store_open(char *fault, const char *url, const char *node)
{
    return open_store(fault, url, node, 0);
}

struct store *store_open_to_read(char *fault, const char *url, const char *node)
{
    return open_store(fault, url, node, 1);
}

int store_create(char *fault, const char *url)
{
    const struct backend *backend = find_backend(fault, url);
    return backend != NULL && (backend->create == NULL || backend->create(fault, url));
}

int store_each_file(const char *url, int (*each)(void *arg, const char *path, enum store_file_use use),
                    void *arg)
{
    char fault[STORE_FAULT_MAX];
    const struct backend *backend = find_backend(fault, url);
    return backend == NULL || backend->each_file(url, each, arg);
}

int store_url_has_secret(const char *url)
{
    char fault[STORE_FAULT_MAX];
    const struct backend *backend = find_backend(fault, url);
    return backend != NULL && backend->has_secret != NULL && backend->has_secret(url);
}

int store_migrate(char *fault, const char *url, int *from, int *to)
{
    const struct backend *backend = find_backend(fault, url);
    return backend != NULL && backend->migrate(fault, url, from, to);
}

void store_close(struct store *store)
{
    if (store != NULL)
        store->backend->close(store);
}

int store_fetch(struct store *store, struct store_fetch *const *items, void *const *args, size_t n,
                store_done *done)
{
    int taken = store->backend->fetch(store, items, args, n, done);
    if (!taken)
        store_count_refused(n, 1);
    return taken;
}

int store_commit(struct store *store, struct store_unit *const *units, void *const *args, size_t n,
                 store_done *done)
{
    int taken = !store->to_read && store->backend->commit(store, units, args, n, done);
    if (!taken)
        store_count_refused(n, 0);
    return taken;
}

int store_healthy(const struct store *store)
{
    return store->backend->healthy(store);
}

int store_server(struct store *store, struct store_server *out)
{
    return store->backend->server != NULL && store->backend->server(store, out);
}

unsigned store_notices(const struct store *store)
{
    return store->backend->notices != NULL ? store->backend->notices(store) : 0;
}

static void wake(void *arg)
{
    sem_post(arg);
}

static int wait_for(sem_t *done, size_t n, int taken)
{
    for (; taken && n > 0; n--)
        while (sem_wait(done) != 0 && errno == EINTR)
            continue;
    sem_destroy(done);
    return taken;
}

int store_fetch_wait(struct store *store, struct store_fetch *item)
{
    sem_t done;
    sem_init(&done, 0, 0);
    return wait_for(&done, 1, store_fetch(store, &item, &(void *){&done}, 1, wake));
}

int store_fetch_all_wait(struct store *store, struct store_fetch *items, size_t n)
{
    struct store_fetch *pointers[STORE_OLD_MAX];
    void *args[STORE_OLD_MAX];
    sem_t done;
    if (n > STORE_OLD_MAX)
        abort();
    for (size_t i = 0; i < n; i++) {
        pointers[i] = &items[i];
        args[i] = &done;
    }
    sem_init(&done, 0, 0);
    return wait_for(&done, n, n == 0 || store_fetch(store, pointers, args, n, wake));
}

int store_commit_wait(struct store *store, struct store_unit *unit)
{
    sem_t done;
    sem_init(&done, 0, 0);
    return wait_for(&done, 1, store_commit(store, &unit, &(void *){&done}, 1, wake));
}

int store_each(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
               store_row_found *each, void *arg)
{
    return store->backend->each(store, fault, kind, issuer, each, arg);
}

size_t store_audit_heads(struct store *store, struct store_head *heads, size_t max)
{
    return audit_register_moved(&store->audit, heads, max);
}

void store_audit_sealed(struct store *store, const struct store_head *heads, size_t n)
{
    audit_register_sealed(&store->audit, heads, n);
}

int store_status(char *fault, const char *url, store_say *say, void *arg)
{
    const struct backend *backend = find_backend(fault, url);
    return backend != NULL && backend->status(fault, url, say, arg);
}

int store_check(char *fault, const char *url, const struct store_check *check)
{
    const struct backend *backend = find_backend(fault, url);
    return backend != NULL && backend->check(fault, url, check);
}

#define HAS_ITS_OWN                                                                                          \
    "a database is saved and restored by its own means: deploy/postgres/backup and deploy/postgres/restore"

int store_backup(char *fault, const char *url, const char *file, store_copied *copied, void *arg)
{
    const struct backend *backend = find_backend(fault, url);
    if (backend != NULL && backend->backup == NULL)
        store_fault(fault, HAS_ITS_OWN);
    return backend != NULL && backend->backup != NULL && backend->backup(fault, url, file, copied, arg);
}

int store_restore(char *fault, const char *url, const char *file, char **kept, store_copied *copied,
                  void *arg)
{
    const struct backend *backend = find_backend(fault, url);
    *kept = NULL;
    if (backend != NULL && backend->restore == NULL)
        store_fault(fault, HAS_ITS_OWN);
    return backend != NULL && backend->restore != NULL &&
           backend->restore(fault, url, file, kept, copied, arg);
}

int64_t store_audit_boundary(const struct store *store, int64_t before)
{
    return store->backend->audit_boundary != NULL ? store->backend->audit_boundary(before) : before;
}

int store_each_head(struct store *store, char *fault, int64_t before,
                    int (*each)(void *arg, const struct store_head *head), void *arg)
{
    return store->backend->each_head(store, fault, before, each, arg);
}

int store_audit_purge(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                      size_t count, uint64_t *entries)
{
    *entries = 0;
    return store->backend->audit_purge(store, fault, before, seals, count, entries);
}

int store_drop_empty(struct store *store, char *fault, unsigned *dropped)
{
    *dropped = 0;
    return store->backend->drop_empty == NULL || store->backend->drop_empty(store, fault, dropped);
}

const char *store_versions(void)
{
    static char text[128];
    int libpq = PQlibVersion();

    snprintf(text, sizeof text, "SQLite %s, libpq %d.%d, Concurrency Kit %s", sqlite3_libversion(),
             libpq / 10000, libpq % 10000, CMPD_CK_VERSION);
    return text;
}
