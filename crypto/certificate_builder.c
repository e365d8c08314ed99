/* Writes TBSCertificate and joins it with its signature. */
#include "crypto/certificate.h"
#include "crypto/name.h"

/* An extension of id-ce is named by the last octet of its OID. Opens it up to the content of its OCTET
 * STRING. */
struct open_extension {
    CBB sequence, value;
};

static int open_extension(CBB *list, struct open_extension *extension, uint8_t last, int critical)
{
    const uint8_t oid[3] = {0x55, 0x1d, last};

    return CBB_add_asn1(list, &extension->sequence, CBS_ASN1_SEQUENCE) &&
           der_add_oid(&extension->sequence, bytes_of(oid, sizeof oid)) &&
           (!critical || CBB_add_asn1_bool(&extension->sequence, 1)) &&
           CBB_add_asn1(&extension->sequence, &extension->value, CBS_ASN1_OCTETSTRING);
}

static int is_critical(const struct certificate_plan *plan, enum extension extension)
{
    return ((CERTIFICATE_CRITICAL ^ plan->criticality) >> extension & 1) != 0;
}

static int add_basic_constraints(CBB *list, const struct certificate_plan *plan)
{
    struct open_extension extension;
    CBB sequence;

    /* RFC 5280 4.2.1.9: FALSE is a default and not encoded. */
    return open_extension(list, &extension, 19, is_critical(plan, EXTENSION_BASIC_CONSTRAINTS)) &&
           CBB_add_asn1(&extension.value, &sequence, CBS_ASN1_SEQUENCE) &&
           (!plan->is_ca || (CBB_add_asn1_bool(&sequence, 1) &&
                             (plan->path_len < 0 || der_add_int64(&sequence, plan->path_len)))) &&
           CBB_flush(list);
}

static int add_key_usage(CBB *list, const struct certificate_plan *plan)
{
    struct open_extension extension;

    return plan->key_usage == 0 ||
           (open_extension(list, &extension, 15, is_critical(plan, EXTENSION_KEY_USAGE)) &&
            der_add_named_bits(&extension.value, plan->key_usage) && CBB_flush(list));
}

static int add_extended_key_usage(CBB *list, const struct certificate_plan *plan)
{
    struct open_extension extension;
    CBB sequence;

    if (plan->extended_key_usage_count == 0)
        return 1;
    if (!open_extension(list, &extension, 37, is_critical(plan, EXTENSION_EXTENDED_KEY_USAGE)) ||
        !CBB_add_asn1(&extension.value, &sequence, CBS_ASN1_SEQUENCE))
        return 0;
    for (size_t i = 0; i < plan->extended_key_usage_count; i++)
        if (!der_add_oid(&sequence, plan->extended_key_usage[i]))
            return 0;
    return CBB_flush(list);
}

static int add_key_ids(CBB *list, const struct certificate_plan *plan)
{
    struct open_extension extension;
    CBB sequence;
    uint8_t key_id[20];

    if (!spki_key_id(key_id, plan->key_id_is_sha256 ? DIGEST_SHA256 : DIGEST_SHA1, plan->spki) ||
        !open_extension(list, &extension, 14, 0) ||
        !der_add_octets(&extension.value, CBS_ASN1_OCTETSTRING, bytes_of(key_id, sizeof key_id)) ||
        !CBB_flush(list))
        return 0;
    return plan->issuer_key_id.len == 0 ||
           (open_extension(list, &extension, 35, 0) &&
            CBB_add_asn1(&extension.value, &sequence, CBS_ASN1_SEQUENCE) &&
            der_add_octets(&sequence, CBS_ASN1_CONTEXT_SPECIFIC | 0, plan->issuer_key_id) && CBB_flush(list));
}

static int add_san(CBB *list, const struct certificate_plan *plan)
{
    struct open_extension extension;
    /* RFC 5280 4.2.1.6: where it alone says whose the certificate is, nobody may pass it over. */
    int critical = name_is_empty(plan->subject) || is_critical(plan, EXTENSION_SUBJECT_ALT_NAME);

    return plan->san.len == 0 || (open_extension(list, &extension, 17, critical) &&
                                  der_add_bytes(&extension.value, plan->san) && CBB_flush(list));
}

/* GeneralName [6] uniformResourceIdentifier */
static int add_uri(CBB *cbb, const char *url)
{
    return der_add_octets(cbb, CBS_ASN1_CONTEXT_SPECIFIC | 6, bytes_str(url));
}

/* cRLDistributionPoints (31), or freshestCRL (46), which has the same syntax */
static int add_crl_urls(CBB *list, uint8_t id, const char *const *urls, size_t count)
{
    const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    struct open_extension extension;
    CBB points, point, name, full_name;

    if (count == 0)
        return 1;
    /* One DistributionPoint per URL: they are alternatives (RFC 5280 4.2.1.13). */
    if (!open_extension(list, &extension, id, 0) ||
        !CBB_add_asn1(&extension.value, &points, CBS_ASN1_SEQUENCE))
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!CBB_add_asn1(&points, &point, CBS_ASN1_SEQUENCE) ||
            !CBB_add_asn1(&point, &name, constructed | 0) ||
            !CBB_add_asn1(&name, &full_name, constructed | 0) || !add_uri(&full_name, urls[i]) ||
            !CBB_flush(&points))
            return 0;
    return CBB_flush(list);
}

/* AccessDescription with id-ad-ocsp (1) or id-ad-caIssuers (2), RFC 5280 4.2.2.1 */
static int add_access(CBB *sequence, uint8_t method, const char *const *urls, size_t count)
{
    const uint8_t oid[8] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, method};
    CBB description;

    for (size_t i = 0; i < count; i++)
        if (!CBB_add_asn1(sequence, &description, CBS_ASN1_SEQUENCE) ||
            !der_add_oid(&description, bytes_of(oid, sizeof oid)) || !add_uri(&description, urls[i]) ||
            !CBB_flush(sequence))
            return 0;
    return 1;
}

static int add_authority_info(CBB *list, const struct certificate_urls *urls)
{
    static const uint8_t oid[8] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01};
    CBB extension, value, sequence;

    if (urls->ocsp_count + urls->issuer_count == 0)
        return 1;
    return CBB_add_asn1(list, &extension, CBS_ASN1_SEQUENCE) &&
           der_add_oid(&extension, bytes_of(oid, sizeof oid)) &&
           CBB_add_asn1(&extension, &value, CBS_ASN1_OCTETSTRING) &&
           CBB_add_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) &&
           add_access(&sequence, 1, urls->ocsp, urls->ocsp_count) &&
           add_access(&sequence, 2, urls->issuer, urls->issuer_count) && CBB_flush(list);
}

/* RFC 9608 section 2: id-ce-noRevAvail (56), NULL, "MUST be marked as non-critical" */
static int add_no_rev_avail(CBB *list, int is_wanted)
{
    struct open_extension extension;
    CBB null;

    return !is_wanted || (open_extension(list, &extension, 56, 0) &&
                          CBB_add_asn1(&extension.value, &null, CBS_ASN1_NULL) && CBB_flush(list));
}

int certificate_prepare_urls(struct bytes *out, struct arena *arena, const struct certificate_urls *urls)
{
    CBB list;
    int ok = CBB_init(&list, 256) && add_crl_urls(&list, 31, urls->crl, urls->crl_count) &&
             add_crl_urls(&list, 46, urls->delta_crl, urls->delta_crl_count) &&
             add_authority_info(&list, urls) && add_no_rev_avail(&list, urls->no_rev_avail);

    return der_finish(out, arena, &list, ok);
}

static int add_others(CBB *list, const struct certificate_plan *plan)
{
    CBB extension;

    for (size_t i = 0; i < plan->other_count; i++) {
        const struct certificate_extension *other = &plan->others[i];
        if (!CBB_add_asn1(list, &extension, CBS_ASN1_SEQUENCE) || !der_add_oid(&extension, other->oid) ||
            (other->critical && !CBB_add_asn1_bool(&extension, 1)) ||
            !der_add_octets(&extension, CBS_ASN1_OCTETSTRING, other->value) || !CBB_flush(list))
            return 0;
    }
    return 1;
}

int certificate_build(struct bytes *tbs_out, struct arena *arena, const struct certificate_plan *plan)
{
    const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBB cbb, tbs, version, validity, extensions, list;
    int ok = CBB_init(&cbb, 1024) && CBB_add_asn1(&cbb, &tbs, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&tbs, &version, constructed | 0) && der_add_int64(&version, 2) &&
             der_add_uint(&tbs, plan->serial) && der_add_bytes(&tbs, plan->algorithm->encoded) &&
             der_add_bytes(&tbs, plan->issuer) && CBB_add_asn1(&tbs, &validity, CBS_ASN1_SEQUENCE) &&
             der_add_time(&validity, plan->not_before) && der_add_time(&validity, plan->not_after) &&
             CBB_flush(&tbs) && der_add_bytes(&tbs, plan->subject) && der_add_bytes(&tbs, plan->spki) &&
             CBB_add_asn1(&tbs, &extensions, constructed | 3) &&
             CBB_add_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) && add_basic_constraints(&list, plan) &&
             add_key_usage(&list, plan) && add_extended_key_usage(&list, plan) && add_key_ids(&list, plan) &&
             add_san(&list, plan) && der_add_bytes(&list, plan->urls) && add_others(&list, plan);

    return der_finish(tbs_out, arena, &cbb, ok);
}

int certificate_assemble(struct bytes *der, struct arena *arena, struct bytes tbs,
                         const struct signature_algorithm *algorithm, struct bytes signature)
{
    CBB cbb, sequence;
    int ok = CBB_init(&cbb, tbs.len + signature.len + 64) &&
             CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, tbs) &&
             der_add_bytes(&sequence, algorithm->encoded) && der_add_bit_string(&sequence, signature);

    return der_finish(der, arena, &cbb, ok);
}
