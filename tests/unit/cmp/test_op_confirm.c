/* op_confirm.c: certConf (RFC 9810 5.3.18, RFC 9483 4.1.1). */
#include "server/pki/confirmation.h"
#include "server/pki/response.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/enrolled.h"

TestSuite(op_confirm, .init = set_up, .fini = tear_down);

/* The certConf of |entry| under a header that follows |first|. */
static struct bytes certconf(const struct cert_status *entry)
{
    struct bytes body;

    cr_assert(pki_encode_cert_conf(&body, world->arena, entry));
    client_next(&client, &first);
    return client_message(&client, PKI_CERTCONF, body);
}

static struct cert_status status_with(enum digest_id digest)
{
    static uint8_t hash[DIGEST_MAX];

    return (struct cert_status){.cert_req_id = 0,
                                .cert_hash = bytes_of(hash, digest_compute(hash, digest, first.cert.der))};
}

/* RFC 9483 4.1: "The PKI management entity MUST then handle it as described in Section 5.1.2 and respond
 * with a confirmation, closing the PKI management operation."
 * RFC 9483 4.1.1: "On receiving a valid certConf message, the PKI management entity MUST respond with a
 * pkiConf message."
 * RFC 9810 5.3.18: "omission of the statusInfo field indicates acceptance of the specified certificate." */
Test(op_confirm, certConf_without_statusInfo_accepts)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));

    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_VALID);
    cr_assert_eq(row()->state, STORE_TX_CONFIRMED);
    cr_assert_eq(world->audits, 2);
}

Test(op_confirm, certConf_with_accepted_or_grantedWithMods_accepts)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, PKI_GRANTED_WITH_MODS));

    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_VALID);
}

/* RFC 9483 4.1.1, of a rejection: "In case of rejection, depending on its policy, the PKI management entity
 * MAY revoke the newly issued certificate" */
Test(op_confirm, a_rejected_certificate_is_revoked)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));

    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
    cr_assert_eq(certificate_row()->revoked_at, world->now);
    cr_assert_eq(row()->state, STORE_TX_REJECTED);
}

/* RFC 9810 5.3.18: "an empty CertConfirmContent (a zero-length SEQUENCE) MAY be used to indicate rejection of
 * all supplied certificates." */
Test(op_confirm, an_empty_certConf_rejects)
{
    client_next(&client, &first);
    struct answer answer =
        world_send(world, client_message(&client, PKI_CERTCONF, hex(world->arena, "30 00")));

    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
    cr_assert_eq(row()->state, STORE_TX_REJECTED);
}

/* RFC 9483 4.1.1: "MUST contain a sequence of one CertStatus" */
Test(op_confirm, to_the_letter_an_empty_certConf_is_refused)
{
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    client_next(&client, &first);
    struct answer answer =
        world_send(world, client_message(&client, PKI_CERTCONF, hex(world->arena, "30 00")));
    expect_error(&answer, PKI_BAD_REQUEST);
    expect_failed();
}

/* RFC 9483 4.1.1: "If the hashAlg field is not set, it MUST be the hash algorithm defined by the algorithm
 * identifier of the certificate signature or the dedicated hash algorithm defined in [RFC9481] for the
 * used certificate signature algorithm." */
Test(op_confirm, a_wrong_certHash_is_refused)
{
    struct cert_status entry = status_with(DIGEST_SHA384); /* right digest of the wrong kind */
    struct answer answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_CERT_ID);
    expect_failed();

    entry = status_with(DIGEST_SHA256);
    entry.cert_hash.len--;
    answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_CERT_ID);
    expect_failed();

    entry.cert_hash = bytes_of(NULL, 0);
    answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_CERT_ID);
    expect_failed();
}

/* RFC 9483 4.1.1: "The hash algorithm to use MUST be the hash algorithm indicated in the below hashAlg
 * field."
 * RFC 9483 4.1.1: "If used, the pvno field in the header MUST be cmp2021 (3)."
 * RFC 9483 3.1: "MUST be 3 to indicate CMP v3 in certConf messages when using the hashAlg field" */
Test(op_confirm, hashAlg_needs_pvno_3_and_then_says_of_which_kind_certHash_is)
{
    struct cert_status entry = status_with(DIGEST_SHA512);

    entry.hash_alg = hex(world->arena, "30 0b 06 09 60 86 48 01 65 03 04 02 03"); /* SHA-512 */
    struct answer answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_REQUEST);
    expect_untouched(); /* what it means is clear: it may come again */

    client.header.pvno = PKI_CMP2021;
    answer = world_send(world, certconf(&entry));
    cr_assert_eq(answer.message.header.pvno, PKI_CMP2021);
    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_VALID);
}

Test(op_confirm, a_hashAlg_that_is_unknown_or_SHA1_is_refused)
{
    struct cert_status entry = status_with(DIGEST_SHA1);

    client.header.pvno = PKI_CMP2021;
    entry.hash_alg = hex(world->arena, "30 07 06 05 2b 0e 03 02 1a"); /* SHA-1 */
    struct answer answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_ALG);
    expect_failed();
    client.header.pvno = PKI_CMP2021;
    entry.hash_alg = hex(world->arena, "30 0a 06 08 2a 86 48 86 f7 0d 02 05"); /* MD5 */
    answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_ALG);
    expect_failed();
}

/* RFC 9483 4.1.1 CertStatus.certReqId: "MUST be 0" */
Test(op_confirm, a_wrong_certReqId_is_refused)
{
    static const int64_t wrong[] = {1, -1, INT64_MAX};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct cert_status entry = status_with(DIGEST_SHA256);
        entry.cert_req_id = wrong[i];
        struct answer answer = world_send(world, certconf(&entry));
        expect_error(&answer, PKI_BAD_REQUEST);
        expect_failed();
    }
}

/* RFC 9483 4.1.1: "MUST contain a sequence of one CertStatus" */
Test(op_confirm, two_CertStatus_for_one_certificate_are_refused)
{
    struct cert_status entry = status_with(DIGEST_SHA256);
    struct bytes one;

    cr_assert(pki_encode_cert_conf(&one, world->arena, &entry));
    client_next(&client, &first);
    struct answer answer =
        world_send(world, client_message(&client, PKI_CERTCONF, doubled(world->arena, one)));
    expect_error(&answer, PKI_BAD_REQUEST);
    expect_failed();
}

Test(op_confirm, a_malformed_certConf_is_refused)
{
    client_next(&client, &first);
    struct answer answer =
        world_send(world, client_message(&client, PKI_CERTCONF, hex(world->arena, "30 03 02 01 00")));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    expect_failed();
}

/* RFC 9483 4.1.1, of status: "positive values allowed: "accepted"", "negative values allowed: "rejection"" */
Test(op_confirm, a_status_that_is_neither_acceptance_nor_rejection_is_refused)
{
    for (int64_t status = PKI_WAITING; status <= PKI_KEY_UPDATE_WARNING + 1; status++) {
        struct answer answer = world_send(world, client_confirm(&client, &first, status));
        expect_error(&answer, PKI_BAD_REQUEST);
        expect_failed();
    }
}

/* Only who may end a transaction ends it by a message that is refused. */
Test(op_confirm, a_wrong_certConf_of_somebody_else_ends_nothing)
{
    struct cert_status entry = status_with(DIGEST_SHA384);
    struct bytes forged = arena_copy(world->arena, certconf(&entry));

    ((uint8_t *)(uintptr_t)forged.data)[forged.len - 1] ^= 1; /* in extraCerts: the protection is right */
    struct answer answer = world_send(world, forged);
    expect_error(&answer, PKI_BAD_CERT_ID);
    expect_failed();

    entry = status_with(DIGEST_SHA384);
    client.header.sender_kid = bytes_str("another key");
    answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    expect_untouched();
}

Test(op_confirm, a_hold_in_between_stays_unless_the_device_rejects)
{
    certificate_row()->status = STORE_CERT_HOLD;
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_HOLD);
    end();
    begin();
    certificate_row()->status = STORE_CERT_HOLD;
    answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
}

/* The server's own trouble ends nothing. */
Test(op_confirm, a_certConf_that_the_server_cannot_serve_can_be_sent_again)
{
    world->fail_commit_at = world->commits_seen + 1;
    world->commit_fault = STORE_UNAVAILABLE;
    struct bytes confirmation = client_confirm(&client, &first, -1);
    struct answer answer = world_send(world, confirmation);
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
    expect_untouched();
    answer = world_send(world, confirmation);
    expect_pkiconf(&answer);
}

/* Nor does what it has lost: the certificate may be found again. */
Test(op_confirm, a_certificate_that_is_missing_is_the_servers_failure_and_ends_nothing)
{
    struct bytes confirmation = client_confirm(&client, &first, -1);
    unsigned audits = world->audits;

    world->cert_count = 0;
    struct answer answer = world_send(world, confirmation);
    expect_error(&answer, PKI_SYSTEM_FAILURE);
    cr_assert_eq(row()->state, STORE_TX_WAIT_CONFIRM);
    cr_assert_eq(world->audits, audits);
    world->cert_count = 1;
    expect_untouched();
    answer = world_send(world, confirmation);
    expect_pkiconf(&answer);
    cr_assert_eq(certificate_row()->status, STORE_CERT_VALID);
}

/* A deadline is for who says nothing: whoever comes after it, and before the transaction is ended, is in
 * time. */
Test(op_confirm, a_certConf_after_the_deadline_that_finds_its_transaction_waiting_is_taken)
{
    for (int64_t late = -1; late <= 1; late++) {
        struct client other;
        client_init(&other, world, 0);
        struct answer begun = world_send(world, client_request(&other, PKI_IR));
        world->now = world_tx_of(world, other.header.transaction_id)->deadline + late;
        struct answer answer = world_send(world, client_confirm(&other, &begun, -1));
        expect_pkiconf(&answer);
        cr_assert_eq(world_cert_of(world, begun.cert.serial)->status, STORE_CERT_VALID);
        answer_free(&begun);
        client_cleanup(&other);
    }
}

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)"
 * RFC 9483 3.5: "If signature-based protection is used, the sender field MUST match the subject of the CMP
 * protection certificate. (failInfo bit: badMessageCheck)" */
Test(op_confirm, sender_and_senderKID_are_those_of_the_first_message)
{
    struct cert_status entry = status_with(DIGEST_SHA256);
    struct bytes body;

    cr_assert(pki_encode_cert_conf(&body, world->arena, &entry));
    client_next(&client, &first);
    client.header.sender = world->ca.sender;
    struct answer answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    expect_untouched();
    cr_assert(pki_directory_name(&client.header.sender, world->arena, hex(world->arena, "30 00")));
    struct bytes kid = client.header.sender_kid;
    client.header.sender_kid = world->stranger.cert.key_id;
    answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    expect_untouched();
    client.header.sender_kid = kid;
    answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_pkiconf(&answer);
}

/* RFC 9483 3.5: "Unless the PKI message is the first message of a PKI management operation, the recipNonce
 * MUST be present and […] delayed delivery as specified in Section 4.4. (failInfo bit: badRecipientNonce)" */
Test(op_confirm, recipNonce_must_be_the_senderNonce_of_the_answer)
{
    struct cert_status entry = status_with(DIGEST_SHA256);
    struct bytes body;

    cr_assert(pki_encode_cert_conf(&body, world->arena, &entry));
    client_next(&client, &first);
    client.header.recip_nonce = bytes_str("0123456789abcdef");
    struct answer answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    expect_untouched();
}

/* What is authenticated, but from before, is not the next message of its transaction: our own refusal of a
 * first attempt, posted back by whoever saw it, is protected by the shared secret, too. */
Test(op_confirm, a_message_of_our_own_ends_no_transaction)
{
    struct client mac;

    client_init(&mac, world, 1);
    struct bytes request = client_request(&mac, PKI_IR);
    world->fail_commit_at = world->commits_seen + 1;
    world->commit_fault = STORE_UNAVAILABLE;
    struct answer refused = world_send(world, request), begun = world_send(world, request);
    cr_assert(refused.body == PKI_ERROR && begun.has_cert);
    struct answer answer = world_send(world, refused.result.reply);
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    cr_assert_eq(world_cert_of(world, begun.cert.serial)->status, STORE_CERT_UNCONFIRMED);
    answer = world_send(world, client_confirm(&mac, &begun, -1));
    expect_pkiconf(&answer);
    answer_free(&refused);
    answer_free(&begun);
    client_cleanup(&mac);
}

/* The same octets, sent again after an outage, are late through no fault of the device. */
Test(op_confirm, a_certConf_that_is_late_ends_no_transaction)
{
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
    struct bytes confirmation = client_confirm(&client, &first, -1);
    world->now += 400;
    struct answer answer = world_send(world, confirmation);
    expect_error(&answer, PKI_BAD_TIME);
    expect_untouched();
}

/* A secret may expire between ip and certConf: it was bound to the transaction before. */
Test(op_confirm, a_secret_that_has_expired_since_still_confirms)
{
    struct client mac;

    client_init(&mac, world, 1);
    world->secrets[0].row.expires = world->now + 10;
    struct answer begun = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(begun.has_cert);
    world->now += 20;
    struct answer answer = world_send(world, client_confirm(&mac, &begun, -1));
    expect_pkiconf(&answer);
    answer_free(&begun);
    client_cleanup(&mac);
}

/* What an operator has taken away since, or given to another profile, protects nothing any more. */
Test(op_confirm, a_secret_that_was_withdrawn_or_moved_in_between_confirms_nothing)
{
    static const uint8_t other[SEAL_KEY] = {9};
    const struct seal_key *right = world->settings.seal_key;
    struct seal_key *wrong = seal_key_new(other);
    struct client mac;

    client_init(&mac, world, 1);
    struct answer begun = world_send(world, client_request(&mac, PKI_IR));
    struct bytes confirmation = client_confirm(&mac, &begun, -1);
    for (int what = 0; what < 3; what++) {
        world->secrets[0].row.profile = what == 0 ? bytes_str("other") : bytes_of(NULL, 0);
        world->settings.seal_key = what == 1 ? wrong : right;
        world->secret_count = what != 2;
        struct answer answer = world_send(world, confirmation);
        cr_assert(answer.result.mac_wrong, "case %d", what);
        expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
        cr_assert_eq(world_cert_of(world, begun.cert.serial)->status, STORE_CERT_UNCONFIRMED);
        cr_assert_eq(world_tx_of(world, mac.header.transaction_id)->state, STORE_TX_WAIT_CONFIRM);
    }
    world->secret_count = 1;
    struct answer answer = world_send(world, confirmation);
    expect_pkiconf(&answer);
    answer_free(&begun);
    client_cleanup(&mac);
    seal_key_free(wrong);
}

/* RFC 9483 4.1.1: "MUST use the same credentials as in the first request message of this PKI management
 * operation" */
Test(op_confirm, other_credentials_cannot_confirm)
{
    struct client mac;
    struct ctl_identity device;
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct cert_status entry = status_with(DIGEST_SHA256);
    struct bytes body;

    /* The shared secret of somebody who knows transactionID and nonces. */
    client_init(&mac, world, 1);
    cr_assert(pki_encode_cert_conf(&body, world->arena, &entry));
    client_next(&mac, &first);
    mac.header.transaction_id = client.header.transaction_id;
    struct answer answer = world_send(world, client_message(&mac, PKI_CERTCONF, body));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&mac);

    /* A device of the same trusted vendor, even of the same name. */
    issue(world, &device, private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
    client_sign_by(&client, &device, &world->vendor_ca.cert_der, 1);
    answer = world_send(world, certconf(&entry));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    expect_untouched();
    ctl_identity_cleanup(&device);
}

/* RFC 9483 4.1.1: "MUST use the same credentials as in the first request message of this PKI management
 * operation" */
Test(op_confirm, another_shared_secret_cannot_confirm)
{
    struct world_secret *second = &world->secrets[world->secret_count++];
    struct client mac;

    *second = world->secrets[0];
    second->row.reference = bytes_str("station-2");
    cr_assert(cmp_seal_secret(&second->row.sealed, world->arena, world->settings.seal_key,
                              bytes_of(world->ca.id, STORE_ISSUER_ID), second->row.reference, world->secret));
    client_init(&mac, world, 1);
    struct answer begun = world_send(world, client_request(&mac, PKI_IR));
    mac.header.sender_kid = second->row.reference;
    struct answer answer = world_send(world, client_confirm(&mac, &begun, -1));
    cr_assert(mac_is_mac(answer.message.header.protection_alg));
    cr_assert_not(answer.result.mac_wrong);
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    cr_assert_eq(world_cert_of(world, begun.cert.serial)->status, STORE_CERT_UNCONFIRMED);
    cr_assert_eq(world_tx_of(world, mac.header.transaction_id)->state, STORE_TX_WAIT_CONFIRM);
    mac.header.sender_kid = world->reference;
    answer = world_send(world, client_confirm(&mac, &begun, -1));
    expect_pkiconf(&answer);
    answer_free(&begun);
    client_cleanup(&mac);
}

/* RFC 9483 3.2: "If present, the same kind of protection MUST be used for all messages of that PKI
 * management operation."
 * RFC 9483 4.1.1: "MUST use the same credentials as in the first request message of this PKI management
 * operation" */
Test(op_confirm, a_signature_cannot_confirm_what_a_secret_began)
{
    struct client mac;
    struct cert_status entry;
    struct bytes body;
    uint8_t hash[DIGEST_MAX];

    client_init(&mac, world, 1);
    struct answer begun = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(begun.has_cert);
    entry = (struct cert_status){.cert_hash =
                                     bytes_of(hash, digest_compute(hash, DIGEST_SHA256, begun.cert.der))};
    cr_assert(pki_encode_cert_conf(&body, world->arena, &entry));
    client_next(&client, &begun);
    client.header.transaction_id = mac.header.transaction_id;
    struct answer answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    cr_assert_eq(world_cert_of(world, begun.cert.serial)->status, STORE_CERT_UNCONFIRMED);

    answer = world_send(world, client_confirm(&mac, &begun, -1));
    cr_assert(mac_is_mac(answer.message.header.protection_alg));
    expect_pkiconf(&answer);
    cr_assert_eq(world_cert_of(world, begun.cert.serial)->status, STORE_CERT_VALID);
    answer_free(&begun);
    client_cleanup(&mac);
}

/* RFC 9483 4.1.1, of extraCerts: "MAY be omitted if [...] the PKI management entity caches the CMP protection
 * certificate from the first request message" */
Test(op_confirm, certConf_needs_no_extraCerts)
{
    client.extra_cert_count = 0;
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
}

/* RFC 9483 4.1.4: the certReqId of p10cr's answer is -1; clients confirm with 0 all the same. */
Test(op_confirm, a_p10cr_is_confirmed_by_certReqId_minus_one_or_zero)
{
    for (int64_t id = -1; id <= 0; id++) {
        struct client other;
        client_init(&other, world, 0);
        struct answer begun = world_send(world, client_request(&other, PKI_P10CR));
        cr_assert_eq(begun.response.cert_req_id, -1);
        begun.response.cert_req_id = id;
        struct answer answer = world_send(world, client_confirm(&other, &begun, -1));
        expect_pkiconf(&answer);
        answer_free(&begun);
        client_cleanup(&other);
    }
}

/* RFC 9810 5.2.3 certConfirmed(11) */
Test(op_confirm, another_certConf_after_the_confirmation_gets_certConfirmed)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_error(&answer, PKI_CERT_CONFIRMED);
    cr_assert_eq(certificate_row()->status, STORE_CERT_VALID);
}

/* RFC 9810 5.2.3 certRevoked(10): whoever rejected the certificate is not told that it was confirmed. */
Test(op_confirm, another_certConf_after_a_rejection_gets_certRevoked)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_pkiconf(&answer);
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_CERT_REVOKED);
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
}

static void confirm(void)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));

    expect_pkiconf(&answer);
}

Test(op_confirm, a_certificate_that_was_revoked_since_is_not_called_confirmed)
{
    static const enum store_cert_status since[] = {STORE_CERT_VALID, STORE_CERT_REVOKED, STORE_CERT_HOLD};

    confirm();
    for (size_t i = 0; i < sizeof since / sizeof since[0]; i++) {
        world->certs[0].row.status = since[i];
        struct answer answer = world_send(world, client_confirm(&client, &first, -1));
        expect_error(&answer, since[i] == STORE_CERT_VALID ? PKI_CERT_CONFIRMED : PKI_CERT_REVOKED);
    }
}

/* The operator, or an RA, was faster than the certConf: a pkiConf would send the device into service with a
 * certificate that nobody takes. RFC 9810 appendix F: certRevoked, "the certificate has already been revoked"
 */
Test(op_confirm, a_certificate_that_is_revoked_before_its_certConf_is_not_confirmed)
{
    certificate_row()->status = STORE_CERT_REVOKED;
    certificate_row()->reason = 1;
    certificate_row()->revoked_at = world->now - 5;
    for (int i = 0; i < 2; i++) {
        struct answer answer = world_send(world, client_confirm(&client, &first, -1));
        expect_error(&answer, PKI_CERT_REVOKED);
        cr_assert_eq(row()->state, STORE_TX_REJECTED);
        cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
        cr_assert_eq(certificate_row()->reason, 1, "for the reason that was given");
        cr_assert_eq(certificate_row()->revoked_at, world->now - 5);
    }
}

Test(op_confirm, a_certificate_that_is_revoked_before_may_be_rejected)
{
    certificate_row()->status = STORE_CERT_REVOKED;
    struct answer answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_pkiconf(&answer);
    cr_assert_eq(row()->state, STORE_TX_REJECTED);
}

/* It is confirmed, and valid once it is released. */
Test(op_confirm, a_certificate_that_is_on_hold_stays_so)
{
    certificate_row()->status = STORE_CERT_HOLD;
    confirm();
    cr_assert_eq(row()->state, STORE_TX_CONFIRMED);
    cr_assert_eq(certificate_row()->status, STORE_CERT_HOLD);
}

/* What cannot be told now may be told later. */
Test(op_confirm, a_late_certConf_without_the_store_is_told_to_try_again)
{
    confirm();
    world->fetches_seen = 0;
    world->fail_fetch_at = 2; /* the certificate's, after the transaction's */
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
}

/* The path is not protected, and a certConf names no profile: that of the request holds. */
Test(op_confirm, the_profile_of_the_request_holds_whatever_the_path_says)
{
    struct config_profile other_config = world->config;
    struct cmp_profile other = world->profile;
    const struct cmp_profile *profiles[] = {&world->profile, &other};

    other_config.name = "other";
    other.config = &other_config;
    world->settings.profiles = profiles;
    world->settings.profile_count = 2;
    world->config.accept.message_time_required = 1;
    struct answer answer = world_send_to(world, &(struct cmp_route){.profile = &other, .body = -1},
                                         client_confirm(&client, &first, -1));
    cr_assert_str_eq(answer.result.profile, world->config.name);
    expect_error(&answer, PKI_MISSING_TIME_STAMP);
}

/* RFC 9483 4.1.1: "MUST be absent if status is "accepted""
 * The next certConf is right whichever senderNonce it repeats: that of the ip, or that of the error. */
Test(op_confirm, after_a_refusal_that_ends_nothing_the_certConf_may_come_again)
{
    struct cert_status odd = status_with(DIGEST_SHA256);

    odd.has_status = 1;
    odd.status = (struct pki_status_info){.status = PKI_ACCEPTED, .fail_info = 1};
    struct answer answer = world_send(world, certconf(&odd));
    cr_assert(bytes_equal(answer.message.header.sender_nonce, first.message.header.sender_nonce));
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_assert_eq(certificate_row()->status, STORE_CERT_UNCONFIRMED);
    confirm();
    cr_assert_eq(certificate_row()->status, STORE_CERT_VALID);
}

Test(op_confirm, certConf_after_implicit_confirmation_gets_certConfirmed)
{
    struct client other;

    client_init(&other, world, 0);
    other.header.implicit_confirm = 1;
    struct answer begun = world_send(world, client_request(&other, PKI_IR));
    struct answer answer = world_send(world, client_confirm(&other, &begun, -1));
    expect_error(&answer, PKI_CERT_CONFIRMED);
    answer_free(&begun);
    client_cleanup(&other);
}

Test(op_confirm, a_transactionID_that_nobody_began_is_refused)
{
    client.transaction_id[5] ^= 1;
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* RFC 9483 3.1: certProfile "MAY be present in ir/cr/kur/p10cr and in genm messages", "MUST be omitted in all
 * other messages": the profile of the first message holds for the transaction. */
Test(op_confirm, certConf_need_not_repeat_certProfile)
{
    struct client mac;

    world->config.mac.allowed = 0; /* the default profile takes no secrets, the named one does */
    client_init(&mac, world, 1);
    mac.header.cert_profile = bytes_str("other");
    struct answer begun = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(begun.has_cert);
    mac.header.cert_profile = bytes_of(NULL, 0);
    struct answer answer = world_send(world, client_confirm(&mac, &begun, -1));
    expect_pkiconf(&answer);
    answer_free(&begun);
    client_cleanup(&mac);
}

/* The same, where the named profile has another CA: its transactions and secrets are its own. */
Test(op_confirm, certConf_finds_its_transaction_at_another_CA)
{
    struct cmp_authority second = world->ca;
    struct client mac;

    memset(second.id, 0x77, sizeof second.id);
    world->other_profile.ca = &second;
    world->config.mac.allowed = 0;
    memcpy(world->secrets[0].issuer, second.id, sizeof second.id);
    cr_assert(cmp_seal_secret(&world->secrets[0].row.sealed, world->arena, world->settings.seal_key,
                              bytes_of(second.id, STORE_ISSUER_ID), world->reference, world->secret));
    client_init(&mac, world, 1);
    mac.header.cert_profile = bytes_str("other");
    struct answer begun = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(begun.has_cert);
    mac.header.cert_profile = bytes_of(NULL, 0);
    struct answer answer = world_send(world, client_confirm(&mac, &begun, -1));
    cr_assert(mac_is_mac(answer.message.header.protection_alg));
    cr_assert_str_eq(answer.result.profile, "other");
    expect_pkiconf(&answer);
    answer_free(&begun);
    client_cleanup(&mac);
}

/* A CA has many profiles, and its transactions are looked for once: there is room for as many as CAs. */
Test(op_confirm, a_transaction_is_looked_for_once_at_each_CA)
{
    enum { PROFILES = 2 * BOUND_AUTHORITIES + 2 };
    const struct cmp_profile *profiles[PROFILES];
    struct cmp_authority second = world->ca;

    memset(second.id, 0x77, sizeof second.id);
    world->other_profile.ca = &second;
    for (size_t i = 0; i < PROFILES; i++)
        profiles[i] = i % 2 == 0 ? &world->other_profile : &world->profile;
    world->settings.profiles = profiles;
    world->settings.profile_count = PROFILES;
    world->fetches_seen = 0;
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    cr_assert_eq(world->fetches_seen, 3); /* at two CAs, and the certificate */
    world->settings.profiles = world->profiles;
    world->settings.profile_count = 2;
}

/* A transactionID is a CA's own. Where both CAs have it, the path, or the default, says whose is meant. */
Test(op_confirm, of_two_CAs_with_the_same_transactionID_the_default_is_meant)
{
    struct cmp_authority second = world->ca;
    struct client other;

    memset(second.id, 0x77, sizeof second.id);
    world->other_profile.ca = &second;
    client_init(&other, world, 0);
    client_sign_by(&other, &world->device, &world->vendor_ca.cert_der, 1);
    other.header.transaction_id = client.header.transaction_id;
    other.header.cert_profile = bytes_str("other");
    struct answer begun = world_send(world, client_request(&other, PKI_IR));
    cr_assert(begun.has_cert);
    cr_assert_eq(world->tx_count, 2);
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    cr_assert_str_eq(answer.result.profile, "test");
    expect_pkiconf(&answer);
    cr_assert_eq(world->txs[0].row.state, STORE_TX_CONFIRMED);
    cr_assert_eq(world->txs[1].row.state, STORE_TX_WAIT_CONFIRM);
    answer_free(&begun);
    client_cleanup(&other);
}

/* The signer is not path-validated again, except for revocation: a certificate of our own that was revoked
 * after its cr confirms nothing. */
Test(op_confirm, a_signer_revoked_in_between_confirms_nothing)
{
    struct client next;
    struct ctl_identity own = {.key = client.key, .cert_der = first.cert.der, .cert = first.cert};
    struct answer answer = world_send(world, client_confirm(&client, &first, -1)), second;

    expect_pkiconf(&answer);
    client_init(&next, world, 0);
    client_sign_by(&next, &own, NULL, 0);
    second = world_send(world, client_request(&next, PKI_CR));
    cr_assert(second.has_cert);
    certificate_row()->status = STORE_CERT_REVOKED;
    answer = world_send(world, client_confirm(&next, &second, -1));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world_cert_of(world, second.cert.serial)->status, STORE_CERT_REVOKED);
    answer_free(&second);
    client_cleanup(&next);
}

/* What a device says of its reason is kept up to a bound, and as plain text. */
Test(op_confirm, the_devices_reason_is_recorded_up_to_a_bound)
{
    static const size_t lengths[] = {1, BOUND_STATUS_STRING - 1, BOUND_STATUS_STRING,
                                     BOUND_STATUS_STRING + 1};
    static char text[BOUND_STATUS_STRING + 1];

    memset(text, 'x', sizeof text);
    text[0] = '\n';
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct cert_status entry = status_with(DIGEST_SHA256);
        size_t kept = lengths[i] < BOUND_STATUS_STRING ? lengths[i] : BOUND_STATUS_STRING;
        entry.has_status = 1;
        entry.status = (struct pki_status_info){.status = PKI_REJECTION, .text = bytes_of(text, lengths[i])};
        struct answer answer = world_send(world, certconf(&entry));
        cr_assert_eq(world->audit.detail.len, kept, "%zu octets", lengths[i]);
        cr_assert_eq(world->audit.detail.data[0], '?');
        cr_assert_eq(memcmp(world->audit.detail.data + 1, text + 1, kept - 1), 0);
        expect_pkiconf(&answer);
        end();
        begin();
    }
}
