/* polling.c: see polling.h. */
#include "server/pki/polling.h"

int pki_decode_poll_req(int64_t *cert_req_id, size_t *count, struct bytes body)
{
    CBS cbs = cbs_of(body), list, entry;
    int64_t id;

    *count = 0;
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 || CBS_len(&list) == 0)
        return 0;
    for (; CBS_len(&list) != 0; ++*count) {
        if (!CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) || !der_get_int64(&entry, &id) ||
            CBS_len(&entry) != 0)
            return 0;
        if (*count == 0)
            *cert_req_id = id;
    }
    return 1;
}

int pki_encode_poll_req(struct bytes *out, struct arena *arena, int64_t cert_req_id)
{
    CBB cbb, list, entry;
    int ok = CBB_init(&cbb, 16) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_add_int64(&entry, cert_req_id);

    return der_finish(out, arena, &cbb, ok);
}

int pki_encode_poll_rep(struct bytes *out, struct arena *arena, int64_t cert_req_id, int64_t check_after,
                        struct bytes reason)
{
    CBB cbb, list, entry, text;
    int ok = CBB_init(&cbb, 64 + reason.len) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_add_int64(&entry, cert_req_id) &&
             der_add_int64(&entry, check_after);

    if (ok && reason.len != 0)
        ok = CBB_add_asn1(&entry, &text, CBS_ASN1_SEQUENCE) &&
             der_add_octets(&text, CBS_ASN1_UTF8STRING, reason);
    return der_finish(out, arena, &cbb, ok);
}

int pki_decode_poll_rep(int64_t *cert_req_id, int64_t *check_after, struct bytes body)
{
    CBS cbs = cbs_of(body), list, entry;
    int present;

    return CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && CBS_len(&list) == 0 &&
           der_get_int64(&entry, cert_req_id) && der_get_int64(&entry, check_after) &&
           CBS_get_optional_asn1(&entry, NULL, &present, CBS_ASN1_SEQUENCE) && CBS_len(&entry) == 0;
}
