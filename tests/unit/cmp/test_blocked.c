/* blocked.c: certificates that the operator takes no more, wherever they stand in a path. */
#include "tests/support/issue.h"
#include "tests/unit/cmp/fixture.h"

static struct cmp_blocked blocked;

static void block(struct bytes der)
{
    uint8_t hash[DIGEST_MAX];

    digest_compute(hash, DIGEST_SHA256, der);
    memcpy(blocked.hash, hash, sizeof blocked.hash);
    blocked.setting = "vendors[0].blocked[0]";
    world->settings.blocked = &blocked;
    world->settings.blocked_count = 1;
}

TestSuite(blocked, .init = set_up, .fini = tear_down);

static struct answer send_anew(void)
{
    client.transaction_id[0]++;
    return world_send(world, client_request(&client, PKI_IR));
}

static void expect_blocked(const char *whose)
{
    struct answer answer = send_anew();

    cr_expect_str_eq(
        answer.result.text,
        "the device's certificate, or an issuer of it, is not accepted any more: ask the operator");
    cr_expect_str_eq(answer.result.setting, "vendors[0].blocked[0]");
    cr_expect_not_null(strstr(answer.result.detail, whose), "%s", answer.result.detail);
    cr_expect_not_null(strstr(answer.result.detail, "it is blocked"), "%s", answer.result.detail);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

/* The path of who signs (RFC 9483 3.5) is held against what the operator says, too. */
Test(blocked, a_device_an_intermediate_and_an_anchor)
{
    struct answer answer;

    block(world->device.cert_der);
    expect_blocked("CN=device-1");
    block(world->vendor_ca.cert_der);
    expect_blocked("CN=Vendor CA");
    block(world->vendor_root.cert_der);
    expect_blocked("CN=Vendor Root");
    block(world->stranger.cert_der);
    answer = send_anew();
    expect_certificate(&answer, PKI_IP);
}

/* An intermediate of the configuration helps to build the path, and stands in its way. */
Test(blocked, an_intermediate_that_is_configured)
{
    cr_assert(trust_add_issued(&world->trust, world->vendor_ca.cert_der, &world->trust.items[0]));
    block(world->vendor_ca.cert_der);
    expect_blocked("CN=Vendor CA");
    block(world->vendor_root.cert_der);
    expect_blocked("CN=Vendor Root");
    client.extra_cert_count = 1;
    block(world->vendor_ca.cert_der);
    expect_blocked("CN=Vendor CA");
}

/* Who signed a transaction's first message is not looked at again. */
Test(blocked, a_transaction_that_was_begun_goes_on)
{
    struct answer answer = send_anew();

    cr_assert(answer.has_cert);
    block(world->device.cert_der);
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
    client.header.recip_nonce = bytes_of(NULL, 0);
    expect_blocked("CN=device-1");
}

/* Anybody can give a certificate another signature of ECDSA, and so another hash (FIPS 186-5 6.4.2). */
Test(blocked, another_signature_is_no_way_out)
{
    struct certificate *const certs[] = {&world->device.cert, &world->vendor_ca.cert};
    const struct bytes issuers[] = {world->vendor_ca.cert.spki, world->vendor_root.cert.spki};
    struct answer answer;

    for (size_t i = 0; i < 2; i++) {
        struct bytes twin, kept = client.extra_certs[i];
        cr_assert(bytes_equal(kept, certs[i]->der));
        cr_assert(certificate_twin(&twin, world->arena, certs[i], issuers[i]));
        client.extra_certs[i] = twin;
        world->settings.blocked_count = 0;
        answer = send_anew();
        expect_certificate(&answer, PKI_IP);
        block(kept);
        expect_blocked(i == 0 ? "CN=device-1" : "CN=Vendor CA");
        client.extra_certs[i] = kept;
    }
}

/* The path of an RA is held against the list, too (RFC 9483 5.2.3.2). */
Test(blocked, an_RA)
{
    struct trust ras = {.count = 0};
    struct ctl_identity ra;

    issue_ra(world, &ra, &ras);
    world->profile.ras = &ras;
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    block(ra.cert_der);
    expect_blocked("CN=RA");
    world->settings.blocked_count = 0;
    struct answer answer = send_anew();
    expect_certificate(&answer, PKI_IP);
    ctl_identity_cleanup(&ra);
    trust_cleanup(&ras);
}
