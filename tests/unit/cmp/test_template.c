/* template.c: keys that are not certified any more, and who is told. The rest of what holds for a template
 * wherever it stands is in the tables of tests/refusals. */
#include "tests/unit/cmp/fixture.h"

TestSuite(template, .init = set_up, .fini = tear_down);

static void block(struct bytes spki)
{
    struct world_blocked_key *key = &world->blocked_keys[world->blocked_key_count++];
    uint8_t *hash = arena_alloc(world->rows, DIGEST_MAX);

    digest_compute(hash, DIGEST_SHA256, spki);
    key->row =
        (struct store_blocked_key){.spki_hash = bytes_of(hash, STORE_HASH), .at = world->now, .reason = 1};
}

static struct answer request(struct client *by, int body)
{
    by->transaction_id[0]++;
    return world_send(world, client_request(by, body));
}

static void expect_blocked(struct answer answer, int body)
{
    cr_assert_not_null(strstr(answer.result.text, "make a new key"));
    cr_assert_null(strstr(answer.result.text, "compromise"), "whoever asks is told what to do, not why");
    cr_assert_not_null(strstr(answer.result.detail, "CRLReason 1"), "%s", answer.result.detail);
    expect_refusal(&answer, body, PKI_BAD_CERT_TEMPLATE);
}

/* RFC 9483 3.6.4: badCertTemplate, "the certificate template […] is not acceptable". */
Test(template, a_blocked_key_is_not_certified)
{
    block(private_key_spki(client.key));
    block(private_key_spki(mac.key));
    expect_blocked(request(&client, PKI_IR), PKI_IP);
    expect_blocked(request(&client, PKI_CR), PKI_CP);
    expect_blocked(request(&client, PKI_P10CR), PKI_CP);
    expect_blocked(request(&mac, PKI_IR), PKI_IP);
    cr_assert_eq(world->cert_count, 0);
}

/* Whether a key is blocked is told to whoever has it, and to nobody else. */
Test(template, a_stranger_is_not_told)
{
    struct bytes octets, body;

    block(private_key_spki(client.key));
    client_sign_by(&client, &world->stranger, &world->stranger_root.cert_der, 1);
    struct answer answer = request(&client, PKI_IR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);

    /* … and of the key of somebody else that a device has sent with a proof that is wrong. */
    client_sign_by(&client, &world->device, &world->vendor_ca.cert_der, 1);
    body = client_body(&client, PKI_IR);
    octets = arena_copy(world->arena, body);
    ((uint8_t *)(uintptr_t)octets.data)[octets.len - 3] ^= 1;
    client.transaction_id[0]++;
    answer = world_send(world, client_message(&client, PKI_IR, octets));
    expect_refusal(&answer, PKI_IP, PKI_BAD_POP);
}

static void block_the_key(struct world *unused)
{
    (void)unused;
    block(private_key_spki(client.key));
}

/* It is blocked after it was looked at: the unit finds out. */
Test(template, a_key_that_is_blocked_meanwhile_is_not_certified_either)
{
    world->before_commit = block_the_key;
    struct answer answer = request(&client, PKI_IR);
    cr_assert_not_null(strstr(answer.result.detail, "meanwhile"));
    expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
    cr_assert_eq(world->cert_count, 0);
    cr_assert_eq(world->tx_count, 0);
}

/* Else whoever has a key that was lost gets a certificate for a new one with it. */
Test(template, a_blocked_key_gets_no_certificate_for_another)
{
    block(world->device.cert.spki);
    struct answer answer = request(&client, PKI_IR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 0);
}

Test(template, a_blocked_key_gets_no_update)
{
    struct ctl_identity own;
    struct answer first = request(&client, PKI_IR), answer;

    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_pkiconf(&answer);
    client_adopt(&client, &first, &own);
    block(own.cert.spki);
    answer = request(&client, PKI_KUR);
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world->cert_count, 1);
    answer_free(&first);
    ctl_identity_cleanup(&own);
}

/* The key that protects the transaction is blocked between its two messages: the certificate goes the way of
 * a rejected one (RFC 9483 3.6.4). */
Test(template, a_blocked_key_confirms_nothing)
{
    struct answer first = request(&client, PKI_IR), answer;

    block(world->device.cert.spki);
    answer = world_send(world, client_confirm(&client, &first, -1));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    cr_assert_eq(world_cert_of(world, first.cert.serial)->status, STORE_CERT_REVOKED);
    answer_free(&first);
}

/* Giving it up does no harm. */
Test(template, a_blocked_key_may_reject)
{
    struct answer first = request(&client, PKI_IR), answer;

    block(world->device.cert.spki);
    answer = world_send(world, client_confirm(&client, &first, PKI_REJECTION));
    expect_pkiconf(&answer);
    answer_free(&first);
}
