/* RFC 9810 5.1: PKIMessage and its header, as far as RFC 9483 leaves something to prove. */
#include "tests/conformance/answers.h"
#include "tests/support/hex.h"

TestSuite(rfc9810_5_1, .init = set_up, .fini = tear_down);

/* RFC 9810 5.1.1: "If nothing about the sender is known to the sending entity (e.g., in the initial
 * request message, where the […] the "sender" field MUST contain a "NULL-DN" value in the directoryName
 * choice."
 * Of what cannot be read the profile is not known, and with it not as whom the server should speak. */
Test(rfc9810_5_1, where_the_server_cannot_know_its_name_the_sender_is_the_NULL_DN)
{
    struct answer answer = world_send(world, bytes_str("no PKIMessage"));
    struct pki_message message;
    struct bytes reply;

    cr_assert(bytes_equal(answer.message.header.sender, hex(world->arena, "a4 02 30 00")));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    cr_assert(cmp_overload_answer(&reply, world->arena, client_request(&client, PKI_IR), PKI_SYSTEM_UNAVAIL,
                                  "busy"));
    cr_assert_eq(pki_message_decode(&message, NULL, reply), PKI_WHOLE);
    cr_assert(bytes_equal(message.header.sender, hex(world->arena, "a4 02 30 00")));
}

/* RFC 9810 5.1.1: "If nothing about the sender is known to the sending entity (e.g., in the initial
 * request message, where the […] the "sender" field MUST contain a "NULL-DN" value in the directoryName
 * choice."
 * RFC 9810 5.1.1: "In such a case, the senderKID field MUST hold an identifier (i.e., a reference number)
 * that indicates to the receiver the appropriate shared secret information to use to verify the message."
 * A shared secret is found by senderKID, whether a name comes with it or not. */
Test(rfc9810_5_1, under_the_NULL_DN_senderKID_names_the_secret)
{
    mac.header.sender = hex(world->arena, "a4 02 30 00");
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(mac_is_mac(answer.message.header.protection_alg));
    expect_certificate(&answer, PKI_IP);

    mac.transaction_id[0]++;
    mac.header.sender_kid = bytes_of(NULL, 0);
    unsigned fetches = world->fetches_seen;
    answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert_eq(world->fetches_seen, fetches); /* there is nothing to look for */
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9810 5.1.1: "If no protection bits are supplied (note that PKIProtection is OPTIONAL), then this
 * field MUST be omitted; if protection bits are supplied, then this field MUST be supplied." */
Test(rfc9810_5_1, protectionAlg_and_protection_come_together_or_not_at_all)
{
    struct exchange all[ANSWERS];
    struct bytes part, message;

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++)
        cr_assert(all[i].answer.message.has_protection &&
                  all[i].answer.message.header.protection_alg.len != 0);
    free_answers(all);
    struct answer bare = world_send(world, bytes_str("no PKIMessage"));
    cr_assert_not(bare.message.has_protection || bare.message.header.protection_alg.len != 0);
    answer_free(&bare);

    cr_assert(
        pki_encode_protected_part(&part, world->arena, &client.header, PKI_IR, client_body(&client, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), client.extra_certs, 2));
    struct answer answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client.header.protection_alg = bytes_of(NULL, 0);
    answer = world_send(world, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9810 5.1.1: "These fields MUST be used if required to uniquely identify a key (e.g., if more than
 * one key is associated with a given sender name)."
 * More keys of one name than are tried: senderKID tells which one it was. */
Test(rfc9810_5_1, where_a_name_has_many_keys_senderKID_tells_them_apart)
{
    struct ctl_identity twins[BOUND_SIGNERS];
    struct certificate_plan plan = {.subject = world->device.cert.subject,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};

    client.extra_certs[BOUND_SIGNERS] = client.extra_certs[0];
    client.extra_certs[BOUND_SIGNERS + 1] = client.extra_certs[1];
    client.extra_cert_count = BOUND_SIGNERS + 2;
    for (int i = 0; i < BOUND_SIGNERS; i++) {
        issue(world, &twins[i], private_key_generate(KEY_P256, 0), plan, &world->vendor_ca);
        client.extra_certs[i] = twins[i].cert_der;
    }
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client.header.sender_kid = twins[0].cert.key_id;
    client.transaction_id[0]++;
    answer = world_send(world, client_request(&client, PKI_IR)); /* signed by another */
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    for (int i = 0; i < BOUND_SIGNERS; i++)
        ctl_identity_cleanup(&twins[i]);
}

/* RFC 9810 5.1.1: "The senderKID SHOULD be used in any case." */
Test(rfc9810_5_1, every_protected_answer_has_a_senderKID)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++)
        cr_assert(bytes_equal(all[i].answer.message.header.sender_kid,
                              mac_is_mac(all[i].answer.message.header.protection_alg)
                                  ? world->reference
                                  : world->cmp_signer.cert.key_id),
                  "%s", all[i].what);
    free_answers(all);
}

/* RFC 9810 5.1.1 a single request/response pair: "If a server receives such a request that has the
 * transactionID field set, then it MUST set the transactionID field of the response to the same value."
 * With implicitConfirm an enrollment is one request and one response; so is what is refused. */
Test(rfc9810_5_1, the_only_response_has_the_transactionID_of_its_request)
{
    client.header.transaction_id = bytes_str("any octets will do, of any length");
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(bytes_equal(answer.message.header.transaction_id, client.header.transaction_id));
    expect_certificate(&answer, PKI_IP);
    answer = world_send(world, client_message(&client, PKI_KRR, hex(world->arena, "30 00")));
    cr_assert(bytes_equal(answer.message.header.transaction_id, client.header.transaction_id));
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* RFC 9810 5.1.1 more than a single request/response pair: "If a server receives such a request that has
 * the transactionID field set, then it MUST set the transactionID field of the response to the same
 * value."
 * RFC 9810 5.1.1: "Subsequent requests and responses MUST all set the transactionID field to the thus
 * established value." */
Test(rfc9810_5_1, all_responses_have_the_transactionID_of_the_first_request)
{
    client.header.transaction_id = bytes_str("seventeen octets!");
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(bytes_equal(answer.message.header.transaction_id, client.header.transaction_id));
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    cr_assert(bytes_equal(confirmed.message.header.transaction_id, client.header.transaction_id));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
}

/* RFC 9810 5.1.1: "If a server receives such request with a missing transactionID field, then it MUST
 * populate the transactionID field of the response with a server-generated ID."
 * RFC 9810 5.1.1: "Subsequent requests and responses MUST all set the transactionID field to the thus
 * established value." */
Test(rfc9810_5_1, a_transactionID_made_by_the_server_holds_for_the_rest_of_the_transaction)
{
    client.header.transaction_id = bytes_of(NULL, 0);
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_gt(answer.message.header.transaction_id.len, 0);
    client.header.transaction_id = arena_copy(world->arena, answer.message.header.transaction_id);
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    cr_assert(bytes_equal(confirmed.message.header.transaction_id, client.header.transaction_id));
    expect_pkiconf(&confirmed);
    answer_free(&answer);
}

/* RFC 9810 C.4: "[If already in use at the CA, then a rejection message MUST be produced by the CA]"
 * RFC 9483 5.1: "In addition to the checks described in Section 3.5, the responding PKI management entity
 * MUST check that a request that initiates a new PKI management operation does not use a transactionID
 * that is currently in use."
 * RFC 9810 5.1.1: "A server receiving the first message of a transaction (which requires more than a
 * single request/response […] MUST send back an ErrorMsgContent with a PKIFailureInfo of
 * transactionIdInUse."
 * RFC 9810 5.1.1: "In all cases where a transactionID is being used, a given client MUST NOT have more
 * than one transaction with the same transactionID in progress at any time (to a given server)." */
Test(rfc9810_5_1, a_transactionID_in_use_gets_transactionIdInUse)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));

    expect_certificate(&answer, PKI_IP);
    mac.header.transaction_id = client.header.transaction_id; /* of somebody else */
    unsigned decided = world->wants_seen[CMP_WANT_DECIDE];
    answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert_eq(world->wants_seen[CMP_WANT_DECIDE], decided); /* it did not get so far */
    expect_error(&answer, PKI_TRANSACTION_ID_IN_USE);
    cr_assert_eq(world->cert_count, 1);
}
