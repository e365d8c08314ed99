/* RFC 9483 4.1.3: the update of a certificate, kur and kup. */
#include "crypto/name.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct client client;    /* signs with |own|, asks for a new key */
static struct ctl_identity own; /* enrolled and confirmed */
static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

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

TestSuite(rfc9483_4_1_3, .init = set_up, .fini = tear_down);

static void expect_refused(enum pki_failure failure)
{
    client.transaction_id[0]++;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));

    expect_refusal(&answer, PKI_KUP, failure);
    cr_assert_eq(world->cert_count, 1);
}

static void expect_updated(void)
{
    client.transaction_id[0]++;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));

    expect_certificate(&answer, PKI_KUP);
}

/* RFC 9483 4.1.3: "The body of the first request and response MUST be kur and kup, respectively." */
Test(rfc9483_4_1_3, kur_gets_kup_granted_or_not)
{
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));

    cr_assert_eq(answer.body, 8); /* kup [8] CertRepMessage, RFC 9810 5.1.2 */
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    cr_assert_eq(answer.response.cert_req_id, 0);
    cr_assert(bytes_equal(answer.cert.spki, private_key_spki(client.key)));
    cr_assert(bytes_equal(answer.cert.subject, own.cert.subject));
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);

    client.header.recip_nonce = bytes_of(NULL, 0);
    client.transaction_id[0]++;
    world->decide_refuses = 1;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_NOT_AUTHORIZED);
}

/* RFC 9483 4.1.3: "The caPubs field in the kup message MUST be absent."
 * Not even where the profile sends it whenever it may. */
Test(rfc9483_4_1_3, a_kup_has_no_caPubs)
{
    CBS cbs, content;

    world->profile.ca_pubs = CMP_CA_PUBS_ALWAYS;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    cbs = cbs_of(answer.message.body);
    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
    cr_assert_not(CBS_peek_asn1_tag(&content, field_tag | 1));
    expect_certificate(&answer, PKI_KUP);
}

/* ---- what the server insists on ---- */

/* RFC 9483 4.1.3: "The certificate the EE wishes to update MUST NOT be expired or revoked and MUST have
 * been issued by the addressed CA." */
Test(rfc9483_4_1_3, a_certificate_that_is_revoked_expired_or_of_another_CA_is_not_updated)
{
    struct store_cert *stored = world_cert_of(world, own.cert.serial);
    struct answer answer;

    stored->status = STORE_CERT_REVOKED;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    stored->status = STORE_CERT_VALID;

    world->now = own.cert.not_after + 1;
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    world->now = own.cert.not_after;
    expect_updated();

    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1); /* the vendor's */
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
}

/* RFC 9483 4.1.3: "Protection of the kur MUST be performed using the certificate to be updated." */
Test(rfc9483_4_1_3, a_kur_is_signed_with_the_certificate_to_be_updated)
{
    struct client mac;

    client_init(&mac, world, 1);
    struct answer answer = world_send(world, client_request(&mac, PKI_KUR));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&mac);
    cr_assert_eq(world->cert_count, 1);
}

/* RFC 9483 4.1.3: "The subject field and/or the subjectAltName extension of the certTemplate MUST contain
 * the EE subject name of the existing certificate to be updated, without modifications." */
Test(rfc9483_4_1_3, the_names_of_the_certificate_stay)
{
    static const uint8_t san[] = {0x30, 0x03, 0x82, 0x01, 'x'};
    struct bytes subject = client.subject;

    cr_assert(name_build(&client.subject, world->arena,
                         (const char *const[]){"O", "Operator", "CN", "gnb-2", NULL}));
    expect_refused(PKI_BAD_CERT_TEMPLATE);
    client.subject = subject;
    client.san = bytes_of(san, sizeof san);
    expect_refused(PKI_BAD_CERT_TEMPLATE);
    client.san = bytes_of(NULL, 0);
    expect_updated();
}

/* RFC 9483 4.1.3 issuer: "REQUIRED"
 * RFC 9483 4.1.3: "MUST contain the issuer and serialNumber of the certificate to be updated" */
Test(rfc9483_4_1_3, oldCertID_is_the_certificate_that_protects)
{
    static const uint8_t other[] = {0x0c, 1, 2, 3};

    client.old_cert_issuer = own.cert.issuer;
    client.old_cert_serial = bytes_of(other, sizeof other);
    expect_refused(PKI_BAD_CERT_ID);
    client.old_cert_issuer = world->vendor_ca.cert.subject;
    client.old_cert_serial = own.cert.serial;
    expect_refused(PKI_BAD_CERT_ID);
    client.old_cert_issuer = own.cert.issuer;
    expect_updated();
}
