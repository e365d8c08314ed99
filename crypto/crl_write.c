/* Revocation lists, written. All of one is in one piece of memory, which is as large as it may get at most: a
 * list has megabytes, and is not to be copied. */
#include "crypto/crl.h"

#include <stdlib.h>

#include "crypto/crl_internal.h"

/* FRAME: all but entries, names and the issuing distribution point, the signature among it. */
enum { ENTRY_MAX = 96, FRAME_MAX = 1024 + SIGNATURE_MAX };

static int open_extension(CBB *list, CBB *extension, CBB *value, uint8_t last, int critical)
{
    const uint8_t oid[3] = {0x55, 0x1d, last};

    return CBB_add_asn1(list, extension, CBS_ASN1_SEQUENCE) &&
           der_add_oid(extension, bytes_of(oid, sizeof oid)) &&
           (!critical || CBB_add_asn1_bool(extension, 1)) &&
           CBB_add_asn1(extension, value, CBS_ASN1_OCTETSTRING);
}

static int add_reason(CBB *list, int reason)
{
    CBB extension, value;
    const uint8_t octet = (uint8_t)reason;

    return reason == CRL_REASON_UNSPECIFIED ||
           (open_extension(list, &extension, &value, REASON_CODE, 0) &&
            der_add_octets(&value, CBS_ASN1_ENUMERATED, bytes_of(&octet, 1)) && CBB_flush(list));
}

/* RFC 5280 5.3.2: GeneralizedTime, also before 2050. */
static int add_invalidity_date(CBB *list, int64_t at)
{
    CBB extension, value;

    return at == 0 || (open_extension(list, &extension, &value, INVALIDITY_DATE, 0) &&
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

static int add_key_id(CBB *list, const struct crl_plan *plan)
{
    CBB extension, value, key_id;

    return plan->issuer_key_id.len == 0 ||
           (open_extension(list, &extension, &value, AUTHORITY_KEY_ID, 0) &&
            CBB_add_asn1(&value, &key_id, CBS_ASN1_SEQUENCE) &&
            der_add_octets(&key_id, CBS_ASN1_CONTEXT_SPECIFIC | 0, plan->issuer_key_id) && CBB_flush(list));
}

static int add_number(CBB *list, uint8_t oid, int critical, int64_t number)
{
    CBB extension, value;

    return open_extension(list, &extension, &value, oid, critical) && der_add_int64(&value, number) &&
           CBB_flush(list);
}

/* RFC 5280 5.2.4 and 5.2.5: critical, both. */
static int add_scope(CBB *list, const struct crl_plan *plan)
{
    CBB extension, value;

    return (plan->base_number == 0 || add_number(list, DELTA_INDICATOR, 1, plan->base_number)) &&
           (plan->issuing_point.len == 0 || (open_extension(list, &extension, &value, ISSUING_POINT, 1) &&
                                             der_add_bytes(&value, plan->issuing_point) && CBB_flush(list)));
}

static int add_extensions(CBB *tbs, const struct crl_plan *plan)
{
    CBB extensions, list;

    return CBB_add_asn1(tbs, &extensions, CRL_EXTENSIONS) &&
           CBB_add_asn1(&extensions, &list, CBS_ASN1_SEQUENCE) && add_key_id(&list, plan) &&
           add_number(&list, CRL_NUMBER, 0, plan->number) && add_scope(&list, plan) && CBB_flush(tbs);
}

static int add_tbs(CBB *outer, const struct crl_plan *plan, crl_next_entry *next, void *arg)
{
    CBB tbs;

    return CBB_add_asn1(outer, &tbs, CBS_ASN1_SEQUENCE) && der_add_int64(&tbs, VERSION_2) &&
           der_add_bytes(&tbs, plan->algorithm->encoded) && der_add_bytes(&tbs, plan->issuer) &&
           der_add_time(&tbs, plan->this_update) && der_add_time(&tbs, plan->next_update) &&
           add_entries(&tbs, next, arg) && add_extensions(&tbs, plan) && CBB_flush(outer);
}

/* Over all that |outer| holds until now. */
static int add_signature(CBB *outer, const struct crl_plan *plan)
{
    uint8_t signature[SIGNATURE_MAX];
    struct signing item = {.algorithm = plan->algorithm,
                           .key = plan->key,
                           .message = bytes_of(CBB_data(outer), CBB_len(outer)),
                           .signature = signature};
    struct signing *items[] = {&item};

    sign_batch(items, 1);
    return item.signature_len != 0 && der_add_bytes(outer, plan->algorithm->encoded) &&
           der_add_bit_string(outer, bytes_of(signature, item.signature_len));
}

int crl_write(struct bytes *der, const struct crl_plan *plan, size_t most, crl_next_entry *next, void *arg)
{
    size_t names = plan->issuer.len + plan->issuer_key_id.len + plan->issuing_point.len;
    size_t room = FRAME_MAX + names + most * ENTRY_MAX, len;
    uint8_t *octets = malloc(room), *fitting;
    CBB cbb, outer;

    *der = bytes_of(NULL, 0);
    if (octets == NULL || !CBB_init_fixed(&cbb, octets, room) ||
        !CBB_add_asn1(&cbb, &outer, CBS_ASN1_SEQUENCE) || !add_tbs(&outer, plan, next, arg) ||
        !add_signature(&outer, plan) || !CBB_finish(&cbb, NULL, &len)) {
        free(octets);
        return 0;
    }
    fitting = realloc(octets, len);
    *der = bytes_of(fitting != NULL ? fitting : octets, len);
    return 1;
}

int crl_write_point(struct bytes *out, struct arena *arena, const struct bytes *urls, size_t count)
{
    const CBS_ASN1_TAG constructed = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED;
    CBB cbb, sequence, point, full_name;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&sequence, &point, constructed | 0) &&
             CBB_add_asn1(&point, &full_name, constructed | 0);

    for (size_t i = 0; i < count; i++)
        ok = ok && der_add_octets(&full_name, CBS_ASN1_CONTEXT_SPECIFIC | 6, urls[i]);
    return der_finish(out, arena, &cbb, ok);
}
