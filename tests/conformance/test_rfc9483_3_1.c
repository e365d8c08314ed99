/* RFC 9483 3.1: the header of what the server sends. */
#include "crypto/name.h"
#include "server/pki/confirmation.h"
#include "tests/conformance/answers.h"
#include "tests/support/hex.h"

TestSuite(rfc9483_3_1, .init = set_up, .fini = tear_down);

/* A header taken apart by its tags alone: pvno, sender, recipient, and the fields [0] to [8], each EXPLICIT
 * (RFC 9810, Appendix F); what is absent is empty. */
struct raw_header {
    struct bytes pvno, sender, recipient, fields[9];
};

enum {
    MESSAGE_TIME,
    PROTECTION_ALG,
    SENDER_KID,
    RECIP_KID,
    TRANSACTION_ID,
    SENDER_NONCE,
    RECIP_NONCE,
    FREE_TEXT,
    GENERAL_INFO
};

static struct bytes next_element(CBS *cbs)
{
    CBS element;

    cr_assert(CBS_get_any_asn1_element(cbs, &element, NULL, NULL));
    return bytes_of_cbs(&element);
}

static struct raw_header raw_header(const struct answer *answer)
{
    struct raw_header out;
    CBS reply = cbs_of(answer->result.reply), message, header, field;
    int present;

    cr_assert(CBS_get_asn1(&reply, &message, CBS_ASN1_SEQUENCE));
    cr_assert(CBS_get_asn1(&message, &header, CBS_ASN1_SEQUENCE));
    out.pvno = next_element(&header);
    out.sender = next_element(&header);
    out.recipient = next_element(&header);
    for (unsigned i = 0; i < 9; i++) {
        cr_assert(CBS_get_optional_asn1(&header, &field, &present,
                                        CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | i));
        out.fields[i] = present ? next_element(&field) : bytes_of(NULL, 0);
    }
    cr_assert_eq(CBS_len(&header), 0);
    return out;
}

/* The value of |type| (content of its OID) in generalInfo, or empty. */
static struct bytes info_value(const struct raw_header *header, struct bytes type)
{
    CBS field = cbs_of(header->fields[GENERAL_INFO]), list, info, oid;

    if (header->fields[GENERAL_INFO].len == 0)
        return bytes_of(NULL, 0);
    cr_assert(CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE));
    while (CBS_len(&list) != 0) {
        cr_assert(CBS_get_asn1(&list, &info, CBS_ASN1_SEQUENCE) &&
                  CBS_get_asn1(&info, &oid, CBS_ASN1_OBJECT));
        if (bytes_equal(bytes_of_cbs(&oid), type))
            return bytes_of_cbs(&info);
    }
    return bytes_of(NULL, 0);
}

/* RFC 9810 5.1.1.1 and 5.1.1.2: {id-it 13}, {id-it 14} */
#define IMPLICIT_CONFIRM hex(world->arena, "2b 06 01 05 05 07 04 0d")
#define CONFIRM_WAIT_TIME hex(world->arena, "2b 06 01 05 05 07 04 0e")

/* RFC 9483 7.1 Generic, RA: "[Table 3: Generic Aspects of PKI Messages and PKI Management Operations,
 * Section 3] MUST"
 * RFC 9483 7.1 Generic, CA: "[Table 3: Generic Aspects of PKI Messages and PKI Management Operations,
 * Section 3] MUST"
 * RFC 9483 3.1 pvno: "REQUIRED"
 * RFC 9483 3.1 sender: "REQUIRED"
 * RFC 9483 3.1 recipient: "REQUIRED"
 * RFC 9483 3.1 protectionAlg: "REQUIRED"
 * RFC 9483 3.1 transactionID: "REQUIRED"
 * RFC 9483 3.1 senderNonce: "REQUIRED"
 * RFC 9483 3.1 senderKID: "RECOMMENDED"
 * RFC 9483 3.1 recipNonce: "RECOMMENDED" */
Test(rfc9483_3_1, what_is_REQUIRED_or_RECOMMENDED_in_a_header_is_in_every_answer)
{
    static const unsigned required[] = {PROTECTION_ALG, SENDER_KID, TRANSACTION_ID, SENDER_NONCE,
                                        RECIP_NONCE};
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        struct raw_header header = raw_header(&all[i].answer);
        cr_assert(bytes_equal(header.pvno, hex(world->arena, "02 01 02")), "%s", all[i].what);
        /* GeneralName directoryName, and more than a NULL-DN in it */
        cr_assert(header.sender.len > 4 && header.sender.data[0] == 0xa4, "%s", all[i].what);
        cr_assert(header.recipient.len > 4 && header.recipient.data[0] == 0xa4, "%s", all[i].what);
        for (size_t j = 0; j < sizeof required / sizeof required[0]; j++)
            cr_assert_gt(header.fields[required[j]].len, 2, "%s: field %u", all[i].what, required[j]);
    }
    free_answers(all);
}

/* RFC 9483 3.1: "MUST be 2 to indicate CMP v2 in all other cases"
 * RFC 9810 7 wants an answer in the version of its request: a request of version 2 gets no other. */
Test(rfc9483_3_1, what_was_asked_in_version_2_is_answered_in_version_2)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        cr_assert_eq(all[i].request.header.pvno, 2);
        cr_assert_eq(all[i].answer.message.header.pvno, 2, "%s", all[i].what);
    }
    free_answers(all);
    struct answer unreadable = world_send(world, bytes_str("?"));
    cr_assert_eq(unreadable.message.header.pvno, 2);
    answer_free(&unreadable);
}

/* RFC 9483 3.1: "For signature-based protection, MUST be the subject field of the CMP protection
 * certificate"
 * RFC 9483 3.1: "For signature-based protection, MUST be used and contain the value of the
 * SubjectKeyIdentifier if present in the CMP protection certificate" */
Test(rfc9483_3_1, sender_and_senderKID_of_a_signed_answer_are_those_of_its_certificate)
{
    struct exchange all[ANSWERS];
    struct bytes subject;
    size_t signed_count = 0;

    cr_assert(pki_directory_name(&subject, world->arena, world->cmp_signer.cert.subject));
    cr_assert_gt(world->cmp_signer.cert.key_id.len, 0);
    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        if (mac_is_mac(all[i].answer.message.header.protection_alg))
            continue;
        signed_count++;
        cr_assert(bytes_equal(all[i].answer.message.header.sender, subject), "%s", all[i].what);
        cr_assert(bytes_equal(all[i].answer.message.header.sender_kid, world->cmp_signer.cert.key_id), "%s",
                  all[i].what);
    }
    cr_assert_geq(signed_count, 4);
    free_answers(all);
}

/* RFC 9483 5.1: "The responding PKI management entity MUST copy the sender field of the request to the
 * recipient field of the response, MUST copy the senderNonce of the request to the recipNonce of the
 * response, and MUST use the same transactionID for the response."
 * RFC 9483 3.1: "In all other messages, SHOULD contain the value of the sender field of the previous
 * message in the same PKI management operation"
 * RFC 9483 3.1: "In all other messages, MUST be the value from the previous message in the same PKI
 * management operation"
 * RFC 9483 3.1: "In all other messages, MUST be present and contain the value of the senderNonce of the
 * previous message in the same transaction"
 * RFC 9483 4: "Note: All CMP messages belonging to the same PKI management operation MUST have the same
 * transactionID because the message receiver identifies the elements of the operation in this way."
 * RFC 9810 5.1.1: "Subsequent requests and responses MUST all set the transactionID field to the thus
 * established value." */
Test(rfc9483_3_1, recipient_transactionID_and_recipNonce_repeat_the_request)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct pki_header *in = &all[i].request.header, *out = &all[i].answer.message.header;
        cr_assert(bytes_equal(out->recipient, in->sender), "%s", all[i].what);
        cr_assert(bytes_equal(out->transaction_id, in->transaction_id), "%s", all[i].what);
        cr_assert(bytes_equal(out->recip_nonce, in->sender_nonce), "%s", all[i].what);
    }
    free_answers(all);
}

/* RFC 9483 3.1: "SHOULD be the name of the intended recipient; otherwise, the NULL-DN MUST be used" */
Test(rfc9483_3_1, whoever_names_no_sender_is_answered_as_the_NULL_DN)
{
    client.header.sender = hex(world->arena, "a4 02 30 00");
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct raw_header header = raw_header(&answer);

    cr_assert(bytes_equal(header.recipient, hex(world->arena, "a4 02 30 00")));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9810 5.2.9: "GeneralizedTime is a standard ASN.1 type and SHALL be used as specified in Section
 * 4.1.2.5.2 of [RFC5280]."
 * RFC 9483 3.1: "MUST be present if the confirmWaitTime field is present"
 * RFC 9483 3.1: "MUST be the time at which the message was produced, if present" */
Test(rfc9483_3_1, messageTime_is_the_time_of_the_answer_and_stands_wherever_confirmWaitTime_does)
{
    world->now += 17;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct raw_header header = raw_header(&answer);

    cr_assert_gt(info_value(&header, CONFIRM_WAIT_TIME).len, 0);
    /* date -u -d @1800000017 +%Y%m%d%H%M%SZ */
    cr_assert(bytes_equal(header.fields[MESSAGE_TIME],
                          hex(world->arena, "18 0f 32 30 32 37 30 31 31 35 30 38 30 30 31 37 5a")));
    expect_certificate(&answer, PKI_IP);
}

static void expect_algorithm(enum key_kind kind, const char *identifier)
{
    struct world *before = world;
    struct client other;

    world = world_new(kind);
    client_init(&other, world, 0);
    struct answer answer = world_send(world, client_request(&other, PKI_IR));
    struct raw_header header = raw_header(&answer);
    struct bytes expected = hex(world->arena, identifier);
    cr_assert(bytes_equal(header.fields[PROTECTION_ALG], expected), "kind %d", kind);
    /* The bits were made with it, by the key of the certificate: world_send has verified them so. */
    expect_certificate(&answer, PKI_IP);
    client_cleanup(&other);
    world_free(world);
    world = before;
}

/* RFC 9810 D.7: "* protectionAlg of MSG_SIG_ALG MUST be used in all messages;"
 * RFC 9483 3.1: "MUST be an algorithm identifier indicating the algorithm used for calculating the
 * protection bits"
 * RFC 9483 3.1: "If it is a signature algorithm, its type MUST be MSG_SIG_ALG as specified in Section 3 of
 * [RFC9481] and MUST be consistent with the subjectPublicKeyInfo field of the CMP protection certificate"
 * RFC 9481 3.1 to 3.3, with the digests that RFC 9481 7 pairs with the curves; RFC 8017 A.2.4 for the NULL
 * of RSA, RFC 5758 3.2 and RFC 8410 3 for no parameters. */
Test(rfc9483_3_1, protectionAlg_of_a_signed_answer_fits_the_key_of_its_certificate)
{
    expect_algorithm(KEY_P256, "30 0a 06 08 2a 86 48 ce 3d 04 03 02");
    expect_algorithm(KEY_P384, "30 0a 06 08 2a 86 48 ce 3d 04 03 03");
    expect_algorithm(KEY_P521, "30 0a 06 08 2a 86 48 ce 3d 04 03 04");
    expect_algorithm(KEY_RSA, "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00");
    expect_algorithm(KEY_ED25519, "30 05 06 03 2b 65 70");
}

/* RFC 9483 3.1: "If it is a MAC algorithm, its type MUST be MSG_MAC_ALG, as specified in [RFC9481],
 * Section 6.1"
 * RFC 9483 3.1: "MUST be an algorithm identifier indicating the algorithm used for calculating the
 * protection bits"
 * RFC 9481 6.1.1 and 6.1.2: id-PasswordBasedMac, id-PBMAC1 */
Test(rfc9483_3_1, protectionAlg_of_an_answer_by_MAC_is_a_MAC_algorithm)
{
    static const char pbm[] = "06 09 2a 86 48 86 f6 7d 07 42 0d",
                      pbmac1[] = "06 09 2a 86 48 86 f7 0d 01 05 0e";
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    struct raw_header header = raw_header(&answer);
    CBS field = cbs_of(header.fields[PROTECTION_ALG]), identifier;

    cr_assert(CBS_get_asn1(&field, &identifier, CBS_ASN1_SEQUENCE));
    cr_assert(bytes_equal(next_element(&identifier), hex(world->arena, pbm)));
    expect_certificate(&answer, PKI_IP);

    cr_assert(mac_pbmac1_encode(&mac.header.protection_alg, world->arena, bytes_str("salt and pepper"),
                                DIGEST_SHA256, DIGEST_SHA256, 1000, 32));
    field = cbs_of(mac.header.protection_alg);
    cr_assert(mac_parse(&mac.mac, &field));
    mac.transaction_id[0]++;
    answer = world_send(world, client_request(&mac, PKI_IR));
    header = raw_header(&answer);
    field = cbs_of(header.fields[PROTECTION_ALG]);
    cr_assert(CBS_get_asn1(&field, &identifier, CBS_ASN1_SEQUENCE));
    cr_assert(bytes_equal(next_element(&identifier), hex(world->arena, pbmac1)));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.1: "MUST be cryptographically secure and fresh 128 random bits" */
Test(rfc9483_3_1, a_senderNonce_has_128_bits_and_is_never_seen_again)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        struct bytes nonce = all[i].answer.message.header.sender_nonce;
        cr_assert_eq(nonce.len, 16);
        cr_assert_not(bytes_equal(nonce, all[i].request.header.sender_nonce));
        for (size_t j = 0; j < i; j++) {
            struct bytes other = all[j].answer.message.header.sender_nonce;
            /* No quarter of it either: nothing in it is a counter or a constant. */
            for (size_t k = 0; k < 16; k += 4)
                cr_assert_not(bytes_equal(bytes_of(nonce.data + k, 4), bytes_of(other.data + k, 4)));
        }
    }
    free_answers(all);
}

/* RFC 9483 3.1: "PROHIBITED in other types of messages"
 * Nor does a rejection carry it: what it grants is the omission of a certConf for a certificate. */
Test(rfc9483_3_1, implicitConfirm_is_in_no_answer_but_one_with_a_certificate)
{
    struct exchange all[ANSWERS];
    struct cert_status status = {.cert_req_id = 0};
    uint8_t hash[DIGEST_MAX];
    struct bytes body;

    world->config.confirm.implicit = 0; /* else there is no pkiconf */
    client.header.implicit_confirm = mac.header.implicit_confirm = 1;
    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        struct raw_header header = raw_header(&all[i].answer);
        cr_assert_eq(info_value(&header, IMPLICIT_CONFIRM).len, 0, "%s", all[i].what);
    }
    free_answers(all);

    /* Allowed, and asked for in the wrong place. */
    client.transaction_id[0]++;
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    status.cert_hash = bytes_of(hash, digest_compute(hash, DIGEST_SHA256, first.cert.der));
    cr_assert(pki_encode_cert_conf(&body, world->arena, &status));
    client_next(&client, &first);
    client.header.implicit_confirm = 1;
    world->config.confirm.implicit = 1;
    struct answer confirmed = world_send(world, client_message(&client, PKI_CERTCONF, body));
    cr_assert_not(confirmed.message.header.implicit_confirm);
    expect_pkiconf(&confirmed);
    answer_free(&first);

    client.transaction_id[0]++;
    world->decide_refuses = 1;
    struct answer refused = world_send(world, client_request(&client, PKI_CR));
    cr_assert_not(refused.message.header.implicit_confirm);
    expect_refusal(&refused, PKI_CP, PKI_NOT_AUTHORIZED);
}

/* RFC 9483 3.1 ImplicitConfirmValue: "REQUIRED"
 * RFC 9483 3.1: "ImplicitConfirmValue MUST be NULL" */
Test(rfc9483_3_1, implicitConfirm_is_written_with_NULL)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct raw_header header = raw_header(&answer);

    cr_assert(bytes_equal(info_value(&header, IMPLICIT_CONFIRM), hex(world->arena, "05 00")));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.1: "RECOMMENDED in ip/cp/kup messages if implicitConfirm is not included"
 * RFC 9483 3.1 ConfirmWaitTimeValue: "REQUIRED"
 * RFC 9483 3.1: "ConfirmWaitTimeValue MUST be a GeneralizedTime value specifying the point in time up to
 * which the PKI management entity will wait for the certConf message." */
Test(rfc9483_3_1, confirmWaitTime_is_the_GeneralizedTime_until_which_certConf_is_awaited)
{
    world->config.confirm.wait_seconds = 90;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct raw_header header = raw_header(&answer);

    /* date -u -d @1800000090 +%Y%m%d%H%M%SZ */
    cr_assert(bytes_equal(info_value(&header, CONFIRM_WAIT_TIME),
                          hex(world->arena, "18 0f 32 30 32 37 30 31 31 35 30 38 30 31 33 30 5a")));
    world->now += 90;
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
}

/* RFC 9483 3.1: "PROHIBITED if implicitConfirm is included"
 * RFC 9483 4.1.1: "Otherwise, the PKI management entity SHOULD include confirmWaitTime as described in
 * Section 3.1." */
Test(rfc9483_3_1, confirmWaitTime_and_implicitConfirm_never_stand_together)
{
    for (int granted = 0; granted < 2; granted++) {
        client.transaction_id[0]++;
        client.header.implicit_confirm = 1;
        world->config.confirm.implicit = granted;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        struct raw_header header = raw_header(&answer);
        cr_assert_eq(info_value(&header, IMPLICIT_CONFIRM).len != 0, granted);
        cr_assert_eq(info_value(&header, CONFIRM_WAIT_TIME).len != 0, !granted);
        expect_certificate(&answer, PKI_IP);
    }
}
