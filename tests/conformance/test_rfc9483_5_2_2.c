/* RFC 9483 5.2.2: adding protection, and batching; and 3.6.3 and 6.1, which speak of it. */
#include "tests/support/hex.h"
#include "tests/unit/cmp/nested.h"

TestSuite(rfc9483_5_2_2, .init = set_up_ra, .fini = tear_down_ra);

static struct bytes request_of(struct client *c)
{
    fresh(c);
    return client_request(c, PKI_IR);
}

/* nothing_done holds that nobody was answered but the sender of the nested message, whose error |answer| is.
 */
static void nothing_done(struct answer *answer, enum pki_failure failure)
{
    cr_expect_eq(world->tx_count, 0);
    cr_expect_eq(world->cert_count, 0);
    cr_expect_eq(answer->inner_count, 0);
    cr_expect(bytes_equal(answer->message.header.transaction_id, ra.header.transaction_id));
    expect_error(answer, failure);
}

/* RFC 9483 5.2.2 PKIMessages: "REQUIRED"
 * RFC 9483 5.2.2 PKIMessages: "MUST be a sequence of one or more CMP messages" */
Test(rfc9483_5_2_2, a_sequence_of_one_or_more)
{
    struct bytes message = request_of(&client);
    struct answer answer = batch(NULL, 0);

    nothing_done(&answer, PKI_BAD_DATA_FORMAT);
    answer = world_send(world, client_message(&ra, PKI_NESTED, message)); /* the message, in no sequence */
    cr_expect(answer.body == PKI_NESTED || answer.result.refused);
    answer_free(&answer);
    cr_expect_eq(world->tx_count, 0);
    answer = batch(&message, 1);
    cr_assert_eq(answer.inner_count, 1);
    expect_certificate(&answer.inner[0], PKI_IP);
    answer_free(&answer);
}

/* RFC 9483 5.2.2 protection: "REQUIRED" */
Test(rfc9483_5_2_2, it_is_protected)
{
    struct bytes message = request_of(&client), body, part, bare;
    struct pki_header header = ra.header;
    struct answer answer;

    world->config.general.unprotected = 1;
    header.protection_alg = header.sender_kid = bytes_of(NULL, 0);
    must(pki_encode_nested(&body, world->arena, &message, 1) &&
         pki_encode_protected_part(&part, world->arena, &header, PKI_NESTED, body) &&
         pki_encode_message(&bare, world->arena, part, bytes_of(NULL, 0), ra.extra_certs,
                            ra.extra_cert_count));
    answer = world_send(world, bare);
    nothing_done(&answer, PKI_BAD_MESSAGE_CHECK);
    answer = batch(&message, 1);
    cr_expect(answer.message.has_protection);
    answer_free(&answer);
}

/* RFC 9483 5.2.2 extraCerts: "REQUIRED" */
Test(rfc9483_5_2_2, it_has_extraCerts)
{
    struct bytes message = request_of(&client);
    size_t count = ra.extra_cert_count;
    struct answer answer;

    ra.extra_cert_count = 0;
    answer = batch(&message, 1);
    nothing_done(&answer, PKI_BAD_MESSAGE_CHECK);
    ra.extra_cert_count = count;
    answer = batch(&message, 1);
    cr_expect_gt(answer.message.extra_cert_count, 0);
    answer_free(&answer);
}

/* RFC 9483 3.6.3: "If the error condition is on an upstream nested message containing batched requests, it
 * MUST NOT attempt to respond to the individual requests included in it but to the nested message itself." */
Test(rfc9483_5_2_2, an_error_of_a_batch_is_told_of_the_batch)
{
    struct bytes messages[17];
    struct answer answer;

    for (size_t i = 0; i < 17; i++)
        messages[i] = request_of(&client);
    answer = batch(messages, 17);
    nothing_done(&answer, PKI_BAD_REQUEST);
    ra.secret = bytes_of(NULL, 0);
    client_sign_by(&ra, &world->stranger, &world->stranger_root.cert_der, 1);
    answer = batch(messages, 2);
    nothing_done(&answer, PKI_SIGNER_NOT_TRUSTED);
}

/* RFC 9483 5.2.2.1: "The PKI management entity wrapping the original request message in a nested message
 * structure MUST copy the values of the senderNonce and transactionID header fields of the original message
 * to the respective header fields of the nested message and apply signature-based protection." */
Test(rfc9483_5_2_2, added_protection_copies_the_header_and_is_a_signature)
{
    struct bytes message = request_of(&client);
    struct client by_mac;
    struct answer answer;

    ra.header.transaction_id = client.header.transaction_id;
    answer = world_send(world, client_nest(&ra, &message, 1));
    nothing_done(&answer, PKI_BAD_SENDER_NONCE);
    client_init(&by_mac, world, 1);
    answer = world_send(world, client_add_protection(&by_mac, message));
    cr_expect_eq(world->tx_count, 0);
    expect_error(&answer, PKI_WRONG_INTEGRITY);
    client_cleanup(&by_mac);
    answer = added(message);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 5.2.2.1: "The PKI management entity receiving such a nested message that contains a single request
 * message MUST validate the additional protection signature on the nested message and check the authorization
 * for the approval it implies." */
Test(rfc9483_5_2_2, added_protection_is_validated)
{
    struct bytes message = request_of(&mac), nested = client_add_protection(&ra, message);
    struct pki_message in;
    struct answer answer;

    must(pki_message_decode(&in, NULL, nested) == PKI_WHOLE);
    ((uint8_t *)(uintptr_t)in.protection.data)[in.protection.len - 1] ^= 1;
    answer = world_send(world, nested);
    nothing_done(&answer, PKI_BAD_MESSAGE_CHECK);
    client_sign_by(&ra, &world->device, &world->vendor_ca.cert_der, 1); /* is known, and no RA */
    answer = added(message);
    nothing_done(&answer, PKI_NOT_AUTHORIZED);
}

/* RFC 9483 6.1: "If operation labels are used: when a single request message is nested as described in
 * Section 5.2.2.1, the label to use SHALL be the same as for the underlying PKI management operation." */
Test(rfc9483_5_2_2, the_label_is_that_of_the_message)
{
    struct cmp_route route = {.body = PKI_CR};
    struct answer answer = world_send_to(world, &route, client_add_protection(&ra, request_of(&client)));

    nothing_done(&answer, PKI_BAD_REQUEST);
    route.body = PKI_IR;
    answer = world_send_to(world, &route, client_add_protection(&ra, request_of(&client)));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 5.2: "In case the PKI solution consists of intermediate PKI management entities (i.e., LRA or
 * RA), each CMP request message coming from an EE or any other downstream PKI management entity MUST
 * either be forwarded to the next (upstream) PKI management entity as described in this section, or
 * answered as described in Section 5.1."
 * RFC 9483 5.2.2.2: "The upstream PKI management entity that unbundles it MUST handle each of the included
 * request messages as usual." RFC 9483 5.2.2.2: "It MUST answer with a downstream nested message." RFC
 * 9483 5.2.2.2: "The downstream nested message MUST bundle all available individual response messages (e.g.,
 * ip, cp, kup, pollRep, pkiConf, rp, genp, or error) for all original request messages of the upstream nested
 * message."
 * RFC 9483 5.2.2.2: "This downstream nested message MUST use the transactionID of the upstream nested message
 * and return the senderNonce of the upstream nested message as the recipNonce of the downstream nested
 * message." */
Test(rfc9483_5_2_2, a_batch_is_answered_by_a_batch)
{
    struct bytes messages[3] = {request_of(&client)};
    struct answer first = world_send(world, request_of(&mac)), answer;

    messages[1] = client_confirm(&mac, &first, -1);
    answer_free(&first);
    fresh(&client);
    messages[2] = client_message(&client, PKI_GENM, hex(world->arena, "30 00"));
    answer = batch(messages, 3);
    cr_assert_eq(answer.body, PKI_NESTED);
    cr_expect(bytes_equal(answer.message.header.transaction_id, ra.header.transaction_id));
    cr_expect(bytes_equal(answer.message.header.recip_nonce, ra.header.sender_nonce));
    cr_assert_eq(answer.inner_count, 3);
    expect_certificate(&answer.inner[0], PKI_IP);
    expect_pkiconf(&answer.inner[1]);
    cr_expect_eq(answer.inner[2].body, PKI_GENP);
    answer_free(&answer);
}

/* RFC 9483 5.2.2.2: "The protection of the nested messages MUST NOT be regarded as an indication of
 * verification or approval of the bundled PKI request messages." */
Test(rfc9483_5_2_2, a_batch_approves_nothing)
{
    struct bytes message;
    struct answer answer;

    client_sign_by(&client, &world->stranger, &world->stranger_root.cert_der, 1);
    message = request_of(&client);
    answer = batch(&message, 1);
    expect_error(&answer.inner[0], PKI_SIGNER_NOT_TRUSTED);
    answer_free(&answer);
    message = request_of(&mac);
    answer = batch(&message, 1);
    expect_certificate(&answer.inner[0], PKI_IP);
    answer_free(&answer);
    cr_expect_eq(memcmp(world->audit.detail.data, "in a batch of ", 14), 0);
}
