/* sqlite_file.h: an embedded store looked at and changed beside the server's back, for tests of
 * storage/sqlite/. Included once by a test, which is of the suite that it names. */
#ifndef CMPD_TESTS_UNIT_STORAGE_SQLITE_FILE_H
#define CMPD_TESTS_UNIT_STORAGE_SQLITE_FILE_H

#include <sqlite3.h>
#include <stdatomic.h>
#include <time.h>

#include "storage/sqlite/internal.h"
#include "units.h"

/* sql runs |text| on the file directly, as an administrator's tool would. */
static inline int64_t sql(const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *statement = NULL;
    int64_t value = 0;
    cr_assert_eq(sqlite3_open_v2(test_path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL),
                 SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    for (const char *rest = text; *rest != 0;) {
        cr_assert_eq(sqlite3_prepare_v2(db, rest, -1, &statement, &rest), SQLITE_OK, "%s: %s", text,
                     sqlite3_errmsg(db));
        int rc = sqlite3_step(statement);
        cr_assert(rc == SQLITE_ROW || rc == SQLITE_DONE, "%s: %s", text, sqlite3_errmsg(db));
        if (rc == SQLITE_ROW)
            value = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    sqlite3_close(db);
    return value;
}

static inline void is_refused(const char *because)
{
    char fault[STORE_FAULT_MAX] = "";
    struct store *store = store_open(fault, test_url, "node");
    cr_assert_null(store, "opened, but expected: %s", because);
    cr_assert_not_null(strstr(fault, because), "\"%s\" expected: %s", because, fault);
    cr_assert_not_null(strchr(fault, ';'), "no remedy: %s", fault);
}

static inline void write_file(const char *text, size_t len)
{
    int fd = open(test_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static inline void make_store(uint32_t units)
{
    struct store *store = must_open(test_url);
    for (uint32_t i = 0; i < units; i++)
        cr_assert_eq(commit_one(store, 1, i), STORE_DONE);
    store_close(store);
}

enum { STEPS = SQLITE_SCHEMA_VERSION + 1 };

static inline void set_version(int version)
{
    char text[64];

    snprintf(text, sizeof text, "PRAGMA user_version = %d", version);
    sql(text);
}

/* A step of the tests' own behind the last one. */
static inline void forward(struct sqlite_schema *schema, const char *steps[STEPS], const char *step)
{
    for (int i = 0; i < SQLITE_SCHEMA_VERSION; i++)
        steps[i] = sqlite_schema.steps[i];
    steps[SQLITE_SCHEMA_VERSION] = step;
    *schema = (struct sqlite_schema){steps, STEPS};
}

static _Atomic size_t finished;

static inline void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&finished, 1);
}

enum { GROUP = 8 };

/* commit_group commits GROUP units at once and returns how many ended as |wanted|. */
static inline size_t commit_group(struct store *store, uint32_t group, enum store_outcome *outcomes)
{
    struct enrollment e[GROUP];
    struct store_unit *units[GROUP];
    void *args[GROUP] = {NULL};
    size_t done = 0;
    atomic_store(&finished, 0);
    for (uint32_t i = 0; i < GROUP; i++) {
        enrollment_init(&e[i], group, i);
        units[i] = &e[i].unit;
    }
    cr_assert(store_commit(store, units, args, GROUP, count));
    while (atomic_load(&finished) < GROUP)
        nanosleep(&(struct timespec){0, 100000}, NULL);
    for (uint32_t i = 0; i < GROUP; i++) {
        outcomes[i] = e[i].unit.outcome;
        done += outcomes[i] == STORE_DONE;
        enrollment_cleanup(&e[i]);
    }
    return done;
}

static inline void becomes_healthy(struct store *store)
{
    for (int i = 0; i < 100 && !store_healthy(store); i++)
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    cr_assert(store_healthy(store));
}

#endif
