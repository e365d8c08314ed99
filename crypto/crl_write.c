/* Revocation lists, written. All of one is in one piece of memory, which is as large as it may get at most: a
 * list has megabytes, and is not to be copied. */
#include "crypto/crl.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crl_internal.h"

/* FRAME: all but entries, names and the issuing distribution point, the signature among it. */
enum { SERIAL_MAX = 32, ENTRY_MAX = 96, FRAME_MAX = 1024 + SIGNATURE_MAX, SEQUENCE = 0x30 };

/* ---- entries ----
 *
 * A list has millions: each is written into octets of its own, by hand, and added as a whole. All of it is so
 * short (ENTRY_MAX) that every length has one octet. */

static size_t put_header(uint8_t *out, uint8_t tag, size_t len)
{
    out[0] = tag;
    out[1] = (uint8_t)len;
    return 2;
}

/* A positive INTEGER, minimal. */
static size_t put_serial(uint8_t *out, struct bytes serial)
{
    size_t pad, at;

    while (serial.len > 0 && serial.data[0] == 0)
        serial = bytes_of(serial.data + 1, serial.len - 1);
    pad = serial.len == 0 || (serial.data[0] & 0x80) != 0;
    at = put_header(out, CBS_ASN1_INTEGER, pad + serial.len);
    out[at] = 0;
    if (serial.len != 0)
        memcpy(out + at + pad, serial.data, serial.len);
    return at + pad + serial.len;
}

/* The extension { id-ce last } with |len| octets of |value|; not critical. */
static size_t put_extension(uint8_t *out, uint8_t last, const uint8_t *value, size_t len)
{
    const uint8_t oid[] = {CBS_ASN1_OBJECT, 3, 0x55, 0x1d, last};
    size_t at = put_header(out, SEQUENCE, sizeof oid + 2 + len);

    memcpy(out + at, oid, sizeof oid);
    at += sizeof oid;
    at += put_header(out + at, CBS_ASN1_OCTETSTRING, len);
    memcpy(out + at, value, len);
    return at + len;
}

/* Returns 0 if a time has no form. */
static size_t put_extensions(uint8_t *out, const struct crl_entry *entry)
{
    const uint8_t reason[] = {CBS_ASN1_ENUMERATED, 1, (uint8_t)entry->reason};
    uint8_t time[DER_TIME_MAX];
    size_t at = 2, len;

    if (entry->reason != CRL_REASON_UNSPECIFIED)
        at += put_extension(out + at, REASON_CODE, reason, sizeof reason);
    if (entry->invalidity_at != 0) {
        /* RFC 5280 5.3.2: GeneralizedTime, also before 2050. */
        if ((len = der_put_generalized_time(time, entry->invalidity_at)) == 0)
            return 0;
        at += put_extension(out + at, INVALIDITY_DATE, time, len);
    }
    put_header(out, SEQUENCE, at - 2);
    return at;
}

static int add_entry(CBB *list, const struct crl_entry *entry)
{
    uint8_t out[ENTRY_MAX];
    size_t at = 2, len;

    if (entry->serial.len > SERIAL_MAX)
        return 0;
    at += put_serial(out + at, entry->serial);
    if ((len = der_put_time(out + at, entry->revoked_at)) == 0)
        return 0;
    at += len;
    if (entry->reason != CRL_REASON_UNSPECIFIED || entry->invalidity_at != 0) {
        if ((len = put_extensions(out + at, entry)) == 0)
            return 0;
        at += len;
    }
    put_header(out, SEQUENCE, at - 2);
    return CBB_add_bytes(list, out, at);
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

/* ---- what stands around them ---- */

static int open_extension(CBB *list, CBB *extension, CBB *value, uint8_t last, int critical)
{
    const uint8_t oid[3] = {0x55, 0x1d, last};

    return CBB_add_asn1(list, extension, CBS_ASN1_SEQUENCE) &&
           der_add_oid(extension, bytes_of(oid, sizeof oid)) &&
           (!critical || CBB_add_asn1_bool(extension, 1)) &&
           CBB_add_asn1(extension, value, CBS_ASN1_OCTETSTRING);
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
