/* A TBSCertificate that somebody has approved, taken apart and put together under another serial and at
 * another time, or with another key (RFC 5280 4.1). */
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

/* ---- with another key ---- */

static enum digest_id digest_of(struct bytes key_id, struct bytes spki)
{
    uint8_t by_sha256[20];

    return spki_key_id(by_sha256, DIGEST_SHA256, spki) &&
                   bytes_equal(key_id, bytes_of(by_sha256, sizeof by_sha256))
               ? DIGEST_SHA256
               : DIGEST_SHA1;
}

/* Takes an extension off |cbs|, and writes it as it is; subjectKeyIdentifier (RFC 5280 4.2.1.2, which is not
 * critical) as that of |spki|. */
static int put_extension(CBB *out, CBS *cbs, struct bytes before, struct bytes spki)
{
    static const uint8_t subject_key_id[] = {0x55, 0x1d, 0x0e};
    CBS element, whole, oid, octets, key_id;
    uint8_t newer[20];
    CBB sequence, value;

    if (!CBS_get_asn1_element(cbs, &element, CBS_ASN1_SEQUENCE))
        return 0;
    whole = element;
    if (!CBS_get_asn1(&whole, &whole, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&whole, &oid, CBS_ASN1_OBJECT))
        return 0;
    if (!CBS_mem_equal(&oid, subject_key_id, sizeof subject_key_id))
        return der_add_bytes(out, bytes_of_cbs(&element));
    return CBS_get_asn1(&whole, &octets, CBS_ASN1_OCTETSTRING) &&
           CBS_get_asn1(&octets, &key_id, CBS_ASN1_OCTETSTRING) &&
           spki_key_id(newer, digest_of(bytes_of_cbs(&key_id), before), spki) &&
           CBB_add_asn1(out, &sequence, CBS_ASN1_SEQUENCE) && der_add_oid(&sequence, bytes_of_cbs(&oid)) &&
           CBB_add_asn1(&sequence, &value, CBS_ASN1_OCTETSTRING) &&
           der_add_octets(&value, CBS_ASN1_OCTETSTRING, bytes_of(newer, sizeof newer)) && CBB_flush(out);
}

static int put_extensions(CBB *out, struct bytes extensions, struct bytes before, struct bytes spki)
{
    CBS outer = cbs_of(extensions), list;
    CBB tagged, sequence;

    if (!CBS_get_asn1(&outer, &outer, constructed | 3) || !CBS_get_asn1(&outer, &list, CBS_ASN1_SEQUENCE) ||
        CBS_len(&outer) != 0 || !CBB_add_asn1(out, &tagged, constructed | 3) ||
        !CBB_add_asn1(&tagged, &sequence, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_len(&list) != 0)
        if (!put_extension(&sequence, &list, before, spki))
            return 0;
    return CBB_flush(out);
}

/* What stands behind the key: extensions alone, as cmpd writes it. */
int certificate_rekey(struct certificate_tbs *tbs, struct arena *arena, struct bytes spki)
{
    struct bytes behind = bytes_of(tbs->rest.data + tbs->spki.len, tbs->rest.len - tbs->spki.len), rest;
    CBB cbb;
    int ok = CBB_init(&cbb, tbs->rest.len + spki.len) && der_add_bytes(&cbb, spki) &&
             (behind.len == 0 || put_extensions(&cbb, behind, tbs->spki, spki));

    if (!der_finish(&rest, arena, &cbb, ok))
        return 0;
    tbs->rest = rest;
    tbs->spki = bytes_of(rest.data, spki.len);
    return 1;
}
