/* header.c: RFC 9483 3.1 to the letter where a profile wants that, and what RFC 9810 5.1.1 permits elsewhere.
 */
#include "crypto/name.h"
#include "server/pki/confirmation.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(header, .init = set_up, .fini = tear_down);

/* |request| is answered by a certificate under rfc9810, by an error with |failure| under rfc9483. */
static void only_strictly_refused(struct bytes request, enum pki_failure failure)
{
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    struct answer answer = world_send(world, request);
    cr_expect(answer.result.detail != NULL && strstr(answer.result.detail, "header: rfc9483") != NULL, "%s",
              answer.result.text);
    expect_error(&answer, failure);
    cr_assert_eq(world->cert_count, 0);
    world->config.accept.header = CONFIG_HEADER_RFC9810;
    answer = world_send(world, request);
    expect_certificate(&answer, PKI_IP);
    world_forget(world);
}

Test(header, what_is_to_the_letter_is_served_either_way)
{
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    client.header.implicit_confirm = mac.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    answer = world_send(world, client_request(&mac, PKI_IR));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.1: "In the first message of a PKI management operation, MUST be 128 bits of random data to
 * minimize the probability of having the transactionID already in use at the server"
 * RFC 9483 3.5: "The transactionID MUST be present. (failInfo bit: badDataFormat)" */
Test(header, transactionID_of_another_length)
{
    client.header.transaction_id.len = 8;
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_DATA_FORMAT);
    client.header.transaction_id.len = 0;
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_DATA_FORMAT);
}

/* RFC 9483 3.1: "MUST be cryptographically secure and fresh 128 random bits" */
Test(header, senderNonce_longer_than_128_bits)
{
    client.header.sender_nonce = bytes_str("twenty octets, not 16");
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_SENDER_NONCE);
}

/* RFC 9483 3.1: "If this is the first message of a transaction, MUST be absent" */
Test(header, recipNonce_in_a_first_message)
{
    client.header.recip_nonce = bytes_str("0123456789abcdef");
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_RECIPIENT_NONCE);
}

/* RFC 9483 3.1: "For signature-based protection, MUST be the subject field of the CMP protection
 * certificate"
 * RFC 9483 3.5: "If signature-based protection is used, the sender field MUST match the subject of the CMP
 * protection certificate. (failInfo bit: badMessageCheck)"
 * RFC 9810 5.1.1 allows the NULL-DN beside senderKID. */
Test(header, NULL_DN_as_sender)
{
    cr_assert(pki_directory_name(&client.header.sender, world->arena, hex(world->arena, "30 00")));
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.1: "For signature-based protection, MUST be used and contain the value of the
 * SubjectKeyIdentifier if present in the CMP protection certificate" */
Test(header, no_senderKID_with_a_signature)
{
    client.header.sender_kid = bytes_of(NULL, 0);
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.1: "This name MUST be placed in the commonName field of the directoryName choice."
 * RFC 9483 3.1: "For MAC-based protection, MUST be used and contain the same name as in the commonName
 * field of the sender field" */
Test(header, a_sender_that_does_not_name_the_secret)
{
    struct bytes name;

    cr_assert(name_build(&name, world->arena, (const char *const[]){"CN", "station-2", NULL}));
    cr_assert(pki_directory_name(&mac.header.sender, world->arena, name));
    only_strictly_refused(client_request(&mac, PKI_IR), PKI_BAD_MESSAGE_CHECK);
    cr_assert(name_build(&name, world->arena, (const char *const[]){"O", "station-1", NULL}));
    cr_assert(pki_directory_name(&mac.header.sender, world->arena, name));
    only_strictly_refused(client_request(&mac, PKI_IR), PKI_BAD_MESSAGE_CHECK);
    /* RFC 9810 5.1.1: who does not know his name sends the NULL-DN. */
    mac.header.sender = hex(world->arena, "a4 02 30 00");
    only_strictly_refused(client_request(&mac, PKI_IR), PKI_BAD_MESSAGE_CHECK);
    mac.header.sender = hex(world->arena, "82 09 73 74 61 74 69 6f 6e 2d 31"); /* dNSName station-1 */
    only_strictly_refused(client_request(&mac, PKI_IR), PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.1: "PROHIBITED if implicitConfirm is included"
 * RFC 9483 3.1: "MUST be present if the confirmWaitTime field is present" */
Test(header, confirmWaitTime_beside_implicitConfirm_or_without_messageTime)
{
    client.header.has_message_time = 1;
    client.header.message_time = world->now;
    client.header.confirm_wait_time = world->now + 100;
    client.header.implicit_confirm = 1;
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_REQUEST);
    client.header.implicit_confirm = 0;
    client.header.has_message_time = 0;
    only_strictly_refused(client_request(&client, PKI_IR), PKI_BAD_REQUEST);
}

/* RFC 9483 3.1: "PROHIBITED in other types of messages"
 * RFC 9483 3.1: "MUST be omitted in all other messages" */
Test(header, implicitConfirm_or_certProfile_in_certConf)
{
    for (int which = 0; which < 4; which++) {
        struct client one;
        client_init(&one, world, 0);
        world->config.accept.header = which < 2 ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
        struct answer begun = world_send(world, client_request(&one, PKI_IR));
        cr_assert(begun.has_cert);
        struct cert_status status;
        struct bytes body;
        uint8_t hash[DIGEST_MAX];
        status = (struct cert_status){
            .cert_hash =
                bytes_of(hash, digest_compute(hash, begun.cert.algorithm->cert_hash, begun.cert.der))};
        cr_assert(pki_encode_cert_conf(&body, world->arena, &status));
        client_next(&one, &begun);
        if (which % 2 == 0)
            one.header.implicit_confirm = 1;
        else
            one.header.cert_profile = bytes_str("test");
        struct answer answer = world_send(world, client_message(&one, PKI_CERTCONF, body));
        if (which < 2)
            expect_error(&answer, PKI_BAD_REQUEST);
        else
            expect_pkiconf(&answer);
        answer_free(&begun);
        client_cleanup(&one);
    }
}

/* ---- either way ---- */

/* RFC 9483 3.5: "If present, the senderKID MUST identify the key material needed for verifying the message
 * protection. (failInfo bit: badMessageCheck)" */
Test(header, senderKID_of_another_key_is_refused)
{
    client.header.sender_kid = world->stranger.cert.key_id;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* RFC 9483 3.1: "ImplicitConfirmValue MUST be NULL" */
Test(header, implicitConfirm_with_another_value_is_refused)
{
    client.header.implicit_confirm = 1;
    struct bytes request = arena_copy(world->arena, client_request(&client, PKI_IR));
    static const uint8_t oid[] = {0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 4, 13};
    uint8_t *at = memmem(request.data, request.len, oid, sizeof oid);

    cr_assert_not_null(at);
    cr_assert(at[10] == 0x05 && at[11] == 0x00);
    at[10] = 0x04; /* an empty OCTET STRING */
    struct answer answer = world_send(world, request);
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}

/* RFC 9483 3.5: "All PKI message header fields not mentioned in this section, like the recipient and
 * generalInfo fields, SHOULD be handled gracefully upon receipt." */
Test(header, any_recipient_will_do)
{
    client.header.recipient = hex(world->arena, "82 01 61");
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_certificate(&answer, PKI_IP);
}
