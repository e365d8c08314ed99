/* RFC 9483 5.2.3 and 5.3: what an RA may do in its own name, and what it may not. */
#include "tests/unit/cmp/nested.h"

TestSuite(rfc9483_5_3, .init = set_up_ra, .fini = tear_down_ra);

/* A certificate of the CA, confirmed; |client| has a new key. */
static void enroll(struct ctl_identity *own)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client.header.implicit_confirm = 0;
    client_adopt(&client, &answer, own);
    answer_free(&answer);
}

/* RFC 9483 5.2.3: "These message adaptations MUST NOT be applied to kur messages described in Section 4.1.3
 * since their original protection using the key and certificate to be updated needs to be preserved."
 * An RA that has its own certificate from this CA is no better. */
Test(rfc9483_5_3, an_RA_puts_no_protection_of_its_own_on_a_kur)
{
    struct ctl_identity own, own_ra;
    struct trust trust = {.count = 0};
    size_t issued;

    enroll(&own);
    client.old_cert_issuer = own.cert.issuer;
    client.old_cert_serial = own.cert.serial;
    client_sign_by(&client, &ra_identity, &world->vendor_ca.cert_der, 1);
    issued = world->cert_count;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
    issue_own_ra(world, &own_ra, &trust, world->config.name);
    issued++;
    world->profile.ras = &trust;
    client_sign_by(&client, &own_ra, NULL, 0);
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
    cr_assert_eq(world->cert_count, issued);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&own_ra);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 5.3.2: "This revocation request message MUST be signed by the PKI management entity using its
 * own CMP protection key to prove to the PKI authorization to revoke the certificate on behalf of that PKI
 * entity."
 * RFC 9483 5.3.2: "1. The rr message MUST be signed using the CMP protection key of the PKI management
 * entity acting on behalf of the EE in this operation."
 * RFC 9483 7.1 RevROnB, CA: "[Table 3: Acting on Behalf of Other PKI Entities - Revoking a Certificate,
 * Section 5.3.2] SHOULD" */
Test(rfc9483_5_3, an_RA_revokes_for_others_by_its_own_signature)
{
    struct ctl_identity own;

    enroll(&own);
    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    cr_assert_eq(world_cert_of(world, own.cert.serial)->status, STORE_CERT_VALID);
    answer = world_send(world, client_revoke(&ra, &own.cert, 1));
    cr_assert_eq(answer.body, PKI_RP);
    cr_assert_eq(answer.status.status, PKI_ACCEPTED, "%s", answer.result.text);
    cr_assert_eq(world_cert_of(world, own.cert.serial)->status, STORE_CERT_REVOKED);
    answer_free(&answer);
    ctl_identity_cleanup(&own);
}
