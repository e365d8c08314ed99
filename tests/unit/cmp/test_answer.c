/* answer.c: header, protection and extraCerts of what goes out (RFC 9483 3.1 to 3.3). */
#include "crypto/name.h"
#include "server/pki/response.h"
#include "tests/support/hex.h"
#include "tests/support/spelling.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(answer, .init = set_up, .fini = tear_down);

static void expect_header(const struct answer *answer, const struct client *c)
{
    const struct pki_header *header = &answer->message.header;

    /* "SHOULD contain the value of the sender field of the previous message" */
    cr_assert(bytes_equal(header->recipient, c->header.sender));
    /* "MUST be the time at which the message was produced, if present" */
    cr_assert(header->has_message_time);
    cr_assert_eq(header->message_time, world->now);
    /* "MUST be the value from the previous message in the same PKI management operation" */
    cr_assert(bytes_equal(header->transaction_id, c->header.transaction_id));
    /* "MUST be cryptographically secure and fresh 128 random bits" */
    cr_assert_eq(header->sender_nonce.len, 16);
    cr_assert_not(bytes_equal(header->sender_nonce, c->header.sender_nonce));
    /* "MUST be present and contain the value of the senderNonce of the previous message" */
    cr_assert(bytes_equal(header->recip_nonce, c->header.sender_nonce));
    /* certProfile "MUST be omitted in all other messages" */
    cr_assert_eq(header->cert_profile_count, 0);
}

static struct bytes directory_name(struct bytes name)
{
    struct bytes out;

    cr_assert(pki_directory_name(&out, world->arena, name));
    return out;
}

/* RFC 9483 3.1 */
Test(answer, a_signed_answer_has_the_header_that_the_RFC_wants)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    const struct pki_header *header = &answer.message.header;

    expect_header(&answer, &client);
    /* "For signature-based protection, MUST be the subject field of the CMP protection certificate" */
    cr_assert(bytes_equal(header->sender_name, world->cmp_signer.cert.subject));
    /* "MUST be used and contain the value of the SubjectKeyIdentifier if present" */
    cr_assert_gt(header->sender_kid.len, 0);
    cr_assert(bytes_equal(header->sender_kid, world->cmp_signer.cert.key_id));
    cr_assert(bytes_equal(header->protection_alg, world->ca.cmp_algorithm->encoded));

    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_header(&confirmed, &client);
    cr_assert_not(bytes_equal(confirmed.message.header.sender_nonce, header->sender_nonce));
    /* confirmWaitTime and implicitConfirm are for ip, cp and kup */
    cr_assert_eq(confirmed.message.header.confirm_wait_time, 0);
    cr_assert_not(confirmed.message.header.implicit_confirm);
    /* RFC 9483 4.1.1 pkiConf.body.pkiconf: "The content of this field MUST be NULL" */
    cr_assert(bytes_equal(confirmed.message.body, hex(world->arena, "05 00")));
    answer_free(&answer);
    expect_pkiconf(&confirmed);
}

/* RFC 9483 3.1: "For MAC-based protection, MUST contain a name the PKI management entity can use to
 * identify the shared secret information."
 * RFC 9483 3.1: "This name MUST be placed in the commonName field of the directoryName choice."
 * RFC 9483 3.1: "For MAC-based protection, MUST be used and contain the same name as in the commonName
 * field of the sender field"
 * RFC 9483 4.1.5: "The sender field MUST contain a name the PKI management entity can use to identify the
 * shared secret information used for message protection."
 * RFC 9483 4.1.5: "This name MUST be placed in the commonName field of the directoryName choice."
 * RFC 9483 4.1.5: "The senderKID MUST contain the same name as in the commonName field of the sender
 * field." */
Test(answer, a_MAC_protected_answer_names_the_secret_as_sender_to_the_letter_of_RFC_9483)
{
    world->config.accept.header = CONFIG_HEADER_RFC9483;
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    const struct pki_header *header = &answer.message.header;

    expect_header(&answer, &mac);
    cr_assert(bytes_equal(header->sender_kid, world->reference));
    cr_assert(bytes_equal(name_attribute(world->arena, header->sender_name, "CN"), world->reference));
    cr_assert(bytes_equal(header->protection_alg, mac.header.protection_alg));
    answer_free(&answer);
}

/* RFC 9810 appendix C.4, of the sender of ip: "CA name". A client that pins the name to which it wrote finds
 * that name, as it spelled it; who names nobody, or somebody else, finds the CA's. */
Test(answer, a_MAC_protected_answer_comes_from_the_CA)
{
    struct bytes ca = spelled_otherwise(world->arena, world->issuing.cert.subject);
    struct bytes signer = spelled_otherwise(world->arena, world->cmp_signer.cert.subject);
    const struct {
        struct bytes recipient, sender;
    } cases[] = {
        {world->ca.sender, world->ca.sender},
        {directory_name(ca), directory_name(ca)},
        {directory_name(signer), directory_name(signer)},
        {directory_name(world->root.cert.subject), world->ca.sender},
        {directory_name(hex(world->arena, "30 00")), world->ca.sender},
        {hex(world->arena, "a4 02 31 00"), world->ca.sender},
        {hex(world->arena, "a4 00"), world->ca.sender},
        {hex(world->arena, "82 01 61"), world->ca.sender},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mac.header.recipient = cases[i].recipient;
        mac.transaction_id[0]++;
        struct answer answer = world_send(world, client_request(&mac, PKI_IR));
        cr_expect(bytes_equal(answer.message.header.sender, cases[i].sender), "case %zu", i);
        cr_expect(bytes_equal(answer.message.header.sender_kid, world->reference));
        expect_certificate(&answer, PKI_IP);
    }
}

static void expect_signed_by(const struct answer *answer, const struct ctl_identity *signer)
{
    const struct pki_header *header = &answer->message.header;

    cr_expect(bytes_equal(header->sender_name, signer->cert.subject));
    cr_expect(bytes_equal(header->sender_kid, signer->cert.key_id));
    cr_expect_gt(answer->message.extra_cert_count, 0);
    cr_expect(bytes_equal(answer->message.extra_certs[0], signer->cert_der));
}

/* RFC 9810 5.3.21: "The CA MUST always sign it with a signature key."
 * RFC 9810 5.1.3 lets the answer have a protection of its own. With a signature that a device knows by the
 * MAC alone, caPubs would vouch for itself (RFC 9483 4.1.1). */
Test(answer, a_request_with_a_MAC_is_answered_by_a_signature_where_the_profile_says_so)
{
    world->config.answer.mac_answers = CONFIG_MAC_ANSWERS_SIGNATURE;
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    expect_signed_by(&answer, &world->cmp_signer);
    cr_expect_eq(answer.message.extra_cert_count, 2);
    cr_expect(bytes_equal(answer.message.extra_certs[1], world->issuing.cert_der));
    expect_header(&answer, &mac);
    struct answer confirmed = world_send(world, client_confirm(&mac, &answer, -1));
    expect_signed_by(&confirmed, &world->cmp_signer);
    expect_pkiconf(&confirmed);
    answer_free(&answer);

    mac.header.recip_nonce = bytes_of(NULL, 0);
    mac.transaction_id[0]++;
    world->decide_refuses = 1;
    answer = world_send(world, client_request(&mac, PKI_IR));
    expect_signed_by(&answer, &world->cmp_signer);
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
}

/* The same octets again find the same protection, whatever protected them. */
Test(answer, what_is_answered_again_is_signed_as_it_was)
{
    struct bytes request = client_request(&mac, PKI_IR);

    world->config.answer.mac_answers = CONFIG_MAC_ANSWERS_SIGNATURE;
    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = world_send(world, request);
        expect_signed_by(&answer, &world->issuing);
        expect_certificate(&answer, PKI_IP);
    }
    cr_expect_eq(world->cert_count, 1);
}

/* The CA's own certificate signs: its chain, no root, and the sender is the name of who issues. */
Test(answer, the_CA_itself_signs_where_the_profile_says_so)
{
    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    expect_signed_by(&answer, &world->issuing);
    cr_expect_eq(answer.message.extra_cert_count, 1);
    cr_expect(bytes_equal(answer.message.header.protection_alg, world->ca.algorithm->encoded));
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_signed_by(&confirmed, &world->issuing);
    expect_pkiconf(&confirmed);
    answer_free(&answer);

    mac.secret = bytes_str("another");
    answer = world_send(world, client_request(&mac, PKI_IR));
    expect_signed_by(&answer, &world->issuing);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}

/* With a MAC, too, the CA's name is the only one then: whoever wrote to another certificate's gets it, too.
 */
Test(answer, a_MAC_protected_answer_of_the_CA_itself_has_its_name)
{
    const struct bytes ca = spelled_otherwise(world->arena, world->issuing.cert.subject);

    world->config.answer.signed_by = CONFIG_SIGNED_BY_CA;
    mac.header.recipient = directory_name(world->cmp_signer.cert.subject);
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    cr_expect(bytes_equal(answer.message.header.sender, world->ca.sender));
    cr_expect(bytes_equal(answer.message.header.sender_kid, world->reference));
    expect_certificate(&answer, PKI_IP);

    mac.transaction_id[0]++;
    mac.header.recipient = directory_name(ca);
    answer = world_send(world, client_request(&mac, PKI_IR));
    cr_expect(bytes_equal(answer.message.header.sender, directory_name(ca)));
    expect_certificate(&answer, PKI_IP);
}

/* To the letter of RFC 9483, too, a reference that is no text cannot be a commonName: the CA stands there.
 * What is text: what can be seen, and the space. */
Test(answer, a_reference_that_is_text_is_the_senders_name_where_RFC_9483_wants_it)
{
    static const struct {
        const char *reference;
        int is_text;
    } cases[] = {{"a b", 1},
                 {"a~b", 1},
                 {"a\x1f"
                  "b",
                  0},
                 {"a\x7f"
                  "b",
                  0},
                 {"a\x80"
                  "b",
                  0},
                 {"\xff\x01\x02", 0},
                 {"!", 1}};

    world->config.accept.header = CONFIG_HEADER_RFC9483;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        world->secrets[0].row.reference = mac.header.sender_kid = bytes_str(cases[i].reference);
        cr_assert(cmp_seal_secret(&world->secrets[0].row.sealed, world->arena, world->settings.seal_key,
                                  bytes_of(world->ca.id, STORE_ISSUER_ID), mac.header.sender_kid,
                                  world->secret));
        mac.transaction_id[0]++;
        mac.header.sender = world->ca.sender; /* it is refused for that, under its MAC */
        struct answer answer = world_send(world, client_request(&mac, PKI_IR));
        const struct pki_header *header = &answer.message.header;
        cr_expect(bytes_equal(header->sender_kid, mac.header.sender_kid));
        if (cases[i].is_text)
            cr_expect(
                bytes_equal(name_attribute(world->arena, header->sender_name, "CN"), mac.header.sender_kid));
        else
            cr_expect(bytes_equal(header->sender, world->ca.sender), "case %zu", i);
        expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    }
}

/* RFC 9483 3.3: "MUST be present for signature-based protection and contain the CMP protection certificate
 * together with its chain for the first request and response message of a PKI management operation."
 * RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate followed by
 * its chain, where each element should directly certify the one immediately preceding it."
 * RFC 9483 3.3: "MUST be present in ip, cp, and kup messages and contain the chain of a newly issued
 * certificate."
 * RFC 9483 4.1.1: "MUST contain the chain of the certificate present in certOrEncCert" */
Test(answer, extraCerts_hold_the_chains_without_the_root)
{
    struct answer answer = world_send(world, client_request(&client, PKI_CR));
    cr_assert_eq(answer.message.extra_cert_count, 2);
    cr_assert(bytes_equal(answer.message.extra_certs[0], world->cmp_signer.cert_der));
    cr_assert(bytes_equal(answer.message.extra_certs[1], world->issuing.cert_der));
    expect_certificate(&answer, PKI_CP);

    answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert_eq(answer.message.extra_cert_count, 1);
    cr_assert(bytes_equal(answer.message.extra_certs[0], world->issuing.cert_der));
    expect_certificate(&answer, PKI_IP);
}

static size_t ca_pub_count(const struct answer *answer, struct bytes *first)
{
    CBS cbs = cbs_of(answer->message.body), body, field, list, cert;
    int present;
    size_t count = 0;

    cr_assert(CBS_get_asn1(&cbs, &body, CBS_ASN1_SEQUENCE));
    cr_assert(
        CBS_get_optional_asn1(&body, &field, &present, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1));
    if (!present)
        return 0;
    cr_assert(CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE));
    for (; CBS_len(&list) != 0; count++) {
        cr_assert(CBS_get_asn1_element(&list, &cert, CBS_ASN1_SEQUENCE));
        if (count == 0)
            *first = bytes_of_cbs(&cert);
    }
    return count;
}

/* RFC 9810 8.9: "A provider of trust anchors, which may be an RA involved in configuration management of
 * its clients, MUST NOT include to-be-trusted CA certificates in a CMP message unless […] by loading them
 * into its trust store."
 * RFC 9483 4.1.1: "If used, it MUST contain only a trust anchor, e.g., root certificate, of the
 * certificate contained in certOrEncCert"
 * RFC 9483 4.1.2: "The caPubs field in the certificate response message MUST be absent."
 * A signed ip needs none: who trusts its signature has an anchor. */
Test(answer, caPubs_is_in_a_MAC_protected_ip_only)
{
    struct bytes root;
    struct answer answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert_eq(ca_pub_count(&answer, &root), 1);
    cr_assert(bytes_equal(root, world->root.cert_der));
    expect_certificate(&answer, PKI_IP);

    mac.transaction_id[0]++;
    answer = world_send(world, client_request(&mac, PKI_CR));
    cr_assert_eq(ca_pub_count(&answer, &root), 0);
    expect_certificate(&answer, PKI_CP);
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(ca_pub_count(&answer, &root), 0);
    expect_certificate(&answer, PKI_IP);

    /* A signature that the secret does not vouch for vouches for no anchor. */
    mac.transaction_id[0]++;
    world->config.answer.mac_answers = CONFIG_MAC_ANSWERS_SIGNATURE;
    answer = world_send(world, client_request(&mac, PKI_IR));
    cr_assert_eq(ca_pub_count(&answer, &root), 0);
    expect_certificate(&answer, PKI_IP);
    world->config.answer.mac_answers = CONFIG_MAC_ANSWERS_MAC;

    mac.transaction_id[0]++;
    world->decide_refuses = 1;
    answer = world_send(world, client_request(&mac, PKI_IR));
    /* "MAY be used if the certifiedKeyPair field is present" */
    cr_assert_eq(ca_pub_count(&answer, &root), 0);
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
}

/* RFC 9483 3.1: "RECOMMENDED in ip/cp/kup messages if implicitConfirm is not included"
 * RFC 9483 3.1: "PROHIBITED if implicitConfirm is included"
 * RFC 9483 4.1.1: "Otherwise, the PKI management entity SHOULD include confirmWaitTime as described in
 * Section 3.1." */
Test(answer, confirmWaitTime_and_implicitConfirm_exclude_each_other)
{
    struct answer answer = world_send(world, client_request(&client, PKI_P10CR));
    cr_assert_eq(answer.message.header.confirm_wait_time, world->now + world->config.confirm.wait_seconds);
    cr_assert_not(answer.message.header.implicit_confirm);
    expect_certificate(&answer, PKI_CP);

    client.transaction_id[0]++;
    client.header.implicit_confirm = 1;
    answer = world_send(world, client_request(&client, PKI_P10CR));
    cr_assert_eq(answer.message.header.confirm_wait_time, 0);
    cr_assert(answer.message.header.implicit_confirm);
    expect_certificate(&answer, PKI_CP);
}

Test(answer, a_refusal_carries_neither_confirmWaitTime_nor_implicitConfirm)
{
    world->decide_refuses = 1;
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.message.header.confirm_wait_time, 0);
    cr_assert_not(answer.message.header.implicit_confirm);
    expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
}

/* RFC 9483 4.1.1: "MUST be absent if status is "accepted" or "grantedWithMods"" */
Test(answer, a_positive_answer_has_no_failInfo_and_no_text)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_eq(answer.status.status, PKI_ACCEPTED);
    cr_assert_eq(answer.status.fail_info, 0);
    cr_assert_eq(answer.status.text.len, 0);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9810 5.1.1: "If no protection bits are supplied (note that PKIProtection is OPTIONAL), then this
 * field MUST be omitted; if protection bits are supplied, then this field MUST be supplied."
 * RFC 9483 3.6.4, of errors without protection: "In these exceptional cases, the protection of the error
 * message MAY be omitted." */
Test(answer, an_overload_answer_is_an_unprotected_error_that_names_the_transaction)
{
    struct bytes reply, request = client_request(&client, PKI_IR);
    struct pki_message message;
    struct pki_status_info status;

    cr_assert(cmp_overload_answer(&reply, world->arena, request, PKI_SYSTEM_UNAVAIL, "busy: try again"));
    cr_assert_eq(pki_message_decode(&message, NULL, reply), PKI_WHOLE);
    cr_assert_eq(message.body_type, PKI_ERROR);
    cr_assert_not(message.has_protection);
    cr_assert_eq(message.header.protection_alg.len, 0);
    cr_assert_eq(message.extra_cert_count, 0);
    cr_assert_eq(message.header.pvno, 2);
    cr_assert(bytes_equal(message.header.transaction_id, client.header.transaction_id));
    cr_assert(bytes_equal(message.header.recip_nonce, client.header.sender_nonce));
    cr_assert(bytes_equal(message.header.recipient, client.header.sender));
    cr_assert(pki_decode_error(&status, message.body));
    cr_assert_eq(status.status, PKI_REJECTION);
    cr_assert_eq(status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    cr_assert(bytes_equal(status.text, bytes_str("busy: try again")));
}

Test(answer, an_overload_answer_to_what_cannot_be_read_names_nobody)
{
    struct bytes reply;
    struct pki_message message;

    cr_assert(
        cmp_overload_answer(&reply, world->arena, bytes_str("GET / HTTP/1.1"), PKI_SYSTEM_UNAVAIL, "busy"));
    cr_assert_eq(pki_message_decode(&message, NULL, reply), PKI_WHOLE);
    cr_assert_eq(message.header.transaction_id.len, 0);
    cr_assert_eq(message.header.recip_nonce.len, 0);
    cr_assert(name_is_empty(message.header.recipient.len == 4 ? bytes_of(message.header.recipient.data + 2, 2)
                                                              : message.header.recipient));
}

/* RFC 9483 3.1: "SHOULD be the name of the intended recipient; otherwise, the NULL-DN MUST be used" */
Test(answer, a_sender_that_is_no_DER_is_not_echoed)
{
    /* directoryName with a BOOLEAN of 01 in it */
    client.header.sender = hex(world->arena, "a4 05 30 03 01 01 01");
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(bytes_equal(answer.message.header.recipient, hex(world->arena, "a4 02 30 00")));
    expect_error(&answer, PKI_BAD_DATA_FORMAT);
}

Test(answer, without_its_key_the_server_says_so_unprotected_with_status_503)
{
    world->keys_unavailable = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_KUR));
    cr_assert_eq(answer.result.end, JOB_NO_KEY);
    cr_assert_not(answer.message.has_protection);
    cr_assert(bytes_equal(answer.message.header.transaction_id, client.header.transaction_id));
    expect_error(&answer, PKI_SYSTEM_UNAVAIL);
}

/* RFC 9483 3.5: the other side holds the certificate that protects against its validity, so what one that has
 * ended signs is nothing to it. Nothing is issued for it, by whatever it asks, and nothing is done. */
Test(answer, after_the_end_of_what_signs_nothing_is_done_and_the_answer_is_bare)
{
    struct client *const clients[] = {&client, &mac};
    int64_t *const of[] = {&world->ca.cmp_cert.not_after, &world->ca.cert.not_after,
                           &world->ca.chain_not_after};

    for (size_t i = 0; i < 3; i++) {
        int64_t before = *of[i];
        *of[i] = world->now - 1;
        for (size_t c = 0; c < 2; c++) {
            struct answer answer = world_send(world, client_request(clients[c], PKI_IR));
            cr_expect_eq(answer.result.end, JOB_NO_KEY);
            cr_expect_not(answer.message.has_protection);
            expect_error(&answer, PKI_SYSTEM_UNAVAIL);
            answer_free(&answer);
        }
        *of[i] = before;
    }
    cr_expect_eq(world->cert_count, 0);
}

/* One that ends in a minute, of |key|, comes before the CMP certificate, which is in use in five seconds. */
static void have_former(const struct private_key *key)
{
    struct cmp_authority *ca = &world->ca;
    struct certificate_tbs tbs;
    struct bytes former, der;

    cr_assert(certificate_read_tbs(&tbs, ca->cmp_cert.tbs));
    cr_assert(certificate_rekey(&tbs, world->arena, private_key_spki(key)));
    cr_assert(certificate_reissue(&former, world->arena, &tbs, bytes_str("0123456789abcdef"),
                                  world->now - 100, world->now + 60));
    /* What it is signed with, nobody asks here. */
    cr_assert(certificate_assemble(&der, world->arena, former, ca->algorithm, bytes_str("-")));
    cr_assert(certificate_parse(&ca->former_cmp_cert, der));
    ca->former_cmp_key = key;
    memcpy(ca->former_extra_certs, ca->signed_extra_certs, sizeof ca->former_extra_certs);
    ca->former_extra_certs[0] = der;
    ca->cmp_since = world->now + 5;
}

/* RFC 9483 3.1, 3.3: protected by the key of |cert|, which is named and comes first. */
static void is_under(const struct answer *answer, const struct certificate *cert)
{
    CBS algorithm = cbs_of(answer->message.header.protection_alg);
    struct bytes part;

    cr_expect(bytes_equal(answer->message.extra_certs[0], cert->der));
    cr_expect(bytes_equal(answer->message.header.sender_kid, cert->key_id));
    cr_assert(pki_protected_part(&part, world->arena, &answer->message));
    cr_expect(verify_signature(cert->spki, signature_parse(&algorithm), part, answer->message.protection));
}

/* RFC 9810 5.1: "Subsequent messages" of a transaction may leave out what the first one had, and a station
 * may keep who answered first: its key as well as its certificate. */
Test(answer, all_answers_of_a_transaction_are_under_one_certificate)
{
    struct private_key *another = private_key_generate(private_key_kind(world->ca.cmp_key), 2048);
    const struct private_key *keys[] = {world->ca.cmp_key, another};
    struct cmp_authority *ca = &world->ca;

    for (int i = 0; i < 2; i++) {
        struct answer begun, answer;
        struct client later;
        struct bytes confirm;

        client_cleanup(&client);
        client_init(&client, world, 0);
        have_former(keys[i]);
        begun = world_send(world, client_request(&client, PKI_IR));
        is_under(&begun, &ca->former_cmp_cert);
        confirm = client_confirm(&client, &begun, -1);
        world->now += 10; /* it is in use, and this transaction began before */
        answer = world_send(world, confirm);
        is_under(&answer, &ca->former_cmp_cert);
        expect_pkiconf(&answer);
        answer_free(&begun);
        answer_free(&answer);
        client_init(&later, world, 0); /* and this one later */
        begun = world_send(world, client_request(&later, PKI_IR));
        is_under(&begun, &ca->cmp_cert);
        answer_free(&begun);
        client_cleanup(&later);
        world->now += 60; /* the former one has ended */
        answer = world_send(world, confirm);
        is_under(&answer, &ca->cmp_cert);
        answer_free(&answer);
    }
    private_key_free(another);
}

/* A transaction that the end comes into goes on when somebody has done something about it. */
Test(answer, a_transaction_outlives_the_end_of_what_signs)
{
    struct answer begun = world_send(world, client_request(&client, PKI_IR)), answer;
    struct bytes confirm = client_confirm(&client, &begun, -1);
    int64_t before = world->ca.cmp_cert.not_after;

    world->ca.cmp_cert.not_after = world->now - 1;
    answer = world_send(world, confirm);
    cr_expect_eq(answer.result.end, JOB_NO_KEY);
    answer_free(&answer);
    world->ca.cmp_cert.not_after = before;
    answer = world_send(world, confirm);
    expect_pkiconf(&answer);
    answer_free(&begun);
}

/* RFC 9483 3.3: with a MAC extraCerts "MUST be present in ip, cp, and kup messages and contain the chain of a
 * newly issued certificate", and has nothing to hold elsewhere; with a signature it holds who signs. */
Test(answer, chains_of_new_certificates_go_with_new_certificates)
{
    struct client *const clients[] = {&client, &mac};
    const struct bytes more[] = {world->vendor_root.cert_der};

    world->profile.extra_certs = more;
    world->profile.extra_cert_count = 1;
    for (size_t i = 0; i < 2; i++) {
        size_t own = i == 0 ? world->ca.signed_extra_cert_count : 0;
        struct answer begun = world_send(world, client_request(clients[i], PKI_IR));
        cr_assert_eq(begun.message.extra_cert_count, i == 0 ? own + 1 : world->ca.mac_extra_cert_count + 1);
        struct answer answer = world_send(world, client_confirm(clients[i], &begun, -1));
        cr_assert_eq(answer.message.extra_cert_count, own);
        expect_pkiconf(&answer);
        answer_free(&begun);
        world->decide_refuses = 1;
        clients[i]->transaction_id[0]++;
        clients[i]->header.recip_nonce = bytes_of(NULL, 0);
        answer = world_send(world, client_request(clients[i], PKI_IR));
        cr_assert_eq(answer.message.extra_cert_count, own);
        expect_refusal(&answer, PKI_IP, PKI_NOT_AUTHORIZED);
        world->decide_refuses = 0;
    }
}
