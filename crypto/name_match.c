/* Names are brought into one form, and that is compared: RFC 4518 section 2 over the tables of utf8proc. */
#include "crypto/name_match.h"

#include <openssl/mem.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "crypto/algorithms.h"
#include "crypto/string_types.h"
#include "server/base/bounds.h"

/* ---- one text ---- */

enum {
    NEXT_LINE = 0x85,
    IGNORED = 0xad, /* SOFT HYPHEN, which UTF8PROC_IGNORE takes away */
    MONGOLIAN_SOFT_HYPHEN = 0x1806,
    OBJECT_REPLACEMENT = 0xfffc,
    REPLACEMENT = 0xfffd,
    HALFWIDTH_VOICED = 0xff9e, /* letters of Katakana that decompose to marks */
    HALFWIDTH_SEMI_VOICED = 0xff9f,
    MARKS_MAX = 30
};

static int is_mark_category(utf8proc_category_t category)
{
    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC ||
           category == UTF8PROC_CATEGORY_ME;
}

static int is_space(utf8proc_int32_t c, utf8proc_category_t category)
{
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP || (c >= '\t' && c <= '\r') || c == NEXT_LINE;
}

int name_ignores(uint32_t character)
{
    utf8proc_int32_t c = (utf8proc_int32_t)character;
    const utf8proc_property_t *property = utf8proc_get_property(c);

    return !is_space(c, property->category) &&
           (property->ignorable || property->category == UTF8PROC_CATEGORY_CC ||
            property->category == UTF8PROC_CATEGORY_CF || c == OBJECT_REPLACEMENT ||
            c == MONGOLIAN_SOFT_HYPHEN);
}

/* RFC 4518 2.4, before anything else: what is unassigned to utf8proc may be assigned tomorrow, and then be
 * the same as something else. And a bound: marks are sorted in the square of their number; Unicode Standard
 * Annex 15, section 13, knows of no text with more than 30 in a row. What is taken away between them does not
 * part them. */
static int is_allowed(struct bytes text)
{
    unsigned marks = 0;
    utf8proc_int32_t c;
    utf8proc_ssize_t n;

    for (size_t i = 0; i < text.len; i += (size_t)n) {
        if ((n = utf8proc_iterate(text.data + i, (utf8proc_ssize_t)(text.len - i), &c)) <= 0)
            return 0;
        utf8proc_category_t category = utf8proc_category(c);
        if (category == UTF8PROC_CATEGORY_CN || category == UTF8PROC_CATEGORY_CO ||
            category == UTF8PROC_CATEGORY_CS || c == REPLACEMENT)
            return 0;
        if (is_mark_category(category) || c == HALFWIDTH_VOICED || c == HALFWIDTH_SEMI_VOICED)
            marks++;
        else if (!name_ignores((uint32_t)c))
            marks = 0;
        if (marks > MARKS_MAX)
            return 0;
    }
    return 1;
}

/* RFC 4518 2.2, before the folding of case and the normalization that utf8proc does. */
static utf8proc_int32_t map(utf8proc_int32_t c, void *arg)
{
    (void)arg;
    return is_space(c, utf8proc_category(c)) ? ' ' : name_ignores((uint32_t)c) ? IGNORED : c;
}

static int is_mark(const uint8_t *p, size_t left)
{
    utf8proc_int32_t c;

    return left != 0 && p[0] >= 0x80 && utf8proc_iterate(p, (utf8proc_ssize_t)left, &c) > 0 &&
           is_mark_category(utf8proc_category(c));
}

/* RFC 4518 2.6.1: spaces at either end are nothing, several are one. "A space is defined to be the SPACE
 * (U+0020) code point followed by no combining marks." */
static size_t squeeze(uint8_t *text, size_t len)
{
    size_t used = 0;
    int gap = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ' && !is_mark(text + i + 1, len - i - 1)) {
            gap = used != 0;
            continue;
        }
        if (gap)
            text[used++] = ' ';
        gap = 0;
        text[used++] = text[i];
    }
    return used;
}

static int is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] > '~')
            return 0;
    return 1;
}

/* ASCII needs no tables: the next character of a text that is compared without case, runs of spaces as one,
 * those at either end as none; -1 at its end. */
static int next_ascii(CBS *text)
{
    uint8_t c;

    if (!CBS_get_u8(text, &c))
        return -1;
    if (c != ' ')
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    while (CBS_len(text) != 0 && CBS_data(text)[0] == ' ')
        CBS_skip(text, 1);
    return CBS_len(text) != 0 ? ' ' : -1;
}

static void skip_spaces(CBS *text)
{
    while (CBS_len(text) != 0 && CBS_data(text)[0] == ' ')
        CBS_skip(text, 1);
}

static int add_prepared_ascii(CBB *out, struct bytes text)
{
    CBS cbs = cbs_of(text);
    int c, ok;

    skip_spaces(&cbs);
    for (ok = CBS_len(&cbs) != 0; ok && (c = next_ascii(&cbs)) >= 0;)
        ok = CBB_add_u8(out, (uint8_t)c);
    return ok;
}

/* |text|, in UTF-8, as it is compared. What nothing is left of is like nothing: else a space were whatever is
 * absent. */
static int add_prepared(CBB *out, struct bytes text)
{
    if (is_ascii(text))
        return add_prepared_ascii(out, text);

    utf8proc_uint8_t *prepared = NULL;
    utf8proc_option_t options = UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;
    utf8proc_ssize_t len = is_allowed(text) ? utf8proc_map_custom(text.data, (utf8proc_ssize_t)text.len,
                                                                  &prepared, options, map, NULL)
                                            : -1;
    size_t left = len > 0 ? squeeze(prepared, (size_t)len) : 0;
    int ok = left != 0 && CBB_add_bytes(out, prepared, left);

    free(prepared);
    return ok;
}

/* ---- one attribute ---- */

/* A value that is no string is what its octets are. */
static int add_value(CBB *out, CBS_ASN1_TAG tag, CBS value)
{
    CBB text;
    int ok;

    if (!string_type_known(tag))
        return CBB_add_u8(out, 1) && CBB_add_u32(out, tag) && der_add_bytes(out, bytes_of_cbs(&value));
    if (!CBB_add_u8(out, 0) || !CBB_init(&text, CBS_len(&value)))
        return 0;
    ok = string_add_utf8(&text, tag, value) && add_prepared(out, bytes_of(CBB_data(&text), CBB_len(&text)));
    CBB_cleanup(&text);
    return ok;
}

/* ---- names ---- */

enum {
    SET_MAX = 64
}; /* attributes of one RDN, where in the field there is one; names of one subjectAltName */

struct octets {
    uint8_t *data;
    size_t len;
};

/* What has no order: it is written in the order of the octets. */
struct set {
    struct octets items[SET_MAX];
    size_t count;
};

static int by_octets(const void *a, const void *b)
{
    const struct octets *x = a, *y = b;
    int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);

    return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Takes what |cbb| holds, and cleans it up. */
static int set_add(struct set *set, CBB *cbb, int ok)
{
    struct octets *item = &set->items[set->count];

    if (ok && set->count < SET_MAX && CBB_finish(cbb, &item->data, &item->len)) {
        set->count++;
        return 1;
    }
    CBB_cleanup(cbb);
    return 0;
}

/* Writes the set into |out| if |ok|, and cleans it up. */
static int set_finish(struct set *set, CBB *out, int ok)
{
    CBB whole, part;

    qsort(set->items, set->count, sizeof set->items[0], by_octets);
    ok = ok && CBB_add_u24_length_prefixed(out, &whole);
    for (size_t i = 0; i < set->count; i++) {
        ok = ok && CBB_add_u24_length_prefixed(&whole, &part) &&
             CBB_add_bytes(&part, set->items[i].data, set->items[i].len) && CBB_flush(&whole);
        OPENSSL_free(set->items[i].data);
    }
    return ok && CBB_flush(out);
}

static int add_attribute(struct set *set, CBS *rdn)
{
    CBS pair, oid, value;
    CBS_ASN1_TAG tag;
    CBB cbb, type;

    if (!CBS_get_asn1(rdn, &pair, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) ||
        !CBS_get_any_asn1(&pair, &value, &tag) || CBS_len(&pair) != 0 || !CBB_init(&cbb, 64))
        return 0;
    return set_add(set, &cbb,
                   CBB_add_u16_length_prefixed(&cbb, &type) && der_add_bytes(&type, bytes_of_cbs(&oid)) &&
                       CBB_flush(&cbb) && add_value(&cbb, tag, value));
}

/* RFC 5280 7.1: RDNs match if they have as many attributes, and each has one that matches it. */
static int add_rdn(CBB *out, CBS rdn)
{
    struct set attributes = {.count = 0};
    int ok = CBS_len(&rdn) != 0;

    while (ok && CBS_len(&rdn) != 0)
        ok = add_attribute(&attributes, &rdn);
    return set_finish(&attributes, out, ok);
}

/* Cleans |cbb| up. */
static struct name_print finish(CBB *cbb, int ok)
{
    struct name_print out = {.made = 0};

    out.made = ok && digest_compute(out.octets, DIGEST_SHA256, bytes_of(CBB_data(cbb), CBB_len(cbb))) != 0;
    CBB_cleanup(cbb);
    return out;
}

int name_print_equal(const struct name_print *a, const struct name_print *b)
{
    return a->made && b->made && memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

/* Each RDN says how long it is: so one name's can only begin with another's where RDNs end. */
int name_add_prepared(CBB *out, struct bytes name)
{
    CBS cbs = cbs_of(name), sequence, rdn;
    int ok = name.len <= BOUND_NAME_COMPARED && CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) &&
             CBS_len(&cbs) == 0;

    while (ok && CBS_len(&sequence) != 0)
        ok = CBS_get_asn1(&sequence, &rdn, CBS_ASN1_SET) && add_rdn(out, rdn);
    return ok;
}

struct name_print name_print(struct bytes name)
{
    CBB cbb;

    if (!CBB_init(&cbb, 256))
        return (struct name_print){.made = 0};
    return finish(&cbb, name_add_prepared(&cbb, name));
}

/* ---- what differs at a glance ---- */

static int is_plain(CBS_ASN1_TAG tag, const CBS *value)
{
    return string_type_known(tag) && tag != CBS_ASN1_BMPSTRING && tag != CBS_ASN1_UNIVERSALSTRING &&
           is_ascii(bytes_of_cbs(value));
}

/* Takes the next RDN off |names|, of one attribute. Returns 0 if it is none. */
static int take_single(CBS *names, CBS *oid, CBS_ASN1_TAG *tag, CBS *value)
{
    CBS rdn, pair;

    return CBS_get_asn1(names, &rdn, CBS_ASN1_SET) && CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) &&
           CBS_len(&rdn) == 0 && CBS_get_asn1(&pair, oid, CBS_ASN1_OBJECT) &&
           CBS_get_any_asn1(&pair, value, tag);
}

static int plain_differ(CBS a, CBS b)
{
    int x, y;

    skip_spaces(&a);
    skip_spaces(&b);
    do {
        x = next_ascii(&a);
        y = next_ascii(&b);
    } while (x == y && x >= 0);
    return x != y;
}

int name_is_plain(struct bytes name)
{
    CBS cbs = cbs_of(name), names, rdn, pair, oid, value;
    CBS_ASN1_TAG tag;

    if (!CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_len(&names) != 0) {
        if (!CBS_get_asn1(&names, &rdn, CBS_ASN1_SET))
            return 0;
        while (CBS_len(&rdn) != 0)
            if (!CBS_get_asn1(&rdn, &pair, CBS_ASN1_SEQUENCE) ||
                !CBS_get_asn1(&pair, &oid, CBS_ASN1_OBJECT) || !CBS_get_any_asn1(&pair, &value, &tag) ||
                !is_plain(tag, &value))
                return 0;
    }
    return 1;
}

/* 1 if the names surely do not match: for the names of CAs, which are ASCII, that is all that is ever asked.
 */
static int differ_at_a_glance(struct bytes a, struct bytes b)
{
    CBS one = cbs_of(a), other = cbs_of(b), names[2], oids[2], values[2];
    CBS_ASN1_TAG tags[2];

    if (!CBS_get_asn1(&one, &names[0], CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&other, &names[1], CBS_ASN1_SEQUENCE))
        return 0;
    while (CBS_len(&names[0]) != 0 && CBS_len(&names[1]) != 0) {
        for (int i = 0; i < 2; i++)
            if (!take_single(&names[i], &oids[i], &tags[i], &values[i]))
                return 0;
        if (!bytes_equal(bytes_of_cbs(&oids[0]), bytes_of_cbs(&oids[1])))
            return 1;
        if (is_plain(tags[0], &values[0]) && is_plain(tags[1], &values[1]) &&
            plain_differ(values[0], values[1]))
            return 1;
    }
    return (CBS_len(&names[0]) == 0) != (CBS_len(&names[1]) == 0);
}

/* ---- comparing ---- */

static const struct name_print *cached(struct name_cache *cache, struct bytes name)
{
    if (!cache->printed)
        cache->print = name_print(name);
    cache->printed = 1;
    return &cache->print;
}

int name_equal_cached(struct bytes a, struct name_cache *a_cache, struct bytes b, struct name_cache *b_cache)
{
    if (bytes_equal(a, b))
        return 1;
    return !differ_at_a_glance(a, b) && name_print_equal(cached(a_cache, a), cached(b_cache, b));
}

int name_equal(struct bytes a, struct bytes b)
{
    struct name_cache caches[2] = {{.printed = 0}};

    return name_equal_cached(a, &caches[0], b, &caches[1]);
}

int name_differs(struct bytes a, struct bytes b)
{
    struct name_print prints[2];

    if (bytes_equal(a, b))
        return 0;
    if (differ_at_a_glance(a, b))
        return 1;
    prints[0] = name_print(a);
    prints[1] = name_print(b);
    return prints[0].made && prints[1].made && !name_print_equal(&prints[0], &prints[1]);
}

static int same(struct bytes a, struct bytes b, struct name_print (*print_as)(struct bytes))
{
    struct name_print prints[2];

    if (bytes_equal(a, b))
        return 1;
    prints[0] = print_as(a);
    prints[1] = print_as(b);
    return name_print_equal(&prints[0], &prints[1]);
}

/* ---- other names ---- */

enum { RFC822_NAME = 1, DNS_NAME = 2, DIRECTORY_NAME = 4, URI = 6 };

static int ends_authority(uint8_t c)
{
    return c == '/' || c == '?' || c == '#';
}

/* Where the part that is compared without case begins and ends: the host; of a URI its scheme, too. */
static void find_host(unsigned form, struct bytes name, size_t *begin, size_t *end)
{
    const uint8_t *at = memchr(name.data, '@', name.len), *colon = memchr(name.data, ':', name.len);

    *begin = form == RFC822_NAME ? at != NULL ? (size_t)(at - name.data) : name.len : 0;
    *end = name.len;
    if (form != URI)
        return;
    /* RFC 3986 3.2: "//", then "userinfo@" and the host, until "/", "?" or "#" */
    size_t authority = colon != NULL ? (size_t)(colon - name.data) + 1 : 0;
    *end = authority;
    if (authority == 0 || name.len - authority < 2 || memcmp(name.data + authority, "//", 2) != 0)
        return;
    for (*end = authority + 2; *end < name.len && !ends_authority(name.data[*end]); (*end)++)
        ;
    at = memchr(name.data, '@', *end);
    if (at != NULL) /* a user's name has case; the scheme before it is left as it is, too */
        *begin = (size_t)(at - name.data);
}

/* |*octets| counts those of directoryNames that take Unicode's tables: of so many, and no more. */
static struct name_print directory_print(struct bytes name, size_t *octets)
{
    if (!name_is_plain(name) && (*octets += name.len) > BOUND_NAMES_COMPARED)
        return (struct name_print){.made = 0};
    return name_print(name);
}

static int add_general_name(struct set *set, CBS *names, size_t *octets)
{
    CBS content;
    CBS_ASN1_TAG tag;
    CBB cbb;
    size_t begin, end;

    if (!CBS_get_any_asn1(names, &content, &tag) || !CBB_init(&cbb, 64))
        return 0;
    unsigned form = tag & CBS_ASN1_TAG_NUMBER_MASK;
    struct bytes name = bytes_of_cbs(&content);
    struct name_print directory;
    int ok = CBB_add_u32(&cbb, tag);
    if (form == RFC822_NAME || form == DNS_NAME || form == URI) {
        find_host(form, name, &begin, &end);
        for (size_t i = 0; ok && i < name.len; i++) {
            uint8_t c = name.data[i];
            ok = CBB_add_u8(&cbb, i >= begin && i < end && c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
        }
    } else if (form == DIRECTORY_NAME && (directory = directory_print(name, octets)).made) {
        ok = ok && CBB_add_bytes(&cbb, directory.octets, sizeof directory.octets);
    } else {
        ok = ok && der_add_bytes(&cbb, name);
    }
    return set_add(set, &cbb, ok);
}

static struct name_print general_names_print(struct bytes names)
{
    CBS cbs = cbs_of(names), sequence;
    CBB cbb;
    struct set set = {.count = 0};
    size_t octets = 0;
    int ok = CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) && CBS_len(&cbs) == 0;

    if (!CBB_init(&cbb, 256))
        return (struct name_print){.made = 0};
    while (ok && CBS_len(&sequence) != 0)
        ok = add_general_name(&set, &sequence, &octets);
    ok = set_finish(&set, &cbb, ok);
    return finish(&cbb, ok);
}

int general_names_equal(struct bytes a, struct bytes b)
{
    return same(a, b, general_names_print);
}

static struct name_print text_print(struct bytes text)
{
    CBB cbb;

    if (text.len > BOUND_NAME_COMPARED || !CBB_init(&cbb, 64))
        return (struct name_print){.made = 0};
    return finish(&cbb, add_prepared(&cbb, text));
}

int name_text_equal(struct bytes a, struct bytes b)
{
    return same(a, b, text_print);
}
