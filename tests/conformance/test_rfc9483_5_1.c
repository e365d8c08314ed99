/* RFC 9483 5.1: what is sent to a PKI management entity is answered. */
#include "server/pki/polling.h"
#include "server/pki/revocation.h"
#include "tests/support/approvers.h"
#include "tests/unit/cmp/general.h"

TestSuite(rfc9483_5_1, .init = set_up, .fini = tear_down);

static struct ctl_identity own;

static void expect_answer(struct client *who, struct bytes request, int response)
{
    struct answer answer = world_send(world, request);

    cr_assert_eq(answer.body, response, "body %s: %s", pki_body_name(answer.body), answer.result.text);
    answer_free(&answer);
    who->transaction_id[0]++;
    who->header.recip_nonce = nothing();
}

/* An enrollment by |body|, answered by |response|, confirmed unless that was granted before. */
static struct answer enroll(struct client *who, int body, int response)
{
    struct answer answer = world_send(world, client_request(who, body));

    cr_assert_eq(answer.body, response, "body %s: %s", pki_body_name(answer.body), answer.result.text);
    cr_assert(answer.has_cert);
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    if (!answer.message.header.implicit_confirm) {
        struct answer confirmed = world_send(world, client_confirm(who, &answer, -1));
        expect_pkiconf(&confirmed);
    }
    cr_assert_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_VALID);
    who->header.recip_nonce = nothing();
    return answer;
}

/* RFC 9810 6: "This section deals with functions that are "mandatory" in the sense that all end entity
 * and CA/RA implementations MUST be able to provide the functionality described."
 * RFC 9810 6: "This part is effectively the profile of the PKI management functionality that MUST be
 * supported."
 * RFC 9810 6: "See Section 7 of [RFC9483] and Appendix C for profiles of the PKIMessage structures that
 * MUST be supported for specific use cases."
 * RFC 9810 6.5: "If PKIMessages are used to request and supply this PKI information, then the request
 * MUST be the GenMsg message, the response MUST be the GenRep message, and the error MUST be the Error
 * message."
 * RFC 9810 B: "A digital signature or DH/KEM-based message protection on the request -- REQUIRED to
 * support […] prior to re-certification of another key pair)."
 * RFC 9810 C: "This appendix contains detailed profiles for those PKIMessages that MUST be supported by
 * conforming implementations (see Section 6)."
 * RFC 9810 C.4: "For simplicity, we also mandate that this message MUST be the final one (i.e., no use of
 * "waiting" status value)."
 * RFC 9810 C.5: "* protectionAlg of MSG_SIG_ALG MUST be supported (MSG_MAC_ALG MAY also be supported) in
 * request, response, certConf, and pkiconf messages;"
 * RFC 9810 C.6: "* protectionAlg of MSG_SIG_ALG MUST be supported (MSG_MAC_ALG MAY also be supported) in
 * request, response, certConfirm, and PKIConfirm messages;"
 * RFC 9483 5.1: "The PKI management entity terminating the PKI management operation at CMP level MUST
 * respond to all received requests by returning a related CMP response message or an error."
 * RFC 9483 5.1.1: "The responding PKI management entity MUST proceed as follows unless it initiates delayed
 * delivery as described in Section 5.1.5."
 * RFC 9483 5.1.1: "If the requested certificate is available, the PKI management entity MUST respond with a
 * positive ip/cp/kup message as described in Section 4.1."
 * RFC 9483 5.1.2: "A PKI management entity MUST handle a certConf message if it has responded before with a
 * positive ip/cp/kup message not granting implicit confirmation."
 * RFC 9483 5.1.3: "On success, it MUST respond with a positive rp message, as described in Section 4.2."
 * RFC 9483 5.1.4: "On success, it MUST respond with a genp message as described there."
 * RFC 9483 7.1 IR, CA: "[Table 3: Enrolling an End Entity to a New PKI, Section 4.1.1] MUST"
 * RFC 9483 7.1 KUR, CA: "[Table 3: Updating a Valid Certificate, Section 4.1.3] MUST"
 * RFC 9483 7.1 RR, RA: "[Table 3: Revoking a Certificate, Section 4.2] SHOULD"
 * RFC 9483 7.1 RR, CA: "[Table 3: Revoking a Certificate, Section 4.2] SHOULD"
 * RFC 9483 7.1 CertResp, CA: "[Table 3: Responding to a Certificate Request (IR, CR, KUR, and P10CR if
 * supported), Section 5.1.1] MUST"
 * RFC 9483 7.1 CertConf, CA: "[Table 3: Responding to a Confirmation Message, Section 5.1.2] MUST"
 * RFC 9483 7.1 RevResp, CA: "[Table 3: Responding to a Revocation Request, Section 5.1.3] SHOULD" */
Test(rfc9483_5_1, each_request_gets_the_response_that_belongs_to_it)
{
    struct answer answer = enroll(&client, PKI_IR, PKI_IP);

    answer_free(&answer);
    client.transaction_id[0]++;
    answer = enroll(&client, PKI_CR, PKI_CP);
    answer_free(&answer);
    client.transaction_id[0]++;
    answer = enroll(&client, PKI_P10CR, PKI_CP);
    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    answer = enroll(&client, PKI_KUR, PKI_KUP);
    answer_free(&answer);
    client.transaction_id[0]++;
    expect_answer(&client, client_message(&client, PKI_GENM, SEQUENCE(info(4, nothing()))), PKI_GENP);
    expect_answer(&client, client_message(&client, PKI_KRR, hex(world->arena, "30 00")), PKI_ERROR);
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    cr_assert_eq(answer.body, PKI_RP);
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    answer_free(&answer);
    cr_assert_eq(world_cert_of(world, own.cert.serial)->status, STORE_CERT_REVOKED);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 7.1 MAC, RA: "[Table 3: Using MAC-Based Protection for Enrollment (IR, CR, and P10CR if
 * supported), Section 4.1.5] SHOULD" */
Test(rfc9483_5_1, so_does_each_by_MAC)
{
    static const int cases[][2] = {{PKI_IR, PKI_IP}, {PKI_CR, PKI_CP}, {PKI_P10CR, PKI_CP}};

    for (size_t i = 0; i < 3; i++) {
        struct answer answer = enroll(&mac, cases[i][0], cases[i][1]);
        cr_assert(mac_is_mac(answer.message.header.protection_alg));
        answer_free(&answer);
        mac.transaction_id[0]++;
    }
}

/* RFC 9483 5.1.1: "If the EE requested omission of the certConf message, the PKI management entity MUST
 * handle it as described in Section 4.1.1." */
Test(rfc9483_5_1, who_wants_no_certConf_is_told_whether_one_is_awaited)
{
    for (int granted = 1; granted >= 0; granted--) {
        world->config.confirm.implicit = granted;
        client.header.implicit_confirm = 1;
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        cr_assert(answer.has_cert);
        cr_assert_eq(answer.message.header.implicit_confirm, granted);
        cr_assert_eq(answer.message.header.confirm_wait_time != 0, !granted);
        answer_free(&answer);
    }
}

/* RFC 9483 5.1.2: "It should check the message body according to the requirements given in Section 4.1.1
 * (failInfo bit: badCertId) and MUST react as described there." */
Test(rfc9483_5_1, a_certConf_that_rejects_revokes)
{
    for (int rejects = 0; rejects < 2; rejects++) {
        struct answer first = world_send(world, client_request(&client, PKI_IR));
        struct answer answer =
            world_send(world, client_confirm(&client, &first, rejects ? PKI_REJECTION : -1));
        expect_pkiconf(&answer);
        cr_assert_eq(world_cert_of(world, first.cert.serial)->status,
                     rejects ? STORE_CERT_REVOKED : STORE_CERT_VALID);
        answer_free(&first);
        client.transaction_id[0]++;
        client.header.recip_nonce = nothing();
    }
}

/* RFC 9483 5.1.3: "It MUST make sure that the referenced certificate exists (failInfo bit: badCertId),
 * has been issued by the addressed CA, and is not already expired or revoked (failInfo bit:
 * certRevoked)." An RA asks: whoever signs with the certificate itself would not get that far. */
Test(rfc9483_5_1, what_is_to_be_revoked_exists_and_is_neither_expired_nor_revoked)
{
    static const uint8_t unknown[] = {0x0c, 1, 2, 3};
    struct answer first = enroll(&client, PKI_IR, PKI_IP), answer;
    struct store_cert *row = world_cert_of(world, first.cert.serial);
    struct certificate other = first.cert;
    struct ctl_identity ra;
    struct trust ras = {.count = 0};

    issue_ra(world, &ra, &ras);
    world->profile.ras = &ras;
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    client.transaction_id[0]++;
    other.serial = bytes_of(unknown, sizeof unknown);
    answer = world_send(world, client_revoke(&client, &other, 1));
    expect_refusal(&answer, PKI_RP, PKI_BAD_CERT_ID);
    other = first.cert;
    other.issuer = world->vendor_ca.cert.subject;
    answer = world_send(world, client_revoke(&client, &other, 1));
    expect_refusal(&answer, PKI_RP, PKI_WRONG_AUTHORITY);
    row->not_after = world->now - 1;
    answer = world_send(world, client_revoke(&client, &first.cert, 1));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
    row->not_after = world->now + 1;
    row->status = STORE_CERT_REVOKED;
    answer = world_send(world, client_revoke(&client, &first.cert, 1));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
    trust_cleanup(&ras);
    ctl_identity_cleanup(&ra);
    answer_free(&first);
}
