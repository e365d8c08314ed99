/* sqlite.c: the embedded store: two threads over two connections, one that writes and one that reads. */
#define _GNU_SOURCE 1 /* asprintf, O_PATH */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

static void free_store(struct sqlite_store *store)
{
    /* What is lost is left as it is, also if that shows only now. */
    sqlite_look(store, &store->writer);
    sqlite_look(store, &store->reader);
    sqlite_disconnect(&store->reader);
    sqlite_disconnect(&store->writer); /* last: it writes the log back into the file */
    queue_cleanup(&store->writes);
    queue_cleanup(&store->reads);
    audit_chain_end(&store->chain);
    audit_register_cleanup(&store->base.audit);
    /* Without access to it, closing takes no locks from SQLite. */
    if (store->file >= 0)
        close(store->file);
    free(store->path);
    free(store->node);
    free(store);
}

static int start(struct sqlite_store *store, char *fault)
{
    if (!store_thread(&store->write_thread, sqlite_write_loop, store, "store-write")) {
        store_fault(fault, "the store's threads cannot be started; raise the limit of threads");
        return 0;
    }
    if (!store_thread(&store->read_thread, sqlite_read_loop, store, "store-read")) {
        queue_stop(&store->writes);
        pthread_join(store->write_thread, NULL);
        store_fault(fault, "the store's threads cannot be started; raise the limit of threads");
        return 0;
    }
    return 1;
}

char *sqlite_path(const char *url)
{
    const char *name = url + strlen(sqlite_backend.scheme);
    char *path;
    /* SQLite takes some names for more than names ("file:…", ":memory:"): with a folder in front none is. */
    return asprintf(&path, "%s%s", *name == '/' ? "" : "./", name) < 0 ? NULL : path;
}

/* Connections that are opened later must be to the same file. */
static int open_file(struct sqlite_store *store, char *fault)
{
    store->file = open(store->path, O_PATH | O_CLOEXEC);
    if (store->file < 0)
        store_fault(fault, "%s was taken away while it was opened; start again", store->path);
    return store->file >= 0;
}

static struct store *lite_open(char *fault, const char *url, const char *node)
{
    const char *path = url + strlen(sqlite_backend.scheme);
    if (*path == 0)
        return store_fault(fault, "store names no file; write sqlite:PATH");
    if (!sqlite3_threadsafe())
        return store_fault(fault, "this SQLite was built without threads; install Debian's libsqlite3-0");
    /* Its account of memory, which nobody reads, costs a mutex an allocation, and all connections share it.
     * SQLite that another store has started already refuses, and works as well. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return store_fault(fault, "out of memory");
    store->base.backend = &sqlite_backend;
    audit_register_init(&store->base.audit);
    atomic_init(&store->write_ok, 1);
    atomic_init(&store->read_ok, 1);
    atomic_init(&store->is_lost, 0);
    store->file = -1;
    store->path = sqlite_path(url);
    store->node = strdup(node);
    int ok = store->path != NULL && store->node != NULL && queue_init(&store->writes) &&
             queue_init(&store->reads) &&
             audit_chain_begin(&store->chain, &store->base.audit, bytes_str(store->node));
    if (!ok)
        store_fault(fault, "out of memory");
    ok = ok && sqlite_prepare_file(fault, store->path, &sqlite_schema) && open_file(store, fault) &&
         sqlite_connect(&store->writer, fault, store->path, 0) == SQLITE_OK &&
         sqlite_connect(&store->reader, fault, store->path, 1) == SQLITE_OK && start(store, fault);
    if (!ok) {
        free_store(store);
        return NULL;
    }
    return &store->base;
}

static int lite_create(char *fault, const char *url)
{
    char *path = sqlite_path(url);
    if (path == NULL)
        store_fault(fault, "out of memory");
    int ok = path != NULL && sqlite_create(fault, path);
    free(path);
    return ok;
}

/* Its log, its index, its journal are beside it. */
static int lite_each_file(const char *url, int (*each)(void *arg, const char *path, enum store_file_use use),
                          void *arg)
{
    char *path = sqlite_path(url);
    int ok = path != NULL && each(arg, path, STORE_FILE_WRITTEN);
    free(path);
    return ok;
}

/* Who only looks leaves a store of the release before as it is: a node of that may serve it. */
static struct store *lite_open_to_read(char *fault, const char *url, const char *node)
{
    char *path = sqlite_path(url), ignored[STORE_FAULT_MAX];
    int version = path != NULL && sqlite_check_file(fault, path) && sqlite_identify(ignored, path)
                      ? sqlite_version(path)
                      : SQLITE_SCHEMA_VERSION;

    if (version > 0 && version < SQLITE_SCHEMA_VERSION)
        store_fault(
            fault,
            "%s is of version %d, this program needs %d; run cmpctl db migrate, or start cmpd: either "
            "takes it forward",
            path, version, SQLITE_SCHEMA_VERSION);
    free(path);
    return version > 0 && version < SQLITE_SCHEMA_VERSION ? NULL : lite_open(fault, url, node);
}

/* Opening does it. */
static int lite_migrate(char *fault, const char *url, int *from, int *to)
{
    char *path = sqlite_path(url);
    *from = path != NULL && sqlite_check_file(fault, path) ? sqlite_version(path) : 0;
    *to = SQLITE_SCHEMA_VERSION;
    free(path);
    struct store *store = lite_open(fault, url, "");
    store_close(store);
    return store != NULL;
}

static void lite_close(struct store *base)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    queue_stop(&store->writes);
    queue_stop(&store->reads);
    pthread_join(store->write_thread, NULL);
    pthread_join(store->read_thread, NULL);
    free_store(store);
}

static int lite_fetch(struct store *base, struct store_fetch *const *items, void *const *args, size_t n,
                      store_done *done)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    return queue_put(&store->reads, items, args, n, done);
}

static int lite_commit(struct store *base, struct store_unit *const *units, void *const *args, size_t n,
                       store_done *done)
{
    struct sqlite_store *store = (struct sqlite_store *)base;
    return queue_put(&store->writes, units, args, n, done);
}

static int lite_healthy(const struct store *base)
{
    const struct sqlite_store *store = (const struct sqlite_store *)base;
    return !atomic_load_explicit(&store->is_lost, memory_order_relaxed) &&
           atomic_load_explicit(&store->write_ok, memory_order_relaxed) &&
           atomic_load_explicit(&store->read_ok, memory_order_relaxed);
}

const struct backend sqlite_backend = {
    .scheme = "sqlite:",
    .open = lite_open,
    .open_to_read = lite_open_to_read,
    .create = lite_create,
    .each_file = lite_each_file,
    .migrate = lite_migrate,
    .close = lite_close,
    .fetch = lite_fetch,
    .commit = lite_commit,
    .healthy = lite_healthy,
    .each = sqlite_each,
    .status = sqlite_status,
    .check = sqlite_check,
    .backup = sqlite_backup,
    .restore = sqlite_restore,
    .each_head = sqlite_each_head,
    .audit_purge = sqlite_audit_purge,
};
