/* unconfirmed.c: certificates whose certConf did not come in time (RFC 9483 4.1.1). */
#include "server/upkeep/unconfirmed.h"

#include "tests/unit/upkeep/fixture.h"

static struct unconfirmed job;

TestSuite(unconfirmed, .init = set_up, .fini = tear_down);

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

Test(unconfirmed, what_belongs_to_a_profile_that_is_gone_is_revoked)
{
    begin(1, "of last year");
    cr_assert_eq(unconfirmed_run(&job, demo.policy, store, NOW + 301), 1);
    expect(1, STORE_TX_ENDED, STORE_CERT_REVOKED, 0);
}

/* Two nodes at once: whoever ends the row has claimed it, and the certificate is revoked once. */
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
