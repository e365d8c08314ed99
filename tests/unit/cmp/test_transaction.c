/* transaction.c, and what operations add: the rows that a later message is judged by, on whichever node. */
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(transaction, .init = set_up, .fini = tear_down);

static struct bytes sha256(struct bytes data)
{
    uint8_t *out = arena_alloc(world->arena, DIGEST_MAX);

    return bytes_of(out, digest_compute(out, DIGEST_SHA256, data));
}

static const struct store_tx *row_of(const struct client *c)
{
    const struct store_tx *row = world_tx_of(world, c->header.transaction_id);

    cr_assert_not_null(row);
    return row;
}

/* What is the same whoever asks. */
static void expect_rows(const struct client *c, struct bytes request, int body, const struct answer *answer)
{
    const struct store_tx *tx = row_of(c);
    const struct store_cert *cert = world_cert_of(world, answer->cert.serial);

    cr_assert_str_eq(world->config.name, "test");
    cr_assert(bytes_equal(tx->profile, bytes_str("test")));
    cr_assert_eq(tx->body, body);
    cr_assert_eq(tx->created_at, world->now);
    cr_assert(bytes_equal(tx->request_hash, sha256(request)));
    cr_assert(bytes_equal(tx->last_hash, sha256(request)));
    cr_assert(bytes_equal(tx->sender_nonce, answer->message.header.sender_nonce));
    cr_assert(bytes_equal(tx->serial, answer->cert.serial));
    cr_assert_eq(tx->cert_req_id, answer->response.cert_req_id);
    cr_assert_eq(tx->granted, answer->status.status);
    cr_assert_not_null(cert);
    cr_assert_eq(cert->issued_at, world->now);
    cr_assert_eq(cert->not_before, answer->cert.not_before);
    cr_assert_eq(cert->not_after, answer->cert.not_after);
    cr_assert_neq(cert->not_before, cert->not_after);
    cr_assert(bytes_equal(cert->subject, answer->cert.subject));
    cr_assert(bytes_equal(cert->subject_text,
                          bytes_str(world->decide_modifies ? "CN=another" : "CN=gnb-1,O=Operator")));
    cr_assert(bytes_equal(cert->spki_hash, sha256(private_key_spki(c->key))));
    cr_assert(bytes_equal(cert->transaction_id, c->header.transaction_id));
    cr_assert(bytes_equal(cert->profile, bytes_str("test")));
    cr_assert(bytes_equal(cert->certificate, answer->cert.der));
    cr_assert_eq(cert->revoked_at, 0);
}

static void expect_credentials(const struct store_tx *tx, const struct certificate *signer,
                               struct bytes own_serial)
{
    cr_assert_not(tx->credential_is_mac);
    cr_assert(bytes_equal(tx->credential, sha256(signer->der)));
    cr_assert(bytes_equal(tx->credential_key, signer->spki));
    cr_assert(bytes_equal(tx->credential_name, signer->subject));
    cr_assert(bytes_equal(tx->credential_kid, signer->key_id));
    cr_assert(bytes_equal(tx->signer_serial, own_serial));
}

Test(transaction, of_a_signed_request)
{
    static const int bodies[] = {PKI_IR, PKI_CR, PKI_P10CR};

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        world_forget(world);
        world->decide_modifies = i == 1;
        struct bytes request = client_request(&client, bodies[i]);
        struct answer answer = world_send(world, request);
        expect_rows(&client, request, bodies[i], &answer);
        expect_credentials(row_of(&client), &world->device.cert, bytes_of(NULL, 0));
        cr_assert_eq(row_of(&client)->state, STORE_TX_WAIT_CONFIRM);
        cr_assert_eq(row_of(&client)->deadline, world->now + world->config.confirm.wait_seconds);
        cr_assert_not(row_of(&client)->implicit_confirm);
        cr_assert_eq(world->certs[0].row.status, STORE_CERT_UNCONFIRMED);
        answer_free(&answer);
    }
}

Test(transaction, of_a_request_by_a_shared_secret)
{
    struct bytes request = client_request(&mac, PKI_IR);
    struct answer answer = world_send(world, request);
    const struct store_tx *tx = row_of(&mac);

    expect_rows(&mac, request, PKI_IR, &answer);
    cr_assert(tx->credential_is_mac);
    cr_assert(bytes_equal(tx->credential, world->reference));
    cr_assert(tx->credential_key.len == 0 && tx->credential_name.len == 0 && tx->credential_kid.len == 0);
    cr_assert_eq(tx->signer_serial.len, 0);
    answer_free(&answer);
}

/* There is nothing to wait for. */
Test(transaction, that_is_confirmed_at_once)
{
    client.header.implicit_confirm = 1;
    struct bytes request = client_request(&client, PKI_IR);
    struct answer answer = world_send(world, request);

    expect_rows(&client, request, PKI_IR, &answer);
    cr_assert_eq(row_of(&client)->state, STORE_TX_CONFIRMED);
    cr_assert_eq(row_of(&client)->deadline, 0);
    cr_assert(row_of(&client)->implicit_confirm);
    cr_assert_eq(world->certs[0].row.status, STORE_CERT_VALID);
    answer_free(&answer);
}

/* A signer of our own may be revoked before the certConf comes: its serial is kept. */
Test(transaction, of_one_of_our_own_and_of_its_revocation)
{
    struct ctl_identity own;
    struct answer answer;

    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_IR));
    client_adopt(&client, &answer, &own);
    answer_free(&answer);
    client.header.implicit_confirm = 0;
    struct bytes request = client_request(&client, PKI_KUR);
    answer = world_send(world, request);
    cr_assert_eq(answer.body, PKI_KUP);
    expect_rows(&client, request, PKI_KUR, &answer);
    expect_credentials(row_of(&client), &own.cert, own.cert.serial);
    answer_free(&answer);
    client.transaction_id[0]++;
    request = client_revoke(&client, &own.cert, 1);
    answer = world_send(world, request);
    cr_assert_eq(answer.body, PKI_RP);
    const struct store_tx *tx = row_of(&client);
    cr_assert_eq(tx->state, STORE_TX_ENDED);
    cr_assert_eq(tx->body, PKI_RR);
    cr_assert_eq(tx->created_at, world->now);
    cr_assert_eq(tx->deadline, 0);
    cr_assert(bytes_equal(tx->serial, own.cert.serial));
    cr_assert(bytes_equal(tx->request_hash, sha256(request)));
    cr_assert(bytes_equal(tx->last_hash, sha256(request)));
    cr_assert(bytes_equal(tx->sender_nonce, answer.message.header.sender_nonce));
    expect_credentials(tx, &own.cert, own.cert.serial);
    answer_free(&answer);
    ctl_identity_cleanup(&own);
}

/* The end changes what it has to, and nothing of how it began. */
Test(transaction, keeps_its_beginning_when_it_ends)
{
    static const int64_t statuses[] = {-1, PKI_REJECTION, -1};
    static const enum store_tx_state states[] = {STORE_TX_CONFIRMED, STORE_TX_REJECTED, STORE_TX_ENDED};

    for (size_t i = 0; i < 3; i++) {
        world_forget(world);
        struct bytes request = client_request(&client, PKI_IR);
        struct answer begun = world_send(world, request);
        int64_t began = world->now;
        world->now += 5;
        struct bytes confirmation = client_confirm(&client, &begun, statuses[i]);
        if (i == 2) /* given up by an error message */
            confirmation = client_message(&client, PKI_ERROR, hex(world->arena, "30 05 30 03 02 01 02"));
        struct answer answer = world_send(world, confirmation);
        const struct store_tx *tx = row_of(&client);
        cr_assert_eq(tx->state, states[i]);
        cr_assert_eq(tx->deadline, 0);
        cr_assert_eq(tx->created_at, began);
        cr_assert_eq(tx->body, PKI_IR);
        cr_assert(bytes_equal(tx->request_hash, sha256(request)));
        cr_assert(bytes_equal(tx->last_hash, sha256(confirmation)));
        cr_assert(bytes_equal(tx->sender_nonce, answer.message.header.sender_nonce));
        cr_assert(bytes_equal(tx->serial, begun.cert.serial));
        expect_credentials(tx, &world->device.cert, bytes_of(NULL, 0));
        expect_pkiconf(&answer);
        answer_free(&begun);
        client.header.recip_nonce = bytes_of(NULL, 0);
    }
}
