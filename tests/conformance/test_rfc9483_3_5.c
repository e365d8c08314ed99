/* RFC 9483 3.5: what is checked of a message before it is processed. Most of its rules are proven in
 * tests/unit/cmp; here are those that no file there has for itself. */
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(rfc9483_3_5, .init = set_up, .fini = tear_down);

static struct bytes without_protection(void)
{
    struct bytes part, message;

    cr_assert(
        pki_encode_protected_part(&part, world->arena, &client.header, PKI_IR, client_body(&client, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), client.extra_certs, 2));
    return message;
}

/* RFC 9483 5.1: "If any of these verification steps or any of the essential checks described in Section
 * 3.5 and in the following subsections fails, the PKI management entity MUST proceed as described in
 * Section 3.6."
 * RFC 9483 3.5: "If a PKI management entity decides to terminate a PKI management operation because a
 * check failed, it MUST send a negative response or an error message as described in Section 3.6."
 * RFC 9483 3.6.2: "In case the PKI management entity detects any other error condition on requests
 * (including pollReq, certConf, […] them downstream in the form of an error message as described in
 * Section 3.6.4."
 * RFC 9483 3.6.4: "When sending any kind of negative response, including error messages, a PKI entity MUST
 * indicate the error condition in the PKIStatusInfo structure of the respective message as described
 * below."
 * RFC 9483 3.6.4: "status: Here, the PKIStatus value "rejection" MUST be used in case an error was
 * detected."
 * RFC 9483 3.6.4 error: "REQUIRED"
 * RFC 9483 3.6.4 pKIStatusInfo: "REQUIRED"
 * RFC 9483 3.6.4 status: "REQUIRED"
 * RFC 9483 3.6.4: "MUST have the value "rejection"" */
Test(rfc9483_3_5, each_check_that_fails_is_told_by_an_error_message_with_rejection)
{
    const struct pki_header good = client.header;
    static const enum pki_failure failures[] = {
        PKI_UNSUPPORTED_VERSION, PKI_BAD_SENDER_NONCE,   PKI_BAD_TIME,        PKI_BAD_ALG,
        PKI_BAD_MESSAGE_CHECK,   PKI_SIGNER_NOT_TRUSTED, PKI_WRONG_INTEGRITY, PKI_BAD_REQUEST,
        PKI_BAD_MESSAGE_CHECK,   PKI_BAD_DATA_FORMAT,    PKI_SYSTEM_UNAVAIL,
    };

    for (unsigned i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        struct bytes request;
        CBS error, content, status;
        int64_t value;
        client.header = good;
        world->config.mac.allowed = 1;
        world->fail_fetch_at = 0;
        switch (i) {
        case 0:
            client.header.pvno = 1;
            break;
        case 1:
            client.header.sender_nonce.len = 15;
            break;
        case 2:
            client.header.has_message_time = 1;
            client.header.message_time = world->now - 100000;
            break;
        case 3:
            client.header.protection_alg = hex(world->arena, "30 05 06 03 2a 03 04");
            break;
        case 4:
            client.header.sender = world->ca.sender;
            break;
        case 5:
            client_sign_by(&client, &world->stranger, NULL, 0);
            break;
        case 6:
            client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
            world->config.mac.allowed = 0;
            break;
        case 10:
            world->fail_fetch_at = world->fetches_seen + 1;
            break;
        default:
            break;
        }
        request = i == 6   ? client_request(&mac, PKI_IR)
                  : i == 7 ? client_message(&client, PKI_KRR, hex(world->arena, "30 00"))
                  : i == 8 ? without_protection()
                  : i == 9 ? client_message(&client, PKI_CERTCONF, hex(world->arena, "05 00"))
                           : client_request(&client, PKI_IR);
        if (i == 9) { /* a certConf with no certHash, in a transaction that awaits one */
            struct answer first = world_send(world, client_request(&client, PKI_IR));
            cr_assert(first.has_cert);
            client_next(&client, &first);
            request = client_message(&client, PKI_CERTCONF, hex(world->arena, "30 03 02 01 00"));
            answer_free(&first);
            client.transaction_id[0]++;
        }
        struct answer answer = world_send(world, request);
        /* ErrorMsgContent ::= SEQUENCE { pKIStatusInfo SEQUENCE { status INTEGER, … }, … } */
        error = cbs_of(answer.message.body);
        cr_assert(CBS_get_asn1(&error, &content, CBS_ASN1_SEQUENCE) &&
                      CBS_get_asn1(&content, &status, CBS_ASN1_SEQUENCE) && der_get_int64(&status, &value),
                  "case %u", i);
        cr_assert_eq(value, 2, "case %u", i);
        expect_error(&answer, failures[i]);
    }
}

/* RFC 9483 3.5: "All PKI message header fields not mentioned in this section, like the recipient and
 * generalInfo fields, SHOULD be handled gracefully upon receipt." */
Test(rfc9483_3_5, a_recipient_that_is_another_or_nobody_is_no_reason_to_refuse)
{
    const struct bytes recipients[] = {hex(world->arena, "a4 02 30 00"), client.header.sender,
                                       hex(world->arena, "86 08 68 74 74 70 3a 2f 2f 78")};

    client.header.recip_kid = bytes_str("no key of ours");
    for (size_t i = 0; i < sizeof recipients / sizeof recipients[0]; i++) {
        client.transaction_id[0]++;
        client.header.recipient = recipients[i];
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        expect_certificate(&answer, PKI_IP);
    }
}

/* RFC 9483 3.5: "The PKI message body type MUST be one of the message types supported by the receiving PKI
 * entity and MUST be […] operation identified by the given transactionID. (failInfo bit: badRequest)" */
Test(rfc9483_3_5, a_certConf_is_allowed_only_where_one_is_awaited)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));

    client.transaction_id[7] ^= 1;
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_BAD_REQUEST);
    client.transaction_id[7] ^= 1;
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    /* RFC 9810 5.2.3: "the certificate has already been confirmed" */
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_CERT_CONFIRMED);
    answer_free(&first);
}

/* RFC 9483 3.5: "Unless the PKI message is the first message of a PKI management operation, the recipNonce
 * MUST be present and […] delayed delivery as specified in Section 4.4. (failInfo bit: badRecipientNonce)" */
Test(rfc9483_3_5, the_recipNonce_of_an_older_answer_is_refused)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));

    client.transaction_id[0] ^= 1;
    client.header.recip_nonce = bytes_of(NULL, 0);
    struct answer second = world_send(world, client_request(&client, PKI_IR));
    cr_assert(first.has_cert && second.has_cert);
    second.message.header.sender_nonce = first.message.header.sender_nonce;
    struct answer answer = world_send(world, client_confirm(&client, &second, -1));
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    answer_free(&first);
    answer_free(&second);
}

/* RFC 9483 3.5: "If signature-based protection is used, the CMP protection certificate MUST be
 * successfully validated, including path validation using a trust anchor, and MUST be authorized according
 * to local policies."
 * Trusted by one profile is not trusted by another. */
Test(rfc9483_3_5, a_device_is_authorized_by_its_own_profile_only)
{
    struct trust strangers = {.count = 0};
    const struct cmp_route other = {.profile = &world->other_profile, .body = -1};

    cr_assert(trust_add(&strangers, world->stranger_root.cert_der, 1));
    world->other_profile.trust = &strangers;
    struct answer answer = world_send_to(world, &other, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    client_sign_by(&client, &world->stranger, NULL, 0);
    answer = world_send_to(world, &other, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    trust_cleanup(&strangers);
}

/* RFC 9483 3.5: "Note: The requirements for checking certificates given in [RFC5280] MUST be followed for
 * signature-based CMP message protection."
 * RFC 5280 6.1.3 (d): policies are processed, so that a certificate in which they are critical is good. A
 * message of the field, at its messageTime. */
Test(rfc9483_3_5, a_device_whose_certificate_has_critical_policies_is_granted)
{
    struct trust vendor = {.count = 0};
    struct bytes root = file_in_tests(world->arena, CMPD_TEST_DATA, "field/vendor-root.der");

    cr_assert(trust_add(&vendor, root, 1));
    world->profile.trust = &vendor;
    world->now = 1795835172;
    struct answer answer =
        world_send(world, file_in_tests(world->arena, CMPD_TEST_DATA, "field/f5-crit-policies.der"));
    expect_certificate(&answer, PKI_IP);
    trust_cleanup(&vendor);
}

/* RFC 9483 3.5: "The sender of a request message MUST be authorized to request the operation according to
 * PKI policies. (failInfo bit: notAuthorized)" */
Test(rfc9483_3_5, a_secret_that_has_served_authorizes_nothing_more)
{
    world->secrets[0].row.reusable = 0;
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    mac.transaction_id[0]++;
    answer = world_send(world, client_request(&mac, PKI_IR));
    expect_error(&answer, PKI_NOT_AUTHORIZED);
    cr_assert_eq(world->cert_count, 1);
}

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)"
 * In later messages, too, whose certificate need not come along. */
Test(rfc9483_3_5, a_certConf_whose_senderKID_names_another_key_is_refused)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct bytes kid = client.header.sender_kid;

    client.extra_cert_count = 0;
    client.header.sender_kid = world->stranger.cert.key_id;
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client.header.sender_kid = kid;
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    answer_free(&first);
}
