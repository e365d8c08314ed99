/* test_last_seal.c: whether a store is as new as the last seal, over a real store: rows are taken from it as
 * a backup would lack them, or as retention deletes them. */
#include "server/upkeep/last_seal.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"
#include "server/upkeep/seal.h"
#include "tests/unit/upkeep/fixture.h"

static struct seal_job job;
static char text[LAST_SEAL_TEXT];

static void set_up_job(void)
{
    set_up();
    seal_job_begin(&job);
    text[0] = 0;
}

static void tear_down_job(void)
{
    seal_job_end(&job);
    tear_down();
}

TestSuite(last_seal, .init = set_up_job, .fini = tear_down_job, .timeout = 60);

static const char *seal_file(void)
{
    return policy_config(demo.policy)->audit_seal_file;
}

static enum last_seal check(void)
{
    return last_seal_check(text, seal_file(), store);
}

static void sql(const char *words)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(test_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    cr_assert_eq(sqlite3_exec(db, words, NULL, NULL, NULL), SQLITE_OK, "%s: %s", words, sqlite3_errmsg(db));
    sqlite3_close(db);
}

static void enroll_and_seal(uint32_t from, uint32_t to, int64_t now)
{
    for (uint32_t n = from; n < to; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    cr_assert(seal_heads(&job, demo.policy, store, now));
}

/* The demo CA was made with a store of its own, whose seal is there: this one lacks it. */
Test(last_seal, nothing_was_sealed)
{
    char path[4096];

    cr_assert_eq(check(), LAST_SEAL_LOST);
    snprintf(path, sizeof path, "%s.last", seal_file());
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(check(), LAST_SEAL_HELD, "%s", text);
}

Test(last_seal, a_store_that_goes_on_has_it)
{
    enroll_and_seal(0, 3, 1000);
    cr_assert_eq(check(), LAST_SEAL_HELD);
    cr_assert_eq(commit_one(store, 1, 3), STORE_DONE);
    cr_assert_eq(check(), LAST_SEAL_HELD, "what is not sealed yet changes nothing");
    enroll_and_seal(4, 5, 1500);
    cr_assert_eq(check(), LAST_SEAL_HELD);
}

/* As a copy that was made before the third enrollment. */
Test(last_seal, a_store_that_lacks_entries_is_older)
{
    enroll_and_seal(0, 2, 1000);
    enroll_and_seal(2, 3, 86400000);
    sql("DELETE FROM audit WHERE seq = 3; DELETE FROM audit_seals WHERE number = 2");
    cr_assert_eq(check(), LAST_SEAL_LOST);
    cr_assert_not_null(strstr(text, "older than what this node sealed at 1970-01-02T00:00:00Z"), "%s", text);
    cr_assert_not_null(strstr(text, "cmpctl db check --accept-older"), "%s", text);
}

/* The number of the entry is there, but it is that of another history. */
Test(last_seal, another_entry_with_its_number_is_not_it)
{
    enroll_and_seal(0, 2, 1000);
    sql("UPDATE audit SET hash = zeroblob(32) WHERE seq = 2; DELETE FROM audit_seals");
    cr_assert_eq(check(), LAST_SEAL_LOST);
}

Test(last_seal, entries_that_were_purged_are_not_missed)
{
    struct store_head head;

    enroll_and_seal(0, 2, 1000);
    head = job.heads[0];
    /* The seal itself says so, for as long as it is there. */
    sql("DELETE FROM audit");
    cr_assert_eq(check(), LAST_SEAL_HELD, "%s", text);
    /* Then the anchor does. It is itself a seal, so the file is put back to the one before. */
    uint8_t *line;
    size_t len;
    char path[4096];
    snprintf(path, sizeof path, "%s.last", seal_file());
    cr_assert(file_read(&line, &len, path, 65536));
    cr_assert(seal_anchor(&job, demo.policy, store, &head, 1, NULL, 0, 2000));
    cr_assert_eq(check(), LAST_SEAL_HELD, "an anchor that is in the store");
    cr_assert(last_seal_keep(seal_file(), (const char *)line, len));
    free(line);
    sql("DELETE FROM audit_seals WHERE number = 1; UPDATE audit_seals SET instance = randomblob(16)");
    cr_assert_eq(check(), LAST_SEAL_HELD, "%s", text);
    sql("DELETE FROM audit_seals");
    cr_assert_eq(check(), LAST_SEAL_LOST);
}

Test(last_seal, an_anchor_that_is_gone_is_missed)
{
    struct store_head head;

    enroll_and_seal(0, 2, 1000);
    head = job.heads[0];
    cr_assert(seal_anchor(&job, demo.policy, store, &head, 1, NULL, 0, 2000));
    sql("DELETE FROM audit_seals WHERE number = 2");
    cr_assert_eq(check(), LAST_SEAL_LOST);
}

Test(last_seal, what_cannot_be_read_is_neither)
{
    enroll_and_seal(0, 1, 1000);
    sql("ALTER TABLE audit RENAME TO audit_gone");
    cr_assert_eq(check(), LAST_SEAL_UNKNOWN);
    cr_assert_not_null(strstr(text, "cannot be told whether the store is as new"), "%s", text);
    cr_assert(last_seal_keep(seal_file(), "no seal\n", 8));
    cr_assert_eq(check(), LAST_SEAL_UNKNOWN);
    cr_assert_not_null(strstr(text, "holds no seal"), "%s", text);
}

Test(last_seal, it_is_for_its_user_alone_and_replaced_as_a_whole)
{
    char path[4096];
    struct stat st;
    uint8_t *line;
    size_t len;

    cr_assert(seal_file_prepare(&job.file, seal_file()));
    cr_assert(last_seal_keep(seal_file(), "a longer line\n", 14));
    cr_assert(last_seal_keep(seal_file(), "a line\n", 7));
    snprintf(path, sizeof path, "%s.last", seal_file());
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 07777, 0600);
    cr_assert(file_read(&line, &len, path, 100));
    cr_assert_eq(len, 7);
    free(line);
    cr_assert_not(last_seal_keep("/nowhere/at/all", "x", 1));
}
