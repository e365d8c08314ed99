/* RFC 9483 3.2 and 3.3: protection and extraCerts of what the server sends. */
#include "tests/conformance/answers.h"

TestSuite(rfc9483_3_2, .init = set_up, .fini = tear_down);

static int verifies(const struct pki_message *message, const struct ctl_identity *identity)
{
    struct public_key *key = public_key_parse(identity->cert.spki);
    struct verification item = {.key = key, .signature = message->protection};
    struct verification *items[] = {&item};
    CBS algorithm = cbs_of(message->header.protection_alg);

    item.algorithm = signature_parse(&algorithm);
    cr_assert_not_null(item.algorithm);
    cr_assert(pki_protected_part(&item.message, world->arena, message));
    verify_batch(items, 1);
    public_key_free(key);
    return item.valid;
}

/* The MAC over |message| with |secret|, by the algorithm and parameters that its own header names. */
static struct bytes mac_over(const struct pki_message *message, struct bytes secret)
{
    uint8_t *out = arena_alloc(world->arena, DIGEST_MAX);
    CBS identifier = cbs_of(message->header.protection_alg);
    struct mac_algorithm algorithm;
    struct mac_key key;
    struct bytes part;

    cr_assert(mac_parse(&algorithm, &identifier));
    cr_assert(mac_derive(&key, &algorithm, secret));
    cr_assert(pki_protected_part(&part, world->arena, message));
    return bytes_of(out, mac_apply(out, &algorithm, &key, part));
}

/* RFC 9810 4.2.1.2: "We do not discuss the authentication of the 'PKI management entity -> end entity'
 * messages here, as this is always REQUIRED."
 * RFC 9483 3.2: "MUST be present, except if protection is not possible for error messages as described in
 * Section 3.6.4"
 * RFC 9483 3.2: "The protection algorithm used MUST be given in the protectionAlg field."
 * RFC 9483 4.1.1 ip.protection: "REQUIRED"
 * RFC 9483 4.1.1 pkiConf.protection: "REQUIRED"
 * RFC 9483 3.6.4 protection: "RECOMMENDED" */
Test(rfc9483_3_2, every_answer_is_protected_and_names_the_algorithm)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        cr_assert(all[i].answer.message.has_protection, "%s", all[i].what);
        cr_assert_gt(all[i].answer.message.header.protection_alg.len, 0, "%s", all[i].what);
    }
    free_answers(all);
}

/* RFC 9483 3.2: "For signature-based protection, MUST contain the signature calculated using the CMP
 * protection key of the entity protecting the message" */
Test(rfc9483_3_2, a_signature_is_made_with_the_CMP_protection_key)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        if (all[i].by_mac)
            continue;
        cr_assert(verifies(&all[i].answer.message, &world->cmp_signer), "%s", all[i].what);
        cr_assert_not(verifies(&all[i].answer.message, &world->issuing), "%s", all[i].what);
    }
    free_answers(all);
}

/* RFC 9483 3.2: "For MAC-based protection, MUST contain a MAC calculated using the shared secret
 * information" */
Test(rfc9483_3_2, a_MAC_is_made_with_the_shared_secret)
{
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));

    cr_assert(bytes_equal(answer.message.protection, mac_over(&answer.message, world->secret)));
    cr_assert_not(bytes_equal(answer.message.protection, mac_over(&answer.message, bytes_str("another"))));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 3.2: "If present, the same kind of protection MUST be used for all messages of that PKI
 * management operation."
 * RFC 9483 4.1.5: "The protection of all messages MUST be MAC-based."
 * RFC 9483 4.1.1: "MUST use the same credentials as in the first response message of this PKI management
 * operation" */
Test(rfc9483_3_2, all_answers_of_a_transaction_have_the_protection_of_its_first_request)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        struct bytes algorithm = all[i].answer.message.header.protection_alg;
        cr_assert_eq(mac_is_mac(algorithm), all[i].by_mac, "%s", all[i].what);
        if (!all[i].by_mac)
            cr_assert(bytes_equal(all[i].answer.message.header.sender_kid, world->cmp_signer.cert.key_id));
        else
            cr_assert(bytes_equal(algorithm, mac.header.protection_alg), "%s", all[i].what);
    }
    free_answers(all);
}

/* RFC 9810 5.1.3.1: "Note: It is RECOMMENDED that the fields of PBMParameter remain constant throughout
 * the messages of a single transaction (e.g., ir/ip/certConf/pkiConf) to reduce the overhead associated
 * with PasswordBasedMac computation." */
Test(rfc9483_3_2, the_fields_of_PBMParameter_stay_what_the_client_made_them)
{
    static const uint8_t salt[11] = {1, 2, 3};
    CBS cbs;

    cr_assert(mac_pbm_encode(&mac.header.protection_alg, world->arena, bytes_of(salt, sizeof salt),
                             DIGEST_SHA384, DIGEST_SHA512, 777));
    cbs = cbs_of(mac.header.protection_alg);
    cr_assert(mac_parse(&mac.mac, &cbs));
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert(bytes_equal(answer.message.header.protection_alg, mac.header.protection_alg));
    struct answer confirmed = world_send(world, client_confirm(&mac, &answer, -1));
    cr_assert(bytes_equal(confirmed.message.header.protection_alg, mac.header.protection_alg));
    answer_free(&answer);
    expect_pkiconf(&confirmed);
}

static int issued_by(struct bytes der, struct bytes issuer_der)
{
    struct certificate cert, issuer;

    cr_assert(certificate_parse(&cert, der) && certificate_parse(&issuer, issuer_der));
    return bytes_equal(cert.issuer, issuer.subject);
}

/* RFC 9483 3.3: "MUST be present for signature-based protection and contain the CMP protection certificate
 * together with its chain for the first request and response message of a PKI management operation."
 * RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate followed by
 * its chain, where each element should directly certify the one immediately preceding it."
 * RFC 9483 3.6.4 extraCerts: "RECOMMENDED"
 * RFC 9483 4.1.1 pkiConf.extraCerts: "RECOMMENDED" */
Test(rfc9483_3_2, a_signed_answer_begins_its_extraCerts_with_its_certificate_and_the_chain)
{
    struct exchange all[ANSWERS];

    collect_answers(all);
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct pki_message *message = &all[i].answer.message;
        if (all[i].by_mac)
            continue;
        cr_assert_geq(message->extra_cert_count, 2, "%s", all[i].what);
        cr_assert(bytes_equal(message->extra_certs[0], world->cmp_signer.cert_der));
        cr_assert(issued_by(message->extra_certs[0], message->extra_certs[1]));
        for (size_t j = 0; j < message->extra_cert_count; j++)
            cr_assert_not(bytes_equal(message->extra_certs[j], world->root.cert_der));
    }
    free_answers(all);
}

/* RFC 9483 3.3: "MUST be present in ip, cp, and kup messages and contain the chain of a newly issued
 * certificate."
 * RFC 9483 4.1.1 ip.extraCerts: "REQUIRED"
 * RFC 9483 4.1.1: "MUST contain the chain of the certificate present in certOrEncCert" */
Test(rfc9483_3_2, an_answer_with_a_certificate_has_its_chain)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct answer answer = world_send(world, client_request(clients[i], PKI_CR));
        size_t found = 0;
        cr_assert(answer.has_cert);
        for (size_t j = 0; j < answer.message.extra_cert_count; j++)
            found += bytes_equal(answer.message.extra_certs[j], world->issuing.cert_der);
        cr_assert_eq(found, 1);
        cr_assert(issued_by(answer.cert.der, world->issuing.cert_der));
        answer_free(&answer);
    }
}

/* RFC 9483 9: "If such self-signed certificates are provided in-band in the messages, they MUST be
 * verified using information from the trust store of the PKI entity."
 * RFC 9483 3.3: "Self-signed certificates should be omitted from extraCerts and MUST NOT be trusted based
 * on their inclusion in any case"
 * A stranger's root in extraCerts vouches for nobody, wherever it stands; nor does a certificate that is
 * its own issuer and signs the message itself. */
Test(rfc9483_3_2, a_self_signed_certificate_is_not_trusted_because_it_is_there)
{
    struct bytes chain[] = {world->vendor_ca.cert_der, world->stranger_root.cert_der};

    client_sign_by(&client, &world->stranger, chain, 2);
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_error(&answer, PKI_SIGNER_NOT_TRUSTED);
    client_sign_by(&client, &world->stranger_root, NULL, 0);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.body, PKI_ERROR);
    answer_free(&answer);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 9483 3.3: "For maximum interoperability, all implementations SHOULD be prepared to handle
 * potentially additional certificates and arbitrary orderings of the certificates." */
Test(rfc9483_3_2, extraCerts_in_any_order_and_with_others_among_them_are_taken)
{
    const struct bytes chain[] = {client.extra_certs[1], world->root.cert_der, world->stranger.cert_der};

    client_sign_by(&client, &world->device, chain, 3);
    for (size_t i = 0; i < 4; i++) {
        struct bytes first = client.extra_certs[0];
        memmove(client.extra_certs, client.extra_certs + 1, 3 * sizeof first);
        client.extra_certs[3] = first;
        client.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&client, PKI_IR));
        expect_certificate(&answer, PKI_IP);
    }
}
