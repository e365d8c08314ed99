/* authenticate.c: who sent a message (RFC 9810 5.1.3, RFC 9483 3.2, 3.3 and 3.5). */
#include "crypto/name.h"
#include "tests/support/der_tree.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(authenticate, .init = set_up, .fini = tear_down);

static struct answer send_ir(struct client *c)
{
    return world_send(world, client_request(c, PKI_IR));
}

/* ---- which certificate protects ---- */

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)"
 * RFC 9483 3.3: "For maximum interoperability, all implementations SHOULD be prepared to handle
 * potentially additional certificates and arbitrary orderings of the certificates." */
Test(authenticate, senderKID_finds_its_certificate_anywhere_in_extraCerts)
{
    struct bytes device = client.extra_certs[0], ca = client.extra_certs[1];

    client.extra_certs[0] = ca;
    client.extra_certs[1] = world->stranger.cert_der; /* of the same name as the device */
    client.extra_certs[2] = device;
    client.extra_cert_count = 3;
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

Test(authenticate, without_senderKID_the_name_finds_the_certificate)
{
    struct bytes device = client.extra_certs[0];

    client.extra_certs[0] = client.extra_certs[1];
    client.extra_certs[1] = device;
    client.header.sender_kid = bytes_of(NULL, 0);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)" */
Test(authenticate, a_senderKID_that_names_no_certificate_is_refused)
{
    client.header.sender_kid = bytes_str("another key");
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* A device's certificate without subjectKeyIdentifier, as vendors make some. */
static void issue_without_key_id(struct ctl_identity *out)
{
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    const struct ctl_identity *issuer = &world->vendor_ca;
    struct der_node *tree, **extension;
    struct bytes tbs;

    issue(world, out, private_key_generate(KEY_P256, 0), plan, issuer);
    tree = der_tree_parse(world->arena, out->cert_der);
    extension = der_tree_find(&tree, "0/[3]/0/2");
    cr_assert(bytes_equal((*extension)->children->content, hex(world->arena, "55 1d 0e")));
    *extension = (*extension)->next;
    tbs = der_tree_write(world->arena, *der_tree_find(&tree, "0"));
    cr_assert(certificate_assemble(&out->cert_der, world->arena, tbs, out->cert.algorithm,
                                   client_signature(&client, issuer->key, out->cert.algorithm, tbs)));
    cr_assert(certificate_parse(&out->cert, out->cert_der) && out->cert.key_id.len == 0);
}

/* RFC 9483 3.1, of senderKID: "contain the value of the SubjectKeyIdentifier if present in the CMP protection
 * certificate": where there is none, nothing can be wrong about it. */
Test(authenticate, a_certificate_without_key_identifier_is_found_by_its_name)
{
    struct ctl_identity device;

    issue_without_key_id(&device);
    for (int with = 0; with <= 1; with++) {
        client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
        client.header.sender_kid = with ? bytes_str("whatever") : bytes_of(NULL, 0);
        client.extra_certs[1] = device.cert_der;
        client.extra_certs[0] = world->vendor_ca.cert_der;
        client.transaction_id[0]++;
        struct answer answer = send_ir(&client);
        expect_certificate(&answer, PKI_IP);
    }
    ctl_identity_cleanup(&device);
}

/* RFC 9483 4.1.1 ir.extraCerts: "REQUIRED" */
Test(authenticate, a_first_message_without_its_certificate_is_refused)
{
    client.extra_cert_count = 0;
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.3: "For maximum interoperability, all implementations SHOULD be prepared to handle
 * potentially additional certificates and arbitrary orderings of the certificates."
 * It does not stand in the way of the one that protects. */
Test(authenticate, what_is_no_certificate_in_extraCerts_is_passed_over)
{
    struct bytes device = client.extra_certs[0];

    client.extra_certs[2] = client.extra_certs[1];
    client.extra_certs[1] = device;
    client.extra_certs[0] = hex(world->arena, "30 03 02 01 07");
    client.extra_cert_count = 3;
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9810 5.1.1: "If nothing about the sender is known to the sending entity (e.g., in the initial
 * request message, where the […] the "sender" field MUST contain a "NULL-DN" value in the directoryName
 * choice." */
Test(authenticate, a_NULL_DN_sender_is_taken_with_senderKID_only)
{
    client.header.sender = hex(world->arena, "a4 02 30 00");
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);

    client.transaction_id[0] ^= 1;
    client.header.sender_kid = bytes_of(NULL, 0);
    answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.5: "If signature-based protection is used, the sender field MUST match the subject of the CMP
 * protection certificate. (failInfo bit: badMessageCheck)" */
Test(authenticate, a_sender_other_than_the_subject_of_the_certificate_is_refused)
{
    client.header.sender = world->ca.sender;
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.5: "If the keyUsage extension is present in the CMP protection certificate, the
 * digitalSignature bit MUST be set. (failInfo bit: badAlg, badMessageCheck, or signerNotTrusted)" */
Test(authenticate, keyUsage_must_have_digitalSignature_if_it_is_there)
{
    struct ctl_identity device;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_KEY_AGREEMENT};

    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);

    plan.key_usage = 0; /* absent */
    ctl_identity_cleanup(&device);
    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    ctl_identity_cleanup(&device);
}

/* ---- the protection ---- */

/* The octet at |offset| of |whole| where |part| (a view into it) stands, changed. */
static struct bytes altered(struct bytes whole, struct bytes part, size_t offset)
{
    struct bytes copy = arena_copy(world->arena, whole);
    uint8_t *octet = (uint8_t *)(uintptr_t)copy.data + (part.data - whole.data) + offset;

    *octet ^= 1;
    return copy;
}

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected." */
Test(authenticate, an_octet_changed_in_header_body_or_protection_breaks_the_protection)
{
    struct bytes request[2] = {client_request(&client, PKI_IR), client_request(&mac, PKI_IR)};

    for (size_t i = 0; i < 2; i++) {
        struct pki_message in;
        cr_assert_eq(pki_message_decode(&in, NULL, request[i]), PKI_WHOLE);
        const struct {
            struct bytes part;
            size_t offset;
        } spots[] = {
            {in.header.sender_nonce, 3},
            {in.header.recipient, in.header.recipient.len - 1},
            {in.header.transaction_id, 0},
            {in.body, in.body.len - 1},
            {in.protection, in.protection.len - 1},
        };
        for (size_t j = 0; j < sizeof spots / sizeof spots[0]; j++) {
            struct answer answer = world_send(world, altered(request[i], spots[j].part, spots[j].offset));
            expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
            cr_assert_eq(world->cert_count, 0);
        }
        struct answer answer = world_send(world, request[i]); /* it was the change that was refused */
        expect_certificate(&answer, PKI_IP);
        world_forget(world);
    }
}

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected." */
Test(authenticate, a_signature_by_another_key_is_refused)
{
    struct ctl_identity forged = world->device;

    forged.key = world->stranger.key;
    client_sign_by(&client, &forged, &world->vendor_ca.cert_der, 1);
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

Test(authenticate, a_protectionAlg_that_is_not_supported_or_does_not_fit_the_key_is_refused)
{
    const char *const algorithms[] = {
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00", /* sha1WithRSAEncryption, RFC 3279 2.2.1 */
        "30 09 06 07 2a 86 48 ce 3d 04 01",             /* ecdsa-with-SHA1, RFC 3279 2.2.3 */
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00", /* sha256WithRSAEncryption: the key is EC */
        "30 05 06 03 2b 65 70",                         /* Ed25519 */
        "30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00",    /* ecdsa-with-SHA256 with NULL, RFC 5758 3.2 */
        "30 0d 06 09 60 86 48 01 65 03 04 02 01 05 00", /* SHA-256 is no signature algorithm */
        "30 0b 06 09 2a 86 48 86 f6 7d 07 42 1e",       /* DHBasedMac, RFC 9810 5.1.3.2 */
        "30 0b 06 09 2a 86 48 86 f7 0d 01 05 0e",       /* PBMAC1 without parameters */
    };

    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        client.header.protection_alg = hex(world->arena, algorithms[i]);
        struct answer answer = send_ir(&client);
        expect_error(&answer, PKI_BAD_ALG);
    }
}

/* ---- the path ---- */

/* RFC 9483 3.5: "If signature-based protection is used, the CMP protection certificate MUST be
 * successfully validated, including path validation using a trust anchor, and MUST be authorized according
 * to local policies."
 * RFC 9483 3.3: "Self-signed certificates should be omitted from extraCerts and MUST NOT be trusted based
 * on their inclusion in any case"
 * Its self-signed root comes along in extraCerts. */
Test(authenticate, a_device_of_a_vendor_that_nobody_trusts_is_refused)
{
    client_sign_by(&client, &world->stranger, &world->stranger_root.cert_der, 1);
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1: an intermediate from the message counts only as far as it is signed itself: one that has a
 * trusted name but a key of its own is worth nothing. */
Test(authenticate, an_intermediate_that_only_looks_trusted_is_refused)
{
    struct ctl_identity false_ca, device;
    struct certificate_plan ca = {.subject = world->vendor_ca.cert.subject,
                                  .is_ca = 1,
                                  .path_len = 0,
                                  .key_usage = KEY_USAGE_KEY_CERT_SIGN};
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct ctl_identity false_root = world->vendor_root;

    false_root.key = world->stranger.key; /* claims to be the vendor's root */
    issue(world, &false_ca, private_key_generate(KEY_P256, 0), ca, &false_root);
    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &false_ca);
    /* And it is worth no more the second time: only what was verified is remembered. */
    for (int i = 0; i < 2; i++) {
        struct client again;
        client_init(&again, world, 0);
        client_sign_by(&again, &device, &false_ca.cert_der, 1);
        struct answer answer = send_ir(&again);
        expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
        cr_assert_eq(world->cert_count, 0);
        client_cleanup(&again);
    }
    ctl_identity_cleanup(&false_ca);
    ctl_identity_cleanup(&device);
}

/* Two CAs of one name, as after a re-key: the right one is found when the first does not fit. */
Test(authenticate, a_second_intermediate_of_the_same_name_is_tried)
{
    struct ctl_identity other_ca, device, look_alike;
    struct certificate_plan ca = {.subject = world->vendor_ca.cert.subject,
                                  .is_ca = 1,
                                  .path_len = 0,
                                  .key_usage = KEY_USAGE_KEY_CERT_SIGN};
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct bytes chain[2];

    issue(world, &other_ca, private_key_generate(KEY_P256, 0), ca, &world->vendor_root);
    look_alike = world->vendor_ca;
    look_alike.cert.key_id =
        bytes_of(NULL, 0); /* the device's certificate says nothing about its issuer's key */
    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &look_alike);
    chain[0] = other_ca.cert_der;
    chain[1] = world->vendor_ca.cert_der;
    client_sign_by(&client, &device, chain, 2);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    ctl_identity_cleanup(&other_ca);
    ctl_identity_cleanup(&device);
}

/* Each path costs its signatures: of issuers that look alike, so many are tried. */
Test(authenticate, paths_are_tried_up_to_a_bound)
{
    struct ctl_identity others[BOUND_PATH_ATTEMPTS], device, look_alike = world->vendor_ca;
    struct certificate_plan ca = {.subject = world->vendor_ca.cert.subject,
                                  .is_ca = 1,
                                  .path_len = 0,
                                  .key_usage = KEY_USAGE_KEY_CERT_SIGN};
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};

    for (size_t i = 0; i < BOUND_PATH_ATTEMPTS; i++)
        issue(world, &others[i], private_key_generate(KEY_P256, 0), ca, &world->vendor_root);
    look_alike.cert.key_id = bytes_of(NULL, 0);
    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &look_alike);
    client_sign_by(&client, &device, NULL, 0);
    for (size_t before = BOUND_PATH_ATTEMPTS - 1; before <= BOUND_PATH_ATTEMPTS; before++) {
        struct trust trust = {.count = 0};
        for (size_t i = 0; i < before; i++)
            cr_assert(trust_add(&trust, others[i].cert_der, 0));
        cr_assert(trust_add(&trust, world->vendor_ca.cert_der, 0));
        world->profile.trust = &trust;
        client.transaction_id[0]++;
        struct answer answer = send_ir(&client);
        if (before < BOUND_PATH_ATTEMPTS)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
        trust_cleanup(&trust);
    }
    for (size_t i = 0; i < BOUND_PATH_ATTEMPTS; i++)
        ctl_identity_cleanup(&others[i]);
    ctl_identity_cleanup(&device);
}

/* A certificate of the vendor's with exactly |len| octets: what is left of them is in an extension. The
 * signature has not always the same length, so it is made until it fits. */
static void issue_of_length(struct ctl_identity *out, size_t len)
{
    static const uint8_t oid[] = {0x2a, 3, 4};
    static uint8_t filling[BOUND_CERTIFICATE + 1];
    struct certificate_extension other = {bytes_of(oid, sizeof oid), 0, bytes_of(filling, len - 1000)};
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .others = &other,
                                    .other_count = 1};

    for (int tries = 0; tries < 100; tries++) {
        issue(world, out, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
        if (out->cert_der.len == len)
            return;
        other.value.len = other.value.len + len - out->cert_der.len;
        ctl_identity_cleanup(out);
    }
    cr_assert_fail("no certificate has this length");
}

Test(authenticate, a_certificate_beyond_its_bound_is_passed_over)
{
    struct ctl_identity device;

    for (size_t len = BOUND_CERTIFICATE - 1; len <= BOUND_CERTIFICATE + 1; len++) {
        issue_of_length(&device, len);
        client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
        client.transaction_id[0]++;
        struct answer answer = send_ir(&client);
        if (len <= BOUND_CERTIFICATE)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
        ctl_identity_cleanup(&device);
    }
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.3 (a)(2) */
Test(authenticate, an_expired_device_certificate_is_refused)
{
    struct ctl_identity device;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .not_before = world->now - 1000,
                                    .not_after = world->now - 1,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};

    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    ctl_identity_cleanup(&device);
}

/* ---- certificates of our own ---- */

static void enroll(struct ctl_identity *own, int confirm)
{
    struct answer answer = send_ir(&client), confirmed;

    cr_assert(answer.has_cert);
    own->key = client.key;
    own->cert_der = arena_copy(world->arena, answer.cert.der);
    cr_assert(certificate_parse(&own->cert, own->cert_der));
    if (confirm) {
        confirmed = world_send(world, client_confirm(&client, &answer, -1));
        expect_pkiconf(&confirmed);
    }
    answer_free(&answer);
}

static struct answer send_by(const struct ctl_identity *own)
{
    struct client next;

    client_init(&next, world, 0);
    client_sign_by(&next, own, NULL, 0);
    struct answer answer = world_send(world, client_request(&next, PKI_CR));
    client_cleanup(&next);
    return answer;
}

Test(authenticate, a_confirmed_certificate_of_our_own_may_ask_for_another)
{
    struct ctl_identity own;

    enroll(&own, 1);
    struct answer answer = send_by(&own);
    expect_certificate(&answer, PKI_CP);
}

/* RFC 9483 3.5: "If signature-based protection is used, the CMP protection certificate MUST be
 * successfully validated, including path validation using a trust anchor, and MUST be authorized according
 * to local policies." */
Test(authenticate, certificates_of_our_own_count_only_where_the_profile_says_so)
{
    struct ctl_identity own;
    struct trust vendors = {.count = 0};

    enroll(&own, 1);
    cr_assert(trust_add(&vendors, world->vendor_root.cert_der, 1));
    world->config.accept.own_certificates = 0;
    world->profile.trust = &vendors;
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    trust_cleanup(&vendors);
}

/* What was never confirmed may be in nobody's hands, or in the wrong ones. */
Test(authenticate, an_unconfirmed_certificate_of_our_own_is_refused)
{
    struct ctl_identity own;

    enroll(&own, 0);
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

Test(authenticate, a_revoked_certificate_of_our_own_is_refused)
{
    struct ctl_identity own;

    enroll(&own, 1);
    world->certs[0].row.status = STORE_CERT_REVOKED;
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);

    world->certs[0].row.status = STORE_CERT_HOLD;
    answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

static void revoke_first(struct world *w)
{
    w->certs[0].row.status = STORE_CERT_REVOKED;
}

Test(authenticate, a_certificate_revoked_while_the_request_is_on_its_way_is_refused)
{
    struct ctl_identity own;

    enroll(&own, 1);
    world->before_commit = revoke_first;
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 1);
}

/* Signed by the CA, yet not in its books: forged by whoever got hold of the key, or deleted. */
Test(authenticate, a_certificate_that_the_store_does_not_know_is_refused)
{
    struct ctl_identity own;

    enroll(&own, 1);
    world_forget(world);
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);

    /* The same serial in a certificate of other content. */
    struct ctl_identity twin;
    struct certificate_plan plan = {
        .serial = own.cert.serial, .subject = own.cert.subject, .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    enroll(&own, 1);
    plan.serial = own.cert.serial;
    issue(world, &twin, private_key_generate(KEY_P256, 0), plan, &world->issuing);
    answer = send_by(&twin);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    ctl_identity_cleanup(&twin);
}

/* ---- RAs (RFC 9483 5.1.1, RFC 9810 4.5) ---- */

static unsigned verified_for(struct client *c)
{
    unsigned before = world->wants_seen[CMP_WANT_VERIFY];

    c->transaction_id[0]++;
    struct answer answer = send_ir(c);
    expect_certificate(&answer, PKI_IP);
    return world->wants_seen[CMP_WANT_VERIFY] - before;
}

/* What was verified for one trust is remembered for that one. */
Test(authenticate, issuers_are_verified_once_for_devices_and_once_for_RAs)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};
    struct client by_ra;

    issue_ra(world, &ra, &trust);
    world->profile.ras = &trust;
    client_init(&by_ra, world, 0);
    client_sign_by(&by_ra, &ra, &world->vendor_ca.cert_der, 1);
    cr_assert_eq(verified_for(&client), 4); /* protection, possession, device, vendor's CA */
    cr_assert_eq(verified_for(&client), 3);
    cr_assert_eq(verified_for(&by_ra), 4);
    cr_assert_eq(verified_for(&by_ra), 3);
    client_cleanup(&by_ra);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* An RA that the CA itself has certified, under whichever profile, speaks for others. */
Test(authenticate, an_RA_may_have_been_enrolled_under_another_profile)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    issue_own_ra(world, &ra, &trust, "third");
    client_sign_by(&client, &ra, NULL, 0);
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    world->profile.ras = &trust;
    answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* An RA of somebody else is a device like others; one whose path only looked like an RA's is none at all. */
Test(authenticate, an_RA_whose_path_is_wrong_is_no_device_either)
{
    struct ctl_identity ra, look_alike, false_ca;
    struct certificate_plan ca = {.subject = world->vendor_ca.cert.subject,
                                  .is_ca = 1,
                                  .path_len = 0,
                                  .key_usage = KEY_USAGE_KEY_CERT_SIGN};
    struct trust vendor = {.count = 0}, ras = {.count = 0}, devices = {.count = 0};

    look_alike = world->vendor_ca;
    world->vendor_ca.cert.key_id = bytes_of(NULL, 0);
    issue_ra(world, &ra, &vendor);
    world->vendor_ca = look_alike;
    issue(world, &false_ca, private_key_generate(KEY_P256, 0), ca, &world->stranger_root);
    cr_assert(trust_add(&ras, false_ca.cert_der, 0));
    cr_assert(trust_add(&devices, false_ca.cert_der, 0) && trust_add(&devices, world->vendor_ca.cert_der, 0));
    world->profile.trust = &devices;
    client_sign_by(&client, &ra, NULL, 0);
    struct answer answer = send_ir(&client); /* as a device */
    expect_certificate(&answer, PKI_IP);
    world->profile.ras = &ras;
    client.transaction_id[0]++;
    answer = send_ir(&client);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    trust_cleanup(&vendor);
    trust_cleanup(&ras);
    trust_cleanup(&devices);
    ctl_identity_cleanup(&ra);
    ctl_identity_cleanup(&false_ca);
}

/* ---- shared secrets ---- */

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected."
 * RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)"
 * What an attacker may learn is the same in both cases. */
Test(authenticate, a_wrong_secret_and_an_unknown_reference_get_the_same_answer)
{
    struct bytes text[2];

    mac.secret = bytes_str("wrong");
    struct answer answer = send_ir(&mac);
    cr_assert(answer.message.has_protection);
    cr_assert_not(mac_is_mac(answer.message.header.protection_alg)); /* not verified: the answer is signed */
    text[0] = arena_copy(world->arena, answer.message.body);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    mac.secret = world->secret;
    mac.header.sender_kid = bytes_str("station-2");
    answer = send_ir(&mac);
    cr_assert_not(mac_is_mac(answer.message.header.protection_alg));
    text[1] = arena_copy(world->arena, answer.message.body);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_assert(bytes_equal(text[0], text[1]));
}

/* RFC 9810 8.6: whatever is wrong about a secret, finding it out takes the same steps in the same order, at
 * the same price: neither words nor time tell whether a reference exists. */
enum guess { WRONG_SECRET, UNKNOWN, EXPIRED, OTHER_PROFILE, OTHER_SEAL_KEY, GUESSES };

static void expect_same_cost(enum guess guess, struct answer *answer, const unsigned *seen)
{
    static struct answer first;
    static unsigned steps[GUESSES][CMP_WANT_KINDS];

    for (int kind = 0; kind < CMP_WANT_KINDS; kind++)
        steps[guess][kind] = world->wants_seen[kind] - seen[kind];
    if (guess == WRONG_SECRET) {
        first = *answer;
        cr_assert_eq(steps[guess][CMP_WANT_MAC], 1);
    }
    cr_assert_arr_eq(steps[guess], steps[WRONG_SECRET], sizeof steps[guess], "case %d", guess);
    cr_assert_eq(answer->price_us, first.price_us);
    cr_assert_str_eq(answer->result.text, first.result.text);
    cr_assert(answer->result.mac_wrong);
    cr_assert_not(answer->result.authenticated);
    expect_error(answer, PKI_BAD_MESSAGE_CHECK);
}

static void guess_as(enum guess guess, struct bytes (*make)(void))
{
    static const uint8_t other[SEAL_KEY] = {9};
    const struct seal_key *right = world->settings.seal_key;
    struct seal_key *wrong = seal_key_new(other);
    struct bytes secret = mac.secret, reference = mac.header.sender_kid;
    struct store_secret row = world->secrets[0].row;
    unsigned seen[CMP_WANT_KINDS];

    if (guess == WRONG_SECRET)
        mac.secret = bytes_str("wrong");
    else if (guess == UNKNOWN)
        mac.header.sender_kid = bytes_str("station-2");
    else if (guess == EXPIRED)
        world->secrets[0].row.expires = world->now;
    else if (guess == OTHER_PROFILE)
        world->secrets[0].row.profile = bytes_str("other");
    else
        world->settings.seal_key = wrong;
    mac.transaction_id[0]++;
    memcpy(seen, world->wants_seen, sizeof seen);
    struct answer answer = world_send(world, make());
    expect_same_cost(guess, &answer, seen);
    world->settings.seal_key = right;
    world->secrets[0].row = row;
    mac.secret = secret;
    mac.header.sender_kid = reference;
    seal_key_free(wrong);
}

static struct bytes make_mac_ir(void)
{
    return client_request(&mac, PKI_IR);
}

Test(authenticate, nothing_tells_whether_a_reference_exists)
{
    for (int guess = 0; guess < GUESSES; guess++)
        guess_as((enum guess)guess, make_mac_ir);
}

/* RFC 9483 3.5: "The message protection MUST be validated when present, and messages with an invalid
 * protection MUST be rejected." */
Test(authenticate, a_MAC_of_another_length_is_wrong)
{
    struct bytes part, message;

    cr_assert(pki_encode_protected_part(&part, world->arena, &mac.header, PKI_IR, client_body(&mac, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_str("x"), NULL, 0));
    struct answer answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    struct mac_key key;
    uint8_t code[DIGEST_MAX + 1] = {0};
    cr_assert(mac_derive(&key, &mac.mac, mac.secret));
    size_t len = mac_apply(code, &mac.mac, &key, part);
    for (size_t given = len - 1; given <= len + 1; given++) {
        cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(code, given), NULL, 0));
        answer = world_send(world, message);
        if (given == len)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
        world_forget(world);
    }
}

Test(authenticate, a_secret_is_good_until_it_expires)
{
    world->secrets[0].row.expires = world->now;
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    world->secrets[0].row.expires = world->now + 1;
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

Test(authenticate, a_secret_is_good_for_its_profile_only)
{
    world->secrets[0].row.profile = bytes_str("other");
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);

    mac.header.cert_profile = bytes_str("other");
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

Test(authenticate, a_secret_sealed_under_another_key_is_not_opened)
{
    static const uint8_t other[SEAL_KEY] = {9};
    const struct seal_key *right = world->settings.seal_key;
    struct seal_key *wrong = seal_key_new(other);

    world->settings.seal_key = wrong;
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    world->settings.seal_key = NULL;
    answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    world->settings.seal_key = right;
    seal_key_free(wrong);
}

/* A box bound to another reference: a row that was copied in the database. */
Test(authenticate, a_sealed_secret_is_worthless_under_another_reference)
{
    world->secrets[0].row.reference = bytes_str("station-2");
    mac.header.sender_kid = bytes_str("station-2");
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

static void use_pbm(size_t salt_len, enum digest_id owf, enum digest_id digest, uint32_t iterations)
{
    static const uint8_t salt[256] = {1, 2, 3};
    CBS cbs;

    cr_assert(mac_pbm_encode(&mac.header.protection_alg, world->arena, bytes_of(salt, salt_len), owf, digest,
                             iterations));
    cbs = cbs_of(mac.header.protection_alg);
    cr_assert(mac_parse(&mac.mac, &cbs));
    mac.transaction_id[0]++;
}

/* RFC 9810 5.1.3.1, "The OWF is then applied iterationCount times": the upper bound keeps a peer from
 * choosing our work, the lower one from making guesses cheap. */
Test(authenticate, iterationCount_is_bounded_by_the_profile)
{
    struct answer answer;

    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 99);
    answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_ALG);
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 10001);
    answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_ALG);
    cr_assert_eq(world->wants_seen[CMP_WANT_MAC], 0); /* nothing was derived for it */
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 100);
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA256, 10000);
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 4211 4.4: the salt makes a dictionary of secrets worthless; ours are 8 to 128 octets. */
Test(authenticate, a_salt_has_8_to_128_octets)
{
    static const struct {
        size_t len;
        int good;
    } cases[] = {{0, 0}, {7, 0}, {8, 1}, {128, 1}, {129, 0}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        use_pbm(cases[i].len, DIGEST_SHA256, DIGEST_SHA256, 500);
        struct answer answer = send_ir(&mac);
        if (cases[i].good)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_ALG);
    }
}

/* RFC 8018 5.2: the length of a derived key is the peer's to choose; ours are 16 to 64 octets. */
Test(authenticate, a_derived_key_has_as_many_octets_as_the_profile_allows)
{
    static const struct {
        size_t len;
        int good;
    } cases[] = {{15, 0}, {16, 1}, {17, 1}, {47, 1}, {48, 1}, {49, 0}};

    world->config.mac.key_max = 48;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(mac_pbmac1_encode(&mac.header.protection_alg, world->arena, bytes_str("0123456789abcdef"),
                                    DIGEST_SHA256, DIGEST_SHA256, 500, cases[i].len));
        CBS cbs = cbs_of(mac.header.protection_alg);
        cr_assert(mac_parse(&mac.mac, &cbs));
        mac.transaction_id[0]++;
        struct answer answer = send_ir(&mac);
        if (cases[i].good)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_ALG);
    }
}

Test(authenticate, SHA1_as_owf_needs_the_profile_s_leave_and_as_mac_none)
{
    use_pbm(16, DIGEST_SHA1, DIGEST_SHA1, 500);
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_ALG);

    world->config.mac.sha1_owf = 1;
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);

    world->config.mac.sha1_owf = 0;
    use_pbm(16, DIGEST_SHA256, DIGEST_SHA1, 500);
    answer = send_ir(&mac);
    expect_certificate(&answer, PKI_IP);
}

Test(authenticate, PasswordBasedMac_goes_with_every_SHA2)
{
    for (enum digest_id id = DIGEST_SHA224; id <= DIGEST_SHA512; id++) {
        use_pbm(16, id, id, 500);
        struct answer answer = send_ir(&mac);
        expect_certificate(&answer, PKI_IP);
    }
}

/* RFC 9483 3.5: "The protection MUST be signature-based except if MAC-based protection is used as
 * described in Sections 4.1.5 and 4.1.6.3. (failInfo bit: wrongIntegrity)" */
Test(authenticate, a_MAC_is_refused_where_the_profile_takes_none)
{
    world->config.mac.allowed = 0;
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_WRONG_INTEGRITY);
}

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)" */
Test(authenticate, a_MAC_without_senderKID_names_no_secret)
{
    mac.header.sender_kid = bytes_of(NULL, 0);
    struct answer answer = send_ir(&mac);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.2: "If present, the same kind of protection MUST be used for all messages of that PKI
 * management operation." */
Test(authenticate, a_refusal_is_MAC_protected_once_the_MAC_is_verified)
{
    world->decide_refuses = 1;
    struct answer answer = send_ir(&mac);
    cr_assert(mac_is_mac(answer.message.header.protection_alg));
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
}

/* ---- time ---- */

/* RFC 9483 3.5: "If the messageTime is present and the receiving system has a reliable system time, the
 * messageTime MUST be close to the current time of the receiving system, where the threshold will vary by
 * use case. (failInfo bit: badTime)" */
Test(authenticate, messageTime_must_be_within_the_window_of_the_profile)
{
    static const struct {
        int64_t offset;
        int good;
    } cases[] = {{301, 0}, {-301, 0}, {-INT64_C(3000000000), 0}, {300, 1}, {-300, 1}};

    client.header.has_message_time = 1;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        client.transaction_id[0]++;
        client.header.message_time = world->now + cases[i].offset;
        struct answer answer = send_ir(&client);
        if (cases[i].good)
            expect_certificate(&answer, PKI_IP);
        else
            expect_error(&answer, PKI_BAD_TIME);
    }
}

Test(authenticate, messageTime_is_not_looked_at_where_the_profile_has_no_window)
{
    client.header.has_message_time = 1;
    client.header.message_time = world->now - 100000;
    world->config.accept.message_time_seconds = 0;
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

/* ---- algorithms ---- */

static void enroll_with(enum key_kind kind)
{
    struct world *before = world;
    struct client other;

    world = world_new(kind);
    client_init(&other, world, 0);
    private_key_free(other.key);
    other.key = private_key_generate(kind, 2048);
    struct answer answer = world_send(world, client_request(&other, PKI_IR)), confirmed;
    cr_assert(answer.has_cert, "kind %d", kind);
    confirmed = world_send(world, client_confirm(&other, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
    client_cleanup(&other);
    world_free(world);
    world = before;
}

/* RFC 9481 3.1, 3.2, 3.3: RSA, ECDSA and EdDSA, of the device, the CA and the server alike. */
Test(authenticate, a_transaction_goes_through_with_P256)
{
    enroll_with(KEY_P256);
}

Test(authenticate, a_transaction_goes_through_with_P384)
{
    enroll_with(KEY_P384);
}

Test(authenticate, a_transaction_goes_through_with_P521)
{
    enroll_with(KEY_P521);
}

Test(authenticate, a_transaction_goes_through_with_RSA)
{
    enroll_with(KEY_RSA);
}

Test(authenticate, a_transaction_goes_through_with_Ed25519)
{
    enroll_with(KEY_ED25519);
}

/* RFC 4055 3.1: id-RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets. */
Test(authenticate, RSASSA_PSS_protects_a_request)
{
    struct ctl_identity device;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    CBS cbs;

    issue(world, &device, private_key_generate(KEY_RSA, 2048), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    client.header.protection_alg =
        hex(world->arena,
            "30 41 06 09 2a 86 48 86 f7 0d 01 01 0a 30 34 a0 0f 30 0d 06 09 60 86 48 01 65 03 04 02 01 "
            "05 00 a1 1c 30 1a 06 09 2a 86 48 86 f7 0d 01 01 08 30 0d 06 09 60 86 48 01 65 03 04 02 01 "
            "05 00 a2 03 02 01 20");
    cbs = cbs_of(client.header.protection_alg);
    cr_assert_not_null(client.algorithm = signature_parse(&cbs));
    cr_assert_eq(client.algorithm->family, FAMILY_RSA_PSS);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    ctl_identity_cleanup(&device);
}
