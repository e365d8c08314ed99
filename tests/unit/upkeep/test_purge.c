/* purge.c: what the retention of profiles lets go, over a file or PostgreSQL (tests/postgres). */
#include "storage/store.h"

/* What the store answers to a commit instead of its outcome, and to the first of many look-ups; 0: nothing
 * else. */
static enum store_outcome commit_ends;
static enum store_fetch_outcome first_look_up_ends;

static int commit_or_not(struct store *store, struct store_unit *unit)
{
    if (commit_ends == 0)
        return store_commit_wait(store, unit);
    unit->outcome = commit_ends;
    return 1;
}

static int look_up_or_not(struct store *store, struct store_fetch *items, size_t n)
{
    int ok = store_fetch_all_wait(store, items, n);

    if (ok && n != 0 && first_look_up_ends != 0)
        items[0].outcome = first_look_up_ends;
    return ok;
}

#define store_commit_wait commit_or_not
#define store_fetch_all_wait look_up_or_not
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/upkeep/purge.c"
#undef store_commit_wait
#undef store_fetch_all_wait

#include "server/ocsp/responder.h"
#include "storage/row.h"
#include "tests/unit/upkeep/fixture.h"

enum { NOT_AFTER = NOW + 365 * DAY };

static struct purge job;

TestSuite(purge, .init = set_up, .fini = tear_down, .timeout = 60);

static void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

static void retain_certificates(const char *days)
{
    char to[64];

    snprintf(to, sizeof to, "certificates_days: %s", days);
    edit("certificates_days: 0", to);
}

/* Certificates [from, to), confirmed at once. */
static void issue(uint32_t from, uint32_t to, const char *profile, enum store_tx_state state)
{
    for (uint32_t n = from; n < to; n++) {
        struct enrollment e;
        enrollment_init(&e, 1, n);
        e.tx.profile = e.cert.profile = bytes_str(profile);
        e.tx.state = state;
        e.cert.status = state == STORE_TX_WAIT_CONFIRM ? STORE_CERT_UNCONFIRMED : STORE_CERT_VALID;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
}

static void stop(uint32_t n)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_cert_change change = {.serial = e.cert.serial, .status = STORE_CERT_REVOKED, .at = NOW};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

/* How many pieces a whole pass takes. */
static unsigned pass(struct purge *purge, int64_t now)
{
    unsigned pieces = 0;
    enum purge_end end;

    *purge = (struct purge){0};
    while ((end = purge_piece(purge, demo.policy, store, now)) == PURGE_MORE)
        pieces++;
    cr_assert_eq(end, PURGE_OVER);
    return pieces;
}

static int has(enum store_kind kind, uint32_t n)
{
    struct enrollment e;
    enum store_fetch_outcome found;

    enrollment_init(&e, 1, n);
    found = look_up(store, kind, kind == STORE_CERTIFICATES ? e.cert.serial : e.tx.transaction_id);
    enrollment_cleanup(&e);
    return found == STORE_FOUND;
}

static int has_cert(uint32_t n)
{
    return has(STORE_CERTIFICATES, n);
}

static int has_tx(uint32_t n)
{
    return has(STORE_TRANSACTIONS, n);
}

Test(purge, nothing_goes_unless_the_configuration_says_so)
{
    edit("retain_responder_days: 30", "retain_responder_days: 0");
    issue(0, 3, "demo", STORE_TX_CONFIRMED);
    cr_assert_eq(pass(&job, NOT_AFTER + 40000LL * DAY), 0, "nothing is even looked at");
    cr_assert_eq(is_whole(store, 1, 0), 1);
}

Test(purge, certificates_go_when_their_time_is_over_and_not_before)
{
    retain_certificates("30");
    issue(0, 3, "demo", STORE_TX_CONFIRMED);
    pass(&job, NOT_AFTER + 30 * DAY);
    cr_assert_eq(job.certificates, 0);
    cr_assert_eq(is_whole(store, 1, 0), 1);
    pass(&job, NOT_AFTER + 30 * DAY + 1);
    cr_assert_eq(job.certificates, 3);
    for (uint32_t n = 0; n < 3; n++)
        cr_assert_eq(is_whole(store, 1, n), 0);
}

Test(purge, transactions_go_by_themselves)
{
    edit("transactions_days: 0", "transactions_days: 7");
    issue(0, 3, "demo", STORE_TX_CONFIRMED);
    issue(3, 4, "demo", STORE_TX_WAIT_CONFIRM);
    issue(4, 5, "demo", STORE_TX_REJECTED);
    issue(5, 6, "demo", STORE_TX_ENDED);
    pass(&job, NOW + 7 * DAY);
    cr_assert_eq(job.transactions, 0);
    pass(&job, NOW + 7 * DAY + 1);
    cr_assert_eq(job.transactions, 5);
    cr_assert_eq(job.certificates, 0);
    for (uint32_t n = 0; n < 6; n++)
        cr_assert(has_cert(n) && has_tx(n) == (n == 3));
}

Test(purge, what_awaits_certConf_stays_with_its_certificate)
{
    retain_certificates("1");
    issue(0, 2, "demo", STORE_TX_WAIT_CONFIRM);
    issue(2, 3, "demo", STORE_TX_CONFIRMED);
    stop(1); /* its certConf may come all the same */
    pass(&job, NOT_AFTER + 1000LL * DAY);
    cr_assert_eq(job.certificates, 1);
    cr_assert_eq(is_whole(store, 1, 0), 1);
    cr_assert_eq(is_whole(store, 1, 1), 1);
    cr_assert_eq(is_whole(store, 1, 2), 0);
}

Test(purge, what_belongs_to_no_profile_stays)
{
    retain_certificates("1");
    issue(0, 2, "of last year", STORE_TX_CONFIRMED);
    issue(2, 3, "demo", STORE_TX_CONFIRMED);
    pass(&job, NOT_AFTER + 1000LL * DAY);
    cr_assert_eq(job.certificates, 1);
    cr_assert_eq(is_whole(store, 1, 0), 1);
}

struct told {
    const char *text;
    int found;
};

static int find_text(void *arg, const void *row)
{
    const struct store_entry *entry = row;
    struct told *told = arg;

    told->found += memmem(entry->records.data, entry->records.len, told->text, strlen(told->text)) != NULL;
    return 1;
}

/* Each start of a node makes one, and each half of its time. */
Test(purge, certificates_of_OCSP_responders_go_by_a_setting_of_their_own)
{
    enum { VALID_FOR = 3 };
    const struct cmp_authority *ca = policy_settings(demo.policy)->default_profile->ca;
    struct told detail = {"\"detail\":\"profile=OCSP responder certificates=2 expired_before=", 0};
    int64_t now = time(NULL), end = now + VALID_FOR * DAY;
    struct responder *responders[2];
    char fault[STORE_FAULT_MAX];
    const char *why;

    for (size_t i = 0; i < 2; i++)
        cr_assert_not_null(responders[i] = responder_new(&why, ca, store, VALID_FOR, now), "%s", why);
    issue(0, 1, "demo", STORE_TX_CONFIRMED);
    edit("retain_responder_days: 30", "retain_responder_days: 0");
    pass(&job, end + 1000LL * DAY);
    cr_expect_eq(job.certificates, 0);
    edit("retain_responder_days: 0", "retain_responder_days: 20");
    pass(&job, end + 20 * DAY);
    cr_expect_eq(job.certificates, 0);
    pass(&job, end + 20 * DAY + 1);
    cr_expect_eq(job.certificates, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_expect_eq(look_up(store, STORE_CERTIFICATES, bytes_of(responders[i]->serial, STORE_SERIAL)),
                     STORE_ABSENT);
        responder_release(responders[i]);
    }
    cr_expect(has_cert(0), "its profile keeps it for ever");
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), find_text, &detail));
    cr_expect_eq(detail.found, 1);
}

/* A piece looks at as many rows as it may, and goes on after them. */
Test(purge, piece_by_piece)
{
    retain_certificates("1");
    issue(0, STORE_OLD_MAX + 10, "demo", STORE_TX_CONFIRMED);
    cr_assert_eq(purge_piece(&job, demo.policy, store, NOT_AFTER + 2 * DAY), PURGE_MORE);
    cr_assert_eq(job.certificates, STORE_OLD_MAX);
    cr_assert_eq(purge_piece(&job, demo.policy, store, NOT_AFTER + 2 * DAY), PURGE_MORE);
    cr_assert_eq(job.certificates, STORE_OLD_MAX + 10);
    cr_assert_eq(purge_piece(&job, demo.policy, store, NOT_AFTER + 2 * DAY), PURGE_OVER);
    cr_assert_eq(audit_records(store), STORE_OLD_MAX + 10 + 2, "one for each piece that removed something");
    cr_assert_eq(pass(&job, NOT_AFTER + 2 * DAY), 1);
    cr_assert_eq(audit_records(store), STORE_OLD_MAX + 10 + 2);
}

Test(purge, the_audit_log_says_how_many_of_what_and_up_to_when)
{
    struct told told = {"\"event\":\"purge\",\"outcome\":\"deleted\"", 0},
                detail = {"\"detail\":\"profile=demo certificates=3 expired_before=2024-11-13T22:13:21Z\"",
                          0};
    char fault[STORE_FAULT_MAX];

    retain_certificates("30");
    issue(0, 3, "demo", STORE_TX_CONFIRMED);
    pass(&job, NOT_AFTER + 30 * DAY + 1); /* NOW is 2023-11-14T22:13:20Z; 2024 has a February 29 */
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), find_text, &told));
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), find_text, &detail));
    cr_assert_eq(told.found, 1);
    cr_assert_eq(detail.found, 1);
}

/* The audit log has milliseconds (storage/audit.h). */
Test(purge, the_audit_log_says_when)
{
    struct told told = {"\"event\":\"purge\",\"outcome\":\"deleted\",\"at\":1734214401000,", 0};
    char fault[STORE_FAULT_MAX];

    retain_certificates("30");
    issue(0, 1, "demo", STORE_TX_CONFIRMED);
    pass(&job, NOT_AFTER + 31 * DAY + 1); /* 2024-12-14T22:13:21Z */
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), find_text, &told));
    cr_assert_eq(told.found, 1);
}

/* What the store did not do, or may not have done, is no reason to go on: the piece is done again. */
static void expect_again(enum store_outcome outcome)
{
    retain_certificates("1");
    issue(0, STORE_OLD_MAX + 1, "demo", STORE_TX_CONFIRMED);
    commit_ends = outcome;
    cr_assert_eq(purge_piece(&job, demo.policy, store, NOT_AFTER + 2 * DAY), PURGE_UNAVAILABLE);
    cr_assert_eq(job.certificates, 0);
    commit_ends = 0;
    cr_assert_eq(purge_piece(&job, demo.policy, store, NOT_AFTER + 2 * DAY), PURGE_MORE);
    cr_assert_eq(job.certificates, STORE_OLD_MAX);
    cr_assert_eq(job.step, 0);
    cr_assert_not(has_cert(0));
}

Test(purge, what_the_store_did_not_take_is_tried_again)
{
    expect_again(STORE_UNAVAILABLE);
}

Test(purge, what_the_store_may_not_have_taken_is_tried_again)
{
    expect_again(STORE_UNKNOWN);
}

/* Another node was faster with one of them: the next pass finds the rest. */
Test(purge, what_is_gone_or_in_use_by_now_holds_nothing_up)
{
    retain_certificates("1");
    issue(0, 1, "demo", STORE_TX_CONFIRMED);
    commit_ends = STORE_CONFLICT;
    cr_assert_eq(pass(&job, NOT_AFTER + 2 * DAY), 1);
    cr_assert_eq(job.certificates, 0);
    commit_ends = 0;
    pass(&job, NOT_AFTER + 2 * DAY);
    cr_assert_eq(job.certificates, 1);
}

/* A certificate whose transaction could not be looked up may be one that awaits certConf. */
Test(purge, without_a_look_at_the_transactions_no_certificate_goes)
{
    retain_certificates("1");
    issue(0, 1, "demo", STORE_TX_WAIT_CONFIRM);
    stop(0);
    issue(1, 2, "demo", STORE_TX_CONFIRMED);
    first_look_up_ends = STORE_FETCH_UNAVAILABLE;
    cr_assert_eq(purge_piece(&job, demo.policy, store, NOT_AFTER + 2 * DAY), PURGE_UNAVAILABLE);
    cr_assert_eq(job.certificates, 0);
    cr_assert(has_cert(0) && has_cert(1));
    first_look_up_ends = 0;
    pass(&job, NOT_AFTER + 2 * DAY);
    cr_assert(has_cert(0) && !has_cert(1));
}

struct node {
    pthread_t thread;
    struct store *store;
    struct purge job;
};

static void *purge_all(void *arg)
{
    struct node *node = arg;
    enum purge_end end;

    while ((end = purge_piece(&node->job, demo.policy, node->store, NOT_AFTER + 2 * DAY)) != PURGE_OVER)
        if (end == PURGE_UNAVAILABLE)
            return "unavailable";
    return NULL;
}

/* What both want, one removes; nothing is counted twice. */
Test(purge, two_nodes_at_once_do_no_harm)
{
    enum { COUNT = 2 * STORE_OLD_MAX };
    struct node nodes[2] = {{.store = store}, {.store = must_open(test_url)}};

    retain_certificates("1");
    issue(0, COUNT, "demo", STORE_TX_CONFIRMED);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&nodes[i].thread, NULL, purge_all, &nodes[i]), 0);
    for (size_t i = 0; i < 2; i++) {
        void *fault;
        pthread_join(nodes[i].thread, &fault);
        cr_assert_null(fault, "%s", (const char *)fault);
    }
    cr_assert_leq(nodes[0].job.certificates + nodes[1].job.certificates, COUNT);
    pass(&job, NOT_AFTER + 2 * DAY); /* what each left to the other */
    cr_assert_eq(nodes[0].job.certificates + nodes[1].job.certificates + job.certificates, COUNT);
    for (uint32_t n = 0; n < COUNT; n++)
        cr_assert_eq(is_whole(store, 1, n), 0);
    store_close(nodes[1].store);
}

/* Where there is nothing to remove, a node looks at its leisure. */
Test(purge, a_piece_now_and_then)
{
    int64_t now = NOT_AFTER + 2 * DAY;

    retain_certificates("1");
    issue(0, STORE_OLD_MAX, "of last year", STORE_TX_CONFIRMED);
    issue(STORE_OLD_MAX, STORE_OLD_MAX + 1, "demo", STORE_TX_CONFIRMED);
    purge_run(&job, demo.policy, store, now);
    purge_run(&job, demo.policy, store, now + BOUND_PURGE_EVERY - 1);
    cr_assert_eq(job.certificates, 0);
    purge_run(&job, demo.policy, store, now + BOUND_PURGE_EVERY);
    cr_assert_eq(job.certificates, 1);
}

Test(purge, where_there_is_much_it_goes_on_but_not_for_long)
{
    enum { AT_ONCE = BOUND_PURGE_PIECES * STORE_OLD_MAX };
    int64_t now = NOT_AFTER + 2 * DAY;

    retain_certificates("1");
    issue(0, AT_ONCE + STORE_OLD_MAX + 1, "demo", STORE_TX_CONFIRMED);
    purge_run(&job, demo.policy, store, now);
    cr_assert_eq(job.certificates, AT_ONCE);
    purge_run(&job, demo.policy, store, now + 1);
    cr_assert_eq(job.certificates, AT_ONCE + STORE_OLD_MAX + 1);
    cr_assert_not(job.is_busy);
}

Test(purge, a_pass_a_day)
{
    int64_t now = NOT_AFTER + 2 * DAY;

    retain_certificates("1");
    issue(0, 1, "demo", STORE_TX_CONFIRMED);
    purge_run(&job, demo.policy, store, now);
    cr_assert_eq(job.certificates, 1);
    purge_run(&job, demo.policy, store, now + BOUND_PURGE_EVERY);
    cr_assert(job.is_over);
    issue(1, 2, "demo", STORE_TX_CONFIRMED);
    purge_run(&job, demo.policy, store, now + BOUND_PURGE_PASS - 1);
    cr_assert(has_cert(1));
    purge_run(&job, demo.policy, store, now + BOUND_PURGE_PASS);
    cr_assert_not(has_cert(1));
}

/* An operator has set the clock back: nobody waits until it has caught up. */
Test(purge, a_clock_that_is_set_back_begins_a_pass)
{
    int64_t now = NOT_AFTER + 1000LL * DAY;

    retain_certificates("1");
    purge_run(&job, demo.policy, store, now);
    purge_run(&job, demo.policy, store, now + BOUND_PURGE_EVERY);
    cr_assert(job.is_over);
    issue(0, 1, "demo", STORE_TX_CONFIRMED);
    purge_run(&job, demo.policy, store, now - DAY);
    cr_assert_not(has_cert(0));
}

/* A page may end with the row of a part, whose id is the longest that there is. */
Test(purge, rows_of_parts_stop_no_pass)
{
    enum { ROWS = 2 * STORE_OLD_MAX };
    uint8_t id[STORE_PART_ID], whole[16] = {0}, hash[STORE_HASH] = {1};

    edit("transactions_days: 0", "transactions_days: 30");
    for (uint32_t n = 0; n < ROWS; n++) {
        struct enrollment e;
        enrollment_init(&e, 1, n);
        put_u32(whole, n);
        e.tx.profile = bytes_str("demo");
        e.tx.state = STORE_TX_CONFIRMED;
        e.tx.transaction_id = e.unit.tx_id =
            store_part_id(id, bytes_of(whole, sizeof whole), 0, bytes_of(hash, sizeof hash));
        enrollment_leave_out_cert(&e);
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
    pass(&job, NOW + 31 * DAY);
    cr_expect_eq(job.transactions, ROWS);
}
