/* Names are held against RFC 5280: its string types, bounds, and the syntax of each form of GeneralName. */
#include "crypto/name_rules.h"

#include <strings.h>

#include "crypto/name_internal.h"
#include "crypto/name_match.h"
#include "crypto/string_types.h"
#include "server/base/bounds.h"
#include "server/base/utf8.h"

static int is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- one value ---- */

/* NULL if a reader sees every character of |text|, and there are no more than |max|; else what is wrong. */
static const char *text_fault(struct bytes text, unsigned max)
{
    unsigned count = 0;
    uint32_t c = 0;

    if (text.len == 0)
        return "is empty";
    for (size_t i = 0, n; i < text.len; i += n, count++) {
        n = utf8_shown(text.data + i, text.len - i);
        utf8_decode(&c, text.data + i, text.len - i);
        /* What is ignored where names are compared must not make two spellings of one. */
        if (n == 0 || name_ignores(c))
            return "holds a control character, or one that cannot be seen";
    }
    return max != 0 && count > max ? "is too long" : NULL;
}

static const char *characters_fault(CBS_ASN1_TAG tag, CBS value, unsigned max)
{
    CBB text;
    const char *fault;

    for (size_t i = 0; i < CBS_len(&value); i++)
        if (!string_type_has(tag, CBS_data(&value)[i]))
            return "holds a character that its string type does not have: use UTF8String";
    if (!CBB_init(&text, CBS_len(&value)))
        return "found no memory";
    fault = string_add_utf8(&text, tag, value) ? text_fault(bytes_of(CBB_data(&text), CBB_len(&text)), max)
                                               : "is no text of its string type";
    CBB_cleanup(&text);
    return fault;
}

/* DirectoryString ::= CHOICE (RFC 5280 4.1.2.4) */
static int is_directory_string(CBS_ASN1_TAG tag)
{
    return tag == CBS_ASN1_UTF8STRING || tag == CBS_ASN1_PRINTABLESTRING || tag == CBS_ASN1_T61STRING ||
           tag == CBS_ASN1_UNIVERSALSTRING || tag == CBS_ASN1_BMPSTRING;
}

/* The other types have one string each (RFC 5280 appendix A.1). */
static int type_fits(const struct name_attribute_type *type, CBS_ASN1_TAG tag)
{
    return type->string == CBS_ASN1_UTF8STRING ? is_directory_string(tag) : tag == type->string;
}

enum { COUNTRY_LETTERS = 2 }; /* the one attribute with this bound: SIZE (2), letters of ISO 3166 */

static int is_country(const CBS *value)
{
    const uint8_t *p = CBS_data(value);

    return CBS_len(value) == COUNTRY_LETTERS && is_letter(p[0]) && is_letter(p[1]);
}

static const char *value_fault(const struct name_attribute_type *type, CBS_ASN1_TAG tag, const CBS *value)
{
    /* RFC 5280 4.1.2.4 leaves other attributes open. OpenSSL reads no certificate that has another type there
     * than these: DirectoryString, IA5String, NumericString, and BIT STRING for x500UniqueIdentifier. */
    if (type == NULL && tag == CBS_ASN1_BITSTRING)
        return NULL;
    if (type == NULL)
        return is_directory_string(tag) || tag == CBS_ASN1_IA5STRING || tag == CBS_ASN1_NUMERICSTRING
                   ? characters_fault(tag, *value, 0)
                   : "is of a type that software does not read in a name: use UTF8String";
    if (!type_fits(type, tag))
        return type->string == CBS_ASN1_PRINTABLESTRING ? "must be a PrintableString"
               : type->string == CBS_ASN1_IA5STRING     ? "must be an IA5String"
                                                        : "must be a UTF8String or PrintableString";
    if (type->max == COUNTRY_LETTERS && !is_country(value))
        return "must have two letters";
    return characters_fault(tag, *value, type->max);
}

/* ---- a name ---- */

static const char *attribute_fault(struct arena *arena, CBS *rdn)
{
    CBS pair, oid, value;
    CBS_ASN1_TAG tag;
    char dotted[128];
    const char *fault, *said;

    if (!CBS_get_asn1(rdn, &pair, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) ||
        !CBS_is_valid_asn1_oid(&oid) || !CBS_get_any_asn1(&pair, &value, &tag) || CBS_len(&pair) != 0)
        return "it is malformed";
    const struct name_attribute_type *type = name_attribute_type_of(bytes_of_cbs(&oid));
    if ((fault = value_fault(type, tag, &value)) == NULL)
        return NULL;
    said = arena_printf(
        arena, "%s %s",
        type != NULL ? type->long_name : der_oid_text(dotted, sizeof dotted, bytes_of_cbs(&oid)), fault);
    return said != NULL ? said : "there is no memory to tell what";
}

const char *name_fault(struct arena *arena, struct bytes name)
{
    CBS cbs = cbs_of(name), sequence, rdn;
    const char *fault = NULL;

    if (!der_is_strict(NULL, NULL, name, BOUND_DER_DEPTH) ||
        !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return "it is malformed";
    while (fault == NULL && CBS_len(&sequence) != 0) {
        if (!CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET) || CBS_len(&rdn) == 0)
            return "it is malformed";
        while (fault == NULL && CBS_len(&rdn) != 0)
            fault = attribute_fault(arena, &rdn);
    }
    return fault;
}

/* ---- the forms of GeneralName ---- */

enum { LABEL_MAX = 63, HOST_MAX = 253, LOCAL_PART_MAX = 64 };

static int is_alnum(uint8_t c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* The "preferred name syntax" (RFC 1034 3.5, RFC 1123 2.1). */
int name_is_host(struct bytes name)
{
    size_t label = 0;

    if (name.len == 0 || name.len > HOST_MAX)
        return 0;
    for (size_t i = 0; i <= name.len; i++) {
        int ends = i == name.len || name.data[i] == '.';
        if (ends && (label == 0 || name.data[i - 1] == '-'))
            return 0;
        if (!ends && !is_alnum(name.data[i]) && !(name.data[i] == '-' && label > 0))
            return 0;
        label = ends ? 0 : label + 1;
        if (label > LABEL_MAX)
            return 0;
    }
    return 1;
}

/* A "*" may stand for the first label, as TLS knows it (RFC 9525 6.3). */
int name_is_dns_name(struct bytes name)
{
    if (name.len > 2 && name.data[0] == '*' && name.data[1] == '.')
        return name_is_host(bytes_of(name.data + 2, name.len - 2));
    return name_is_host(name);
}

/* RFC 5321 4.1.2: Dot-string. A Quoted-string is legal, and nothing that software agrees on. */
static int is_local_part(struct bytes part)
{
    if (part.len == 0 || part.len > LOCAL_PART_MAX)
        return 0;
    for (size_t i = 0; i < part.len; i++) {
        uint8_t c = part.data[i];
        int dot = c == '.' && i > 0 && i + 1 < part.len && part.data[i - 1] != '.';
        if (!dot && !is_alnum(c) && (c == 0 || strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL))
            return 0;
    }
    return 1;
}

int name_is_mailbox(struct bytes name)
{
    const uint8_t *at = memchr(name.data, '@', name.len);

    if (at == NULL)
        return 0;
    size_t local = (size_t)(at - name.data);
    return is_local_part(bytes_of(name.data, local)) && name_is_host(bytes_of(at + 1, name.len - local - 1));
}

static int is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 9562 section 4: 8-4-4-4-12 hexadecimal digits. */
static int is_uuid(struct bytes text)
{
    enum { UUID = 36 };

    for (size_t i = 0; i < text.len; i++) {
        int is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? text.data[i] != '-' : !is_hex(text.data[i]))
            return 0;
    }
    return text.len == UUID;
}

/* RFC 5280 4.2.1.6: "MUST NOT be a relative URI"; RFC 3986 section 2 and 3.1 of what it is made of. */
static int is_uri(struct bytes name)
{
    static const char uuid[] = "urn:uuid:";
    const size_t uuid_at = sizeof uuid - 1;
    const uint8_t *colon = memchr(name.data, ':', name.len);

    if (colon == NULL || colon == name.data || !is_letter(name.data[0]) || colon + 1 == name.data + name.len)
        return 0;
    for (const uint8_t *p = name.data; p < colon; p++)
        if (!is_alnum(*p) && *p != '+' && *p != '-' && *p != '.')
            return 0;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        if (c == '%' && !(name.len - i > 2 && is_hex(name.data[i + 1]) && is_hex(name.data[i + 2])))
            return 0;
        if (c != '%' && !is_alnum(c) && (c == 0 || strchr("-._~:/?#[]@!$&'()*+,;=", c) == NULL))
            return 0;
    }
    /* The instance of a network function is known by it (RFC 9310 appendix B): all of it, or it is none. */
    return name.len < uuid_at || strncasecmp((const char *)name.data, uuid, uuid_at) != 0 ||
           is_uuid(bytes_of(name.data + uuid_at, name.len - uuid_at));
}

enum {
    CONSTRUCTED = (int)(CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED),
    PRIMITIVE = (int)CBS_ASN1_CONTEXT_SPECIFIC,
};

/* OtherName ::= SEQUENCE { type-id, value [0] EXPLICIT ANY } */
static int is_other_name(CBS name)
{
    CBS oid, value;

    return CBS_get_asn1(&name, &oid, CBS_ASN1_OBJECT) && CBS_is_valid_asn1_oid(&oid) &&
           CBS_get_asn1(&name, &value, CONSTRUCTED | 0) &&
           CBS_get_any_asn1_element(&value, NULL, NULL, NULL) && CBS_len(&value) == 0 && CBS_len(&name) == 0;
}

static const char *general_name_fault(struct arena *arena, CBS_ASN1_TAG tag, const CBS *content)
{
    struct bytes name = bytes_of_cbs(content);
    const char *fault;

    switch (tag) {
    case CONSTRUCTED | 0:
        return is_other_name(*content) ? NULL : "otherName is malformed";
    case PRIMITIVE | 1:
        return name_is_mailbox(name) ? NULL : "rfc822Name is no mail address";
    case PRIMITIVE | 2:
        return name_is_dns_name(name) ? NULL : "dNSName is no name of a host";
    case CONSTRUCTED | 4:
        if ((fault = name_fault(arena, name)) == NULL)
            return NULL;
        fault = arena_printf(arena, "directoryName: %s", fault);
        return fault != NULL ? fault : "there is no memory to tell what";
    case PRIMITIVE | 6:
        return is_uri(name) ? NULL : "uniformResourceIdentifier is no absolute URI";
    case PRIMITIVE | 7:
        return name.len == 4 || name.len == 16 ? NULL : "iPAddress must have 4 or 16 octets";
    case PRIMITIVE | 8:
        return CBS_is_valid_asn1_oid(content) ? NULL : "registeredID is no object identifier";
    default:
        return "a name is of a form that is not certified here";
    }
}

const char *general_names_fault(struct arena *arena, struct bytes names)
{
    CBS cbs = cbs_of(names), sequence, content;
    CBS_ASN1_TAG tag;
    const char *fault = NULL;

    if (!der_is_strict(NULL, NULL, names, BOUND_DER_DEPTH) ||
        !CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE))
        return "it is malformed";
    if (CBS_len(&sequence) == 0)
        return "it holds no name";
    while (fault == NULL && CBS_len(&sequence) != 0)
        fault = CBS_get_any_asn1(&sequence, &content, &tag) ? general_name_fault(arena, tag, &content)
                                                            : "it is malformed";
    return fault;
}

static int is_ia5(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0x80)
            return 0;
    return 1;
}

/* The strings of a Name by their types alone. */
static int is_name(CBS content)
{
    CBS sequence, rdn, pair, value;
    CBS_ASN1_TAG tag;
    CBB text;
    int ok = CBS_get_asn1(&content, &sequence, CBS_ASN1_SEQUENCE) && CBS_len(&content) == 0;

    while (ok && CBS_len(&sequence) != 0) {
        ok = CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET) && CBS_len(&rdn) != 0;
        while (ok && CBS_len(&rdn) != 0) {
            ok = CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) && CBS_get_asn1(&pair, NULL, CBS_ASN1_OBJECT) &&
                 CBS_get_any_asn1(&pair, &value, &tag) && CBS_len(&pair) == 0;
            if (ok && string_type_known(tag) && (ok = CBB_init(&text, CBS_len(&value))) != 0) {
                ok = string_add_utf8(&text, tag, value);
                CBB_cleanup(&text);
            }
        }
    }
    return ok;
}

int general_name_is_well_formed(struct bytes element)
{
    CBS cbs = cbs_of(element), content;
    CBS_ASN1_TAG tag;

    if (!der_is_strict(NULL, NULL, element, BOUND_DER_DEPTH) || !CBS_get_any_asn1(&cbs, &content, &tag))
        return 0;
    switch (tag) {
    case CONSTRUCTED | 0:
        return is_other_name(content);
    case PRIMITIVE | 1:
    case PRIMITIVE | 2:
    case PRIMITIVE | 6:
        return is_ia5(bytes_of_cbs(&content));
    case CONSTRUCTED | 4:
        return is_name(content);
    case PRIMITIVE | 7:
        return 1;
    case PRIMITIVE | 8:
        return CBS_is_valid_asn1_oid(&content);
    default: /* x400Address and ediPartyName, which nobody was seen to send */
        return 0;
    }
}
