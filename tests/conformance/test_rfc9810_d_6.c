/* RFC 9810 D.6: cross-certification, ccr and ccp. */
#include "server/pki/polling.h"
#include "tests/support/approvers.h"
#include "tests/unit/cmp/fixture.h"

static const struct config_cross cross;

static void set_up_cross(void)
{
    set_up();
    approvers_make(world);
    world->config.cross = &cross;
    world->config.approve = (struct config_approve_rules){.when = CONFIG_APPROVE_ALWAYS,
                                                          .approvals = 1,
                                                          .check_after_seconds = 1,
                                                          .expire_hours = 1,
                                                          .per_day = 100,
                                                          .open = 8};
}

static void tear_down_cross(void)
{
    approvers_free();
    tear_down();
}

TestSuite(rfc9810_d_6, .init = set_up_cross, .fini = tear_down_cross);

/* CertRepMessage taken apart by its tags (RFC 9810 5.3.4). */
struct raw_rep {
    size_t responses;
    int64_t status;
    int has_fail_info, has_key_pair;
};

static struct raw_rep raw_rep(const struct answer *answer)
{
    struct raw_rep out = {.responses = 0};
    CBS cbs = cbs_of(answer->message.body), content, list, entry, status;
    int has_text;
    int64_t id;

    cr_assert_eq(answer->body, 14); /* ccp [14], RFC 9810 5.1.2 */
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
              CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0);
    for (; CBS_len(&list) != 0; out.responses++) {
        cr_assert(CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_get_int64(&entry, &id) &&
                  CBS_get_asn1(&entry, &status, CBS_ASN1_SEQUENCE) && der_get_int64(&status, &out.status));
        cr_assert(CBS_get_optional_asn1(&status, NULL, &has_text, CBS_ASN1_SEQUENCE) &&
                  CBS_get_optional_asn1(&status, NULL, &out.has_fail_info, CBS_ASN1_BITSTRING) &&
                  CBS_len(&status) == 0);
        cr_assert(CBS_get_optional_asn1(&entry, NULL, &out.has_key_pair, CBS_ASN1_SEQUENCE) &&
                  CBS_len(&entry) == 0);
    }
    return out;
}

/* RFC 9810 D.6 ccr.transactionID: "[If already in use at responding CA, then a rejection message MUST be
 * produced by responding CA]" */
Test(rfc9810_d_6, a_transactionID_in_use_is_refused)
{
    struct answer answer = world_send(world, client_request(&client, PKI_CCR));

    cr_assert_eq(answer.status.status, PKI_WAITING, "%s", answer.result.text);
    answer_free(&answer);
    answer = world_send(world, client_request(&client, PKI_CCR));
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    cr_assert_eq(world->request_count, 1);
}

/* RFC 9810 D.6 ccp.body: "if multiple cross-certificates are required, they MUST be packaged in separate
 * PKIMessages"
 * RFC 9810 D.6: "if PKIStatusInfo.status is one of: accepted, or grantedWithMods, then certifiedKeyPair MUST
 * be present and failInfo MUST be absent"
 * RFC 9810 D.6: "if PKIStatusInfo.status is: rejection, then certifiedKeyPair MUST be absent and failInfo
 * MUST be present and contain appropriate bit settings" */
Test(rfc9810_d_6, a_ccp_has_what_belongs_to_its_status)
{
    static const struct {
        int modified, approved, status;
    } cases[] = {{0, 1, PKI_ACCEPTED}, {1, 1, PKI_GRANTED_WITH_MODS}, {0, 0, PKI_REJECTION}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer waiting, answer;
        struct bytes body;
        world->decide_modifies = cases[i].modified;
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        waiting = world_send(world, client_request(&client, PKI_CCR));
        cr_assert_eq(waiting.status.status, PKI_WAITING, "%s", waiting.result.text);
        approvers_say(world, client.header.transaction_id, 0, cases[i].approved);
        client_next(&client, &waiting);
        cr_assert(pki_encode_poll_req(&body, world->arena, 0));
        answer = world_send(world, client_message(&client, PKI_POLLREQ, body));
        struct raw_rep rep = raw_rep(&answer);
        cr_assert_eq(rep.responses, 1);
        cr_assert_eq(rep.status, cases[i].status, "%s", answer.result.text);
        cr_assert_eq(rep.has_key_pair, cases[i].status != PKI_REJECTION);
        cr_assert_eq(rep.has_fail_info, cases[i].status == PKI_REJECTION);
        if (cases[i].status == PKI_REJECTION)
            cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_NOT_AUTHORIZED);
        answer_free(&waiting);
        answer_free(&answer);
    }
}
