/* Requests for certificates: CRMF (RFC 4211; IMPLICIT TAGS, choices explicit) and PKCS #10 (RFC 2986). */
#include "server/pki/internal.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static const CBS_ASN1_TAG primitive = CBS_ASN1_CONTEXT_SPECIFIC;
static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

/* pkcs-9-at-extensionRequest, RFC 2985 5.4.2 */
static const struct bytes id_extension_request = BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");
/* id-regCtrl-oldCertID, RFC 4211 6.5 */
static const struct bytes id_old_cert_id = BYTES("\x2b\x06\x01\x05\x05\x07\x05\x01\x05");

static int fail(const char **why, const char *reason)
{
    *why = reason;
    return 0;
}

/* BIT STRING of whole octets. */
static int get_octets(struct bytes *out, CBS *cbs)
{
    CBS bits;
    uint8_t unused;

    if (!CBS_get_asn1(cbs, &bits, CBS_ASN1_BITSTRING) || !CBS_get_u8(&bits, &unused) || unused != 0)
        return 0;
    *out = bytes_of_cbs(&bits);
    return 1;
}

/* authInfo: sender [0] GeneralName, a CHOICE, hence explicit; or publicKeyMAC PKMACValue */
static int get_auth_info(struct pop_input *out, CBS *input)
{
    CBS sender, name, element, value, algorithm;
    CBS_ASN1_TAG tag;

    if (CBS_peek_asn1_tag(input, constructed | 0)) {
        if (!CBS_get_asn1(input, &sender, constructed | 0) || !CBS_get_any_asn1(&sender, &name, &tag) ||
            CBS_len(&sender) != 0)
            return 0;
        if (tag != (constructed | 4)) /* directoryName */
            return 1;
        if (!CBS_get_asn1_element(&name, &element, CBS_ASN1_SEQUENCE) || CBS_len(&name) != 0)
            return 0;
        out->sender_name = bytes_of_cbs(&element);
        return 1;
    }
    if (!CBS_get_asn1(input, &value, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&value, &algorithm, CBS_ASN1_SEQUENCE) || !get_octets(&out->mac, &value) ||
        CBS_len(&value) != 0)
        return 0;
    out->mac_alg = bytes_of_cbs(&algorithm);
    return 1;
}

/* POPOSigningKeyInput comes with the tag [0] in place of SEQUENCE (IMPLICIT); the signature is over its own
 * DER, as clients make it. */
static int get_pop_input(struct cert_request *out, struct arena *arena, CBS content)
{
    struct pop_input *input = &out->pop_input;
    CBS cbs = content, key;

    input->is_there = 1;
    if (!get_auth_info(input, &cbs) || !CBS_get_asn1_element(&cbs, &key, CBS_ASN1_SEQUENCE) ||
        CBS_len(&cbs) != 0)
        return 0;
    input->spki = bytes_of_cbs(&key);
    return pki_retag_sequence(&out->pop_message, arena, bytes_of_cbs(&content));
}

static int get_pop(struct cert_request *out, struct arena *arena, CBS *message)
{
    CBS signing, algorithm, input, ignored;
    int has_input;

    if (CBS_peek_asn1_tag(message, primitive | 0)) {
        out->pop = PKI_POP_RA_VERIFIED;
        return CBS_get_asn1(message, &ignored, primitive | 0) && CBS_len(&ignored) == 0;
    }
    if (CBS_peek_asn1_tag(message, constructed | 1)) {
        /* POPOSigningKey (RFC 4211 4.1) */
        out->pop = PKI_POP_SIGNATURE;
        if (!CBS_get_asn1(message, &signing, constructed | 1) ||
            !CBS_get_optional_asn1(&signing, &input, &has_input, constructed | 0) ||
            !CBS_get_asn1_element(&signing, &algorithm, CBS_ASN1_SEQUENCE) ||
            !get_octets(&out->pop_signature, &signing) || CBS_len(&signing) != 0)
            return 0;
        out->pop_algorithm = bytes_of_cbs(&algorithm);
        return !has_input || get_pop_input(out, arena, input);
    }
    if (CBS_peek_asn1_tag(message, constructed | 2) || CBS_peek_asn1_tag(message, constructed | 3)) {
        out->pop = PKI_POP_OTHER;
        return CBS_get_any_asn1(message, &ignored, NULL);
    }
    return 1;
}

static int get_cert_req_msg(struct cert_request *out, struct arena *arena, const char **why, CBS *list)
{
    CBS message, request_element, request, reg_info;
    int present;

    memset(out, 0, sizeof *out);
    if (!CBS_get_asn1(list, &message, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&message, &request_element, CBS_ASN1_SEQUENCE))
        return fail(why, "certReq is malformed");
    out->pop_message = bytes_of_cbs(&request_element);
    if (!CBS_get_asn1(&request_element, &request, CBS_ASN1_SEQUENCE))
        return fail(why, "certReq is malformed");
    if (!pki_get_cert_request(out, arena, why, request))
        return 0;
    if (!get_pop(out, arena, &message))
        return fail(why, "popo is malformed");
    if (!CBS_get_optional_asn1(&message, &reg_info, &present, CBS_ASN1_SEQUENCE) || CBS_len(&message) != 0)
        return fail(why, "regInfo is malformed");
    return !present || pki_get_reg_info(out, arena, why, reg_info);
}

int pki_decode_cert_requests(struct cert_request *out, size_t *count, struct arena *arena, const char **why,
                             struct bytes body)
{
    CBS cbs = cbs_of(body), list;

    *count = 0;
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 || CBS_len(&list) == 0)
        return fail(why, "CertReqMessages is malformed or empty");
    if (!get_cert_req_msg(out, arena, why, &list))
        return 0;
    for (*count = 1; CBS_len(&list) != 0; (*count)++)
        if (!CBS_get_asn1(&list, NULL, CBS_ASN1_SEQUENCE))
            return fail(why, "CertReqMessages is malformed");
    return 1;
}

int pki_peek_cert_req_id(int64_t *out, struct bytes body)
{
    CBS cbs = cbs_of(body), list, message, request;

    return CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) && CBS_get_asn1(&list, &message, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&message, &request, CBS_ASN1_SEQUENCE) && der_get_int64(&request, out);
}

static int get_attributes(struct cert_request *out, CBS attributes)
{
    CBS attribute, oid, values, extensions;

    while (CBS_len(&attributes) != 0) {
        if (!CBS_get_asn1(&attributes, &attribute, CBS_ASN1_SEQUENCE) ||
            !CBS_get_asn1(&attribute, &oid, CBS_ASN1_OBJECT) ||
            !CBS_get_asn1(&attribute, &values, CBS_ASN1_SET) || CBS_len(&attribute) != 0)
            return 0;
        if (!bytes_equal(bytes_of_cbs(&oid), id_extension_request))
            continue;
        if (!CBS_get_asn1(&values, &extensions, CBS_ASN1_SEQUENCE) || CBS_len(&values) != 0 ||
            !pki_get_extensions(&out->tmpl, extensions))
            return 0;
    }
    return 1;
}

int pki_decode_pkcs10(struct cert_request *out, struct arena *arena, const char **why, struct bytes body)
{
    CBS cbs = cbs_of(body), request, info_element, info, algorithm, signature, name, spki, attributes;
    int64_t version;
    int present;

    (void)arena;
    memset(out, 0, sizeof *out);
    out->cert_req_id = -1; /* RFC 9483 4.1.4 */
    out->tmpl.version = -1;
    if (!CBS_get_asn1(&cbs, &request, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 ||
        !CBS_get_asn1_element(&request, &info_element, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&request, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&request, &signature, CBS_ASN1_BITSTRING) || CBS_len(&request) != 0 ||
        CBS_len(&signature) < 1 || CBS_data(&signature)[0] != 0)
        return fail(why, "CertificationRequest is malformed");
    out->pop = PKI_POP_SIGNATURE;
    out->pop_message = bytes_of_cbs(&info_element);
    out->pop_algorithm = bytes_of_cbs(&algorithm);
    out->pop_signature = bytes_of(CBS_data(&signature) + 1, CBS_len(&signature) - 1);
    if (!CBS_get_asn1(&info_element, &info, CBS_ASN1_SEQUENCE) || !der_get_int64(&info, &version) ||
        !CBS_get_asn1_element(&info, &name, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&info, &spki, CBS_ASN1_SEQUENCE) ||
        !CBS_get_optional_asn1(&info, &attributes, &present, constructed | 0) || CBS_len(&info) != 0)
        return fail(why, "certificationRequestInfo is malformed");
    if (version != 0)
        return fail(why, "the version of certificationRequestInfo is not 0");
    out->tmpl.subject = bytes_of_cbs(&name);
    out->tmpl.spki = bytes_of_cbs(&spki);
    if (present && !get_attributes(out, attributes))
        return fail(why, out->tmpl.malformed_san ? pki_malformed_san
                                                 : "attributes of certificationRequestInfo are malformed");
    return 1;
}

/* ---- for clients ---- */

static int add_old_cert_id(CBB *request, const struct cert_request *in)
{
    CBB controls, control, id, name;

    return in->old_cert_issuer.len == 0 ||
           (CBB_add_asn1(request, &controls, CBS_ASN1_SEQUENCE) &&
            CBB_add_asn1(&controls, &control, CBS_ASN1_SEQUENCE) && der_add_oid(&control, id_old_cert_id) &&
            CBB_add_asn1(&control, &id, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&id, &name, constructed | 4) &&
            der_add_bytes(&name, in->old_cert_issuer) && CBB_flush(&id) &&
            der_add_octets(&id, CBS_ASN1_INTEGER, in->old_cert_serial) && CBB_flush(request));
}

int pki_encode_cert_request(struct bytes *out, struct arena *arena, const struct cert_request *request)
{
    CBB cbb, sequence;
    int ok = CBB_init(&cbb, 512) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_int64(&sequence, request->cert_req_id) && pki_add_template(&sequence, &request->tmpl) &&
             add_old_cert_id(&sequence, request);

    return der_finish(out, arena, &cbb, ok);
}

int pki_encode_cert_requests(struct bytes *out, struct arena *arena, struct bytes cert_request,
                             struct bytes algorithm, struct bytes signature)
{
    CBB cbb, list, message, signing;
    int ok = CBB_init(&cbb, cert_request.len + 256) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &message, CBS_ASN1_SEQUENCE) && der_add_bytes(&message, cert_request) &&
             CBB_add_asn1(&message, &signing, constructed | 1) && der_add_bytes(&signing, algorithm) &&
             der_add_bit_string(&signing, signature);

    return der_finish(out, arena, &cbb, ok);
}
