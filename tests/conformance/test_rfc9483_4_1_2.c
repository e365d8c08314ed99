/* RFC 9483 4.1.2 and 4.1.4: enrollment to a known PKI, and by PKCS #10. */
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(rfc9483_4_1_2, .init = set_up, .fini = tear_down);

static int has_ca_pubs(const struct answer *answer)
{
    CBS cbs = cbs_of(answer->message.body), content;

    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
    return CBS_peek_asn1_tag(&content, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 1);
}

/* RFC 9483 4.1.2: "The body of the first request and response SHOULD be cr and cp."
 * RFC 9483 4.1.2: "Otherwise, ir and ip MUST be used."
 * RFC 9483 4.1.2: "The caPubs field in the certificate response message MUST be absent." */
Test(rfc9483_4_1_2, with_a_certificate_of_this_PKI_cr_gets_cp_and_ir_gets_ip_and_neither_has_caPubs)
{
    static const int bodies[][2] = {{PKI_CR, PKI_CP}, {PKI_IR, PKI_IP}};
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct answer confirmed = world_send(world, client_confirm(&client, &first, -1));
    struct ctl_identity own = {.key = client.key, .cert_der = first.cert.der, .cert = first.cert};
    struct client next;

    expect_pkiconf(&confirmed);
    client_init(&next, world, 0);
    client_sign_by(&next, &own, NULL, 0);
    /* Not even where the profile sends it whenever it may, nor when the request comes again. */
    world->config.answer.ca_pubs = CONFIG_CA_PUBS_ALWAYS;
    for (size_t i = 0; i < 2; i++) {
        next.transaction_id[0]++;
        struct bytes request = client_request(&next, bodies[i][0]);
        for (int again = 0; again < 2; again++) {
            struct answer answer = world_send(world, request);
            cr_expect_not(has_ca_pubs(&answer), "%s, again %d", pki_body_name(bodies[i][1]), again);
            expect_certificate(&answer, bodies[i][1]);
        }
    }
    cr_assert_eq(world->cert_count, 3);
    client_cleanup(&next);
    answer_free(&first);
}

/* RFC 9483 4.1.2: "The caPubs field in the certificate response message MUST be absent." */
Test(rfc9483_4_1_2, a_cp_has_no_caPubs_however_it_is_protected)
{
    struct client *const clients[] = {&client, &mac};
    static const int bodies[] = {PKI_CR, PKI_P10CR};

    world->config.answer.ca_pubs = CONFIG_CA_PUBS_ALWAYS;
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 2; j++) {
            clients[i]->transaction_id[0]++;
            struct answer answer = world_send(world, client_request(clients[i], bodies[j]));
            cr_assert_not(has_ca_pubs(&answer));
            expect_certificate(&answer, PKI_CP);
        }
}

/* ---- 4.1.4 ---- */

/* RFC 9810 5.3.4: "Therefore, the certReqId in the corresponding Certification Response (cp) message MUST
 * be set to -1."
 * RFC 9483 4.1.4: "The body of the first request and response MUST be p10cr and cp, respectively."
 * RFC 9483 4.1.4: "The certReqId in the cp message MUST be -1." */
Test(rfc9483_4_1_2, a_p10cr_gets_a_cp_of_certReqId_minus_one_granted_or_not)
{
    for (int refuses = 0; refuses < 2; refuses++) {
        CBS cbs, content, list, entry;
        int64_t id;
        client.transaction_id[0]++;
        world->decide_refuses = refuses;
        struct answer answer = world_send(world, client_request(&client, PKI_P10CR));
        cr_assert_eq(answer.body, PKI_CP);
        cr_assert_eq(answer.has_cert, !refuses);
        cbs = cbs_of(answer.message.body);
        cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
                  CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) &&
                  CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_get_int64(&entry, &id));
        cr_assert_eq(id, -1);
        answer_free(&answer);
    }
}

/* CertificationRequest of |info|, |algorithm| and |signature|, as a p10cr. */
static struct bytes p10cr(struct bytes info, struct bytes algorithm, struct bytes signature)
{
    struct bytes body;
    CBB cbb, sequence;

    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(&body, world->arena, &cbb,
                         CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, info) &&
                             der_add_bytes(&sequence, algorithm) &&
                             der_add_bit_string(&sequence, signature)));
    client.transaction_id[0]++;
    return client_message(&client, PKI_P10CR, body);
}

/* RFC 9483 4.1.4: "The signature algorithm MUST be consistent with the subjectPKInfo field."
 * RFC 9483 4.1.4: "MUST contain the self-signature for proof-of-possession" */
Test(rfc9483_4_1_2, the_signature_of_PKCS10_is_by_its_key_and_of_an_algorithm_that_fits)
{
    struct cert_request parsed, other;
    const char *why;

    cr_assert(pki_decode_pkcs10(&parsed, world->arena, &why, client_body(&client, PKI_P10CR)));
    cr_assert(
        pki_decode_pkcs10(&other, world->arena, &why, client_body(&mac, PKI_P10CR))); /* another key's */
    const struct bytes bad[] = {
        p10cr(parsed.pop_message, hex(world->arena, "30 05 06 03 2b 65 70"), parsed.pop_signature),
        p10cr(parsed.pop_message, parsed.pop_algorithm, other.pop_signature),
        p10cr(other.pop_message, parsed.pop_algorithm, parsed.pop_signature),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct answer answer = world_send(world, bad[i]);
        expect_refusal(&answer, PKI_CP, PKI_BAD_POP);
    }
    struct answer answer =
        world_send(world, p10cr(parsed.pop_message, parsed.pop_algorithm, parsed.pop_signature));
    expect_certificate(&answer, PKI_CP);
}

/* RFC 9483 4.1.4: "MUST be 0 to indicate PKCS #10 v1.7" */
Test(rfc9483_4_1_2, the_version_of_PKCS10_is_0)
{
    struct cert_request parsed;
    struct bytes info;
    const char *why;
    uint8_t *version;

    cr_assert(pki_decode_pkcs10(&parsed, world->arena, &why, client_body(&client, PKI_P10CR)));
    info = arena_copy(world->arena, parsed.pop_message);
    /* SEQUENCE { version INTEGER …: the first INTEGER in it */
    version = memmem((void *)(uintptr_t)info.data, 8, "\x02\x01\x00", 3);
    cr_assert_not_null(version);
    version[2] = 1;
    struct answer answer = world_send(world, p10cr(info, parsed.pop_algorithm, parsed.pop_signature));
    expect_refusal(&answer, PKI_CP, PKI_BAD_DATA_FORMAT);
}
