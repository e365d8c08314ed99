/* waiting.c and op_poll.c: requests that wait until people approve them (RFC 9810 5.3.22, RFC
 * 9483 4.4, 5.1.5). */
#include "server/pki/confirmation.h"
#include "server/pki/polling.h"
#include "tests/support/approvers.h"
#include "tests/support/several.h"
#include "tests/unit/cmp/fixture.h"

enum { HOUR = 3600, DAY = 24 * HOUR };

static struct config_vendor vendor;

static void set_up_approvers(void)
{
    set_up();
    approvers_make(world);
    world->config.approve = (struct config_approve_rules){.when = CONFIG_APPROVE_ALWAYS,
                                                          .approvals = 1,
                                                          .check_after_seconds = 77,
                                                          .expire_hours = 2,
                                                          .per_day = 100,
                                                          .open = 2};
    vendor = (struct config_vendor){.name = "Example", .identity = CONFIG_IDENTITY_CN};
}

static void tear_down_approvers(void)
{
    approvers_free();
    tear_down();
}

TestSuite(waiting, .init = set_up_approvers, .fini = tear_down_approvers);

static struct store_tx *row_of(const struct client *who)
{
    return world_tx_of(world, who->header.transaction_id);
}

static struct store_request *request_of(const struct client *who)
{
    return approvers_request(world, who->header.transaction_id);
}

/* The word of |approver| on what |who| has asked for. */
static struct store_approval *say(const struct client *who, int approver, int approved)
{
    return approvers_say(world, who->header.transaction_id, approver, approved);
}

static struct answer poll_for(struct client *who, const struct answer *after, int64_t cert_req_id)
{
    struct bytes body;

    client_next(who, after);
    cr_assert(pki_encode_poll_req(&body, world->arena, cert_req_id));
    return world_send(world, client_message(who, PKI_POLLREQ, body));
}

static void expect_waiting(const struct answer *answer, int body)
{
    cr_assert_eq(answer->body, body, "body %s: %s", pki_body_name(answer->body), answer->result.text);
    cr_assert_eq(answer->status.status, PKI_WAITING, "%s", answer->result.text);
    cr_assert_not(answer->message.header.implicit_confirm);
    cr_assert_eq(answer->message.header.confirm_wait_time, 0);
}

static void expect_poll_rep(const struct answer *answer, int64_t cert_req_id)
{
    int64_t id, after;

    cr_assert_eq(answer->body, PKI_POLLREP, "body %s: %s", pki_body_name(answer->body), answer->result.text);
    cr_assert(pki_decode_poll_rep(&id, &after, answer->message.body));
    cr_expect_eq(id, cert_req_id);
    cr_expect_eq(after, 77);
}

static struct answer begin_to_wait(struct client *who, int body, int response)
{
    struct answer answer = world_send(world, client_request(who, body));

    expect_waiting(&answer, response);
    cr_assert_eq(row_of(who)->state, STORE_TX_WAITING);
    cr_assert_not_null(request_of(who));
    cr_assert_eq(world->cert_count, 0);
    world_check(world);
    return answer;
}

/* ---- the way of one ---- */

/* RFC 9483 4.4: "When initiating delayed delivery of a message received from an EE, the PKI management entity
 * MUST respond with a message including the status "waiting"." RFC 9483 4.4 waiting.body.status: "REQUIRED --
 * in case of ip/cp/kup" RFC 9483 4.4: "MUST be status "waiting"" RFC 9483 4.4 failInfo: "PROHIBITED" RFC
 * 9483 4.4: "In case the final response is not yet available, the PKI management entity that initiated the
 * delayed delivery MUST answer with a poll response with the same certReqId."
 * RFC 9483 4.4 pollRep.certReqId: "MUST be 0 if referring to a CertResponse element, else -1"
 * RFC 9483 4.4: "MUST be the time in seconds to elapse before a new pollReq should be sent"
 * RFC 9483 4.4: "MUST use the same credentials as in the first response message of the PKI management
 * operation" RFC 9483 4.4: "When the PKI management entity that initiated delayed delivery can provide the
 * final response for the original request message of the EE, it MUST send this response to the EE." */
Test(waiting, it_waits_is_polled_for_approved_and_granted)
{
    static const struct {
        int body, response, id, by_mac;
    } cases[] = {
        {PKI_IR, PKI_IP, 0, 0}, {PKI_CR, PKI_CP, 0, 0}, {PKI_P10CR, PKI_CP, -1, 0}, {PKI_IR, PKI_IP, 0, 1}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client *who = cases[i].by_mac ? &mac : &client;
        world_forget(world);
        who->transaction_id[0]++;
        who->header.recip_nonce = bytes_of(NULL, 0);
        struct answer waiting = begin_to_wait(who, cases[i].body, cases[i].response);
        struct answer first = poll_for(who, &waiting, cases[i].id);
        expect_poll_rep(&first, cases[i].id);
        struct answer second = poll_for(who, &first, -1); /* the whole response, RFC 9810 5.3.22 */
        expect_poll_rep(&second, -1);
        cr_expect_neq(bytes_equal(first.message.header.sender_nonce, second.message.header.sender_nonce), 1);
        struct bytes tbs = arena_copy(world->arena, request_of(who)->tbs);
        say(who, 1, 1);
        world->now += HOUR;
        struct answer final = poll_for(who, &second, cases[i].id);
        cr_assert(final.has_cert, "%s, %s", final.result.text, final.result.detail);
        cr_expect_eq(final.response.cert_req_id, cases[i].id);
        cr_expect_eq(final.body, cases[i].response);
        cr_expect_not_null(strstr((const char *)world->audit.detail.data, "approved by bert"));
        struct certificate_tbs approved;
        cr_assert(certificate_read_tbs(&approved, tbs));
        cr_expect_eq(final.cert.not_before, world->now); /* issued now, for as long */
        cr_expect(bytes_equal(final.cert.subject, approved.subject));
        cr_expect(bytes_equal(final.cert.spki, approved.spki));
        cr_expect_eq(row_of(who)->state, STORE_TX_WAIT_CONFIRM);
        cr_expect_eq(world->request_count + world->approval_count, 0);
        world_check(world);
        struct answer confirmed = world_send(world, client_confirm(who, &final, -1));
        expect_pkiconf(&confirmed);
        answer_free(&waiting);
        answer_free(&first);
        answer_free(&second);
        answer_free(&final);
    }
}

Test(waiting, it_is_confirmed_implicitly_where_the_request_wanted_that)
{
    client.header.implicit_confirm = 1;
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP);
    client.header.implicit_confirm = 0;
    say(&client, 0, 1);
    struct answer final = poll_for(&client, &waiting, 0);
    cr_assert(final.has_cert);
    cr_expect(final.message.header.implicit_confirm);
    cr_expect_eq(row_of(&client)->state, STORE_TX_CONFIRMED);
    answer_free(&waiting);
    answer_free(&final);
}

/* RFC 9483 3.1 recipNonce: "If this is a delayed response message, MUST be present and contain the value of
 * the senderNonce of the respective request message in the same transaction" Some stations want that of their
 * last poll. */
Test(waiting, the_nonce_of_the_final_answer)
{
    for (int poll = 0; poll < 2; poll++) {
        world_forget(world);
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        world->config.answer.poll_nonce = poll ? CONFIG_POLL_NONCE_POLL : CONFIG_POLL_NONCE_REQUEST;
        struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP);
        struct bytes asked = arena_copy(world->arena, client.header.sender_nonce);
        say(&client, 0, 1);
        struct answer final = poll_for(&client, &waiting, 0);
        cr_expect(bytes_equal(final.message.header.recip_nonce, poll ? client.header.sender_nonce : asked));
        /* Polled for once more, for it may not have arrived: the same certificate, and the same rule. */
        struct answer again = poll_for(&client, &waiting, 0);
        cr_assert(again.has_cert && bytes_equal(again.cert.der, final.cert.der));
        cr_expect(bytes_equal(again.message.header.recip_nonce, poll ? client.header.sender_nonce : asked));
        answer_free(&again);
        answer_free(&waiting);
        answer_free(&final);
    }
}

/* ---- it is not granted ---- */

Test(waiting, denied_it_is_refused_and_over)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;

    say(&client, 0, 1);
    say(&client, 2, 0); /* one who denies is enough */
    answer = poll_for(&client, &waiting, 0);
    cr_expect_str_eq(answer.result.detail, "denied by carl: as seen on site");
    cr_expect_eq(answer.response.cert_req_id, 0);
    cr_expect_eq(row_of(&client)->state, STORE_TX_ENDED);
    cr_expect_eq(world->request_count + world->approval_count, 0);
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    world_check(world);
    answer = poll_for(&client, &waiting, 0); /* however often */
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    cr_expect_eq(world->cert_count, 0);
    answer_free(&waiting);
}

Test(waiting, by_secret_it_is_denied_under_the_secret)
{
    struct answer waiting = begin_to_wait(&mac, PKI_IR, PKI_IP), answer;

    say(&mac, 0, 0);
    answer = poll_for(&mac, &waiting, 0);
    cr_expect(mac_is_mac(answer.message.header.protection_alg));
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    answer_free(&waiting);
}

/* RFC 9810 5.3.21: "If the end entity does not initiate polling, both sides MUST treat this message as
 * the end of the transaction (if a transaction is in progress)." */
Test(waiting, after_its_time_it_is_over)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;

    say(&client, 0, 1);
    world->now += 2 * HOUR - 1;
    answer = poll_for(&client, &waiting, 1); /* another certReqId: tells that it waits still */
    expect_error(&answer, PKI_BAD_REQUEST);
    world->now++;
    answer = poll_for(&client, &waiting, 0);
    cr_expect_str_eq(answer.result.setting, "profiles[0].approve.expire_hours");
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    cr_expect_eq(row_of(&client)->state, STORE_TX_ENDED);
    cr_expect_eq(world->request_count, 0);
    answer_free(&waiting);
}

/* ---- whose word counts ---- */

static void still_waits(struct client *who, struct answer *last)
{
    struct answer answer = poll_for(who, last, -1);

    expect_poll_rep(&answer, -1);
    answer_free(last);
    *last = answer;
}

Test(waiting, two_approvals_are_of_two_approvers)
{
    struct answer last;

    world->config.approve.approvals = 2;
    last = begin_to_wait(&client, PKI_IR, PKI_IP);
    still_waits(&client, &last);
    say(&client, 0, 1);
    still_waits(&client, &last);
    say(&client, 2, 1);
    struct answer final = poll_for(&client, &last, 0);
    cr_expect_not_null(strstr((const char *)world->audit.detail.data, "approved by anna, carl"));
    expect_certificate(&final, PKI_IP);
    answer_free(&last);
}

/* Whoever can write to the store, and has no approver's key, changes something of what is signed. */
Test(waiting, what_nobody_signed_so_does_not_count)
{
    enum { SIGNATURE, VERDICT, AT, REASON, TBS, MESSAGE, PROFILE, OF_ANOTHER, WAYS };

    for (int way = 0; way < WAYS; way++) {
        struct store_approval *said;
        world_forget(world);
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        struct answer last = begin_to_wait(&client, PKI_IR, PKI_IP);
        struct store_request *request = request_of(&client);
        said = say(&client, 0, way != VERDICT);
        said->approved = 1;
        said->at += way == AT;
        if (way == SIGNATURE)
            said->signature.len--;
        if (way == REASON)
            said->reason = bytes_str("as seen on site\n");
        if (way == TBS) {
            request->tbs = arena_copy(world->rows, request->tbs);
            ((uint8_t *)(uintptr_t)request->tbs.data)[request->tbs.len - 1] ^= 1;
        }
        if (way == OF_ANOTHER)
            memcpy((uint8_t *)(uintptr_t)said->approval.data + STORE_REQUEST, approvers[1].key_hash,
                   STORE_HASH);
        if (way == MESSAGE)
            request->message.len--;
        if (way == PROFILE)
            request->profile = bytes_str("other");
        struct answer answer = poll_for(&client, &last, -1);
        if (way == MESSAGE || way == PROFILE) {
            expect_error(&answer, PKI_SYSTEM_FAILURE);
        } else {
            expect_poll_rep(&answer, -1);
            cr_expect_not_null(answer.result.warning, "way %d", way);
            answer_free(&answer);
        }
        cr_expect_eq(world->cert_count, 0, "way %d", way);
        cr_expect_eq(row_of(&client)->state, STORE_TX_WAITING, "way %d", way);
        answer_free(&last);
    }
}

Test(waiting, an_approver_of_other_profiles_or_of_another_time_does_not_count)
{
    static const char *const other[] = {"other"};
    struct answer last = begin_to_wait(&client, PKI_IR, PKI_IP);

    say(&client, 0, 1);
    approver_configs[0].profiles = (struct config_list){other, 1};
    still_waits(&client, &last);
    approver_configs[0].profiles.count = 0;
    approvers[0].cert.not_after = world->now - 1;
    still_waits(&client, &last);
    approvers[0].cert.not_after = INT64_MAX;
    approvers[0].cert.not_before = world->now + 1;
    still_waits(&client, &last);
    approvers[0].cert.not_before = world->now;
    struct answer final = poll_for(&client, &last, 0);
    expect_certificate(&final, PKI_IP);
    answer_free(&last);
}

/* ---- what comes in between ---- */

/* RFC 9483 4.4: "MUST use the same credentials as in the first request message of the PKI management
 * operation" RFC 9483 3.5, of recipNonce: that of the last answer. */
Test(waiting, nobody_else_polls_for_it)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;
    struct client other;

    say(&client, 0, 1);
    client_init(&other, world, 0);
    client_sign_by(&other, &world->stranger, NULL, 0);
    memcpy(other.transaction_id, client.transaction_id, sizeof other.transaction_id);
    answer = poll_for(&other, &waiting, 0);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client_cleanup(&other);
    client_init(&other, world, 1);
    memcpy(other.transaction_id, client.transaction_id, sizeof other.transaction_id);
    answer = poll_for(&other, &waiting, 0);
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&other);
    waiting.message.header.sender_nonce = bytes_str("0123456789abcdef");
    answer = poll_for(&client, &waiting, 0);
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    cr_expect_eq(row_of(&client)->state, STORE_TX_WAITING);
    world->config.tolerances.until[TOLERANCE_POLL_NONCE] = TOLERANCE_NO_END;
    answer = poll_for(&client, &waiting, 0);
    cr_expect_eq(answer.result.tolerated & 1U << TOLERANCE_POLL_NONCE, 0,
                 "it is the request that is answered");
    expect_certificate(&answer, PKI_IP);
    answer_free(&waiting);
}

/* ARCHITECTURE.md, "Transactions": sent again, octet by octet, each is answered as it was. */
Test(waiting, the_same_again_gets_the_same)
{
    struct bytes request = client_request(&client, PKI_IR), poll;
    struct answer waiting = world_send(world, request), answer;

    expect_waiting(&waiting, PKI_IP);
    answer = world_send(world, request);
    expect_waiting(&answer, PKI_IP);
    cr_expect(bytes_equal(answer.message.header.sender_nonce, waiting.message.header.sender_nonce));
    cr_expect_str_eq(answer.result.event, "answered again");
    answer_free(&answer);
    client_next(&client, &waiting);
    cr_assert(pki_encode_poll_req(&poll, world->arena, 0));
    poll = client_message(&client, PKI_POLLREQ, poll);
    struct answer first = world_send(world, poll);
    expect_poll_rep(&first, 0);
    answer = world_send(world, poll);
    expect_poll_rep(&answer, 0);
    cr_expect(bytes_equal(answer.message.header.sender_nonce, first.message.header.sender_nonce));
    answer_free(&answer);
    say(&client, 0, 1);
    struct answer final = poll_for(&client, &first, 0);
    cr_assert(final.has_cert);
    answer = world_send(world, request);
    cr_assert(answer.has_cert && bytes_equal(answer.cert.der, final.cert.der));
    answer_free(&answer);
    answer_free(&waiting);
    answer_free(&first);
    answer_free(&final);
    world_check(world);
}

Test(waiting, certConf_is_too_early_and_error_ends_it)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;
    struct pki_status_info status = {.status = PKI_REJECTION};
    struct bytes body;

    cr_assert(pki_encode_cert_conf(&body, world->arena,
                                   &(struct cert_status){.cert_hash = bytes_of(client.nonce, 16)}));
    client_next(&client, &waiting);
    answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    cr_expect_not_null(strstr(answer.result.text, "waits for approval"), "%s", answer.result.text);
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_expect_eq(row_of(&client)->state, STORE_TX_WAITING);
    cr_assert(pki_encode_error(&body, world->arena, &status));
    client_next(&client, &waiting);
    answer = world_send(world, client_message(&client, PKI_ERROR, body));
    expect_pkiconf(&answer);
    cr_expect_eq(row_of(&client)->state, STORE_TX_ENDED);
    cr_expect_eq(world->request_count, 0);
    world_check(world);
    answer_free(&waiting);
}

/* Signer, keys and device are asked about again when it is issued. */
Test(waiting, what_was_blocked_meanwhile_is_refused)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;
    struct world_blocked_key *blocked = &world->blocked_keys[world->blocked_key_count++];
    uint8_t *hash = arena_alloc(world->rows, STORE_HASH);

    say(&client, 0, 1);
    digest_compute(hash, DIGEST_SHA256, private_key_spki(client.key));
    blocked->row = (struct store_blocked_key){.spki_hash = bytes_of(hash, STORE_HASH), .reason = 1};
    memcpy(blocked->issuer, world->ca.id, STORE_ISSUER_ID);
    answer = poll_for(&client, &waiting, 0);
    cr_expect_eq(row_of(&client)->state, STORE_TX_ENDED);
    cr_expect_eq(world->request_count + world->approval_count, 0);
    cr_expect_eq(world->cert_count, 0);
    cr_expect(answer.result.refused);
    answer_free(&answer);
    world_check(world);
    answer_free(&waiting);
}

/* So is who is not trusted any more: the proof of the request is judged again. */
Test(waiting, who_is_not_trusted_any_more_gets_nothing)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;
    struct trust nobody = {.count = 0};

    say(&client, 0, 1);
    world->profile.trust = &nobody;
    answer = poll_for(&client, &waiting, 0);
    cr_expect_eq(row_of(&client)->state, STORE_TX_ENDED);
    cr_expect_eq(world->request_count + world->approval_count + world->cert_count, 0);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    world_check(world);
    answer_free(&waiting);
}

/* What the poll has noted is of another operation than the request: nothing of it is freed as that's. */
Test(waiting, a_policy_that_changed_meanwhile_is_told)
{
    struct answer waiting = begin_to_wait(&mac, PKI_IR, PKI_IP), answer;

    say(&mac, 0, 1);
    world->config.mac.iterations_min = mac.mac.iterations + 1;
    answer = poll_for(&mac, &waiting, 0);
    cr_expect(answer.result.refused);
    cr_expect_eq(world->cert_count, 0);
    answer_free(&answer);
    answer_free(&waiting);
}

/* The secret was used when the request came. */
Test(waiting, a_secret_may_expire_meanwhile)
{
    world->secrets[0].row.expires = world->now + 60;
    struct answer waiting = begin_to_wait(&mac, PKI_IR, PKI_IP), answer;

    say(&mac, 0, 1);
    world->now += 61;
    answer = poll_for(&mac, &waiting, 0);
    expect_certificate(&answer, PKI_IP);
    answer_free(&waiting);
}

/* Approvers have signed for its profile: a poll by another path does not make another one of it. */
Test(waiting, a_profile_that_is_gone_is_no_other_one)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), answer;

    say(&client, 0, 1);
    world->config.name = "renamed";
    answer = poll_for(&client, &waiting, 0);
    expect_error(&answer, PKI_SYSTEM_FAILURE);
    cr_expect_eq(world->cert_count, 0);
    answer_free(&waiting);
}

/* A refusal that leaves it waiting has the nonce that the next poll repeats. */
Test(waiting, after_a_fault_of_the_store_polling_goes_on)
{
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), fault, answer;

    world->fetches_seen = 0;
    world->fail_fetch_at = 2;
    fault = poll_for(&client, &waiting, 0);
    world->fail_fetch_at = 0;
    cr_assert_eq(fault.result.fail_info, PKI_SYSTEM_UNAVAIL);
    answer = poll_for(&client, &fault, 0);
    expect_poll_rep(&answer, 0);
    answer_free(&fault);
    answer_free(&answer);
    answer_free(&waiting);
}

/* ---- bounds ---- */

/* Who gives up and begins anew, again and again, does not use up what there is for all. */
Test(waiting, so_many_of_a_sender_come_to_wait_in_a_day)
{
    struct pki_status_info status = {.status = PKI_REJECTION};
    struct bytes body;

    world->config.approve.open = 1;
    world->config.approve.per_day = 10 * BOUND_WAITING_A_DAY;
    cr_assert(pki_encode_error(&body, world->arena, &status));
    for (int i = 0; i < BOUND_WAITING_A_DAY; i++) {
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        struct answer waiting = world_send(world, client_request(&client, PKI_IR)), ended;
        expect_waiting(&waiting, PKI_IP);
        client_next(&client, &waiting);
        ended = world_send(world, client_message(&client, PKI_ERROR, body));
        expect_pkiconf(&ended);
        answer_free(&waiting);
    }
    client.transaction_id[0]++;
    client.header.recip_nonce = bytes_of(NULL, 0);
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    world->now += DAY;
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_waiting(&answer, PKI_IP);
    answer_free(&answer);
}

static void refused(struct client *who, enum pki_failure failure, const char *setting)
{
    who->transaction_id[0]++;
    who->header.recip_nonce = bytes_of(NULL, 0);
    struct answer answer = world_send(world, client_request(who, PKI_IR));
    cr_expect_str_eq(answer.result.setting, setting);
    expect_refusal(&answer, PKI_IP, failure);
}

Test(waiting, so_many_of_a_sender_wait_at_the_same_time)
{
    struct answer first = begin_to_wait(&client, PKI_IR, PKI_IP), second, denied;

    client.transaction_id[0]++;
    second = begin_to_wait(&client, PKI_IR, PKI_IP);
    refused(&client, PKI_BAD_REQUEST, "profiles[0].approve.open");
    struct answer other = begin_to_wait(&mac, PKI_IR, PKI_IP); /* of somebody else */
    answer_free(&other);
    client.transaction_id[0]--;
    client_next(&client, &second);
    say(&client, 0, 0);
    denied = poll_for(&client, &second, 0);
    expect_refusal(&denied, PKI_IP, PKI_NOT_AUTHORIZED);
    client.transaction_id[0] += 2;
    client.header.recip_nonce = bytes_of(NULL, 0);
    struct answer third = begin_to_wait(&client, PKI_IR, PKI_IP);
    answer_free(&third);
    answer_free(&first);
    answer_free(&second);
}

Test(waiting, so_many_of_a_profile_begin_to_wait_in_a_day)
{
    world->config.approve.per_day = 1;
    struct answer first = begin_to_wait(&client, PKI_IR, PKI_IP);
    refused(&mac, PKI_NOT_AUTHORIZED, "profiles[0].approve.per_day");
    world->now += DAY;
    mac.transaction_id[0]++;
    struct answer second = world_send(world, client_request(&mac, PKI_IR));
    expect_waiting(&second, PKI_IP);
    answer_free(&first);
    answer_free(&second);
}

/* ---- rules ---- */

static void know_devices(enum config_devices devices)
{
    world->settings.vendors = &vendor;
    world->settings.vendor_count = 1;
    for (size_t i = 0; i < world->trust.count; i++)
        world->trust.items[i].owner = vendor.name;
    world->config.devices = devices;
    world->config.once = (struct config_once){.slots = 1};
}

Test(waiting, names_that_are_strange)
{
    world->config.approve.when = CONFIG_APPROVE_NAMES;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    world_forget(world);
    world->decide_strangely = 1;
    client.transaction_id[0]++;
    answer = begin_to_wait(&client, PKI_IR, PKI_IP);
    cr_expect_eq(request_of(&client)->rules, CONFIG_APPROVE_NAMES);
    answer_free(&answer);
}

Test(waiting, a_device_that_is_not_listed_is_listed_by_approval)
{
    know_devices(CONFIG_DEVICES_LISTED);
    world->config.approve.when = CONFIG_APPROVE_UNKNOWN_DEVICE;
    struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP), final;
    cr_expect_eq(world->device_count, 0);
    cr_expect_eq(request_of(&client)->rules, CONFIG_APPROVE_UNKNOWN_DEVICE);
    say(&client, 0, 1);
    final = poll_for(&client, &waiting, 0);
    expect_certificate(&final, PKI_IP);
    cr_expect_eq(world->device_count, 1);
    world_check(world);
    answer_free(&waiting);
}

/* One that was approved for another reason is not approved for this one. */
Test(waiting, a_second_certificate_of_a_device)
{
    struct answer answer, waiting;

    know_devices(CONFIG_DEVICES_RECORD);
    world->config.approve.when = CONFIG_APPROVE_SECOND_CERTIFICATE;
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client_cleanup(&client);
    client_init(&client, world, 0);
    client.header.implicit_confirm = 1;
    waiting = world_send(world, client_request(&client, PKI_IR));
    client.header.implicit_confirm = 0;
    expect_waiting(&waiting, PKI_IP);
    cr_expect_eq(request_of(&client)->rules, CONFIG_APPROVE_SECOND_CERTIFICATE);
    say(&client, 0, 1);
    answer = poll_for(&client, &waiting, 0);
    expect_certificate(&answer, PKI_IP);
    cr_expect_eq(world->cert_count, 2);
    answer_free(&waiting);

    world->config.approve.when = CONFIG_APPROVE_ALWAYS;
    client_cleanup(&client);
    client_init(&client, world, 0);
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_DUPLICATE_CERT_REQ);
}

/* RFC 9483 3.6.4: "When a PKI management entity indicates delayed delivery of a CMP response message to the
 * EE with an error message as described in Section 4.4, the status "waiting" MUST be used there." RFC
 * 9483 4.4 pKIStatusInfo: "REQUIRED -- in case of error response" RFC 9483 4.4: "PKIStatusInfo structure MUST
 * be present" */
Test(waiting, a_revocation)
{
    struct ctl_identity own;
    struct answer answer, waiting;

    world->config.approve.when = CONFIG_APPROVE_REVOCATION;
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client.header.implicit_confirm = 0;
    client_adopt(&client, &answer, &own);
    struct bytes rr = client_revoke(&client, &own.cert, 1);
    waiting = world_send(world, rr);
    expect_waiting(&waiting, PKI_ERROR);
    struct answer again = world_send(world, rr);
    expect_waiting(&again, PKI_ERROR);
    cr_expect_eq(world->certs[0].row.status, STORE_CERT_VALID);
    say(&client, 0, 1);
    struct answer revoked = poll_for(&client, &waiting, -1);
    cr_assert_eq(revoked.body, PKI_RP, "%s", revoked.result.text);
    cr_expect_eq(revoked.status.status, PKI_ACCEPTED);
    cr_expect_eq(world->certs[0].row.status, STORE_CERT_REVOKED);
    cr_expect_eq(world->request_count + world->approval_count, 0);
    answer_free(&revoked);
    revoked = world_send(world, rr);
    cr_assert_eq(revoked.body, PKI_RP);
    cr_expect_eq(revoked.status.status, PKI_ACCEPTED);
    answer_free(&answer);
    answer_free(&again);
    answer_free(&waiting);
    answer_free(&revoked);
    ctl_identity_cleanup(&own);
}

Test(waiting, a_revocation_that_is_denied_revokes_nothing)
{
    struct ctl_identity own;
    struct answer answer, waiting;

    world->config.approve.when = CONFIG_APPROVE_REVOCATION;
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client.header.implicit_confirm = 0;
    client_adopt(&client, &answer, &own);
    struct bytes rr = client_revoke(&client, &own.cert, 1);
    waiting = world_send(world, rr);
    say(&client, 0, 0);
    struct answer denied = poll_for(&client, &waiting, -1);
    expect_refusal(&denied, PKI_RP, PKI_NOT_AUTHORIZED);
    denied = world_send(world, rr);
    expect_refusal(&denied, PKI_RP, PKI_NOT_AUTHORIZED);
    cr_expect_eq(world->certs[0].row.status, STORE_CERT_VALID);
    answer_free(&answer);
    answer_free(&waiting);
    ctl_identity_cleanup(&own);
}

/* ---- faults of the store, at each step ---- */

Test(waiting, a_store_that_fails_loses_nothing)
{
    for (unsigned at = 1; at < 12; at++)
        for (int commit = 0; commit < 2; commit++) {
            world_forget(world);
            client.transaction_id[0]++;
            client.header.recip_nonce = bytes_of(NULL, 0);
            struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP);
            say(&client, 0, 1);
            world->fetches_seen = world->commits_seen = 0;
            *(commit ? &world->fail_commit_at : &world->fail_fetch_at) = at;
            world->commit_fault = STORE_UNAVAILABLE;
            struct answer answer = poll_for(&client, &waiting, 0);
            world->fail_fetch_at = world->fail_commit_at = 0;
            world_check(world);
            if (!answer.has_cert) {
                cr_expect_eq(answer.result.fail_info, PKI_SYSTEM_UNAVAIL, "%u: %s", at, answer.result.text);
                cr_expect_eq(row_of(&client)->state, STORE_TX_WAITING);
                answer_free(&answer);
                answer = poll_for(&client, &waiting, 0);
            }
            expect_certificate(&answer, PKI_IP);
            answer_free(&waiting);
        }
}

Test(waiting, an_outcome_that_is_not_known_is_found_out)
{
    for (int done = 0; done < 2; done++) {
        world_forget(world);
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        struct answer waiting = begin_to_wait(&client, PKI_IR, PKI_IP);
        say(&client, 0, 1);
        world->commits_seen = 0;
        world->fail_commit_at = 1;
        world->commit_fault = STORE_UNKNOWN;
        world->unknown_was_done = done;
        struct answer answer = poll_for(&client, &waiting, 0);
        world->fail_commit_at = 0;
        cr_expect_eq(answer.has_cert, done);
        answer_free(&answer);
        answer_free(&waiting);
        world_check(world);
    }
}

/* ---- several requests in one message ---- */

/* What has to be approved comes alone: it is told so, and nothing waits. */
Test(waiting, of_several_requests_none_waits)
{
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2));

    cr_assert_eq(answer.part_count, 2);
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(answer.parts[i].status.fail_info, UINT64_C(1) << PKI_BAD_REQUEST);
    cr_expect_eq(world->request_count, 0);
    cr_expect_eq(world->tx_count, 0);
    answer_free(&answer);
}

/* Whoever lost the answer with several certificates polls for it. */
Test(waiting, an_answer_with_several_certificates_is_polled_for)
{
    world->config.approve.when = 0;
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, several_requests(&client, PKI_IR, 2)), polled;
    cr_assert_eq(answer.part_count, 2);
    for (int64_t id = -1; id < 2; id++) {
        polled = poll_for(&client, &answer, id);
        cr_assert_eq(polled.body, PKI_IP, "%s", polled.result.text);
        cr_expect(bytes_equal(polled.message.body, answer.message.body));
        answer_free(&polled);
    }
    answer_free(&answer);
}

/* RFC 9810 section 7: an answer has the version of what it answers, which is the poll. */
Test(waiting, the_final_answer_has_the_version_of_the_poll)
{
    for (int64_t pvno = PKI_CMP2000; pvno <= PKI_CMP2021; pvno++) {
        world_forget(world);
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        client.header.pvno = pvno;
        struct answer first = begin_to_wait(&client, PKI_IR, PKI_IP), final;
        say(&client, 0, 1);
        client.header.pvno = PKI_CMP2000 + PKI_CMP2021 - pvno;
        final = poll_for(&client, &first, 0);
        cr_assert(final.has_cert, "%s", final.result.text);
        cr_expect_eq(final.message.header.pvno, client.header.pvno);
        answer_free(&first);
        answer_free(&final);
    }
}
