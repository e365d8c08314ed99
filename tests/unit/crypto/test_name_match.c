/* name_match.c: which names are one name (RFC 5280 7.1 to 7.5, RFC 4518). */
#include <criterion/criterion.h>

#include "crypto/der.h"
#include "crypto/name_match.h"
#include "server/base/bounds.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(4194304);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(name_match, .init = set_up, .fini = tear_down);

enum { UTF8 = 12, NUMERIC = 18, PRINTABLE = 19, T61 = 20, IA5 = 22, VISIBLE = 26, UNIVERSAL = 28, BMP = 30 };

struct value {
    unsigned tag;
    struct bytes text;
};

#define V(tag, literal) ((struct value){tag, {(const uint8_t *)(literal), sizeof(literal) - 1}})

static struct bytes attributes(const char *oid, const struct value *values, size_t count)
{
    CBB cbb, sequence, set, pair;
    uint8_t octets[32];
    size_t len = sizeof octets;
    struct bytes name;
    cr_assert(der_oid_parse(octets, &len, oid));
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; i < count; i++)
        ok = ok && CBB_add_asn1(&sequence, &set, CBS_ASN1_SET) &&
             CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) && der_add_oid(&pair, bytes_of(octets, len)) &&
             der_add_octets(&pair, values[i].tag, values[i].text) && CBB_flush(&sequence);
    cr_assert(der_finish(&name, arena, &cbb, ok));
    return name;
}

/* A name of one commonName. */
static struct bytes cn(struct value value)
{
    return attributes("2.5.4.3", &value, 1);
}

struct pair {
    struct value a, b;
    int match;
};

static void judge(const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(name_equal(cn(pairs[i].a), cn(pairs[i].b)), pairs[i].match, "pair %zu", i);
        cr_expect_eq(name_equal(cn(pairs[i].b), cn(pairs[i].a)), pairs[i].match,
                     "pair %zu, the other way round", i);
    }
}

#define JUDGE(pairs) judge(pairs, sizeof(pairs) / sizeof((pairs)[0]))

/* RFC 4518 2.1: "Each non-Unicode string value is transcoded to Unicode." */
Test(name_match, the_type_of_a_string_makes_no_difference)
{
    static const struct pair pairs[] = {
        {V(UTF8, "gnb-1"), V(PRINTABLE, "gnb-1"), 1},
        {V(UTF8, "gnb-1"), V(IA5, "gnb-1"), 1},
        {V(UTF8, "gnb-1"), V(VISIBLE, "gnb-1"), 1},
        {V(UTF8, "42"), V(NUMERIC, "42"), 1},
        {V(UTF8, "B\xc3\xbc"
                 "ro"),
         V(T61, "B\xfcro"), 1},
        {V(UTF8, "B\xc3\xbc"
                 "ro"),
         V(BMP, "\0B\0\xfc\0r\0o"), 1},
        {V(PRINTABLE, "ab"), V(UNIVERSAL, "\0\0\0a\0\0\0b"), 1},
        {V(BMP, "\0a\0b"), V(UNIVERSAL, "\0\0\0a\0\0\0b"), 1},
        {V(UTF8, "\xf0\x9d\x84\x9e"), V(UNIVERSAL, "\0\1\xd1\x1e"), 1},
        {V(UTF8, "gnb-1"), V(PRINTABLE, "gnb-2"), 0},
        {V(UTF8, "ab"), V(BMP, "\0a\0c"), 0},
    };
    JUDGE(pairs);
}

/* RFC 5280 7.1: "the mapping shall include case folding as specified in Appendix B.2 of [RFC3454]" */
Test(name_match, case_makes_no_difference)
{
    static const struct pair pairs[] = {
        {V(UTF8, "GNB-1"), V(UTF8, "gnb-1"), 1},
        {V(PRINTABLE, "Operator AB"), V(UTF8, "OPERATOR ab"), 1},
        {V(UTF8, "\xc3\x9c"
                 "ber"),
         V(UTF8, "\xc3\xbc"
                 "BER"),
         1}, /* U+00DC, U+00FC */
        {V(UTF8, "stra\xc3\x9f"
                 "e"),
         V(UTF8, "STRASSE"), 1},                       /* B.2: 00DF; 0073 0073 */
        {V(UTF8, "\xce\xa3"), V(UTF8, "\xcf\x82"), 1}, /* sigma, final sigma */
        {V(UTF8, "\xd0\x96"), V(UTF8, "\xd0\xb6"), 1}, /* Cyrillic */
        {V(UTF8, "\xcf\x92"), V(UTF8, "\xcf\x85"), 1}, /* B.2: 03D2; 03C5 */
        {V(UTF8, "[a"), V(UTF8, "{a"), 0},             /* beside the letters */
        {V(UTF8, "@a"), V(UTF8, "`a"), 0},
    };
    JUDGE(pairs);
}

/* RFC 4518 2.3: "The input string is to be normalized to Unicode Form KC (compatibility composed)". */
Test(name_match, forms_of_one_character_make_no_difference)
{
    static const struct pair pairs[] = {
        {V(UTF8, "\xc3\xa9"), V(UTF8, "e\xcc\x81"), 1},                  /* composed or not */
        {V(UTF8, "\xef\xbc\xa1"), V(UTF8, "a"), 1},                      /* full width */
        {V(UTF8, "\xef\xac\x81x"), V(UTF8, "FIX"), 1},                   /* ligature */
        {V(UTF8, "a\xcc\xa3\xcc\x87"), V(UTF8, "a\xcc\x87\xcc\xa3"), 1}, /* order of marks */
        {V(UTF8, "\xc3\xa9"), V(UTF8, "e"), 0},
        {V(UTF8, "\xd0\xb0"), V(UTF8, "a"), 0}, /* alike to the eye alone */
    };
    JUDGE(pairs);
}

/* RFC 4518 2.6.1: leading and trailing spaces count for nothing, several for one; 2.2 says what is one. */
Test(name_match, spaces_are_squeezed)
{
    static const struct pair pairs[] = {
        {V(UTF8, "  a  b "), V(PRINTABLE, "a b"), 1},
        {V(UTF8, "a\tb"), V(UTF8, "a b"), 1},
        {V(UTF8, "a\r\nb"), V(UTF8, "a b"), 1},
        {V(UTF8, "a\xc2\xa0"
                 "b"),
         V(UTF8, "a b"), 1}, /* NO-BREAK SPACE */
        {V(UTF8, "a\xe3\x80\x80"
                 "b"),
         V(UTF8, "a b"), 1}, /* IDEOGRAPHIC SPACE */
        {V(UTF8, "a\xe2\x80\xa8"
                 "b"),
         V(UTF8, "a b"), 1}, /* LINE SEPARATOR */
        {V(UTF8, "a\xc2\x85"
                 "b"),
         V(UTF8, "a b"), 1}, /* NEXT LINE */
        {V(UTF8, "ab"), V(UTF8, "a b"), 0},
        {V(UTF8, " \xcc\x88"
                 "a"),
         V(UTF8, "\xcc\x88"
                 "a"),
         0}, /* a space with a mark is none */
        {V(UTF8, "a \xcc\x88"), V(UTF8, "a  \xcc\x88"), 0},
    };
    JUDGE(pairs);
}

/* RFC 4518 2.2: "mapped to nothing" */
Test(name_match, what_nobody_sees_counts_for_nothing)
{
    static const struct pair pairs[] = {
        {V(UTF8, "a\xc2\xad"
                 "b"),
         V(UTF8, "ab"), 1}, /* SOFT HYPHEN */
        {V(UTF8, "a\xe2\x80\x8b"
                 "b"),
         V(UTF8, "ab"), 1}, /* ZERO WIDTH SPACE */
        {V(UTF8, "a\xe2\x80\x8f"
                 "b"),
         V(UTF8, "ab"), 1}, /* RIGHT-TO-LEFT MARK */
        {V(UTF8, "a\xef\xbb\xbf"
                 "b"),
         V(UTF8, "ab"), 1},                          /* ZERO WIDTH NO-BREAK SPACE */
        {V(UTF8, "a\xef\xb8\x8f"), V(UTF8, "a"), 1}, /* VARIATION SELECTOR-16 */
        {V(UTF8, "a\xcd\x8f"
                 "b"),
         V(UTF8, "ab"), 1}, /* COMBINING GRAPHEME JOINER */
        {V(UTF8, "a\xef\xbf\xbc"
                 "b"),
         V(UTF8, "ab"), 1}, /* OBJECT REPLACEMENT CHARACTER */
        {V(UTF8, "a\x01\x7f\xc2\x80"
                 "b"),
         V(UTF8, "ab"), 1}, /* controls */
        {V(UTF8, "a\0b"), V(UTF8, "ab"), 1},
        {V(UTF8, "a\xe1\xa0\x86"
                 "b"),
         V(UTF8, "ab"), 1}, /* MONGOLIAN TODO SOFT HYPHEN */
        {V(UTF8, "a-b"), V(UTF8, "ab"), 0},
    };
    JUDGE(pairs);
}

/* RFC 4518 2.4: what is prohibited makes the comparison undefined: the same octets match, and nothing else.
 * The same holds for what is no text of its type. */
Test(name_match, what_cannot_be_prepared_matches_itself_alone)
{
    static const struct value values[] = {
        V(UTF8, "A\xee\x80\x80"),          /* private use */
        V(UTF8, "A\xef\xbf\xbd"),          /* REPLACEMENT CHARACTER */
        V(UTF8, "A\xf3\xaf\xbf\xbd"),      /* private use, plane 15 */
        V(UTF8, "A\xef\xb7\x90"),          /* a noncharacter */
        V(UTF8, "A\xcd\xb8"),              /* U+0378: not assigned */
        V(UTF8, "A\xff"),                  /* no UTF-8 */
        V(UTF8, "A\xed\xa0\x80"),          /* a surrogate */
        V(BMP, "\0A\xd8\0"),               /* a surrogate */
        V(BMP, "\0A\0"),                   /* odd */
        V(UNIVERSAL, "\0\0\0A\0\x11\0\0"), /* beyond Unicode */
        V(UNIVERSAL, "\0\0\0A\0"),
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        uint8_t octets[64];
        struct value other = {values[i].tag, {octets, values[i].text.len}};
        memcpy(octets, values[i].text.data, values[i].text.len);
        octets[values[i].tag == BMP ? 1 : values[i].tag == UNIVERSAL ? 3 : 0] = 'a';
        cr_expect_not(name_print(cn(values[i])).made, "value %zu", i);
        cr_expect(name_equal(cn(values[i]), cn(values[i])), "value %zu", i);
        cr_expect_not(name_equal(cn(values[i]), cn(other)), "value %zu", i);
    }
}

/* Marks in a row are sorted in the square of their number; UAX 15, section 13: no text has more than 30. */
Test(name_match, no_more_than_30_marks_in_a_row_are_sorted)
{
    char text[256] = "a";
    for (unsigned count = 1; count <= 62; count++) {
        strcat(text, count % 2 == 0 ? "\xcc\x81" : "\xcc\xa3");
        cr_expect_eq(name_print(cn((struct value){UTF8, bytes_str(text)})).made, count != 31 && count != 62,
                     "%u", count);
        if (count == 31)
            text[61] = 'b', text[62] = 0; /* a letter begins another row */
    }
}

/* What is taken away between marks does not part them, and those of one text do not count for the next. */
Test(name_match, marks_are_counted_over_what_is_ignored)
{
    static const char *const between[] = {"\xe2\x80\x8d", "\x01",         "\xe3\x85\xa4",
                                          "\xc2\xad",     "\xe1\xa0\x86", "\xef\xbe\x9e"};
    char text[256];

    for (size_t b = 0; b < sizeof between / sizeof between[0]; b++) {
        strcpy(text, "a");
        for (unsigned count = 0; count < 16; count++)
            strcat(text, "\xcc\x81");
        strcat(text, between[b]);
        for (unsigned count = 0; count < 15; count++)
            strcat(text, "\xcc\xa3");
        cr_expect_not(name_print(cn((struct value){UTF8, bytes_str(text)})).made, "%zu", b);
    }
    strcpy(text, "A");
    for (unsigned count = 0; count < 20; count++)
        strcat(text, "\xcc\x81");
    strcat(text, "a");
    for (unsigned count = 0; count < 20; count++)
        strcat(text, "\xcc\x81");
    cr_expect(name_print(cn((struct value){UTF8, bytes_str(text)})).made);
}

/* A space is not the same as whatever is absent. */
Test(name_match, a_text_of_which_nothing_is_left_matches_itself_alone)
{
    cr_expect_not(name_text_equal(bytes_str(" "), bytes_of(NULL, 0)));
    cr_expect_not(name_text_equal(bytes_str(" "), bytes_str("\xe3\x85\xa4")));
    cr_expect_not(name_text_equal(bytes_str("\xc2\xad"), bytes_str("  ")));
    cr_expect(name_text_equal(bytes_str(" "), bytes_str(" ")));
}

/* For who must not take one for another: what cannot be prepared may be the same. */
Test(name_match, names_differ_surely_or_not)
{
    uint8_t longer[BOUND_NAME_COMPARED + 64];
    struct bytes name = cn(V(UTF8, "example"));

    cr_expect(name_differs(name, cn(V(UTF8, "examples"))));
    cr_expect(name_differs(name, cn(V(BMP, "\0a"))));
    cr_expect_not(name_differs(name, name));
    cr_expect_not(name_differs(name, cn(V(PRINTABLE, "EXAMPLE "))));
    cr_expect_not(name_differs(name, cn(V(UTF8, "\xff"))));
    memset(longer, ' ', sizeof longer);
    memcpy(longer, "example", 7);
    cr_expect_not(name_differs(name, cn((struct value){UTF8, bytes_of(longer, sizeof longer)})));
}

/* The glance and the prints say the same of all pairs of short texts. */
Test(name_match, a_glance_says_what_the_prints_say)
{
    static const char *const texts[] = {"a", "A", " a", "a ",   "a b",      "A  B",     "ab", "a  b ", "aa",
                                        "b", "~", "^",  "a\tb", "\xc3\x81", "\xc3\xa1", " ",  "a\x7f"};
    enum { TEXTS = sizeof texts / sizeof texts[0] };

    for (size_t i = 0; i < TEXTS; i++)
        for (size_t j = 0; j < TEXTS; j++) {
            struct bytes a = cn((struct value){UTF8, bytes_str(texts[i])}),
                         b = cn((struct value){UTF8, bytes_str(texts[j])});
            struct name_print prints[] = {name_print(a), name_print(b)};
            cr_expect_eq(name_equal(a, b), i == j || name_print_equal(&prints[0], &prints[1]), "%s, %s",
                         texts[i], texts[j]);
        }
}

/* RFC 5280 7.1: attributes match "if the attribute types are the same and the values of the attributes are an
 * exact match". */
Test(name_match, the_type_of_an_attribute_counts)
{
    struct value value = V(UTF8, "a");
    cr_expect_not(name_equal(attributes("2.5.4.3", &value, 1), attributes("2.5.4.10", &value, 1)));
    cr_expect_not(name_equal(attributes("2.5.4.3", &value, 1), attributes("2.5.4.3.1", &value, 1)));
}

/* What is no string has no case. */
Test(name_match, other_values_match_by_their_octets)
{
    static const struct pair pairs[] = {
        {V(4, "A"), V(4, "A"), 1},
        {V(4, "A"), V(4, "a"), 0},
        {V(4, "a"), V(UTF8, "a"), 0},
        {V(4, "a"), V(3, "a"), 0},
    };
    JUDGE(pairs);
}

/* "Two distinguished names DN1 and DN2 match if they have the same number of RDNs, for each RDN in DN1 there
 * is a matching RDN in DN2, and the matching RDNs appear in the same order in both DNs." */
Test(name_match, RDNs_have_an_order_and_a_number)
{
    const struct value ab[] = {V(UTF8, "A"), V(UTF8, "b")}, ba[] = {V(UTF8, "b"), V(UTF8, "a")},
                       aab[] = {V(UTF8, "a"), V(UTF8, "a"), V(UTF8, "b")};
    const struct value joined[] = {V(UTF8, "ab")};
    struct bytes name = attributes("2.5.4.11", ab, 2);

    cr_expect(
        name_equal(name, attributes("2.5.4.11", (const struct value[]){V(BMP, "\0a"), V(IA5, "B")}, 2)));
    cr_expect_not(name_equal(name, attributes("2.5.4.11", ba, 2)));
    cr_expect_not(name_equal(name, attributes("2.5.4.11", ab, 1)));
    cr_expect_not(name_equal(name, attributes("2.5.4.11", aab, 3)));
    cr_expect_not(name_equal(name, attributes("2.5.4.11", joined, 1)));
    cr_expect(name_equal(attributes("2.5.4.11", ab, 0), attributes("2.5.4.11", ba, 0)));
}

/* One RDN of |count| attributes commonName, in the given order: no DER, but seen. */
static struct bytes multi(const struct value *values, size_t count)
{
    CBB cbb, sequence, set, pair;
    struct bytes name;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&sequence, &set, CBS_ASN1_SET);
    for (size_t i = 0; i < count; i++)
        ok = ok && CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&pair, bytes_str("\x55\x04\x03")) &&
             der_add_octets(&pair, values[i].tag, values[i].text) && CBB_flush(&set);
    cr_assert(der_finish(&name, arena, &cbb, ok));
    return name;
}

/* RFC 5280 7.1: "if they have the same number of naming attributes and for each naming attribute in RDN1
 * there is a matching naming attribute in RDN2" */
Test(name_match, attributes_of_an_RDN_have_no_order)
{
    const struct value ab[] = {V(UTF8, "A"), V(UTF8, "bc")}, ba[] = {V(PRINTABLE, "BC"), V(UTF8, "a")};
    const struct value abb[] = {V(UTF8, "a"), V(UTF8, "bc"), V(UTF8, "bc")};

    cr_expect(name_equal(multi(ab, 2), multi(ba, 2)));
    cr_expect_not(name_equal(multi(ab, 2), multi(ab, 1)));
    cr_expect_not(name_equal(multi(ab, 2), multi(abb, 3)));
    cr_expect_not(name_equal(multi(ab, 2), attributes("2.5.4.3", ab, 2)));
}

Test(name_match, what_is_no_name_matches_itself_alone)
{
    static const char *const broken[] = {"",         "\x31\x02\x30\x01",         "\x30\x02\x31\x00",
                                         "\x30\x80", "\x30\x04\x31\x02\x30\x00", "\x30\x02\x30\x00"};
    static const size_t lens[] = {0, 4, 4, 2, 6, 4};
    uint8_t longer[BOUND_SUBJECT + 8] = {0};
    struct bytes name = cn(V(UTF8, "a"));

    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct bytes one = bytes_of((const uint8_t *)broken[i], lens[i]);
        cr_expect_not(name_print(one).made, "%zu", i);
        cr_expect(name_equal(one, one), "%zu", i);
        cr_expect_not(name_equal(one, name), "%zu", i);
    }
    memcpy(longer, name.data, name.len);
    cr_expect_not(name_equal(bytes_of(longer, name.len + 1), name), "octets behind it");
}

Test(name_match, texts_match_as_values_do)
{
    cr_expect(name_text_equal(bytes_str("GNB  1"), bytes_str("gnb 1 ")));
    cr_expect_not(name_text_equal(bytes_str("gnb-1"), bytes_str("gnb-2")));
    cr_expect(name_text_equal(bytes_str("\xff"), bytes_str("\xff")));
    cr_expect_not(name_text_equal(bytes_str("\xff"
                                            "a"),
                                  bytes_str("\xff"
                                            "A")));
}

static struct bytes general_names(const struct value *names, size_t count)
{
    CBB cbb, sequence;
    struct bytes out;
    int ok = CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);
    for (size_t i = 0; i < count; i++)
        ok = ok && der_add_octets(&sequence, CBS_ASN1_CONTEXT_SPECIFIC | names[i].tag, names[i].text);
    cr_assert(der_finish(&out, arena, &cbb, ok));
    return out;
}

enum { RFC822 = 1, DNS = 2, DIRECTORY = (int)(CBS_ASN1_CONSTRUCTED | 4), URI = 6, IP = 7 };

/* RFC 5280 7.2 (dNSName), 7.4 (URI), 7.5 (rfc822Name): case of hosts counts for nothing, of the rest it does.
 */
Test(name_match, hosts_have_no_case)
{
    static const struct pair pairs[] = {
        {V(DNS, "GNB-1.Example"), V(DNS, "gnb-1.example"), 1},
        {V(DNS, "gnb-1.example"), V(DNS, "gnb-2.example"), 0},
        {V(DNS, "a.example"), V(RFC822, "a.example"), 0},
        {V(RFC822, "ops@Operator.Example"), V(RFC822, "ops@operator.example"), 1},
        {V(RFC822, "Ops@operator.example"), V(RFC822, "ops@operator.example"), 0},
        {V(RFC822, "Ops"), V(RFC822, "ops"), 0},
        {V(URI, "HTTPS://Gnb.Example/a"), V(URI, "https://gnb.example/a"), 1},
        {V(URI, "https://gnb.example/A"), V(URI, "https://gnb.example/a"), 0},
        {V(URI, "https://gnb.example?A"), V(URI, "https://gnb.example?a"), 0},
        {V(URI, "https://gnb.example#A"), V(URI, "https://gnb.example#a"), 0},
        {V(URI, "https://U@gnb.Example"), V(URI, "https://U@gnb.example"), 1},
        {V(URI, "https://U@gnb.example"), V(URI, "https://u@gnb.example"), 0},
        {V(URI, "URN:a"), V(URI, "urn:a"), 1},
        {V(URI, "urn:A"), V(URI, "urn:a"), 0},
        {V(URI, "A"), V(URI, "a"), 0},
        {V(IP, "AAAA"), V(IP, "aaaa"), 0},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        cr_expect_eq(general_names_equal(general_names(&pairs[i].a, 1), general_names(&pairs[i].b, 1)),
                     pairs[i].match, "pair %zu", i);
}

Test(name_match, general_names_have_no_order)
{
    const struct value ab[] = {V(DNS, "a"), V(IP, "1234")}, ba[] = {V(IP, "1234"), V(DNS, "A")},
                       other[] = {V(IP, "1234"), V(DNS, "b")};
    const struct value aab[] = {V(DNS, "a"), V(DNS, "a"), V(IP, "1234")};

    cr_expect(general_names_equal(general_names(ab, 2), general_names(ba, 2)));
    cr_expect_not(general_names_equal(general_names(ab, 2), general_names(other, 2)));
    cr_expect_not(general_names_equal(general_names(ab, 2), general_names(ab, 1)));
    cr_expect_not(general_names_equal(general_names(ab, 2), general_names(aab, 3)));
}

Test(name_match, a_list_of_too_many_names_matches_itself_alone)
{
    struct value many[65], upper[65];
    for (size_t i = 0; i < 65; i++) {
        many[i] = V(DNS, "a");
        upper[i] = V(DNS, "A");
    }
    cr_expect(general_names_equal(general_names(many, 64), general_names(upper, 64)));
    cr_expect_not(general_names_equal(general_names(many, 65), general_names(upper, 65)));
    cr_expect(general_names_equal(general_names(many, 65), general_names(many, 65)));
}

Test(name_match, a_directoryName_matches_as_a_name)
{
    struct value a = {DIRECTORY, cn(V(UTF8, "A"))}, b = {DIRECTORY, cn(V(PRINTABLE, "a"))},
                 c = {DIRECTORY, cn(V(UTF8, "c"))};
    struct value broken[] = {V(DIRECTORY, "\x30\x01\x41"), V(DIRECTORY, "\x30\x01\x61")};

    cr_expect(general_names_equal(general_names(&a, 1), general_names(&b, 1)));
    cr_expect_not(general_names_equal(general_names(&a, 1), general_names(&c, 1)));
    cr_expect(general_names_equal(general_names(&broken[0], 1), general_names(&broken[0], 1)));
    cr_expect_not(general_names_equal(general_names(&broken[0], 1), general_names(&broken[1], 1)));
    cr_expect_not(general_names_equal(general_names(&a, 1), bytes_of((const uint8_t *)"\x30\x01", 2)));
}
