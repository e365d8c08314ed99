/* possession.c: poposkInput (RFC 9810 5.2.8.2, RFC 4211 4.1). The other kinds of proof are in the tables of
 * refusals and in test_op_enroll.c. */
#include "crypto/name.h"
#include "tests/support/spelling.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(possession, .init = set_up, .fini = tear_down);

static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

enum { DNS_NAME = 2, DIRECTORY_NAME = 4 };

static struct bytes named(const char *name)
{
    struct bytes out;

    must(name_build(&out, world->arena, (const char *const[]){"CN", name, NULL}));
    return out;
}

/* authInfo: sender [0] GeneralName, of the form |tag| */
static struct bytes sender_of_form(CBS_ASN1_TAG tag, struct bytes name)
{
    CBB cbb, explicit, form;
    struct bytes out;

    must(CBB_init(&cbb, 64));
    must(der_finish(&out, world->arena, &cbb,
                    CBB_add_asn1(&cbb, &explicit, constructed | 0) && CBB_add_asn1(&explicit, &form, tag) &&
                        der_add_bytes(&form, name)));
    return out;
}

static struct bytes sender(struct bytes name)
{
    return sender_of_form(constructed | DIRECTORY_NAME, name);
}

/* authInfo: publicKeyMAC PKMACValue, over |spki| */
static struct bytes key_mac(struct bytes algorithm, struct bytes secret, struct bytes spki, int damage)
{
    CBS cbs = cbs_of(algorithm);
    struct mac_algorithm parsed;
    uint8_t value[DIGEST_MAX];
    struct mac_key key;
    struct bytes out;
    CBB cbb, sequence;
    size_t len;

    must(mac_parse(&parsed, &cbs) && mac_derive(&key, &parsed, secret));
    len = mac_apply(value, &parsed, &key, spki);
    value[len - 1] ^= (uint8_t)damage;
    must(CBB_init(&cbb, 64));
    must(der_finish(&out, world->arena, &cbb,
                    CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, algorithm) &&
                        der_add_bit_string(&sequence, bytes_of(value, len))));
    return out;
}

static struct bytes joined(struct bytes a, struct bytes b)
{
    struct bytes out;
    CBB cbb;

    must(CBB_init(&cbb, 64));
    must(der_finish(&out, world->arena, &cbb, der_add_bytes(&cbb, a) && der_add_bytes(&cbb, b)));
    return out;
}

static struct bytes sequence_of(struct bytes content)
{
    struct bytes out;
    CBB cbb;

    must(CBB_init(&cbb, 64));
    must(der_finish(&out, world->arena, &cbb, der_add_octets(&cbb, CBS_ASN1_SEQUENCE, content)));
    return out;
}

enum signed_over { INPUT, CERT_REQ };

/* An ir whose template has |subject|, or none, with poposkInput of |auth_info| and |spki|. */
static struct answer send(struct client *c, struct bytes subject, struct bytes auth_info, struct bytes spki,
                          enum signed_over over)
{
    const struct signature_algorithm *algorithm = signature_for_key(KEY_P256);
    struct cert_request asked = {.tmpl = c->tmpl};
    struct bytes cert_req, content = joined(auth_info, spki), signature, body;
    CBB cbb, list, message, signing, input;

    asked.tmpl.subject = subject;
    asked.tmpl.spki = private_key_spki(c->key);
    must(pki_encode_cert_request(&cert_req, world->arena, &asked));
    signature = client_signature(c, c->key, algorithm, over == INPUT ? sequence_of(content) : cert_req);
    must(CBB_init(&cbb, 512));
    must(der_finish(
        &body, world->arena, &cbb,
        CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&list, &message, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&message, cert_req) && CBB_add_asn1(&message, &signing, constructed | 1) &&
            CBB_add_asn1(&signing, &input, constructed | 0) && der_add_bytes(&input, content) &&
            CBB_flush(&signing) && der_add_bytes(&signing, algorithm->encoded) &&
            der_add_bit_string(&signing, signature)));
    c->transaction_id[0]++;
    return world_send(world, client_message(c, PKI_IR, body));
}

static const struct bytes none = {NULL, 0};

static struct bytes own_spki(const struct client *c)
{
    return private_key_spki(c->key);
}

static void is_granted(struct answer answer)
{
    expect_certificate(&answer, PKI_IP);
}

static void is_refused(struct answer answer)
{
    expect_refusal(&answer, PKI_IP, PKI_BAD_POP);
}

/* "used only if an authenticated identity has been established for the sender (e.g., a DN from a
 * previously-issued and currently-valid certificate)" */
Test(possession, sender_is_who_protects_the_request)
{
    is_granted(send(&client, none, sender(client.signer->cert.subject), own_spki(&client), INPUT));
    is_granted(send(&mac, none, sender(named("station-1")), own_spki(&mac), INPUT));
    is_refused(send(&client, none, sender(named("another")), own_spki(&client), INPUT));
    is_refused(send(&mac, none, sender(named("another")), own_spki(&mac), INPUT));
    is_refused(send(&client, none, sender(world->ca.cert.subject), own_spki(&client), INPUT));
}

/* Whoever has a secret writes what he likes into the header: the proof of somebody else is none of his. */
Test(possession, sender_of_the_header_proves_nothing_by_a_secret)
{
    must(pki_directory_name(&mac.header.sender, world->arena, named("another")));
    is_refused(send(&mac, none, sender(named("another")), own_spki(&mac), INPUT));
    is_granted(send(&mac, none, sender(named("station-1")), own_spki(&mac), INPUT));
}

/* RFC 5280 7.1 says what is another spelling, and what another name. */
Test(possession, sender_matches_as_names_do)
{
    struct bytes subject = client.signer->cert.subject;

    is_granted(
        send(&client, none, sender(spelled_otherwise(world->arena, subject)), own_spki(&client), INPUT));
    is_refused(send(&client, none, sender(name_empty()), own_spki(&client), INPUT));
}

/* No other form of GeneralName is the name of who protects a request. */
Test(possession, sender_is_a_directoryName)
{
    is_refused(send(&client, none, sender_of_form(CBS_ASN1_CONTEXT_SPECIFIC | DNS_NAME, bytes_str("device")),
                    own_spki(&client), INPUT));
    is_refused(send(&mac, none, sender_of_form(CBS_ASN1_CONTEXT_SPECIFIC | DNS_NAME, bytes_str("station-1")),
                    own_spki(&mac), INPUT));
}

/* RFC 4211 4.1: only a template with subject and publicKey is to have no poposkInput. */
Test(possession, a_subjectAltName_is_no_subject)
{
    client.tmpl.extensions[client.tmpl.extension_count++] =
        (struct certificate_extension){bytes_str("\x55\x1d\x11"), 1, bytes_str("\x30\x07\x82\x05gnb-1")};
    is_granted(send(&client, none, sender(client.signer->cert.subject), own_spki(&client), INPUT));
}

/* RFC 4211 4.1: authInfo and publicKey, once each and in this order. */
Test(possession, a_malformed_poposkInput_is_refused)
{
    struct bytes info = sender(client.signer->cert.subject), spki = own_spki(&client);
    const struct {
        struct bytes first, second;
    } cases[] = {
        {spki, info},
        {info, none},
        {none, spki},
        {joined(info, info), spki},
        {info, joined(spki, spki)},
        {joined(info, key_mac(mac.header.protection_alg, world->secret, spki, 0)), spki},
        {bytes_str("\x02\x01\x01"), spki},     /* no choice of authInfo */
        {bytes_str("\xa0\x02\x05\x00"), spki}, /* no GeneralName */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answer answer = send(&client, none, cases[i].first, cases[i].second, INPUT);
        cr_assert_not(answer.has_cert, "case %zu", i);
        cr_expect_neq(answer.status.fail_info &
                          (UINT64_C(1) << PKI_BAD_POP | UINT64_C(1) << PKI_BAD_DATA_FORMAT),
                      0, "case %zu: %s", i, answer.result.text);
        answer_free(&answer);
    }
}

/* RFC 4211 4.1: "This MUST be exactly the same value as is contained in the certificate template."
 * "MUST be exactly the same value as is contained in the certificate template" */
Test(possession, publicKey_is_that_of_the_template)
{
    is_refused(send(&client, none, sender(client.signer->cert.subject), own_spki(&mac), INPUT));
}

/* RFC 9810 5.2.8.2: "If certTemplate/altCertTemplate does not contain both the subject and public key
 * values […] (i.e., the "value" OCTETs of the POPOSigningKeyInput DER)."
 * "If poposkInput is present, the signature is computed over the DER-encoded value of poposkInput." */
Test(possession, the_signature_is_over_poposkInput)
{
    is_refused(send(&client, none, sender(client.signer->cert.subject), own_spki(&client), CERT_REQ));
}

/* RFC 9810 5.2.8.2: "If certTemplate (or the altCertTemplate control) contains the subject and publicKey
 * values, then poposkInput MUST be omitted […] (or the DER-encoded value of AltCertTemplate)."
 * "If certTemplate […] contains the subject and publicKey values, then poposkInput MUST be omitted" */
Test(possession, beside_a_subject_there_is_no_poposkInput)
{
    struct bytes info = sender(client.signer->cert.subject);

    is_refused(send(&client, client.signer->cert.subject, info, own_spki(&client), INPUT));
    is_refused(send(&client, client.signer->cert.subject, info, own_spki(&client), CERT_REQ));
    is_refused(send(&client, name_empty(), info, own_spki(&client), INPUT));
}

/* RFC 9483 4.1.1 poposkInput: "PROHIBITED"
 * Without a subject, which it would stand for, the request is refused for the want of that. */
Test(possession, to_the_letter_of_RFC_9483_there_is_none)
{
    struct bytes subject = client.signer->cert.subject;

    world->config.accept.header = CONFIG_HEADER_RFC9483;
    is_refused(send(&client, subject, sender(subject), own_spki(&client), INPUT));
    struct answer answer = send(&client, none, sender(subject), own_spki(&client), INPUT);
    expect_refusal(&answer, PKI_IP, PKI_BAD_CERT_TEMPLATE);
}

/* RFC 4211 4.1: "All implementations MUST support id-PasswordBasedMAC."
 * RFC 9045 3: "All implementations MUST support id-PasswordBasedMAC as presented in Section 4.4 of
 * [RFC4211]."
 * "publicKeyMAC contains a password-based MAC on the DER-encoded value of publicKey" */
Test(possession, publicKeyMAC_is_by_the_secret_that_protects_the_request)
{
    struct bytes algorithm = mac.header.protection_alg, spki = own_spki(&mac), pbmac1;

    is_granted(send(&mac, none, key_mac(algorithm, world->secret, spki, 0), spki, INPUT));
    must(mac_pbmac1_encode(&pbmac1, world->arena, bytes_str("0123456789abcdef"), DIGEST_SHA256, DIGEST_SHA256,
                           1000, 32));
    is_granted(send(&mac, none, key_mac(pbmac1, world->secret, spki, 0), spki, INPUT));
    is_refused(send(&mac, none, key_mac(algorithm, world->secret, spki, 1), spki, INPUT));
    is_refused(send(&mac, none, key_mac(algorithm, bytes_str("guess"), spki, 0), spki, INPUT));
    is_refused(send(&mac, none, key_mac(algorithm, world->secret, own_spki(&client), 0), spki, INPUT));
}

Test(possession, publicKeyMAC_needs_a_secret)
{
    struct bytes spki = own_spki(&client);

    is_refused(send(&client, none, key_mac(mac.header.protection_alg, world->secret, spki, 0), spki, INPUT));
}

/* What a peer makes the server stretch has the bounds of the profile, wherever it stands: none is derived. */
Test(possession, publicKeyMAC_has_the_bounds_of_the_profile)
{
    struct bytes spki = own_spki(&mac), costly;

    must(mac_pbm_encode(&costly, world->arena, bytes_str("0123456789abcdef"), DIGEST_SHA256, DIGEST_SHA256,
                        world->config.mac.iterations_max + 1));
    is_refused(send(&mac, none, key_mac(costly, world->secret, spki, 0), spki, INPUT));
    world->config.tolerances.until[TOLERANCE_SHA1_OWF] = 0;
    must(
        mac_pbm_encode(&costly, world->arena, bytes_str("0123456789abcdef"), DIGEST_SHA1, DIGEST_SHA1, 1000));
    is_refused(send(&mac, none, key_mac(costly, world->secret, spki, 0), spki, INPUT));
}

/* A wrong MAC over the message says nothing of what stands in it. */
Test(possession, nothing_is_told_to_who_has_not_the_secret)
{
    struct bytes spki = own_spki(&mac), right = key_mac(mac.header.protection_alg, world->secret, spki, 0);

    mac.secret = bytes_str("guess");
    struct answer answer = send(&mac, none, right, spki, INPUT);
    expect_refusal(&answer, PKI_ERROR, PKI_BAD_MESSAGE_CHECK);
}
