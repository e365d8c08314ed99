#include "crypto/name.h"

#include <stdio.h>

#include "server/base/bounds.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* RFC 4514 section 3, RFC 4519 */
static const struct attribute {
    const char *name;
    struct bytes oid;
    int printable; /* RFC 5280 Appendix A: PrintableString only */
} attributes[] = {
    {"CN", BYTES("\x55\x04\x03"), 0},
    {"serialNumber", BYTES("\x55\x04\x05"), 1},
    {"C", BYTES("\x55\x04\x06"), 1},
    {"L", BYTES("\x55\x04\x07"), 0},
    {"ST", BYTES("\x55\x04\x08"), 0},
    {"STREET", BYTES("\x55\x04\x09"), 0},
    {"O", BYTES("\x55\x04\x0a"), 0},
    {"OU", BYTES("\x55\x04\x0b"), 0},
    {"DC", BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), 0},
    {"UID", BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), 0},
};
enum { ATTRIBUTES = sizeof attributes / sizeof attributes[0], RDNS_MAX = 64 };

struct writer {
    char *out;
    size_t len, used;
};

static void put(struct writer *w, const char *text, size_t len)
{
    if (w->used + len < w->len) {
        memcpy(w->out + w->used, text, len);
        w->used += len;
        w->out[w->used] = 0;
    } else {
        w->len = w->used; /* full: nothing shorter may follow what was left out */
    }
}

/* Length of the UTF-8 sequence at |p|, or 0 if there is no valid one. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
    uint32_t first = p[0];
    size_t len = first < 0x80   ? 1
                 : first < 0xc2 ? 0
                 : first < 0xe0 ? 2
                 : first < 0xf0 ? 3
                 : first < 0xf5 ? 4
                                : 0;

    if (len == 0 || len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    /* RFC 3629 section 4: no overlong forms, no surrogates, nothing beyond U+10FFFF */
    if ((first == 0xe0 && p[1] < 0xa0) || (first == 0xed && p[1] > 0x9f) || (first == 0xf0 && p[1] < 0x90) ||
        (first == 0xf4 && p[1] > 0x8f))
        return 0;
    return len;
}

/* C0, DEL and C1 (U+0080 to U+009F): some terminals obey them. */
static int is_control(const uint8_t *p, size_t len)
{
    return p[0] < 0x20 || p[0] == 0x7f || (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

static void put_value(struct writer *w, const CBS *value)
{
    const uint8_t *p = CBS_data(value);
    size_t len = CBS_len(value);
    char escaped[4];

    for (size_t i = 0; i < len;) {
        size_t n = utf8_length(p + i, len - i);
        if (n == 0 || is_control(p + i, n)) {
            put(w, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\%02X", p[i]));
            i++;
            continue;
        }
        int special = n == 1 && (strchr(",+\"\\<>;=", p[i]) != NULL ||
                                 ((i == 0 || i + 1 == len) && p[i] == ' ') || (i == 0 && p[i] == '#'));
        if (special)
            put(w, (const char[]){'\\', (char)p[i]}, 2);
        else
            put(w, (const char *)p + i, n);
        i += n;
    }
}

static const struct attribute *attribute_of(struct bytes oid)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (bytes_equal(attributes[i].oid, oid))
            return &attributes[i];
    return NULL;
}

static int put_rdn(struct writer *w, CBS rdn)
{
    for (int first = 1; CBS_len(&rdn) != 0; first = 0) {
        CBS pair, oid, value;
        CBS_ASN1_TAG tag;
        char dotted[128];
        if (!CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) ||
            !CBS_get_any_asn1(&pair, &value, &tag) || CBS_len(&pair) != 0)
            return 0;
        const struct attribute *known = attribute_of(bytes_of_cbs(&oid));
        const char *name = known ? known->name : der_oid_text(dotted, sizeof dotted, bytes_of_cbs(&oid));
        if (!first)
            put(w, "+", 1);
        put(w, name, strlen(name));
        put(w, "=", 1);
        put_value(w, &value);
    }
    return 1;
}

const char *name_text(char *out, size_t out_len, struct bytes name)
{
    struct writer w = {out, out_len, 0};
    CBS cbs = cbs_of(name), sequence, rdns[RDNS_MAX];
    size_t count = 0;

    out[0] = 0;
    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return out;
    while (count < RDNS_MAX && CBS_get_asn1(&sequence, &rdns[count], CBS_ASN1_SET))
        count++;
    for (size_t i = count; i-- > 0;) {
        if (i + 1 < count)
            put(&w, ",", 1);
        if (!put_rdn(&w, rdns[i]))
            break;
    }
    return out;
}

int name_is_valid(struct bytes name)
{
    CBS cbs = cbs_of(name), sequence, rdn, pair, value;
    CBS_ASN1_TAG tag;

    if (name.len > BOUND_SUBJECT || !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    while (CBS_len(&sequence) != 0) {
        if (!CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET) || CBS_len(&rdn) == 0)
            return 0;
        while (CBS_len(&rdn) != 0)
            if (!CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) ||
                !CBS_get_asn1(&pair, NULL, CBS_ASN1_OBJECT) || !CBS_get_any_asn1(&pair, &value, &tag) ||
                CBS_len(&pair) != 0)
                return 0;
    }
    return 1;
}

int name_is_empty(struct bytes name)
{
    static const uint8_t empty[2] = {0x30, 0x00};

    return bytes_equal(name, bytes_of(empty, sizeof empty));
}

static const struct attribute *attribute_named(const char *name)
{
    for (size_t i = 0; i < ATTRIBUTES; i++)
        if (strcmp(attributes[i].name, name) == 0)
            return &attributes[i];
    return NULL;
}

int name_attribute_known(const char *attribute)
{
    return attribute_named(attribute) != NULL;
}

static int is_utf8_text(struct bytes value)
{
    for (size_t i = 0, n; i < value.len; i += n)
        if ((n = utf8_length(value.data + i, value.len - i)) == 0 || is_control(value.data + i, n))
            return 0;
    return value.len != 0;
}

/* X.680 41.4, table 10 */
static int is_printable_string(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != 0 && strchr(" '()+,-./:=?", c) != NULL)))
            return 0;
    }
    return value.len != 0;
}

int name_build(struct bytes *out, struct arena *arena, const char *const *pairs)
{
    CBB cbb, sequence, set, pair;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);

    for (; ok && pairs[0] != NULL; pairs += 2) {
        const struct attribute *known = attribute_named(pairs[0]);
        struct bytes value = bytes_str(pairs[1]);
        ok =
            known != NULL && (known->printable ? is_printable_string(value) : is_utf8_text(value)) &&
            CBB_add_asn1(&sequence, &set, CBS_ASN1_SET) && CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
            der_add_oid(&pair, known->oid) &&
            der_add_octets(&pair, known->printable ? CBS_ASN1_PRINTABLESTRING : CBS_ASN1_UTF8STRING, value) &&
            CBB_flush(&sequence);
    }
    return der_finish(out, arena, &cbb, ok);
}

struct bytes name_attribute(struct bytes name, const char *attribute)
{
    const struct attribute *wanted = attribute_named(attribute);
    CBS cbs = cbs_of(name), sequence, rdn, pair, oid, value;
    CBS_ASN1_TAG tag;
    struct bytes found = {NULL, 0};

    if (wanted == NULL || !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return found;
    while (CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET))
        while (CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE))
            if (CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) && CBS_get_any_asn1(&pair, &value, &tag) &&
                bytes_equal(bytes_of_cbs(&oid), wanted->oid) &&
                (tag == CBS_ASN1_UTF8STRING || tag == CBS_ASN1_PRINTABLESTRING || tag == CBS_ASN1_IA5STRING))
                found = bytes_of_cbs(&value);
    return found;
}
