/* unconfirmed.c: certificates whose certConf did not come in time (RFC 9483 4.1.1). */
#include <pthread.h>

#include "storage/store.h"

/* What a test has to happen between the look at what is overdue and its end; NULL: nothing. */
static void (*between)(void);

static int look_and_wait(struct store *store, struct store_fetch *item)
{
    int ok = store_fetch_wait(store, item);

    if (between != NULL && ok && item->outcome == STORE_FOUND)
        between();
    return ok;
}

#define store_fetch_wait look_and_wait
#include "server/upkeep/unconfirmed.c"
#undef store_fetch_wait

#include "tests/unit/upkeep/fixture.h"

static struct unconfirmed job;

TestSuite(unconfirmed, .init = set_up, .fini = tear_down, .timeout = 600);

static void edit(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

/* The |n|th certificate, whose certConf is awaited until NOW + 300. */
static void begin(uint32_t n, const char *profile)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    e.tx.profile = bytes_str(profile);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

static struct store_cert cert_of(uint32_t n, enum store_tx_state *state)
{
    struct enrollment e;
    struct store_cert cert;

    enrollment_init(&e, 1, n);
    struct store_fetch tx = fetch_row(store, STORE_TRANSACTIONS, e.tx.transaction_id);
    struct store_fetch f = fetch_row(store, STORE_CERTIFICATES, e.cert.serial);
    cr_assert(tx.outcome == STORE_FOUND && f.outcome == STORE_FOUND);
    *state = ((const struct store_tx *)tx.rows)->state;
    cert = *(const struct store_cert *)f.rows;
    arena_free(tx.arena);
    arena_free(f.arena);
    enrollment_cleanup(&e);
    return cert;
}

static void expect(uint32_t n, enum store_tx_state state, enum store_cert_status status, int reason)
{
    enum store_tx_state found;
    struct store_cert cert = cert_of(n, &found);

    cr_assert_eq(found, state, "certificate %u: transaction %d", n, found);
    cr_assert_eq(cert.status, status, "certificate %u: status %d", n, cert.status);
    cr_assert_eq(cert.reason, reason);
}

/* RFC 9483 4.1.1: "If the PKI management entity does not receive the expected certConf message in time, it
 * MUST handle this like a rejection by the EE."
 * RFC 9483 3.6.1: "Then they MUST also regard the current PKI management operation as terminated with
 * failure and MUST NOT attempt to send an error message downstream." */
Test(unconfirmed, a_certificate_is_revoked_when_the_time_is_over_and_not_before)
{
    begin(1, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 300), 0);
    expect(1, STORE_TX_WAIT_CONFIRM, STORE_CERT_UNCONFIRMED, 0);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(1, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 302), 0);
}

/* RFC 9483 3.6.1: "Then they MUST also regard the current PKI management operation as terminated with
 * failure and MUST NOT attempt to send an error message downstream."
 * RFC 9483 4.1.1, of a rejection: "the PKI management entity MAY revoke the newly issued certificate,
 * notify a monitoring system, or log the event internally." */
Test(unconfirmed, a_profile_may_keep_or_hold_it)
{
    begin(1, "demo");
    edit("unconfirmed: revoke", "unconfirmed: keep");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(1, STORE_TX_ENDED, STORE_CERT_VALID, 0);
    begin(2, "demo");
    edit("unconfirmed: keep", "unconfirmed: hold");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(2, STORE_TX_ENDED, STORE_CERT_HOLD, 6); /* RFC 5280 5.3.1 certificateHold */
}

/* A request that waits for approval, the |n|th, until NOW + 300. */
static void begin_to_wait(uint32_t n)
{
    struct enrollment e;
    struct store_request request;

    enrollment_init(&e, 1, n);
    e.tx.profile = bytes_str("demo");
    e.tx.state = STORE_TX_WAITING;
    e.tx.serial = bytes_of(NULL, 0);
    request = (struct store_request){.request = cmp_request_id(e.tx.request_hash),
                                     .transaction_id = e.tx.transaction_id,
                                     .profile = e.tx.profile,
                                     .at = NOW,
                                     .expires = NOW + 300};
    struct store_unit unit = {.issuer = test_issuer(), .tx_id = e.tx.transaction_id};
    store_unit_write(&unit, STORE_INSERT, STORE_TRANSACTIONS, &e.tx);
    store_unit_write(&unit, STORE_INSERT, STORE_REQUESTS, &request);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

static void expect_waiting(uint32_t n, enum store_tx_state state, int waits)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_fetch tx = fetch_row(store, STORE_TRANSACTIONS, e.tx.transaction_id);
    cr_assert_eq(tx.outcome, STORE_FOUND);
    cr_expect_eq(((const struct store_tx *)tx.rows)->state, state);
    cr_expect_eq(look_up(store, STORE_REQUESTS, cmp_request_id(e.tx.request_hash)),
                 waits ? STORE_FOUND : STORE_ABSENT);
    arena_free(tx.arena);
    enrollment_cleanup(&e);
}

/* RFC 9483 4.4: "until a final response is available or any party involved gives up" */
Test(unconfirmed, a_request_that_nobody_approved_goes_when_its_time_is_over)
{
    begin_to_wait(1);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 300), 0);
    expect_waiting(1, STORE_TX_WAITING, 1);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect_waiting(1, STORE_TX_ENDED, 0);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 302), 0);
}

/* Certificate |n|, valid, of which |next| is the successor. */
static void succeed(uint32_t n, uint32_t next)
{
    struct enrollment e, after;

    enrollment_init(&e, 1, n);
    enrollment_init(&after, 1, next);
    struct store_cert_change change = {
        .serial = e.cert.serial, .status = STORE_CERT_VALID, .at = NOW, .successor = after.cert.serial};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&after);
    enrollment_cleanup(&e);
}

/* An update, |n|, of the certificate |of|, which awaits its certConf. */
static void begin_update(uint32_t n, uint32_t of)
{
    struct enrollment e, before;

    enrollment_init(&e, 1, n);
    enrollment_init(&before, 1, of);
    e.tx.implicit_confirm = 0;
    e.tx.signer_serial = before.cert.serial;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&before);
    enrollment_cleanup(&e);
    succeed(of, n);
}

/* The station has what it was to update, and nothing else: that may become overdue. */
Test(unconfirmed, what_was_to_be_updated_has_no_successor_any_more)
{
    enum store_tx_state state;

    begin(1, "demo");
    begin(2, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 2);
    begin(3, "demo");
    begin(4, "demo");
    edit("unconfirmed: revoke", "unconfirmed: keep");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 2);
    edit("unconfirmed: keep", "unconfirmed: revoke");
    begin_update(5, 3);
    begin_update(6, 4);
    succeed(4, 1); /* another update was faster */
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 302), 2);
    expect(5, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
    cr_expect_eq(cert_of(3, &state).successor.len, 0);
    cr_expect_eq(cert_of(3, &state).status, STORE_CERT_VALID);
    cr_expect_neq(cert_of(4, &state).successor.len, 0);
    begin_update(7, 1); /* what is revoked is left alone */
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 303), 1);
    expect(1, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
}

Test(unconfirmed, what_belongs_to_a_profile_that_is_gone_is_revoked)
{
    begin(1, "of last year");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(1, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
}

/* Sets the status of the |n|th certificate, as an operator or an RA does. */
static void set_status(uint32_t n, enum store_cert_status status, int reason)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    struct store_cert_change change = {
        .serial = e.cert.serial, .status = status, .reason = reason, .at = NOW};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

/* From then on the CRL has it, and nothing is waited for any more. */
Test(unconfirmed, it_is_revoked_as_of_now_and_has_no_deadline_any_more)
{
    struct enrollment e;
    enum store_tx_state state;

    begin(1, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    cr_assert_eq(cert_of(1, &state).revoked_at, NOW + 301);
    enrollment_init(&e, 1, 1);
    struct store_fetch tx = fetch_row(store, STORE_TRANSACTIONS, e.tx.transaction_id);
    cr_assert_eq(((const struct store_tx *)tx.rows)->deadline, 0);
    arena_free(tx.arena);
    enrollment_cleanup(&e);
}

struct told {
    const char *text;
    size_t found;
};

static int find_text(void *arg, const void *row)
{
    const struct store_entry *entry = row;
    struct told *told = arg;
    const uint8_t *at = entry->records.data, *end = at + entry->records.len;

    while ((at = memmem(at, (size_t)(end - at), told->text, strlen(told->text))) != NULL) {
        told->found++;
        at++;
    }
    return 1;
}

/* How many records of upkeep have |outcome|. */
static size_t recorded(const char *outcome)
{
    char fault[STORE_FAULT_MAX], text[128];
    struct told told = {text, 0};

    snprintf(text, sizeof text, "\"event\":\"unconfirmed\",\"outcome\":\"%s\"", outcome);
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), find_text, &told), "%s", fault);
    return told.found;
}

/* The record of the |n|th certificate says when, by whom, and why. */
static void expect_record(uint32_t n, const char *outcome, const char *why)
{
    struct enrollment e;
    char fault[STORE_FAULT_MAX], issuer[2 * STORE_ISSUER_ID + 1], id[33], serial[2 * STORE_SERIAL + 1],
        text[512];
    struct told told = {text, 0};

    enrollment_init(&e, 1, n);
    log_hex(issuer, sizeof issuer, test_issuer());
    log_hex(id, sizeof id, e.tx.transaction_id);
    log_hex(serial, sizeof serial, e.cert.serial);
    snprintf(text, sizeof text,
             "\"event\":\"unconfirmed\",\"outcome\":\"%s\",\"at\":%lld,\"who\":\"cmpd\",\"issuer\":\"%s\","
             "\"transactionID\":\"%s\",\"serial\":\"%s\",\"detail\":\"no certConf came in time: %s\"",
             outcome, (NOW + 301) * 1000LL, issuer, id, serial, why);
    cr_assert(store_each(store, fault, STORE_ENTRIES, bytes_of(NULL, 0), find_text, &told), "%s", fault);
    cr_assert_eq(told.found, 1, "%zu times: %s", told.found, text);
    enrollment_cleanup(&e);
}

/* RFC 9483 4.1.1, of a rejection: "the PKI management entity MAY revoke the newly issued certificate, notify
 * a monitoring system, or log the event internally." */
Test(unconfirmed, the_audit_log_says_what_was_done)
{
    begin(1, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect_record(1, "revoked", "revoked");
    edit("unconfirmed: revoke", "unconfirmed: keep");
    begin(2, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect_record(2, "kept", "kept");
    edit("unconfirmed: keep", "unconfirmed: hold");
    begin(3, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect_record(3, "held", "held");
    cr_assert_eq(recorded("revoked") + recorded("kept") + recorded("held"), 3);
}

/* What an operator has decided stands, whatever the profile says, and the record does not claim otherwise. */
static void expect_left(const char *action)
{
    char to[64];

    snprintf(to, sizeof to, "unconfirmed: %s", action);
    edit("unconfirmed: revoke", to);
    begin(1, "demo");
    begin(2, "demo");
    begin(3, "demo");
    set_status(1, STORE_CERT_HOLD, 6);
    set_status(2, STORE_CERT_REVOKED, 1);
    set_status(3, STORE_CERT_VALID, 0);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 3);
    expect(1, STORE_TX_ENDED, STORE_CERT_HOLD, 6);
    expect(2, STORE_TX_ENDED, STORE_CERT_REVOKED, 1);
    expect(3, STORE_TX_ENDED, STORE_CERT_VALID, 0);
    for (uint32_t n = 1; n <= 3; n++)
        expect_record(n, "left", "left as it was");
    cr_assert_eq(job.count, 0, "what was left is no revocation");
}

/* Whoever damages a store is told of it, and holds up nobody else's transaction. */
Test(unconfirmed, a_certificate_that_is_missing_is_no_decision_of_anybody)
{
    struct enrollment e;
    struct store_unit unit;

    enrollment_init(&e, 1, 1);
    unit = (struct store_unit){.issuer = e.unit.issuer, .arena = e.unit.arena};
    store_unit_write(&unit, STORE_INSERT, STORE_TRANSACTIONS, &e.tx);
    e.tx.profile = bytes_str("demo");
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
    begin(2, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 2);
    cr_assert_eq(recorded("missing"), 1);
    expect(2, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
    cr_assert_eq(job.count, 1);
}

Test(unconfirmed, what_an_operator_decided_is_not_lifted_by_keep)
{
    expect_left("keep");
}

Test(unconfirmed, what_an_operator_decided_is_not_revoked)
{
    expect_left("revoke");
}

Test(unconfirmed, what_an_operator_decided_is_not_held)
{
    expect_left("hold");
}

static void confirm_the_first(void)
{
    struct enrollment e;

    between = NULL;
    enrollment_init(&e, 1, 1);
    struct store_cert_change change = {.serial = e.cert.serial, .status = STORE_CERT_VALID, .at = NOW};
    e.tx.state = STORE_TX_CONFIRMED;
    e.tx.deadline = 0;
    enrollment_go_on(&e, STORE_TX_WAIT_CONFIRM);
    e.unit.change = &change;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

/* The certConf comes at the last moment: it counts, and the place among those of the minute is free again. */
Test(unconfirmed, a_certConf_at_the_last_moment_wins)
{
    edit("confirm_revoke_max: 60", "confirm_revoke_max: 1");
    begin(1, "demo");
    between = confirm_the_first;
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 0);
    expect(1, STORE_TX_CONFIRMED, STORE_CERT_VALID, 0);
    cr_assert_eq(recorded("revoked"), 0);
    cr_assert_eq(job.count, 0, "nothing was revoked");
    begin(2, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(2, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
    cr_assert_not(job.stopped);
}

static void hold_the_first(void)
{
    between = NULL;
    set_status(1, STORE_CERT_HOLD, 6);
}

Test(unconfirmed, a_hold_at_the_last_moment_stays)
{
    begin(1, "demo");
    edit("unconfirmed: revoke", "unconfirmed: keep");
    between = hold_the_first;
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(1, STORE_TX_ENDED, STORE_CERT_HOLD, 6);
    expect_record(1, "left", "left as it was");
}

/* A store that takes nothing ends nothing: it is tried again. */
Test(unconfirmed, what_the_store_does_not_take_is_not_counted)
{
    char fault[STORE_FAULT_MAX];
    struct store *deaf = store_open_to_read(fault, test_url, "deaf");

    cr_assert_not_null(deaf, "%s", fault);
    begin(1, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, deaf, NOW + 301), 0);
    cr_assert_eq(job.count, 0);
    expect(1, STORE_TX_WAIT_CONFIRM, STORE_CERT_UNCONFIRMED, 0);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    store_close(deaf);
}

struct node {
    pthread_t thread;
    struct store *store;
    struct unconfirmed job;
    unsigned ended;
};

/* Where both nodes meet when they have looked; one that has ended is not waited for. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned nodes, waiting, meetings;
} meeting = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void meet_or_leave(int leaves)
{
    pthread_mutex_lock(&meeting.lock);
    unsigned number = meeting.meetings;
    if (leaves)
        meeting.nodes--;
    else
        meeting.waiting++;
    if (meeting.waiting == meeting.nodes) {
        meeting.waiting = 0;
        meeting.meetings++;
        pthread_cond_broadcast(&meeting.changed);
    }
    while (!leaves && meeting.meetings == number)
        pthread_cond_wait(&meeting.changed, &meeting.lock);
    pthread_mutex_unlock(&meeting.lock);
}

static void meet(void)
{
    meet_or_leave(0);
}

static void *run_node(void *arg)
{
    struct node *node = arg;

    node->ended = unconfirmed_run(&node->job, demo.policy, node->store, NOW + 301);
    meet_or_leave(1);
    return NULL;
}

/* Two nodes that have both looked when the first of them ends anything, every time: whoever ends the row has
 * claimed it. */
Test(unconfirmed, two_nodes_at_once_revoke_each_certificate_once)
{
    enum { COUNT = 20 };
    struct node nodes[2] = {{.store = store}, {.store = must_open(test_url)}};

    edit("confirm_revoke_max: 60", "confirm_revoke_max: 20");
    for (uint32_t n = 0; n < COUNT; n++)
        begin(n, "demo");
    meeting.nodes = 2;
    between = meet;
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&nodes[i].thread, NULL, run_node, &nodes[i]), 0);
    for (size_t i = 0; i < 2; i++)
        pthread_join(nodes[i].thread, NULL);
    between = NULL;
    cr_assert_eq(nodes[0].ended + nodes[1].ended, COUNT);
    cr_assert_eq(nodes[0].job.count, nodes[0].ended);
    cr_assert_eq(nodes[1].job.count, nodes[1].ended);
    cr_assert_not(nodes[0].job.stopped || nodes[1].job.stopped);
    for (uint32_t n = 0; n < COUNT; n++) {
        expect(n, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
        expect_record(n, "revoked", "revoked");
    }
    cr_assert_eq(recorded("revoked"), COUNT);
    cr_assert_geq(meeting.meetings, COUNT, "they were not at it at the same time");
    store_close(nodes[1].store);
}

/* Two nodes, one after the other. */
Test(unconfirmed, a_second_node_finds_nothing_left)
{
    struct unconfirmed other = {0};
    struct store *second = must_open(test_url);

    for (uint32_t n = 0; n < 20; n++)
        begin(n, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 20);
    cr_assert_eq(unconfirmed_run(&other, demo.policy, second, NOW + 301), 0);
    store_close(second);
}

/* More than confirm_revoke_max in a minute: then it is likelier that no certConf gets through. */
Test(unconfirmed, too_many_in_a_minute_stop_the_job)
{
    edit("confirm_revoke_max: 60", "confirm_revoke_max: 3");
    for (uint32_t n = 0; n < 5; n++)
        begin(n, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 3);
    cr_assert(job.stopped);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 1000), 0, "until somebody has looked");
    job = (struct unconfirmed){0};
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 1000), 2);
    cr_assert_not(job.stopped);
}

Test(unconfirmed, as_many_as_allowed_may_be_revoked_minute_by_minute)
{
    edit("confirm_revoke_max: 60", "confirm_revoke_max: 3");
    for (uint32_t n = 0; n < 3; n++)
        begin(n, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 3);
    for (uint32_t n = 3; n < 6; n++)
        begin(n, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 361), 3);
    cr_assert_not(job.stopped);
}

/* An operator has set the clock back: nobody waits until it has caught up. */
Test(unconfirmed, a_minute_ends_when_the_clock_is_set_back)
{
    edit("confirm_revoke_max: 60", "confirm_revoke_max: 1");
    begin(1, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 1000), 1);
    begin(2, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    cr_assert_not(job.stopped);
}

/* The other long jobs have their turn in between. */
Test(unconfirmed, a_run_ends_a_bounded_number)
{
    edit("unconfirmed: revoke", "unconfirmed: keep");
    for (uint32_t n = 0; n < BOUND_UNCONFIRMED + 1; n++)
        begin(n, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), BOUND_UNCONFIRMED);
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
}

/* Keeping harms nobody: it has no limit. */
Test(unconfirmed, what_is_kept_is_not_counted)
{
    edit("confirm_revoke_max: 60", "confirm_revoke_max: 3");
    edit("unconfirmed: revoke", "unconfirmed: keep");
    for (uint32_t n = 0; n < 5; n++)
        begin(n, "demo");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 5);
    cr_assert_not(job.stopped);
}

/* The row of a transaction with several certificates has none itself: it ends, and nothing is revoked for it.
 */
Test(unconfirmed, the_row_of_several_ends_by_itself)
{
    struct enrollment e;
    unsigned revoked;

    enrollment_init(&e, 1, 1);
    enrollment_leave_out_cert(&e);
    e.tx.serial = bytes_of(NULL, 0);
    e.tx.answer = bytes_str("the answer");
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    revoked = job.count;
    cr_expect_eq(unconfirmed_run(&job, demo.policy, store, NOW + 300), 0);
    cr_expect_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    cr_expect_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 0);
    cr_expect_eq(job.count, revoked);
    struct store_fetch tx = fetch_row(store, STORE_TRANSACTIONS, e.tx.transaction_id);
    cr_assert_eq(tx.outcome, STORE_FOUND);
    cr_expect_eq(((const struct store_tx *)tx.rows)->state, STORE_TX_ENDED);
    cr_expect_eq(((const struct store_tx *)tx.rows)->deadline, 0);
    arena_free(tx.arena);
    enrollment_cleanup(&e);
}
