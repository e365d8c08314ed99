/* How values are shown. Their content is held against DER before (der_content_fault). */
#include <arpa/inet.h>

#include "server/ctl/decode.h"

typedef void show(struct decode_printer *printer, const struct decode_type *type,
                  const struct decode_element *element);

static const char *name_of(const struct decode_name *names, int64_t value)
{
    for (; names != NULL && names->name != NULL; names++)
        if (names->value == value)
            return names->name;
    return NULL;
}

static void show_serial(struct decode_printer *printer, const struct decode_type *type,
                        const struct decode_element *element)
{
    struct bytes number = element->content;

    (void)type;
    if (number.len > 1 && number.data[0] == 0) /* only there to make it positive */
        number = bytes_of(number.data + 1, number.len - 1);
    decode_print_octets(printer, number);
}

void decode_show_integer(struct decode_printer *printer, const struct decode_type *type,
                         const struct decode_element *element)
{
    struct bytes content = element->content;
    int64_t value = (content.data[0] & 0x80) != 0 ? -1 : 0;
    const char *name;

    if (content.len > sizeof value) {
        show_serial(printer, type, element);
        return;
    }
    for (size_t i = 0; i < content.len; i++)
        value = (int64_t)((uint64_t)value << 8 | content.data[i]);
    name = name_of(type->names, value);
    if (name != NULL)
        decode_print_value(printer, "%lld (%s)", (long long)value, name);
    else
        decode_print_value(printer, "%lld", (long long)value);
}

/* With names, what a value of no interest is called is nothing. */
void decode_show_boolean(struct decode_printer *printer, const struct decode_type *type,
                         const struct decode_element *element)
{
    int value = element->content.data[0] != 0;
    const char *name = type->names != NULL ? name_of(type->names, value) : value ? "TRUE" : "FALSE";

    if (name != NULL)
        decode_print_value(printer, "%s", name);
}

static void show_null(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element)
{
    (void)printer, (void)type, (void)element;
}

static void show_oid(struct decode_printer *printer, const struct decode_type *type,
                     const struct decode_element *element)
{
    char text[DECODE_TEXT_MAX];

    (void)type;
    decode_print_value(printer, "%s", decode_oid_name(text, element->content));
}

/* References of shared secrets and the like are text in an OCTET STRING. */
static void show_octets(struct decode_printer *printer, const struct decode_type *type,
                        const struct decode_element *element)
{
    struct bytes content = element->content;
    size_t i;

    (void)type;
    decode_print_octets(printer, content);
    for (i = 0; i < content.len && content.data[i] >= 0x20 && content.data[i] < 0x7f; i++)
        ;
    if (content.len != 0 && i == content.len)
        decode_print_quoted(printer, content);
}

/* Named bits by their names, others as octets (X.690 8.6: the first octet counts the unused bits). */
void decode_show_bits(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element)
{
    CBS content = cbs_of(element->content);
    size_t bits = 8 * (element->content.len - 1) - element->content.data[0], shown = 0;

    if (type->names == NULL) {
        decode_print_octets(printer, bytes_of(element->content.data + 1, element->content.len - 1));
        if (bits % 8 != 0)
            decode_print_value(printer, "(%zu bits)", bits);
        return;
    }
    for (size_t i = 0; i < bits; i++) {
        const char *name = name_of(type->names, (int64_t)i);
        if (!CBS_asn1_bitstring_has_bit(&content, (unsigned)i))
            continue;
        if (shown++ != 0)
            decode_print_another(printer);
        if (name != NULL)
            decode_print_value(printer, "%s", name);
        else
            decode_print_value(printer, "bit %zu", i);
    }
    if (shown == 0)
        decode_print_value(printer, "(no bit)");
}

static void show_text(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element)
{
    (void)type;
    decode_print_quoted(printer, element->content);
}

/* Both forms as ISO 8601: "20261121204100Z", "261121204100Z" (RFC 5280 4.1.2.5.1: below 50 it is 20YY). */
static void show_time(struct decode_printer *printer, const struct decode_type *type,
                      const struct decode_element *element)
{
    const char *p = (const char *)element->content.data;
    int year = type->tag == CBS_ASN1_UTCTIME ? 2 : 4;
    const char *century = year == 4 ? "" : p[0] < '5' ? "20" : "19";
    const char *rest = p + year;

    decode_print_value(printer, "%s%.*s-%.2s-%.2sT%.2s:%.2s:%.*s", century, year, p, rest, rest + 2, rest + 4,
                       rest + 6, (int)element->content.len - year - 8, rest + 8);
}

/* RFC 5280 4.2.1.6: the address; in name constraints (4.2.1.10) with a mask after it. */
static void show_address(struct decode_printer *printer, const struct decode_type *type,
                         const struct decode_element *element)
{
    char address[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
    const uint8_t *data = element->content.data;
    size_t len = element->content.len, half = len / 2;

    if (len == 4 || len == 16)
        decode_print_value(printer, "%s",
                           inet_ntop(len == 4 ? AF_INET : AF_INET6, data, address, sizeof address));
    else if (len == 8 || len == 32)
        decode_print_value(printer, "%s/%s",
                           inet_ntop(len == 8 ? AF_INET : AF_INET6, data, address, sizeof address),
                           inet_ntop(len == 8 ? AF_INET : AF_INET6, data + half, mask, sizeof mask));
    else
        show_octets(printer, type, element);
}

static void show_secret(struct decode_printer *printer, const struct decode_type *type,
                        const struct decode_element *element)
{
    (void)type;
    decode_print_value(printer, "(a secret of %zu octets: not shown)", element->content.len);
}

#define VALUE(title, number, writer)                                                                         \
    {                                                                                                        \
        .name = (title), .form = FORM_VALUE, .tag = (number), .show = (writer)                               \
    }

const struct decode_type decode_integer = VALUE("INTEGER", CBS_ASN1_INTEGER, decode_show_integer);
const struct decode_type decode_serial = VALUE("INTEGER", CBS_ASN1_INTEGER, show_serial);
const struct decode_type decode_boolean = VALUE("BOOLEAN", CBS_ASN1_BOOLEAN, decode_show_boolean);
const struct decode_type decode_null = VALUE("NULL", CBS_ASN1_NULL, show_null);
const struct decode_type decode_oid = VALUE("OBJECT IDENTIFIER", CBS_ASN1_OBJECT, show_oid);
const struct decode_type decode_octets = VALUE("OCTET STRING", CBS_ASN1_OCTETSTRING, show_octets);
const struct decode_type decode_address = VALUE("OCTET STRING", CBS_ASN1_OCTETSTRING, show_address);
const struct decode_type decode_bits = VALUE("BIT STRING", CBS_ASN1_BITSTRING, decode_show_bits);
const struct decode_type decode_utf8 = VALUE("UTF8String", CBS_ASN1_UTF8STRING, show_text);
const struct decode_type decode_ia5 = VALUE("IA5String", CBS_ASN1_IA5STRING, show_text);
const struct decode_type decode_generalized_time =
    VALUE("GeneralizedTime", CBS_ASN1_GENERALIZEDTIME, show_time);
static const struct decode_type utc_time = VALUE("UTCTime", CBS_ASN1_UTCTIME, show_time);
static const struct decode_type enumerated = VALUE("ENUMERATED", CBS_ASN1_ENUMERATED, decode_show_integer);
static const struct decode_type printable = VALUE("PrintableString", CBS_ASN1_PRINTABLESTRING, show_text);
static const struct decode_type numeric = VALUE("NumericString", CBS_ASN1_NUMERICSTRING, show_text);
static const struct decode_type visible = VALUE("VisibleString", CBS_ASN1_VISIBLESTRING, show_text);
static const struct decode_type teletex = VALUE("T61String", CBS_ASN1_T61STRING, show_text);
static const struct decode_type universal = VALUE("UniversalString", CBS_ASN1_UNIVERSALSTRING, show_text);
static const struct decode_type bmp = VALUE("BMPString", CBS_ASN1_BMPSTRING, show_text);

const struct decode_type decode_any = {.name = "anything", .form = FORM_ANY};
const struct decode_type decode_open = {.name = "anything", .form = FORM_OPEN};

const struct decode_type decode_time = CHOICE_TYPE("Time", FIELD("utcTime", utc_time, 0, BARE),
                                                   FIELD("generalTime", decode_generalized_time, 0, BARE));

const struct decode_type decode_string = CHOICE_TYPE(
    "a string", FIELD("utf8String", decode_utf8, 0, BARE), FIELD("printableString", printable, 0, BARE),
    FIELD("ia5String", decode_ia5, 0, BARE), FIELD("visibleString", visible, 0, BARE),
    FIELD("numericString", numeric, 0, BARE), FIELD("teletexString", teletex, 0, BARE),
    FIELD("universalString", universal, 0, BARE), FIELD("bmpString", bmp, 0, BARE));

/* RFC 4211 6.1, 6.2; RFC 2985 5.4.1: who reads the message must not be able to use them. */
static const struct decode_type secret_utf8 = VALUE("UTF8String", CBS_ASN1_UTF8STRING, show_secret);
static const struct decode_type secret_printable =
    VALUE("PrintableString", CBS_ASN1_PRINTABLESTRING, show_secret);
const struct decode_type decode_secret =
    CHOICE_TYPE("a string", FIELD("utf8String", secret_utf8, 0, BARE),
                FIELD("printableString", secret_printable, 0, BARE), FIELD("string", decode_any, 0, HIDDEN));

const struct decode_type *decode_value_of(CBS_ASN1_TAG tag)
{
    static const struct decode_type *const values[] = {&decode_boolean,
                                                       &decode_integer,
                                                       &decode_bits,
                                                       &decode_octets,
                                                       &decode_null,
                                                       &decode_oid,
                                                       &enumerated,
                                                       &decode_utf8,
                                                       &numeric,
                                                       &printable,
                                                       &teletex,
                                                       &decode_ia5,
                                                       &utc_time,
                                                       &visible,
                                                       &universal,
                                                       &bmp,
                                                       &decode_generalized_time};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i]->tag == tag)
            return values[i];
    return NULL;
}
