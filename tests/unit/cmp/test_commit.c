/* commit.c: what every answer waits for, and what is on record of it. */
#include "tests/unit/cmp/fixture.h"

TestSuite(commit, .init = set_up, .fini = tear_down);

static void expect_record(const char *event, const char *outcome, const char *detail_begin)
{
    struct bytes detail = world->audit.detail;

    cr_assert_str_eq(world->audit.event, event);
    cr_assert_str_eq(world->audit.outcome, outcome);
    cr_assert(detail.len >= strlen(detail_begin) &&
                  memcmp(detail.data, detail_begin, strlen(detail_begin)) == 0,
              "%.*s", (int)detail.len, (const char *)detail.data);
    cr_assert_neq(world->audit.who.len, 0);
    cr_assert_eq(world->audit.at, world->now * 1000);
}

/* Who is known, and what it was refused, is on record as much as what it was given. */
Test(commit, a_refusal_of_whoever_proved_who_it_is_is_recorded)
{
    struct answer answer;

    world->decide_refuses = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.result.refused);
    expect_record("issue", "refused", "notAuthorized: not today");
    answer_free(&answer);
    answer = world_send(world, client_request(&mac, PKI_P10CR));
    cr_assert(answer.result.refused);
    expect_record("issue", "refused", "notAuthorized: not today");
    cr_assert(bytes_equal(world->audit.who, world->reference));
    answer_free(&answer);
    cr_assert_eq(world->audits, 2);
    cr_assert_eq(world->tx_count, 0);
    cr_assert_eq(world->cert_count, 0);
}

Test(commit, the_record_tells_what_was_asked_for)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR)), answer;
    struct bytes confirmation = client_confirm(&client, &first, -1);

    cr_assert(first.has_cert);
    expect_record("issue", "granted", "");
    answer = world_send(world, confirmation);
    expect_pkiconf(&answer);
    expect_record("confirm", "accepted", "");
    /* another certConf for what is confirmed */
    client.nonce[0]++;
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_CERT_CONFIRMED);
    expect_record("confirm", "refused", "certConfirmed: ");
    /* a device has no certificate of this CA that it could revoke */
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &first.cert, 1));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_record("revoke", "refused", "notAuthorized: ");
    answer_free(&first);
}

/* Nobody could say whose decision it was: the log has it. */
Test(commit, what_is_not_authenticated_is_not_recorded)
{
    struct bytes request = arena_copy(world->arena, client_request(&client, PKI_IR));
    struct answer answer;

    client_sign_by(&client, &world->stranger, NULL, 0);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.result.refused);
    answer_free(&answer);
    ((uint8_t *)request.data)[request.len - 1] ^= 1; /* the signature of the last certificate */
    answer = world_send(world, request);
    cr_assert(answer.result.refused);
    answer_free(&answer);
    cr_assert_eq(world->commits, 0);
}

/* RFC 9810 5.2.3 systemUnavail: a refusal that cannot be recorded is none. */
Test(commit, a_refusal_waits_for_its_record)
{
    const enum store_outcome faults[] = {STORE_UNAVAILABLE, STORE_UNKNOWN};

    world->decide_refuses = 1;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        world->commits_seen = 0;
        world->fail_commit_at = 1;
        world->commit_fault = faults[i];
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        expect_error(&answer, PKI_SYSTEM_UNAVAIL);
        client.transaction_id[0]++;
    }
    cr_assert_eq(world->audits, 0);
}

/* Another node confirms first: that the message came too late is a decision of its own. */
static struct bytes other_confirmation;

static void confirm_meanwhile(struct world *w)
{
    struct answer answer = world_send(w, other_confirmation);
    expect_pkiconf(&answer);
}

Test(commit, a_refusal_after_a_conflict_is_recorded)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR)), answer;
    struct bytes late;

    other_confirmation = client_confirm(&client, &first, -1);
    client.nonce[0]++;
    late = client_confirm(&client, &first, -1);
    world->before_commit = confirm_meanwhile;
    answer = world_send(world, late);
    expect_error(&answer, PKI_CERT_CONFIRMED);
    expect_record("confirm", "refused", "certConfirmed: ");
    cr_assert_eq(world->audits, 3);
    answer_free(&first);
}
