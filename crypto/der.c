/* What BoringSSL lacks for DER: strictness, times, numbers, octets into an arena. */
#include "crypto/der.h"

#include <openssl/mem.h>
#include <openssl/time.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char *generalized_time_fault(struct bytes content, int64_t *out);

/* A primitive's content is held against the rules of its type; types without rules of their own pass. */
static const char *primitive_fault(CBS_ASN1_TAG tag, const CBS *content)
{
    const uint8_t *p = CBS_data(content);
    size_t len = CBS_len(content);
    int64_t ignored;
    CBS copy = *content;

    switch (tag) {
    case CBS_ASN1_BOOLEAN:
        return len == 1 && (p[0] == 0 || p[0] == 0xff) ? NULL : "BOOLEAN is neither 00 nor FF";
    case CBS_ASN1_INTEGER:
    case CBS_ASN1_ENUMERATED:
        return CBS_is_valid_asn1_integer(content, NULL) ? NULL : "INTEGER is empty or not minimal";
    case CBS_ASN1_BITSTRING:
        return CBS_is_valid_asn1_bitstring(content) ? NULL : "BIT STRING has bad padding";
    case CBS_ASN1_OBJECT:
        return CBS_is_valid_asn1_oid(content) ? NULL : "OBJECT IDENTIFIER is malformed";
    case CBS_ASN1_NULL:
        return len == 0 ? NULL : "NULL has content";
    case CBS_ASN1_UTCTIME:
        return CBS_parse_utc_time(&copy, NULL, 0) ? NULL : "UTCTime is not of the form YYMMDDHHMMSSZ";
    case CBS_ASN1_GENERALIZEDTIME:
        return generalized_time_fault(bytes_of_cbs(&copy), &ignored);
    default:
        return NULL;
    }
}

/* Universal types that exist in one form only; a constructed string is BER, not DER. */
static int form_is_wrong(CBS_ASN1_TAG tag)
{
    unsigned class_bits = (unsigned)(tag >> CBS_ASN1_TAG_SHIFT) & 0xc0;
    int constructed = (tag & CBS_ASN1_CONSTRUCTED) != 0;
    unsigned number = (unsigned)(tag & CBS_ASN1_TAG_NUMBER_MASK);

    if (class_bits != 0)
        return 0;
    int must_be_constructed = number == 16 || number == 17 || number == 8 || number == 11;
    return constructed != must_be_constructed;
}

const char *der_content_fault(CBS_ASN1_TAG tag, const CBS *content)
{
    if (form_is_wrong(tag))
        return "primitive and constructed form mixed up";
    return (tag & CBS_ASN1_CONSTRUCTED) != 0 ? NULL : primitive_fault(tag, content);
}

static int walk(const uint8_t *start, size_t *where, const char **why, CBS *cbs, unsigned depth)
{
    while (CBS_len(cbs) > 0) {
        CBS content;
        CBS_ASN1_TAG tag;
        const uint8_t *at = CBS_data(cbs);
        const char *fault = NULL;

        if (!CBS_get_any_asn1(cbs, &content, &tag))
            fault = "length is indefinite, not minimal, or beyond its parent";
        else
            fault = der_content_fault(tag, &content);
        if (fault == NULL && (tag & CBS_ASN1_CONSTRUCTED) != 0) {
            if (depth == 0)
                fault = "nested too deep";
            else if (!walk(start, where, why, &content, depth - 1))
                return 0;
        }
        if (fault != NULL) {
            *where = (size_t)(at - start);
            *why = fault;
            return 0;
        }
    }
    return 1;
}

int der_is_strict(size_t *where, const char **why, struct bytes der, unsigned depth)
{
    CBS cbs = cbs_of(der), first;
    size_t fault_at = 0;
    const char *fault = NULL;

    if (der.len == 0)
        fault = "empty";
    else if (walk(der.data, &fault_at, &fault, &cbs, depth)) {
        cbs = cbs_of(der);
        if (CBS_get_any_asn1_element(&cbs, &first, NULL, NULL) && CBS_len(&cbs) != 0) {
            fault_at = CBS_len(&first);
            fault = "octets after the end";
        }
    }
    if (where != NULL)
        *where = fault_at;
    if (why != NULL)
        *why = fault;
    return fault == NULL;
}

int der_get_int64(CBS *cbs, int64_t *out)
{
    return CBS_get_asn1_int64(cbs, out);
}

static int64_t seconds_of(struct tm *tm)
{
    return (int64_t)timegm(tm);
}

int der_get_time(CBS *cbs, int64_t *out)
{
    CBS content;
    struct tm tm;

    if (CBS_peek_asn1_tag(cbs, CBS_ASN1_UTCTIME)) {
        if (!CBS_get_asn1(cbs, &content, CBS_ASN1_UTCTIME) || !CBS_parse_utc_time(&content, &tm, 0))
            return 0;
    } else if (!CBS_get_asn1(cbs, &content, CBS_ASN1_GENERALIZEDTIME) ||
               !CBS_parse_generalized_time(&content, &tm, 0)) {
        return 0;
    }
    *out = seconds_of(&tm);
    return 1;
}

/* Reads |content| into |*out| and returns NULL, or what is wrong with it. */
static const char *generalized_time_fault(struct bytes content, int64_t *out)
{
    enum { WHOLE = 14 }; /* YYYYMMDDHHMMSS */
    static const char form[] = "GeneralizedTime is not of the form YYYYMMDDHHMMSS[.f]Z";
    uint8_t plain[WHOLE + 1];
    struct tm tm;

    if (content.len == 0 || content.data[content.len - 1] != 'Z')
        return "GeneralizedTime does not end in Z (X.690 11.7.1)";
    if (content.len < WHOLE + 1)
        return "GeneralizedTime has no seconds (X.690 11.7.2)";
    if (content.len > WHOLE + 1) {
        /* A fraction: a point, then digits. */
        if (content.len < WHOLE + 3 || content.data[WHOLE] != '.')
            return form;
        for (size_t i = WHOLE + 1; i < content.len - 1; i++)
            if (content.data[i] < '0' || content.data[i] > '9')
                return form;
        if (content.data[content.len - 2] == '0')
            return "GeneralizedTime has a fraction that ends in 0 (X.690 11.7.3)";
    }
    memcpy(plain, content.data, WHOLE);
    plain[WHOLE] = 'Z';
    CBS cbs = cbs_of(bytes_of(plain, sizeof plain));
    if (!CBS_parse_generalized_time(&cbs, &tm, 0))
        return form;
    *out = seconds_of(&tm);
    return NULL;
}

int der_parse_generalized_time(struct bytes content, int64_t *out)
{
    return generalized_time_fault(content, out) == NULL;
}

static uint8_t *put_digits(uint8_t *out, int number)
{
    *out++ = (uint8_t)('0' + number / 10);
    *out++ = (uint8_t)('0' + number % 10);
    return out;
}

/* Lists have millions of times: strftime would take longer than all else of an entry. */
static size_t put_time(uint8_t out[DER_TIME_MAX], CBS_ASN1_TAG tag, int64_t at)
{
    struct tm tm;
    uint8_t *end = out + 2;

    if (!OPENSSL_posix_to_tm(at, &tm) || tm.tm_year < 0)
        return 0;
    if (tag == CBS_ASN1_GENERALIZEDTIME)
        end = put_digits(end, 19 + tm.tm_year / 100);
    end = put_digits(end, tm.tm_year % 100);
    end = put_digits(end, tm.tm_mon + 1);
    end = put_digits(end, tm.tm_mday);
    end = put_digits(end, tm.tm_hour);
    end = put_digits(end, tm.tm_min);
    end = put_digits(end, tm.tm_sec);
    *end++ = 'Z';
    out[0] = (uint8_t)tag;
    out[1] = (uint8_t)(end - out - 2);
    return (size_t)(end - out);
}

size_t der_put_time(uint8_t out[DER_TIME_MAX], int64_t at)
{
    static const int64_t year_1950 = -631152000, year_2050 = 2524608000;

    return put_time(out, at >= year_1950 && at < year_2050 ? CBS_ASN1_UTCTIME : CBS_ASN1_GENERALIZEDTIME, at);
}

size_t der_put_generalized_time(uint8_t out[DER_TIME_MAX], int64_t at)
{
    return put_time(out, CBS_ASN1_GENERALIZEDTIME, at);
}

int der_add_time(CBB *cbb, int64_t at)
{
    uint8_t octets[DER_TIME_MAX];
    size_t len = der_put_time(octets, at);

    return len != 0 && CBB_add_bytes(cbb, octets, len);
}

int der_add_generalized_time(CBB *cbb, int64_t at)
{
    uint8_t octets[DER_TIME_MAX];
    size_t len = der_put_generalized_time(octets, at);

    return len != 0 && CBB_add_bytes(cbb, octets, len);
}

int der_add_oid(CBB *cbb, struct bytes oid)
{
    return der_add_octets(cbb, CBS_ASN1_OBJECT, oid);
}

int der_add_octets(CBB *cbb, CBS_ASN1_TAG tag, struct bytes b)
{
    CBB child;

    return CBB_add_asn1(cbb, &child, tag) && der_add_bytes(&child, b) && CBB_flush(cbb);
}

int der_add_int64(CBB *cbb, int64_t value)
{
    return CBB_add_asn1_int64(cbb, value);
}

int der_add_uint(CBB *cbb, struct bytes b)
{
    CBB child;

    while (b.len > 0 && b.data[0] == 0)
        b = bytes_of(b.data + 1, b.len - 1);
    if (!CBB_add_asn1(cbb, &child, CBS_ASN1_INTEGER))
        return 0;
    if ((b.len == 0 || (b.data[0] & 0x80) != 0) && !CBB_add_u8(&child, 0))
        return 0;
    return der_add_bytes(&child, b) && CBB_flush(cbb);
}

int der_add_bit_string(CBB *cbb, struct bytes b)
{
    CBB child;

    return CBB_add_asn1(cbb, &child, CBS_ASN1_BITSTRING) && CBB_add_u8(&child, 0) &&
           der_add_bytes(&child, b) && CBB_flush(cbb);
}

int der_add_named_bits(CBB *cbb, uint64_t bits)
{
    CBB child;
    unsigned count = 0;

    if (!CBB_add_asn1(cbb, &child, CBS_ASN1_BITSTRING))
        return 0;
    for (unsigned i = 0; i < 64; i++)
        if ((bits >> i) & 1)
            count = i + 1;
    if (!CBB_add_u8(&child, (uint8_t)((8 - count % 8) % 8)))
        return 0;
    for (unsigned byte = 0; byte * 8 < count; byte++) {
        uint8_t value = 0;
        for (unsigned i = 0; i < 8; i++)
            if ((bits >> (byte * 8 + i)) & 1)
                value |= (uint8_t)(0x80 >> i);
        if (!CBB_add_u8(&child, value))
            return 0;
    }
    return CBB_flush(cbb);
}

int der_get_named_bits(CBS *cbs, uint64_t *out)
{
    CBS content;

    if (!CBS_get_asn1(cbs, &content, CBS_ASN1_BITSTRING) || !CBS_is_valid_asn1_bitstring(&content) ||
        CBS_len(&content) > 9)
        return 0;
    *out = 0;
    for (unsigned i = 0; i < 64; i++)
        if (CBS_asn1_bitstring_has_bit(&content, i))
            *out |= UINT64_C(1) << i;
    return 1;
}

int der_finish(struct bytes *out, struct arena *arena, CBB *cbb, int ok)
{
    ok = ok && CBB_flush(cbb);
    if (ok) {
        *out = arena_copy(arena, bytes_of(CBB_data(cbb), CBB_len(cbb)));
        ok = out->data != NULL;
    }
    CBB_cleanup(cbb);
    return ok;
}

const char *der_oid_text(char *out, size_t out_len, struct bytes oid)
{
    CBS cbs = cbs_of(oid);
    char *text = CBS_asn1_oid_to_text(&cbs);

    if (text == NULL || (size_t)snprintf(out, out_len, "%s", text) >= out_len)
        snprintf(out, out_len, "?");
    OPENSSL_free(text);
    return out;
}

int der_oid_parse(uint8_t *out, size_t *out_len, const char *text)
{
    CBB cbb;
    int ok;

    if (!CBB_init_fixed(&cbb, out, *out_len))
        return 0;
    ok = CBB_add_asn1_oid_from_text(&cbb, text, strlen(text)) && CBB_finish(&cbb, NULL, out_len);
    CBB_cleanup(&cbb);
    return ok;
}
