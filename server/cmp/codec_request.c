/* Requests for certificates: CRMF (RFC 4211; IMPLICIT TAGS, choices explicit) and PKCS #10 (RFC 2986). */
#include "server/cmp/codec.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static const CBS_ASN1_TAG primitive = CBS_ASN1_CONTEXT_SPECIFIC;
static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

/* pkcs-9-at-extensionRequest, RFC 2985 5.4.2 */
static const struct bytes id_extension_request = BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x0e");
/* id-ce-subjectAltName, RFC 5280 4.2.1.6 */
static const struct bytes id_subject_alt_name = BYTES("\x55\x1d\x11");

static int fail(const char **why, const char *reason)
{
    *why = reason;
    return 0;
}

/* GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName (RFC 5280 4.2.1.6), each with a tag of its form: the
 * value goes into a certificate as it is, so it must be DER itself. */
static int is_general_names(struct bytes value)
{
    enum { CONSTRUCTED_FORMS = 1 << 0 | 1 << 3 | 1 << 4 | 1 << 5, LAST_FORM = 8 };
    CBS cbs = cbs_of(value), names, name;
    CBS_ASN1_TAG tag;

    if (!der_is_strict(NULL, NULL, value, BOUND_DER_DEPTH) ||
        !CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE) || CBS_len(&names) == 0)
        return 0;
    while (CBS_len(&names) != 0) {
        if (!CBS_get_any_asn1(&names, &name, &tag) ||
            (tag & CBS_ASN1_CLASS_MASK) != CBS_ASN1_CONTEXT_SPECIFIC ||
            (tag & CBS_ASN1_TAG_NUMBER_MASK) > LAST_FORM ||
            ((tag & CBS_ASN1_CONSTRUCTED) != 0) !=
                (CONSTRUCTED_FORMS >> (tag & CBS_ASN1_TAG_NUMBER_MASK) & 1))
            return 0;
    }
    return 1;
}

/* Extensions: only those that a profile may take from a request are kept. |list| is the content of the
 * SEQUENCE. */
static int get_extensions(struct cert_request *out, CBS list)
{
    CBS extension, oid, value;
    int critical;

    for (unsigned i = 0; CBS_len(&list) != 0; i++) {
        if (i == BOUND_EXTENSIONS || !CBS_get_asn1(&list, &extension, CBS_ASN1_SEQUENCE) ||
            !CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT) ||
            (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN) && !CBS_get_asn1_bool(&extension, &critical)) ||
            !CBS_get_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) || CBS_len(&extension) != 0)
            return 0;
        if (bytes_equal(bytes_of_cbs(&oid), id_subject_alt_name)) {
            /* RFC 5280 4.2: one instance of a particular extension */
            if (out->san.len != 0 || !is_general_names(bytes_of_cbs(&value)))
                return 0;
            out->san = bytes_of_cbs(&value);
        }
    }
    return 1;
}

/* SubjectPublicKeyInfo comes with the tag [6] in place of SEQUENCE (IMPLICIT): rebuilt with its own. */
static int retag_sequence(struct bytes *out, struct arena *arena, struct bytes content)
{
    CBB cbb;
    int ok = CBB_init(&cbb, content.len + 8) && der_add_octets(&cbb, CBS_ASN1_SEQUENCE, content);

    return der_finish(out, arena, &cbb, ok);
}

/* CertTemplate (RFC 4211 section 5): ten optional fields in order. */
static int get_template(struct cert_request *out, struct arena *arena, CBS tmpl)
{
    CBS field, name;
    int present, ignored;
    uint8_t version_fault = 0;

    out->template_version = -1;
    if (!CBS_get_optional_asn1(&tmpl, &field, &present, primitive | 0))
        return 0;
    if (present) {
        version_fault = CBS_len(&field) != 1;
        out->template_version = version_fault ? 0 : CBS_data(&field)[0];
    }
    if (!CBS_get_optional_asn1(&tmpl, NULL, &out->has_serial, primitive | 1) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &ignored, constructed | 2) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &out->has_issuer, constructed | 3) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &out->has_validity, constructed | 4) ||
        !CBS_get_optional_asn1(&tmpl, &field, &present, constructed | 5))
        return 0;
    if (present) {
        if (!CBS_get_asn1_element(&field, &name, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0)
            return 0;
        out->subject = bytes_of_cbs(&name);
    }
    if (!CBS_get_optional_asn1(&tmpl, &field, &present, constructed | 6) ||
        (present && !retag_sequence(&out->spki, arena, bytes_of_cbs(&field))) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &ignored, primitive | 7) ||
        !CBS_get_optional_asn1(&tmpl, NULL, &ignored, primitive | 8) ||
        !CBS_get_optional_asn1(&tmpl, &field, &present, constructed | 9))
        return 0;
    return (!present || get_extensions(out, field)) && CBS_len(&tmpl) == 0;
}

static int get_pop(struct cert_request *out, CBS *message)
{
    CBS signing, algorithm, signature, ignored;

    if (CBS_peek_asn1_tag(message, primitive | 0)) {
        out->pop = PKI_POP_RA_VERIFIED;
        return CBS_get_asn1(message, NULL, primitive | 0);
    }
    if (CBS_peek_asn1_tag(message, constructed | 1)) {
        /* POPOSigningKey (RFC 4211 4.1) */
        out->pop = PKI_POP_SIGNATURE;
        if (!CBS_get_asn1(message, &signing, constructed | 1) ||
            !CBS_get_optional_asn1(&signing, NULL, &out->pop_has_input, constructed | 0) ||
            !CBS_get_asn1_element(&signing, &algorithm, CBS_ASN1_SEQUENCE) ||
            !CBS_get_asn1(&signing, &signature, CBS_ASN1_BITSTRING) || CBS_len(&signing) != 0 ||
            CBS_len(&signature) < 1 || CBS_data(&signature)[0] != 0)
            return 0;
        out->pop_algorithm = bytes_of_cbs(&algorithm);
        out->pop_signature = bytes_of(CBS_data(&signature) + 1, CBS_len(&signature) - 1);
        return 1;
    }
    if (CBS_peek_asn1_tag(message, constructed | 2) || CBS_peek_asn1_tag(message, constructed | 3)) {
        out->pop = PKI_POP_OTHER;
        return CBS_get_any_asn1(message, &ignored, NULL);
    }
    return 1;
}

static int get_cert_req_msg(struct cert_request *out, struct arena *arena, const char **why, CBS *list)
{
    CBS message, request_element, request, tmpl;

    memset(out, 0, sizeof *out);
    if (!CBS_get_asn1(list, &message, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&message, &request_element, CBS_ASN1_SEQUENCE))
        return fail(why, "certReq is malformed");
    out->pop_message = bytes_of_cbs(&request_element);
    if (!CBS_get_asn1(&request_element, &request, CBS_ASN1_SEQUENCE) ||
        !der_get_int64(&request, &out->cert_req_id))
        return fail(why, "certReqId is malformed");
    if (!CBS_get_asn1(&request, &tmpl, CBS_ASN1_SEQUENCE) || !get_template(out, arena, tmpl))
        return fail(why, "certTemplate is malformed");
    if (!CBS_get_optional_asn1(&request, NULL, &out->has_controls, CBS_ASN1_SEQUENCE) ||
        CBS_len(&request) != 0)
        return fail(why, "controls are malformed");
    if (!get_pop(out, &message))
        return fail(why, "popo is malformed");
    if (!CBS_get_optional_asn1(&message, NULL, NULL, CBS_ASN1_SEQUENCE) || CBS_len(&message) != 0)
        return fail(why, "regInfo is malformed");
    return 1;
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
            !get_extensions(out, extensions))
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
    out->template_version = -1;
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
    out->subject = bytes_of_cbs(&name);
    out->spki = bytes_of_cbs(&spki);
    if (present && !get_attributes(out, attributes))
        return fail(why, "attributes of certificationRequestInfo are malformed");
    return 1;
}

/* ---- for clients ---- */

int pki_encode_cert_request(struct bytes *out, struct arena *arena, int64_t cert_req_id, struct bytes subject,
                            struct bytes spki, struct bytes san)
{
    CBS spki_cbs = cbs_of(spki), spki_content;
    CBB cbb, request, tmpl, field, extension;
    int ok = CBS_get_asn1(&spki_cbs, &spki_content, CBS_ASN1_SEQUENCE) && CBB_init(&cbb, 512);

    if (!ok)
        return 0;
    ok = CBB_add_asn1(&cbb, &request, CBS_ASN1_SEQUENCE) && der_add_int64(&request, cert_req_id) &&
         CBB_add_asn1(&request, &tmpl, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&tmpl, &field, constructed | 5) &&
         der_add_bytes(&field, subject) && CBB_flush(&tmpl) &&
         der_add_octets(&tmpl, constructed | 6, bytes_of_cbs(&spki_content));
    if (ok && san.len != 0)
        ok = CBB_add_asn1(&tmpl, &field, constructed | 9) &&
             CBB_add_asn1(&field, &extension, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&extension, id_subject_alt_name) &&
             der_add_octets(&extension, CBS_ASN1_OCTETSTRING, san);
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
