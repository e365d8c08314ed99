/* RevReqContent and RevRepContent (RFC 9810 5.3.9 and 5.3.10). */
#include "server/pki/revocation.h"

#include "server/pki/internal.h"

/* id-ce-cRLReasons, RFC 5280 5.3.1 */
static const uint8_t id_reason_code[] = {0x55, 0x1d, 0x15};

static int get_reason(int64_t *out, struct bytes value)
{
    CBS cbs = cbs_of(value), reason;

    if (!CBS_get_asn1(&cbs, &reason, CBS_ASN1_ENUMERATED) || CBS_len(&cbs) != 0 || CBS_len(&reason) != 1)
        return 0;
    *out = CBS_data(&reason)[0];
    return 1;
}

int pki_get_entry_details(int *has_reason, int64_t *reason, int *unknown_critical, CBS list)
{
    struct certificate_extension extension;

    for (unsigned i = 0; CBS_len(&list) != 0; i++) {
        if (i == BOUND_EXTENSIONS || !pki_get_extension(&extension, &list))
            return 0;
        if (!bytes_equal(extension.oid, bytes_of(id_reason_code, sizeof id_reason_code)))
            *unknown_critical |= extension.critical;
        else if ((*has_reason)++ || !get_reason(reason, extension.value))
            return 0;
    }
    return 1;
}

int pki_add_reason(CBB *extensions, int64_t reason)
{
    const uint8_t value[] = {CBS_ASN1_ENUMERATED, 1, (uint8_t)reason};
    const struct certificate_extension extension = {bytes_of(id_reason_code, sizeof id_reason_code), 0,
                                                    bytes_of(value, sizeof value)};

    return pki_add_extension(extensions, &extension);
}

int pki_decode_rev_req(struct rev_details *out, size_t *count, struct arena *arena, const char **why,
                       struct bytes body)
{
    CBS cbs = cbs_of(body), list, details, tmpl, extensions;
    int present;

    *out = (struct rev_details){.has_reason = 0};
    *count = 0;
    *why = "RevReqContent is malformed or empty";
    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 ||
        !CBS_get_asn1(&list, &details, CBS_ASN1_SEQUENCE))
        return 0;
    *why = "certDetails is malformed";
    if (!CBS_get_asn1(&details, &tmpl, CBS_ASN1_SEQUENCE) ||
        !pki_get_template(&out->cert_details, arena, tmpl))
        return 0;
    *why = "crlEntryDetails is malformed";
    if (!CBS_get_optional_asn1(&details, &extensions, &present, CBS_ASN1_SEQUENCE) ||
        CBS_len(&details) != 0 ||
        (present &&
         !pki_get_entry_details(&out->has_reason, &out->reason, &out->unknown_critical, extensions)))
        return 0;
    *why = "RevReqContent is malformed or empty";
    for (*count = 1; CBS_len(&list) != 0; (*count)++)
        if (!CBS_get_asn1(&list, NULL, CBS_ASN1_SEQUENCE))
            return 0;
    return 1;
}

int pki_encode_rev_req(struct bytes *out, struct arena *arena, struct bytes issuer, struct bytes serial,
                       int64_t reason)
{
    const struct cert_template certificate = {.version = -1, .issuer = issuer, .serial = serial};
    CBB cbb, list, details, extensions;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &list, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&list, &details, CBS_ASN1_SEQUENCE) && pki_add_template(&details, &certificate) &&
             (reason < 0 || (CBB_add_asn1(&details, &extensions, CBS_ASN1_SEQUENCE) &&
                             pki_add_reason(&extensions, reason)));

    return der_finish(out, arena, &cbb, ok);
}

int pki_encode_rev_rep(struct bytes *out, struct arena *arena, const struct pki_status_info *status)
{
    CBB cbb, content, list;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &content, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&content, &list, CBS_ASN1_SEQUENCE) && pki_status_add(&list, status);

    return der_finish(out, arena, &cbb, ok);
}

int pki_decode_rev_rep(struct pki_status_info *out, struct bytes body)
{
    const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBS cbs = cbs_of(body), content, list;
    int present;

    return CBS_get_asn1(&cbs, &content, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0 &&
           CBS_get_asn1(&content, &list, CBS_ASN1_SEQUENCE) && pki_status_get(&list, out) &&
           CBS_len(&list) == 0 && CBS_get_optional_asn1(&content, NULL, &present, constructed | 0) &&
           CBS_get_optional_asn1(&content, NULL, &present, constructed | 1) && CBS_len(&content) == 0;
}
