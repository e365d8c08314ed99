/* RFC 9483 3.6: how the server reports errors. */
#include "server/pki/confirmation.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(rfc9483_3_6, .init = set_up, .fini = tear_down);

/* RFC 9483 3.6.2: "In case the PKI management entity detects an error condition, e.g., rejecting the
 * request due to policy […] cp, kup, or rp with "rejection" status, as described in Sections 4.1.1 and
 * 4.2."
 * RFC 9483 4.1.1: "If the certificate request was rejected by the CA, the PKI management entity MUST
 * return an ip message containing the status code "rejection" as described in Section 3.6, and the
 * certifiedKeyPair field SHALL be omitted."
 * RFC 9483 4.1.1: "MUST be absent if status is "rejection"" */
Test(rfc9483_3_6, a_fault_in_the_body_of_a_request_is_told_in_its_own_response)
{
    static const struct {
        int request, response;
    } cases[] = {{PKI_IR, PKI_IP}, {PKI_CR, PKI_CP}, {PKI_P10CR, PKI_CP}};
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 3; j++) {
            CBS cbs, content, list, entry, status;
            int64_t id, value;
            clients[i]->transaction_id[0]++;
            clients[i]->subject = bytes_of("\x30\x00", 2);
            world->decide_refuses = 1;
            struct answer answer = world_send(world, client_request(clients[i], cases[j].request));
            /* CertRepMessage ::= SEQUENCE { caPubs [1] OPTIONAL, response SEQUENCE OF SEQUENCE { certReqId,
             * status PKIStatusInfo, certifiedKeyPair OPTIONAL, … } } */
            cbs = cbs_of(answer.message.body);
            cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
            cr_assert(CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE));
            cr_assert(CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_get_int64(&entry, &id));
            cr_assert(CBS_get_asn1(&entry, &status, CBS_ASN1_SEQUENCE) && der_get_int64(&status, &value));
            cr_assert_eq(value, 2); /* rejection */
            cr_assert_eq(CBS_len(&entry), 0);
            expect_refusal(&answer, cases[j].response, PKI_NOT_AUTHORIZED);
        }
}

/* RFC 9483 3.6.4: "Then it MUST regard the current PKI management operation as terminated with failure."
 * RFC 9483 4.1.1: "The EE MUST NOT react to such an ip message with a certConf message, and the PKI
 * management operation MUST be terminated." */
Test(rfc9483_3_6, a_request_that_was_refused_has_no_transaction_that_goes_on)
{
    struct answer other = world_send(world, client_request(&client, PKI_IR));

    cr_assert(other.has_cert);
    client.transaction_id[0]++;
    client.header.recip_nonce = bytes_of(NULL, 0);
    world->decide_refuses = 1;
    struct answer refused = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(refused.status.status, PKI_REJECTION);
    cr_assert_null(world_tx_of(world, client.header.transaction_id));
    other.message.header.sender_nonce = refused.message.header.sender_nonce;
    struct answer answer = world_send(world, client_confirm(&client, &other, -1));
    expect_error(&answer, PKI_BAD_REQUEST);
    answer_free(&refused);
    answer_free(&other);
}

/* RFC 9810 4.2.2.2: "Note: Where verification of the cert confirmation message fails, the RA/CA MUST
 * revoke the newly issued certificate if it has been published or otherwise made available."
 * RFC 9483 3.6.4: "Then it MUST regard the current PKI management operation as terminated with failure."
 * Whoever may end the transaction has ended it by what was refused; the certificate goes the way of a
 * rejected one. */
Test(rfc9483_3_6, a_certConf_that_was_refused_has_ended_its_transaction)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct answer first = world_send(world, client_request(clients[i], PKI_IR)), wrong = first;
        wrong.response.cert_req_id = 7;
        struct answer answer = world_send(world, client_confirm(clients[i], &wrong, -1));
        expect_error(&answer, PKI_BAD_REQUEST);
        cr_assert_eq(world_cert_of(world, first.cert.serial)->status, STORE_CERT_REVOKED);
        answer = world_send(world, client_confirm(clients[i], &first, -1));
        cr_assert_eq(answer.body, PKI_ERROR);
        cr_assert_eq(world_cert_of(world, first.cert.serial)->status, STORE_CERT_REVOKED);
        answer_free(&answer);
        answer_free(&first);
    }
}

/* RFC 9483 3.6.4: "Then it MUST regard the current PKI management operation as terminated with failure."
 * To the letter, also where the form alone is wrong, and the meaning clear: hashAlg in version 2. */
Test(rfc9483_3_6, to_the_letter_a_certConf_that_is_wrong_in_form_has_ended_its_transaction)
{
    for (int strict = 0; strict < 2; strict++) {
        struct cert_status entry = {.hash_alg = hex(world->arena, "30 0b 06 09 60 86 48 01 65 03 04 02 01")};
        uint8_t hash[DIGEST_MAX];
        struct bytes body;
        client.transaction_id[0]++;
        client.header.recip_nonce = bytes_of(NULL, 0);
        world->config.accept.header = strict ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
        struct answer first = world_send(world, client_request(&client, PKI_IR));
        entry.cert_hash = bytes_of(hash, digest_compute(hash, DIGEST_SHA256, first.cert.der));
        cr_assert(pki_encode_cert_conf(&body, world->arena, &entry));
        client_next(&client, &first);
        struct answer answer = world_send(world, client_message(&client, PKI_CERTCONF, body));
        expect_error(&answer, PKI_BAD_REQUEST);
        cr_assert_eq(world_cert_of(world, first.cert.serial)->status,
                     strict ? STORE_CERT_REVOKED : STORE_CERT_UNCONFIRMED);
        answer_free(&first);
    }
}

/* RFC 9483 3.6.1: "Then they MUST also regard the current PKI management operation as terminated with
 * failure and MUST NOT attempt to send an error message downstream."
 * RFC 9483 4.1.1: "If the PKI management entity does not receive the expected certConf message in time, it
 * MUST handle this like a rejection by the EE."
 * The state is the one in which server/upkeep leaves a transaction whose time is over. */
Test(rfc9483_3_6, a_certConf_that_comes_after_the_transaction_was_ended_changes_nothing)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct answer first = world_send(world, client_request(clients[i], PKI_IR));
        world_tx_of(world, clients[i]->header.transaction_id)->state = STORE_TX_ENDED;
        world_cert_of(world, first.cert.serial)->status = STORE_CERT_REVOKED;
        unsigned commits = world->commits_seen;
        struct answer answer = world_send(world, client_confirm(clients[i], &first, -1));
        expect_error(&answer, PKI_BAD_REQUEST);
        /* It was not tried: only the refusal is on record. */
        cr_assert_eq(world->commits_seen, commits + 1);
        cr_assert_str_eq(world->audit.outcome, "refused");
        cr_assert_eq(world_cert_of(world, first.cert.serial)->status, STORE_CERT_REVOKED);
        cr_assert_eq(world_tx_of(world, clients[i]->header.transaction_id)->state, STORE_TX_ENDED);
        answer_free(&first);
    }
}
