/* test_sqlite_processes.c: several processes at one file, and one that dies. */
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/storage/sqlite_file.h"

TestSuite(sqlite_processes, .init = make_url, .fini = remove_folder, .timeout = 300);

/* Criterion's assertions end the test, which a forked child is not: it tells its fault by its exit status. */
static void child_needs(int condition)
{
    if (!condition)
        _exit(255);
}

static struct store *child_opens(void)
{
    char fault[STORE_FAULT_MAX];
    struct store *store = store_create(fault, test_url) ? store_open(fault, test_url, "node-1") : NULL;
    if (store == NULL)
        fprintf(stderr, "%s\n", fault);
    child_needs(store != NULL);
    return store;
}

/* The child enrolls without end and tells each number only when it is done. Returns when it is killed. */
static void enroll_and_tell(uint32_t round, int out)
{
    struct store *store = child_opens();
    static struct enrollment e[GROUP];
    for (uint32_t n = 0;; n += GROUP) {
        struct store_unit *units[GROUP];
        void *args[GROUP] = {NULL};
        atomic_store(&finished, 0);
        for (uint32_t i = 0; i < GROUP; i++) {
            enrollment_init(&e[i], round, n + i);
            units[i] = &e[i].unit;
        }
        child_needs(store_commit(store, units, args, GROUP, count));
        while (atomic_load(&finished) < GROUP)
            sched_yield();
        for (uint32_t i = 0; i < GROUP; i++) {
            uint32_t told = n + i;
            child_needs(e[i].unit.outcome == STORE_DONE && write(out, &told, sizeof told) == sizeof told);
            enrollment_cleanup(&e[i]);
        }
    }
}

Test(sqlite_processes, what_was_told_survives_a_kill)
{
    uint32_t rounds = is_soak() ? 50 : 5;
    for (uint32_t round = 1; round <= rounds; round++) {
        int ends[2];
        uint32_t n, told = 0;
        cr_assert_eq(pipe(ends), 0);
        pid_t child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            close(ends[0]);
            enroll_and_tell(round, ends[1]);
        }
        close(ends[1]);
        /* From the first certificate on: a busy machine may take its time to get there. */
        cr_assert_eq(read(ends[0], &n, sizeof n), sizeof n);
        told++;
        nanosleep(&(struct timespec){0, 1000000 + (long)round * 7777777 % 100000000}, NULL);
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        struct store *store = must_open(test_url);
        while (read(ends[0], &n, sizeof n) == sizeof n) {
            cr_assert(is_whole(store, round, n), "round %u: %u was told and is lost", round, n);
            told++;
        }
        close(ends[0]);
        for (n = told; n < told + 2 * GROUP; n++)
            is_whole(store, round, n); /* not told: there or not, but never half */
        cr_assert(is_whole(store, round, 0));
        cr_assert_eq(audit_records(store), sql("SELECT count(*) FROM certificates"));
        store_close(store);
        cr_assert_eq(sql("SELECT count(*) FROM transactions"), sql("SELECT count(*) FROM certificates"));
        cr_assert_eq(sql("SELECT count(*) - count(DISTINCT serial) FROM certificates"), 0);
    }
}

Test(sqlite_processes, two_processes_share_a_file)
{
    enum { CHILDREN = 2, EACH = 200 };
    pid_t children[CHILDREN];
    for (uint32_t c = 0; c < CHILDREN; c++) {
        children[c] = fork();
        cr_assert_geq(children[c], 0);
        if (children[c] != 0)
            continue;
        struct store *store = child_opens(); /* both make the schema, or find it made */
        int wins = 0;
        for (uint32_t i = 0; i < EACH; i++) {
            struct enrollment e;
            enrollment_init(&e, 10 + c, i);
            child_needs(store_commit_wait(store, &e.unit) && e.unit.outcome == STORE_DONE);
            child_needs(look_up(store, STORE_CERTIFICATES, e.cert.serial) == STORE_FOUND);
            enrollment_cleanup(&e);
            wins += commit_one(store, 1, i) == STORE_DONE;
        }
        store_close(store);
        _exit(wins); /* at most 200 */
    }
    int sum = 0, status;
    for (uint32_t c = 0; c < CHILDREN; c++) {
        cr_assert_eq(waitpid(children[c], &status, 0), children[c]);
        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) != 255);
        sum += WEXITSTATUS(status);
    }
    cr_assert_eq(sum, EACH, "each transaction is won by one of the two");
    cr_assert_eq(sql("SELECT count(*) FROM certificates"), 3 * EACH);
}

Test(sqlite_processes, processes_may_make_the_store_at_once)
{
    enum { ROUNDS = 30, CHILDREN = 3 };
    for (int round = 0; round < ROUNDS; round++) {
        int status;
        for (int c = 0; c < CHILDREN; c++) {
            pid_t child = fork();
            cr_assert_geq(child, 0);
            if (child == 0) {
                store_close(child_opens());
                _exit(0);
            }
        }
        for (int c = 0; c < CHILDREN; c++) {
            cr_assert_gt(wait(&status), 0);
            cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        remove_files(); /* two that close at once may leave the log behind */
    }
}

Test(sqlite_processes, a_locked_store_is_told_as_such)
{
    sqlite3 *db;
    sql("PRAGMA user_version = 1"); /* with a log, readers would wait for nobody */
    chmod(test_path, 0600);
    cr_assert_eq(sqlite3_open(test_path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    is_refused("locked");
    sqlite3_close(db);
}

/* What is cut to nothing keeps the log, which has what was committed last. */
Test(sqlite_processes, an_empty_file_does_not_take_its_log_along)
{
    char wal[128];
    pid_t child = fork();
    cr_assert_geq(child, 0);
    if (child == 0) {
        struct store *store = child_opens();
        child_needs(commit_one(store, 1, 1) == STORE_DONE);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    snprintf(wal, sizeof wal, "%s-wal", test_path);
    cr_assert_eq(truncate(test_path, 0), 0);
    is_refused("is empty");
    int from, to;
    char fault[STORE_FAULT_MAX];
    cr_assert_not(store_migrate(fault, test_url, &from, &to));
    cr_assert_not(store_status(fault, test_url, NULL, NULL));
    struct stat st;
    cr_assert_eq(stat(wal, &st), 0);
    cr_assert_gt(st.st_size, 0);
}
