/* signer.c: which certificate of extraCerts protects a message, and whether it is trusted (RFC 9483 3.3
 * and 3.5, RFC 9810 5.1.1). */
#include "crypto/name.h"
#include "server/base/bounds.h"
#include "tests/support/der_tree.h"
#include "tests/support/hex.h"
#include "tests/support/issue.h"
#include "tests/support/spelling.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(signer, .init = set_up, .fini = tear_down);

static struct answer send_ir(struct client *c)
{
    return world_send(world, client_request(c, PKI_IR));
}

/* ---- which certificate protects ---- */

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)"
 * RFC 9483 3.3: "For maximum interoperability, all implementations SHOULD be prepared to handle
 * potentially additional certificates and arbitrary orderings of the certificates." */
Test(signer, senderKID_finds_its_certificate_anywhere_in_extraCerts)
{
    struct bytes device = client.extra_certs[0], ca = client.extra_certs[1];

    client.extra_certs[0] = ca;
    client.extra_certs[1] = world->stranger.cert_der; /* of the same name as the device */
    client.extra_certs[2] = device;
    client.extra_cert_count = 3;
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

Test(signer, without_senderKID_the_name_finds_the_certificate)
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
Test(signer, a_senderKID_that_names_no_certificate_is_refused)
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
Test(signer, a_certificate_without_key_identifier_is_found_by_its_name)
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

/* RFC 9810 D.7: "* external identity certificate MUST be carried in ir extraCerts field"
 * RFC 9483 4.1.1 ir.extraCerts: "REQUIRED" */
Test(signer, a_first_message_without_its_certificate_is_refused)
{
    client.extra_cert_count = 0;
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.3: "For maximum interoperability, all implementations SHOULD be prepared to handle
 * potentially additional certificates and arbitrary orderings of the certificates."
 * It does not stand in the way of the one that protects. */
Test(signer, what_is_no_certificate_in_extraCerts_is_passed_over)
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
Test(signer, a_NULL_DN_sender_is_taken_with_senderKID_only)
{
    client.header.sender = hex(world->arena, "a4 02 30 00");
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);

    client.transaction_id[0] ^= 1;
    client.header.sender_kid = bytes_of(NULL, 0);
    answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9810 D.7: "* sender name in ir MUST be present (and identical to the subject name present in the
 * external identity certificate);"
 * RFC 9483 3.5: "If signature-based protection is used, the sender field MUST match the subject of the CMP
 * protection certificate. (failInfo bit: badMessageCheck)" */
Test(signer, a_sender_other_than_the_subject_of_the_certificate_is_refused)
{
    client.header.sender = world->ca.sender;
    struct answer answer = send_ir(&client);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.5: "If the keyUsage extension is present in the CMP protection certificate, the
 * digitalSignature bit MUST be set. (failInfo bit: badAlg, badMessageCheck, or signerNotTrusted)" */
Test(signer, keyUsage_must_have_digitalSignature_if_it_is_there)
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

/* RFC 9483 3.5: "If signature-based protection is used, the sender field MUST match the subject of the CMP
 * protection certificate. (failInfo bit: badMessageCheck)"
 * Names match as RFC 5280 says in 7.1. The certificate is found so, too, where nothing but the name tells
 * which it is. */
Test(signer, a_sender_that_is_spelled_otherwise_matches)
{
    struct bytes kid = client.header.sender_kid,
                 other = spelled_otherwise(world->arena, world->device.cert.subject);
    CBB cbb, choice;

    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(&client.header.sender, world->arena, &cbb,
                         CBB_add_asn1(&cbb, &choice, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 4) &&
                             der_add_bytes(&choice, other)));
    for (int with_kid = 0; with_kid <= 1; with_kid++) {
        client.header.sender_kid = with_kid ? kid : bytes_of(NULL, 0);
        client.transaction_id[0]++;
        struct answer answer = send_ir(&client);
        expect_certificate(&answer, PKI_IP);
    }
}

/* The CA's own name in another spelling is the CA's: what it issued is looked up, whoever spelled the issuer.
 */
Test(signer, an_issuer_that_is_spelled_otherwise_is_ours)
{
    struct certificate_plan plan = {.key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .subject = world->device.cert.subject};
    struct ctl_identity issuer = world->issuing, forged;
    struct client next;

    issuer.cert.subject = spelled_otherwise(world->arena, world->issuing.cert.subject);
    issue(world, &forged, private_key_generate(KEY_P256, 0), plan, &issuer);
    client_init(&next, world, 0);
    client_sign_by(&next, &forged, NULL, 0);
    struct answer answer = world_send(world, client_request(&next, PKI_CR));
    cr_expect_not_null(strstr(answer.result.text, "not known to the CA"), "%s", answer.result.text);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    client_cleanup(&next);
    ctl_identity_cleanup(&forged);
}

/* Who sent it reads which algorithm was refused, and what to use. */
Test(signer, a_protectionAlg_that_is_refused_is_named)
{
    client.header.protection_alg = hex(world->arena, "30 09 06 07 2a 86 48 ce 3d 04 01");
    struct answer answer = send_ir(&client);
    cr_expect_not_null(strstr(answer.result.text, "protectionAlg: ecdsa-with-SHA1"), "%s",
                       answer.result.text);
    expect_error(&answer, PKI_BAD_ALG);
}

/* ---- several that may protect ---- */

enum { OLD, STRANGER, NAMESAKE };

/* A certificate that fits what the header says, and does not protect: of the same key and expired; of another
 * key and another vendor, under the same key identifier; of the same name without one. */
static struct bytes look_alike(int which)
{
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct ctl_identity made, *keep = arena_alloc(world->arena, sizeof *keep);
    uint8_t *at;

    switch (which) {
    case OLD:
        plan.not_before = world->now - 1000;
        plan.not_after = world->now - 1;
        issue(world, &made, world->device.key, plan, &world->vendor_ca);
        return made.cert_der;
    case STRANGER:
        issue(world, keep, private_key_generate(KEY_P256, 0), plan, &world->stranger_root);
        at = memmem(keep->cert_der.data, keep->cert_der.len, keep->cert.key_id.data, keep->cert.key_id.len);
        cr_assert_not_null(at);
        memcpy(at, world->device.cert.key_id.data, keep->cert.key_id.len);
        private_key_free(keep->key);
        return keep->cert_der;
    default:
        issue_without_key_id(keep);
        private_key_free(keep->key);
        return keep->cert_der;
    }
}

static void set_extra_certs(const struct bytes *certs, size_t count)
{
    cr_assert_leq(count, sizeof client.extra_certs / sizeof client.extra_certs[0]);
    memcpy(client.extra_certs, certs, count * sizeof *certs);
    client.extra_cert_count = count;
    client.transaction_id[0]++;
}

/* RFC 9483 3.3: "For maximum interoperability, all implementations SHOULD be prepared to handle
 * potentially additional certificates and arbitrary orderings of the certificates."
 * Each look-alike, and all of them, before and behind the right one, with and without senderKID. */
Test(signer, order_and_strangers_make_no_difference)
{
    struct bytes right = world->device.cert_der, chain = world->vendor_ca.cert_der,
                 kid = client.header.sender_kid;
    struct bytes alike[] = {look_alike(OLD), look_alike(STRANGER), look_alike(NAMESAKE)};

    for (int with_kid = 0; with_kid <= 1; with_kid++) {
        client.header.sender_kid = with_kid ? kid : bytes_of(NULL, 0);
        for (int i = 0; i < 3; i++) {
            struct bytes before[] = {alike[i], right, chain}, behind[] = {chain, right, alike[i]};
            set_extra_certs(before, 3);
            struct answer answer = send_ir(&client);
            expect_certificate(&answer, PKI_IP);
            set_extra_certs(behind, 3);
            answer = send_ir(&client);
            expect_certificate(&answer, PKI_IP);
        }
        struct bytes all[] = {alike[0], alike[1], alike[2], chain, right};
        set_extra_certs(all, 5);
        struct answer answer = send_ir(&client);
        expect_certificate(&answer, PKI_IP);
    }
}

/* RFC 9483 3.3, of orders: every one of the device's certificate, its chain up to the root, an expired one of
 * the same key, and one of our own CA, which has nothing to do with it. */
Test(signer, every_order_of_the_chain_is_good)
{
    enum { CERTS = 5, ORDERS = 5 * 4 * 3 * 2 };
    struct bytes certs[CERTS] = {world->device.cert_der, world->vendor_ca.cert_der,
                                 world->vendor_root.cert_der, look_alike(OLD), world->issuing.cert_der};

    for (int n = 0; n < ORDERS; n++) {
        struct bytes order[CERTS], rest[CERTS];
        memcpy(rest, certs, sizeof rest);
        for (int i = 0, left = CERTS, number = n; i < CERTS; i++, number /= left--) {
            int taken = number % left;
            order[i] = rest[taken];
            memmove(rest + taken, rest + taken + 1, (size_t)(left - 1 - taken) * sizeof rest[0]);
        }
        world_forget(world);
        set_extra_certs(order, CERTS);
        struct answer answer = send_ir(&client);
        expect_certificate(&answer, PKI_IP);
    }
}

/* Which of them is refused does not depend on the order either: the one that came furthest. */
Test(signer, the_refusal_does_not_depend_on_the_order)
{
    struct bytes old = look_alike(OLD), stranger = look_alike(STRANGER), chain = world->vendor_ca.cert_der;
    struct bytes one[] = {old, stranger, chain}, other[] = {stranger, old, chain};
    const struct bytes *orders[] = {one, other};

    const char *details[2];
    for (int i = 0; i < 2; i++) {
        set_extra_certs(orders[i], 3);
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        cr_assert_not_null(answer.result.detail);
        details[i] = arena_printf(world->arena, "%s", answer.result.detail);
        expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    }
    cr_expect_str_eq(details[0], details[1]);
}

/* One that came further is told, in either order: the stranger's signature was looked at. */
Test(signer, the_refusal_of_the_one_that_came_furthest_is_told)
{
    struct bytes old = look_alike(OLD), chain = world->vendor_ca.cert_der;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct ctl_identity twin;

    issue(world, &twin, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client.header.sender_kid = bytes_of(NULL, 0);
    for (int order = 0; order < 2; order++) {
        struct bytes certs[] = {order == 0 ? old : twin.cert_der, order == 0 ? twin.cert_der : old, chain};
        set_extra_certs(certs, 3);
        struct answer answer = send_ir(&client);
        cr_expect_not_null(strstr(answer.result.text, "signature that protects"), "%s", answer.result.text);
        expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    }
    ctl_identity_cleanup(&twin);
}

Test(signer, duplicates_count_once)
{
    struct bytes old = look_alike(OLD);
    struct bytes certs[] = {old, old, old, old, old, old, world->vendor_ca.cert_der, world->device.cert_der};

    set_extra_certs(certs, 8);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
}

/* The work has a bound, and who goes beyond it is told. */
Test(signer, no_more_than_a_few_are_tried)
{
    struct bytes certs[BOUND_SIGNERS + 2];

    for (int i = 0; i < BOUND_SIGNERS; i++)
        certs[i] = look_alike(STRANGER);
    certs[BOUND_SIGNERS] = world->vendor_ca.cert_der;
    certs[BOUND_SIGNERS + 1] = world->device.cert_der;
    set_extra_certs(certs + 1, BOUND_SIGNERS + 1);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);

    set_extra_certs(certs, BOUND_SIGNERS + 2);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect_not_null(strstr(answer.result.text, "too many certificates"), "%s", answer.result.text);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

/* What is tried is paid for beforehand. */
Test(signer, each_that_may_protect_is_in_the_price)
{
    struct bytes chain = world->vendor_ca.cert_der;
    struct bytes certs[] = {world->device.cert_der, chain, look_alike(STRANGER), look_alike(STRANGER)};
    uint64_t prices[3];

    for (size_t i = 0; i < 3; i++) {
        set_extra_certs(certs, 2 + i);
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        prices[i] = answer.price_us;
        expect_certificate(&answer, PKI_IP);
    }
    cr_expect_gt(prices[1], prices[0]);
    cr_expect_gt(prices[2], prices[1]);
}

Test(signer, a_certificate_behind_the_first_16_is_not_seen_and_the_device_is_told)
{
    struct bytes certs[BOUND_EXTRA_CERTS + 1];

    for (int i = 0; i < BOUND_EXTRA_CERTS; i++)
        certs[i] = world->vendor_ca.cert_der;
    certs[BOUND_EXTRA_CERTS] = world->device.cert_der;
    set_extra_certs(certs + 1, BOUND_EXTRA_CERTS);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);

    set_extra_certs(certs, BOUND_EXTRA_CERTS + 1);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect_not_null(strstr(answer.result.text, "first 16"), "%s", answer.result.text);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* ---- the path ---- */

/* RFC 9483 3.5: "If signature-based protection is used, the CMP protection certificate MUST be
 * successfully validated, including path validation using a trust anchor, and MUST be authorized according
 * to local policies."
 * RFC 9483 3.3: "Self-signed certificates should be omitted from extraCerts and MUST NOT be trusted based
 * on their inclusion in any case"
 * Its self-signed root comes along in extraCerts. */
Test(signer, a_device_of_a_vendor_that_nobody_trusts_is_refused)
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
Test(signer, an_intermediate_that_only_looks_trusted_is_refused)
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
Test(signer, a_second_intermediate_of_the_same_name_is_tried)
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

/* ---- what certificates of a path say of those below them ---- */

/* An intermediate of the vendor's, of the name and the key of the one that is there, that says |value| in an
 * extension of id-ce; and a device below it. */
static void issue_below_one_that_says(struct ctl_identity *ca, struct ctl_identity *device, const char *last,
                                      const char *value)
{
    struct certificate_extension other = {hex(world->arena, last), 1, hex(world->arena, value)};
    struct certificate_plan plan = {.subject = world->vendor_ca.cert.subject,
                                    .is_ca = 1,
                                    .path_len = 0,
                                    .key_usage = KEY_USAGE_KEY_CERT_SIGN,
                                    .others = &other,
                                    .other_count = 1};
    struct certificate_plan below = {.subject = world->device.cert.subject,
                                     .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                     .san = hex(world->arena, "30 03 82 01 61")};

    issue(world, ca, private_key_generate(KEY_P256, 0), plan, &world->vendor_root);
    issue(world, device, private_key_generate(KEY_P256, 0), below, ca);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.3 (b): the log says which certificate, and which extension of whom; the sender learns that it
 * is not trusted. 6.1.3 (f) likewise. */
Test(signer, a_device_is_refused_whom_its_vendors_CA_may_not_name)
{
    static const struct {
        const char *last, *value, *detail;
    } cases[] = {
        {"55 1d 1e", "30 07 a0 05 30 03 82 01 62", "do not permit its dNSName"},
        {"55 1d 24", "30 03 80 01 00", "it has no certificatePolicies"},
        {"55 1d 1e", "30 07 a0 05 30 03 82 01 61", NULL},
        {"55 1d 24", "30 03 80 01 05", NULL},
    };
    struct ctl_identity ca, device;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        issue_below_one_that_says(&ca, &device, cases[i].last, cases[i].value);
        client_sign_by(&client, &device, &ca.cert_der, 1);
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        if (cases[i].detail == NULL) {
            expect_certificate(&answer, PKI_IP);
        } else {
            cr_expect(strncmp(answer.result.detail, "certificate of ", 15) == 0 &&
                          strstr(answer.result.detail, cases[i].detail) != NULL,
                      "%s", answer.result.detail);
            cr_expect(bytes_equal(answer.status.text,
                                  bytes_str("the protecting certificate is not trusted by this profile")));
            expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
        }
        ctl_identity_cleanup(&ca);
        ctl_identity_cleanup(&device);
    }
}

/* Of two issuers with one name and key, one may constrain what the other does not: any path that is good will
 * do. */
Test(signer, another_path_is_tried_where_names_do_not_fit)
{
    struct ctl_identity ca, device;
    struct certificate_plan plan = {.is_ca = 1, .path_len = 0, .key_usage = KEY_USAGE_KEY_CERT_SIGN};
    struct bytes chain[2];

    issue_below_one_that_says(&ca, &device, "55 1d 1e", "30 07 a0 05 30 03 82 01 62");
    struct ctl_identity free_one = ca;
    plan.subject = ca.cert.subject;
    issue(world, &free_one, ca.key, plan, &world->vendor_root);
    for (int first = 0; first <= 1; first++) {
        chain[first] = ca.cert_der;
        chain[!first] = free_one.cert_der;
        client_sign_by(&client, &device, chain, 2);
        client.transaction_id[0]++;
        struct answer answer = send_ir(&client);
        expect_certificate(&answer, PKI_IP);
    }
    ctl_identity_cleanup(&ca);
    ctl_identity_cleanup(&device);
}

/* What came as far as these checks came further than a wrong signature: that is told, in either order. */
Test(signer, a_refusal_by_what_a_path_says_is_told_before_a_wrong_signature)
{
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct ctl_identity ca, device, twin;

    issue_below_one_that_says(&ca, &device, "55 1d 1e", "30 07 a0 05 30 03 82 01 62");
    issue(world, &twin, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &device, NULL, 0);
    client.header.sender_kid = bytes_of(NULL, 0);
    for (int order = 0; order < 2; order++) {
        struct bytes certs[] = {order == 0 ? device.cert_der : twin.cert_der,
                                order == 0 ? twin.cert_der : device.cert_der, ca.cert_der,
                                world->vendor_ca.cert_der};
        set_extra_certs(certs, 4);
        struct answer answer = send_ir(&client);
        cr_expect(answer.result.detail != NULL &&
                      strstr(answer.result.detail, "do not permit its dNSName") != NULL,
                  "%s", answer.result.text);
        expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    }
    ctl_identity_cleanup(&ca);
    ctl_identity_cleanup(&device);
    ctl_identity_cleanup(&twin);
}

/* RFC 5280 6.1.3 (d): a vendor whose certificates have policies is as good as one whose have none, critical
 * or not; its qualifiers are CPS pointers. */
Test(signer, a_device_with_critical_certificatePolicies_is_granted)
{
    struct ctl_identity device;
    struct certificate_extension policies = {
        hex(world->arena, "55 1d 20"), 1,
        hex(world->arena,
            "30 19 30 17 06 03 2a 03 04 30 10 30 0e 06 08 2b 06 01 05 05 07 02 01 16 02 61 62")};
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .others = &policies,
                                    .other_count = 1};

    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    ctl_identity_cleanup(&device);
}

/* Each path costs its signatures: of issuers that look alike, so many are tried. */
Test(signer, paths_are_tried_up_to_a_bound)
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

Test(signer, a_certificate_beyond_its_bound_is_passed_over)
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
Test(signer, an_expired_device_certificate_is_refused)
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

Test(signer, a_confirmed_certificate_of_our_own_may_ask_for_another)
{
    struct ctl_identity own;

    enroll(&own, 1);
    struct answer answer = send_by(&own);
    expect_certificate(&answer, PKI_CP);
}

/* RFC 9483 3.5: "If signature-based protection is used, the CMP protection certificate MUST be
 * successfully validated, including path validation using a trust anchor, and MUST be authorized according
 * to local policies." */
Test(signer, certificates_of_our_own_count_only_where_the_profile_says_so)
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
Test(signer, an_unconfirmed_certificate_of_our_own_is_refused)
{
    struct ctl_identity own;

    enroll(&own, 0);
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
}

Test(signer, a_revoked_certificate_of_our_own_is_refused)
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

Test(signer, a_certificate_revoked_while_the_request_is_on_its_way_is_refused)
{
    struct ctl_identity own;

    enroll(&own, 1);
    world->before_commit = revoke_first;
    struct answer answer = send_by(&own);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 1);
}

/* Signed by the CA, yet not in its books: forged by whoever got hold of the key, or deleted. */
Test(signer, a_certificate_that_the_store_does_not_know_is_refused)
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

/* Two of our own with one key: what the store says of the one does not count for the other. */
Test(signer, each_certificate_of_our_own_has_its_own_row)
{
    struct certificate_plan plan = {.key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct ctl_identity own, twin;

    enroll(&own, 1);
    plan.subject = own.cert.subject;
    issue(world, &twin, own.key, plan, &world->issuing); /* which the store does not know */
    for (int order = 0; order < 2; order++) {
        struct client next;
        client_init(&next, world, 0);
        client_sign_by(&next, order == 0 ? &own : &twin, order == 0 ? &twin.cert_der : &own.cert_der, 1);
        struct answer answer = world_send(world, client_request(&next, PKI_CR));
        expect_certificate(&answer, PKI_CP);
        client_cleanup(&next);
    }
    world_cert_of(world, own.cert.serial)->status = STORE_CERT_REVOKED;
    struct client last;
    client_init(&last, world, 0);
    client_sign_by(&last, &own, &twin.cert_der, 1);
    struct answer answer = world_send(world, client_request(&last, PKI_CR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    client_cleanup(&last);
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
Test(signer, issuers_are_verified_once_for_devices_and_once_for_RAs)
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
Test(signer, an_RA_may_have_been_enrolled_under_another_profile)
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
Test(signer, an_RA_whose_path_is_wrong_is_no_device_either)
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

/* The keys that a path needs are freed when its certificate is passed over: under ASan. */
Test(signer, what_is_passed_over_leaves_nothing_behind)
{
    struct certificate_plan plan = {.key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct trust roots = {.count = 0};
    struct ctl_identity own, twin;
    struct client next;

    enroll(&own, 1);
    cr_assert(trust_add(&roots, world->root.cert_der, 1));
    world->profile.trust = &roots;
    world_cert_of(world, own.cert.serial)->profile = bytes_str("another");
    plan.subject = own.cert.subject;
    issue(world, &twin, own.key, plan, &world->vendor_ca);
    client_init(&next, world, 0);
    const struct bytes chain[] = {world->issuing.cert_der, twin.cert_der};
    client_sign_by(&next, &own, chain, 2);
    struct answer answer = world_send(world, client_request(&next, PKI_CR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    client_cleanup(&next);
    trust_cleanup(&roots);
}

/* ---- a CA before this one ---- */

/* From now on the default profile is of another CA, of the same name or not, and the profile "other", under
 * which stations have their certificates, is of the CA before. */
static void follow(struct ctl_identity *newer, struct cmp_authority *ca, int has_same_name)
{
    struct certificate_plan plan = {.is_ca = 1, .key_usage = KEY_USAGE_KEY_CERT_SIGN};

    plan.subject = world->issuing.cert.subject;
    if (!has_same_name)
        cr_assert(name_build(&plan.subject, world->arena, (const char *const[]){"CN", "Issuing CA 2", NULL}));
    issue(world, newer, private_key_generate(KEY_P256, 0), plan, &world->root);
    *ca = world->ca;
    ca->cert = newer->cert;
    ca->key = newer->key;
    memset(ca->id, 0x77, sizeof ca->id);
    world->profile.ca = ca;
    world->profile.former = &world->other_profile;
}

/* Which profile judges the update of |own|, beside which |more| stands in extraCerts. */
static const char *judge_of(const struct ctl_identity *own, struct bytes more, const char *cert_profile)
{
    static char profile[32];
    struct client next;

    client_init(&next, world, 0);
    client_sign_by(&next, own, &more, more.len != 0);
    next.subject = own->cert.subject;
    next.header.cert_profile = bytes_str(cert_profile);
    struct answer answer = world_send(world, client_request(&next, PKI_KUR));
    snprintf(profile, sizeof profile, "%s", answer.result.profile);
    cr_expect_eq(answer.has_cert, strcmp(profile, "other") == 0, "%s: %s", profile, answer.result.text);
    answer_free(&answer);
    client_cleanup(&next);
    return profile;
}

/* RFC 9810 4.4: a CA has another key, and maybe the same name. A station goes on at its URL; whose
 * certificate it is, name and key identifier tell, and nothing that stands beside it may send it away from
 * the CA that has issued it. */
Test(signer, an_update_is_for_the_CA_that_has_issued_the_certificate)
{
    for (int has_same_name = 0; has_same_name < 2; has_same_name++) {
        struct ctl_identity own, newer, moved;
        struct cmp_authority ca;
        client.header.cert_profile = bytes_str("other");
        enroll(&own, 1);
        follow(&newer, &ca, has_same_name);
        cr_expect_str_eq(judge_of(&own, newer.cert_der, NULL), "other");
        cr_expect_str_eq(judge_of(&own, bytes_of(NULL, 0), "test"), "test", "certProfile says otherwise");
        /* The station has come over with its key: then it is the present CA's, whatever else it sends. */
        issue(
            world, &moved, own.key,
            (struct certificate_plan){.subject = own.cert.subject, .key_usage = KEY_USAGE_DIGITAL_SIGNATURE},
            &newer);
        cr_expect_str_eq(judge_of(&moved, own.cert_der, NULL), "test");
        cr_expect_str_eq(judge_of(&own, moved.cert_der, NULL), "test");
        world->profile.former = NULL;
        cr_expect_str_eq(judge_of(&own, bytes_of(NULL, 0), NULL), "test");
        ctl_identity_cleanup(&newer);
        world->profile.ca = &world->ca;
        world_forget(world);
        client_cleanup(&client);
        client_init(&client, world, 0);
    }
}

/* An RA revokes for others: whose certificate is meant, its path says. A certificate of its own that the CA
 * before has issued does not. */
Test(signer, an_RA_is_not_led_to_the_CA_before_by_its_own_certificate)
{
    struct ctl_identity ra, newer;
    struct cmp_authority ca;
    struct trust trust = {.count = 0};
    struct client next;

    issue_own_ra(world, &ra, &trust, "other");
    follow(&newer, &ca, 0);
    client_init(&next, world, 0);
    client_sign_by(&next, &ra, NULL, 0);
    struct answer answer = world_send(world, client_request(&next, PKI_RR));
    cr_assert_str_eq(answer.result.profile, "test");
    answer_free(&answer);
    client_cleanup(&next);
    ctl_identity_cleanup(&ra);
    ctl_identity_cleanup(&newer);
    trust_cleanup(&trust);
    world->profile.ca = &world->ca;
}

/* ---- to the letter ---- */

/* RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate followed by its
 * chain, where each element should directly certify the one immediately preceding it." */
Test(signer, to_the_letter_extraCerts_begins_with_the_chain_in_its_order)
{
    struct bytes device = client.extra_certs[0], ca = client.extra_certs[1],
                 root = world->vendor_root.cert_der, stranger = world->stranger.cert_der;
    const struct {
        struct bytes certs[4];
        size_t count;
        int good;
    } cases[] = {
        {{device, ca}, 2, 1},
        {{device, ca, root}, 3, 1},
        {{device, ca, stranger}, 3, 1}, /* the chain is complete */
        {{device, ca, root, stranger}, 4, 1},
        {{ca, device}, 2, 0},
        {{stranger, device, ca}, 3, 0},
        {{device, stranger, ca}, 3, 0},
        {{device, root, ca}, 3, 0},
    };

    for (int strict = 0; strict <= 1; strict++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            world->config.accept.header = strict ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
            memcpy(client.extra_certs, cases[i].certs, cases[i].count * sizeof cases[i].certs[0]);
            client.extra_cert_count = cases[i].count;
            client.transaction_id[0]++;
            struct answer answer = send_ir(&client);
            cr_expect_eq(answer.has_cert, !strict || cases[i].good, "strict %d, case %zu: %s", strict, i,
                         answer.result.text);
            if (answer.has_cert)
                expect_certificate(&answer, PKI_IP);
            else
                expect_error(&answer, PKI_BAD_REQUEST);
        }
}

/* RFC 9483 3.3: "MUST be present for signature-based protection and contain the CMP protection certificate
 * together with its chain for the first request and response message of a PKI management operation."
 * The issuer is configured, or not: an incomplete chain is one in either case. */
Test(signer, to_the_letter_the_chain_is_complete)
{
    must(trust_add_issued(&world->trust, world->vendor_ca.cert_der, &world->trust.items[0]));
    client.extra_cert_count = 1;
    struct answer answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    client.transaction_id[0]++;
    answer = send_ir(&client);
    cr_assert_not_null(answer.result.detail);
    cr_expect_not_null(strstr(answer.result.detail, "header: rfc9483"));
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* Our own certificates are issued by a CA that the profile trusts. */
Test(signer, to_the_letter_a_certificate_of_this_CA_needs_no_chain_beyond_it)
{
    struct ctl_identity own;
    struct answer first = send_ir(&client), answer = world_send(world, client_confirm(&client, &first, -1));

    expect_pkiconf(&answer);
    client_adopt(&client, &first, &own);
    client_sign_by(&client, &own, NULL, 0);
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    answer = send_ir(&client);
    expect_certificate(&answer, PKI_IP);
    answer_free(&first);
    ctl_identity_cleanup(&own);
}

/* ---- a certificate that extraCerts lacks (accept.find_signer) ---- */

/* |client| has a certificate that can be looked for, and sends none. Returns its row. */
static struct store_cert *adopt_and_send_none(struct ctl_identity *own)
{
    struct store_cert *row;
    struct answer answer;

    world->config.accept.find_signer = 1;
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    row = world_cert_of(world, answer.cert.serial);
    client_adopt(&client, &answer, own);
    client.extra_cert_count = 0;
    answer_free(&answer);
    return row;
}

static struct answer update_again(void)
{
    client.transaction_id[0]++;
    return world_send(world, client_request(&client, PKI_KUR));
}

/* RFC 9810 5.1.1 has senderKID say which key protects the message, and RFC 9483 3.3 the certificate sent
 * along: a client may send the one alone. */
Test(signer, one_that_extraCerts_lacks_is_looked_for_in_the_store)
{
    struct ctl_identity own;
    struct store_cert *row = adopt_and_send_none(&own);
    struct answer answer;

    cr_assert(bytes_equal(row->key_id, own.cert.key_id));
    answer = update_again();
    expect_certificate(&answer, PKI_KUP);
    client.transaction_id[0]++;
    answer = world_send(world, client_revoke(&client, &own.cert, 4));
    cr_expect_eq(answer.body, PKI_RP);
    cr_expect_eq(row->status, STORE_CERT_REVOKED);
    answer_free(&answer);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 4.1.1 ir.extraCerts: "REQUIRED"
 * RFC 9810 D.7: "* external identity certificate MUST be carried in ir extraCerts field" */
Test(signer, it_is_not_looked_for_where_the_profile_does_not_say_so)
{
    struct ctl_identity own;
    struct store_cert *row;
    unsigned fetches;
    struct answer answer;

    adopt_and_send_none(&own);
    world->config.accept.find_signer = 0;
    fetches = world->wants_seen[CMP_WANT_FETCH];
    answer = update_again();
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_expect_eq(world->wants_seen[CMP_WANT_FETCH], fetches);
    client_sign_by(&client, &own, NULL, 0);
    answer = update_again();
    row = world_cert_of(world, answer.cert.serial);
    cr_expect_eq(row->key_id.len, 0, "nor is it kept what it would be found by");
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

Test(signer, what_the_store_has_is_judged_as_any)
{
    struct ctl_identity own;
    struct store_cert *row = adopt_and_send_none(&own);
    struct answer answer;

    row->status = STORE_CERT_REVOKED;
    answer = update_again();
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    row->status = STORE_CERT_VALID;
    row->profile = bytes_str("others");
    answer = update_again();
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    row->profile = bytes_str("test");
    client.header.sender = world->ca.sender;
    answer = update_again();
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_assert(pki_directory_name(&client.header.sender, world->arena, own.cert.subject));
    client.signer = &world->stranger;
    answer = update_again();
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client.signer = &own;
    answer = update_again();
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

/* It costs one look-up, and tells what it told before. */
Test(signer, one_that_nobody_has_is_told_as_where_none_is_looked_for)
{
    static const char lacks[] = "extraCerts lacks the certificate that senderKID and sender name";
    struct ctl_identity own;
    struct answer answer;

    adopt_and_send_none(&own);
    client.header.sender_kid = bytes_str("an identifier of nobody");
    answer = update_again();
    cr_expect_str_eq(answer.result.text, lacks);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client.header.sender_kid = bytes_of(NULL, 0);
    answer = update_again();
    cr_expect_str_eq(answer.result.text, lacks);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    ctl_identity_cleanup(&own);
}

Test(signer, of_several_with_one_key_a_good_one_is_taken)
{
    struct ctl_identity own;
    struct store_cert *row = adopt_and_send_none(&own);
    struct private_key *new = client.key;
    struct answer answer;

    world->config.keys.same_in_update = 1;
    client.header.implicit_confirm = 0;
    client.key = own.key;
    answer = update_again();
    cr_expect(bytes_equal(world_cert_of(world, answer.cert.serial)->key_id, row->key_id));
    expect_certificate(&answer, PKI_KUP);
    client.key = new;
    answer = update_again();
    cr_expect(bytes_equal(world->asked.update->serial, row->serial), "the other one was never confirmed");
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

Test(signer, without_the_store_nobody_is_looked_for)
{
    struct ctl_identity own;
    struct answer answer;

    adopt_and_send_none(&own);
    world->fetches_seen = 0;
    world->fail_fetch_at = 2;
    answer = update_again();
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    ctl_identity_cleanup(&own);
}
