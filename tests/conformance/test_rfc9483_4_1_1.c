/* RFC 9483 4.1.1: enrollment; ir, ip, certConf and pkiConf field by field. */
#include "crypto/name.h"
#include "server/pki/confirmation.h"
#include "tests/support/hex.h"
#include "tests/unit/cmp/fixture.h"

TestSuite(rfc9483_4_1_1, .init = set_up, .fini = tear_down);

/* CertRepMessage taken apart by its tags (RFC 9810 5.3.4). */
struct raw_rep {
    int has_ca_pubs;
    size_t responses;
    int64_t cert_req_id, status;
    int has_text, has_fail_info; /* in PKIStatusInfo */
    int has_key_pair;
    struct bytes certificate; /* in certOrEncCert, [0] */
    int has_private_key, has_publication_info;
};

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

static struct raw_rep raw_rep(const struct answer *answer)
{
    struct raw_rep out = {.responses = 0};
    CBS cbs = cbs_of(answer->message.body), content, list, entry, status, pair, choice, certificate;
    int present;

    cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE));
    cr_assert(CBS_get_optional_asn1(&content, NULL, &out.has_ca_pubs, field_tag | 1));
    cr_assert(CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0);
    for (; CBS_len(&list) != 0; out.responses++) {
        cr_assert(CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE));
        cr_assert(der_get_int64(&entry, &out.cert_req_id));
        cr_assert(CBS_get_asn1(&entry, &status, CBS_ASN1_SEQUENCE));
        cr_assert(der_get_int64(&status, &out.status));
        cr_assert(CBS_get_optional_asn1(&status, NULL, &out.has_text, CBS_ASN1_SEQUENCE));
        cr_assert(CBS_get_optional_asn1(&status, NULL, &out.has_fail_info, CBS_ASN1_BITSTRING));
        cr_assert_eq(CBS_len(&status), 0);
        cr_assert(CBS_get_optional_asn1(&entry, &pair, &out.has_key_pair, CBS_ASN1_SEQUENCE));
        cr_assert_eq(CBS_len(&entry), 0); /* rspInfo is not in this profile */
        if (!out.has_key_pair)
            continue;
        cr_assert(CBS_get_optional_asn1(&pair, &choice, &present, field_tag | 0));
        if (present) {
            cr_assert(CBS_get_asn1_element(&choice, &certificate, CBS_ASN1_SEQUENCE) &&
                      CBS_len(&choice) == 0);
            out.certificate = bytes_of_cbs(&certificate);
        }
        cr_assert(CBS_get_optional_asn1(&pair, NULL, &out.has_private_key, field_tag | 0));
        cr_assert(CBS_get_optional_asn1(&pair, NULL, &out.has_publication_info, field_tag | 1));
        cr_assert_eq(CBS_len(&pair), 0);
    }
    return out;
}

/* ---- ip ---- */

/* RFC 9810 C.1: "Where OPTIONAL or DEFAULT fields are not mentioned in individual profiles, they SHOULD
 * be absent from the relevant message […]"
 * RFC 9810 C.4: "MUST contain the response to the first request in the corresponding ir message"
 * RFC 9483 1.8: "When these sections do not explicitly discuss a field, then the field SHOULD NOT be used
 * by the sending entity."
 * RFC 9483 4.1.1 ip: "REQUIRED"
 * RFC 9483 4.1.1 response: "REQUIRED"
 * RFC 9483 4.1.1: "MUST contain a sequence of one CertResponse"
 * RFC 9483 4.1.1 response.certReqId: "REQUIRED"
 * RFC 9483 4.1.1 response.certReqId: "MUST be 0"
 * RFC 9483 4.1.1 response.status: "REQUIRED"
 * RFC 9483 4.1.1: "PKIStatusInfo structure MUST be present"
 * RFC 9483 4.1.1 status.status: "REQUIRED"
 * RFC 9483 4.1.1: "MUST be absent if status is "accepted" or "grantedWithMods""
 * RFC 9483 4.1.1 certifiedKeyPair: "MUST be present if status is "accepted" or "grantedWithMods""
 * RFC 9483 4.1.1 certOrEncCert: "REQUIRED"
 * RFC 9483 4.1.1 certOrEncCert: "MUST be present if status is "accepted" or "grantedWithMods""
 * RFC 9483 4.1.1 certificate: "REQUIRED"
 * RFC 9483 4.1.1: "MUST be present when certifiedKeyPair is present"
 * RFC 9483 4.1.1: "MUST contain the newly enrolled X.509 certificate"
 * RFC 9483 4.1.1: "MUST be absent in case of local key generation or "rejection"" */
Test(rfc9483_4_1_1, an_ip_that_grants_has_its_fields)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++) {
        struct answer answer = world_send(world, client_request(clients[i], PKI_IR));
        struct raw_rep rep = raw_rep(&answer);
        struct store_cert *stored;
        cr_assert_eq(answer.body, PKI_IP);
        cr_assert_eq(rep.responses, 1);
        cr_assert_eq(rep.cert_req_id, 0);
        cr_assert_eq(rep.status, 0);
        cr_assert_not(rep.has_fail_info);
        cr_assert(rep.has_key_pair);
        cr_assert_not(rep.has_private_key);
        cr_assert_not(rep.has_publication_info);
        /* The newly enrolled certificate: the key and the name of the request, issued just now. */
        cr_assert(bytes_equal(answer.cert.der, rep.certificate));
        cr_assert(bytes_equal(answer.cert.spki, private_key_spki(clients[i]->key)));
        cr_assert(bytes_equal(answer.cert.subject, clients[i]->subject));
        cr_assert_not_null(stored = world_cert_of(world, answer.cert.serial));
        cr_assert_eq(stored->issued_at, world->now);
        answer_free(&answer);
    }
}

/* RFC 9483 4.1.1: "MUST be absent if status is "accepted" or "grantedWithMods""
 * RFC 9483 4.1.1 certifiedKeyPair: "MUST be present if status is "accepted" or "grantedWithMods""
 * RFC 9483 4.1.1 certOrEncCert: "MUST be present if status is "accepted" or "grantedWithMods"" */
Test(rfc9483_4_1_1, an_ip_that_grants_something_else_has_its_fields)
{
    world->decide_modifies = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct raw_rep rep = raw_rep(&answer);

    cr_assert_eq(rep.status, 1); /* grantedWithMods */
    cr_assert_not(rep.has_fail_info);
    cr_assert(rep.has_key_pair);
    cr_assert_gt(rep.certificate.len, 0);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 4.1.1 ip: "REQUIRED"
 * RFC 9483 4.1.1: "MUST contain a sequence of one CertResponse"
 * RFC 9483 4.1.1: "PKIStatusInfo structure MUST be present"
 * RFC 9483 4.1.1: "If the certificate request was rejected by the CA, the PKI management entity MUST
 * return an ip message containing the status code "rejection" as described in Section 3.6, and the
 * certifiedKeyPair field SHALL be omitted."
 * RFC 9483 4.1.1: "MUST be absent if status is "rejection""
 * RFC 9483 4.1.1: "MUST be absent in case of local key generation or "rejection"" */
Test(rfc9483_4_1_1, an_ip_that_rejects_has_its_fields)
{
    struct client *const clients[] = {&client, &mac};

    world->decide_refuses = 1;
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = world_send(world, client_request(clients[i], PKI_IR));
        struct raw_rep rep = raw_rep(&answer);
        cr_assert_eq(answer.body, PKI_IP);
        cr_assert_eq(rep.responses, 1);
        cr_assert_eq(rep.cert_req_id, 0);
        cr_assert_eq(rep.status, 2);
        cr_assert_not(rep.has_key_pair);
        cr_assert_not(rep.has_ca_pubs);
        answer_free(&answer);
    }
}

/* RFC 9483 4.1.1: "If used, it MUST contain only a trust anchor, e.g., root certificate, of the
 * certificate contained in certOrEncCert" */
Test(rfc9483_4_1_1, caPubs_holds_the_root_of_the_new_certificate_and_nothing_else)
{
    struct client *const clients[] = {&mac, &client};

    world->config.answer.ca_pubs = CONFIG_CA_PUBS_ALWAYS;
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = world_send(world, client_request(clients[i], PKI_IR));
        CBS cbs = cbs_of(answer.message.body), content, field, list, cert;
        cr_assert(CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) &&
                  CBS_get_asn1(&content, &field, field_tag | 1) &&
                  CBS_get_asn1(&field, &list, CBS_ASN1_SEQUENCE));
        cr_assert(CBS_get_asn1_element(&list, &cert, CBS_ASN1_SEQUENCE));
        cr_assert(bytes_equal(bytes_of_cbs(&cert), world->root.cert_der));
        cr_assert_eq(CBS_len(&list), 0);
        expect_certificate(&answer, PKI_IP);
    }
}

/* ---- confirmation ---- */

/* RFC 9483 4.1.1: "In such cases, when responding with an ip message, the PKI management entity MUST NOT
 * include the implicitConfirm extension." */
Test(rfc9483_4_1_1, where_confirmation_is_wanted_implicitConfirm_is_not_granted)
{
    world->config.confirm.implicit = 0;
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_not(answer.message.header.implicit_confirm);
    cr_assert_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_UNCONFIRMED);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 4.1.1: "In case the EE included the generalInfo field implicitConfirm in the request message
 * and the PKI management […] MUST include the generalInfo field implicitConfirm in the response message."
 * RFC 9810 5.1.1.1: "If the CA grants the request to the end entity, it MUST put the same extension in the
 * PKIHeader of the response." */
Test(rfc9483_4_1_1, where_it_is_not_wanted_implicitConfirm_is_granted_to_whoever_asks)
{
    client.header.implicit_confirm = 1;
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert(answer.message.header.implicit_confirm);
    cr_assert_eq(world_cert_of(world, answer.cert.serial)->status, STORE_CERT_VALID);
    expect_certificate(&answer, PKI_IP);

    client.transaction_id[0]++;
    client.header.implicit_confirm = 0;
    answer = world_send(world, client_request(&client, PKI_IR));
    cr_assert_not(answer.message.header.implicit_confirm);
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 4.1.1: "If the EE did not request implicit confirmation or implicit confirmation was not
 * granted by the PKI management entity, certificate confirmation MUST be performed as follows."
 * Until then the certificate counts for nothing. */
Test(rfc9483_4_1_1, without_implicitConfirm_a_certificate_is_good_after_its_certConf_only)
{
    struct answer answer = world_send(world, client_request(&client, PKI_IR));
    struct ctl_identity own = {.key = client.key, .cert_der = answer.cert.der, .cert = answer.cert};
    struct client next;

    client_init(&next, world, 0);
    client_sign_by(&next, &own, NULL, 0);
    struct answer refused = world_send(world, client_request(&next, PKI_CR));
    expect_error(&refused, PKI_SIGNER_NOT_TRUSTED);
    struct answer confirmed = world_send(world, client_confirm(&client, &answer, -1));
    expect_pkiconf(&confirmed);
    struct answer granted = world_send(world, client_request(&next, PKI_CR));
    expect_certificate(&granted, PKI_CP);
    client_cleanup(&next);
    answer_free(&answer);
}

/* RFC 9483 4.1: "The PKI management entity MUST then handle it as described in Section 5.1.2 and respond
 * with a confirmation, closing the PKI management operation."
 * RFC 9483 4.1.1: "On receiving a valid certConf message, the PKI management entity MUST respond with a
 * pkiConf message."
 * RFC 9483 4.1.1 pkiconf: "REQUIRED"
 * RFC 9483 4.1.1: "The content of this field MUST be NULL" */
Test(rfc9483_4_1_1, a_certConf_that_accepts_or_rejects_gets_a_pkiConf_of_NULL)
{
    struct client *const clients[] = {&client, &mac};

    for (size_t i = 0; i < 2; i++)
        for (int64_t status = -1; status <= PKI_REJECTION; status += 3) {
            clients[i]->transaction_id[0]++;
            clients[i]->header.recip_nonce = bytes_of(NULL, 0);
            struct answer first = world_send(world, client_request(clients[i], PKI_IR));
            struct answer answer = world_send(world, client_confirm(clients[i], &first, status));
            cr_assert_eq(answer.body, 19); /* pkiconf [19] PKIConfirmContent, RFC 9810 5.1.2 */
            cr_assert(bytes_equal(answer.message.body, hex(world->arena, "05 00")));
            cr_assert_eq(world_cert_of(world, first.cert.serial)->status,
                         status < 0 ? STORE_CERT_VALID : STORE_CERT_REVOKED);
            answer_free(&first);
            expect_pkiconf(&answer);
        }
}

/* RFC 9481 3.3: "Note: The hash algorithm used to calculate the certHash in certConf messages MUST be
 * SHA512 if the certificate to be confirmed has been signed using Ed25519 or SHAKE256 with d=512 if the
 * certificate to be confirmed has been signed using Ed448."
 * RFC 9810 5.3.18: "Otherwise, the certHash value SHALL be computed using the same hash algorithm as used
 * to create and verify the certificate signature or as specified for hashing certificates signed using
 * the signatureAlgorithm."
 * RFC 9483 4.1.1: "If the hashAlg field is not set, it MUST be the hash algorithm defined by the algorithm
 * identifier of the certificate signature or the dedicated hash algorithm defined in [RFC9481] for the
 * used certificate signature algorithm."
 * RFC 9481 3.3: for Ed25519 the hash is SHA-512; for ECDSA the one of the signature's algorithm. */
Test(rfc9483_4_1_1, certHash_is_of_the_digest_that_belongs_to_the_signature_of_the_certificate)
{
    static const struct {
        enum key_kind kind;
        enum digest_id right, wrong;
    } cases[] = {{KEY_P256, DIGEST_SHA256, DIGEST_SHA512},
                 {KEY_P384, DIGEST_SHA384, DIGEST_SHA256},
                 {KEY_P521, DIGEST_SHA512, DIGEST_SHA256},
                 {KEY_ED25519, DIGEST_SHA512, DIGEST_SHA256}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world *ours = world_new(cases[i].kind);
        for (int right = 0; right < 2; right++) {
            struct cert_status status = {.cert_req_id = 0};
            uint8_t hash[DIGEST_MAX];
            struct bytes body;
            struct client c;
            client_init(&c, ours, 0);
            struct answer first = world_send(ours, client_request(&c, PKI_IR));
            status.cert_hash =
                bytes_of(hash, digest_compute(hash, right ? cases[i].right : cases[i].wrong, first.cert.der));
            cr_assert(pki_encode_cert_conf(&body, ours->arena, &status));
            client_next(&c, &first);
            struct answer answer = world_send(ours, client_message(&c, PKI_CERTCONF, body));
            if (right)
                expect_pkiconf(&answer);
            else
                expect_error(&answer, PKI_BAD_CERT_ID);
            answer_free(&first);
            client_cleanup(&c);
        }
        world_free(ours);
    }
}

/* ---- what the server insists on in an ir ---- */

/* The ir of |client|, signed by it, with certTemplate |tmpl| and popo |popo| (NULL: a right POPOSigningKey).
 */
static struct bytes ir_with(struct bytes tmpl, const char *popo, const char *id)
{
    struct bytes request, body, signature;
    uint8_t room[SIGNATURE_MAX];
    const struct signature_algorithm *algorithm = signature_for_key(private_key_kind(client.key));
    struct signing item = {.algorithm = algorithm, .key = client.key, .signature = room};
    struct signing *items[] = {&item};
    CBB cbb, sequence, list, message;

    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(&request, world->arena, &cbb,
                         CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
                             der_add_bytes(&sequence, hex(world->arena, id)) &&
                             der_add_octets(&sequence, CBS_ASN1_SEQUENCE, tmpl)));
    if (popo == NULL) {
        item.message = request;
        sign_batch(items, 1);
        signature = bytes_of(room, item.signature_len);
        cr_assert(pki_encode_cert_requests(&body, world->arena, request, algorithm->encoded, signature));
    } else {
        cr_assert(CBB_init(&cbb, 256));
        cr_assert(der_finish(&body, world->arena, &cbb,
                             CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
                                 CBB_add_asn1(&list, &message, CBS_ASN1_SEQUENCE) &&
                                 der_add_bytes(&message, request) &&
                                 der_add_bytes(&message, hex(world->arena, popo))));
    }
    client.transaction_id[0]++;
    return client_message(&client, PKI_IR, body);
}

/* CertTemplate with |before| (hex), subject and publicKey of |client| as far as wanted. */
static struct bytes template(const char *before, int subject, int key)
{
    struct bytes out;
    CBS spki = cbs_of(private_key_spki(client.key)), content;
    CBB cbb;

    cr_assert(CBS_get_asn1(&spki, &content, CBS_ASN1_SEQUENCE));
    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(&out, world->arena, &cbb,
                         der_add_bytes(&cbb, hex(world->arena, before)) &&
                             (!subject || der_add_octets(&cbb, field_tag | 5, client.subject)) &&
                             (!key || der_add_octets(&cbb, field_tag | 6, bytes_of_cbs(&content)))));
    return out;
}

static void expect_refused(struct bytes request, enum pki_failure failure)
{
    struct answer answer = world_send(world, request);

    expect_refusal(&answer, PKI_IP, failure);
    cr_assert_eq(world->cert_count, 0);
}

/* RFC 4211 5: "MUST be 2 if supplied."
 * RFC 9483 5.1.1: "The PKI management entity MUST check the message body according to the applicable
 * requirements from Section 4.1."
 * RFC 9483 4.1.1 version: "MUST be 2 if supplied" */
Test(rfc9483_4_1_1, version_in_certTemplate_is_2)
{
    expect_refused(ir_with(template("80 01 00", 1, 1), NULL, "02 01 00"), PKI_BAD_CERT_TEMPLATE);
    expect_refused(ir_with(template("80 01 03", 1, 1), NULL, "02 01 00"), PKI_BAD_CERT_TEMPLATE);
    struct answer answer = world_send(world, ir_with(template("80 01 02", 1, 1), NULL, "02 01 00"));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 4211 5: "This field MUST be filled in if the requestor generates its own key."
 * RFC 9810 C.4: "MUST include subject public key value, otherwise unconstrained"
 * RFC 9483 4.1.1 publicKey: "MUST be present if local key generation is used"
 * RFC 9483 4.1: "The public key and the subject name identifying the EE MUST be present in the
 * certTemplate of the certificate request message."
 * Central key generation is not offered: every request has its key. */
Test(rfc9483_4_1_1, publicKey_is_in_certTemplate)
{
    expect_refused(ir_with(template("", 1, 0), NULL, "02 01 00"), PKI_BAD_CERT_TEMPLATE);
    struct answer answer = world_send(world, ir_with(template("", 1, 1), NULL, "02 01 00"));
    expect_certificate(&answer, PKI_IP);
}

/* RFC 9483 4.1: "The public key and the subject name identifying the EE MUST be present in the certTemplate
 * of the certificate request message."
 * RFC 9483 4.1.1: "The EE's identity MUST be carried in the subject field and/or the subjectAltName
 * extension."
 * RFC 9483 4.1.1: "If subject name is present only in the subjectAltName extension, then the subject field
 * MUST be NULL-DN"
 * RFC 9483 4.1.4: "The EE subject name MUST be carried in the subject field and/or the subjectAltName
 * extension."
 * Policy grants all of them here, as where a profile makes the names of the certificate. */
Test(rfc9483_4_1_1, to_the_letter_a_request_names_its_device)
{
    static const int bodies[] = {PKI_IR, PKI_CR, PKI_P10CR}, answers[] = {PKI_IP, PKI_CP, PKI_CP};
    const struct bytes none = {NULL, 0}, null_dn = hex(world->arena, "30 00"), name = client.subject,
                       san = hex(world->arena, "30 03 82 01 61");
    const struct {
        struct bytes subject, san;
        int good;
    } cases[] = {{none, none, 0}, {none, san, 0}, {null_dn, none, 0}, {null_dn, san, 1}, {name, none, 1}};
    struct client *const clients[] = {&client, &mac};

    for (int strict = 0; strict < 2; strict++)
        for (size_t who = 0; who < 2; who++)
            for (size_t body = 0; body < 3; body++)
                for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                    /* In PKCS #10 subject cannot be absent, and this client writes no subjectAltName. */
                    if (bodies[body] == PKI_P10CR && (cases[i].subject.len == 0 || cases[i].san.len != 0))
                        continue;
                    world->config.accept.header = strict ? CONFIG_HEADER_RFC9483 : CONFIG_HEADER_RFC9810;
                    clients[who]->transaction_id[0]++;
                    clients[who]->subject = cases[i].subject;
                    clients[who]->san = cases[i].san;
                    struct answer answer = world_send(world, client_request(clients[who], bodies[body]));
                    cr_assert_eq(answer.has_cert, !strict || cases[i].good, "strict %d, %s, case %zu", strict,
                                 pki_body_name(bodies[body]), i);
                    if (answer.has_cert)
                        expect_certificate(&answer, answers[body]);
                    else
                        expect_refusal(&answer, answers[body], PKI_BAD_CERT_TEMPLATE);
                }
}

/* RFC 4211 4: "A requestor MUST NOT set this field and an RA/CA MUST NOT accept a ProofOfPossession where
 * the requestor sets this field."
 * RFC 9810 4.3: "If a key can be used for multiple purposes […] unless archival of the private key is
 * explicitly desired)."
 * RFC 9810 5.2.8.1: "An end entity MUST NOT use raVerified."
 * RFC 9483 4.1.1 popo: "MUST be present if local key generation is used"
 * RFC 9483 4.1.1: "MUST be used by an EE if the key can be used for signing, and if used, it MUST have the
 * type POPOSigningKey" */
Test(rfc9483_4_1_1, popo_is_there_and_a_signature)
{
    expect_refused(ir_with(template("", 1, 1), "", "02 01 00"), PKI_BAD_POP);
    expect_refused(ir_with(template("", 1, 1), "80 00", "02 01 00"), PKI_NOT_AUTHORIZED); /* raVerified */
    expect_refused(ir_with(template("", 1, 1), "a2 03 81 01 00", "02 01 00"),
                   PKI_BAD_POP); /* keyEncipherment */
}

/* RFC 9483 4.1.1 poposkInput: "PROHIBITED"
 * RFC 9483 4.1.1: "MUST NOT be used; it is not needed because subject and publicKey are both present in
 * the certTemplate"
 * All that RFC 4211 4.1 wants of it is there: the name of who protects, the key, and a signature over it. */
Test(rfc9483_4_1_1, poposkInput_is_refused)
{
    const struct signature_algorithm *algorithm = signature_for_key(KEY_P256);
    struct bytes request = client_body(&client, PKI_IR), content, signed_part, body;
    struct cert_request parsed;
    const char *why;
    size_t count;
    CBB cbb, list, message, signing, input, sender, directory;

    cr_assert(pki_decode_cert_requests(&parsed, &count, world->arena, &why, request));
    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(&content, world->arena, &cbb,
                         CBB_add_asn1(&cbb, &sender, field_tag | 0) &&
                             CBB_add_asn1(&sender, &directory, field_tag | 4) &&
                             der_add_bytes(&directory, client.signer->cert.subject) && CBB_flush(&cbb) &&
                             der_add_bytes(&cbb, parsed.tmpl.spki)));
    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(&signed_part, world->arena, &cbb, der_add_octets(&cbb, CBS_ASN1_SEQUENCE, content)));
    cr_assert(CBB_init(&cbb, 256));
    cr_assert(der_finish(
        &body, world->arena, &cbb,
        CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&list, &message, CBS_ASN1_SEQUENCE) &&
            der_add_bytes(&message, parsed.pop_message) && CBB_add_asn1(&message, &signing, field_tag | 1) &&
            CBB_add_asn1(&signing, &input, field_tag | 0) && der_add_bytes(&input, content) &&
            CBB_flush(&signing) && der_add_bytes(&signing, algorithm->encoded) &&
            der_add_bit_string(&signing, client_signature(&client, client.key, algorithm, signed_part))));
    expect_refused(client_message(&client, PKI_IR, body), PKI_BAD_POP);
}

/* RFC 4211 C: "However, POP SHOULD still be done wherever feasible in this environment, by either
 * off-line or on-line means."
 * RFC 9810 4.3: "However, it is REQUIRED that CAs/RAs MUST enforce POP by some means […]"
 * RFC 9810 C.3: "However, this specification mandates that CA/RA entities MUST do POP (by some means) as
 * part of the certification process."
 * RFC 9483 5.1.1: "It MUST verify the presence and value of the proof-of-possession (failInfo bit:
 * badPOP) unless central key generation is requested."
 * RFC 9483 4.1.1: "The signature algorithm MUST be consistent with the publicKey algorithm field of the
 * certTemplate"
 * RFC 9483 4.1.1: "MUST contain the signature value computed over the DER-encoded certReq" */
Test(rfc9483_4_1_1, the_signature_of_popo_is_by_the_key_and_over_certReq)
{
    struct cert_request parsed, other = {.tmpl = {.version = -1}};
    struct bytes body, changed;
    const char *why;
    size_t count;

    cr_assert(pki_decode_cert_requests(&parsed, &count, world->arena, &why, client_body(&client, PKI_IR)));
    /* Ed25519, where the key is one of P-256 */
    cr_assert(pki_encode_cert_requests(&body, world->arena, parsed.pop_message,
                                       hex(world->arena, "30 05 06 03 2b 65 70"), parsed.pop_signature));
    expect_refused(client_message(&client, PKI_IR, body), PKI_BAD_POP);
    /* The signature over another certReq of the same key */
    other.tmpl.subject = world->device.cert.subject;
    other.tmpl.spki = private_key_spki(client.key);
    cr_assert(pki_encode_cert_request(&changed, world->arena, &other));
    cr_assert(
        pki_encode_cert_requests(&body, world->arena, changed, parsed.pop_algorithm, parsed.pop_signature));
    expect_refused(client_message(&client, PKI_IR, body), PKI_BAD_POP);
}

/* RFC 9483 4.1.1 ir.protection: "REQUIRED"
 * RFC 9483 4.1.1 certConf.protection: "REQUIRED" */
Test(rfc9483_4_1_1, ir_and_certConf_are_protected)
{
    struct answer first = world_send(world, client_request(&client, PKI_IR));
    struct bytes confirm = client_confirm(&client, &first, -1), part, message;
    struct pki_message parsed;

    cr_assert_eq(pki_message_decode(&parsed, NULL, confirm), PKI_WHOLE);
    cr_assert(pki_protected_part(&part, world->arena, &parsed));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), NULL, 0));
    struct answer answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    client.header.protection_alg = bytes_of(NULL, 0);
    cr_assert(pki_encode_protected_part(&part, world->arena, &client.header, PKI_CERTCONF, parsed.body));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), NULL, 0));
    answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
    cr_assert_eq(world_cert_of(world, first.cert.serial)->status, STORE_CERT_UNCONFIRMED);
    answer_free(&first);

    client.transaction_id[0]++;
    client.header.recip_nonce = bytes_of(NULL, 0);
    cr_assert(
        pki_encode_protected_part(&part, world->arena, &client.header, PKI_IR, client_body(&client, PKI_IR)));
    cr_assert(pki_encode_message(&message, world->arena, part, bytes_of(NULL, 0), client.extra_certs, 2));
    answer = world_send(world, message);
    expect_error(&answer, PKI_BAD_MESSAGE_CHECK);
}
