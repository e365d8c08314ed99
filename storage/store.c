/* store.c: see store.h. Finds the backend by the URL; the rest is the backend's. */
#include "store.h"

#include <errno.h>
#include <semaphore.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "versions.h"

static struct store *no_postgres(char *fault, const char *url, const char *node)
{
    (void)url;
    (void)node;
    return store_fault(fault, "this build has no PostgreSQL store yet; write store: sqlite:PATH");
}

static const struct backend postgres_backend = {.scheme = "postgres:", .open = no_postgres};
static const struct backend postgresql_backend = {.scheme = "postgresql:", .open = no_postgres};
static const struct backend *const backends[] = {&sqlite_backend, &postgres_backend, &postgresql_backend};

void *store_fault(char *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault, STORE_FAULT_MAX, format, args);
    va_end(args);
    return NULL;
}

struct store *store_open(char *fault, const char *url, const char *node)
{
    fault[0] = 0;
    if (strlen(node) > STORE_NAME_MAX)
        return store_fault(fault, "the node's name is longer than %d octets; write a shorter one",
                           STORE_NAME_MAX);
    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        if (strncmp(url, backends[i]->scheme, strlen(backends[i]->scheme)) == 0)
            return backends[i]->open(fault, url, node);
    }
    return store_fault(fault, "no kind of store is known by \"%.100s\"; write sqlite:PATH", url);
}

void store_close(struct store *store)
{
    if (store != NULL)
        store->backend->close(store);
}

int store_fetch(struct store *store, struct store_fetch *const *items, void *const *args, size_t n,
                store_done *done)
{
    return store->backend->fetch(store, items, args, n, done);
}

int store_commit(struct store *store, struct store_unit *const *units, void *const *args, size_t n,
                 store_done *done)
{
    return store->backend->commit(store, units, args, n, done);
}

int store_healthy(const struct store *store)
{
    return store->backend->healthy(store);
}

static void wake(void *arg)
{
    sem_post(arg);
}

static int wait_for(sem_t *done, int taken)
{
    while (taken && sem_wait(done) != 0 && errno == EINTR)
        continue;
    sem_destroy(done);
    return taken;
}

int store_fetch_wait(struct store *store, struct store_fetch *item)
{
    sem_t done;
    sem_init(&done, 0, 0);
    return wait_for(&done, store_fetch(store, &item, &(void *){&done}, 1, wake));
}

int store_commit_wait(struct store *store, struct store_unit *unit)
{
    sem_t done;
    sem_init(&done, 0, 0);
    return wait_for(&done, store_commit(store, &unit, &(void *){&done}, 1, wake));
}

int store_each_cert(struct store *store, char *fault, struct bytes issuer,
                    int (*each)(void *arg, const struct store_cert *cert), void *arg)
{
    return store->backend->each_cert(store, fault, issuer, each, arg);
}

size_t store_audit_heads(struct store *store, struct store_head *heads, size_t max)
{
    return audit_register_moved(&store->audit, heads, max);
}

void store_audit_sealed(struct store *store, const struct store_head *heads, size_t n)
{
    audit_register_sealed(&store->audit, heads, n);
}

int store_each_entry(struct store *store, char *fault,
                     int (*each)(void *arg, const struct store_entry *entry), void *arg)
{
    return store->backend->each_entry(store, fault, each, arg);
}

int store_each_seal(struct store *store, char *fault, int (*each)(void *arg, const struct store_seal *seal),
                    void *arg)
{
    return store->backend->each_seal(store, fault, each, arg);
}

const char *store_versions(void)
{
    static char text[64];

    snprintf(text, sizeof text, "SQLite %s, Concurrency Kit %s", sqlite3_libversion(), CMPD_CK_VERSION);
    return text;
}
