/* polling.c: see polling.h. */
#include "server/pki/polling.h"

int pki_decode_poll_req(struct bytes body)
{
    CBS cbs = cbs_of(body), list, entry;
    int64_t cert_req_id;

    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 || CBS_len(&list) == 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!CBS_get_asn1(&list, &entry, CBS_ASN1_SEQUENCE) || !der_get_int64(&entry, &cert_req_id) ||
            CBS_len(&entry) != 0)
            return 0;
    return 1;
}

int pki_encode_poll_req(struct bytes *out, struct arena *arena, int64_t cert_req_id)
{
    CBB cbb, list, entry;
    int ok = CBB_init(&cbb, 16) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &entry, CBS_ASN1_SEQUENCE) && der_add_int64(&entry, cert_req_id);

    return der_finish(out, arena, &cbb, ok);
}
