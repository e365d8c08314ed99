/* test_sqlite.c: what is SQLite's own: files that are no stores, disks that fail, processes that die. */
#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/audit_verify.h"
#include "storage/sqlite/internal.h"
#include "tests/support/capture.h"
#include "units.h"

TestSuite(sqlite, .init = make_url, .fini = remove_folder, .timeout = 300);

/* sql runs |text| on the file directly, as an administrator's tool would. */
static int64_t sql(const char *text)
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

static void is_refused(const char *because)
{
    char fault[STORE_FAULT_MAX] = "";
    struct store *store = store_open(fault, test_url, "node");
    cr_assert_null(store, "opened, but expected: %s", because);
    cr_assert_not_null(strstr(fault, because), "\"%s\" expected: %s", because, fault);
    cr_assert_not_null(strchr(fault, ';'), "no remedy: %s", fault);
}

static void write_file(const char *text, size_t len)
{
    int fd = open(test_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_eq(write(fd, text, len), (ssize_t)len);
    close(fd);
}

static void make_store(uint32_t units)
{
    struct store *store = must_open(test_url);
    for (uint32_t i = 0; i < units; i++)
        cr_assert_eq(commit_one(store, 1, i), STORE_DONE);
    store_close(store);
}

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

Test(sqlite, urls)
{
    char fault[STORE_FAULT_MAX];
    static const char *const wrong[] = {"sqlite:", "mysql://x", "", "sqlite", "postgres:"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_null(store_open(fault, wrong[i], "node"));
        cr_assert_not_null(strstr(fault, "sqlite:PATH"), "%s: %s", wrong[i], fault);
    }
    char name[STORE_NAME_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    store_close(must_open(test_url));
    cr_assert_null(store_open(fault, test_url, name), "%zu octets", strlen(name));
    cr_assert_not_null(strstr(fault, "longer than"), "%s", fault);
    name[STORE_NAME_MAX] = 0;
    struct store *store = store_open(fault, test_url, name);
    cr_assert_not_null(store, "%s", fault);
    store_close(store);
    store_close(NULL);
}

Test(sqlite, names_are_only_names)
{
    cr_assert_eq(chdir(test_folder), 0);
    struct store *store = must_open("sqlite:file::memory:?cache=shared");
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    store_close(store);
    cr_assert_eq(access("file::memory:?cache=shared", F_OK), 0);
    unlink("file::memory:?cache=shared");
}

Test(sqlite, a_new_store_is_private_and_its_folder_is_made)
{
    struct stat st;
    char path[128], url[160];
    snprintf(path, sizeof path, "%s/sub", test_folder);
    snprintf(url, sizeof url, "sqlite:%s/cmpd.db", path);
    struct store *store = must_open(url);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    static const char *const files[] = {"cmpd.db", "cmpd.db-wal", "cmpd.db-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/sub/%s", test_folder, files[i]);
        cr_assert_eq(stat(path, &st), 0);
        cr_assert_eq(st.st_mode & 0777, 0600, "%s", path);
    }
    store_close(store);
    snprintf(path, sizeof path, "%s/sub/cmpd.db", test_folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/sub", test_folder);
    cr_assert_eq(rmdir(path), 0, "something else is left: %s", strerror(errno));
    char fault[STORE_FAULT_MAX];
    snprintf(url, sizeof url, "sqlite:%s/a/b/cmpd.db", test_folder);
    cr_assert_not(store_create(fault, url));
    cr_assert_not_null(strstr(fault, "cannot be made"), "%s", fault);
}

Test(sqlite, what_is_no_store_is_refused)
{
    write_file("front: auto\nlog: info\nstore: sqlite:x\n", 38);
    is_refused("not a store");
    write_file("SQLite", 6);
    is_refused("not a store");
    unlink(test_path);
    sql("CREATE TABLE t (a); PRAGMA user_version = 1");
    chmod(test_path, 0600);
    is_refused("another program");
    cr_assert_eq(sql("SELECT count(*) FROM sqlite_schema"), 1, "nothing may be changed");
    unlink(test_path);
    cr_assert_eq(mkdir(test_path, 0700), 0);
    is_refused("not a file");
    rmdir(test_path);
}

Test(sqlite, a_newer_store_is_refused)
{
    make_store(1);
    sql("PRAGMA user_version = 2");
    is_refused("newer version");
    cr_assert_eq(sql("PRAGMA user_version"), 2);
    sql("PRAGMA user_version = 0");
    is_refused("names no schema version");
    sql("PRAGMA user_version = 1");
    make_store(0);
}

/* Version 1 changes in place until the first release: what another text of it has made is told apart. */
Test(sqlite, a_store_of_another_form_is_refused)
{
    make_store(1);
    int64_t form = sql("SELECT form FROM form");
    sql("UPDATE form SET form = form + 1");
    is_refused("form of before the first release");
    is_refused("make a new store");
    sql("DELETE FROM form");
    is_refused("form of before the first release");
    sql("DROP TABLE form; PRAGMA user_version = 5"); /* as the last of them was */
    is_refused("form of before the first release");
    cr_assert_eq(sql("SELECT count(*) FROM certificates"), 1, "nothing may be changed");
    cr_assert_eq(form, sql_form(sqlite_schema.steps[0]));
}

/* A step of the tests' own, as there is none yet that was released. */
static void forward(struct sqlite_schema *schema, const char *const steps[3], const char *step)
{
    const char **all = (const char **)(uintptr_t)steps;
    all[0] = sqlite_schema.steps[0];
    all[1] = step;
    *schema = (struct sqlite_schema){steps, 2};
}

Test(sqlite, an_older_store_is_taken_forward_with_its_rows)
{
    const char *steps[3];
    struct sqlite_schema schema;
    char fault[STORE_FAULT_MAX] = "";

    make_store(1);
    forward(&schema, steps,
            "ALTER TABLE transactions ADD COLUMN more INTEGER NOT NULL DEFAULT 7;"
            "CREATE TABLE others (id INTEGER PRIMARY KEY) STRICT;");
    cr_assert(sqlite_prepare_file(fault, test_path, &schema), "%s", fault);
    cr_assert_eq(sql("PRAGMA user_version"), 2);
    cr_assert_eq(sql("SELECT more FROM transactions"), 7);
    cr_assert_eq(sql("SELECT count(*) FROM others"), 0);
    cr_assert(sqlite_prepare_file(fault, test_path, &schema), "once more is as good: %s", fault);
    is_refused("newer version");
    /* What this program writes goes into it all the same. */
    sql("PRAGMA user_version = 1");
    make_store(0);
    struct store *store = must_open(test_url);
    cr_assert(is_whole(store, 1, 0));
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    store_close(store);
    cr_assert_eq(sql("SELECT sum(more) FROM transactions"), 14);
}

Test(sqlite, a_step_that_fails_changes_nothing)
{
    const char *steps[3];
    struct sqlite_schema schema;
    char fault[STORE_FAULT_MAX] = "";

    make_store(1);
    forward(&schema, steps, "ALTER TABLE transactions ADD COLUMN more INTEGER; DROP TABLE nothing;");
    cr_assert_not(sqlite_prepare_file(fault, test_path, &schema));
    cr_assert_not_null(strstr(fault, "taking the schema forward"), "%s", fault);
    cr_assert_eq(sql("PRAGMA user_version"), 1);
    cr_assert_eq(sql("SELECT count(*) FROM pragma_table_info('transactions') WHERE name = 'more'"), 0);
    make_store(0);
}

/* A unit without further preconditions is written without a look before it: what then fails for another
 * reason than that its transaction is there must not pass for written, and takes nobody along. */
static void post(void *done)
{
    sem_post(done);
}

Test(sqlite, what_a_constraint_refuses_is_not_told_to_be_written)
{
    struct enrollment broken, good;
    sem_t done;
    struct store *store = must_open(test_url);

    enrollment_init(&broken, 1, 2);
    enrollment_init(&good, 1, 4);
    broken.tx.state = 77; /* no state of a transaction */
    cr_assert_eq(broken.unit.key_unused.len, 0);
    struct store_unit *units[] = {&broken.unit, &good.unit};
    void *args[] = {&done, &done};
    sem_init(&done, 0, 0);
    cr_assert(store_commit(store, units, args, 2, post));
    sem_wait(&done);
    sem_wait(&done);
    cr_assert_eq(broken.unit.outcome, STORE_UNAVAILABLE);
    cr_assert_eq(good.unit.outcome, STORE_DONE);
    cr_assert_not(is_whole(store, 1, 2));
    cr_assert(is_whole(store, 1, 4));
    enrollment_cleanup(&broken);
    enrollment_cleanup(&good);
    store_close(store);
}

/* What a statement costs must not grow with what is stored: none reads a whole table, or sorts. */
Test(sqlite, no_statement_reads_everything)
{
    sqlite3 *db;

    make_store(1);
    cr_assert_eq(sqlite3_open(test_path, &db), SQLITE_OK);
    struct sql statement;
    sqlite_text(&statement, SQL_CERT_KEY_INDEX);
    cr_assert_eq(sqlite3_exec(db, statement.text, NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < SQL_COUNT; i++) {
        char text[SQL_TEXT_MAX + 32];
        sqlite3_stmt *plan;
        sqlite_text(&statement, (enum sqlite_statement)i);
        if (statement.len == 0)
            continue;
        snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", statement.text);
        cr_assert_eq(sqlite3_prepare_v2(db, text, -1, &plan, NULL), SQLITE_OK, "%s", text);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            enum { DETAIL = 3 };
            const char *step = (const char *)sqlite3_column_text(plan, DETAIL);
            int is_small = strstr(step, " probe") != NULL || strstr(step, " service") != NULL ||
                           strstr(step, " nodes") != NULL;
            cr_expect(is_small || strncmp(step, "SCAN", 4) != 0, "%s: %s", statement.text, step);
            cr_expect_null(strstr(step, "TEMP B-TREE"), "%s: %s", statement.text, step);
            /* The issuer alone is no key: nearly everything is of the same one. */
            cr_expect_null(strstr(step, "(issuer=?)"), "%s: %s", statement.text, step);
        }
        sqlite3_finalize(plan);
    }
    sqlite3_close(db);
}

/* The index of keys is there from the first unit on that asks for an unused one, and not before. */
Test(sqlite, keys_are_indexed_when_they_are_asked_for)
{
    static const char indexed[] = "SELECT count(*) FROM sqlite_schema WHERE name = 'certificates_key'";
    struct enrollment first, second;
    struct store *store = must_open(test_url);

    enrollment_init(&first, 1, 1);
    first.unit.key_unused = bytes_of(NULL, 0);
    cr_assert(store_commit_wait(store, &first.unit));
    cr_assert_eq(first.unit.outcome, STORE_DONE);
    cr_assert_eq(sql(indexed), 0);
    enrollment_init(&second, 1, 2);
    second.unit.key_unused = first.cert.spki_hash;
    cr_assert(store_commit_wait(store, &second.unit));
    cr_assert_eq(second.unit.outcome, STORE_CONFLICT);
    cr_assert_eq(second.unit.conflict, STORE_PRE_KEY_UNUSED);
    cr_assert_eq(sql(indexed), 1);
    second.unit.key_unused = second.cert.spki_hash;
    cr_assert(store_commit_wait(store, &second.unit));
    cr_assert_eq(second.unit.outcome, STORE_DONE);
    enrollment_cleanup(&first);
    enrollment_cleanup(&second);
    store_close(store);
}

/* A store that is missing is lost, and so is one that is empty: an empty one in its place would certify the
 * same keys again. */
Test(sqlite, only_making_one_makes_a_store)
{
    char wal[128];
    is_refused("there is no store");
    cr_assert_neq(access(test_path, F_OK), 0);
    write_file("", 0);
    is_refused("is empty");
    unlink(test_path);
    sql("PRAGMA journal_mode = WAL"); /* once the first thing that happened to the file of a new store */
    chmod(test_path, 0600);
    is_refused("is empty");
    unlink(test_path);

    /* The log of a lost store would be played into a new one. */
    char fault[STORE_FAULT_MAX];
    snprintf(wal, sizeof wal, "%s-wal", test_path);
    close(open(wal, O_WRONLY | O_CREAT, 0600));
    cr_assert_not(store_create(fault, test_url));
    cr_assert_not_null(strstr(fault, "-wal is there"), "%s", fault);
    unlink(wal);
    make_store(1);
    cr_assert(store_create(fault, test_url), "one that is there is as good: %s", fault);
    cr_assert_eq(sql("SELECT count(*) FROM certificates"), 1);
}

/* What is cut to nothing keeps the log, which has what was committed last. */
Test(sqlite, an_empty_file_does_not_take_its_log_along)
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

Test(sqlite, files_open_to_others_or_closed_to_us_are_refused)
{
    make_store(1);
    chmod(test_path, 0640);
    is_refused("chmod 600");
    if (geteuid() != 0) {
        chmod(test_path, 0400);
        is_refused("cannot be opened for writing");
    }
    chmod(test_path, 0600);
    make_store(0);
}

/* Octets are overwritten page by page: whatever opens must either refuse or be whole. */
Test(sqlite, damage_is_found_at_start)
{
    enum { UNITS = 200, PAGE = 4096 };
    make_store(UNITS);
    struct stat st;
    stat(test_path, &st);
    unsigned char *good = malloc((size_t)st.st_size), junk[PAGE];
    memset(junk, 0x5a, sizeof junk);
    int fd = open(test_path, O_RDWR);
    cr_assert_eq(read(fd, good, (size_t)st.st_size), st.st_size);
    unsigned found = 0, pages = (unsigned)(st.st_size / PAGE);
    for (unsigned page = 0; page < pages; page++) {
        char fault[STORE_FAULT_MAX];
        cr_assert_eq(pwrite(fd, junk, sizeof junk, (off_t)page * PAGE), PAGE);
        struct store *store = store_open(fault, test_url, "node");
        found += store == NULL;
        if (store == NULL)
            cr_expect_not_null(strstr(fault, "damaged"), "%s", fault);
        store_close(store);
        cr_assert_eq(ftruncate(fd, st.st_size), 0);
        cr_assert_eq(pwrite(fd, good, (size_t)st.st_size, 0), st.st_size);
    }
    /* Overflow pages hold content only; everything else has a structure. */
    cr_expect_geq(found, pages * 9 / 10, "%u of %u", found, pages);
    cr_assert_eq(ftruncate(fd, st.st_size / 2 / PAGE * PAGE), 0);
    close(fd);
    is_refused("damaged");
    free(good);
}

Test(sqlite, a_missing_table_is_damage)
{
    make_store(1);
    sql("DROP TABLE secrets");
    is_refused("damaged");
}

Test(sqlite, a_locked_store_is_told_as_such)
{
    sqlite3 *db;
    sql("PRAGMA user_version = 1"); /* with a log, readers would wait for nobody */
    chmod(test_path, 0600);
    cr_assert_eq(sqlite3_open(test_path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    is_refused("locked");
    sqlite3_close(db);
}

Test(sqlite, revocations_and_audit_are_written)
{
    struct store *store = must_open(test_url);
    struct enrollment e;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&e, 1, 1);
    struct store_cert_change change = {
        .serial = e.cert.serial, .status = STORE_CERT_HOLD, .reason = 6, .at = NOW};
    struct store_unit unit = {
        .issuer = test_issuer(), .arena = e.unit.arena, .change = &change, .audit = &e.audit};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(sql("SELECT reason FROM revocations"), 6);
    change.status = STORE_CERT_VALID;
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(sql("SELECT count(*) FROM revocations"), 0);
    change.status = STORE_CERT_REVOKED;
    change.reason = 1;
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(sql("SELECT reason FROM revocations"), 1);
    cr_assert_eq(audit_records(store), 4);
    cr_assert_eq(sql("SELECT count(*) FROM audit WHERE node = 'node-1' AND records ->> 'event' = 'issue' AND "
                     "records ->> 'outcome' = 'granted' AND records ->> 'who' = 'CN=x' AND records ->> "
                     "'detail' = 'profile=demo' AND length(records ->> 'serial') = 32"),
                 4);
    cr_assert_eq(sql("SELECT count(*) FROM audit WHERE length(records ->> 'transactionID') = 32"), 1);
    cr_assert_eq(sql("SELECT count(DISTINCT chain) FROM audit"), 1);
    enrollment_cleanup(&e);
    store_close(store);
}

/* ---- failing statements and a failing disk ---- */

static _Atomic size_t finished;

static void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&finished, 1);
}

enum { GROUP = 8 };

/* commit_group commits GROUP units at once and returns how many ended as |wanted|. */
static size_t commit_group(struct store *store, uint32_t group, enum store_outcome *outcomes)
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

static void becomes_healthy(struct store *store)
{
    for (int i = 0; i < 100 && !store_healthy(store); i++)
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    cr_assert(store_healthy(store));
}

Test(sqlite, a_full_store_is_unavailable_until_there_is_room)
{
    struct store *store = must_open(test_url);
    enum store_outcome outcomes[GROUP];
    char pragma[64];
    cr_assert_eq(commit_group(store, 0, outcomes), GROUP);
    /* The writer sleeps: its connection can be borrowed. */
    sqlite3 *db = ((struct sqlite_store *)store)->writer.db;
    snprintf(pragma, sizeof pragma, "PRAGMA max_page_count = %d", 30);
    cr_assert_eq(sqlite3_exec(db, pragma, NULL, NULL, NULL), SQLITE_OK);
    uint32_t group = 0;
    while (commit_group(store, ++group, outcomes) == GROUP)
        cr_assert_lt(group, 100);
    cr_assert_not(store_healthy(store));
    for (uint32_t i = 0; i < GROUP; i++) {
        cr_assert_eq(outcomes[i], STORE_UNAVAILABLE);
        cr_assert_not(is_whole(store, group, i));
    }
    for (uint32_t i = 0; i < GROUP; i++)
        cr_assert(is_whole(store, group - 1, i));
    /* Reading goes on while it is full; then room is made, and the store finds out by itself. */
    sqlite3_exec(((struct sqlite_store *)store)->writer.db, "PRAGMA max_page_count = 1000000", NULL, NULL,
                 NULL);
    becomes_healthy(store);
    cr_assert_eq(commit_group(store, group, outcomes), GROUP);
    store_close(store);
}

/* A trigger makes exactly one statement of one unit fail: each kind of write in turn, in three ways. */
Test(sqlite, any_write_may_fail)
{
    static const char *const when[] = {"INSERT ON certificates WHEN substr(new.serial, 9, 4) = x'00000003'",
                                       "INSERT ON transactions WHEN substr(new.serial, 9, 4) = x'00000003'",
                                       "INSERT ON audit"};
    static const char *const how[] = {"RAISE(ABORT, 'no')", "RAISE(FAIL, 'no')", "RAISE(ROLLBACK, 'no')"};
    struct store *store = must_open(test_url);
    enum store_outcome outcomes[GROUP];
    char text[256];
    uint32_t group = 0;
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++) {
            group++;
            snprintf(text, sizeof text, "CREATE TRIGGER bad BEFORE %s BEGIN SELECT %s; END", when[i], how[j]);
            sql(text);
            size_t done = commit_group(store, group, outcomes);
            /* A statement that undoes everything leaves nothing to go back to, and the audit log's entry is
             * that of all; the others hurt only their unit. */
            cr_expect_eq(done, i == 2 || j == 2 ? 0 : GROUP - 1, "%s %s: %zu", when[i], how[j], done);
            sql("DROP TRIGGER bad");
            for (uint32_t k = 0; k < GROUP; k++)
                cr_assert_eq(is_whole(store, group, k), outcomes[k] == STORE_DONE);
            becomes_healthy(store);
        }
    }
    cr_assert_eq(audit_records(store), sql("SELECT count(*) FROM certificates"));
    store_close(store);
}

Test(sqlite, a_change_may_fail)
{
    static const char *const when[] = {"UPDATE ON certificates", "INSERT ON revocations",
                                       "UPDATE ON transactions", "UPDATE ON secrets", "INSERT ON audit"};
    struct store *store = must_open(test_url);
    struct enrollment e;
    char text[256];
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&e, 1, 1);
    struct store_secret secret = {.reference = bytes_str("r"), .sealed = bytes_str("s")};
    struct store_unit put = {.issuer = test_issuer(), .arena = e.unit.arena};
    store_unit_write(&put, STORE_PUT, STORE_SECRETS, &secret);
    cr_assert(store_commit_wait(store, &put));
    struct store_cert_change change = {
        .serial = e.cert.serial, .status = STORE_CERT_REVOKED, .reason = 1, .at = NOW};
    e.tx.state = STORE_TX_REJECTED;
    enrollment_go_on(&e, STORE_TX_WAIT_CONFIRM);
    e.unit.secret_reference = bytes_str("r");
    e.unit.change = &change;
    for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
        snprintf(text, sizeof text, "CREATE TRIGGER bad BEFORE %s BEGIN SELECT RAISE(ABORT, 'no'); END",
                 when[i]);
        sql(text);
        cr_assert(store_commit_wait(store, &e.unit));
        cr_expect_eq(e.unit.outcome, STORE_UNAVAILABLE, "%s", when[i]);
        sql("DROP TRIGGER bad");
        cr_expect_eq(
            sql("SELECT (SELECT count(*) FROM revocations) + (SELECT count(*) FROM certificates WHERE "
                "status <> 1) + (SELECT count(*) FROM transactions WHERE state <> 1) + "
                "(SELECT count(*) FROM secrets WHERE length(bound_to) > 0)"),
            0, "%s left a part behind", when[i]);
    }
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
    store_close(store);
}

/* A disk that fails: SQLite's own file layer with one write or sync, counted from when it is armed, going
 * wrong. It has a table of functions for the database and another for its log, which needs no locks. */
enum { DATABASE, LOG, KINDS };
static struct {
    sqlite3_io_methods methods[KINDS];
    const sqlite3_io_methods *real[KINDS];
    int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
    _Atomic int countdown; /* 0: not armed */
    _Atomic int code;
    _Atomic int hit;
    _Atomic int written;    /* pieces of the log, all in all */
    _Atomic int unsynced;   /* of them, since the log was synced last */
    _Atomic int sync_fails; /* 1: the next sync of the log does */
    int has_no_index;       /* 1: files cannot share memory, as on a disk of another machine */
} disk;

static int disk_fails(void)
{
    if (atomic_load(&disk.countdown) == 0 || atomic_fetch_sub(&disk.countdown, 1) != 1)
        return SQLITE_OK;
    atomic_fetch_add(&disk.hit, 1);
    return atomic_load(&disk.code);
}

static int kind_of(const sqlite3_file *file)
{
    return file->pMethods == &disk.methods[DATABASE] ? DATABASE : LOG;
}

static int disk_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    int rc = disk_fails();
    if (kind_of(file) == LOG) {
        atomic_fetch_add(&disk.written, 1);
        atomic_fetch_add(&disk.unsynced, 1);
    }
    return rc != SQLITE_OK ? rc : disk.real[kind_of(file)]->xWrite(file, data, len, at);
}

static int disk_sync(sqlite3_file *file, int flags)
{
    int rc = disk_fails(); /* a full disk shows at writes; a sync only fails */
    if (kind_of(file) == LOG && atomic_exchange(&disk.sync_fails, 0))
        rc = SQLITE_IOERR_FSYNC;
    if (rc == SQLITE_OK)
        rc = disk.real[kind_of(file)]->xSync(file, flags);
    else
        rc = SQLITE_IOERR_FSYNC;
    if (rc == SQLITE_OK && kind_of(file) == LOG)
        atomic_store(&disk.unsynced, 0);
    return rc;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    int rc = disk.real_open(vfs, name, file, flags, out_flags);
    if (rc != SQLITE_OK || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return rc;
    int kind = flags & SQLITE_OPEN_WAL ? LOG : DATABASE;
    if (disk.real[kind] == NULL) {
        disk.real[kind] = file->pMethods;
        disk.methods[kind] = *file->pMethods;
        disk.methods[kind].xWrite = disk_write;
        disk.methods[kind].xSync = disk_sync;
        if (disk.has_no_index)
            disk.methods[kind].iVersion = 1;
    }
    file->pMethods = &disk.methods[kind];
    return rc;
}

static void install_disk(void)
{
    static sqlite3_vfs vfs;
    vfs = *sqlite3_vfs_find(NULL);
    vfs.zName = "failing";
    vfs.pNext = NULL;
    disk.real_open = vfs.xOpen;
    vfs.xOpen = disk_open;
    cr_assert_eq(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

static void copy_file(const char *from, const char *to)
{
    static char buffer[1 << 20];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (ssize_t got; (got = read(in, buffer, sizeof buffer)) > 0;)
        cr_assert_eq(write(out, buffer, (size_t)got), got);
    close(in);
    close(out);
}

/* What a machine that stops now would find: file and log without the index, which lives in memory. */
static struct store *open_as_after_a_crash(const char *copy)
{
    char from[160], to[160], url[160];
    copy_file(test_path, copy);
    snprintf(from, sizeof from, "%s-wal", test_path);
    snprintf(to, sizeof to, "%s-wal", copy);
    copy_file(from, to);
    snprintf(url, sizeof url, "sqlite:%s", copy);
    return must_open(url);
}

static void outcomes_hold(struct store *store, uint32_t group, const enum store_outcome *outcomes,
                          const char *where)
{
    for (uint32_t i = 0; i < GROUP; i++) {
        int whole = is_whole(store, group, i);
        if (outcomes[i] == STORE_DONE)
            cr_expect(whole, "%s: told as done, but not there", where);
        else if (outcomes[i] == STORE_UNAVAILABLE)
            cr_expect_not(whole, "%s: told as not written, but there", where);
        else
            cr_expect_eq(outcomes[i], STORE_UNKNOWN);
    }
}

static void fail_each_call(int code, unsigned *unknown)
{
    char copy[128];
    enum store_outcome outcomes[GROUP];
    snprintf(copy, sizeof copy, "%s/copy.db", test_folder);
    struct store *store = must_open(test_url);
    int64_t chains = sql("SELECT count(DISTINCT chain) FROM audit");
    for (int call = 1;; call++) {
        uint32_t group = (uint32_t)(code << 8 | call);
        atomic_store(&disk.hit, 0);
        atomic_store(&disk.code, code);
        atomic_store(&disk.countdown, call);
        size_t done = commit_group(store, group, outcomes);
        atomic_store(&disk.countdown, 0);
        if (atomic_load(&disk.hit) == 0) {
            cr_assert_eq(done, GROUP);
            cr_assert_gt(call, 5, "the disk was not used");
            break;
        }
        cr_assert_eq(store_healthy(store), done == GROUP);
        for (int i = 0; i < GROUP; i++)
            *unknown += outcomes[i] == STORE_UNKNOWN;
        struct store *after = open_as_after_a_crash(copy);
        outcomes_hold(after, group, outcomes, "after a crash");
        store_close(after);
        unlink(copy);
        outcomes_hold(store, group, outcomes, "at once");
        /* The same units again: whatever happened, they can be brought to an end. */
        commit_group(store, group, outcomes);
        for (uint32_t i = 0; i < GROUP; i++) {
            cr_expect(outcomes[i] == STORE_DONE || outcomes[i] == STORE_CONFLICT);
            cr_expect(is_whole(store, group, i));
        }
    }
    cr_assert_eq(audit_records(store), sql("SELECT count(*) FROM certificates"));
    cr_assert_eq(sql("SELECT count(DISTINCT chain) FROM audit"), chains + 1, "the chain went on");
    store_close(store);
}

Test(sqlite, any_call_to_the_disk_may_fail)
{
    unsigned unknown = 0, full_unknown = 0;
    install_disk();
    fail_each_call(SQLITE_IOERR_WRITE, &unknown);
    cr_assert_gt(unknown, 0, "no failure of a commit was unclear: is the disk's error still passed on?");
    fail_each_call(SQLITE_FULL, &full_unknown);
}

static _Atomic size_t too_early;

static void look_at_disk(void *arg)
{
    if (atomic_load(&disk.unsynced) != 0)
        atomic_fetch_add(&too_early, 1);
    count(arg);
}

/* A machine that stops the moment after a client has its answer keeps what the client was told. */
Test(sqlite, the_log_is_synced_before_a_unit_is_told_to_be_done)
{
    enum { ROUNDS = 20 };
    install_disk();
    struct store *store = must_open(test_url);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        struct enrollment e;
        int before = atomic_load(&disk.written);
        enrollment_init(&e, 1, n);
        atomic_store(&finished, 0);
        cr_assert(store_commit(store, &(struct store_unit *){&e.unit}, &(void *){NULL}, 1, look_at_disk));
        while (atomic_load(&finished) == 0)
            nanosleep(&(struct timespec){0, 100000}, NULL);
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        cr_assert_gt(atomic_load(&disk.written), before, "nothing was written");
        enrollment_cleanup(&e);
    }
    cr_assert_eq(atomic_load(&too_early), 0, "%zu of %d before the log was synced", atomic_load(&too_early),
                 ROUNDS);
    store_close(store);
}

/* A node that goes on with the new schema must find it after a crash. Whoever has the file open keeps the log
 * from being brought into the file, which would sync it as well. */
Test(sqlite, a_step_of_the_schema_is_synced)
{
    const char *steps[3];
    struct sqlite_schema schema;
    char fault[STORE_FAULT_MAX] = "";
    sqlite3 *other;
    make_store(1);
    install_disk();
    cr_assert_eq(sqlite3_open(test_path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "SELECT count(*) FROM certificates", NULL, NULL, NULL), SQLITE_OK);
    forward(&schema, steps, "CREATE TABLE others (id INTEGER PRIMARY KEY) STRICT;");
    cr_assert(sqlite_prepare_file(fault, test_path, &schema), "%s", fault);
    cr_assert_gt(atomic_load(&disk.written), 0);
    cr_assert_eq(atomic_load(&disk.unsynced), 0);
    sqlite3_close(other);
}

/* Once there is so much in the log it is brought into the file, and begins anew: it takes no more room. */
Test(sqlite, the_log_is_brought_into_the_file)
{
    enum { PAGE = 4096, LARGE = 256 * PAGE, UNITS = 3 * SQLITE_CHECKPOINT_PAGES / 256 };
    char wal[128];
    struct stat st;
    uint8_t *large = calloc(1, LARGE);
    struct store *store = must_open(test_url);
    for (uint32_t n = 0; n < UNITS; n++) {
        struct enrollment e;
        enrollment_init(&e, 1, n);
        e.cert.certificate = bytes_of(large, LARGE);
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
    snprintf(wal, sizeof wal, "%s-wal", test_path);
    cr_assert_eq(stat(wal, &st), 0);
    cr_assert_lt(st.st_size, (off_t)2 * SQLITE_CHECKPOINT_PAGES * PAGE);
    store_close(store);
    free(large);
}

/* The index of the log is in memory that processes share. One that dies while it writes there leaves an index
 * that nobody believes: the next one reads the log again, and finds whatever is whole in it. */
static void lose_index(void)
{
    enum { HEADER = 136 };
    static const uint8_t zeros[HEADER];
    char path[128];
    snprintf(path, sizeof path, "%s-shm", test_path);
    int fd = open(path, O_WRONLY);
    cr_assert_eq(pwrite(fd, zeros, sizeof zeros, 0), sizeof zeros);
    close(fd);
}

static void tell_fault(void *arg, const char *text)
{
    (void)arg;
    cr_expect_fail("%s", text);
}

/* What `cmpctl audit verify` looks at, without a seal. */
static struct audit_summary verify_audit(struct store *store)
{
    char fault[STORE_FAULT_MAX];
    struct audit_summary summary;
    struct audit_verify *verify = audit_verify_new(tell_fault, NULL);
    cr_assert(store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), audit_verify_seal, verify));
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), audit_verify_entry, verify));
    audit_verify_end(verify, &summary);
    audit_verify_free(verify);
    return summary;
}

/* A commit whose sync fails: whether it is in the file shows when the file is looked at again. Either way the
 * chain of the audit log goes on where the file ends. */
static void commit_with_unknown_outcome(int is_there)
{
    install_disk();
    struct store *store = must_open(test_url);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    atomic_store(&disk.sync_fails, 1);
    cr_assert_eq(commit_one(store, 1, 2), STORE_UNKNOWN);
    if (is_there)
        lose_index();
    cr_assert_eq(commit_one(store, 1, 3), STORE_DONE);
    cr_assert_eq(commit_one(store, 1, 4), STORE_DONE);
    cr_assert(store_healthy(store));
    cr_assert_eq(is_whole(store, 1, 2), is_there);
    cr_assert(is_whole(store, 1, 3));
    struct audit_summary summary = verify_audit(store);
    cr_assert_eq(summary.faults, 0);
    cr_assert_eq(summary.chains, 1);
    cr_assert_eq(summary.entries, 3 + is_there);
    cr_assert_eq(summary.records, 3 + is_there);
    cr_assert_eq(audit_records(store), 3 + is_there);
    /* The end that the next seal signs. */
    struct store_head head;
    cr_assert_eq(store_audit_heads(store, &head, 1), 1);
    cr_assert_eq(head.seq, 3 + is_there);
    store_close(store);
}

Test(sqlite, an_unknown_outcome_that_is_in_the_file_is_in_the_chain)
{
    commit_with_unknown_outcome(1);
}

Test(sqlite, an_unknown_outcome_that_is_not_in_the_file_is_not_in_the_chain)
{
    commit_with_unknown_outcome(0);
}

/* ---- processes ---- */

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

Test(sqlite, what_was_told_survives_a_kill)
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

Test(sqlite, two_processes_share_a_file)
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

Test(sqlite, processes_may_make_the_store_at_once)
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

/* Each fault comes with what to do about it. */
Test(sqlite, a_disk_that_fails_at_start_is_told_with_a_remedy)
{
    static const struct {
        int code;
        const char *hint;
    } rows[] = {
        {SQLITE_FULL, "disk is full (13); make room on the disk"},
        {SQLITE_IOERR_WRITE, "disk I/O error (778); the disk reports an error: look at the kernel's log"},
        {SQLITE_READONLY_DBMOVED, "(1032); the file and its folder must be writable by the user"},
        {SQLITE_PERM, "access permission denied (3); the file and its folder must be writable by the user"},
        {SQLITE_CANTOPEN, "unable to open database file (14); the file and its folder must be writable"},
        {SQLITE_NOLFS, "(22); look at the file and its disk"},
        {SQLITE_CORRUPT,
         "malformed (11); the file is damaged: restore it from a backup; nothing was changed"},
    };
    const char *steps[3];
    struct sqlite_schema schema;
    make_store(1);
    forward(&schema, steps, "CREATE TABLE others (id INTEGER PRIMARY KEY) STRICT;");
    install_disk();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char fault[STORE_FAULT_MAX] = "";
        atomic_store(&disk.code, rows[i].code);
        atomic_store(&disk.countdown, 1);
        cr_expect_not(sqlite_prepare_file(fault, test_path, &schema), "%d", rows[i].code);
        atomic_store(&disk.countdown, 0);
        cr_expect_not_null(strstr(fault, rows[i].hint), "%s", fault);
        cr_expect_eq(strncmp(fault, test_path, strlen(test_path)), 0, "%s", fault);
        cr_expect_eq(sql("PRAGMA user_version"), 1, "%s", fault);
    }
    make_store(0);
}

Test(sqlite, where_no_log_can_be_kept_no_store_is_made)
{
    char fault[STORE_FAULT_MAX] = "";
    disk.has_no_index = 1;
    install_disk();
    cr_assert_not(store_create(fault, test_url));
    cr_assert_not_null(strstr(fault, "this file system cannot hold a write-ahead log"), "%s", fault);
    cr_assert_not_null(strstr(fault, test_path), "its name, and not one for the time of making: %s", fault);
    cr_assert_eq(rmdir(test_folder), 0, "something is left");
    cr_assert_eq(mkdir(test_folder, 0700), 0);
}

Test(sqlite, a_path_through_a_file_is_told)
{
    char fault[STORE_FAULT_MAX] = "", path[128];
    make_store(0);
    snprintf(path, sizeof path, "%s/store.db", test_path);
    cr_assert_not(sqlite_check_file(fault, path));
    cr_assert_not_null(strstr(fault, "cannot be looked at: Not a directory; "), "%s", fault);
    cr_assert_eq(sqlite_version(path), 0);
    cr_assert_eq(sqlite_version(test_path), SQLITE_SCHEMA_VERSION);
}

/* A start must not take minutes. Nothing is in what is behind the pages. */
Test(sqlite, a_large_file_is_not_checked_whole_and_that_is_told)
{
    enum { WHOLE = 256 * 1024 * 1024 };
    make_store(1);
    log_set_level(LOG_INFO);
    cr_assert_eq(truncate(test_path, (off_t)WHOLE + 1), 0);
    CAPTURE(make_store(0));
    cr_assert_not_null(strstr(logged, "event=\"store not checked whole\""), "%s", logged);
    cr_assert_not_null(strstr(logged, "octets=268435457"), "%s", logged);
    cr_assert_eq(truncate(test_path, WHOLE), 0);
    CAPTURE(make_store(0));
    cr_assert_null(strstr(logged, "not checked"), "%s", logged);
}

static int no_head(void *arg, const struct store_head *head)
{
    (void)arg;
    (void)head;
    return 1;
}

static void say_nothing(void *arg, const char *what, const struct store_fact *facts, size_t n)
{
    (void)arg;
    (void)what;
    (void)facts;
    (void)n;
}

/* A tool that could not look must not pass for one that found nothing. */
Test(sqlite, a_table_that_is_missing_is_told_by_every_tool)
{
    char fault[STORE_FAULT_MAX] = "";
    uint64_t entries = 0;
    struct store *store = must_open(test_url);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    sql("DROP TABLE audit");
    cr_assert_not(sqlite_each_head(store, fault, INT64_MAX, no_head, NULL));
    cr_assert_not_null(strstr(fault, ": reading the audit log: no such table: audit"), "%s", fault);
    cr_assert_not(sqlite_audit_purge(store, fault, INT64_MAX, NULL, 0, &entries));
    cr_assert_not_null(strstr(fault, ": deleting entries of the audit log: no such table: audit"), "%s",
                       fault);
    cr_assert_eq(entries, 0);
    store_close(store);
    cr_assert_not(store_status(fault, test_url, say_nothing, NULL));
    cr_assert_not_null(strstr(fault, ": looking at it: no such table: audit"), "%s", fault);
}
