/* RFC 9483 4.4: delayed delivery; the answer with status "waiting", pollReq, pollRep and the final answer,
 * field by field. */
#include "server/pki/polling.h"
#include "server/pki/revocation.h"
#include "tests/support/approvers.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

enum { CHECK_AFTER = 77, WAITING = 3 }; /* seconds; PKIStatus of RFC 9810 5.2.3 */

static void set_up_approvers(void)
{
    set_up();
    approvers_make(world);
    world->config.approve = (struct config_approve_rules){.when = CONFIG_APPROVE_ALWAYS,
                                                          .approvals = 1,
                                                          .check_after_seconds = CHECK_AFTER,
                                                          .expire_hours = 2,
                                                          .per_day = 100,
                                                          .open = 2};
}

static void tear_down_approvers(void)
{
    approvers_free();
    tear_down();
}

TestSuite(rfc9483_4_4, .init = set_up_approvers, .fini = tear_down_approvers);

static struct answer poll_with(struct client *who, const struct answer *after, struct bytes body)
{
    client_next(who, after);
    return world_send(world, client_message(who, PKI_POLLREQ, body));
}

static struct answer poll_for(struct client *who, const struct answer *after, int64_t cert_req_id)
{
    struct bytes body;

    cr_assert(pki_encode_poll_req(&body, world->arena, cert_req_id));
    return poll_with(who, after, body);
}

/* PKIStatusInfo taken apart by its tags: the status alone, and texts. */
static void expect_waiting(CBS *cbs)
{
    int64_t status;
    CBS info;
    int has_text;

    cr_assert(CBS_get_asn1(cbs, &info, CBS_ASN1_SEQUENCE) && der_get_int64(&info, &status));
    cr_assert_eq(status, WAITING);
    cr_assert(CBS_get_optional_asn1(&info, NULL, &has_text, CBS_ASN1_SEQUENCE));
    cr_assert_eq(CBS_len(&info), 0, "failInfo");
}

static void expect_protected(const struct answer *answer, const struct client *who)
{
    cr_assert(answer->message.has_protection);
    cr_assert_eq(mac_is_mac(answer->message.header.protection_alg), who->signer == NULL);
}

/* ---- waiting ---- */

/* RFC 9483 4.4 waiting.body.status: "REQUIRED -- in case of ip/cp/kup"
 * RFC 9483 4.4 waiting.body.pKIStatusInfo.status: "REQUIRED"
 * RFC 9483 4.4: "MUST be status "waiting""
 * RFC 9483 4.4 failInfo: "PROHIBITED"
 * RFC 9483 4.4 waiting.protection: "REQUIRED"
 * RFC 9483 5.1.5: "In the meantime, it MUST respond with an ip/cp/kup/error message including the status
 * "waiting" and handle subsequent polling as described in Section 4.4." */
Test(rfc9483_4_4, an_ip_or_cp_that_waits_has_its_fields)
{
    static const struct {
        int body, response, id;
    } cases[] = {{PKI_IR, PKI_IP, 0}, {PKI_CR, PKI_CP, 0}, {PKI_P10CR, PKI_CP, -1}};
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < sizeof cases / sizeof cases[0]; j++) {
            int64_t id;
            CBS cbs, content, list, response;
            world_forget(world);
            clients[i]->transaction_id[0]++;
            struct answer answer = world_send(world, client_request(clients[i], cases[j].body));
            cr_assert_eq(answer.body, cases[j].response);
            cbs = cbs_of(answer.message.body);
            cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
                      CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0);
            cr_assert(CBS_get_asn1(&list, &response, CBS_ASN1_SEQUENCE) && CBS_len(&list) == 0);
            cr_assert(der_get_int64(&response, &id) && id == cases[j].id);
            expect_waiting(&response);
            cr_assert_eq(CBS_len(&response), 0, "certifiedKeyPair");
            expect_protected(&answer, clients[i]);
            answer_free(&answer);
        }
}

/* RFC 9483 4.4 waiting.body.pKIStatusInfo: "REQUIRED -- in case of error response"
 * RFC 9483 4.4: "PKIStatusInfo structure MUST be present"
 * RFC 9483 4.4: "MUST be status "waiting""
 * RFC 9483 4.4 failInfo: "PROHIBITED" */
Test(rfc9483_4_4, an_error_that_waits_has_its_fields)
{
    struct ctl_identity own;
    CBS cbs, content;

    world->config.approve.when = CONFIG_APPROVE_REVOCATION;
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client.header.implicit_confirm = 0;
    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    cr_assert_eq(answer.body, PKI_ERROR);
    cbs = cbs_of(answer.message.body);
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
    expect_waiting(&content);
    cr_assert_eq(CBS_len(&content), 0);
    expect_protected(&answer, &client);
    struct answer polled = poll_for(&client, &answer, -1);
    cr_assert_eq(polled.body, PKI_POLLREP);
    answer_free(&polled);
    answer_free(&answer);
    ctl_identity_cleanup(&own);
}

/* ---- pollReq and pollRep ---- */

/* RFC 9483 4.4 pollReq.certReqId: "REQUIRED" */
Test(rfc9483_4_4, a_pollReq_has_a_certReqId)
{
    static const char *const bad[] = {"30 00", "30 02 30 00", "05 00"};
    struct answer waiting = world_send(world, client_request(&client, PKI_IR));

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct answer answer = poll_with(&client, &waiting, hex(world->arena, bad[i]));
        expect_error(&answer, PKI_BAD_DATA_FORMAT);
    }
    answer_free(&waiting);
}

static void expect_refused(struct client *who, const struct answer *waiting, struct bytes transaction_id,
                           enum pki_failure failure)
{
    memcpy(who->transaction_id, transaction_id.data, sizeof who->transaction_id);
    struct answer answer = poll_for(who, waiting, 0);
    expect_error(&answer, failure);
}

/* RFC 9483 4.4: "MUST use the same credentials as in the first request message of the PKI management
 * operation"
 * A secret that is good, and is another one; a secret and a signature of who may enroll as well. */
Test(rfc9483_4_4, a_pollReq_has_the_credentials_of_its_request)
{
    struct world_secret *second = &world->secrets[world->secret_count++];
    struct answer of_mac, of_device, answer;
    struct bytes transaction_id;

    *second = world->secrets[0];
    second->row.reference = bytes_str("station-2");
    cr_assert(cmp_seal_secret(&second->row.sealed, world->arena, world->settings.seal_key,
                              bytes_of(world->ca.id, STORE_ISSUER_ID), second->row.reference, world->secret));
    of_mac = world_send(world, client_request(&mac, PKI_IR));
    transaction_id = arena_copy(world->arena, mac.header.transaction_id);
    mac.header.sender_kid = second->row.reference;
    expect_refused(&mac, &of_mac, transaction_id, PKI_WRONG_INTEGRITY);
    mac.header.sender_kid = world->reference;
    answer = poll_for(&mac, &of_mac, 0);
    cr_assert_eq(answer.body, PKI_POLLREP);
    answer_free(&answer);
    client.transaction_id[1]++;
    of_device = world_send(world, client_request(&client, PKI_IR));
    transaction_id = arena_copy(world->arena, client.header.transaction_id);
    expect_refused(&mac, &of_device, transaction_id, PKI_WRONG_INTEGRITY);
    answer = poll_for(&client, &of_device, 0);
    cr_assert_eq(answer.body, PKI_POLLREP);
    answer_free(&answer);
    answer_free(&of_device);
    answer_free(&of_mac);
}

/* RFC 9483 4.4 pollRep: "REQUIRED"
 * RFC 9483 4.4 pollRep.certReqId: "REQUIRED"
 * RFC 9483 4.4 pollRep.certReqId: "MUST be 0 if referring to a CertResponse element, else -1"
 * RFC 9483 4.4 pollRep.checkAfter: "REQUIRED"
 * RFC 9483 4.4: "MUST be the time in seconds to elapse before a new pollReq should be sent"
 * RFC 9483 4.4 pollRep.protection: "REQUIRED"
 * RFC 9483 4.4: "MUST use the same credentials as in the first response message of the PKI management
 * operation"
 * RFC 9483 4.4 pollRep.extraCerts: "RECOMMENDED" */
Test(rfc9483_4_4, a_pollRep_has_its_fields)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct answer waiting = world_send(world, client_request(clients[i], PKI_IR)), last = waiting;
        for (int64_t id = 0; id >= -1; id--) {
            struct answer answer = poll_for(clients[i], &last, id);
            CBS cbs = cbs_of(answer.message.body), list, entry;
            int64_t got, after;
            int has_reason;
            cr_assert_eq(answer.body, 26); /* pollRep [26], RFC 9810 5.1.2 */
            cr_assert(CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) &&
                      CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && CBS_len(&list) == 0);
            cr_assert(der_get_int64(&entry, &got) && der_get_int64(&entry, &after));
            cr_assert_eq(got, id);
            cr_assert_eq(after, CHECK_AFTER);
            cr_assert(CBS_get_optional_asn1(&entry, NULL, &has_reason, CBS_ASN1_SEQUENCE) &&
                      CBS_len(&entry) == 0);
            expect_protected(&answer, clients[i]);
            cr_assert(bytes_equal(answer.message.header.sender_kid, waiting.message.header.sender_kid));
            cr_assert_eq(answer.message.extra_cert_count, waiting.message.extra_cert_count);
            cr_assert(clients[i]->signer == NULL || answer.message.extra_cert_count != 0);
            if (id < 0)
                answer_free(&last);
            last = answer;
        }
        answer_free(&last);
        answer_free(&waiting);
    }
}

/* ---- the final answer ---- */

/* RFC 9483 4.4 final.header: "MUST be the header, as described for the response message of the respective
 * PKI management operation"
 * RFC 9483 4.4 final.protection: "REQUIRED"
 * RFC 9483 4.4 final.protection: "MUST be as described for the response message of the respective PKI
 * management operation"
 * RFC 9483 4.4 final.extraCerts: "REQUIRED"
 * RFC 9483 4.4 final.extraCerts: "MUST be as described for the response message of the respective PKI
 * management operation"
 * It is what it would have been without a wait. */
Test(rfc9483_4_4, the_final_answer_is_as_one_without_a_wait)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++)
        for (int implicit = 0; implicit < 2; implicit++) {
            struct client *who = clients[i];
            struct answer direct, waiting, final;
            world_forget(world);
            who->header.recip_nonce = bytes_of(NULL, 0);
            who->header.implicit_confirm = implicit;
            who->transaction_id[0]++;
            world->config.approve.when = 0;
            direct = world_send(world, client_request(who, PKI_IR));
            cr_assert(direct.has_cert);
            who->transaction_id[0]++;
            world->config.approve.when = CONFIG_APPROVE_ALWAYS;
            waiting = world_send(world, client_request(who, PKI_IR));
            approvers_say(world, who->header.transaction_id, 0, 1);
            who->header.implicit_confirm = 0;
            final = poll_for(who, &waiting, 0);
            cr_assert(final.has_cert, "%s", final.result.text);
            const struct pki_message *a = &direct.message, *b = &final.message;
            cr_assert_eq(final.body, PKI_IP);
            cr_assert_eq(b->header.pvno, a->header.pvno);
            cr_assert(bytes_equal(b->header.sender, a->header.sender));
            cr_assert(bytes_equal(b->header.recipient, a->header.recipient));
            cr_assert(bytes_equal(b->header.sender_kid, a->header.sender_kid));
            cr_assert(bytes_equal(b->header.transaction_id, who->header.transaction_id));
            cr_assert(b->header.has_message_time && b->header.message_time == world->now);
            cr_assert_eq(b->header.implicit_confirm, implicit);
            cr_assert_eq(b->header.confirm_wait_time != 0, !implicit);
            cr_assert(bytes_equal(b->header.protection_alg, a->header.protection_alg));
            expect_protected(&final, who);
            cr_assert_gt(b->extra_cert_count, 0);
            cr_assert_eq(b->extra_cert_count, a->extra_cert_count);
            for (size_t cert = 0; cert < a->extra_cert_count; cert++)
                cr_assert(bytes_equal(b->extra_certs[cert], a->extra_certs[cert]));
            answer_free(&direct);
            answer_free(&waiting);
            answer_free(&final);
        }
}
