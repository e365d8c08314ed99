/* RFC 4211 5: what a certTemplate must not have. */
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(rfc4211_5, .init = set_up, .fini = tear_down);

static const CBS_ASN1_TAG context = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

/* An ir whose certTemplate has |before|, subject and publicKey, and |after| (hex), with a right proof. */
static struct answer send(const char *before, const char *after)
{
    const struct signature_algorithm *algorithm = signature_for_key(private_key_kind(client.key));
    CBS spki = cbs_of(private_key_spki(client.key)), key;
    struct bytes request, body;
    CBB cbb, sequence, tmpl;

    must(CBS_get_asn1(&spki, &key, CBS_ASN1_SEQUENCE) && CBB_init(&cbb, 256));
    must(der_finish(&request, world->arena, &cbb,
                    CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_int64(&sequence, 0) &&
                        CBB_add_asn1(&sequence, &tmpl, CBS_ASN1_SEQUENCE) &&
                        der_add_bytes(&tmpl, hex(world->arena, before)) &&
                        der_add_octets(&tmpl, context | 5, client.subject) &&
                        der_add_octets(&tmpl, context | 6, bytes_of_cbs(&key)) &&
                        der_add_bytes(&tmpl, hex(world->arena, after))));
    must(pki_encode_cert_requests(&body, world->arena, request, algorithm->encoded,
                                  client_signature(&client, client.key, algorithm, request)));
    client.transaction_id[0]++;
    return world_send(world, client_message(&client, PKI_IR, body));
}

/* RFC 4211 5 serialNumber: "MUST be omitted."
 * RFC 4211 5 signingAlg: "MUST be omitted."
 * RFC 4211 5 issuerUID: "MUST be omitted."
 * RFC 4211 5 subjectUID: "MUST be omitted." */
Test(rfc4211_5, what_must_be_omitted_is_refused_each_by_itself)
{
    static const char *const cases[][2] = {
        {"81 01 07", ""},             /* serialNumber [1] */
        {"a2 05 06 03 2b 65 70", ""}, /* signingAlg [2]: Ed25519 */
        {"", "87 02 00 01"},          /* issuerUID [7] */
        {"", "88 02 00 01"},          /* subjectUID [8] */
    };
    struct answer answer = send("", "");

    expect_certificate(&answer, PKI_IP);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        answer = send(cases[i][0], cases[i][1]);
        expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
    }
    cr_assert_eq(world->cert_count, 1);
}
