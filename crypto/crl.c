/* Revocation lists, written and read. */
#include "crypto/crl.h"
#include "crypto/signed.h"

#include <openssl/mem.h>

static const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;

/* Last octets of OIDs of id-ce (RFC 5280 5.2, 5.3). */
enum { CRL_NUMBER = 20, REASON_CODE = 21, INVALIDITY_DATE = 24, AUTHORITY_KEY_ID = 35 };

enum { VERSION_2 = 1, FIRST_SIZE = 4096 };

/* ---- written ---- */

static int open_extension(CBB *list, CBB *extension, CBB *value, uint8_t last)
{
    const uint8_t oid[3] = {0x55, 0x1d, last};

    return CBB_add_asn1(list, extension, CBS_ASN1_SEQUENCE) &&
           der_add_oid(extension, bytes_of(oid, sizeof oid)) &&
           CBB_add_asn1(extension, value, CBS_ASN1_OCTETSTRING);
}

static int add_reason(CBB *list, int reason)
{
    CBB extension, value;
    const uint8_t octet = (uint8_t)reason;

    return reason == CRL_REASON_UNSPECIFIED ||
           (open_extension(list, &extension, &value, REASON_CODE) &&
            der_add_octets(&value, CBS_ASN1_ENUMERATED, bytes_of(&octet, 1)) && CBB_flush(list));
}

/* RFC 5280 5.3.2: GeneralizedTime, also before 2050. */
static int add_invalidity_date(CBB *list, int64_t at)
{
    CBB extension, value;

    return at == 0 || (open_extension(list, &extension, &value, INVALIDITY_DATE) &&
                       der_add_generalized_time(&value, at) && CBB_flush(list));
}

static int add_entry(CBB *list, const struct crl_entry *entry)
{
    CBB sequence, extensions;

    if (!CBB_add_asn1(list, &sequence, CBS_ASN1_SEQUENCE) || !der_add_uint(&sequence, entry->serial) ||
        !der_add_time(&sequence, entry->revoked_at))
        return 0;
    if (entry->reason == CRL_REASON_UNSPECIFIED && entry->invalidity_at == 0)
        return CBB_flush(list);
    return CBB_add_asn1(&sequence, &extensions, CBS_ASN1_SEQUENCE) &&
           add_reason(&extensions, entry->reason) && add_invalidity_date(&extensions, entry->invalidity_at) &&
           CBB_flush(list);
}

/* RFC 5280 5.1.2.6: without entries the list "MUST be absent". */
static int add_entries(CBB *tbs, crl_next_entry *next, void *arg)
{
    struct crl_entry entry;
    CBB list;

    if (!next(arg, &entry))
        return 1;
    if (!CBB_add_asn1(tbs, &list, CBS_ASN1_SEQUENCE))
        return 0;
    do {
        if (!add_entry(&list, &entry))
            return 0;
    } while (next(arg, &entry));
    return CBB_flush(tbs);
}

static int add_extensions(CBB *tbs, const struct crl_plan *plan)
{
    CBB extensions, list, extension, value, key_id;

    if (!CBB_add_asn1(tbs, &extensions, constructed | 0) ||
        !CBB_add_asn1(&extensions, &list, CBS_ASN1_SEQUENCE))
        return 0;
    if (plan->issuer_key_id.len != 0 &&
        !(open_extension(&list, &extension, &value, AUTHORITY_KEY_ID) &&
          CBB_add_asn1(&value, &key_id, CBS_ASN1_SEQUENCE) &&
          der_add_octets(&key_id, CBS_ASN1_CONTEXT_SPECIFIC | 0, plan->issuer_key_id) && CBB_flush(&list)))
        return 0;
    return open_extension(&list, &extension, &value, CRL_NUMBER) && der_add_int64(&value, plan->number) &&
           CBB_flush(tbs);
}

static int finish(struct bytes *out, CBB *cbb, int ok)
{
    uint8_t *data;
    size_t len;

    if (!ok || !CBB_finish(cbb, &data, &len)) {
        CBB_cleanup(cbb);
        *out = bytes_of(NULL, 0);
        return 0;
    }
    *out = bytes_of(data, len);
    return 1;
}

int crl_write(struct bytes *tbs_out, const struct crl_plan *plan, crl_next_entry *next, void *arg)
{
    CBB cbb, tbs;
    int ok = CBB_init(&cbb, FIRST_SIZE) && CBB_add_asn1(&cbb, &tbs, CBS_ASN1_SEQUENCE) &&
             der_add_int64(&tbs, VERSION_2) && der_add_bytes(&tbs, plan->algorithm->encoded) &&
             der_add_bytes(&tbs, plan->issuer) && der_add_time(&tbs, plan->this_update) &&
             der_add_time(&tbs, plan->next_update) && add_entries(&tbs, next, arg) &&
             add_extensions(&tbs, plan);

    return finish(tbs_out, &cbb, ok);
}

int crl_assemble(struct bytes *der, struct bytes tbs, const struct signature_algorithm *algorithm,
                 struct bytes signature)
{
    CBB cbb, sequence;
    int ok = CBB_init(&cbb, tbs.len + algorithm->encoded.len + signature.len + 32) &&
             CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, tbs) &&
             der_add_bytes(&sequence, algorithm->encoded) && der_add_bit_string(&sequence, signature);

    return finish(der, &cbb, ok);
}

void crl_free(struct bytes *octets)
{
    OPENSSL_free((void *)(uintptr_t)octets->data);
    *octets = bytes_of(NULL, 0);
}

/* ---- read ---- */

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

static int read_extension(struct crl *out, const struct extension *extension)
{
    CBS value = extension->value;

    switch (id_ce(&extension->oid)) {
    case AUTHORITY_KEY_ID:
        return read_key_id(out, value);
    case CRL_NUMBER:
        /* RFC 5280 5.2.3: up to 20 octets; such a number is none of ours. */
        if (!der_get_int64(&value, &out->number) || out->number < 0)
            out->number = -1;
        return 1;
    default:
        if (extension->critical && out->unknown_critical.len == 0)
            out->unknown_critical = bytes_of_cbs(&extension->oid);
        return 1;
    }
}

static int read_extensions(struct crl *out, CBS extensions)
{
    struct extension extension;
    CBS list;

    if (!CBS_get_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) || CBS_len(&extensions) != 0)
        return 0;
    while (CBS_len(&list) != 0)
        if (!get_extension(&list, &extension) || !read_extension(out, &extension))
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
    if (!CBS_get_optional_asn1(&tbs, &extensions, &present, constructed | 0) || CBS_len(&tbs) != 0)
        return 0;
    return !present || (version == VERSION_2 && read_extensions(out, extensions));
}

int crl_parse(struct crl *out, struct bytes der)
{
    struct signed_object whole;
    CBS algorithm;

    *out = (struct crl){.der = der, .number = -1};
    if (!signed_parse(&whole, der))
        return 0;
    out->tbs = whole.tbs;
    out->signature = whole.signature;
    algorithm = cbs_of(whole.algorithm);
    out->algorithm = signature_parse(&algorithm);
    algorithm = cbs_of(whole.algorithm);
    return parse_tbs(out, &algorithm);
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
    default:
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
