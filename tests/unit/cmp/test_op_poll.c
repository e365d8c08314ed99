/* op_poll.c: a pollReq where nothing waits, of who heard no answer (RFC 9810 5.3.22). What waits is in
 * test_waiting.c. */
#include "tests/support/hex.h"
#include "tests/unit/cmp/enrolled.h"

TestSuite(op_poll, .init = set_up, .fini = tear_down);

static void take(void)
{
    world->config.tolerances.until[TOLERANCE_POLL_WITHOUT_ANSWER] = TOLERANCE_NO_END;
}

static struct answer poll_with(struct client *c, const char *body)
{
    return world_send(world, client_message(c, PKI_POLLREQ, hex(world->arena, body)));
}

/* The client's header is as it was in its ir: it has heard no nonce. */
static struct answer poll_as(struct client *c)
{
    return poll_with(c, "30 05 30 03 02 01 00");
}

static void expect_first_again(struct answer *answer, int body)
{
    cr_assert(answer->has_cert, "%s", answer->result.text);
    cr_expect(bytes_equal(answer->cert.der, first.cert.der));
    cr_expect_eq(answer->response.cert_req_id, first.response.cert_req_id);
    cr_expect_str_eq(answer->result.event, "answered again");
    cr_expect_eq(answer->result.tolerated, 1U << TOLERANCE_POLL_WITHOUT_ANSWER);
    cr_expect_not(answer->result.authenticated);
    cr_expect(bytes_equal(answer->message.header.sender_nonce, first.message.header.sender_nonce));
    expect_certificate(answer, body);
}

static void expect_nothing_to_poll(struct answer *answer)
{
    cr_expect_str_eq(answer->result.text,
                     "recipNonce is missing: send the request again instead of a pollReq");
    cr_expect_not_null(strstr(answer->result.detail, "poll-without-answer"), "%s", answer->result.detail);
    expect_error(answer, PKI_BAD_REQUEST);
}

/* RFC 9483 3.6.4 ends an operation with a negative response; this one asked for nothing. */
Test(op_poll, refused_it_leaves_the_transaction_as_it_is)
{
    struct answer answer = poll_as(&client);

    expect_nothing_to_poll(&answer);
    expect_untouched();
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&confirmed);
}

Test(op_poll, the_answer_comes_again_and_the_transaction_goes_on)
{
    struct answer answer;

    take();
    for (int i = 0; i < 2; i++) {
        answer = poll_as(&client);
        expect_first_again(&answer, PKI_IP);
        expect_untouched();
    }
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&confirmed);
}

/* RFC 9483 3.5: later messages have a recipNonce. Which one it is, is that of an answer that came before;
 * nothing is changed by it, so each gets the answer. */
Test(op_poll, with_a_nonce_it_needs_no_tolerance)
{
    for (int right = 0; right < 2; right++) {
        struct answer answer;
        client_next(&client, &first);
        if (!right)
            client.header.recip_nonce = bytes_str("0123456789abcdef");
        answer = poll_as(&client);
        cr_expect_eq(answer.result.tolerated, 0);
        cr_expect(bytes_equal(answer.message.header.sender_nonce, first.message.header.sender_nonce));
        expect_certificate(&answer, PKI_IP);
        expect_untouched();
    }
}

/* RFC 9810 5.3.22: "Its certReqId MUST be either the index of a CertResponse data structure with status
 * "waiting" or -1 referring to the complete response."
 * RFC 9810 5.3.22 */
Test(op_poll, certReqId_is_that_of_the_request)
{
    static const struct {
        const char *body;
        int is_right;
    } cases[] = {{"30 05 30 03 02 01 00", 1},
                 {"30 05 30 03 02 01 ff", 1},
                 {"30 05 30 03 02 01 01", 0},
                 {"30 0a 30 03 02 01 00 30 03 02 01 00", 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client_next(&client, &first);
        struct answer answer = poll_with(&client, cases[i].body);
        if (cases[i].is_right)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_REQUEST);
        expect_untouched();
    }
}

/* The protection is of whoever began. */
Test(op_poll, of_nobody_else)
{
    struct client other;
    struct answer answer;

    take();

    client_init(&other, world, 0);
    client_sign_by(&other, &world->stranger, NULL, 0);
    memcpy(other.transaction_id, client.transaction_id, sizeof other.transaction_id);
    answer = poll_as(&other);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client_cleanup(&other);
    client_init(&other, world, 1);
    memcpy(other.transaction_id, client.transaction_id, sizeof other.transaction_id);
    answer = poll_as(&other);
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&other);
    expect_untouched();
}

/* What never arrived has no answer: the client is to begin again. */
Test(op_poll, without_a_transaction_there_is_no_answer)
{
    take();
    client.transaction_id[0]++;
    struct answer answer = poll_as(&client);
    cr_expect_str_eq(answer.result.text, "no transaction has this transactionID: start again");
    expect_error(&answer, PKI_BAD_REQUEST);
}

Test(op_poll, what_is_malformed_is_told)
{
    struct answer answer;

    take();
    answer = poll_with(&client, "30 00");
    cr_expect_str_eq(answer.result.text, "PollReqContent is malformed");
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    expect_untouched();
}

/* Every body that a certificate is asked for with, by secret, too; also after implicitConfirm. */
Test(op_poll, for_every_request_for_a_certificate)
{
    static const struct {
        int request, response, by_mac, implicit;
    } cases[] = {
        {PKI_CR, PKI_CP, 0, 0}, {PKI_P10CR, PKI_CP, 0, 1}, {PKI_IR, PKI_IP, 1, 0}, {PKI_IR, PKI_IP, 1, 1}};

    take();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client c;
        struct answer answer;
        answer_free(&first);
        client_init(&c, world, cases[i].by_mac);
        c.header.implicit_confirm = cases[i].implicit;
        first = world_send(world, client_request(&c, cases[i].request));
        cr_assert(first.has_cert);
        c.header.implicit_confirm = 0;
        answer = poll_as(&c);
        cr_expect_eq(answer.message.header.implicit_confirm, cases[i].implicit);
        expect_first_again(&answer, cases[i].response);
        client_cleanup(&c);
    }
}

/* What the request asked for nobody knows any more: that it was granted otherwise is said all the same. */
Test(op_poll, it_is_granted_with_mods_as_it_was)
{
    struct client c;
    struct answer answer;

    take();
    answer_free(&first);
    world->decide_modifies = 1;
    client_init(&c, world, 0);
    first = world_send(world, client_request(&c, PKI_IR));
    cr_assert_eq(first.status.status, PKI_GRANTED_WITH_MODS);
    answer = poll_as(&c);
    cr_expect_eq(answer.status.status, PKI_GRANTED_WITH_MODS);
    cr_expect(bytes_equal(answer.status.text,
                          bytes_str("granted otherwise than asked for: compare it with the request")),
              "%.*s", (int)answer.status.text.len, (const char *)answer.status.text.data);
    expect_first_again(&answer, PKI_IP);
    client_cleanup(&c);
}

Test(op_poll, what_has_ended_stays_ended)
{
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1)), answer;

    take();
    expect_pkiconf(&confirmed);
    answer = poll_as(&client);
    cr_expect_str_eq(answer.result.text, "the transaction has ended");
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_expect_eq(row()->state, STORE_TX_CONFIRMED);
}

/* A certificate that was revoked meanwhile is handed out to nobody. */
Test(op_poll, not_what_was_revoked_since)
{
    struct answer answer;

    take();
    certificate_row()->status = STORE_CERT_REVOKED;
    row()->state = STORE_TX_WAIT_CONFIRM;
    answer = poll_as(&client);
    expect_refusal(&answer, PKI_IP, PKI_CERT_REVOKED);
}

/* ---- where it is counted ---- */

Test(op_poll, it_is_counted)
{
    static struct tolerance_counts counts;
    struct answer answer;

    take();
    world->profile.counts = &counts;
    answer = poll_as(&client);
    cr_expect_eq(answer.result.counts[0], &counts);
    expect_first_again(&answer, PKI_IP);
}
