/* Revocation lists, read. */
#include "crypto/crl.h"
#include "crypto/crl_internal.h"
#include "crypto/signed.h"

struct extension {
    CBS oid, value;
    int critical;
};

static int get_extension(CBS *list, struct extension *out)
{
    CBS sequence, critical;
    int present;

    if (!CBS_get_asn1(list, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &out->oid, CBS_ASN1_OBJECT) ||
        !CBS_get_optional_asn1(&sequence, &critical, &present, CBS_ASN1_BOOLEAN) ||
        !CBS_get_asn1(&sequence, &out->value, CBS_ASN1_OCTETSTRING) || CBS_len(&sequence) != 0)
        return 0;
    out->critical = present && CBS_len(&critical) == 1 && CBS_data(&critical)[0] != 0;
    return 1;
}

/* The last octet of an OID of id-ce, or 0. */
static int id_ce(const CBS *oid)
{
    const uint8_t *octets = CBS_data(oid);

    return CBS_len(oid) == 3 && octets[0] == 0x55 && octets[1] == 0x1d ? octets[2] : 0;
}

static int read_key_id(struct crl *out, CBS value)
{
    CBS sequence, key_id;
    int present;

    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
        !CBS_get_optional_asn1(&sequence, &key_id, &present, CBS_ASN1_CONTEXT_SPECIFIC | 0))
        return 0;
    if (present)
        out->issuer_key_id = bytes_of_cbs(&key_id);
    return 1;
}

/* RFC 5280 5.2.3: up to 20 octets; such a number is none of ours. */
static int64_t read_number(CBS value)
{
    int64_t number;

    return der_get_int64(&value, &number) && number >= 0 ? number : -1;
}

static int read_extension(struct crl *out, const struct extension *extension)
{
    CBS value = extension->value;

    switch (id_ce(&extension->oid)) {
    case AUTHORITY_KEY_ID:
        return read_key_id(out, value);
    case CRL_NUMBER:
        out->number = read_number(value);
        return 1;
    case DELTA_INDICATOR:
        out->is_delta = 1;
        out->base_number = read_number(value);
        return 1;
    case ISSUING_POINT:
        out->issuing_point = bytes_of_cbs(&value);
        return 1;
    case FRESHEST_CRL:
        out->freshest = bytes_of_cbs(&value); /* a hint: whoever has to follow it does not here */
        break;
    default:
        break;
    }
    if (extension->critical && out->unknown_critical.len == 0)
        out->unknown_critical = bytes_of_cbs(&extension->oid);
    return 1;
}

/* RFC 5280 4.2, 5.2: no more than one instance of an extension; |seen| has a bit for each of id-ce. */
static int is_first(uint64_t *seen, const CBS *oid)
{
    int code = id_ce(oid);
    uint64_t bit = code > 0 && code < 64 ? UINT64_C(1) << code : 0;
    int first = (*seen & bit) == 0;

    *seen |= bit;
    return first;
}

static int read_extensions(struct crl *out, CBS extensions)
{
    struct extension extension;
    uint64_t seen = 0;
    CBS list;

    if (!CBS_get_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) || CBS_len(&extensions) != 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!get_extension(&list, &extension) || !is_first(&seen, &extension.oid) ||
            !read_extension(out, &extension))
            return 0;
    return 1;
}

static int is_time(const CBS *cbs)
{
    return CBS_peek_asn1_tag(cbs, CBS_ASN1_UTCTIME) || CBS_peek_asn1_tag(cbs, CBS_ASN1_GENERALIZEDTIME);
}

static int parse_tbs(struct crl *out, const CBS *outer_algorithm)
{
    CBS whole = cbs_of(out->tbs), tbs, algorithm, name, entries, extensions;
    int64_t version = 0;
    int present;

    if (!CBS_get_asn1(&whole, &tbs, CBS_ASN1_SEQUENCE) ||
        (CBS_peek_asn1_tag(&tbs, CBS_ASN1_INTEGER) && !der_get_int64(&tbs, &version)) ||
        (version != 0 && version != VERSION_2) ||
        !CBS_get_asn1_element(&tbs, &algorithm, CBS_ASN1_SEQUENCE) ||
        /* RFC 5280 5.1.1.2: the same algorithm in both places */
        !bytes_equal(bytes_of_cbs(&algorithm), bytes_of_cbs(outer_algorithm)) ||
        !CBS_get_asn1_element(&tbs, &name, CBS_ASN1_SEQUENCE) || !der_get_time(&tbs, &out->this_update) ||
        (is_time(&tbs) && !der_get_time(&tbs, &out->next_update)) ||
        !CBS_get_optional_asn1(&tbs, &entries, &present, CBS_ASN1_SEQUENCE))
        return 0;
    out->issuer = bytes_of_cbs(&name);
    out->entries = present ? bytes_of_cbs(&entries) : bytes_of(NULL, 0);
    if (!CBS_get_optional_asn1(&tbs, &extensions, &present, CRL_EXTENSIONS) || CBS_len(&tbs) != 0)
        return 0;
    return !present || (version == VERSION_2 && read_extensions(out, extensions));
}

int crl_parse(struct crl *out, struct bytes der)
{
    struct signed_object whole;
    CBS algorithm;

    *out = (struct crl){.der = der, .number = -1, .base_number = -1};
    if (!signed_parse(&whole, der))
        return 0;
    out->tbs = whole.tbs;
    out->signature = whole.signature;
    algorithm = cbs_of(whole.algorithm);
    out->algorithm = signature_parse(&algorithm);
    algorithm = cbs_of(whole.algorithm);
    return parse_tbs(out, &algorithm);
}

int crl_is_signed_by(const struct crl *crl, struct bytes spki)
{
    return verify_signature(spki, crl->algorithm, crl->tbs, crl->signature);
}

static int read_entry_extension(struct crl_entry *out, const struct extension *extension)
{
    CBS value = extension->value, code;

    switch (id_ce(&extension->oid)) {
    case REASON_CODE:
        if (!CBS_get_asn1(&value, &code, CBS_ASN1_ENUMERATED) || CBS_len(&code) != 1)
            return 0;
        out->reason = CBS_data(&code)[0];
        return 1;
    case INVALIDITY_DATE:
        return der_get_time(&value, &out->invalidity_at);
    case CERTIFICATE_ISSUER:
        out->certificate_issuer = bytes_of_cbs(&value);
        return CBS_len(&value) != 0;
    default:
        if (extension->critical && out->unknown_critical.len == 0)
            out->unknown_critical = bytes_of_cbs(&extension->oid);
        return 1;
    }
}

int crl_read_entry(CBS *entries, struct crl_entry *out)
{
    CBS rest = *entries, sequence, serial, list;
    struct extension extension;
    int present;

    *out = (struct crl_entry){.reason = CRL_REASON_UNSPECIFIED};
    if (!CBS_get_asn1(&rest, &sequence, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&sequence, &serial, CBS_ASN1_INTEGER) || !der_get_time(&sequence, &out->revoked_at) ||
        !CBS_get_optional_asn1(&sequence, &list, &present, CBS_ASN1_SEQUENCE) || CBS_len(&sequence) != 0)
        return 0;
    out->serial = bytes_of_cbs(&serial);
    while (present && CBS_len(&list) != 0)
        if (!get_extension(&list, &extension) || !read_entry_extension(out, &extension))
            return 0;
    *entries = rest;
    return 1;
}
