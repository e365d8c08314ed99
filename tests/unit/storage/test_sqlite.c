/* test_sqlite.c: what is SQLite's own: files that are no stores, steps of the schema, statements. Disks that
 * fail: test_sqlite_disk.c; processes: test_sqlite_processes.c. */
#include <errno.h>
#include <semaphore.h>
#include <sys/stat.h>

#include "tests/support/capture.h"
#include "tests/unit/storage/sqlite_file.h"

TestSuite(sqlite, .init = make_url, .fini = remove_folder, .timeout = 300);

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
    set_version(STEPS);
    is_refused("newer version");
    cr_assert_eq(sql("PRAGMA user_version"), STEPS);
    set_version(0);
    is_refused("names no schema version");
    set_version(SQLITE_SCHEMA_VERSION);
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

Test(sqlite, an_older_store_is_taken_forward_with_its_rows)
{
    const char *steps[STEPS];
    struct sqlite_schema schema;
    char fault[STORE_FAULT_MAX] = "";

    make_store(1);
    forward(&schema, steps,
            "ALTER TABLE transactions ADD COLUMN more INTEGER NOT NULL DEFAULT 7;"
            "CREATE TABLE others (id INTEGER PRIMARY KEY) STRICT;");
    cr_assert(sqlite_prepare_file(fault, test_path, &schema), "%s", fault);
    cr_assert_eq(sql("PRAGMA user_version"), STEPS);
    cr_assert_eq(sql("SELECT more FROM transactions"), 7);
    cr_assert_eq(sql("SELECT count(*) FROM others"), 0);
    cr_assert(sqlite_prepare_file(fault, test_path, &schema), "once more is as good: %s", fault);
    is_refused("newer version");
    /* What this program writes goes into it all the same. */
    set_version(SQLITE_SCHEMA_VERSION);
    make_store(0);
    struct store *store = must_open(test_url);
    cr_assert(is_whole(store, 1, 0));
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    store_close(store);
    cr_assert_eq(sql("SELECT sum(more) FROM transactions"), 14);
}

/* A node of the release before may serve it. */
Test(sqlite, who_only_looks_leaves_an_older_store_as_it_is)
{
    char fault[STORE_FAULT_MAX] = "";
    struct store *store;

    make_store(1);
    set_version(SQLITE_SCHEMA_VERSION - 1);
    cr_assert_null(store_open_to_read(fault, test_url, "node"));
    cr_assert_not_null(strstr(fault, "this program needs "), "%s", fault);
    cr_assert_not_null(strstr(fault, "; run cmpctl db migrate, or start cmpd"), "%s", fault);
    cr_assert_eq(sql("PRAGMA user_version"), SQLITE_SCHEMA_VERSION - 1);
    set_version(SQLITE_SCHEMA_VERSION);
    cr_assert_not_null(store = store_open_to_read(fault, test_url, "node"), "%s", fault);
    store_close(store);
}

Test(sqlite, a_step_that_fails_changes_nothing)
{
    const char *steps[STEPS];
    struct sqlite_schema schema;
    char fault[STORE_FAULT_MAX] = "";

    make_store(1);
    forward(&schema, steps, "ALTER TABLE transactions ADD COLUMN more INTEGER; DROP TABLE nothing;");
    cr_assert_not(sqlite_prepare_file(fault, test_path, &schema));
    cr_assert_not_null(strstr(fault, "taking the schema forward"), "%s", fault);
    cr_assert_eq(sql("PRAGMA user_version"), SQLITE_SCHEMA_VERSION);
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
                           strstr(step, " nodes") != NULL || strstr(step, " positions") != NULL ||
                           strstr(step, " crls") != NULL || strstr(step, " crl_urls") != NULL;
            cr_expect(is_small || strncmp(step, "SCAN", 4) != 0, "%s: %s", statement.text, step);
            cr_expect_null(strstr(step, "TEMP B-TREE"), "%s: %s", statement.text, step);
            /* The issuer alone is no key: nearly everything is of the same one. */
            cr_expect(is_small || strstr(step, "(issuer=?)") == NULL, "%s: %s", statement.text, step);
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
    change.only_from = STORE_CERT_HOLD;
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(sql("SELECT count(*) FROM revocations WHERE status = 2 AND reason = 0"), 1, "released");
    change.status = STORE_CERT_REVOKED;
    change.only_from = 0;
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
