/* seal.c: seals and anchors of a real store, signed with the demo CA's key. */
#include "server/upkeep/seal.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "server/base/file.h"
#include "server/upkeep/upkeep.h"
#include "tests/support/capture.h"
#include "tests/support/hsm.h"
#include "tests/support/verify.h"
#include "tests/unit/upkeep/fixture.h"

static struct seal_job job;

static void set_up_job(void)
{
    set_up();
    seal_job_begin(&job);
}

static void tear_down_job(void)
{
    seal_job_end(&job);
    tear_down();
}

TestSuite(seal, .init = set_up_job, .fini = tear_down_job, .timeout = 60);

static void sql(const char *text)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(test_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s: %s", text, sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* Verifies the store with the key of the CA's CMP certificate. */
static struct audit_summary verify(void)
{
    return verify_store(store, policy_settings(demo.policy)->default_profile->ca->cmp_cert.spki);
}

static void enroll(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
}

Test(seal, what_moved_is_sealed_once)
{
    struct audit_summary sum;

    enroll(0, 3);
    cr_assert_eq(verify().unsealed, 3);
    cr_assert(seal_heads(&job, demo.policy, store, 1000));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 1);
    cr_assert(seal_heads(&job, demo.policy, store, 2000));
    cr_assert_eq(verify().seals, 1, "nothing had moved");
    enroll(3, 5);
    cr_assert(seal_heads(&job, demo.policy, store, 3000));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 2);
}

/* A seal that the store did not take keeps its number; what comes meanwhile is in the next. */
Test(seal, a_store_that_fails_is_asked_again)
{
    struct audit_summary sum;

    enroll(0, 1);
    sql("CREATE TRIGGER bad BEFORE INSERT ON audit_seals BEGIN SELECT RAISE(ABORT, 'no'); END");
    cr_assert_not(seal_heads(&job, demo.policy, store, 1000));
    enroll(1, 2);
    cr_assert_not(seal_heads(&job, demo.policy, store, 2000));
    sql("DROP TRIGGER bad");
    cr_assert(seal_heads(&job, demo.policy, store, 3000));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 2);
    cr_assert_eq(job.sealer.number, 2);
}

/* The answer was lost, and the seal is there: it is not there twice. */
Test(seal, a_seal_that_was_stored_after_all)
{
    struct audit_summary sum;

    enroll(0, 1);
    cr_assert(seal_heads(&job, demo.policy, store, 1000));
    enroll(1, 2);
    sql("CREATE TRIGGER bad BEFORE INSERT ON audit_seals BEGIN SELECT RAISE(ABORT, 'no'); END");
    cr_assert_not(seal_heads(&job, demo.policy, store, 2000));
    sql("DROP TRIGGER bad");
    struct store_unit unit = {.arena = NULL};
    store_unit_write(&unit, STORE_ONCE, STORE_SEALS, &job.pending);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    cr_assert(seal_heads(&job, demo.policy, store, 3000));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 2);
}

static int keep_end(void *arg, const void *row)
{
    const struct store_entry *entry = row;
    struct store_head *head = arg;

    memcpy(head->chain, entry->chain, sizeof head->chain);
    memcpy(head->hash, entry->hash, sizeof head->hash);
    head->seq = entry->seq;
    return entry->seq < 3;
}

Test(seal, a_purge_behind_an_anchor_leaves_the_log_whole)
{
    struct store_head third = {.seq = 0};
    struct audit_summary sum;
    char fault[STORE_FAULT_MAX];

    enroll(0, 5);
    cr_assert(seal_heads(&job, demo.policy, store, 1000));
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), keep_end, &third));
    cr_assert(seal_anchor(&job, demo.policy, store, &third, 1, NULL, 0, 2000));
    cr_assert_eq(verify().faults, 0);
    sql("DELETE FROM audit WHERE seq <= 3");
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.entries, 2);
    sql("DELETE FROM audit WHERE seq = 4");
    cr_assert_eq(verify().faults, 1);
}

/* An anchor tells up to where entries may go: it is no seal of what it names. */
Test(seal, an_anchor_seals_no_ends)
{
    struct store_head third = {.seq = 0};
    struct audit_summary sum;
    char fault[STORE_FAULT_MAX];

    enroll(0, 3);
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), keep_end, &third));
    cr_assert(seal_anchor(&job, demo.policy, store, &third, 1, NULL, 0, 1000));
    cr_assert(seal_heads(&job, demo.policy, store, 2000));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 2);
}

/* struct named is what the seals of a store name: of each, how many heads and seals. */
struct named {
    size_t heads[4], seals[4], count;
    char order[256]; /* the first two digits of each */
};

static size_t count_ends(struct named *named, const char *text, const char *end)
{
    size_t count = 0;

    for (; text < end; text = memchr(text, ',', (size_t)(end - text))) {
        text += *text == ',';
        snprintf(named->order + strlen(named->order), 4, "%.2s ", text);
        count++;
        if (memchr(text, ',', (size_t)(end - text)) == NULL)
            break;
    }
    return count;
}

static int note_ends(void *arg, const void *row)
{
    const struct store_seal *seal = row;
    struct named *named = arg;
    char *text = strndup((const char *)seal->text.data, seal->text.len), *heads, *seals;

    cr_assert_lt(named->count, 4);
    cr_assert_not_null(heads = strstr(text, " heads="));
    cr_assert_not_null(seals = strstr(text, " seals="));
    named->heads[named->count] = count_ends(named, heads + 7, seals);
    named->seals[named->count++] = count_ends(named, seals + 7, seals + strcspn(seals + 1, " \n") + 1);
    free(text);
    return 1;
}

/* A seal has room for so many ends, whichever they are: none is left out, and none told twice. */
Test(seal, an_anchor_of_many_ends_takes_several_seals)
{
    enum { HEADS = AUDIT_SEAL_ENDS + 3, SEALS = AUDIT_SEAL_ENDS };
    struct store_head heads[HEADS] = {{.seq = 0}}, seals[SEALS] = {{.seq = 0}};
    struct named named = {.count = 0};
    char fault[STORE_FAULT_MAX], order[256] = "";

    for (size_t i = 0; i < HEADS + SEALS; i++) {
        struct store_head *head = i < HEADS ? &heads[i] : &seals[i - HEADS];
        *head = (struct store_head){.chain = {(uint8_t)(0x10 + i)}, .seq = 1};
        snprintf(order + strlen(order), 4, "%02zx ", 0x10 + i);
    }
    cr_assert(seal_anchor(&job, demo.policy, store, heads, HEADS, seals, SEALS, 1000));
    cr_assert(store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), note_ends, &named), "%s", fault);
    cr_assert_eq(named.count, 3);
    cr_assert(named.heads[0] == AUDIT_SEAL_ENDS && named.seals[0] == 0);
    cr_assert(named.heads[1] == 3 && named.seals[1] == AUDIT_SEAL_ENDS - 3);
    cr_assert(named.heads[2] == 0 && named.seals[2] == 3);
    cr_assert_str_eq(named.order, order);
}

/* What may be stored already comes first, also before an anchor: numbers have no gaps. */
Test(seal, no_anchor_overtakes_a_seal)
{
    struct store_head third = {.seq = 0};
    struct audit_summary sum;
    char fault[STORE_FAULT_MAX];

    enroll(0, 3);
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), keep_end, &third));
    sql("CREATE TRIGGER bad BEFORE INSERT ON audit_seals BEGIN SELECT RAISE(ABORT, 'no'); END");
    cr_assert_not(seal_heads(&job, demo.policy, store, 1000));
    cr_assert_not(seal_anchor(&job, demo.policy, store, &third, 1, NULL, 0, 2000));
    sql("DROP TRIGGER bad");
    cr_assert(seal_anchor(&job, demo.policy, store, &third, 1, NULL, 0, 3000));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 2);
}

/* While it lasts, a fault is one line; the next one is told anew. */
Test(seal, a_fault_is_told_once_each_time)
{
    static const char bad[] =
        "CREATE TRIGGER bad BEFORE INSERT ON audit_seals BEGIN SELECT RAISE(ABORT, 'no'); END";

    enroll(0, 1);
    for (int64_t time = 1; time <= 2; time++) {
        sql(bad);
        CAPTURE(seal_heads(&job, demo.policy, store, 1000 * time));
        cr_assert_not_null(
            strstr(logged, "event=\"audit log not sealed\" reason=\"the store did not take the seal"), "%s",
            logged);
        cr_expect_not(seal_heads_job.alarm(&job), "the store has its own");
        CAPTURE(seal_heads(&job, demo.policy, store, 1000 * time + 100));
        cr_assert_null(strstr(logged, "not sealed"), "%s", logged);
        sql("DROP TRIGGER bad");
        cr_assert(seal_heads(&job, demo.policy, store, 1000 * time + 200));
        enroll((uint32_t)time, (uint32_t)time + 1);
    }
}

/* deploy/manual/audit.md: each seal stands in the node's file and log as well, so that one that is deleted
 * from the store is missed. */
Test(seal, a_seal_is_in_the_file_and_in_the_log)
{
    const char *path = policy_config(demo.policy)->audit_seal_file;
    uint8_t *text;
    size_t len;

    log_set_level(LOG_INFO);
    enroll(0, 1);
    CAPTURE(cr_assert(seal_heads(&job, demo.policy, store, 1000)));
    char *line = strstr(logged, "event=\"" AUDIT_SEAL_EVENT "\" audit=1 kind=heads ");
    cr_assert_not_null(line, "%s", logged);
    cr_assert_not_null(strstr(line, " signature="), "%s", logged);
    cr_assert(file_read(&text, &len, path, 65536));
    cr_assert_not_null(strstr((char *)text, line), "not as in the log: %s", (char *)text);
    file_free(text, len);
}

/* A seal of which no node keeps a line could be deleted, and nobody would know. */
Test(seal, what_is_not_in_the_file_is_not_sealed)
{
    const char *path = policy_config(demo.policy)->audit_seal_file;
    struct audit_summary sum;

    log_set_level(LOG_INFO);
    enroll(0, 1);
    unlink(path);
    cr_assert_eq(mkdir(path, 0700), 0);
    CAPTURE(cr_expect_not(seal_heads(&job, demo.policy, store, 1000)));
    cr_assert_not_null(strstr(logged, "alarm=seal reason=\"audit_seal_file cannot be written"), "%s", logged);
    cr_expect(seal_heads_job.alarm(&job));
    cr_assert_null(strstr(logged, "event=\"" AUDIT_SEAL_EVENT "\""), "%s", logged);
    cr_assert_eq(job.sealer.number, 0);
    cr_assert_eq(rmdir(path), 0);
    CAPTURE(cr_expect(seal_heads(&job, demo.policy, store, 2000)));
    cr_expect_not(seal_heads_job.alarm(&job));
    cr_assert_not_null(strstr(logged, "event=\"" AUDIT_SEAL_EVENT "\""), "%s", logged);
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 1, "the same again");
}

/* Nor is it written twice where only the last one beside them cannot be. */
Test(seal, what_is_in_the_file_is_not_written_again)
{
    const char *path = policy_config(demo.policy)->audit_seal_file;
    char last[4096];
    uint8_t *text;
    size_t len, lines = 0;

    enroll(0, 1);
    unlink(path);
    snprintf(last, sizeof last, "%s.last", path);
    unlink(last);
    cr_assert_eq(mkdir(last, 0700), 0);
    CAPTURE(cr_expect_not(seal_heads(&job, demo.policy, store, 1000)));
    CAPTURE(cr_expect_not(seal_heads(&job, demo.policy, store, 2000)));
    cr_assert_eq(rmdir(last), 0);
    cr_assert(seal_heads(&job, demo.policy, store, 3000));
    cr_assert(file_read(&text, &len, path, 65536));
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    free(text);
    cr_assert_eq(lines, 1);
}

Test(seal, the_end_of_upkeep_leaves_nothing_unsealed)
{
    struct upkeep *upkeep = upkeep_new(demo.policy, store, NULL);
    struct audit_summary sum;

    cr_assert_not_null(upkeep);
    enroll(0, 3);
    upkeep_free(upkeep);
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.entries, 3);
    cr_assert_eq(sum.seals, 1);
}

/* A token may be lost for a while: what was not sealed then is sealed when it is back. */
Test(seal, a_key_in_a_token_signs)
{
    char path[DEMO_PATH_MAX + 16], uri[HSM_URI_MAX], setting[HSM_URI_MAX + 32];
    struct config_fault fault;
    struct private_key *key;
    struct audit_summary sum;
    struct hsm hsm;
    uint8_t *pem;
    size_t len;

    snprintf(path, sizeof path, "%s/ca/cmp.key", demo.dir);
    cr_assert(file_read(&pem, &len, path, 65536));
    cr_assert_not_null(key = private_key_from_pem(bytes_of(pem, len)));
    file_free(pem, len);
    hsm_new(&hsm);
    hsm_import(&hsm, key, "cmp", "01");
    private_key_free(key);
    snprintf(setting, sizeof setting, "cmp_key: \"%s\"", hsm_uri(uri, &hsm, "cmp"));
    cr_assert(demo_edit(&demo, &fault, "cmp_key: ca/cmp.key", setting), "%s", fault.text);

    enroll(0, 2);
    hsm_set(&hsm, "lost", "");
    cr_assert_not(seal_heads(&job, demo.policy, store, 1000));
    cr_assert_eq(verify().seals, 0);
    hsm_set(&hsm, "lost", NULL);
    while (!seal_heads(&job, demo.policy, store, 2000))
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.seals, 1);
    hsm_free(&hsm);
}
