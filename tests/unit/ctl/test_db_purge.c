/* db_purge.c: what is deleted of the audit log, and that it proves itself afterwards; over a file or
 * PostgreSQL (tests/postgres). Times lie in the future, so that what was just recorded is old. */
#include "server/ctl/db_purge.c"

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "tests/support/capture.h"
#include "tests/support/verify.h"
#include "tests/unit/upkeep/fixture.h"

static struct seal_job job, node;

static void set_up_jobs(void)
{
    set_up();
    seal_job_begin(&job);
    seal_job_begin(&node);
}

static void tear_down_jobs(void)
{
    seal_job_end(&job);
    seal_job_end(&node);
    tear_down();
}

TestSuite(db_purge, .init = set_up_jobs, .fini = tear_down_jobs, .timeout = 60);

static struct audit_summary verify(void)
{
    return verify_store(store, policy_settings(demo.policy)->default_profile->ca->cmp_cert.spki);
}

/* As nodes that were started and stopped: a chain, or several, each time. */
static void live(uint32_t from, uint32_t to)
{
    for (uint32_t n = from; n < to; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    cr_assert(seal_heads(&node, demo.policy, store, ctl_now_ms()));
}

static void live_again(void)
{
    store_close(store);
    store = must_open(test_url);
    seal_job_end(&node);
    seal_job_begin(&node);
}

/* Old enough for whole quarters, too. */
static int64_t later(void)
{
    return ctl_now_ms() + 100LL * DAY_MS;
}

Test(db_purge, nothing_is_old_enough)
{
    live(0, 3);
    cr_assert(purge_audit(demo.policy, store, &job, ctl_now_ms() - 100000));
    cr_assert_eq(audit_records(store), 3);
    cr_assert_eq(verify().seals, 1, "nor was anything signed");
}

Test(db_purge, what_was_purged_is_known_to_have_been)
{
    struct audit_summary sum;

    live(0, 3);
    live_again();
    live(3, 6);
    live(6, 9);
    cr_assert(purge_audit(demo.policy, store, &job, later()));
    cr_assert(seal_heads(&job, demo.policy, store, ctl_now_ms()));
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0);
    cr_assert_eq(sum.records, 1, "that of the purge itself");
    cr_assert_eq(sum.seals, 2, "the anchor, and the end of what is there now: %d", (int)sum.seals);
    live(9, 12);
    sum = verify();
    cr_assert_eq(sum.faults + sum.unsealed, 0, "and the chains go on");
    cr_assert_eq(sum.records, 4);
}

/* Seals that could not go the first time, as they were about chains that went on, go the next. */
Test(db_purge, again_and_again)
{
    for (uint32_t i = 0; i < 3; i++) {
        struct audit_summary sum;
        live(3 * i, 3 * i + 3);
        cr_assert(purge_audit(demo.policy, store, &job, later()));
        cr_assert(seal_heads(&job, demo.policy, store, ctl_now_ms()));
        sum = verify();
        cr_assert_eq(sum.faults + sum.unsealed, 0);
        cr_assert_eq(sum.records, 1);
    }
}

Test(db_purge, without_an_anchor_it_is_not_whole)
{
    struct ends none = {.list = NULL};
    char fault[STORE_FAULT_MAX];
    uint64_t entries;

    live(0, 3);
    cr_assert(store_audit_purge(store, fault, store_audit_boundary(store, later()), none.list, 0, &entries));
    cr_assert_eq(entries, 3);
    cr_assert_gt(verify().faults, 0);
}

/* An anchor, and then the process ended: all is there, and the next one deletes it. */
Test(db_purge, a_purge_that_was_interrupted)
{
    struct going going = {.is_open = 0};
    char fault[STORE_FAULT_MAX];

    live(0, 3);
    cr_assert(find_going(&going, store, fault, store_audit_boundary(store, later())));
    cr_assert(seal_anchor(&job, demo.policy, store, going.heads.list, going.heads.count, going.seals.list,
                          going.seals.count, ctl_now_ms()));
    cr_assert_eq(verify().faults, 0);
    cr_assert(purge_audit(demo.policy, store, &job, later()));
    cr_assert_eq(verify().faults, 0);
    cr_assert_eq(verify().records, 1);
    free(going.heads.list);
    free(going.gone.list);
    free(going.seals.list);
}

/* ---- a store that takes nothing ---- */

static struct store *open_deaf(void)
{
    char fault[STORE_FAULT_MAX];
    struct store *deaf = store_open_to_read(fault, test_url, "deaf");

    cr_assert_not_null(deaf, "%s", fault);
    return deaf;
}

static int quiet_purge_rows(struct store *from)
{
    int ok;

    cr_redirect_stdout();
    CAPTURE(ok = purge_rows(demo.policy, from));
    return ok;
}

Test(db_purge, rows_that_are_not_deleted_are_told)
{
    struct config_fault fault;
    struct enrollment e;
    struct store *deaf;

    cr_assert(demo_edit(&demo, &fault, "transactions_days: 0", "transactions_days: 1"), "%s", fault.text);
    enrollment_init(&e, 1, 1);
    e.tx.state = STORE_TX_CONFIRMED;
    cr_assert(store_commit_wait(store, &e.unit));
    deaf = open_deaf();
    cr_assert_not(quiet_purge_rows(deaf));
    cr_assert_not_null(strstr(logged, "the store did not delete more: look at its log"), "%s", logged);
    cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_FOUND);
    cr_assert(quiet_purge_rows(store));
    cr_assert_null(strstr(logged, "cmpctl:"), "%s", logged);
    cr_assert_neq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_FOUND);
    enrollment_cleanup(&e);
    store_close(deaf);
}

/* What no anchor tells of would be missing. */
Test(db_purge, without_an_anchor_no_entry_goes)
{
    struct store *deaf;
    int ok;

    live(0, 3);
    deaf = open_deaf();
    cr_redirect_stdout();
    CAPTURE(ok = purge_audit(demo.policy, deaf, &job, later()));
    cr_assert_not(ok);
    cr_assert_not_null(strstr(logged, "no anchor could be signed and stored"), "%s", logged);
    cr_assert_eq(audit_records(store), 3);
    cr_assert_eq(verify().faults, 0);
    store_close(deaf);
}

Test(db_purge, a_record_that_is_not_taken_is_told)
{
    struct store *deaf = open_deaf();

    CAPTURE(record(deaf, "audit"));
    cr_assert_not_null(strstr(logged, "the store did not take the record of it into the audit log"), "%s",
                       logged);
    CAPTURE(record(store, "audit"));
    cr_assert_null(strstr(logged, "cmpctl:"), "%s", logged);
    cr_assert_eq(audit_records(store), 1);
    store_close(deaf);
}
