/* op_error.c: error from the peer (RFC 9810 5.3.21, RFC 9483 3.6.4). */
#include "tests/support/hex.h"
#include "tests/unit/cmp/enrolled.h"

TestSuite(op_error, .init = set_up, .fini = tear_down);

/* RFC 9810 5.3.21: "If the client sends this request, the server MUST respond with a pkiconf response or
 * another error message if any part of the header is not valid."
 * RFC 9810 5.3.21: an error message ends the transaction; nothing says that the device kept the certificate.
 */
Test(op_error, an_error_message_of_the_peer_ends_the_transaction)
{
    struct pki_status_info status = {.status = PKI_REJECTION, .fail_info = UINT64_C(1) << PKI_SYSTEM_FAILURE};
    struct bytes body;

    cr_assert(pki_encode_error(&body, world->arena, &status));
    client_next(&client, &first);
    struct answer answer = world_send(world, client_message(&client, PKI_ERROR, body));
    expect_pkiconf(&answer);
    cr_assert_eq(row()->state, STORE_TX_ENDED);
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);

    /* RFC 9483 3.5: not allowed "in the current state of the PKI management operation" */
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_assert_eq(certificate_row()->status, STORE_CERT_REVOKED);
}

/* RFC 9810 5.3.21: "If the client sends this request, the server MUST respond with a pkiconf response or
 * another error message if any part of the header is not valid." */
Test(op_error, an_error_message_with_a_wrong_nonce_or_body_is_refused)
{
    client_next(&client, &first);
    struct answer answer =
        world_send(world, client_message(&client, PKI_ERROR, hex(world->arena, "30 03 02 01 00")));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    expect_failed();
    client.header.recip_nonce = bytes_str("0123456789abcdef");
    answer = world_send(world, client_message(&client, PKI_ERROR, hex(world->arena, "30 05 30 03 02 01 02")));
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    expect_untouched();
}

/* An error message |body| without protection. */
static struct bytes bare_error(struct bytes body)
{
    struct bytes part, message;

    client.header.protection_alg = bytes_of(NULL, 0);
    cr_assert(pki_encode_protected_part(&part, world->arena, &client.header, PKI_ERROR, body));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), NULL, 0));
    return message;
}

/* RFC 9483 3.5: "Messages without protection MUST be rejected except for error messages as described in
 * Section 3.6.4."
 * An error message, then; but nobody knows who sent it: pkiconf is the answer, and nothing has changed. */
Test(op_error, an_error_message_without_protection_changes_nothing)
{
    struct bytes body = hex(world->arena, "30 05 30 03 02 01 02");

    client_next(&client, &first);
    struct answer answer = world_send(world, bare_error(body));
    cr_assert(answer.message.has_protection);
    cr_assert_not(bytes_equal(answer.message.header.sender_nonce, first.message.header.sender_nonce));
    expect_pkiconf(&answer);
    expect_untouched();
    answer = world_send(world, bare_error(hex(world->arena, "30 03 02 01 00")));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
    client.header.recip_nonce = bytes_of(NULL, 0);
    answer = world_send(world, bare_error(body));
    expect_error(&answer, PKI_BAD_RECIPIENT_NONCE);
    expect_untouched();
    client.transaction_id[0] ^= 1;
    answer = world_send(world, bare_error(body));
    expect_error(&answer, PKI_BAD_REQUEST);
}

/* What has ended is not told to go on: without protection as with it. */
Test(op_error, an_error_message_without_protection_after_the_end_is_refused)
{
    struct answer answer = world_send(world, client_confirm(&client, &first, -1));

    client_next(&client, &answer);
    expect_pkiconf(&answer);
    answer = world_send(world, bare_error(hex(world->arena, "30 05 30 03 02 01 02")));
    expect_error(&answer, PKI_BAD_REQUEST);
    cr_assert_eq(row()->state, STORE_TX_CONFIRMED);
}

/* ARCHITECTURE.md, "Transactions": who signs must not have been revoked since. */
Test(op_error, a_signer_revoked_in_between_ends_nothing)
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
    client_next(&next, &second);
    struct bytes message = client_message(&next, PKI_ERROR, hex(world->arena, "30 05 30 03 02 01 02"));
    answer = world_send(world, message);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    answer_free(&second);
    client_cleanup(&next);
}
