/* ocsp_response.c: responses of OCSP, written and read (RFC 6960 4.2). */
#include "crypto/certificate.h"
#include "crypto/ocsp_internal.h"

/* ---- written ---- */

/* RFC 6960 4.2.1: reason is left out where there is none to tell, as in CRLs (RFC 5280 5.3.1). */
static int add_revoked(CBB *single, const struct ocsp_single *plan)
{
    const uint8_t reason = (uint8_t)plan->reason;
    CBB revoked, tagged;

    if (!CBB_add_asn1(single, &revoked, OCSP_CONTEXT | OCSP_REVOKED) ||
        !der_add_generalized_time(&revoked, plan->revoked_at))
        return 0;
    return (reason == 0 || (CBB_add_asn1(&revoked, &tagged, OCSP_CONTEXT | 0) &&
                            der_add_octets(&tagged, CBS_ASN1_ENUMERATED, bytes_of(&reason, 1)))) &&
           CBB_flush(single);
}

static int add_status(CBB *single, const struct ocsp_single *plan)
{
    if (plan->status == OCSP_REVOKED)
        return add_revoked(single, plan);
    return der_add_octets(single, CBS_ASN1_CONTEXT_SPECIFIC | (CBS_ASN1_TAG)plan->status, bytes_of(NULL, 0));
}

static int add_archive_cutoff(CBB *single, int64_t at)
{
    CBB extensions, list, extension, value;

    return at == 0 || (CBB_add_asn1(single, &extensions, OCSP_CONTEXT | 1) &&
                       CBB_add_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) &&
                       CBB_add_asn1(&list, &extension, CBS_ASN1_SEQUENCE) &&
                       ocsp_add_oid(&extension, OCSP_ARCHIVE_CUTOFF) &&
                       CBB_add_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) &&
                       der_add_generalized_time(&value, at) && CBB_flush(single));
}

static int add_single(CBB *list, const struct ocsp_single *plan)
{
    CBB single, next_update;

    return CBB_add_asn1(list, &single, CBS_ASN1_SEQUENCE) && der_add_bytes(&single, plan->cert_id) &&
           add_status(&single, plan) && der_add_generalized_time(&single, plan->this_update) &&
           CBB_add_asn1(&single, &next_update, OCSP_CONTEXT | 0) &&
           der_add_generalized_time(&next_update, plan->next_update) && CBB_flush(&single) &&
           add_archive_cutoff(&single, plan->archive_cutoff) && CBB_flush(list);
}

static int add_singles(CBB *data, const struct ocsp_plan *plan)
{
    CBB list;

    if (!CBB_add_asn1(data, &list, CBS_ASN1_SEQUENCE))
        return 0;
    for (size_t i = 0; i < plan->count; i++)
        if (!add_single(&list, &plan->singles[i]))
            return 0;
    return CBB_flush(data);
}

static int add_extended_revoke(CBB *list)
{
    CBB extension, value;

    return CBB_add_asn1(list, &extension, CBS_ASN1_SEQUENCE) &&
           ocsp_add_oid(&extension, OCSP_EXTENDED_REVOKE) &&
           CBB_add_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) &&
           der_add_octets(&value, CBS_ASN1_NULL, bytes_of(NULL, 0)) && CBB_flush(list);
}

static int add_extensions(CBB *data, const struct ocsp_plan *plan)
{
    CBB extensions, list;

    return (plan->nonce.len == 0 && !plan->extended_revoke) ||
           (CBB_add_asn1(data, &extensions, OCSP_CONTEXT | 1) &&
            CBB_add_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) && ocsp_add_nonce(&list, plan->nonce) &&
            (!plan->extended_revoke || add_extended_revoke(&list)) && CBB_flush(data));
}

int ocsp_response_data(struct bytes *data_out, struct arena *arena, const struct ocsp_plan *plan)
{
    CBB cbb, data;
    int ok = CBB_init(&cbb, 512) && CBB_add_asn1(&cbb, &data, CBS_ASN1_SEQUENCE) &&
             der_add_bytes(&data, plan->responder_id) && der_add_generalized_time(&data, plan->produced_at) &&
             add_singles(&data, plan) && add_extensions(&data, plan);

    return der_finish(data_out, arena, &cbb, ok);
}

static int add_certificate(CBB *basic, struct bytes certificate)
{
    CBB certs, list;

    return CBB_add_asn1(basic, &certs, OCSP_CONTEXT | 0) && CBB_add_asn1(&certs, &list, CBS_ASN1_SEQUENCE) &&
           der_add_bytes(&list, certificate) && CBB_flush(basic);
}

int ocsp_response_assemble(struct bytes *der, struct arena *arena, struct bytes data,
                           const struct signature_algorithm *algorithm, struct bytes signature,
                           struct bytes certificate)
{
    const uint8_t status = OCSP_SUCCESSFUL;
    CBB cbb, outer, tagged, bytes, response, basic;
    int ok = CBB_init(&cbb, data.len + signature.len + certificate.len + 96) &&
             CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&outer, CBS_ASN1_ENUMERATED, bytes_of(&status, 1)) &&
             CBB_add_asn1(&outer, &tagged, OCSP_CONTEXT | 0) &&
             CBB_add_asn1(&tagged, &bytes, CBS_ASN1_SEQUENCE) && ocsp_add_oid(&bytes, OCSP_BASIC) &&
             CBB_add_asn1(&bytes, &response, CBS_ASN1_OCTETSTRING) &&
             CBB_add_asn1(&response, &basic, CBS_ASN1_SEQUENCE) && der_add_bytes(&basic, data) &&
             der_add_bytes(&basic, algorithm->encoded) && der_add_bit_string(&basic, signature) &&
             add_certificate(&basic, certificate);

    return der_finish(der, arena, &cbb, ok);
}

struct bytes ocsp_error(enum ocsp_status status)
{
#define ERROR(value) [value] = { 0x30, 0x03, 0x0a, 0x01, value }
    static const uint8_t errors[][5] = {ERROR(OCSP_MALFORMED_REQUEST), ERROR(OCSP_INTERNAL_ERROR),
                                        ERROR(OCSP_TRY_LATER), ERROR(OCSP_SIG_REQUIRED),
                                        ERROR(OCSP_UNAUTHORIZED)};
#undef ERROR

    return bytes_of(errors[status], sizeof errors[status]);
}

static int responder_id(struct bytes *out, struct arena *arena, CBS_ASN1_TAG tag, struct bytes element)
{
    CBB cbb, tagged;
    int ok = CBB_init(&cbb, element.len + 8) && CBB_add_asn1(&cbb, &tagged, OCSP_CONTEXT | tag) &&
             der_add_bytes(&tagged, element);

    return der_finish(out, arena, &cbb, ok);
}

int ocsp_responder_by_key(struct bytes *out, struct arena *arena, struct bytes spki)
{
    enum { KEY_HASH = 20 };
    uint8_t octets[2 + KEY_HASH] = {CBS_ASN1_OCTETSTRING, KEY_HASH};

    return spki_key_id(octets + 2, DIGEST_SHA1, spki) &&
           responder_id(out, arena, 2, bytes_of(octets, sizeof octets));
}

int ocsp_responder_by_name(struct bytes *out, struct arena *arena, struct bytes subject)
{
    return responder_id(out, arena, 1, subject);
}

/* ---- read ---- */

static int get_time(CBS *cbs, int64_t *out)
{
    return CBS_peek_asn1_tag(cbs, CBS_ASN1_GENERALIZEDTIME) && der_get_time(cbs, out);
}

static int read_revoked(struct ocsp_single *out, CBS revoked)
{
    CBS tagged, reason;
    int present;

    if (!get_time(&revoked, &out->revoked_at) ||
        !CBS_get_optional_asn1(&revoked, &tagged, &present, OCSP_CONTEXT | 0) || CBS_len(&revoked) != 0)
        return 0;
    if (!present)
        return 1;
    if (!CBS_get_asn1(&tagged, &reason, CBS_ASN1_ENUMERATED) || CBS_len(&tagged) != 0 ||
        CBS_len(&reason) != 1)
        return 0;
    out->reason = CBS_data(&reason)[0];
    return 1;
}

static int read_status(struct ocsp_single *out, CBS *single)
{
    CBS content;
    CBS_ASN1_TAG tag;

    if (!CBS_get_any_asn1(single, &content, &tag))
        return 0;
    switch (tag) {
    case CBS_ASN1_CONTEXT_SPECIFIC | OCSP_GOOD:
    case CBS_ASN1_CONTEXT_SPECIFIC | OCSP_UNKNOWN:
        out->status = (enum ocsp_cert_status)(tag & CBS_ASN1_TAG_NUMBER_MASK);
        return CBS_len(&content) == 0;
    case OCSP_CONTEXT | OCSP_REVOKED:
        out->status = OCSP_REVOKED;
        return read_revoked(out, content);
    default:
        return 0;
    }
}

static int read_single(struct ocsp_single *out, CBS *list)
{
    CBS single, next_update, extensions;
    struct ocsp_cert_id id;
    int present;

    *out = (struct ocsp_single){.status = OCSP_UNKNOWN};
    if (!CBS_get_asn1(list, &single, CBS_ASN1_SEQUENCE) || !ocsp_parse_cert_id(&id, &single) ||
        !read_status(out, &single) || !get_time(&single, &out->this_update) ||
        !CBS_get_optional_asn1(&single, &next_update, &present, OCSP_CONTEXT | 0) ||
        (present && (!get_time(&next_update, &out->next_update) || CBS_len(&next_update) != 0)) ||
        !CBS_get_optional_asn1(&single, &extensions, &present, OCSP_CONTEXT | 1) || CBS_len(&single) != 0)
        return 0;
    out->cert_id = id.der;
    return !present || ocsp_read_extensions(NULL, extensions);
}

static int read_singles(struct ocsp_response *out, CBS list)
{
    struct ocsp_single other;

    if (!read_single(&out->first, &list))
        return 0;
    while (CBS_len(&list) != 0)
        if (!read_single(&other, &list))
            return 0;
    return 1;
}

static int read_data(struct ocsp_response *out)
{
    CBS whole = cbs_of(out->data), data, responder, list, extensions;
    CBS_ASN1_TAG tag;
    int64_t produced_at;
    int present;

    return CBS_get_asn1(&whole, &data, CBS_ASN1_SEQUENCE) &&
           CBS_get_optional_asn1(&data, NULL, NULL, OCSP_CONTEXT | 0) &&
           CBS_get_any_asn1(&data, &responder, &tag) && get_time(&data, &produced_at) &&
           CBS_get_asn1(&data, &list, CBS_ASN1_SEQUENCE) &&
           CBS_get_optional_asn1(&data, &extensions, &present, OCSP_CONTEXT | 1) && CBS_len(&data) == 0 &&
           (!present || ocsp_read_extensions(&out->nonce, extensions)) && read_singles(out, list);
}

static int read_certificates(struct ocsp_response *out, CBS certs)
{
    CBS list, first;

    if (!CBS_get_asn1(&certs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&certs) != 0 ||
        !CBS_get_asn1_element(&list, &first, CBS_ASN1_SEQUENCE))
        return 0;
    out->certificate = bytes_of_cbs(&first);
    return 1;
}

static int read_basic(struct ocsp_response *out, CBS der)
{
    CBS basic, data, algorithm, signature, certs;
    int present;

    if (!CBS_get_asn1(&der, &basic, CBS_ASN1_SEQUENCE) || CBS_len(&der) != 0 ||
        !CBS_get_asn1_element(&basic, &data, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1_element(&basic, &algorithm, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&basic, &signature, CBS_ASN1_BITSTRING) || CBS_len(&signature) < 1 ||
        CBS_data(&signature)[0] != 0 || !CBS_get_optional_asn1(&basic, &certs, &present, OCSP_CONTEXT | 0) ||
        CBS_len(&basic) != 0)
        return 0;
    out->data = bytes_of_cbs(&data);
    out->algorithm = signature_parse(&algorithm);
    out->signature = bytes_of(CBS_data(&signature) + 1, CBS_len(&signature) - 1);
    return (!present || read_certificates(out, certs)) && read_data(out);
}

int ocsp_response_parse(struct ocsp_response *out, struct bytes der)
{
    CBS outer = cbs_of(der), sequence, status, tagged, bytes, type, response;

    *out = (struct ocsp_response){.status = OCSP_INTERNAL_ERROR};
    if (!CBS_get_asn1(&outer, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&outer) != 0 ||
        !CBS_get_asn1(&sequence, &status, CBS_ASN1_ENUMERATED) || CBS_len(&status) != 1)
        return 0;
    out->status = CBS_data(&status)[0];
    if (out->status != OCSP_SUCCESSFUL)
        return CBS_len(&sequence) == 0;
    return CBS_get_asn1(&sequence, &tagged, OCSP_CONTEXT | 0) && CBS_len(&sequence) == 0 &&
           CBS_get_asn1(&tagged, &bytes, CBS_ASN1_SEQUENCE) && CBS_len(&tagged) == 0 &&
           CBS_get_asn1(&bytes, &type, CBS_ASN1_OBJECT) && ocsp_is_oid(&type, OCSP_BASIC) &&
           CBS_get_asn1(&bytes, &response, CBS_ASN1_OCTETSTRING) && CBS_len(&bytes) == 0 &&
           read_basic(out, response);
}

int ocsp_may_respond(const struct certificate *cert, const struct certificate *ca)
{
    static const uint8_t ocsp_signing[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x09};

    return bytes_equal(cert->issuer, ca->subject) && cert->extended_key_usage.len != 0 &&
           certificate_has_purpose(cert, bytes_of(ocsp_signing, sizeof ocsp_signing));
}

int ocsp_response_is_of(const struct ocsp_response *response, const struct certificate *ca, int64_t now)
{
    struct certificate cert = *ca;

    if (response->certificate.len != 0 && !bytes_equal(response->certificate, ca->der) &&
        (!certificate_parse(&cert, response->certificate) || !ocsp_may_respond(&cert, ca) ||
         now < cert.not_before || now > cert.not_after ||
         !verify_signature(ca->spki, cert.algorithm, cert.tbs, cert.signature)))
        return 0;
    return verify_signature(cert.spki, response->algorithm, response->data, response->signature);
}
