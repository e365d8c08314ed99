/* CertConfirmContent. */
#include "server/pki/confirmation.h"

static const CBS_ASN1_TAG field_tag = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

int pki_decode_cert_conf(struct cert_status *out, size_t *count, struct bytes body)
{
    CBS cbs = cbs_of(body), list, entry, hash, status, field, element;
    int present;

    *count = 0;
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    for (; CBS_len(&list) != 0; (*count)++) {
        struct cert_status *item = &out[*count];
        if (*count == BOUND_SEVERAL)
            return 0;
        memset(item, 0, sizeof *item);
        if (!CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) ||
            !CBS_get_asn1(&entry, &hash, CBS_ASN1_OCTETSTRING) || !der_get_int64(&entry, &item->cert_req_id))
            return 0;
        item->cert_hash = bytes_of_cbs(&hash);
        item->has_status = CBS_peek_asn1_tag(&entry, CBS_ASN1_SEQUENCE);
        if (item->has_status && (!CBS_get_asn1_element(&entry, &status, CBS_ASN1_SEQUENCE) ||
                                 !pki_status_get(&status, &item->status)))
            return 0;
        if (!CBS_get_optional_asn1(&entry, &field, &present, field_tag | 0))
            return 0;
        if (present) {
            if (!CBS_get_asn1_element(&field, &element, CBS_ASN1_SEQUENCE) || CBS_len(&field) != 0)
                return 0;
            item->hash_alg = bytes_of_cbs(&element);
        }
        if (CBS_len(&entry) != 0)
            return 0;
    }
    return 1;
}

int pki_encode_cert_conf(struct bytes *out, struct arena *arena, const struct cert_status *status)
{
    CBB cbb, list, entry, field;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &entry, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&entry, CBS_ASN1_OCTETSTRING, status->cert_hash) &&
             der_add_int64(&entry, status->cert_req_id) &&
             (!status->has_status || pki_status_add(&entry, &status->status)) &&
             (status->hash_alg.len == 0 ||
              (CBB_add_asn1(&entry, &field, field_tag | 0) && der_add_bytes(&field, status->hash_alg)));

    return der_finish(out, arena, &cbb, ok);
}
