/* op_revoke.c: rr (RFC 9810 5.3.9, RFC 9483 4.2, 5.1.3, 5.3.2). */
#include "crypto/name.h"
#include "server/pki/revocation.h"
#include "tests/support/hex.h"
#include "tests/support/spelling.h"
#include "tests/unit/cmp/expect.h"

static struct world *world;
static struct client client;
static struct ctl_identity own; /* a certificate of the CA, and its key; the client signs with it */

static void set_up(void)
{
    world = world_new(KEY_P256);
    client_init(&client, world, 0);
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client_adopt(&client, &answer, &own);
    client.header.implicit_confirm = 0;
    answer_free(&answer);
}

static void tear_down(void)
{
    ctl_identity_cleanup(&own);
    client_cleanup(&client);
    world_free(world);
}

TestSuite(op_revoke, .init = set_up, .fini = tear_down);

static struct store_cert *row(void)
{
    return world_cert_of(world, own.cert.serial);
}

static void expect_revoked(struct answer *answer)
{
    cr_assert_eq(answer->body, PKI_RP, "body %s: %s", pki_body_name(answer->body),
                 answer->result.text != NULL ? answer->result.text : "");
    cr_assert_eq(answer->status.status, PKI_ACCEPTED);
    /* RFC 9483 4.2: failInfo "MUST be absent if the status is "accepted"" */
    cr_assert_eq(answer->status.fail_info, 0);
    cr_assert_not(answer->result.refused);
    answer_free(answer);
}

static void expect_untouched(void)
{
    cr_assert_eq(row()->status, STORE_CERT_VALID);
}

/* An RA of the vendor: a certificate with id-kp-cmcRA. The profile's |ras| trust that vendor. */
static void make_ra(struct ctl_identity *ra, struct trust *trust)
{
    issue_ra(world, ra, trust);
    client_sign_by(&client, ra, &world->vendor_ca.cert_der, 1);
}

/* RFC 9483 4.2: "The revocation request message MUST be signed using the certificate that is to be revoked
 * to prove the authorization to revoke." */
Test(op_revoke, a_device_revokes_its_own_certificate)
{
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));

    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
    cr_assert_eq(row()->reason, 1); /* keyCompromise */
    cr_assert_eq(row()->revoked_at, world->now);
    cr_assert_eq(world_tx_of(world, client.header.transaction_id)->state, STORE_TX_ENDED);
}

/* Whoever has the key can have it blocked, and no other. */
Test(op_revoke, a_key_that_is_lost_is_blocked)
{
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));

    expect_revoked(&answer);
    cr_assert_eq(world->blocked_key_count, 1);
    const struct store_blocked_key *key = &world->blocked_keys[0].row;
    cr_assert(bytes_equal(key->spki_hash, row()->spki_hash));
    cr_assert(bytes_equal(key->serial, row()->serial));
    cr_assert_eq(key->reason, 1);
    cr_assert_eq(key->at, world->now);
    cr_assert(bytes_equal(key->who, world->audit.who));
    cr_assert(bytes_equal(world->audit.detail, bytes_str("reasonCode 1; its key is blocked")));
    /* The same octets again are answered again, and another rr is told so. */
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
    cr_assert_eq(world->blocked_key_count, 1);
}

Test(op_revoke, for_any_other_reason_the_key_stays)
{
    static const int64_t reasons[] = {-1, 0, 2, 3, 4, 5, 6, 9, 10};

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        row()->status = STORE_CERT_VALID;
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_revoke(&client, &own.cert, reasons[i]));
        expect_revoked(&answer);
    }
    cr_assert_eq(world->blocked_key_count, 0);
}

static void block(struct bytes spki)
{
    static uint8_t hash[DIGEST_MAX];

    digest_compute(hash, DIGEST_SHA256, spki);
    world->blocked_keys[world->blocked_key_count++].row =
        (struct store_blocked_key){.spki_hash = bytes_of(hash, STORE_HASH), .at = world->now};
}

/* What it signs for itself does no harm: a certificate less. */
Test(op_revoke, a_blocked_key_may_give_its_certificate_up)
{
    block(own.cert.spki);
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 5));
    expect_revoked(&answer);
}

/* Else whoever has the key of an RA that was lost takes all stations out of service. */
Test(op_revoke, an_RA_whose_key_is_blocked_revokes_nothing)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    block(ra.cert.spki);
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    expect_untouched();
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

Test(op_revoke, without_a_reason_it_is_unspecified)
{
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, -1));

    expect_revoked(&answer);
    cr_assert_eq(row()->reason, 0);
}

/* RFC 5280 5.3.1 certificateHold */
Test(op_revoke, a_hold_may_become_a_revocation_by_an_RA)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 6));

    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_HOLD);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 6));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 9483 5.1.3: "is not already expired or revoked (failInfo bit: certRevoked)" */
Test(op_revoke, what_is_revoked_or_expired_is_told)
{
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 0));

    expect_revoked(&answer);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 0));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
}

Test(op_revoke, a_revoked_certificate_speaks_for_nothing_else)
{
    struct certificate other = own.cert;

    row()->status = STORE_CERT_REVOKED;
    other.serial = bytes_str("0123456789abcdef");
    struct answer answer = world_send(world, client_revoke(&client, &other, 0));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

Test(op_revoke, an_expired_certificate_needs_no_revocation)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    row()->not_after = world->now - 1;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 0));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
    expect_untouched();
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 5280 4.1.2.5: "The validity period for a certificate is the period of time from notBefore through
 * notAfter, inclusive." */
Test(op_revoke, a_certificate_is_revoked_in_its_last_second)
{
    row()->not_after = world->now;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 0));
    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
}

/* RFC 9483 5.3.2: "revoke a certificate of another PKI entity" */
Test(op_revoke, an_RA_of_the_profile_revokes_for_others)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    make_ra(&ra, &trust);
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 4));
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.ras");
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED); /* the profile has no RAs */
    expect_untouched();
    world->profile.ras = &trust;
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_revoked(&answer);
    cr_assert_eq(row()->reason, 4);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 9483 5.1.3: whoever revokes for others does so "according to PKI policies": of its own profile, and of
 * those that this one takes. */
Test(op_revoke, an_RA_revokes_what_its_profile_issued)
{
    static const char *const others[] = {"third", "other"};
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    row()->profile = bytes_str("other");
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_untouched();
    world->config.accept.own_profiles = (struct config_list){(const char **)(uintptr_t)others, 1};
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_untouched();
    world->config.accept.own_profiles.count = 2;
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_revoked(&answer);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

static struct store_cert *ra_row;

static void revoke_ra_before_commit(struct world *w)
{
    (void)w;
    ra_row->status = STORE_CERT_REVOKED;
}

/* An RA whose certificate is one of this CA, and revoked while its rr is on the way. */
Test(op_revoke, an_RA_that_is_revoked_in_between_revokes_nothing)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    ra_row = issue_own_ra(world, &ra, &trust, "test");
    world->profile.ras = &trust;
    client_sign_by(&client, &ra, NULL, 0);
    world->before_commit = revoke_ra_before_commit;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    expect_untouched();
    ra_row->status = STORE_CERT_VALID;
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_revoked(&answer);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 9810 4.5: "To offer automatic validation for the delegation of a role by a CA to another entity,
 * the certificates used for CMP message protection or signed data for central key generation MUST be
 * issued by the delegating CA and MUST contain the respective EKUs."
 * RFC 5280 4.2.1.12: without extendedKeyUsage a certificate may be used for anything; for others it speaks
 * only where it says so (RFC 9810 4.5). */
Test(op_revoke, a_certificate_without_purposes_makes_no_RA)
{
    struct trust vendor = {.count = 0};

    cr_assert_eq(world->device.cert.extended_key_usage.len, 0);
    cr_assert(trust_add(&vendor, world->vendor_root.cert_der, 1));
    world->profile.ras = &vendor;
    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_untouched();
    trust_cleanup(&vendor);
}

/* An RA certificate of somebody whom the profile does not take as RA is a device's like others. */
Test(op_revoke, cmcRA_alone_makes_no_RA)
{
    struct ctl_identity ra;
    struct trust vendor = {.count = 0}, others = {.count = 0};

    make_ra(&ra, &vendor);
    cr_assert(trust_add(&others, world->stranger_root.cert_der, 1));
    world->profile.ras = &others;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 4));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_untouched();
    trust_cleanup(&vendor);
    trust_cleanup(&others);
    ctl_identity_cleanup(&ra);
}

/* RFC 9483 3.3: of two certificates of one key certDetails names one, in whatever order they stand. */
Test(op_revoke, of_two_certificates_of_a_key_the_named_one_is_revoked)
{
    struct private_key *next = client.key;
    struct answer twin;

    client.header.implicit_confirm = 1;
    client.key = own.key;
    twin = world_send(world, client_request(&client, PKI_CR));
    client.key = next;
    client.header.implicit_confirm = 0;
    cr_assert(twin.has_cert);
    client.extra_certs[1] = client.extra_certs[0];
    client.extra_certs[0] = arena_copy(world->arena, twin.cert.der);
    client.extra_cert_count = 2;
    client.transaction_id[0]++;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
    cr_assert_eq(world_cert_of(world, twin.cert.serial)->status, STORE_CERT_VALID);
    answer_free(&twin);
}

/* RFC 9483 3.5: "The sender of a request message MUST be authorized to request the operation according to
 * PKI policies. (failInfo bit: notAuthorized)"
 * RFC 9483 4.2: "The revocation request message MUST be signed using the certificate that is to be revoked
 * to prove the authorization to revoke."
 * RFC 9483 5.1.1 and 3.5: notAuthorized */
Test(op_revoke, a_device_cannot_revoke_anothers_certificate)
{
    struct answer answer;

    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
    answer = world_send(world, client_revoke(&client, &own.cert, 0));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_untouched();
}

/* RFC 5280 4.1.2.2: a serial number is one of its issuer alone. A vendor may give out the CA's, and the
 * device that has it is not the one whose certificate that is. */
Test(op_revoke, the_same_serial_of_another_issuer_is_another_certificate)
{
    struct certificate_plan plan = {.serial = own.cert.serial,
                                    .subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct ctl_identity twin;

    issue(world, &twin, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &twin, &world->vendor_ca.cert_der, 1);
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 0));
    expect_refusal(&answer, PKI_RP, PKI_NOT_AUTHORIZED);
    expect_untouched();
    ctl_identity_cleanup(&twin);
}

/* RFC 9483 4.2: "The revocation request message MUST be signed using the certificate that is to be revoked
 * to prove the authorization to revoke."
 * RFC 9483 4.1.5: MAC-based protection is for enrollment only; 3.5: wrongIntegrity */
Test(op_revoke, a_shared_secret_cannot_revoke)
{
    struct client mac;

    client_init(&mac, world, 1);
    struct answer answer = world_send(world, client_revoke(&mac, &own.cert, 0));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    expect_untouched();
    client_cleanup(&mac);
}

/* RFC 9483 4.2: "MUST contain the certificate serialNumber attribute of the certificate to be revoked"
 * RFC 9483 4.2: "MUST contain the issuer attribute of the certificate to be revoked"
 * RFC 9483 5.1.3: "It MUST make sure that the referenced certificate exists (failInfo bit: badCertId), has
 * been issued by the addressed CA […]" */
Test(op_revoke, the_certificate_must_be_one_of_this_CA)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};
    struct certificate other = own.cert;

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    other.serial = bytes_str("0123456789abcdef");
    struct answer answer = world_send(world, client_revoke(&client, &other, 0));
    expect_refusal(&answer, PKI_RP, PKI_BAD_CERT_ID);
    other = own.cert;
    other.issuer = world->root.cert.subject;
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &other, 0));
    expect_refusal(&answer, PKI_RP, PKI_WRONG_AUTHORITY);
    other.issuer = bytes_of(NULL, 0);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &other, 0));
    expect_refusal(&answer, PKI_RP, PKI_BAD_CERT_ID);
    other = own.cert;
    other.serial = bytes_of(NULL, 0);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &other, 0));
    expect_refusal(&answer, PKI_RP, PKI_BAD_CERT_ID);
    expect_untouched();
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 9810 5.3.9 lets the requester say in certDetails as much as it can. All of it is right here, the
 * subject in another spelling. */
Test(op_revoke, details_that_are_those_of_the_certificate_do_no_harm)
{
    struct bytes rr;
    CBB cbb, content, details, tmpl, field;
    CBS extensions = cbs_of(own.cert.extensions), one;

    cr_assert(CBB_init(&cbb, 512) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE));
    cr_assert(CBB_add_asn1(&content, &details, CBS_ASN1_SEQUENCE) &&
              CBB_add_asn1(&details, &tmpl, CBS_ASN1_SEQUENCE));
    cr_assert(der_add_octets(&tmpl, CBS_ASN1_CONTEXT_SPECIFIC | 0, bytes_str("\x02")));
    cr_assert(der_add_octets(&tmpl, CBS_ASN1_CONTEXT_SPECIFIC | 1, own.cert.serial));
    cr_assert(CBB_add_asn1(&tmpl, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3) &&
              der_add_bytes(&field, own.cert.issuer) && CBB_flush(&tmpl));
    cr_assert(CBB_add_asn1(&tmpl, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 5) &&
              der_add_bytes(&field, spelled_otherwise(world->arena, own.cert.subject)) && CBB_flush(&tmpl));
    CBS spki = cbs_of(own.cert.spki), inner;
    cr_assert(CBS_get_asn1(&spki, &inner, CBS_ASN1_SEQUENCE));
    cr_assert(
        der_add_octets(&tmpl, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 6, bytes_of_cbs(&inner)));
    cr_assert(CBB_add_asn1(&tmpl, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 9));
    while (CBS_get_asn1_element(&extensions, &one, CBS_ASN1_SEQUENCE))
        cr_assert(der_add_bytes(&field, bytes_of_cbs(&one)));
    cr_assert(der_finish(&rr, world->arena, &cbb, CBB_flush(&content)));
    struct answer answer = world_send(world, client_message(&client, PKI_RR, rr));
    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
}

/* RFC 5280 7.1: which names match. */
Test(op_revoke, the_issuer_may_be_spelled_otherwise)
{
    struct certificate spelled = own.cert;

    spelled.issuer = spelled_otherwise(world->arena, own.cert.issuer);
    struct answer answer = world_send(world, client_revoke(&client, &spelled, 1));
    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
}

/* RFC 5280 5.3.1: which reasons are there. Two of them are for authorities: a device's certificate is revoked
 * all the same, without a reason that would be false. removeFromCRL is for what is on hold; 7 is not used. */
Test(op_revoke, each_reason_does_what_RFC_5280_says)
{
    static const struct {
        int64_t asked;
        int status, recorded;
    } rows[] = {
        {0, STORE_CERT_REVOKED, 0}, {1, STORE_CERT_REVOKED, 1},  {2, STORE_CERT_REVOKED, 0},
        {3, STORE_CERT_REVOKED, 3}, {4, STORE_CERT_REVOKED, 4},  {5, STORE_CERT_REVOKED, 5},
        {6, STORE_CERT_HOLD, 6},    {7, STORE_CERT_VALID, 0},    {8, STORE_CERT_VALID, 0},
        {9, STORE_CERT_REVOKED, 9}, {10, STORE_CERT_REVOKED, 0}, {11, STORE_CERT_VALID, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_revoke(&client, &own.cert, rows[i].asked));
        if (rows[i].status == STORE_CERT_VALID)
            expect_refusal(&answer, PKI_RP, PKI_BAD_REQUEST);
        else
            expect_revoked(&answer);
        cr_expect_eq(row()->status, rows[i].status, "reason %lld", (long long)rows[i].asked);
        cr_expect_eq(row()->reason, rows[i].recorded, "reason %lld", (long long)rows[i].asked);
        row()->status = STORE_CERT_VALID;
        row()->reason = 0;
    }
}

/* RFC 9483 4.2: "For this PKI management operation, the EE MUST include a sequence of one RevDetails
 * structure in the rr message body."
 * RFC 9483 4.2: "MUST contain a sequence of one element of type RevDetails" */
Test(op_revoke, several_RevDetails_are_refused_where_RFC_9483_holds)
{
    struct bytes one;

    world->config.accept.header = CONFIG_HEADER_RFC9483;
    cr_assert(pki_encode_rev_req(&one, world->arena, own.cert.issuer, own.cert.serial, 0));
    struct answer answer = world_send(world, client_message(&client, PKI_RR, doubled(world->arena, one)));
    expect_refusal(&answer, PKI_RP, PKI_BAD_REQUEST);
    expect_untouched();
}

Test(op_revoke, a_critical_extension_that_is_not_known_is_refused)
{
    struct bytes body;
    CBS cbs;
    CBB cbb, list, details, extensions;

    cr_assert(pki_encode_rev_req(&body, world->arena, own.cert.issuer, own.cert.serial, -1));
    cbs = cbs_of(body);
    CBS outer, inner;
    cr_assert(CBS_get_asn1(&cbs, &outer, CBS_ASN1_SEQUENCE) &&
              CBS_get_asn1(&outer, &inner, CBS_ASN1_SEQUENCE));
    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(
        &body, world->arena, &cbb,
        CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&list, &details, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&details, bytes_of_cbs(&inner)) &&
            CBB_add_asn1(&details, &extensions, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&extensions, hex(world->arena, "30 0a 06 02 2a 03 01 01 ff 04 01 00"))));
    struct answer answer = world_send(world, client_message(&client, PKI_RR, body));
    expect_refusal(&answer, PKI_RP, PKI_UNACCEPTED_EXTENSION);
    expect_untouched();
}

/* A byte-identical rr is answered again. */
Test(op_revoke, a_retry_is_answered_again_and_revokes_once)
{
    struct bytes request = client_revoke(&client, &own.cert, 1);
    struct answer first = world_send(world, request), again = world_send(world, request);
    unsigned commits = world->commits;

    cr_assert(bytes_equal(first.message.header.sender_nonce, again.message.header.sender_nonce));
    expect_revoked(&first);
    expect_revoked(&again);
    cr_assert_eq(world->commits, commits);
}

static void revoke_before_commit(struct world *w)
{
    world_cert_of(w, own.cert.serial)->status = STORE_CERT_REVOKED;
}

Test(op_revoke, two_at_once_are_one_revocation)
{
    world->before_commit = revoke_before_commit;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
}

static void hold_before_commit(struct world *w)
{
    world_cert_of(w, own.cert.serial)->status = STORE_CERT_HOLD;
}

/* What is answered is what was done to the certificate as it then was. */
Test(op_revoke, a_hold_that_comes_first_stops_the_device_and_not_an_RA)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};
    struct answer answer;

    world->before_commit = hold_before_commit;
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(row()->status, STORE_CERT_HOLD);

    row()->status = STORE_CERT_VALID;
    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    client.transaction_id[0]++;
    world->before_commit = hold_before_commit;
    answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_revoked(&answer);
    cr_assert_eq(row()->status, STORE_CERT_REVOKED);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 5280 5.3.1: certificateHold can be lifted, by removeFromCRL, which is no reason of anything that stands
 * on a CRL. A revocation is final: neither a hold nor its end that crosses one changes anything of it. */
Test(op_revoke, an_RA_lifts_a_hold_but_no_revocation)
{
    static const int64_t reasons[] = {6, 8, 4}; /* certificateHold, removeFromCRL, superseded */
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    for (size_t i = 0; i < 2; i++) {
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_revoke(&client, &own.cert, reasons[i]));
        expect_revoked(&answer);
        cr_assert_eq(row()->status, i == 0 ? STORE_CERT_HOLD : STORE_CERT_VALID);
        cr_assert_eq(row()->reason, i == 0 ? 6 : 0);
        cr_assert_eq(row()->revoked_at, i == 0 ? world->now : 0);
    }
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        row()->status = reasons[i] == 8 ? STORE_CERT_HOLD : STORE_CERT_VALID;
        row()->reason = 1;
        row()->revoked_at = world->now - 5;
        client.transaction_id[0]++;
        world->before_commit = revoke_before_commit;
        struct answer answer = world_send(world, client_revoke(&client, &own.cert, reasons[i]));
        cr_assert_null(world->before_commit);
        expect_refusal(&answer, PKI_RP, PKI_CERT_REVOKED);
        cr_assert_null(world_tx_of(world, client.header.transaction_id));
        cr_assert_eq(row()->status, STORE_CERT_REVOKED);
        cr_assert_eq(row()->reason, 1);
        cr_assert_eq(row()->revoked_at, world->now - 5);
    }
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

Test(op_revoke, without_a_store_nothing_is_said_to_be_revoked)
{
    world->fail_commit_at = world->commits_seen + 1;
    world->commit_fault = STORE_UNAVAILABLE;
    struct answer answer = world_send(world, client_revoke(&client, &own.cert, 1));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    expect_untouched();
}

/* RFC 5280 5.3.1 certificateHold, before the device has confirmed: its certConf takes it off hold no more
 * than it undoes a revocation, of which it is told. */
Test(op_revoke, what_an_RA_stops_before_the_certConf_stays_stopped)
{
    static const struct {
        int64_t reason;
        enum store_cert_status status;
    } cases[] = {{6, STORE_CERT_HOLD}, {1, STORE_CERT_REVOKED}};
    struct ctl_identity ra;
    struct trust trust = {.count = 0};
    struct client device;

    make_ra(&ra, &trust);
    world->profile.ras = &trust;
    for (size_t i = 0; i < 2; i++) {
        client_init(&device, world, 0);
        struct answer first = world_send(world, client_request(&device, PKI_IR));
        struct store_cert *stored = world_cert_of(world, first.cert.serial);
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_revoke(&client, &first.cert, cases[i].reason));
        expect_revoked(&answer);
        world->now++;
        answer = world_send(world, client_confirm(&device, &first, -1));
        if (cases[i].status == STORE_CERT_HOLD)
            expect_pkiconf(&answer);
        else
            expect_error(&answer, PKI_CERT_REVOKED);
        cr_assert_eq(stored->status, cases[i].status);
        cr_assert_eq(stored->reason, cases[i].reason);
        cr_assert_eq(stored->revoked_at, world->now - 1);
        answer_free(&first);
        client_cleanup(&device);
    }
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}
