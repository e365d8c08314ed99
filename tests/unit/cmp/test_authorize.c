/* authorize.c: whom the operator has asked before a certificate is issued. */
#include "server/cmp/internal.h"
#include "tests/support/several.h"
#include "tests/unit/cmp/fixture.h"

static const struct config_authorize config = {.url = "unix:/x"};
static const struct cmp_authorizer authorizer = {.config = &config};

static void set_up_authorizer(void)
{
    set_up();
    world->profile.authorizer = &authorizer;
    world->verdict.verdict = CMP_VERDICT_ALLOW;
}

TestSuite(authorize, .init = set_up_authorizer, .fini = tear_down);

static void refused(enum pki_failure fail_info, const char *text)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_expect(answer.result.refused);
    cr_expect_eq(answer.result.fail_info, fail_info);
    cr_expect_str_eq(answer.result.text, text);
    cr_expect_not_null(strstr(answer.result.setting, "authorize"));
    cr_expect_eq(world->cert_count, 0);
    answer_free(&answer);
}

Test(authorize, allowed_it_is_issued)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_assert(answer.has_cert);
    cr_expect_eq(world->wants_seen[CMP_WANT_ASK], 1);
    cr_expect_eq(world->wants_seen[CMP_WANT_DECIDE], 1);
    cr_expect_str_eq(world->question.body, "ir");
    cr_expect_eq(world->question.request_hash.len, 32);
    answer_free(&answer);
}

Test(authorize, denied_it_is_not)
{
    world->verdict.verdict = CMP_VERDICT_DENY;
    world->verdict.reason = "closed";
    refused(PKI_NOT_AUTHORIZED, "the operator's system does not allow this: ask the operator");
}

Test(authorize, denied_in_its_own_words)
{
    world->verdict.verdict = CMP_VERDICT_DENY;
    world->verdict.text = "call us";
    refused(PKI_NOT_AUTHORIZED, "call us");
}

/* Never a grant; and nothing is kept of it, so that the same request may come again. */
Test(authorize, without_a_verdict_it_may_come_again)
{
    world->verdict.verdict = CMP_VERDICT_NONE;
    refused(PKI_SYSTEM_UNAVAIL,
            "the operator's system that has to allow this does not answer: try again later");
    cr_expect_eq(world->tx_count, 0);
}

Test(authorize, names_are_decided_about)
{
    world->verdict.names.subject[0] = "CN=x";
    world->verdict.names.subject_count = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_expect_eq(world->wants_seen[CMP_WANT_ASK], 1);
    cr_expect_eq(world->wants_seen[CMP_WANT_DECIDE], 2);
    cr_assert_not_null(world->asked.names);
    cr_expect_str_eq(world->asked.names->subject[0], "CN=x");
    cr_expect(answer.has_cert);
    answer_free(&answer);
}

/* What policy refuses by itself nobody is asked about, nor what a stranger sends. */
Test(authorize, nobody_is_asked_about_what_is_refused_anyway)
{
    world->decide_refuses = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_expect(answer.result.refused);
    cr_expect_eq(world->wants_seen[CMP_WANT_ASK], 0);
    answer_free(&answer);
}

/* RFC 9483 4.1.3: an update keeps its names. */
Test(authorize, an_update_may_be_denied_and_not_renamed)
{
    struct ctl_identity own;
    struct answer answer;

    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    world->verdict.names.san[0] = "DNS:x.example";
    world->verdict.names.san_count = 1;
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_expect(answer.result.refused);
    cr_expect_eq(answer.result.fail_info, PKI_SYSTEM_FAILURE);
    answer_free(&answer);
    world->verdict = (struct cmp_question){.verdict = CMP_VERDICT_DENY};
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_expect_eq(answer.result.fail_info, PKI_NOT_AUTHORIZED);
    answer_free(&answer);
    private_key_free(own.key);
}

/* Each request of a message is another one, of the same transaction. */
Test(authorize, several_requests_are_asked_for_one_by_one)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2));
    uint8_t whole[CMP_HASH];

    cr_assert_eq(answer.part_count, 2);
    cr_expect(answer.parts[0].has_cert && answer.parts[1].has_cert);
    cr_expect_eq(world->wants_seen[CMP_WANT_ASK], 2);
    digest_compute(whole, DIGEST_SHA256, answer.driven->in.der);
    cr_expect_eq(world->question.request_hash.len, CMP_HASH);
    cr_expect(!bytes_equal(world->question.request_hash, bytes_of(whole, CMP_HASH)));
    cr_expect(bytes_equal(world->question.transaction_id, client.header.transaction_id));
    answer_free(&answer);
    world->verdict.verdict = CMP_VERDICT_DENY;
    client.transaction_id[0] ^= 1;
    answer = world_send(world, several_requests(&client, PKI_IR, 2));
    cr_expect(answer.result.refused);
    cr_expect_eq(world->cert_count, 2);
    answer_free(&answer);
}
