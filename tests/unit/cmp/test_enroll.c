/* enroll.c: ir, cr and p10cr from first octet to commit (RFC 9483 4.1.1, 4.1.2, 4.1.4). */
#include "tests/unit/cmp/fixture.h"

TestSuite(enroll, .init = set_up, .fini = tear_down);

/* A refusal, and nothing of it in the store. */
static void expect_nothing(struct answer *answer, int body, enum pki_failure failure)
{
    expect_refusal(answer, body, failure);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 9483 4.1.1: "MUST contain the newly enrolled X.509 certificate" */
Test(enroll, ir_is_answered_by_ip_with_the_certificate)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_assert_eq(answer.body, PKI_IP);
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    cr_assert_eq(answer.status.fail_info, 0);
    cr_assert(answer.has_cert);
    cr_assert(bytes_equal(answer.cert.spki, private_key_spki(client.key)));
    cr_assert(bytes_equal(answer.cert.subject, client.subject));
    cr_assert_eq(answer.response.cert_req_id, 0);
    cr_assert_eq(answer.result.http_status, 200);
    answer_free(&answer);
}

/* What a client holds, the store holds: the certificate is released only after the commit was done. */
Test(enroll, the_certificate_is_in_the_store_before_it_is_out)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct store_cert *stored = world_cert_of(world, answer.cert.serial);

    cr_assert_not_null(stored);
    cr_assert(bytes_equal(stored->certificate, answer.cert.der));
    cr_assert_eq(stored->status, STORE_CERT_UNCONFIRMED);
    cr_assert_eq(world->audits, 1);
    answer_free(&answer);
}

Test(enroll, cr_is_answered_by_cp)
{
    struct answer answer = world_send(world, client_request(&client, PKI_CR));

    cr_assert_eq(answer.body, PKI_CP);
    cr_assert(answer.has_cert);
    answer_free(&answer);
}

/* RFC 9483 4.1.4: "The certReqId in the cp message MUST be -1." */
Test(enroll, p10cr_is_answered_by_cp_with_certReqId_minus_one)
{
    struct answer answer = world_send(world, client_request(&client, PKI_P10CR));

    cr_assert_eq(answer.body, PKI_CP);
    cr_assert(answer.has_cert);
    cr_assert_eq(answer.response.cert_req_id, -1);
    answer_free(&answer);
}

/* RFC 9810 5.1.3.1: the answer to a MAC-protected request uses the request's own algorithm and parameters. */
Test(enroll, a_mac_protected_ir_gets_a_mac_protected_ip)
{
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));

    cr_assert_eq(answer.body, PKI_IP);
    cr_assert(answer.has_cert);
    cr_assert(bytes_equal(answer.message.header.protection_alg, mac.header.protection_alg));
    cr_assert(bytes_equal(answer.message.header.sender_kid, world->reference));
    answer_free(&answer);
}

/* RFC 9483 4.1.1: "the PKI management entity MUST include the generalInfo field implicitConfirm in the
 * response message" where it grants what was asked for. */
Test(enroll, implicitConfirm_is_granted_only_where_asked_for_and_allowed)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.message.header.implicit_confirm);
    cr_assert_eq(answer.message.header.confirm_wait_time,
                 0); /* RFC 9483 3.1: PROHIBITED beside implicitConfirm */
    cr_assert_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_VALID);
    cr_assert_eq(world->txs[0].row.state, STORE_TX_CONFIRMED);
    answer_free(&answer);

    world->profile.implicit_confirm = 0;
    struct client other;
    client_init(&other, world, 0);
    other.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&other, PKI_IR));
    cr_assert_not(answer.message.header.implicit_confirm);
    /* RFC 9483 3.1: confirmWaitTime is "RECOMMENDED in ip/cp/kup messages if implicitConfirm is not included"
     */
    cr_assert_eq(answer.message.header.confirm_wait_time, world->now + 300);
    cr_assert(answer.message.header.has_message_time);
    answer_free(&answer);
    client_cleanup(&other);
}

/* RFC 9483 3.6.4 badPOP */
Test(enroll, a_wrong_proof_of_possession_is_refused_in_ip)
{
    struct client other;
    struct bytes request, body;
    client_init(&other, world, 0);
    const struct cert_request asked = {
        .tmpl = {.version = -1, .subject = client.subject, .spki = private_key_spki(client.key)}};
    cr_assert(pki_encode_cert_request(&request, world->arena, &asked));
    /* The proof is signed by another key. */
    struct bytes wrong = client_body(&other, PKI_IR);
    struct cert_request parsed;
    size_t count;
    const char *why;
    cr_assert(pki_decode_cert_requests(&parsed, &count, world->arena, &why, wrong));
    cr_assert(
        pki_encode_cert_requests(&body, world->arena, request, parsed.pop_algorithm, parsed.pop_signature));
    struct answer answer = world_send(world, client_message(&client, PKI_IR, body));
    expect_nothing(&answer, PKI_IP, PKI_BAD_POP);
    client_cleanup(&other);
}

/* RFC 9483 3.6.2: "it MUST report the error in the specific response message" */
Test(enroll, what_policy_refuses_is_refused_in_the_matching_response)
{
    world->decide_refuses = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_nothing(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    client.transaction_id[0] ^= 1;
    answer = world_send(world, client_request(&client, PKI_CR));
    expect_nothing(&answer, PKI_CP, PKI_NOT_AUTHORIZED);
    client.transaction_id[0] ^= 2;
    answer = world_send(world, client_request(&client, PKI_P10CR));
    expect_nothing(&answer, PKI_CP, PKI_NOT_AUTHORIZED);
}

Test(enroll, a_key_that_cannot_sign_makes_the_server_unavailable_and_issues_nothing)
{
    world->keys_unavailable = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_assert_eq(answer.body, PKI_ERROR);
    cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    cr_assert_not(answer.message.has_protection);
    cr_assert_eq(world->cert_count, 0);
    answer_free(&answer);
}

/* RFC 9483 3.6.4 systemUnavail */
Test(enroll, a_store_that_is_away_makes_the_server_unavailable)
{
    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNAVAILABLE;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_nothing(&answer, PKI_ERROR, PKI_SYSTEM_UNAVAIL);
}

Test(enroll, an_unknown_outcome_is_found_out_before_anyone_is_answered)
{
    struct answer answer;

    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNKNOWN;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_nothing(&answer, PKI_ERROR, PKI_SYSTEM_UNAVAIL);

    world->fail_commit_at = 2;
    world->unknown_was_done = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.body, PKI_IP);
    cr_assert(answer.has_cert);
    cr_assert_eq(world->cert_count, 1);
    cr_assert(bytes_equal(world->certs[0].row.certificate, answer.cert.der));
    answer_free(&answer);
}

Test(enroll, a_one_time_secret_serves_one_transaction)
{
    struct client first, second;
    client_init(&first, world, 1);
    client_init(&second, world, 1);
    world->secrets[0].row.reusable = 0;

    struct answer answer = world_send(world, client_request(&first, PKI_IR));
    cr_assert(answer.has_cert);
    answer_free(&answer);
    answer = world_send(world, client_request(&second, PKI_IR));
    cr_assert_eq(answer.body, PKI_ERROR);
    cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_NOT_AUTHORIZED);
    cr_assert_eq(world->cert_count, 1);
    answer_free(&answer);
    client_cleanup(&first);
    client_cleanup(&second);
}
