/* test_sqlite_backup.c: copies of an embedded store (storage/sqlite/backup.c): of one moment, whole or not at
 * all. */
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/admin.h"
#include "tests/unit/storage/units.h"

static struct store *store;
static char fault[STORE_FAULT_MAX], copy[600];

static void set_up(void)
{
    make_url();
    store = must_open(test_url);
    snprintf(copy, sizeof copy, "%s.saved", test_path);
    fault[0] = 0;
}

static void tear_down(void)
{
    store_close(store);
    remove_folder();
}

TestSuite(sqlite_backup, .init = set_up, .fini = tear_down, .timeout = 60);

static int count(const char *path, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;
    int n;

    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW);
    n = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return n;
}

static int certificates(const char *path)
{
    return count(path, "SELECT count(*) FROM certificates");
}

static void enroll(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
}

/* So large that it is not copied at once. */
static void fill(void)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(test_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    cr_assert_eq(sqlite3_exec(db, "CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(40000000))",
                              NULL, NULL, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

static int go_on(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    cr_assert_leq(done, total);
    return 1;
}

static int break_off(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    (void)done;
    (void)total;
    return 0;
}

/* Commits while pages are copied. */
static int enroll_more(void *arg, uint64_t done, uint64_t total)
{
    int *calls = arg;

    if (done < total && (*calls)++ < 3)
        enroll(100000 + (uint32_t)*calls, 100001 + (uint32_t)*calls);
    return 1;
}

Test(sqlite_backup, it_has_what_was_committed_and_nothing_later)
{
    int calls = 0;

    enroll(0, 30);
    fill();
    cr_assert(store_backup(fault, test_url, copy, enroll_more, &calls), "%s", fault);
    cr_assert_gt(calls, 0, "nothing was committed beside it");
    cr_assert_eq(certificates(copy), 30);
    cr_assert_eq(count(copy, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
}

Test(sqlite_backup, what_is_broken_off_leaves_nothing)
{
    struct stat st;

    fill();
    cr_assert_not(store_backup(fault, test_url, copy, break_off, NULL));
    cr_assert_not_null(strstr(fault, "broken off"), "%s", fault);
    cr_assert_neq(stat(copy, &st), 0);
}

Test(sqlite_backup, nothing_is_written_over)
{
    FILE *there = fopen(copy, "w");

    cr_assert_not_null(there);
    fputs("precious", there);
    fclose(there);
    cr_assert_not(store_backup(fault, test_url, copy, go_on, NULL));
    cr_assert_not_null(strstr(fault, "is there already"), "%s", fault);
    there = fopen(copy, "r");
    char text[16] = "";
    cr_assert_not_null(fgets(text, sizeof text, there));
    fclose(there);
    cr_assert_str_eq(text, "precious");
}

Test(sqlite_backup, it_is_put_back_and_what_was_there_is_kept)
{
    char *kept;

    enroll(0, 5);
    cr_assert(store_backup(fault, test_url, copy, go_on, NULL), "%s", fault);
    enroll(5, 9);
    store_close(store);
    store = NULL;
    cr_assert(store_restore(fault, test_url, copy, &kept, go_on, NULL), "%s", fault);
    cr_assert_eq(certificates(test_path), 5);
    cr_assert_eq(certificates(kept), 9);
    cr_assert_eq(certificates(copy), 5, "the backup is as it was");
    free(kept);
    store = must_open(test_url);
    enroll(5, 6);
}

Test(sqlite_backup, nothing_is_put_back_under_a_process)
{
    char *kept;
    int ends[2];
    char ready;
    pid_t child;

    cr_assert(store_backup(fault, test_url, copy, go_on, NULL), "%s", fault);
    store_close(store);
    store = NULL;
    cr_assert_eq(pipe(ends), 0);
    if ((child = fork()) == 0) {
        struct store *held = store_open(fault, test_url, "other");
        if (held != NULL && write(ends[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    cr_assert_eq(read(ends[0], &ready, 1), 1);
    cr_assert_not(store_restore(fault, test_url, copy, &kept, go_on, NULL));
    cr_assert_null(kept);
    cr_assert_not_null(strstr(fault, "stop it first"), "%s", fault);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_assert(store_restore(fault, test_url, copy, &kept, go_on, NULL), "%s", fault);
    free(kept);
}

/* What was there the first time is kept also when there is a second one in the same second. */
Test(sqlite_backup, nothing_that_was_kept_is_written_over)
{
    char *kept[4];

    enroll(0, 2);
    cr_assert(store_backup(fault, test_url, copy, go_on, NULL), "%s", fault);
    enroll(2, 3);
    store_close(store);
    store = NULL;
    for (size_t i = 0; i < 4; i++)
        cr_assert(store_restore(fault, test_url, copy, &kept[i], go_on, NULL), "%s", fault);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(certificates(kept[i]), i == 0 ? 3 : 2, "%s", kept[i]);
        free(kept[i]);
    }
}

/* What cannot be put in its place, for it is a folder, leaves all as it was. */
Test(sqlite_backup, a_restore_that_fails_changes_nothing)
{
    char *kept, wal[700], blocked[900], blocked_wal[910];
    time_t now = time(NULL);
    struct tm tm;

    enroll(0, 2);
    cr_assert(store_backup(fault, test_url, copy, go_on, NULL), "%s", fault);
    store_close(store);
    store = NULL;
    snprintf(wal, sizeof wal, "%s-wal", test_path);
    fclose(fopen(wal, "w"));
    /* The name that its log would get aside is taken, by what no file replaces. */
    for (int second = 0; second < 5; second++) {
        char when[32];
        time_t at = now + second;
        strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&at, &tm));
        snprintf(blocked, sizeof blocked, "%s.before-%s-1", test_path, when);
        snprintf(blocked_wal, sizeof blocked_wal, "%s-wal", blocked);
        cr_assert_eq(mkdir(blocked_wal, 0700), 0);
    }
    cr_assert_not(store_restore(fault, test_url, copy, &kept, go_on, NULL));
    cr_assert_null(kept);
    cr_assert_not_null(strstr(fault, "cannot be moved aside"), "%s", fault);
    cr_assert_eq(access(wal, F_OK), 0);
    cr_assert_eq(certificates(test_path), 2);
}

/* A log of the store that was there is not played into the one that was put back. */
Test(sqlite_backup, the_log_of_a_killed_process_stays_with_its_store)
{
    char *kept, log[700];
    struct stat st;
    int ends[2];
    char ready;
    pid_t child;

    enroll(0, 2);
    cr_assert(store_backup(fault, test_url, copy, go_on, NULL), "%s", fault);
    store_close(store);
    store = NULL;
    cr_assert_eq(pipe(ends), 0);
    if ((child = fork()) == 0) {
        struct store *killed = store_open(fault, test_url, "killed");
        if (killed != NULL && commit_one(killed, 1, 7) == STORE_DONE && write(ends[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    cr_assert_eq(read(ends[0], &ready, 1), 1);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    snprintf(log, sizeof log, "%s-wal", test_path);
    cr_assert_eq(stat(log, &st), 0, "it has left its log");
    cr_assert(store_restore(fault, test_url, copy, &kept, go_on, NULL), "%s", fault);
    cr_assert_neq(stat(log, &st), 0);
    cr_assert_eq(certificates(test_path), 2);
    cr_assert_eq(certificates(kept), 3);
    free(kept);
}

Test(sqlite_backup, a_database_has_backups_of_its_own)
{
    char *kept;

    cr_assert_not(store_backup(fault, "postgresql://h/d", copy, go_on, NULL));
    cr_assert_not_null(strstr(fault, "deploy/postgres/backup"), "%s", fault);
    cr_assert_not(store_restore(fault, "postgresql://h/d", copy, &kept, go_on, NULL));
    cr_assert_null(kept);
    cr_assert_not(store_backup(fault, "nosuch:x", copy, go_on, NULL));
}
