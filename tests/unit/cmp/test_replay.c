/* replay.c: a byte-identical message is answered again, on any node, at any time, and does nothing twice. */
#include "server/pki/response.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(replay, .init = set_up, .fini = tear_down);

/* Both answers hold the same certificate and nonce: whichever arrives, the certConf made from it fits. */
static void expect_same(const struct answer *first, const struct answer *again)
{
    cr_assert_eq(again->body, first->body);
    cr_assert(bytes_equal(again->message.body, first->message.body));
    cr_assert(bytes_equal(again->message.header.sender_nonce, first->message.header.sender_nonce));
    cr_assert_eq(again->message.header.implicit_confirm, first->message.header.implicit_confirm);
    cr_assert_eq(again->message.header.confirm_wait_time, first->message.header.confirm_wait_time);
    cr_assert_not(again->result.refused);
}

static void expect_replay(struct client *c, int body, int implicit)
{
    c->header.implicit_confirm = implicit;
    struct bytes request = client_request(c, body);
    struct answer first = world_send(world, request), again = world_send(world, request);

    cr_assert(first.has_cert);
    expect_same(&first, &again);
    cr_assert_eq(world->cert_count, 1);
    cr_assert_eq(world->commits, 1);
    cr_assert_eq(world->audits, 1);
    answer_free(&first);
    answer_free(&again);
}

Test(replay, an_identical_ir_cr_or_p10cr_gets_the_same_certificate_again)
{
    expect_replay(&client, PKI_IR, 0);
    world_forget(world);
    expect_replay(&client, PKI_CR, 0);
    world_forget(world);
    expect_replay(&client, PKI_P10CR, 0);
    world_forget(world);
    expect_replay(&client, PKI_IR, 1);
}

Test(replay, an_identical_MAC_protected_ir_gets_the_same_answer_by_MAC)
{
    struct bytes request = client_request(&mac, PKI_IR);
    struct answer first = world_send(world, request), again = world_send(world, request);

    expect_same(&first, &again);
    cr_assert(mac_is_mac(again.message.header.protection_alg));
    cr_assert_eq(world->cert_count, 1);
    answer_free(&first);
    answer_free(&again);
}

/* RFC 9483 3.1: "MUST be the time at which the message was produced, if present" */
Test(replay, the_answer_is_protected_anew_at_its_own_time)
{
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request);

    world->now += 30;
    struct answer again = world_send(world, request); /* its signature is verified by world_send */
    cr_assert_eq(again.message.header.message_time, world->now);
    cr_assert_eq(first.message.header.message_time, world->now - 30);
    expect_same(&first, &again); /* confirmWaitTime is not moved */
    answer_free(&first);
    answer_free(&again);
}

Test(replay, the_certConf_made_from_either_answer_fits)
{
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request), again = world_send(world, request);
    struct answer answer = world_send(world, client_confirm(&client, &again, -1));

    expect_pkiconf(&answer);
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_VALID);
    answer_free(&first);
    answer_free(&again);
}

Test(replay, an_identical_certConf_gets_pkiconf_again)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct bytes confirm = client_confirm(&client, &first, -1);
    struct answer once = world_send(world, confirm), again = world_send(world, confirm);

    cr_assert_eq(once.body, PKI_PKICONF);
    expect_same(&once, &again);
    cr_assert_eq(world->commits, 2);
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_VALID);
    answer_free(&first);
    answer_free(&once);
    answer_free(&again);
}

/* A lost ip, found again after the certConf of the same device got through another way. */
Test(replay, an_identical_ir_is_answered_even_after_the_confirmation)
{
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request);
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    struct answer again = world_send(world, request);

    cr_assert(bytes_equal(again.cert.der, first.cert.der));
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_VALID);
    expect_pkiconf(&confirmed);
    answer_free(&first);
    answer_free(&again);
}

/* The octets were accepted in their time: a retry that comes late is the same message. */
Test(replay, a_retry_after_the_messageTime_window_is_answered)
{
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request);

    world->now += world->config.accept.message_time_seconds + 1000;
    struct answer again = world_send(world, request);
    expect_same(&first, &again);
    answer_free(&again);
    struct bytes confirm = client_confirm(&client, &first, -1);
    again = world_send(world, confirm); /* this one is new, and its time is wrong */
    expect_error(&again, PKI_BAD_TIME);
    answer_free(&first);
}

Test(replay, a_late_certConf_retry_is_answered)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
    struct bytes confirm = client_confirm(&client, &first, -1);
    struct answer answer = world_send(world, confirm);

    expect_pkiconf(&answer);
    world->now += 100000;
    answer = world_send(world, confirm);
    expect_pkiconf(&answer);
    answer_free(&first);
}

static struct bytes raced;
static struct answer winner;

static void send_raced(struct world *w)
{
    winner = world_send(w, raced);
}

/* Two nodes have the same message: the loser answers from the winner's row. */
Test(replay, of_two_identical_messages_that_race_both_get_the_winners_certificate)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        raced = client_request(clients[i], PKI_IR);
        world->before_commit = send_raced;
        struct answer loser = world_send(world, raced);
        cr_assert(winner.has_cert);
        expect_same(&winner, &loser);
        cr_assert(bytes_equal(loser.result.serial, winner.result.serial));
        cr_assert_eq(loser.result.subject.len, 0); /* nothing was issued by this one */
        cr_assert_eq(world->cert_count, i + 1);
        answer_free(&winner);
        answer_free(&loser);
    }
}

static void send_raced_and_revoke(struct world *w)
{
    send_raced(w);
    w->certs[0].row.status = STORE_CERT_REVOKED;
}

/* The loser is told so, and there is nothing to write: what it asked for was done, and undone. */
Test(replay, a_loser_whose_winner_was_revoked_is_refused_and_writes_nothing)
{
    raced = client_request(&client, PKI_IR);
    world->before_commit = send_raced_and_revoke;
    struct answer loser = world_send(world, raced);
    cr_assert(winner.has_cert);
    expect_refusal(&loser, PKI_IP, PKI_CERT_REVOKED);
    cr_assert_eq(world->commits, 1);
    cr_assert_eq(world->audits, 1);
    cr_assert_eq(world->txs[0].row.state, STORE_TX_WAIT_CONFIRM);
    answer_free(&winner);
}

Test(replay, of_two_identical_certConf_that_race_both_get_pkiconf)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));

    raced = client_confirm(&client, &first, -1);
    world->before_commit = send_raced;
    struct answer loser = world_send(world, raced);
    cr_assert_eq(winner.body, PKI_PKICONF);
    expect_same(&winner, &loser);
    cr_assert_eq(world->commits, 2);
    answer_free(&first);
    answer_free(&winner);
    answer_free(&loser);
}

Test(replay, of_two_different_certConf_that_race_the_loser_gets_certConfirmed)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));

    raced = client_confirm(&client, &first, -1);
    struct bytes reject = client_confirm(&client, &first, PKI_REJECTION);
    world->before_commit = send_raced;
    struct answer loser = world_send(world, reject);
    cr_assert_eq(winner.body, PKI_PKICONF);
    expect_error(&loser, PKI_CERT_CONFIRMED);
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_VALID);
    answer_free(&first);
    answer_free(&winner);
}

/* Without the secret no MAC can be made; the answer is signed then, and still an answer. */
Test(replay, a_retry_after_the_secret_was_withdrawn_gets_a_signed_answer)
{
    struct bytes request = client_request(&mac, PKI_IR);
    struct answer first = world_send(world, request);

    world->secret_count = 0;
    struct answer again = world_send(world, request);
    cr_assert_not(mac_is_mac(again.message.header.protection_alg));
    cr_assert(bytes_equal(again.cert.der, first.cert.der));
    cr_assert(bytes_equal(again.message.header.sender_nonce, first.message.header.sender_nonce));
    answer_free(&first);
    answer_free(&again);
}

Test(replay, a_retry_of_a_one_time_secret_is_answered)
{
    struct bytes request = client_request(&mac, PKI_IR);

    world->secrets[0].row.reusable = 0;
    struct answer first = world_send(world, request), again = world_send(world, request);
    expect_same(&first, &again);
    answer_free(&again);
    struct answer answer = world_send(world, client_confirm(&mac, &first, -1));
    expect_pkiconf(&answer);
    answer_free(&first);
}

/* What was refused left nothing behind: the same octets are judged again. */
Test(replay, a_refused_request_may_be_sent_again_unchanged)
{
    struct bytes request = client_request(&client, PKI_IR);

    world->decide_refuses = 1;
    struct answer answer = world_send(world, request);
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    world->decide_refuses = 0;
    answer = world_send(world, request);
    expect_certificate(&answer, PKI_IP);
}

Test(replay, an_identical_error_message_gets_pkiconf_again)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct pki_status_info status = {.status = PKI_REJECTION};
    struct bytes body, message;

    cr_assert(pki_encode_error(&body, world->arena, &status));
    client_next(&client, &first);
    message = client_message(&client, PKI_ERROR, body);
    struct answer answer = world_send(world, message);
    expect_pkiconf(&answer);
    answer = world_send(world, message);
    expect_pkiconf(&answer);
    cr_assert_eq(world->commits, 2);
    answer_free(&first);
}

/* An ip that is asked for again after its certificate was revoked would have the device use it. */
Test(replay, a_certificate_that_was_revoked_since_is_not_handed_out_again)
{
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request);

    cr_assert(first.has_cert);
    struct answer answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_pkiconf(&answer);
    answer = world_send(world, request);
    expect_refusal(&answer, PKI_IP, PKI_CERT_REVOKED);
    answer_free(&first);
}

/* RFC 5280 5.3.1 certificateHold: nor is one that is on hold, for as long as it is. */
Test(replay, a_certificate_on_hold_is_handed_out_again_only_once_it_is_released)
{
    static const struct {
        int request, response;
    } cases[] = {{PKI_IR, PKI_IP}, {PKI_CR, PKI_CP}, {PKI_P10CR, PKI_CP}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world_forget(world);
        struct bytes request = client_request(&client, cases[i].request);
        struct answer first = world_send(world, request);
        cr_assert(first.has_cert);
        world->certs[0].row.status = STORE_CERT_HOLD;
        struct answer answer = world_send(world, request);
        cr_assert_eq(answer.response.cert_req_id, first.response.cert_req_id);
        cr_assert_not(bytes_equal(answer.message.header.sender_nonce, first.message.header.sender_nonce));
        expect_refusal(&answer, cases[i].response, PKI_CERT_REVOKED);
        cr_assert_eq(world->certs[0].row.status, STORE_CERT_HOLD);
        cr_assert_eq(world->commits, 1);
        world->certs[0].row.status = STORE_CERT_VALID;
        answer = world_send(world, request);
        expect_same(&first, &answer);
        answer_free(&answer);
        answer_free(&first);
    }
}

/* What the server has lost is its own failure: the transaction stands as it was. */
Test(replay, without_its_certificate_a_transaction_is_the_servers_failure_and_stays)
{
    struct bytes request = client_request(&client, PKI_IR);
    struct answer first = world_send(world, request), answer;

    world->cert_count = 0;
    answer = world_send(world, request);
    expect_error(&answer, PKI_SYSTEM_FAILURE);
    cr_assert_eq(world->txs[0].row.state, STORE_TX_WAIT_CONFIRM);
    cr_assert_eq(world->commits, 1);
    world->cert_count = 1;
    answer = world_send(world, request);
    expect_same(&first, &answer);
    answer_free(&answer);
    answer_free(&first);
}

/* A secret that has expired, or is another profile's by now, opens as little as one that is gone. */
Test(replay, a_retry_whose_secret_is_no_good_any_more_gets_a_signed_answer)
{
    struct bytes request = client_request(&mac, PKI_IR);
    struct answer first = world_send(world, request);

    for (int expired = 0; expired <= 1; expired++) {
        world->secrets[0].row.profile = expired ? bytes_of(NULL, 0) : bytes_str("other");
        world->secrets[0].row.expires = expired ? world->now : 0;
        struct answer again = world_send(world, request);
        cr_assert_not(mac_is_mac(again.message.header.protection_alg));
        cr_assert(bytes_equal(again.cert.der, first.cert.der));
        cr_assert(bytes_equal(again.message.header.sender_nonce, first.message.header.sender_nonce));
        answer_free(&again);
    }
    answer_free(&first);
}
