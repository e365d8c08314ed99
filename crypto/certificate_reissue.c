/* A TBSCertificate that somebody has approved, taken apart and put together under another serial and at
 * another time (RFC 5280 4.1). */
#include "crypto/certificate.h"

static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

static int take(struct bytes *out, CBS *cbs)
{
    CBS element;

    if (!CBS_get_asn1_element(cbs, &element, CBS_ASN1_SEQUENCE))
        return 0;
    *out = bytes_of_cbs(&element);
    return 1;
}

int certificate_read_tbs(struct certificate_tbs *out, struct bytes tbs)
{
    CBS der = cbs_of(tbs), cbs, version, validity;

    if (!CBS_get_asn1(&der, &cbs, CBS_ASN1_SEQUENCE) || CBS_len(&der) != 0 ||
        !CBS_get_asn1_element(&cbs, &version, constructed | 0) ||
        !CBS_get_asn1(&cbs, NULL, CBS_ASN1_INTEGER) || !take(&out->algorithm, &cbs) ||
        !take(&out->issuer, &cbs) || !CBS_get_asn1(&cbs, &validity, CBS_ASN1_SEQUENCE) ||
        !der_get_time(&validity, &out->not_before) || !der_get_time(&validity, &out->not_after) ||
        CBS_len(&validity) != 0 || !take(&out->subject, &cbs))
        return 0;
    out->version = bytes_of_cbs(&version);
    out->rest = bytes_of_cbs(&cbs);
    return take(&out->spki, &cbs);
}

int certificate_reissue(struct bytes *out, struct arena *arena, const struct certificate_tbs *tbs,
                        struct bytes serial, int64_t not_before, int64_t not_after)
{
    CBB cbb, sequence, validity;
    int ok = CBB_init(&cbb, tbs->rest.len + 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             der_add_bytes(&sequence, tbs->version) && der_add_uint(&sequence, serial) &&
             der_add_bytes(&sequence, tbs->algorithm) && der_add_bytes(&sequence, tbs->issuer) &&
             CBB_add_asn1(&sequence, &validity, CBS_ASN1_SEQUENCE) && der_add_time(&validity, not_before) &&
             der_add_time(&validity, not_after) && CBB_flush(&sequence) &&
             der_add_bytes(&sequence, tbs->subject) && der_add_bytes(&sequence, tbs->rest);

    return der_finish(out, arena, &cbb, ok);
}
