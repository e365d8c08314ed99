/* op_enroll.c: ir, cr and p10cr from first octet to commit (RFC 9483 4.1.1, 4.1.2, 4.1.4). */
#include "crypto/name.h"
#include "crypto/random.h"
#include "server/base/log.h"
#include "tests/support/hex.h"
#include "tests/support/spelling.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(op_enroll, .init = set_up, .fini = tear_down);

/* A refusal, and nothing of it in the store. */
static void expect_nothing(struct answer *answer, int body, enum pki_failure failure)
{
    expect_refusal(answer, body, failure);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 9483 4.1.1: "MUST contain the newly enrolled X.509 certificate"
 * RFC 9483 4.1.2: "Otherwise, ir and ip MUST be used." */
Test(op_enroll, ir_is_answered_by_ip_with_the_certificate)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_assert_eq(answer.body, PKI_IP);
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    cr_assert_eq(answer.status.fail_info, 0);
    cr_assert(answer.has_cert);
    cr_assert(bytes_equal(answer.cert.spki, private_key_spki(client.key)));
    cr_assert(bytes_equal(answer.cert.subject, client.subject));
    cr_assert_eq(answer.response.cert_req_id, 0);
    cr_assert_eq(answer.result.end, JOB_ANSWERED);
    answer_free(&answer);
}

/* What a client holds, the store holds: the certificate is released only after the commit was done. */
Test(op_enroll, the_certificate_is_in_the_store_before_it_is_out)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct store_cert *stored = world_cert_of(world, answer.cert.serial);

    cr_assert_not_null(stored);
    cr_assert(bytes_equal(stored->certificate, answer.cert.der));
    cr_assert_eq(stored->status, STORE_CERT_UNCONFIRMED);
    cr_assert_eq(world->audits, 1);
    answer_free(&answer);
}

/* Which vendor vouched for it, and over which of its CAs; an update has what the certificate has that it
 * updates. */
Test(op_enroll, who_vouched_for_it_is_kept)
{
    uint8_t hashes[2 * DIGEST_MAX];
    struct ctl_identity own;

    world->trust.items[0].owner = "Example";
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct store_cert *stored = world_cert_of(world, answer.cert.serial);
    digest_compute(hashes, DIGEST_SHA256, world->vendor_ca.cert_der);
    digest_compute(hashes + STORE_HASH, DIGEST_SHA256, world->vendor_root.cert_der);
    cr_assert(bytes_equal(stored->vendor, bytes_str("Example")));
    cr_assert(bytes_equal(stored->path, bytes_of(hashes, 2 * STORE_HASH)));
    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    answer = world_send(world, client_request(&client, PKI_KUR));
    stored = world_cert_of(world, answer.cert.serial);
    cr_assert(bytes_equal(stored->vendor, bytes_str("Example")));
    cr_assert(bytes_equal(stored->path, bytes_of(hashes, 2 * STORE_HASH)));
    answer_free(&answer);
    answer = world_send(world, client_request(&mac, PKI_IR));
    stored = world_cert_of(world, answer.cert.serial);
    cr_assert_eq(stored->vendor.len, 0);
    cr_assert_eq(stored->path.len, 0);
    answer_free(&answer);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 4.1.2: "The body of the first request and response SHOULD be cr and cp." */
Test(op_enroll, cr_is_answered_by_cp)
{
    struct answer answer = world_send(world, client_request(&client, PKI_CR));

    cr_assert_eq(answer.body, PKI_CP);
    cr_assert(answer.has_cert);
    answer_free(&answer);
}

/* RFC 9483 4.1.4: "The certReqId in the cp message MUST be -1."
 * RFC 9483 4.1.4: "The body of the first request and response MUST be p10cr and cp, respectively." */
Test(op_enroll, p10cr_is_answered_by_cp_with_certReqId_minus_one)
{
    struct answer answer = world_send(world, client_request(&client, PKI_P10CR));

    cr_assert_eq(answer.body, PKI_CP);
    cr_assert(answer.has_cert);
    cr_assert_eq(answer.response.cert_req_id, -1);
    answer_free(&answer);
}

/* RFC 9810 5.1.3.1: "Note: It is RECOMMENDED that the fields of PBMParameter remain constant throughout
 * the messages of a single transaction (e.g., ir/ip/certConf/pkiConf) to reduce the overhead associated
 * with PasswordBasedMac computation."
 * RFC 9483 4.1.5: "The protection of all messages MUST be MAC-based." */
Test(op_enroll, a_mac_protected_ir_gets_a_mac_protected_ip)
{
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));

    cr_assert_eq(answer.body, PKI_IP);
    cr_assert(answer.has_cert);
    cr_assert(bytes_equal(answer.message.header.protection_alg, mac.header.protection_alg));
    cr_assert(bytes_equal(answer.message.header.sender_kid, world->reference));
    answer_free(&answer);
}

/* RFC 9483 4.1.1: "In such cases, when responding with an ip message, the PKI management entity MUST NOT
 * include the implicitConfirm extension."
 * RFC 9483 4.1.1: "In case the EE included the generalInfo field implicitConfirm in the request message
 * and the PKI management […] MUST include the generalInfo field implicitConfirm in the response message."
 * RFC 9810 5.1.1.1: "If the CA grants the request to the end entity, it MUST put the same extension in the
 * PKIHeader of the response." */
Test(op_enroll, implicitConfirm_is_granted_only_where_asked_for_and_allowed)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.message.header.implicit_confirm);
    cr_assert_eq(answer.message.header.confirm_wait_time,
                 0); /* RFC 9483 3.1: PROHIBITED beside implicitConfirm */
    cr_assert_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_VALID);
    cr_assert_eq(world->txs[0].row.state, STORE_TX_CONFIRMED);
    answer_free(&answer);

    world->config.confirm.implicit = 0;
    struct client other;
    client_init(&other, world, 0);
    other.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&other, PKI_IR));
    cr_assert_not(answer.message.header.implicit_confirm);
    /* RFC 9483 3.1: confirmWaitTime is "RECOMMENDED in ip/cp/kup messages if implicitConfirm is not included"
     */
    cr_assert_eq(answer.message.header.confirm_wait_time, world->now + 300);
    cr_assert(answer.message.header.has_message_time);
    answer_free(&answer);
    client_cleanup(&other);
}

/* RFC 9483 4.1.1: "MUST contain the signature value computed over the DER-encoded certReq"
 * RFC 9483 3.6.4, badPOP */
Test(op_enroll, a_wrong_proof_of_possession_is_refused_in_ip)
{
    struct client other;
    struct bytes request, body;
    client_init(&other, world, 0);
    const struct cert_request asked = {
        .tmpl = {.version = -1, .subject = client.subject, .spki = private_key_spki(client.key)}};
    cr_assert(pki_encode_cert_request(&request, world->arena, &asked));
    /* The proof is signed by another key. */
    struct bytes wrong = client_body(&other, PKI_IR);
    struct cert_request parsed;
    size_t count;
    const char *why;
    cr_assert(pki_decode_cert_requests(&parsed, &count, world->arena, &why, wrong));
    cr_assert(
        pki_encode_cert_requests(&body, world->arena, request, parsed.pop_algorithm, parsed.pop_signature));
    struct answer answer = world_send(world, client_message(&client, PKI_IR, body));
    expect_nothing(&answer, PKI_IP, PKI_BAD_POP);
    client_cleanup(&other);
}

/* RFC 9483 3.5: "The sender of a request message MUST be authorized to request the operation according to
 * PKI policies. (failInfo bit: notAuthorized)"
 * RFC 9483 3.6.2: "In case the PKI management entity detects an error condition, e.g., rejecting the
 * request due to policy […] cp, kup, or rp with "rejection" status, as described in Sections 4.1.1 and
 * 4.2."
 * RFC 9483 4.1.1: "If the certificate request was rejected by the CA, the PKI management entity MUST
 * return an ip message containing the status code "rejection" as described in Section 3.6, and the
 * certifiedKeyPair field SHALL be omitted." */
Test(op_enroll, what_policy_refuses_is_refused_in_the_matching_response)
{
    world->decide_refuses = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_expect_str_eq(answer.result.detail, "subject asked for: CN=gnb-1,O=Operator");
    expect_nothing(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    client.transaction_id[0] ^= 1;
    client.subject = name_empty();
    answer = world_send(world, client_request(&client, PKI_CR));
    cr_expect_str_eq(answer.result.detail, "subject asked for: none");
    expect_nothing(&answer, PKI_CP, PKI_NOT_AUTHORIZED);
    client.transaction_id[0] ^= 2;
    answer = world_send(world, client_request(&client, PKI_P10CR));
    expect_nothing(&answer, PKI_CP, PKI_NOT_AUTHORIZED);
}

Test(op_enroll, a_key_that_cannot_sign_makes_the_server_unavailable_and_issues_nothing)
{
    world->keys_unavailable = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    cr_assert_eq(answer.body, PKI_ERROR);
    cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    cr_assert_not(answer.message.has_protection);
    cr_assert_eq(world->cert_count, 0);
    answer_free(&answer);
}

/* RFC 9483 3.6.4 systemUnavail */
Test(op_enroll, a_store_that_is_away_makes_the_server_unavailable)
{
    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNAVAILABLE;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_nothing(&answer, PKI_ERROR, PKI_SYSTEM_UNAVAIL);
}

Test(op_enroll, an_unknown_outcome_is_found_out_before_anyone_is_answered)
{
    struct answer answer;

    world->fail_commit_at = 1;
    world->commit_fault = STORE_UNKNOWN;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_nothing(&answer, PKI_ERROR, PKI_SYSTEM_UNAVAIL);

    world->fail_commit_at = 2;
    world->unknown_was_done = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.body, PKI_IP);
    cr_assert(answer.has_cert);
    cr_assert_eq(world->cert_count, 1);
    cr_assert(bytes_equal(world->certs[0].row.certificate, answer.cert.der));
    answer_free(&answer);
}

/* RFC 9810 8.7: "It is RECOMMENDED that such secret information be limited to a single PKI management
 * operation." */
Test(op_enroll, a_one_time_secret_serves_one_transaction)
{
    struct client first, second;
    client_init(&first, world, 1);
    client_init(&second, world, 1);
    world->secrets[0].row.reusable = 0;

    struct answer answer = world_send(world, client_request(&first, PKI_IR));
    cr_assert(answer.has_cert);
    answer_free(&answer);
    answer = world_send(world, client_request(&second, PKI_IR));
    cr_assert_eq(answer.body, PKI_ERROR);
    cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_NOT_AUTHORIZED);
    cr_assert_eq(world->cert_count, 1);
    answer_free(&answer);
    client_cleanup(&first);
    client_cleanup(&second);
}

/* ---- what a profile asks for ---- */

/* RFC 9483 4.1.1 certReq.certReqId: "MUST be 0"
 * RFC 9483 4.1.1 response.certReqId: "MUST be 0"
 * RFC 9810 5.3.4 only wants the answer to repeat it. */
Test(op_enroll, certReqId_is_repeated_or_must_be_0)
{
    client.cert_req_id = 7;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.response.cert_req_id, 7);
    expect_certificate(&answer, PKI_IP);
    client.transaction_id[0]++;
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_BAD_REQUEST);
    client.cert_req_id = -1; /* RFC 9483 4.1.4: of a p10cr only */
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_BAD_REQUEST);
    answer = world_send(world, client_request(&client, PKI_P10CR));
    expect_certificate(&answer, PKI_CP);
}

static void expire_before_commit(struct world *w)
{
    w->secrets[0].row.expires = w->now;
}

/* It was good when the request was judged, and is not any more when the certificate is stored. */
Test(op_enroll, a_secret_that_expires_on_the_way_gets_nothing)
{
    world->before_commit = expire_before_commit;
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    expect_nothing(&answer, PKI_ERROR, PKI_NOT_AUTHORIZED);
}

/* RFC 9810 5.2.3 grantedWithMods; again, after a retry. */
Test(op_enroll, a_certificate_that_differs_is_granted_with_mods)
{
    struct bytes request = client_request(&client, PKI_IR);

    world->decide_modifies = 1;
    for (int i = 0; i < 2; i++) {
        struct answer answer = world_send(world, request);
        cr_assert_eq(answer.status.status, PKI_GRANTED_WITH_MODS);
        /* RFC 9483 4.1.1: failInfo "MUST be absent if status is "accepted" or "grantedWithMods"" */
        cr_assert_eq(answer.status.fail_info, 0);
        cr_assert_neq(answer.status.text.len, 0);
        /* the device is told what, and so is the log */
        cr_assert(bytes_equal(answer.status.text, bytes_str("granted otherwise than asked for: subject")));
        if (i == 0)
            cr_assert_str_eq(answer.result.detail, "differs from the request: subject");
        expect_certificate(&answer, PKI_IP);
    }
    cr_assert_eq(world->cert_count, 1);
}

/* What policy could not judge for want of memory is not refused, and is judged when it comes again. */
Test(op_enroll, what_policy_could_not_decide_has_no_answer)
{
    struct bytes request = client_request(&client, PKI_IR);

    world->decide_undecided = 1;
    struct answer answer = world_send(world, request);
    cr_assert_eq(answer.result.end, JOB_BUSY);
    answer_free(&answer);
    world->decide_undecided = 0;
    answer = world_send(world, request);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 4211 section 5: serialNumber, signingAlg, issuerUID and subjectUID "MUST be omitted" */
Test(op_enroll, fields_that_must_be_omitted_are_refused)
{
    client.tmpl.serial = bytes_str("x");
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
}

/* Clients send them all the same: where the profile says so they are ignored, and the device is told. */
Test(op_enroll, fields_that_must_be_omitted_are_ignored_each_by_its_word)
{
    static const struct {
        unsigned ignore;
        int has_serial, has_algorithm;
        const char *told; /* NULL: refused */
    } cases[] = {
        {0, 1, 0, NULL},
        {0, 0, 1, NULL},
        {CONFIG_IGNORE_SERIAL_NUMBER, 1, 0, "granted otherwise than asked for: serialNumber"},
        {CONFIG_IGNORE_SERIAL_NUMBER, 1, 1, NULL},
        {CONFIG_IGNORE_SIGNING_ALG, 0, 1, "granted otherwise than asked for: signingAlg"},
        {CONFIG_IGNORE_SIGNING_ALG, 1, 1, NULL},
        {CONFIG_IGNORE_SERIAL_NUMBER | CONFIG_IGNORE_SIGNING_ALG, 1, 1,
         "granted otherwise than asked for: serialNumber, signingAlg"},
    };
    static const uint8_t ed25519[] = {0x06, 3, 0x2b, 0x65, 0x70};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world->config.request.ignore = cases[i].ignore;
        client.tmpl.serial = bytes_str(cases[i].has_serial ? "x" : "");
        client.tmpl.signing_alg = bytes_of(ed25519, cases[i].has_algorithm ? sizeof ed25519 : 0);
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        if (cases[i].told == NULL) {
            expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
            continue;
        }
        cr_expect(bytes_equal(answer.status.text, bytes_str(cases[i].told)), "case %zu", i);
        cr_expect_eq(answer.status.status, PKI_GRANTED_WITH_MODS);
        cr_expect_neq(answer.cert.serial.len, 1);
        expect_certificate(&answer, PKI_IP);
    }
}

/* RFC 9483 4.1.1 and 4.1.2: which body with which credential. */
Test(op_enroll, each_body_is_taken_by_the_credentials_that_the_profile_names)
{
    static const int bodies[] = {PKI_IR, PKI_CR, PKI_P10CR}, answers[] = {PKI_IP, PKI_CP, PKI_CP};
    struct client *const clients[] = {&client, &mac, &client};
    static const unsigned credentials[] = {CONFIG_BY_VENDOR, CONFIG_BY_SECRET, CONFIG_BY_OWN};
    static const char *const names[] = {"profiles[0].accept.ir_by", "profiles[0].accept.cr_by",
                                        "profiles[0].accept.p10cr_by"};
    struct ctl_identity own;
    struct config_accept *accept = &world->config.accept;
    unsigned *const settings[] = {&accept->ir_by, &accept->cr_by, &accept->p10cr_by};
    const unsigned any = accept->ir_by;

    for (size_t who = 0; who < 3; who++) {
        struct client *c = clients[who];
        if (who == 2) {
            c->transaction_id[0]++;
            struct answer first = world_send(world, client_request(c, PKI_IR));
            struct answer confirmed = world_send(world, client_confirm(c, &first, -1));
            expect_pkiconf(&confirmed);
            client_adopt(c, &first, &own);
            client_sign_by(c, &own, NULL, 0);
            answer_free(&first);
        }
        for (size_t body = 0; body < 3; body++)
            for (int allowed = 0; allowed <= 1; allowed++) {
                *settings[body] = allowed ? credentials[who] : any & ~credentials[who];
                c->transaction_id[0]++;
                struct answer answer = world_send(world, client_request(c, bodies[body]));
                if (allowed) {
                    expect_certificate(&answer, answers[body]);
                } else {
                    cr_expect_not_null(strstr(answer.result.detail, "ir_by, cr_by and p10cr_by"));
                    cr_expect_str_eq(answer.result.setting, names[body]);
                    expect_refusal(&answer, answers[body], PKI_NOT_AUTHORIZED);
                }
                *settings[body] = any;
            }
    }
    ctl_identity_cleanup(&own);
}

/* RFC 9483 3.6.4 badCertTemplate: "the given public key is already in use in some other certificate
 * (depending on policy)" */
Test(op_enroll, a_key_in_use_is_refused_where_the_profile_asks)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    world->config.keys.unique = 1;
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
    cr_assert_eq(world->cert_count, 2);

    /* What is on hold may come back; what is revoked uses its key no more. */
    world->certs[0].row.status = STORE_CERT_REVOKED;
    world->certs[1].row.status = STORE_CERT_HOLD;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
    world->certs[1].row.status = STORE_CERT_REVOKED;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    cr_assert_eq(world->cert_count, 3);
}

/* RFC 9483 4.1.1: "If used, it MUST contain only a trust anchor, e.g., root certificate, of the
 * certificate contained in certOrEncCert"
 * RFC 9483 4.1.2: "The caPubs field in the certificate response message MUST be absent." */
Test(op_enroll, caPubs_are_sent_as_the_profile_says_and_in_ip_only)
{
    static const struct {
        enum config_ca_pubs setting;
        int with_signature, with_mac;
    } cases[] = {{CONFIG_CA_PUBS_NEVER, 0, 0}, {CONFIG_CA_PUBS_MAC, 0, 1}, {CONFIG_CA_PUBS_ALWAYS, 1, 1}};

    for (size_t i = 0; i < 3; i++)
        for (int body = PKI_IR; body <= PKI_CR; body += PKI_CR)
            for (int is_mac = 0; is_mac < 2; is_mac++) {
                struct client one;
                client_init(&one, world, is_mac);
                world->config.answer.ca_pubs = cases[i].setting;
                struct answer answer = world_send(world, client_request(&one, body));
                int expected = body == PKI_IR && (is_mac ? cases[i].with_mac : cases[i].with_signature);
                int found = memmem(answer.message.body.data, answer.message.body.len,
                                   world->root.cert_der.data, world->root.cert_der.len) != NULL;
                cr_assert_eq(found, expected, "case %zu body %d mac %d", i, body, is_mac);
                expect_certificate(&answer, body + 1);
                client_cleanup(&one);
            }
}

Test(op_enroll, extraCerts_of_the_profile_follow_those_of_the_CA)
{
    world->profile.extra_certs = &world->stranger_root.cert_der;
    world->profile.extra_cert_count = 1;
    for (int is_mac = 0; is_mac < 2; is_mac++) {
        struct answer answer = world_send(world, client_request(is_mac ? &mac : &client, PKI_IR));
        size_t count = answer.message.extra_cert_count;
        cr_assert_eq(count, is_mac ? 2 : 3);
        cr_assert(bytes_equal(answer.message.extra_certs[count - 1], world->stranger_root.cert_der));
        cr_assert(bytes_equal(answer.message.extra_certs[count - 2], world->issuing.cert_der));
        expect_certificate(&answer, PKI_IP);
    }
}

/* RFC 9483 5.2.3.2: "The PKI management entity MUST be authorized to replace the proof-of-possession
 * (after verifying it) with raVerified."
 * RFC 9483 5.1.1: for raVerified "check that the request message was signed using a certificate containing
 * the cmcRA extended key usage (failInfo bit: notAuthorized)" */
Test(op_enroll, raVerified_is_for_RAs)
{
    const struct cert_request asked = {
        .tmpl = {.version = -1, .subject = client.subject, .spki = private_key_spki(client.key)}};
    struct ctl_identity ra;
    struct trust trust = {.count = 0};
    struct bytes request, body;
    CBB cbb, list, message;

    cr_assert(pki_encode_cert_request(&request, world->arena, &asked));
    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(&body, world->arena, &cbb,
                         CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
                             CBB_add_asn1(&list, &message, CBS_ASN1_SEQUENCE) &&
                             der_add_bytes(&message, request) &&
                             der_add_octets(&message, CBS_ASN1_CONTEXT_SPECIFIC | 0, bytes_of(NULL, 0))));
    struct answer answer = world_send(world, client_message(&client, PKI_IR, body));
    cr_expect_str_eq(answer.result.setting, "profiles[0].accept.ras");
    expect_nothing(&answer, PKI_IP, PKI_NOT_AUTHORIZED);

    issue_ra(world, &ra, &trust);
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    answer = world_send(world, client_message(&client, PKI_IR, body));
    expect_nothing(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
    world->profile.ras = &trust;
    answer = world_send(world, client_message(&client, PKI_IR, body));
    expect_certificate(&answer, PKI_IP);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* CertReqMessages of |client| with a proof of possession, and in regInfo |other|, a CertRequest of an RA. */
static struct bytes with_substitute(const struct cert_request *asked, const struct cert_request *other)
{
    static const struct bytes reg_info = {(const uint8_t *)"\x2b\x06\x01\x05\x05\x07\x05\x02\x02", 9};
    const struct signature_algorithm *algorithm = signature_for_key(private_key_kind(client.key));
    struct bytes proved, substitute, messages;
    CBB cbb, list, message, signing, infos, info;

    must(pki_encode_cert_request(&proved, world->arena, asked) &&
         pki_encode_cert_request(&substitute, world->arena, other));
    must(CBB_init(&cbb, 512) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
         CBB_add_asn1(&list, &message, CBS_ASN1_SEQUENCE) && der_add_bytes(&message, proved) &&
         CBB_add_asn1(&message, &signing, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1) &&
         der_add_bytes(&signing, algorithm->encoded) &&
         der_add_bit_string(&signing, client_signature(&client, client.key, algorithm, proved)) &&
         CBB_add_asn1(&message, &infos, CBS_ASN1_SEQUENCE) &&
         CBB_add_asn1(&infos, &info, CBS_ASN1_SEQUENCE) && der_add_oid(&info, reg_info) &&
         der_add_bytes(&info, substitute));
    must(der_finish(&messages, world->arena, &cbb, 1));
    return messages;
}

/* RFC 4211 7.2: "The RA MUST copy all data from the core template to this attribute."
 * RFC 4211 7.2: "the RA can place a new certificate template in the regInfo sequence"; "then the certificate
 * template in the request is ignored", of which the proof of possession stays. */
Test(op_enroll, an_RA_has_another_template_than_was_proved)
{
    const struct cert_request asked = {
        .tmpl = {.version = -1, .subject = client.subject, .spki = private_key_spki(client.key)}};
    struct cert_request other = asked;
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    must(name_build(&other.tmpl.subject, world->arena, (const char *const[]){"CN", "by the RA", NULL}));
    issue_ra(world, &ra, &trust);
    world->profile.ras = &trust;
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    other.tmpl.spki = world->stranger.cert.spki;
    struct answer answer =
        world_send(world, client_message(&client, PKI_IR, with_substitute(&asked, &other)));
    expect_nothing(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
    other.tmpl.spki = asked.tmpl.spki;
    answer = world_send(world, client_message(&client, PKI_IR, with_substitute(&asked, &other)));
    cr_assert(name_equal(world->asked.request->tmpl.subject, other.tmpl.subject));
    cr_assert_not(name_equal(world->asked.request->tmpl.subject, asked.tmpl.subject));
    expect_certificate(&answer, PKI_IP);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* RFC 9483 4.1.3: the names stay as they are. Who updates its own certificate is no RA of anybody. */
Test(op_enroll, an_RA_that_updates_its_own_certificate_keeps_its_names)
{
    struct ctl_identity ra;
    struct trust trust = {.count = 0};

    issue_own_ra(world, &ra, &trust, "test");
    world->profile.ras = &trust;
    client_sign_by(&client, &ra, &world->issuing.cert_der, 1);
    struct cert_request asked = {
        .tmpl = {.version = -1, .subject = ra.cert.subject, .spki = private_key_spki(client.key)}};
    struct cert_request other = asked;
    must(name_build(&other.tmpl.subject, world->arena, (const char *const[]){"CN", "another", NULL}));
    struct answer answer =
        world_send(world, client_message(&client, PKI_KUR, with_substitute(&asked, &other)));
    cr_assert_eq(answer.body, PKI_KUP);
    cr_assert_eq(answer.status.fail_info, UINT64_C(1) << PKI_NOT_AUTHORIZED, "%s", answer.result.text);
    cr_assert_not(answer.has_cert);
    answer_free(&answer);
    trust_cleanup(&trust);
    ctl_identity_cleanup(&ra);
}

/* Policy decides by who asks: it is told all of it, and of nobody who does not. */
Test(op_enroll, policy_is_told_who_asks)
{
    struct ctl_identity ra, own;
    struct trust trust = {.count = 0};
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    const struct cmp_decision *asked = &world->asked;

    cr_assert(bytes_equal(asked->signer->der, world->device.cert_der));
    cr_assert(asked->update == NULL && !asked->by_ra && asked->reference.len == 0);
    cr_assert_eq(asked->now, world->now);
    cr_assert_eq(asked->profile, &world->profile);
    expect_certificate(&answer, PKI_IP);

    answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(asked->signer == NULL && asked->update == NULL && !asked->by_ra);
    cr_assert(bytes_equal(asked->reference, world->reference));
    expect_certificate(&answer, PKI_IP);

    issue_ra(world, &ra, &trust);
    world->profile.ras = &trust;
    client_sign_by(&client, &ra, &world->vendor_ca.cert_der, 1);
    client.transaction_id[0]++;
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(asked->by_ra && asked->update == NULL);
    cr_assert(bytes_equal(asked->signer->der, ra.cert_der));

    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    for (int body = PKI_CR; body <= PKI_KUR; body += PKI_KUR - PKI_CR) {
        client.transaction_id[0]++;
        answer = world_send(world, client_request(&client, body));
        cr_assert(bytes_equal(asked->signer->der, own.cert_der));
        cr_assert_eq(asked->update, body == PKI_KUR ? asked->signer : NULL);
        cr_assert_not(asked->by_ra);
        expect_certificate(&answer, body == PKI_KUR ? PKI_KUP : PKI_CP);
    }
    trust_cleanup(&trust);
    ctl_identity_cleanup(&own);
    ctl_identity_cleanup(&ra);
}

/* ---- kur (RFC 9483 4.1.3) ---- */

/* Enrolls |client|, whose new certificate |own| then signs. */
static void adopt(struct ctl_identity *own)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.has_cert);
    client_adopt(&client, &answer, own);
    answer_free(&answer);
}

/* RFC 9483 4.1.3: "The body of the first request and response MUST be kur and kup, respectively." */
Test(op_enroll, kur_updates_a_certificate_and_leaves_the_old_one_valid)
{
    struct ctl_identity own;

    adopt(&own);
    client.old_cert_issuer = own.cert.issuer;
    client.old_cert_serial = own.cert.serial;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(bytes_equal(answer.cert.subject, own.cert.subject));
    cr_assert(bytes_equal(answer.cert.spki, private_key_spki(client.key)));
    cr_assert_eq(world_cert_of(world, own.cert.serial)->status, STORE_CERT_VALID);
    cr_assert_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_VALID);
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

/* RFC 5280 7.1 says which names match: subject and issuer in another spelling are the same. The certificate
 * keeps its own. */
Test(op_enroll, kur_may_spell_its_names_otherwise)
{
    struct ctl_identity own;
    struct bytes subject;

    adopt(&own);
    subject = own.cert.subject;
    client.old_cert_issuer = spelled_otherwise(world->arena, own.cert.issuer);
    client.old_cert_serial = own.cert.serial;
    client.subject = spelled_otherwise(world->arena, subject);
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(answer.has_cert, "%s", answer.result.text);
    cr_expect(bytes_equal(answer.cert.subject, subject));
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 4.1.3: "Protection of the kur MUST be performed using the certificate to be updated."
 * RFC 9483 4.1.3: "The certificate the EE wishes to update MUST NOT be expired or revoked and MUST have
 * been issued by the addressed CA."
 * RFC 9483 4.1.3: "MUST contain the issuer and serialNumber of the certificate to be updated" */
Test(op_enroll, kur_must_be_protected_by_the_certificate_to_be_updated)
{
    struct ctl_identity own;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR)); /* a vendor's certificate */

    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
    answer = world_send(world, client_request(&mac, PKI_KUR));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    adopt(&own);
    client.old_cert_issuer = own.cert.issuer;
    client.old_cert_serial = world->issuing.cert.serial;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
    client.old_cert_issuer = world->root.cert.subject;
    client.old_cert_serial = own.cert.serial;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
    cr_assert_eq(world->cert_count, 1);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 4.1.3: "The certificate the EE wishes to update MUST NOT be expired or revoked and MUST have
 * been issued by the addressed CA." */
Test(op_enroll, a_revoked_or_unconfirmed_certificate_is_not_updated)
{
    static const enum store_cert_status states[] = {STORE_CERT_REVOKED, STORE_CERT_HOLD,
                                                    STORE_CERT_UNCONFIRMED};
    struct ctl_identity own;

    adopt(&own);
    for (size_t i = 0; i < 3; i++) {
        world_cert_of(world, own.cert.serial)->status = states[i];
        struct answer answer = world_send(world, client_request(&client, PKI_KUR));
        expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    }
    world_cert_of(world, own.cert.serial)->status = STORE_CERT_VALID;
    world->now = own.cert.not_after + 1;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 1);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 4.1.3: "The subject field and/or the subjectAltName extension of the certTemplate MUST contain
 * the EE subject name of the existing certificate to be updated, without modifications." */
Test(op_enroll, kur_keeps_the_names)
{
    struct ctl_identity own;
    struct bytes subject;

    client.san = hex(world->arena, "30 03 82 01 61");
    adopt(&own);
    subject = client.subject;
    cr_assert(name_build(&client.subject, world->arena, (const char *const[]){"CN", "gnb-2", NULL}));
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_TEMPLATE);
    client.subject = subject;
    client.san = hex(world->arena, "30 03 82 01 62");
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_TEMPLATE);
    client.san = hex(world->arena, "30 03 82 01 61");
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_certificate(&answer, PKI_KUP);
    /* In subjectAltName alone, and (RFC 9810 5.3.5) not at all. */
    client.transaction_id[0]++;
    client.subject = hex(world->arena, "30 00");
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(bytes_equal(answer.cert.subject, subject));
    expect_certificate(&answer, PKI_KUP);
    client.transaction_id[0]++;
    client.subject = client.san = bytes_of(NULL, 0);
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(bytes_equal(answer.cert.subject, subject));
    expect_certificate(&answer, PKI_KUP);
    client.transaction_id[0]++;
    client.subject = hex(world->arena, "30 00");
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_TEMPLATE);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 4.1.3: "The subject field and/or the subjectAltName extension of the certTemplate MUST contain
 * the EE subject name of the existing certificate to be updated, without modifications."
 * RFC 9483 4.1.1: "If subject name is present only in the subjectAltName extension, then the subject field
 * MUST be NULL-DN" */
Test(op_enroll, to_the_letter_a_kur_names_its_certificate)
{
    const struct bytes none = {NULL, 0}, null_dn = hex(world->arena, "30 00"), name = client.subject,
                       san = hex(world->arena, "30 03 82 01 61");
    const struct {
        struct bytes subject, san;
        int good;
    } cases[] = {{none, none, 0}, {none, san, 0}, {null_dn, san, 1}, {name, none, 1}, {name, san, 1}};
    struct ctl_identity own;

    client.san = san;
    adopt(&own);
    for (int strict = 0; strict < 2; strict++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            world->config.accept.header = strict ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
            client.transaction_id[0]++;
            client.subject = cases[i].subject;
            client.san = cases[i].san;
            struct answer answer = world_send(world, client_request(&client, PKI_KUR));
            cr_assert_eq(answer.has_cert, !strict || cases[i].good, "strict %d, case %zu", strict, i);
            if (answer.has_cert)
                expect_certificate(&answer, PKI_KUP);
            else
                expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_TEMPLATE);
        }
    ctl_identity_cleanup(&own);
}

/* "A new public-private key pair should be used." */
Test(op_enroll, kur_with_the_old_key_only_where_the_profile_says_so)
{
    struct ctl_identity own;
    struct private_key *fresh;

    adopt(&own);
    fresh = client.key;
    client.key = own.key;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_TEMPLATE);
    world->config.keys.same_in_update = 1;
    world->config.keys.unique = 1; /* of other certificates, not of the one that is updated */
    answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert(bytes_equal(answer.cert.spki, own.cert.spki));
    expect_certificate(&answer, PKI_KUP);
    client.key = fresh;
    ctl_identity_cleanup(&own);
}

/* RFC 9483 3.6.4 badCertTemplate: an update may keep its own key where the profile says so, and takes nobody
 * else's. */
Test(op_enroll, kur_with_a_key_of_another_certificate_is_refused)
{
    struct private_key *key = mac.key;
    struct ctl_identity own;

    adopt(&own);
    mac.key = client.key;
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    mac.key = key;
    world->config.keys.unique = world->config.keys.same_in_update = 1;
    client.old_cert_issuer = own.cert.issuer;
    client.old_cert_serial = own.cert.serial;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_TEMPLATE);
    key = client.key;
    client.key = own.key;
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_KUR));
    expect_certificate(&answer, PKI_KUP);
    client.key = key;
    ctl_identity_cleanup(&own);
}

/* A certificate of this CA counts under the profile that it was issued under: what another profile grants
 * (another purpose, say) is not for its device. */
Test(op_enroll, a_certificate_of_another_profile_asks_for_nothing)
{
    static const char *const others[] = {"test"};
    const struct cmp_route route = {.profile = &world->other_profile, .body = -1};
    struct ctl_identity own;

    adopt(&own);
    for (int body = PKI_IR; body <= PKI_KUR; body += body == PKI_IR ? 2 : 5) { /* ir, cr, kur */
        client.transaction_id[0]++;
        struct answer answer = world_send_to(world, &route, client_request(&client, body));
        expect_error(&answer, PKI_NOT_AUTHORIZED);
    }
    cr_assert_eq(world->cert_count, 1);
    world->other_config.accept.own_profiles.items = others;
    world->other_config.accept.own_profiles.count = 1;
    struct answer answer = world_send_to(world, &route, client_request(&client, PKI_KUR));
    expect_certificate(&answer, PKI_KUP);
    ctl_identity_cleanup(&own);
}

/* ---- what an update does to its predecessor ---- */

/* A client whose next request is a kur of a certificate that was confirmed: world->certs[0]. */
static void enroll_for_update(struct ctl_identity *own)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));

    expect_pkiconf(&confirmed);
    client_adopt(&client, &first, own);
    client.subject = own->cert.subject;
    answer_free(&first);
}

static struct answer update_again(void)
{
    client.transaction_id[0]++;
    return world_send(world, client_request(&client, PKI_KUR));
}

Test(op_enroll, an_update_is_noted_in_its_predecessor_and_changes_nothing_of_it_by_default)
{
    struct ctl_identity own;

    enroll_for_update(&own);
    struct answer updated = update_again();
    cr_assert(bytes_equal(world->certs[0].row.successor, updated.cert.serial));
    cr_assert_eq(world->certs[1].row.successor.len, 0);
    struct answer confirmed = world_send(world, client_confirm(&client, &updated, -1));
    expect_pkiconf(&confirmed);
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_VALID);
    cr_assert_eq(world->certs[1].row.status, STORE_CERT_VALID);
    answer_free(&updated);
    ctl_identity_cleanup(&own);
}

/* What the station does not take leaves it what it had: that is without a successor again, however it was
 * refused. RFC 9810 5.3.18, 5.3.21; RFC 9483 3.6.4 */
Test(op_enroll, an_update_that_is_not_taken_gives_its_predecessor_back)
{
    enum { REJECTED, ENDED, WRONG, OVERTAKEN, WAYS };

    for (int way = 0; way < WAYS; way++) {
        struct ctl_identity own;
        world_forget(world);
        client_cleanup(&client);
        client_init(&client, world, 0);
        enroll_for_update(&own);
        struct answer updated = update_again(), answer;
        cr_assert(bytes_equal(world->certs[0].row.successor, updated.cert.serial));
        if (way == OVERTAKEN)
            world->certs[0].row.successor = world->certs[0].row.serial; /* another update */
        if (way == ENDED) {
            struct bytes body;
            struct pki_status_info status = {.status = PKI_REJECTION};
            cr_assert(pki_encode_error(&body, world->arena, &status));
            client_next(&client, &updated);
            answer = world_send(world, client_message(&client, PKI_ERROR, body));
        } else {
            if (way == WRONG)
                updated.cert.der.len--; /* another certHash */
            answer = world_send(world, client_confirm(&client, &updated, way == WRONG ? -1 : PKI_REJECTION));
            updated.cert.der.len += way == WRONG;
        }
        cr_expect_eq(world->certs[1].row.status, STORE_CERT_REVOKED, "way %d", way);
        cr_expect_eq(world->certs[0].row.status, STORE_CERT_VALID, "way %d", way);
        cr_expect_eq(world->certs[0].row.successor.len, way == OVERTAKEN ? STORE_SERIAL : 0, "way %d", way);
        answer_free(&answer);
        answer_free(&updated);
        ctl_identity_cleanup(&own);
    }
}

/* RFC 5280 5.3.1 superseded(4): not before the new one is good. */
Test(op_enroll, an_update_revokes_its_predecessor_where_the_profile_says_so)
{
    enum { SUPERSEDED = 4 };
    static const struct {
        int implicit, status; /* of the certConf; -1: none */
        enum store_cert_status predecessor;
    } cases[] = {{1, -1, STORE_CERT_REVOKED},
                 {0, PKI_ACCEPTED, STORE_CERT_REVOKED},
                 {0, PKI_REJECTION, STORE_CERT_VALID},
                 {0, -1, STORE_CERT_VALID}};

    world->config.update.predecessor = CONFIG_PREDECESSOR_REVOKE;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ctl_identity own;
        world_forget(world);
        client_cleanup(&client);
        client_init(&client, world, 0);
        enroll_for_update(&own);
        client.header.implicit_confirm = cases[i].implicit;
        struct answer updated = update_again();
        cr_assert(updated.has_cert, "case %zu: %s", i, updated.result.text);
        if (cases[i].status >= 0) {
            struct answer confirmed = world_send(world, client_confirm(&client, &updated, cases[i].status));
            expect_pkiconf(&confirmed);
        }
        cr_expect_eq(world->certs[0].row.status, cases[i].predecessor, "case %zu", i);
        cr_expect_eq(world->certs[0].row.reason, cases[i].predecessor == STORE_CERT_REVOKED ? SUPERSEDED : 0,
                     "case %zu", i);
        char told[128], serial[64], detail[256];
        snprintf(told, sizeof told, "revoked %s: superseded",
                 log_hex(serial, sizeof serial, world->certs[0].row.serial));
        snprintf(detail, sizeof detail, "%.*s", (int)world->audit.detail.len,
                 (const char *)world->audit.detail.data);
        cr_expect_eq(strstr(detail, told) == detail, cases[i].predecessor == STORE_CERT_REVOKED,
                     "case %zu: %s", i, detail);
        answer_free(&updated);
        ctl_identity_cleanup(&own);
    }
}

/* Renewal windows: not before so much of the validity is left, nor too long after it. */
Test(op_enroll, an_update_comes_in_its_window)
{
    enum { DAY = 24 * 60 * 60 };
    struct ctl_identity own;
    static const struct {
        int percent;  /* of the validity that are left */
        int64_t past; /* seconds after that */
        uint32_t early, late;
        int granted;
    } cases[] = {{100, 0, 100, 0, 1}, {50, 0, 100, 0, 1}, {50, 0, 10, 0, 0},
                 {11, 0, 10, 0, 0},   {9, 0, 10, 0, 1},   {0, 1, 10, 0, 0},
                 {0, 1, 10, 1, 1},    {0, DAY, 10, 1, 1}, {0, DAY + 1, 10, 1, 0}};

    enroll_for_update(&own);
    int64_t end = own.cert.not_after;
    int64_t life = end - own.cert.not_before;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world->config.update.early_percent = cases[i].early;
        world->config.update.late_days = cases[i].late;
        world->now = end - life * cases[i].percent / 100 + cases[i].past;
        client.header.message_time = world->now;
        struct answer answer = update_again();
        cr_expect_eq(answer.has_cert, cases[i].granted, "case %zu: %s", i, answer.result.text);
        answer_free(&answer);
    }
    /* Only an update is taken late, and none of what was revoked. */
    world->config.update.late_days = 1;
    world->now = end + 1;
    client.header.message_time = world->now;
    random_bytes(client.transaction_id, sizeof client.transaction_id);
    struct answer answer = world_send(world, client_request(&client, PKI_CR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    world_cert_of(world, own.cert.serial)->status = STORE_CERT_REVOKED;
    answer = update_again();
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    ctl_identity_cleanup(&own);
}

Test(op_enroll, one_update_at_a_time_where_the_profile_says_so)
{
    struct ctl_identity own;

    enroll_for_update(&own);
    for (int one_open = 1; one_open >= 0; one_open--) {
        world->config.update.one_open = one_open;
        struct answer first = update_again();
        cr_assert(first.has_cert);
        struct answer second = update_again();
        if (one_open)
            expect_refusal(&second, PKI_KUP, PKI_BAD_REQUEST);
        else
            expect_certificate(&second, PKI_KUP);
        answer_free(&first);
        /* It is over: rejected, revoked for want of a certConf, or confirmed. */
        for (size_t i = 1; i < world->cert_count; i++)
            world->certs[i].row.status = STORE_CERT_REVOKED;
    }
    world->config.update.one_open = 1;
    struct answer after = update_again();
    struct answer confirmed = world_send(world, client_confirm(&client, &after, -1));
    expect_pkiconf(&confirmed);
    answer_free(&after);
    after = update_again();
    expect_certificate(&after, PKI_KUP);
    ctl_identity_cleanup(&own);
}

/* RFC 9810 5.2.3 and appendix F, keyUpdateWarning: "update already done for the oldCertId specified in
 * CertReqMsg". What awaits its certConf has not been done. */
Test(op_enroll, who_updates_again_is_told_so_where_the_profile_says_so)
{
    struct ctl_identity own;
    struct answer first, again;
    struct bytes request;

    enroll_for_update(&own);
    for (int warn = 0; warn <= 1; warn++) {
        world->config.update.warn_again = warn;
        first = update_again();
        cr_assert(first.has_cert);
        cr_expect_eq(first.status.status, PKI_ACCEPTED, "%d", warn);
        answer_free(&first);
        first = update_again(); /* the first one was never confirmed */
        cr_expect_eq(first.status.status, PKI_ACCEPTED, "%d", warn);
        again = world_send(world, client_confirm(&client, &first, -1));
        expect_pkiconf(&again);
        answer_free(&first);
        client.header.recip_nonce = bytes_of(NULL, 0);
        client.transaction_id[0]++;
        request = client_request(&client, PKI_KUR);
        for (int i = 0; i < 2; i++) { /* sent again, it is answered so again */
            again = world_send(world, request);
            cr_assert(again.has_cert);
            cr_expect_eq(again.status.status, warn ? PKI_KEY_UPDATE_WARNING : PKI_ACCEPTED);
            cr_expect_eq(again.status.text.len != 0, warn);
            answer_free(&again);
        }
        /* Who has copied the key tries once more: what was warned of, and never confirmed, hides nothing. */
        again = update_again();
        cr_expect_eq(again.status.status, warn ? PKI_KEY_UPDATE_WARNING : PKI_ACCEPTED);
        cr_expect_eq(again.result.warning != NULL, warn);
        answer_free(&again);
        /* The next turn begins without a successor. */
        world_cert_of(world, own.cert.serial)->successor = bytes_of(NULL, 0);
    }
    ctl_identity_cleanup(&own);
}

static struct bytes rival;

static void update_before_commit(struct world *w)
{
    struct answer answer = world_send(w, rival);

    expect_certificate(&answer, PKI_KUP);
}

Test(op_enroll, of_two_updates_at_once_one_is_granted_where_the_profile_says_so)
{
    struct ctl_identity own;

    for (int one_open = 0; one_open <= 1; one_open++) {
        world_forget(world);
        client_cleanup(&client);
        client_init(&client, world, 0);
        enroll_for_update(&own);
        world->config.update.one_open = one_open;
        client.transaction_id[0]++;
        rival = client_request(&client, PKI_KUR);
        world->before_commit = update_before_commit;
        struct answer answer = update_again();
        if (one_open)
            expect_refusal(&answer, PKI_KUP, PKI_BAD_REQUEST);
        else
            expect_certificate(&answer, PKI_KUP);
        cr_assert_eq(world->cert_count, one_open ? 2 : 3);
        ctl_identity_cleanup(&own);
    }
}

Test(op_enroll, whether_an_update_is_open_is_not_guessed_without_the_store)
{
    struct ctl_identity own;

    enroll_for_update(&own);
    world->config.update.one_open = 1;
    struct answer answer = update_again();
    expect_certificate(&answer, PKI_KUP);
    world->fetches_seen = 0;
    world->fail_fetch_at = 3; /* after the transaction and the signer */
    answer = update_again();
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    ctl_identity_cleanup(&own);
}

static void revoke_before_commit(struct world *w)
{
    w->certs[0].row.status = STORE_CERT_REVOKED;
}

Test(op_enroll, a_certificate_that_is_revoked_on_the_way_is_not_updated)
{
    struct ctl_identity own;

    enroll_for_update(&own);
    world->before_commit = revoke_before_commit;
    struct answer answer = update_again();
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 1);
    ctl_identity_cleanup(&own);
}

/* RFC 9483 3.3 has additional certificates handled. One of the same name and another key cannot have signed:
 * beside it no oldCertID is needed (RFC 9810 5.3.5). */
Test(op_enroll, a_certificate_of_another_key_leaves_no_doubt_which_is_updated)
{
    struct ctl_identity former, own;
    struct answer updated, confirmed;

    enroll_for_update(&former);
    updated = update_again();
    confirmed = world_send(world, client_confirm(&client, &updated, -1));
    expect_pkiconf(&confirmed);
    client_adopt(&client, &updated, &own);
    client.header.sender_kid = bytes_of(NULL, 0);
    client.extra_certs[client.extra_cert_count++] = former.cert_der;
    struct answer answer = update_again();
    cr_assert(bytes_equal(world_cert_of(world, own.cert.serial)->successor, answer.cert.serial));
    expect_certificate(&answer, PKI_KUP);
    answer_free(&updated);
    ctl_identity_cleanup(&own);
    ctl_identity_cleanup(&former);
}

/* extraCerts is not protected: which of two certificates of a key comes first must not decide which one is
 * superseded. */
Test(op_enroll, of_two_certificates_of_a_key_the_kur_names_one)
{
    struct ctl_identity own;
    struct answer twin = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &twin, -1));
    struct bytes other;

    expect_pkiconf(&confirmed);
    other = arena_copy(world->arena, twin.cert.der);
    client.transaction_id[0]++;
    enroll_for_update(&own); /* with the same key */
    client.extra_certs[client.extra_cert_count++] = other;
    struct answer answer = update_again();
    expect_refusal(&answer, PKI_KUP, PKI_BAD_CERT_ID);
    /* Named by what is protected, it is that one in whatever order they stand. */
    for (size_t i = 0; i < 2; i++) {
        struct bytes first = client.extra_certs[0];
        client.old_cert_issuer = own.cert.issuer;
        client.old_cert_serial = own.cert.serial;
        answer = update_again();
        cr_assert_eq(answer.body, PKI_KUP);
        cr_assert(bytes_equal(world_cert_of(world, own.cert.serial)->successor, answer.cert.serial));
        expect_certificate(&answer, PKI_KUP);
        client.extra_certs[0] = client.extra_certs[client.extra_cert_count - 1];
        client.extra_certs[client.extra_cert_count - 1] = first;
    }
    answer_free(&twin);
    ctl_identity_cleanup(&own);
}

/* ---- ccr (RFC 9810 5.3.11, 5.3.12, D.6) ---- */

static const struct config_cross cross_config;

static void certify_cas(void)
{
    world->config.cross = &cross_config;
    world->config.approve = (struct config_approve_rules){.when = CONFIG_APPROVE_ALWAYS,
                                                          .approvals = 1,
                                                          .check_after_seconds = 1,
                                                          .expire_hours = 1,
                                                          .per_day = 100,
                                                          .open = 8};
}

/* RFC 9810 6.6.1: "The ccp message SHOULD contain the verification certificate of the responder CA; if
 * present, the requester CA must then verify this certificate (for example, via the "out-of-band"
 * mechanism)."
 * It waits for people, whoever asks. How it goes on is that of any other request (test_waiting.c). */
Test(op_enroll, a_ccr_waits_for_approval)
{
    certify_cas();
    struct answer answer = world_send(world, client_request(&client, PKI_CCR));

    cr_assert_eq(answer.body, PKI_CCP, "%s", answer.result.text);
    cr_expect_eq(answer.status.status, PKI_WAITING);
    cr_expect_eq(world->cert_count, 0);
    cr_assert_eq(world->request_count, 1);
    cr_expect_eq(world->requests[0].row.body, PKI_CCR);
    answer_free(&answer);
}

/* The configuration must say so; no CA is certified without it in any case. */
Test(op_enroll, no_ccr_is_granted_without_approval)
{
    certify_cas();
    world->config.approve.when = 0;
    struct answer answer = world_send(world, client_request(&client, PKI_CCR));
    expect_error(&answer, PKI_SYSTEM_FAILURE);
    cr_expect_eq(world->cert_count, 0);
}

/* A profile certifies CAs or stations. */
Test(op_enroll, a_ccr_and_other_requests_have_profiles_of_their_own)
{
    static const int others[] = {PKI_IR, PKI_CR, PKI_P10CR};
    static const int answers[] = {PKI_IP, PKI_CP, PKI_CP};
    struct answer answer = world_send(world, client_request(&client, PKI_CCR));

    cr_expect_str_eq(answer.result.text, "this profile certifies no CAs: ask for another one");
    expect_refusal(&answer, PKI_CCP, PKI_NOT_AUTHORIZED);
    certify_cas();
    for (size_t i = 0; i < 3; i++) {
        client.transaction_id[0]++;
        answer = world_send(world, client_request(&client, others[i]));
        expect_refusal(&answer, answers[i], PKI_NOT_AUTHORIZED);
    }
}

/* RFC 9810 D.6: "only signature protection is allowed for this request" */
Test(op_enroll, a_ccr_is_signed)
{
    certify_cas();
    struct answer answer = world_send(world, client_request(&mac, PKI_CCR));
    cr_expect_str_eq(answer.result.text,
                     "kur, ccr, rr and nested must be signed, not protected by a shared secret");
    expect_error(&answer, PKI_WRONG_INTEGRITY);
}

/* RFC 9810 D.6: "MUST be completely specified (i.e., both fields present)"
 * RFC 9810 D.6: signingAlg is what the certificate is to be signed with, validity is completely specified,
 * and subject is present. */
Test(op_enroll, what_a_ccr_asks_for)
{
    certify_cas();
    client.tmpl.signing_alg = hex(world->arena, "30 05 06 03 2b 65 71");
    struct answer answer = world_send(world, client_request(&client, PKI_CCR));
    expect_refusal(&answer, PKI_CCP, PKI_BAD_ALG);
    client.tmpl.signing_alg = world->ca.algorithm->encoded;
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_CCR));
    cr_expect_eq(answer.status.status, PKI_WAITING, "%s", answer.result.text);
    answer_free(&answer);
    client.tmpl.signing_alg = bytes_of(NULL, 0);
    client.transaction_id[0]++;
    client.tmpl.has_validity = 1;
    client.tmpl.not_before = TEMPLATE_NO_TIME;
    client.tmpl.not_after = world->now + 1000;
    answer = world_send(world, client_request(&client, PKI_CCR));
    expect_refusal(&answer, PKI_CCP, PKI_BAD_CERT_TEMPLATE);
    client.tmpl.has_validity = 0;
    client.transaction_id[0]++;
    client.subject = hex(world->arena, "30 00");
    answer = world_send(world, client_request(&client, PKI_CCR));
    expect_refusal(&answer, PKI_CCP, PKI_BAD_CERT_TEMPLATE);
    client.transaction_id[0]++;
    client.subject = world->ca.cert.subject;
    answer = world_send(world, client_request(&client, PKI_CCR));
    cr_expect_str_eq(answer.result.text,
                     "subject is the name of the CA that is asked: name the CA that asks");
    expect_refusal(&answer, PKI_CCP, PKI_BAD_CERT_TEMPLATE);
}
