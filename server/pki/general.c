/* general.c: see general.h. Types of CMP have EXPLICIT TAGS (RFC 9810 Appendix F), those of X.509 that they
 * hold IMPLICIT ones. */
#include "server/pki/general.h"

#include "server/pki/internal.h"

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

/* ---- infoType ---- */

static const uint8_t id_it[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x04}; /* 1.3.6.1.5.5.7.4 */

int pki_info_of(struct bytes oid)
{
    int is_below = oid.len == sizeof id_it + 1 && memcmp(oid.data, id_it, sizeof id_it) == 0;

    return is_below && oid.data[sizeof id_it] < 0x80 ? oid.data[sizeof id_it] : PKI_INFO_OTHER;
}

int pki_add_info_type(CBB *cbb, enum pki_info number)
{
    CBB oid;

    return CBB_add_asn1(cbb, &oid, CBS_ASN1_OBJECT) && CBB_add_bytes(&oid, id_it, sizeof id_it) &&
           CBB_add_u8(&oid, (uint8_t)number) && CBB_flush(cbb);
}

/* ---- the body ---- */

static int get_info(struct general_info *out, CBS *list)
{
    CBS info, oid, value;

    *out = (struct general_info){.number = PKI_INFO_OTHER};
    if (!CBS_get_asn1(list, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&info, &oid, CBS_ASN1_OBJECT))
        return 0;
    out->type = bytes_of_cbs(&oid);
    out->number = pki_info_of(out->type);
    if (CBS_len(&info) == 0)
        return 1;
    if (!CBS_get_any_asn1_element(&info, &value, NULL, NULL) || CBS_len(&info) != 0)
        return 0;
    out->value = bytes_of_cbs(&value);
    return 1;
}

int pki_decode_general(struct general_info out[BOUND_GENERAL_INFO], size_t *count, const char **why,
                       struct bytes body)
{
    CBS cbs = cbs_of(body), list;

    *count = 0;
    *why = "GenMsgContent is malformed";
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    while (CBS_len(&list) != 0) {
        if (*count == BOUND_GENERAL_INFO) {
            *why = "GenMsgContent has too many entries";
            return 0;
        }
        if (!get_info(&out[(*count)++], &list))
            return 0;
    }
    return 1;
}

static int add_info(CBB *list, const struct general_info *in)
{
    CBB info;

    return CBB_add_asn1(list, &info, CBS_ASN1_SEQUENCE) &&
           (in->number != PKI_INFO_OTHER ? pki_add_info_type(&info, (enum pki_info)in->number)
                                         : der_add_oid(&info, in->type)) &&
           der_add_bytes(&info, in->value) && CBB_flush(list);
}

int pki_encode_general(struct bytes *out, struct arena *arena, const struct general_info *infos, size_t count)
{
    CBB cbb, list;
    size_t len = 64;

    for (size_t i = 0; i < count; i++)
        len += infos[i].value.len + 32;
    int ok = CBB_init(&cbb, len) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; ok && i < count; i++)
        ok = add_info(&list, &infos[i]);
    return der_finish(out, arena, &cbb, ok);
}

/* ---- values ---- */

int pki_encode_sequence(struct bytes *out, struct arena *arena, const struct bytes *elements, size_t count)
{
    CBB cbb, list;
    size_t len = 16;

    for (size_t i = 0; i < count; i++)
        len += elements[i].len;
    int ok = CBB_init(&cbb, len) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; ok && i < count; i++)
        ok = der_add_bytes(&list, elements[i]);
    return der_finish(out, arena, &cbb, ok);
}

static int add_certificate(CBB *content, unsigned number, struct bytes certificate)
{
    CBB field;

    return certificate.len == 0 || (CBB_add_asn1(content, &field, field_tag | number) &&
                                    der_add_bytes(&field, certificate) && CBB_flush(content));
}

int pki_encode_root_update(struct bytes *out, struct arena *arena, const struct root_update *update)
{
    CBB cbb, content;
    int ok = CBB_init(&cbb, 2048) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
             der_add_bytes(&content, update->new_with_new) &&
             add_certificate(&content, 0, update->new_with_old) &&
             add_certificate(&content, 1, update->old_with_new);

    return der_finish(out, arena, &cbb, ok);
}

int pki_key_algorithm(struct bytes *out, struct arena *arena, const struct key_algorithm *algorithm)
{
    CBB cbb, content;
    int ok = CBB_init(&cbb, 32) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&content, algorithm->oid);

    if (ok && algorithm->curve.len != 0)
        ok = der_add_oid(&content, algorithm->curve);
    else if (ok && algorithm->kind == KEY_RSA)
        ok = der_add_octets(&content, CBS_ASN1_NULL, bytes_of(NULL, 0));
    return der_finish(out, arena, &cbb, ok);
}

/* id-regCtrl-algId and id-regCtrl-rsaKeyLen: 1.3.6.1.5.5.7.5.1.11 and .12 */
static const uint8_t id_alg_id[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x05, 0x01, 0x0b};
static const uint8_t id_rsa_key_len[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x05, 0x01, 0x0c};

static int add_key_spec(CBB *content, const struct key_spec *keys)
{
    CBB list, control;

    if (keys->algorithm_count + keys->rsa_count == 0)
        return 1;
    if (!CBB_add_asn1(content, &list, CBS_ASN1_SEQUENCE))
        return 0;
    for (size_t i = 0; i < keys->algorithm_count; i++)
        if (!CBB_add_asn1(&list, &control, CBS_ASN1_SEQUENCE) ||
            !der_add_oid(&control, bytes_of(id_alg_id, sizeof id_alg_id)) ||
            !der_add_bytes(&control, keys->algorithms[i]))
            return 0;
    for (size_t i = 0; i < keys->rsa_count; i++)
        if (!CBB_add_asn1(&list, &control, CBS_ASN1_SEQUENCE) ||
            !der_add_oid(&control, bytes_of(id_rsa_key_len, sizeof id_rsa_key_len)) ||
            !der_add_int64(&control, keys->rsa_bits[i]))
            return 0;
    return CBB_flush(content);
}

int pki_encode_request_template(struct bytes *out, struct arena *arena, const struct cert_template *tmpl,
                                const struct key_spec *keys)
{
    CBB cbb, content;
    int ok = CBB_init(&cbb, 512) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
             pki_add_template(&content, tmpl) && add_key_spec(&content, keys);

    return der_finish(out, arena, &cbb, ok);
}

/* CRLSource ::= CHOICE { dpn [0] DistributionPointName, issuer [1] GeneralNames }; both choices of
 * DistributionPointName have tags of their own (RFC 5280 4.2.1.13). */
static int get_source(struct crl_status *out, CBS *status)
{
    CBS field, names;
    int is_point;

    if (!CBS_get_optional_asn1(status, &field, &is_point, field_tag | 0) ||
        (!is_point && !CBS_get_asn1(status, &field, field_tag | 1)))
        return 0;
    out->is_point = is_point;
    if (is_point && CBS_peek_asn1_tag(&field, field_tag | 1))
        return CBS_get_asn1(&field, NULL, field_tag | 1) && CBS_len(&field) == 0;
    if (!CBS_get_asn1(&field, &names, is_point ? field_tag | 0 : CBS_ASN1_SEQUENCE) || CBS_len(&names) == 0 ||
        CBS_len(&field) != 0)
        return 0;
    out->names = bytes_of_cbs(&names);
    return 1;
}

static int get_status(struct crl_status *out, CBS *list)
{
    CBS status;

    *out = (struct crl_status){.this_update = CRL_STATUS_NO_TIME};
    if (!CBS_get_asn1(list, &status, CBS_ASN1_SEQUENCE) || !get_source(out, &status))
        return 0;
    return CBS_len(&status) == 0 || (der_get_time(&status, &out->this_update) && CBS_len(&status) == 0);
}

int pki_decode_crl_statuses(struct crl_status out[BOUND_CRL_SOURCES], size_t *count, struct bytes value)
{
    CBS cbs = cbs_of(value), list;
    struct crl_status beyond;

    *count = 0;
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    while (CBS_len(&list) != 0) {
        if (!get_status(*count < BOUND_CRL_SOURCES ? &out[*count] : &beyond, &list))
            return 0;
        ++*count;
    }
    return *count != 0;
}

int pki_decode_texts(CBS *list, size_t *count, struct bytes value)
{
    CBS cbs = cbs_of(value), rest;

    *count = 0;
    if (!CBS_get_asn1(&cbs, list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    for (rest = *list; CBS_len(&rest) != 0; ++*count)
        if (!CBS_get_asn1(&rest, NULL, CBS_ASN1_UTF8STRING))
            return 0;
    return *count != 0;
}

struct bytes pki_nth_text(CBS list, size_t n)
{
    CBS text;

    for (size_t i = 0; CBS_get_asn1(&list, &text, CBS_ASN1_UTF8STRING); i++)
        if (i == n)
            return bytes_of_cbs(&text);
    return bytes_of(NULL, 0);
}

int pki_encode_text(struct bytes *out, struct arena *arena, struct bytes text)
{
    CBB cbb, list;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&list, CBS_ASN1_UTF8STRING, text);

    return der_finish(out, arena, &cbb, ok);
}
