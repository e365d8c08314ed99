/* test_sqlite_disk.c: statements and disks that fail (storage/sqlite/write.c, open.c): nothing is told to be
 * done that is not there after a crash, and nothing half. */
#include "storage/audit_verify.h"
#include "tests/support/disk.h"
#include "tests/unit/storage/sqlite_file.h"

#include <sys/stat.h>

TestSuite(sqlite_disk, .init = make_url, .fini = remove_folder, .timeout = 300);

Test(sqlite_disk, a_full_store_is_unavailable_until_there_is_room)
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
Test(sqlite_disk, any_write_may_fail)
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

Test(sqlite_disk, a_change_may_fail)
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

Test(sqlite_disk, any_call_to_the_disk_may_fail)
{
    unsigned unknown = 0, full_unknown = 0;
    disk_install();
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
Test(sqlite_disk, the_log_is_synced_before_a_unit_is_told_to_be_done)
{
    enum { ROUNDS = 20 };
    disk_install();
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
Test(sqlite_disk, a_step_of_the_schema_is_synced)
{
    const char *steps[STEPS];
    struct sqlite_schema schema;
    char fault[STORE_FAULT_MAX] = "";
    sqlite3 *other;
    make_store(1);
    disk_install();
    cr_assert_eq(sqlite3_open(test_path, &other), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(other, "SELECT count(*) FROM certificates", NULL, NULL, NULL), SQLITE_OK);
    forward(&schema, steps, "CREATE TABLE others (id INTEGER PRIMARY KEY) STRICT;");
    cr_assert(sqlite_prepare_file(fault, test_path, &schema), "%s", fault);
    cr_assert_gt(atomic_load(&disk.written), 0);
    cr_assert_eq(atomic_load(&disk.unsynced), 0);
    sqlite3_close(other);
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
    disk_install();
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

Test(sqlite_disk, an_unknown_outcome_that_is_in_the_file_is_in_the_chain)
{
    commit_with_unknown_outcome(1);
}

Test(sqlite_disk, an_unknown_outcome_that_is_not_in_the_file_is_not_in_the_chain)
{
    commit_with_unknown_outcome(0);
}

/* Each fault comes with what to do about it. */
Test(sqlite_disk, a_disk_that_fails_at_start_is_told_with_a_remedy)
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
    const char *steps[STEPS];
    struct sqlite_schema schema;
    make_store(1);
    forward(&schema, steps, "CREATE TABLE others (id INTEGER PRIMARY KEY) STRICT;");
    disk_install();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char fault[STORE_FAULT_MAX] = "";
        atomic_store(&disk.code, rows[i].code);
        atomic_store(&disk.countdown, 1);
        cr_expect_not(sqlite_prepare_file(fault, test_path, &schema), "%d", rows[i].code);
        atomic_store(&disk.countdown, 0);
        cr_expect_not_null(strstr(fault, rows[i].hint), "%s", fault);
        cr_expect_eq(strncmp(fault, test_path, strlen(test_path)), 0, "%s", fault);
        cr_expect_eq(sql("PRAGMA user_version"), SQLITE_SCHEMA_VERSION, "%s", fault);
    }
    make_store(0);
}

Test(sqlite_disk, where_no_log_can_be_kept_no_store_is_made)
{
    char fault[STORE_FAULT_MAX] = "";
    disk.has_no_index = 1;
    disk_install();
    cr_assert_not(store_create(fault, test_url));
    cr_assert_not_null(strstr(fault, "this file system cannot hold a write-ahead log"), "%s", fault);
    cr_assert_not_null(strstr(fault, test_path), "its name, and not one for the time of making: %s", fault);
    cr_assert_eq(rmdir(test_folder), 0, "something is left");
    cr_assert_eq(mkdir(test_folder, 0700), 0);
}
