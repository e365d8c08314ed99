/* test_held.c: the files of the embedded store are taken away, replaced and cut while it is open. What the
 * store calls done must be in the file that its path leads to. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/sqlite/internal.h"
#include "units.h"

TestSuite(held, .init = make_url, .fini = remove_folder, .timeout = 120);

enum { BEFORE = 3, SHOWN_MS = SQLITE_PROBE_MS * 3 / 2 };

static const char *name(const char *end)
{
    static char names[4][128];
    static unsigned next;
    char *out = names[next++ % 4];
    snprintf(out, sizeof names[0], "%s%s", test_path, end);
    return out;
}

static void shell(const char *format)
{
    char command[512];
    const char *p = test_path;
    snprintf(command, sizeof command, format, p, p, p, p);
    cr_assert_eq(system(command), 0, "%s", command);
}

static void sql(const char *text)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open_v2(test_path, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Each leaves another file, or none, or less of it, where the store's was. */
static const char *const losses[] = {
    "rm %s",
    "rm %s*",
    "mv %s %s.old",
    "cp -p %s %s.new && mv %s.new %s",
    "truncate -s 0 %s",
    "truncate -s 8192 %s",
    "rm %s-wal",
    "mv %s-wal %s-old",
    "cp -p %s-wal %s.new && mv %s.new %s-wal",
    "truncate -s 0 %s-wal",
    "truncate -s 32 %s-wal",
    "truncate -s 4184 %s-wal",
    "rm %s-shm",
    "cp -p %s-shm %s.new && mv %s.new %s-shm",
};
enum { LOSSES = sizeof losses / sizeof losses[0] };

static void is_out_of_service(struct store *store, uint32_t n, const char *why)
{
    struct enrollment e;
    enrollment_init(&e, 1, 0);
    cr_expect_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_FETCH_UNAVAILABLE, "%s", why);
    cr_expect_eq(commit_one(store, 1, n), STORE_UNAVAILABLE, "%s", why);
    cr_expect_not(store_healthy(store), "%s", why);
    enrollment_cleanup(&e);
}

Test(held, nothing_is_done_in_a_file_that_is_lost)
{
    for (size_t i = 0; i < LOSSES; i++) {
        struct store *store = must_open(test_url);
        for (uint32_t n = 0; n < BEFORE; n++)
            cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
        shell(losses[i]);
        enum store_outcome outcome = commit_one(store, 1, BEFORE);
        cr_expect(outcome == STORE_UNKNOWN || outcome == STORE_UNAVAILABLE, "%s: %d", losses[i], outcome);
        is_out_of_service(store, BEFORE + 1, losses[i]);
        store_close(store);
        shell("rm -f %s*");
    }
}

/* A node that only answers from its rows must not do that from a file that is gone either. */
Test(held, nothing_is_read_from_a_file_that_is_lost)
{
    struct store *store = must_open(test_url);
    struct enrollment e;
    enrollment_init(&e, 1, 1);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_FOUND);
    shell("rm %s");
    is_out_of_service(store, 2, "rm");
    enrollment_cleanup(&e);
    store_close(store);
}

/* Until a restart: that a file of the name is back says nothing about what was committed in between. */
Test(held, a_loss_lasts_until_a_restart)
{
    struct store *store = must_open(test_url);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    shell("mv %s %s.old");
    cr_assert_neq(commit_one(store, 1, 2), STORE_DONE);
    shell("mv %s.old %s");
    wait_ms(SHOWN_MS); /* an idle store that is not healthy is tried again */
    is_out_of_service(store, 3, "back");
    store_close(store);
    store = must_open(test_url);
    cr_assert(is_whole(store, 1, 1));
    cr_assert_eq(commit_one(store, 1, 4), STORE_DONE);
    store_close(store);
}

/* Closing must not touch what has taken the names. */
Test(held, what_took_the_names_is_left_alone)
{
    struct stat st;
    struct store *store = must_open(test_url);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    shell("rm %s* && echo other >%s && echo other >%s-wal && echo other >%s-shm");
    store_close(store);
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(stat(name(ends[i]), &st), 0, "%s", ends[i]);
        cr_expect_eq(st.st_size, 6, "%s", ends[i]);
    }
}

/* What others may do to a store that is in use, and what it does itself, is no loss. */
Test(held, what_is_allowed_is_no_loss)
{
    enum { FILLS_THE_LOG = 3000 };
    static const char *const allowed[] = {
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA wal_checkpoint(RESTART)",
        "VACUUM",
        "DELETE FROM certificates; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)",
        "INSERT INTO nodes VALUES ('other', 'v', 'c', x'', 1) ON CONFLICT DO NOTHING",
    };
    struct store *store = must_open(test_url);
    uint32_t n = 0;
    for (; n < FILLS_THE_LOG; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        sql(allowed[i]);
        for (int k = 0; k < 3; k++, n++) {
            cr_assert_eq(commit_one(store, 1, n), STORE_DONE, "%s", allowed[i]);
            cr_assert(is_whole(store, 1, n), "%s", allowed[i]);
        }
        /* A conflict writes nothing: the log may be empty then. */
        sql(allowed[i]);
        cr_assert_eq(commit_one(store, 1, n - 1), STORE_CONFLICT, "%s", allowed[i]);
        cr_assert(store_healthy(store), "%s", allowed[i]);
    }
    store_close(store);
    struct stat st;
    cr_assert_neq(stat(name("-wal"), &st), 0, "a store that is whole leaves no log behind");
}

static _Atomic int stop;

static void *empties_the_log(void *arg)
{
    (void)arg;
    while (!atomic_load(&stop))
        sql("PRAGMA busy_timeout = 100; PRAGMA wal_checkpoint(TRUNCATE)");
    return NULL;
}

Test(held, a_log_that_is_emptied_at_any_moment_is_no_loss)
{
    pthread_t thread;
    struct store *store = must_open(test_url);
    uint32_t count = is_soak() ? 50000 : 2000;
    atomic_store(&stop, 0);
    cr_assert_eq(pthread_create(&thread, NULL, empties_the_log, NULL), 0);
    for (uint32_t n = 0; n < count; n++) {
        enum store_outcome outcome = commit_one(store, 1, n);
        if (outcome != STORE_DONE) {
            atomic_store(&stop, 1);
            cr_assert_eq(outcome, STORE_DONE, "after %u", n);
        }
    }
    atomic_store(&stop, 1);
    pthread_join(thread, NULL);
    cr_assert(store_healthy(store));
    store_close(store);
}

/* Another process brings the log into the file and begins a new one, which is shorter: more of the old one is
 * left behind it. */
static void set_the_log_back(void)
{
    sql("PRAGMA wal_checkpoint(RESTART); "
        "INSERT INTO nodes VALUES ('other', 'v', 'c', x'', 1) ON CONFLICT DO UPDATE SET seen_at = seen_at + "
        "1");
}

/* Between a commit and the look at the log. */
Test(held, a_log_that_is_set_back_just_after_a_commit_is_no_loss)
{
    enum { ROUNDS = 5 };
    char fault[STORE_FAULT_MAX];
    struct sqlite_conn conn;
    cr_assert(sqlite_create(fault, test_path), "%s", fault);
    cr_assert_eq(sqlite_connect(&conn, fault, test_path, 0), SQLITE_OK, "%s", fault);
    for (int round = 0; round < ROUNDS; round++) {
        conn.held.frames = 0;
        cr_assert_eq(sqlite3_exec(conn.db,
                                  "INSERT INTO nodes VALUES ('this', hex(randomblob(20000)), 'c', x'', 1) ON "
                                  "CONFLICT DO UPDATE SET version = excluded.version",
                                  NULL, NULL, NULL),
                     SQLITE_OK, "%s", sqlite3_errmsg(conn.db));
        cr_assert_geq(conn.held.frames, 8, "what another writes must not cover all of it");
        if (round % 2 == 0)
            set_the_log_back();
        const char *why = sqlite_lost(&conn, test_path);
        cr_assert_null(why, "round %d: %s", round, why);
    }
    sqlite_disconnect(&conn);
}

/* The last look is at the end, which may be long after the last commit. */
Test(held, a_log_that_was_set_back_before_the_end_is_no_loss)
{
    enum { UNITS = 20 };
    struct stat st;
    struct store *store = must_open(test_url);
    for (uint32_t n = 0; n < UNITS; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    set_the_log_back();
    store_close(store);
    cr_assert_neq(stat(name("-wal"), &st), 0, "a store that is whole leaves no log behind");
}

/* A probe that happens to meet only good pages must not bring the service back. */
Test(held, damage_lasts_until_a_restart)
{
    enum { UNITS = 400, PAGE = 4096 };
    char junk[PAGE];
    memset(junk, 0x5a, sizeof junk);
    struct store *store = must_open(test_url);
    for (uint32_t n = 0; n < UNITS; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    store_close(store);
    store = must_open(test_url);
    struct stat st;
    int fd = open(test_path, O_RDWR);
    cr_assert_eq(fstat(fd, &st), 0);
    char *good = malloc((size_t)st.st_size);
    cr_assert_eq(pread(fd, good, (size_t)st.st_size, 0), st.st_size);
    for (off_t at = 2 * PAGE; at < st.st_size; at += PAGE)
        cr_assert_eq(pwrite(fd, junk, PAGE, at), PAGE);
    struct enrollment e;
    enrollment_init(&e, 1, 0);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_FETCH_UNAVAILABLE);
    cr_assert_eq(pwrite(fd, good, (size_t)st.st_size, 0), st.st_size);
    wait_ms(SHOWN_MS);
    is_out_of_service(store, UNITS, "damage");
    enrollment_cleanup(&e);
    store_close(store);
    close(fd);
    free(good);
}

/* As the store's own connections are. */
static void connect_to(struct sqlite_conn *conn)
{
    char fault[STORE_FAULT_MAX];
    cr_assert(sqlite_create(fault, test_path), "%s", fault);
    cr_assert_eq(sqlite_connect(conn, fault, test_path, 0), SQLITE_OK, "%s", fault);
}

static void write_some(struct sqlite_conn *conn)
{
    cr_assert_eq(sqlite3_exec(conn->db,
                              "INSERT INTO nodes VALUES ('this', hex(randomblob(20000)), 'c', x'', 1) ON "
                              "CONFLICT DO UPDATE SET version = excluded.version",
                              NULL, NULL, NULL),
                 SQLITE_OK, "%s", sqlite3_errmsg(conn->db));
}

/* What was the last frame before is where it was; those of this commit are gone. */
Test(held, a_log_that_is_cut_just_behind_the_commit_before_is_a_loss)
{
    struct sqlite_conn conn;
    connect_to(&conn);
    write_some(&conn);
    cr_assert_null(sqlite_lost(&conn, test_path));
    off_t before = conn.held.log_end;
    cr_assert_gt(before, 0);
    write_some(&conn);
    cr_assert_eq(truncate(name("-wal"), before), 0);
    const char *why = sqlite_lost(&conn, test_path);
    cr_assert_not_null(why);
    cr_assert_str_eq(why, "the write-ahead log (-wal) was cut");
    sqlite_disconnect(&conn);
}

/* Nothing is known of files that cannot be looked at: no commit counts, but nothing is lost for good. */
Test(held, files_that_cannot_be_looked_at_are_no_loss_and_no_success)
{
    enum { LONG = 5000 };
    char path[LONG];
    struct sqlite_conn conn;
    struct sqlite_store store = {.path = path};
    memset(path, 'n', sizeof path - 1);
    path[sizeof path - 1] = 0;
    connect_to(&conn);
    cr_assert_str_eq(sqlite_lost(&conn, path), "the files could not be looked at");
    cr_assert(sqlite_look(&store, &conn));
    cr_assert_not(atomic_load(&store.is_lost));
    store.path = test_path;
    cr_assert_not(sqlite_look(&store, &conn));
    cr_assert_not(sqlite_hold(&conn, path), "nor can they be held");
    sqlite_disconnect(&conn);
}

/* A connection that is made anew must lead to the file of the start: another one knows nothing of what was
 * answered since. */
Test(held, a_connection_to_another_file_ends_the_service)
{
    struct sqlite_store store = {.path = test_path};
    struct sqlite_conn first;
    char fault[STORE_FAULT_MAX];
    connect_to(&first);
    sqlite_disconnect(&first);
    store.file = open(test_path, O_PATH | O_CLOEXEC);
    cr_assert(sqlite_connected(&store, &store.writer));
    sqlite_disconnect(&store.writer);
    shell("mv %s %s.old");
    cr_assert(sqlite_create(fault, test_path), "%s", fault);
    cr_assert_not(sqlite_connected(&store, &store.writer));
    cr_assert_null(store.writer.db);
    cr_assert(atomic_load(&store.is_lost));
    shell("mv %s.old %s");
    cr_assert_not(sqlite_connected(&store, &store.writer), "until a restart");
    close(store.file);
}
