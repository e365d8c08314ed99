/* CertRepMessage and ErrorMsgContent. */
#include "server/pki/response.h"

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

int pki_decode_error(struct pki_status_info *out, struct bytes body)
{
    CBS cbs = cbs_of(body), content;
    int present;

    /* errorCode and errorDetails are an implementation's own: skipped. */
    return CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           pki_status_get(&content, out) &&
           CBS_get_optional_asn1(&content, NULL, &present, CBS_ASN1_INTEGER) &&
           CBS_get_optional_asn1(&content, NULL, &present, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0;
}

int pki_encode_error(struct bytes *out, struct arena *arena, const struct pki_status_info *status)
{
    CBB cbb, content;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
             pki_status_add(&content, status);

    return der_finish(out, arena, &cbb, ok);
}

int pki_encode_cert_rep(struct bytes *out, struct arena *arena, const struct bytes *ca_pubs,
                        size_t ca_pub_count, const struct cert_response *response)
{
    CBB cbb, content, field, list, entry, pair, choice;
    int ok =
        CBB_init(&cbb, response->certificate.len + 512) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE);

    if (ok && ca_pub_count != 0) {
        ok = CBB_add_asn1(&content, &field, field_tag | 1) && CBB_add_asn1(&field, &list, CBS_ASN1_SEQUENCE);
        for (size_t i = 0; ok && i < ca_pub_count; i++)
            ok = der_add_bytes(&list, ca_pubs[i]);
        ok = ok && CBB_flush(&content);
    }
    ok = ok && CBB_add_asn1(&content, &list, CBS_ASN1_SEQUENCE) &&
         CBB_add_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_add_int64(&entry, response->cert_req_id) &&
         pki_status_add(&entry, &response->status);
    /* CertifiedKeyPair { certOrEncCert certificate [0] } */
    if (ok && response->certificate.len != 0)
        ok = CBB_add_asn1(&entry, &pair, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&pair, &choice, field_tag | 0) &&
             der_add_bytes(&choice, response->certificate);
    return der_finish(out, arena, &cbb, ok);
}

int pki_decode_cert_rep(struct cert_response *out, struct bytes body)
{
    CBS cbs = cbs_of(body), content, list, entry, pair, choice, certificate;
    int present;

    *out = (struct cert_response){.cert_req_id = 0};
    if (!CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 ||
        !CBS_get_optional_asn1(&content, NULL, &present, field_tag | 1) ||
        !CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) || CBS_len(&content) != 0 ||
        !CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) || CBS_len(&list) != 0 ||
        !der_get_int64(&entry, &out->cert_req_id) || !pki_status_get(&entry, &out->status) ||
        !CBS_get_optional_asn1(&entry, &pair, &present, CBS_ASN1_SEQUENCE))
        return 0;
    if (!present)
        return 1;
    if (!CBS_get_asn1(&pair, &choice, field_tag | 0) ||
        !CBS_get_asn1_element(&choice, &certificate, CBS_ASN1_SEQUENCE) || CBS_len(&choice) != 0)
        return 0;
    out->certificate = bytes_of_cbs(&certificate);
    return 1;
}
