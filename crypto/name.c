/* Distinguished names: built, checked, their attributes found, written as text (RFC 4514). */
#include "crypto/name.h"

#include "crypto/name_internal.h"
#include "crypto/string_types.h"

#include <stdio.h>

#include "server/base/bounds.h"
#include "server/base/utf8.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* RFC 4514 section 3, RFC 4519, RFC 5280 appendix A.1 (upper bounds), X.520 */
static const struct name_attribute_type attributes[] = {
    {"CN", "commonName", BYTES("\x55\x04\x03"), CBS_ASN1_UTF8STRING, 64},
    {"SN", "surname", BYTES("\x55\x04\x04"), CBS_ASN1_UTF8STRING, 32768},
    {"serialNumber", "serialNumber", BYTES("\x55\x04\x05"), CBS_ASN1_PRINTABLESTRING, 64},
    {"C", "countryName", BYTES("\x55\x04\x06"), CBS_ASN1_PRINTABLESTRING, 2},
    {"L", "localityName", BYTES("\x55\x04\x07"), CBS_ASN1_UTF8STRING, 128},
    {"ST", "stateOrProvinceName", BYTES("\x55\x04\x08"), CBS_ASN1_UTF8STRING, 128},
    {"STREET", "streetAddress", BYTES("\x55\x04\x09"), CBS_ASN1_UTF8STRING, 0},
    {"O", "organizationName", BYTES("\x55\x04\x0a"), CBS_ASN1_UTF8STRING, 64},
    {"OU", "organizationalUnitName", BYTES("\x55\x04\x0b"), CBS_ASN1_UTF8STRING, 64},
    {"title", "title", BYTES("\x55\x04\x0c"), CBS_ASN1_UTF8STRING, 64},
    {"GN", "givenName", BYTES("\x55\x04\x2a"), CBS_ASN1_UTF8STRING, 32768},
    {"initials", "initials", BYTES("\x55\x04\x2b"), CBS_ASN1_UTF8STRING, 32768},
    {"generationQualifier", "generationQualifier", BYTES("\x55\x04\x2c"), CBS_ASN1_UTF8STRING, 32768},
    {"dnQualifier", "dnQualifier", BYTES("\x55\x04\x2e"), CBS_ASN1_PRINTABLESTRING, 0},
    {"pseudonym", "pseudonym", BYTES("\x55\x04\x41"), CBS_ASN1_UTF8STRING, 128},
    {"organizationIdentifier", "organizationIdentifier", BYTES("\x55\x04\x61"), CBS_ASN1_UTF8STRING, 0},
    {"DC", "domainComponent", BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19"), CBS_ASN1_IA5STRING, 0},
    {"UID", "userid", BYTES("\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01"), CBS_ASN1_UTF8STRING, 0},
    {"emailAddress", "emailAddress", BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), CBS_ASN1_IA5STRING, 255},
};
enum { ATTRIBUTES = sizeof attributes / sizeof attributes[0] };

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

static void put_value(struct writer *w, const CBS *value)
{
    const uint8_t *p = CBS_data(value);
    size_t len = CBS_len(value);
    char escaped[4];

    for (size_t i = 0; i < len;) {
        size_t n = utf8_shown(p + i, len - i);
        if (n == 0) {
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

const struct name_attribute_type *name_attribute_type_of(struct bytes oid)
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
        const struct name_attribute_type *known = name_attribute_type_of(bytes_of_cbs(&oid));
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
    CBS cbs = cbs_of(name), sequence, rdns[NAME_RDNS_MAX];
    size_t count = 0;

    out[0] = 0;
    if (!CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return out;
    while (count < NAME_RDNS_MAX && CBS_get_asn1(&sequence, &rdns[count], CBS_ASN1_SET))
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

struct bytes name_empty(void)
{
    static const uint8_t empty[2] = {0x30, 0x00};

    return bytes_of(empty, sizeof empty);
}

int name_is_empty(struct bytes name)
{
    return bytes_equal(name, name_empty());
}

static const struct name_attribute_type *attribute_named(const char *name)
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

/* What may stand in a string of type |string|: characters that a reader sees, and that the type has. */
static int is_text_of(CBS_ASN1_TAG string, struct bytes value)
{
    for (size_t i = 0, n; i < value.len; i += n)
        if ((n = utf8_shown(value.data + i, value.len - i)) == 0 || !string_type_has(string, value.data[i]) ||
            (string == CBS_ASN1_IA5STRING && n > 1))
            return 0;
    return value.len != 0;
}

int name_build(struct bytes *out, struct arena *arena, const char *const *pairs)
{
    CBB cbb, sequence, set, pair;
    int ok = CBB_init(&cbb, 128) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);

    for (; ok && pairs[0] != NULL; pairs += 2) {
        const struct name_attribute_type *known = attribute_named(pairs[0]);
        struct bytes value = bytes_str(pairs[1]);
        ok = known != NULL && is_text_of(known->string, value) &&
             /* RFC 5280 Appendix A: X520countryName SIZE (2) */
             (strcmp(known->name, "C") != 0 || value.len == 2) &&
             CBB_add_asn1(&sequence, &set, CBS_ASN1_SET) && CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&pair, known->oid) && der_add_octets(&pair, known->string, value) &&
             CBB_flush(&sequence);
    }
    return der_finish(out, arena, &cbb, ok);
}

struct values {
    struct bytes last; /* that can be read */
    unsigned count, unreadable;
};

/* The characters of a value, in UTF-8: those of the usual types are that already. */
static int read_value(struct bytes *out, struct arena *arena, CBS_ASN1_TAG tag, CBS value)
{
    CBB text;

    if (tag == CBS_ASN1_UTF8STRING || tag == CBS_ASN1_PRINTABLESTRING || tag == CBS_ASN1_IA5STRING) {
        *out = bytes_of_cbs(&value);
        return 1;
    }
    if (!string_type_known(tag) || !CBB_init(&text, CBS_len(&value)))
        return 0;
    return der_finish(out, arena, &text, string_add_utf8(&text, tag, value));
}

static struct values values_of(struct arena *arena, struct bytes name,
                               const struct name_attribute_type *wanted)
{
    struct values values = {{NULL, 0}, 0, 0};
    CBS cbs = cbs_of(name), sequence, rdn, pair, oid, value;
    CBS_ASN1_TAG tag;

    if (wanted == NULL || !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return values;
    while (CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET))
        while (CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE)) {
            if (!CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) || !CBS_get_any_asn1(&pair, &value, &tag) ||
                !bytes_equal(bytes_of_cbs(&oid), wanted->oid))
                continue;
            values.count++;
            values.unreadable += !read_value(&values.last, arena, tag, value);
        }
    return values;
}

int name_each_attribute(struct arena *arena, struct bytes name, name_attribute_found *each, void *arg)
{
    CBS cbs = cbs_of(name), sequence, rdn, pair, oid, value;
    CBS_ASN1_TAG tag;

    if (!name_is_valid(name) || !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET))
        while (CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE)) {
            const struct name_attribute_type *type;
            struct bytes text = bytes_of(NULL, 0);
            if (!CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) || !CBS_get_any_asn1(&pair, &value, &tag))
                return 0;
            type = name_attribute_type_of(bytes_of_cbs(&oid));
            if (!read_value(&text, arena, tag, value))
                text = bytes_of(NULL, 0);
            if (!each(arg, type != NULL ? type->name : NULL, text))
                return 0;
        }
    return 1;
}

struct bytes name_attribute(struct arena *arena, struct bytes name, const char *attribute)
{
    return values_of(arena, name, attribute_named(attribute)).last;
}

int name_attribute_once(struct bytes *out, struct arena *arena, struct bytes name, const char *attribute)
{
    struct values values = values_of(arena, name, attribute_named(attribute));

    *out = values.last;
    return values.count <= 1 && values.unreadable == 0;
}
