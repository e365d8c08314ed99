/* announcement.c: see announcement.h. */
#include "server/pki/announcement.h"

#include "server/pki/internal.h"

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

int pki_announcement_body(enum pki_announcement kind)
{
    static const enum pki_body bodies[PKI_ANNOUNCEMENTS] = {
        [PKI_ANNOUNCES_ROOT] = PKI_CKUANN,
        [PKI_ANNOUNCES_CERTIFICATE] = PKI_CANN,
        [PKI_ANNOUNCES_REVOCATION] = PKI_RANN,
        [PKI_ANNOUNCES_CRL] = PKI_CRLANN,
    };

    return bodies[kind];
}

int64_t pki_announcement_version(enum pki_announcement kind)
{
    return kind == PKI_ANNOUNCES_ROOT ? PKI_CMP2021 : PKI_CMP2000;
}

/* ---- ckuann ---- */

static int get_certificate(CBS *list, struct bytes *out)
{
    CBS element;

    if (!CBS_get_asn1_element(list, &element, CBS_ASN1_SEQUENCE))
        return 0;
    *out = bytes_of_cbs(&element);
    return 1;
}

static int get_field(CBS *list, unsigned number, struct bytes *out)
{
    CBS field;
    int present;

    return CBS_get_optional_asn1(list, &field, &present, field_tag | number) &&
           (!present || (get_certificate(&field, out) && CBS_len(&field) == 0));
}

int pki_decode_key_update(struct key_update *out, struct bytes body)
{
    CBS cbs = cbs_of(body), field, content;

    *out = (struct key_update){.is_v3 = CBS_peek_asn1_tag(&cbs, field_tag | 0)};
    if (!out->is_v3)
        return CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
               get_certificate(&content, &out->certs.old_with_new) &&
               get_certificate(&content, &out->certs.new_with_old) &&
               get_certificate(&content, &out->certs.new_with_new) && CBS_len(&content) == 0;
    return CBS_get_asn1(&cbs, &field, field_tag | 0) && CBS_len(&cbs) == 0 &&
           CBS_get_asn1(&field, &content, CBS_ASN1_SEQUENCE) && CBS_len(&field) == 0 &&
           get_certificate(&content, &out->certs.new_with_new) &&
           get_field(&content, 0, &out->certs.new_with_old) &&
           get_field(&content, 1, &out->certs.old_with_new) && CBS_len(&content) == 0;
}

int pki_encode_key_update(struct bytes *out, struct arena *arena, const struct root_update *certs)
{
    struct bytes content;
    CBB cbb, field;

    return pki_encode_root_update(&content, arena, certs) &&
           der_finish(out, arena, &cbb,
                      CBB_init(&cbb, content.len + 8) && CBB_add_asn1(&cbb, &field, field_tag | 0) &&
                          der_add_bytes(&field, content));
}

/* ---- rann ---- */

static int get_time(CBS *notice, int64_t *out)
{
    CBS time;

    return CBS_get_asn1(notice, &time, CBS_ASN1_GENERALIZEDTIME) &&
           der_parse_generalized_time(bytes_of_cbs(&time), out);
}

int pki_decode_revocation_notice(struct revocation_notice *out, struct bytes body)
{
    CBS cbs = cbs_of(body), notice, extensions;
    int present, unknown_critical;

    *out = (struct revocation_notice){.reason = -1};
    return CBS_get_asn1(&cbs, &notice, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           der_get_int64(&notice, &out->status) &&
           pki_get_cert_id(&notice, &out->issuer, &out->issuer_name, &out->serial) &&
           get_time(&notice, &out->revoked_at) && get_time(&notice, &out->bad_since) &&
           CBS_get_optional_asn1(&notice, &extensions, &present, CBS_ASN1_SEQUENCE) &&
           CBS_len(&notice) == 0 &&
           (!present || pki_get_entry_details(&out->has_reason, &out->reason, &unknown_critical, extensions));
}

int pki_encode_revocation_notice(struct bytes *out, struct arena *arena,
                                 const struct revocation_notice *notice)
{
    struct bytes issuer;
    CBB cbb, content, id, extensions;
    int ok = pki_directory_name(&issuer, arena, notice->issuer_name);

    if (!ok)
        return 0;
    ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
         der_add_int64(&content, notice->status) && CBB_add_asn1(&content, &id, CBS_ASN1_SEQUENCE) &&
         der_add_bytes(&id, issuer) && der_add_uint(&id, notice->serial) && CBB_flush(&content) &&
         der_add_generalized_time(&content, notice->revoked_at) &&
         der_add_generalized_time(&content, notice->bad_since) &&
         (!notice->has_reason || (CBB_add_asn1(&content, &extensions, CBS_ASN1_SEQUENCE) &&
                                  pki_add_reason(&extensions, notice->reason)));
    return der_finish(out, arena, &cbb, ok);
}

/* ---- crlann ---- */

int pki_decode_crls(struct bytes out[BOUND_ANNOUNCED_CRLS], size_t *count, struct bytes body)
{
    CBS cbs = cbs_of(body), list, element;

    *count = 0;
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    for (; CBS_len(&list) != 0; ++*count) {
        if (*count == BOUND_ANNOUNCED_CRLS || !CBS_get_asn1_element(&list, &element, CBS_ASN1_SEQUENCE))
            return 0;
        out[*count] = bytes_of_cbs(&element);
    }
    return *count != 0;
}
