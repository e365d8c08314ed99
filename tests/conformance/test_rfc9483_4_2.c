/* RFC 9483 4.2: revocation, rr and rp. */
#include "server/pki/revocation.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct client client;    /* signs with |own| */
static struct ctl_identity own; /* enrolled and confirmed */

static void set_up(void)
{
    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&confirmed);
    client_adopt(&client, &first, &own);
    answer_free(&first);
}

static void tear_down(void)
{
    client_cleanup(&client);
    ctl_identity_cleanup(&own);
    world_free(world);
}

TestSuite(rfc9483_4_2, .init = set_up, .fini = tear_down);

static enum store_cert_status status_of(const struct certificate *cert)
{
    return world_cert_of(world, cert->serial)->status;
}

/* RevRepContent taken apart by its tags (RFC 9810 5.3.10): status SEQUENCE OF PKIStatusInfo, revCerts [0],
 * crls [1]. */
struct raw_rep {
    size_t count;
    int64_t status;
    int has_text, has_fail_info;
    size_t more; /* octets after status */
};

static struct raw_rep raw_rep(const struct answer *answer)
{
    struct raw_rep out = {.count = 0};
    CBS cbs = cbs_of(answer->message.body), content, list, info;

    cr_assert_eq(answer->body, 12); /* rp [12], RFC 9810 5.1.2 */
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
              CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE));
    for (; CBS_len(&list) != 0; out.count++) {
        cr_assert(CBS_get_asn1(&list, &info, CBS_ASN1_SEQUENCE) && der_get_int64(&info, &out.status));
        cr_assert(CBS_get_optional_asn1(&info, NULL, &out.has_text, CBS_ASN1_SEQUENCE));
        cr_assert(CBS_get_optional_asn1(&info, NULL, &out.has_fail_info, CBS_ASN1_BITSTRING));
        cr_assert_eq(CBS_len(&info), 0);
    }
    out.more = CBS_len(&content);
    return out;
}

/* RFC 9483 4.2: "In the case no generic error occurred, the response to the rr MUST be an rp message
 * containing a single status field."
 * RFC 9483 4.2 rp: "REQUIRED"
 * RFC 9483 4.2 rp.status: "REQUIRED"
 * RFC 9483 4.2: "MUST contain a sequence of one element of type PKIStatusInfo"
 * RFC 9483 4.2 status.status: "REQUIRED"
 * RFC 9483 4.2: "MUST be absent if the status is "accepted""
 * RFC 9483 4.2 rp.protection: "REQUIRED"
 * RFC 9483 4.2 rp.extraCerts: "REQUIRED" */
Test(rfc9483_4_2, an_rp_that_accepts_has_its_fields)
{
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));
    struct raw_rep rep = raw_rep(&answer);

    cr_assert_eq(rep.count, 1);
    cr_assert_eq(rep.status, 0);
    cr_assert_not(rep.has_fail_info);
    cr_assert_eq(rep.more, 0);
    cr_assert(answer.message.has_protection);
    cr_assert_geq(answer.message.extra_cert_count, 2);
    cr_assert_not(answer.result.refused);
    cr_assert_eq(status_of(&own.cert), STORE_CERT_REVOKED);
    cr_assert_eq(world_cert_of(world, own.cert.serial)->reason, 1); /* keyCompromise */
    answer_free(&answer);
}

/* RFC 9483 4.2: "In the case no generic error occurred, the response to the rr MUST be an rp message
 * containing a single status field."
 * RFC 9483 4.2: "MUST contain a sequence of one element of type PKIStatusInfo"
 * RFC 9483 4.2 status.status: "REQUIRED"
 * RFC 9483 3.6.2: "In case the PKI management entity detects an error condition, e.g., rejecting the
 * request due to policy […] cp, kup, or rp with "rejection" status, as described in Sections 4.1.1 and
 * 4.2."
 * RFC 9483 3.6.4, of failInfo: "certRevoked: Revocation is requested for a certificate that is already
 * revoked." */
Test(rfc9483_4_2, an_rp_that_rejects_has_its_fields)
{
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));

    answer_free(&answer);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    struct raw_rep rep = raw_rep(&answer);
    cr_assert_eq(rep.count, 1);
    cr_assert_eq(rep.status, 2);
    cr_assert_eq(rep.more, 0);
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
}

/* ---- what the server insists on ---- */

static void expect_refused(struct bytes request, enum pki_failure failure)
{
    struct answer answer = world_send(world, request);

    expect_refusal(&answer, PKI_RP, failure);
    cr_assert_eq(status_of(&own.cert), STORE_CERT_VALID);
    client.transaction_id[0]++;
}

/* RFC 9483 4.2: "The revocation request message MUST be signed using the certificate that is to be revoked
 * to prove the authorization to revoke."
 * RFC 9483 3.5: "The sender of a request message MUST be authorized to request the operation according to
 * PKI policies. (failInfo bit: notAuthorized)" */
Test(rfc9483_4_2, an_rr_is_signed_with_the_certificate_to_be_revoked)
{
    struct client other;
    struct ctl_identity second;

    /* Another device of the same CA, the same vendor's device, and somebody with a shared secret. */
    client_init(&other, world, 0);
    struct answer first = world_send(world, client_request(&other, PKI_IR));
    struct answer answer = world_send(world, client_confirm(&other, &first, -1));
    expect_pkiconf(&answer);
    client_adopt(&other, &first, &second);
    expect_refused(client_revoke(&other, &own.cert, 1), PKI_NOT_AUTHORIZED);
    other.transaction_id[0]++;
    client_sign_by(&other, &world->device, &world->vendor_ca.cert_der, 1);
    expect_refused(client_revoke(&other, &own.cert, 1), PKI_NOT_AUTHORIZED);
    client_cleanup(&other);
    ctl_identity_cleanup(&second);
    answer_free(&first);

    client_init(&other, world, 1);
    answer = world_send(world, client_revoke(&other, &own.cert, 1));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&other);
    cr_assert_eq(status_of(&own.cert), STORE_CERT_VALID);

    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    answer_free(&answer);
}

static struct bytes rr_of(struct bytes issuer, struct bytes serial)
{
    struct bytes body;

    cr_assert(pki_encode_rev_req(&body, world->arena, issuer, serial, 1));
    return client_message(&client, PKI_RR, body);
}

/* RFC 9483 4.2 certDetails: "REQUIRED"
 * RFC 9483 4.2: "MUST be present and is of type CertTemplate"
 * RFC 9483 4.2 serialNumber: "REQUIRED"
 * RFC 9483 4.2: "MUST contain the certificate serialNumber attribute of the certificate to be revoked"
 * RFC 9483 4.2 issuer: "REQUIRED"
 * RFC 9483 4.2: "MUST contain the issuer attribute of the certificate to be revoked" */
Test(rfc9483_4_2, certDetails_names_the_certificate_by_issuer_and_serialNumber)
{
    static const uint8_t other[] = {0x0c, 1, 2, 3};
    const struct bytes none = {NULL, 0};

    expect_refused(rr_of(own.cert.issuer, none), PKI_BAD_CERT_ID);
    expect_refused(rr_of(none, own.cert.serial), PKI_BAD_CERT_ID);
    expect_refused(rr_of(own.cert.issuer, bytes_of(other, sizeof other)), PKI_NOT_AUTHORIZED);
    expect_refused(rr_of(world->vendor_ca.cert.subject, own.cert.serial), PKI_WRONG_AUTHORITY);
    expect_refused(client_message(&client, PKI_RR, hex(world->arena, "30 02 30 00")), PKI_BAD_DATA_FORMAT);
    struct answer answer = world_send(world, rr_of(own.cert.issuer, own.cert.serial));
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    answer_free(&answer);
}

/* RFC 9483 4.2 rr.protection: "REQUIRED" */
Test(rfc9483_4_2, an_rr_is_protected)
{
    struct bytes body, part, message;

    cr_assert(pki_encode_rev_req(&body, world->arena, own.cert.issuer, own.cert.serial, 1));
    client.header.protection_alg = bytes_of(NULL, 0);
    cr_assert(pki_encode_protected_part(&part, world->arena, &client.header, PKI_RR, body));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), client.extra_certs, 2));
    struct answer answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_assert_eq(status_of(&own.cert), STORE_CERT_VALID);
}
