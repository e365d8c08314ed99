/* name_rules.c: what may stand in a name (RFC 5280 4.1.2.4, 4.1.2.6, 4.2.1.6, appendix A.1). */
#include <criterion/criterion.h>

#include "crypto/der.h"
#include "crypto/name_rules.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(4194304);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(name_rules, .init = set_up, .fini = tear_down);

enum {
    BITS = 3,
    OCTETS = 4,
    NOTHING = 5,
    SEQUENCE = CBS_ASN1_SEQUENCE,
    UTF8 = 12,
    NUMERIC = 18,
    PRINTABLE = 19,
    T61 = 20,
    IA5 = 22,
    VISIBLE = 26,
    UNIVERSAL = 28,
    BMP = 30
};

static struct bytes name_of(const char *oid, unsigned tag, struct bytes value)
{
    CBB cbb, sequence, set, pair;
    uint8_t octets[32];
    size_t len = sizeof octets;
    struct bytes name;

    cr_assert(der_oid_parse(octets, &len, oid));
    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(&name, arena, &cbb,
                         CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
                             CBB_add_asn1(&sequence, &set, CBS_ASN1_SET) &&
                             CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
                             der_add_oid(&pair, bytes_of(octets, len)) && der_add_octets(&pair, tag, value)));
    return name;
}

#define CN "2.5.4.3"
#define COUNTRY "2.5.4.6"

struct row {
    const char *oid;
    unsigned tag;
    struct bytes value;
    const char *fault; /* words of it; NULL: there is none */
};

#define VALUE(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

/* RFC 5280 4.1.2.4 (DirectoryString), 4.1.2.6, appendix A.1 */
Test(name_rules, values_are_texts_of_their_types)
{
    static const struct row rows[] = {
        {CN, UTF8, VALUE("gnb-1"), NULL},
        {CN, UTF8, VALUE("B\xc3\xbcro \xf0\x9d\x84\x9e"), NULL},
        {CN, PRINTABLE, VALUE("gnb-1 '()+,-./:=?"), NULL},
        {CN, T61, VALUE("B\xfcro"), NULL},
        {CN, BMP, VALUE("\0a\0b"), NULL},
        {CN, UNIVERSAL, VALUE("\0\0\0a"), NULL},
        {CN, UTF8, VALUE(""), "commonName is empty"},
        {CN, UTF8, VALUE("a\0b"), "commonName holds a control"},
        {CN, UTF8, VALUE("a\nb"), "commonName holds a control"},
        {CN, UTF8, VALUE("a\x7f"), "commonName holds a control"},
        {CN, UTF8, VALUE("a\xc2\x85"), "commonName holds a control"},
        {CN, UTF8,
         VALUE("a\xe2\x80\xae"
               "b"),
         "cannot be seen"},                                   /* RIGHT-TO-LEFT OVERRIDE */
        {CN, UTF8, VALUE("a\xe3\x85\xa4"), "cannot be seen"}, /* HANGUL FILLER */
        {CN, UTF8, VALUE("a\xef\xb8\x8f"), "cannot be seen"}, /* VARIATION SELECTOR-16 */
        {CN, UTF8, VALUE("a\xe1\xa0\x86"), "cannot be seen"}, /* MONGOLIAN TODO SOFT HYPHEN */
        {CN, UTF8, VALUE("a\xef\xbf\xbc"), "cannot be seen"}, /* OBJECT REPLACEMENT CHARACTER */
        {CN, UTF8, VALUE("a\xff"), "commonName is no text"},
        {CN, UTF8, VALUE("a\xc0\x80"), "commonName is no text"},
        {CN, UTF8, VALUE("a\xed\xa0\x80"), "commonName is no text"},
        {CN, BMP, VALUE("\0a\0"), "commonName is no text"},
        {CN, BMP, VALUE("\xd8\0\0a"), "commonName is no text"},
        {CN, BMP, VALUE("\0a\0\0"), "commonName holds a control"},
        {CN, UNIVERSAL, VALUE("\0\0\0a\0"), "commonName is no text"},
        {CN, UNIVERSAL, VALUE("\0\x11\0\0"), "commonName is no text"},
        {CN, T61, VALUE("a\x80"), "commonName holds a control"},
        {CN, PRINTABLE, VALUE("a_b"), "use UTF8String"},
        {CN, PRINTABLE, VALUE("a@b"), "use UTF8String"},
        {CN, PRINTABLE, VALUE("a*"), "use UTF8String"},
        {CN, IA5, VALUE("a"), "must be a UTF8String"},
        {CN, NUMERIC, VALUE("1"), "must be a UTF8String"},
        {CN, VISIBLE, VALUE("a"), "must be a UTF8String"},
        {CN, OCTETS, VALUE("a"), "must be a UTF8String"},
        {COUNTRY, PRINTABLE, VALUE("DE"), NULL},
        {COUNTRY, PRINTABLE, VALUE("DEU"), "countryName must have two letters"},
        {COUNTRY, PRINTABLE, VALUE("D"), "countryName must have two letters"},
        {COUNTRY, PRINTABLE, VALUE("12"), "countryName must have two letters"},
        {COUNTRY, PRINTABLE, VALUE("D1"), "countryName must have two letters"},
        {COUNTRY, UTF8, VALUE("DE"), "countryName must be a PrintableString"},
        {"2.5.4.5", PRINTABLE, VALUE("A0815"), NULL},
        {"2.5.4.5", UTF8, VALUE("A0815"), "serialNumber must be a PrintableString"},
        {"2.5.4.46", UTF8, VALUE("x"), "dnQualifier must be a PrintableString"},
        {"0.9.2342.19200300.100.1.25", IA5, VALUE("example"), NULL},
        {"0.9.2342.19200300.100.1.25", UTF8, VALUE("example"), "domainComponent must be an IA5String"},
        {"1.2.840.113549.1.9.1", IA5, VALUE("a@b.example"), NULL},
        {"1.2.840.113549.1.9.1", IA5, VALUE("a\x80"), "use UTF8String"},
        {"1.3.6.1.4.1.99999.1", UTF8, VALUE("whatever"), NULL},
        {"1.3.6.1.4.1.99999.1", BMP, VALUE("\0a"), NULL},
        {"1.3.6.1.4.1.99999.1", IA5, VALUE("a@b"), NULL},
        {"1.3.6.1.4.1.99999.1", NUMERIC, VALUE("1 2"), NULL},
        {"2.5.4.45", BITS, VALUE("\0\1"), NULL}, /* x500UniqueIdentifier */
        {"1.3.6.1.4.1.99999.1", OCTETS, VALUE("\0\1"), "use UTF8String"},
        {"1.3.6.1.4.1.99999.1", NOTHING, VALUE(""), "use UTF8String"},
        {"1.3.6.1.4.1.99999.1", SEQUENCE, VALUE("\x0c\1a"), "use UTF8String"},
        {"1.3.6.1.4.1.99999.1", UTF8, VALUE("\xff"), "1.3.6.1.4.1.99999.1 is no text"},
        {"1.3.6.1.4.1.99999.1", VISIBLE, VALUE("a"), "1.3.6.1.4.1.99999.1 is of a type"},
        {"1.3.6.1.4.1.99999.1", NUMERIC, VALUE("a"), "1.3.6.1.4.1.99999.1 holds a character"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *fault = name_fault(arena, name_of(rows[i].oid, rows[i].tag, rows[i].value));
        if (rows[i].fault == NULL)
            cr_expect_null(fault, "row %zu: %s", i, fault);
        else
            cr_expect(fault != NULL && strstr(fault, rows[i].fault) != NULL, "row %zu: %s", i,
                      fault != NULL ? fault : "none");
    }
}

/* RFC 5280 appendix A.1, "Upper Bounds": in characters, not in octets. */
Test(name_rules, values_have_upper_bounds)
{
    static const struct {
        const char *oid;
        unsigned tag, max;
    } rows[] = {
        {CN, UTF8, 64},                     /* ub-common-name */
        {"2.5.4.10", UTF8, 64},             /* ub-organization-name */
        {"2.5.4.11", UTF8, 64},             /* ub-organizational-unit-name */
        {"2.5.4.5", PRINTABLE, 64},         /* ub-serial-number */
        {"2.5.4.12", UTF8, 64},             /* ub-title */
        {"2.5.4.7", UTF8, 128},             /* ub-locality-name */
        {"2.5.4.8", UTF8, 128},             /* ub-state-name */
        {"2.5.4.65", UTF8, 128},            /* ub-pseudonym */
        {"1.2.840.113549.1.9.1", IA5, 255}, /* ub-emailaddress-length */
    };
    uint8_t text[1024];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(text, 'x', sizeof text);
        cr_expect_null(name_fault(arena, name_of(rows[i].oid, rows[i].tag, bytes_of(text, rows[i].max))),
                       "row %zu", i);
        const char *fault =
            name_fault(arena, name_of(rows[i].oid, rows[i].tag, bytes_of(text, rows[i].max + 1)));
        cr_expect(fault != NULL && strstr(fault, "is too long") != NULL, "row %zu", i);
    }
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "\xc3\xbc", 2);
    cr_expect_null(name_fault(arena, name_of(CN, UTF8, bytes_of(text, 128))));
    cr_expect_not_null(name_fault(arena, name_of(CN, UTF8, bytes_of(text, 130))));
}

Test(name_rules, a_malformed_name_is_told)
{
    static const char *const names[] = {"",
                                        "30 80 00 00",
                                        "31 00",
                                        "30 02 31 00",
                                        "30 04 31 02 30 00",
                                        "30 03 31 01 30",
                                        "30 0b 31 09 30 07 06 01 80 0c 02 61 62",
                                        "30 00 00"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_expect_not_null(name_fault(arena, hex(arena, names[i])), "name %zu", i);
    cr_expect_null(name_fault(arena, hex(arena, "30 00")), "the NULL-DN is a name");
}

Test(name_rules, without_memory_there_is_a_fault_all_the_same)
{
    struct arena *small = arena_new(1);

    cr_expect_not_null(name_fault(small, name_of(CN, UTF8, bytes_str("\xff"))));
    arena_free(small);
}

/* ---- GeneralNames ---- */

enum {
    OTHER = 0xa0,
    RFC822 = 0x81,
    DNS = 0x82,
    X400 = 0xa3,
    DIRECTORY = 0xa4,
    EDI = 0xa5,
    URI = 0x86,
    IP = 0x87,
    RID = 0x88
};

static struct bytes element(unsigned tag, struct bytes content)
{
    uint8_t *out = arena_alloc(arena, content.len + 4);

    cr_assert(out != NULL && content.len < 65536);
    if (content.len < 128) {
        out[0] = (uint8_t)tag;
        out[1] = (uint8_t)content.len;
        memcpy(out + 2, content.data, content.len);
        return bytes_of(out, content.len + 2);
    }
    size_t head = content.len < 256 ? 3 : 4;
    out[0] = (uint8_t)tag;
    out[1] = (uint8_t)(0x7e + head);
    out[2] = (uint8_t)(head == 3 ? content.len : content.len >> 8);
    if (head == 4)
        out[3] = (uint8_t)content.len;
    memcpy(out + head, content.data, content.len);
    return bytes_of(out, content.len + head);
}

#define LABEL63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

/* RFC 5280 4.2.1.6, form by form. */
Test(name_rules, each_form_of_GeneralName_has_its_syntax)
{
    static const struct {
        unsigned tag;
        struct bytes content;
        const char *fault;
    } rows[] = {
        {DNS, VALUE("gnb-1.example"), NULL},
        {DNS, VALUE("GNB1"), NULL},
        {DNS, VALUE("1.example"), NULL},
        {DNS, VALUE("*.example"), NULL},
        {DNS, VALUE(LABEL63 ".example"), NULL},
        {DNS,
         VALUE(LABEL63 "." LABEL63 "." LABEL63
                       ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"),
         NULL},
        {DNS,
         VALUE(LABEL63 "." LABEL63 "." LABEL63
                       ".abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghij"),
         "dNSName"},
        {DNS, VALUE("x" LABEL63 ".example"), "dNSName"},
        {DNS, VALUE(""), "dNSName"},
        {DNS, VALUE(" "), "dNSName"},
        {DNS, VALUE("a b"), "dNSName"},
        {DNS, VALUE("a..b"), "dNSName"},
        {DNS, VALUE(".a"), "dNSName"},
        {DNS, VALUE("a."), "dNSName"},
        {DNS, VALUE("-a.example"), "dNSName"},
        {DNS, VALUE("a-.example"), "dNSName"},
        {DNS, VALUE("a.-"), "dNSName"},
        {DNS, VALUE("a_b"), "dNSName"},
        {DNS, VALUE("a*.example"), "dNSName"},
        {DNS, VALUE("a.*.example"), "dNSName"},
        {DNS, VALUE("*"), "dNSName"},
        {DNS, VALUE("*."), "dNSName"},
        {DNS, VALUE("b\xc3\xbcro"), "dNSName"},
        {DNS, VALUE("a\0b"), "dNSName"},
        {RFC822, VALUE("ops@operator.example"), NULL},
        {RFC822, VALUE("first.last+tag@operator.example"), NULL},
        {RFC822, VALUE("ops"), "rfc822Name"},
        {RFC822, VALUE("@operator.example"), "rfc822Name"},
        {RFC822, VALUE("ops@"), "rfc822Name"},
        {RFC822, VALUE("a@b@c.example"), "rfc822Name"},
        {RFC822, VALUE(".ops@operator.example"), "rfc822Name"},
        {RFC822, VALUE("ops.@operator.example"), "rfc822Name"},
        {RFC822, VALUE("o..ps@operator.example"), "rfc822Name"},
        {RFC822, VALUE("Ops <ops@operator.example>"), "rfc822Name"},
        {RFC822, VALUE("o\0ps@operator.example"), "rfc822Name"},
        {RFC822, VALUE("x" LABEL63 "@operator.example"), NULL},
        {RFC822, VALUE("xy" LABEL63 "@operator.example"), "rfc822Name"},
        {URI, VALUE("https://gnb.example/a?b=c#d"), NULL},
        {URI, VALUE("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66"), NULL},
        {URI, VALUE("URN:UUID:6E8BC430-9C3A-11D9-9669-0800200C9A66"), NULL},
        {URI, VALUE("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a6"), "uniformResourceIdentifier"},
        {URI, VALUE("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a666"), "uniformResourceIdentifier"},
        {URI, VALUE("urn:uuid:6e8bc4309-c3a-11d9-9669-0800200c9a66"), "uniformResourceIdentifier"},
        {URI, VALUE("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a6g"), "uniformResourceIdentifier"},
        {URI, VALUE("urn:uuid:"), "uniformResourceIdentifier"},
        {URI, VALUE("urn:uuids:x"), NULL},
        {URI, VALUE("https://gnb.example/%7Ea"), NULL},
        {URI, VALUE("/relative"), "uniformResourceIdentifier"},
        {URI, VALUE("gnb.example"), "uniformResourceIdentifier"},
        {URI, VALUE("https:"), "uniformResourceIdentifier"},
        {URI, VALUE(":a"), "uniformResourceIdentifier"},
        {URI, VALUE("1a:b"), "uniformResourceIdentifier"},
        {URI, VALUE("a_b:c"), "uniformResourceIdentifier"},
        {URI, VALUE("https://a b"), "uniformResourceIdentifier"},
        {URI, VALUE("https://a/%7"), "uniformResourceIdentifier"},
        {URI, VALUE("https://a/%zz"), "uniformResourceIdentifier"},
        {URI, VALUE("https://a/%fg"), "uniformResourceIdentifier"},
        {URI, VALUE("https://b\xc3\xbcro"), "uniformResourceIdentifier"},
        {URI, VALUE("https://a\0"), "uniformResourceIdentifier"},
        {IP, VALUE("1234"), NULL},
        {IP, VALUE("1234567890123456"), NULL},
        {IP, VALUE("123"), "iPAddress must have 4 or 16 octets"},
        {IP, VALUE("12345678"), "iPAddress must have 4 or 16 octets"},
        {IP, VALUE(""), "iPAddress must have 4 or 16 octets"},
        {RID, VALUE("\x2a\x03\x04"), NULL},
        {RID, VALUE(""), "registeredID"},
        {RID, VALUE("\x2a\x83"), "registeredID"},
        {RID, VALUE("\x80\x01"), "registeredID"},
        {OTHER, VALUE("\x06\x02\x2a\x03\xa0\x03\x0c\x01\x61"), NULL},
        {OTHER, VALUE("\x06\x02\x2a\x03"), "otherName"},
        {OTHER, VALUE("\x06\x02\x2a\x03\xa0\x00"), "otherName"},
        {OTHER, VALUE("\x06\x02\x2a\x03\xa0\x03\x0c\x01\x61\x05\x00"), "otherName"},
        {OTHER, VALUE("\x06\x02\x2a\x03\xa0\x06\x0c\x01\x61\x0c\x01\x61"), "otherName"},
        {DIRECTORY, VALUE("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x61"), NULL},
        {DIRECTORY, VALUE("\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01\x07"),
         "directoryName: commonName holds a control"},
        {DIRECTORY, VALUE("\x31\x00"), "directoryName: it is malformed"},
        {X400, VALUE("\x30\x00"), "not certified here"},
        {EDI, VALUE("\xa1\x03\x0c\x01\x61"), "not certified here"},
        {0x89, VALUE("a"), "not certified here"},
        {0xa2, VALUE("\x16\x01\x61"), "not certified here"},
        {0x16, VALUE("a"), "not certified here"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes names = element(0x30, element(rows[i].tag, rows[i].content));
        const char *fault = general_names_fault(arena, names);
        if (rows[i].fault == NULL)
            cr_expect_null(fault, "row %zu: %s", i, fault);
        else
            cr_expect(fault != NULL && strstr(fault, rows[i].fault) != NULL, "row %zu: %s", i,
                      fault != NULL ? fault : "none");
    }
}

Test(name_rules, every_name_of_a_list_is_looked_at)
{
    cr_expect_null(general_names_fault(arena, hex(arena, "30 06 82 01 61 82 01 62")));
    cr_expect_not_null(general_names_fault(arena, hex(arena, "30 06 82 01 61 82 01 20")));
    cr_expect_not_null(general_names_fault(arena, hex(arena, "30 06 82 01 20 82 01 61")));
    cr_expect_not_null(general_names_fault(arena, hex(arena, "30 00")));
    cr_expect_not_null(general_names_fault(arena, hex(arena, "31 03 82 01 61")));
    cr_expect_not_null(general_names_fault(arena, hex(arena, "30 03 82 02 61")));
}

/* What is sent back need only be of its type: RFC 5280 4.2.1.6, GeneralName. */
Test(name_rules, a_GeneralName_is_known_by_its_type)
{
    static const struct {
        const char *element;
        int good;
    } rows[] = {
        {"82 03 20 5f 2e", 1}, /* no host, yet an IA5String */
        {"82 01 80", 0},       /* no IA5String */
        {"81 01 61", 1},
        {"81 01 ff", 0},
        {"86 01 61", 1},
        {"86 01 c3", 0},
        {"87 03 01 02 03", 1},
        {"88 01 2a", 1},
        {"88 00", 0},
        {"a0 09 06 02 2a 03 a0 03 0c 01 61", 1},
        {"a0 04 06 02 2a 03", 0},
        {"a4 02 30 00", 1},
        {"a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 0c 01 07", 1}, /* a control character is a character */
        {"a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 0c 01 ff", 0}, /* no UTF-8 */
        {"a4 0e 30 0c 31 0a 30 08 06 03 55 04 03 1e 01 61", 0}, /* an odd BMPString */
        {"a4 02 31 00", 0},
        {"a4 04 30 02 31 00", 0},
        {"a4 04 30 00 05 00", 0},
        {"a4 00", 0},
        {"84 02 30 00", 0},
        {"a1 03 16 01 61", 0},
        {"a2 03 16 01 61", 0},
        {"a6 03 16 01 61", 0},
        {"a7 03 04 01 61", 0},
        {"a8 03 06 01 2a", 0},
        {"a3 02 30 00", 0},
        {"a5 05 a1 03 0c 01 61", 0},
        {"89 01 61", 0},
        {"0c 01 61", 0},
        {"82 01 61 00", 0},
        {"82 81 01 61", 0},
        {"", 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(general_name_is_well_formed(hex(arena, rows[i].element)), rows[i].good, "%s",
                     rows[i].element);
}
