/* backend.h: what a kind of store has to provide. For storage/ only.
 *
 * A backend's own structure begins with a struct store, so that store.c can find the backend again. */
#ifndef CMPD_STORAGE_BACKEND_H
#define CMPD_STORAGE_BACKEND_H

#include <pthread.h>

#include "admin.h"
#include "audit.h"

struct backend {
    const char *scheme; /* of the URL, with its colon */
    struct store *(*open)(char *fault, const char *url, const char *node);
    struct store *(*open_to_read)(char *fault, const char *url, const char *node); /* NULL: as open */
    int (*create)(char *fault, const char *url); /* NULL: nothing is to be */
    int (*has_secret)(const char *url);          /* NULL: never */
    int (*each_file)(const char *url, int (*each)(void *arg, const char *path, enum store_file_use use),
                     void *arg);
    int (*migrate)(char *fault, const char *url, int *from, int *to);
    void (*close)(struct store *store);
    int (*fetch)(struct store *store, struct store_fetch *const *items, void *const *args, size_t n,
                 store_done *done);
    int (*commit)(struct store *store, struct store_unit *const *units, void *const *args, size_t n,
                  store_done *done);
    int (*healthy)(const struct store *store);
    int (*server)(struct store *store, struct store_server *out); /* NULL: there is none */
    unsigned (*notices)(const struct store *store);               /* NULL: there are none */
    int (*each)(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
                store_row_found *each, void *arg);
    int (*status)(char *fault, const char *url, store_say *say, void *arg);
    int (*check)(char *fault, const char *url, const struct store_check *check);
    int (*backup)(char *fault, const char *url, const char *file, store_copied *copied,
                  void *arg); /* NULL: the database has its own */
    int (*restore)(char *fault, const char *url, const char *file, char **kept, store_copied *copied,
                   void *arg);                 /* likewise */
    int64_t (*audit_boundary)(int64_t before); /* NULL: any time */
    int (*each_head)(struct store *store, char *fault, int64_t before,
                     int (*each)(void *arg, const struct store_head *head), void *arg);
    int (*audit_purge)(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                       size_t count, uint64_t *entries);
    int (*drop_empty)(struct store *store, char *fault, unsigned *dropped); /* NULL: there is nothing to */
};

struct store {
    const struct backend *backend;
    struct audit_register audit; /* initialized and cleaned up by the backend */
    int to_read;                 /* 1: nothing is committed */
};

/* store_fault writes a formatted text into |fault| (STORE_FAULT_MAX octets) and returns NULL. */
void *store_fault(char *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* store_thread starts a thread of a backend, which takes no signals: those are for whoever waits for them.
 * |name| has at most 15 octets. Returns 1 or 0. */
int store_thread(pthread_t *thread, void *(*loop)(void *), void *arg, const char *name);

extern const struct backend sqlite_backend;
extern const struct backend postgres_backend, postgresql_backend; /* both spellings of the scheme */

#endif
