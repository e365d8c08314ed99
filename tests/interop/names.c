/* names write|judge COUNT SEED: COUNT pairs of names, of which the second is the first written in other ways,
 * or changed. "write" writes them as `readers` wants them; "judge" makes the same ones again, reads from
 * standard input what OpenSSL and GnuTLS say, and holds name_equal against what RFC 5280 7.1 says and against
 * them. Ends with 1 at the first pair that is judged wrongly.
 *
 * OpenSSL (X509_NAME_cmp) claims RFC 5280 with less than RFC 4518: it knows the case of ASCII alone, its
 * spaces alone, and no Unicode forms. Those ways are marked below: there it must say that the names differ,
 * so that this table is known to be true. GnuTLS compares octets; where its texts of two names are the same,
 * the names match for sure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/der.h"
#include "crypto/name_match.h"
#include "tests/support/must.h"

enum { RDNS = 5, ATTRIBUTES = 2, LETTERS = 32 };

enum { UTF8 = 12, PRINTABLE = 19, T61 = 20, IA5 = 22, UNIVERSAL = 28, BMP = 30 };

struct attribute {
    unsigned type; /* 2.5.4.X */
    unsigned tag;
    uint32_t text[LETTERS];
    size_t len;
};

struct rdn {
    struct attribute attributes[ATTRIBUTES];
    size_t count;
    int turned; /* 1: the attributes of the SET stand in another order */
};

struct name {
    struct rdn rdns[RDNS];
    size_t count;
};

static uint64_t state;

/* xorshift64*: what is drawn need not be unpredictable, but repeatable. */
static uint32_t draw(uint32_t below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below);
}

/* ---- names ---- */

static const unsigned types[] = {3 /* CN */, 10 /* O */, 11 /* OU */, 7 /* L */, 8 /* ST */, 12 /* title */};
static const uint32_t beyond_ascii[] = {0xe9, 0xdc, 0xf1, 0x3a9, 0x436, 0x153, 0x4e2d, 0x5d0};

static int is_letter(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int fits(const struct attribute *attribute, unsigned tag)
{
    for (size_t i = 0; i < attribute->len; i++)
        if ((attribute->text[i] >= 0x7f || attribute->text[i] < ' ') && tag != UTF8 && tag != BMP &&
            tag != UNIVERSAL)
            return 0;
    return 1;
}

static void draw_name(struct name *name)
{
    *name = (struct name){.count = 1 + draw(RDNS - 1)};
    for (size_t i = 0; i < name->count; i++) {
        struct rdn *rdn = &name->rdns[i];
        rdn->count = 1 + (draw(3) == 0);
        for (size_t j = 0; j < rdn->count; j++) {
            struct attribute *to = &rdn->attributes[j];
            to->type = types[(draw(3) + 3 * j) % (sizeof types / sizeof types[0])];
            to->tag = UTF8;
            /* Its first letter is another one in each, so that none is like another. */
            to->text[to->len++] = (uint32_t)('a' + i * ATTRIBUTES + j);
            for (size_t rest = 2 + draw(12); rest > 0; rest--) {
                uint32_t kind = draw(8), c = (kind % 2 == 0 ? 'A' : 'a') + draw(26);
                if (kind == 0)
                    c = beyond_ascii[draw(sizeof beyond_ascii / sizeof beyond_ascii[0])];
                else if (kind == 1 && to->text[to->len - 1] != ' ' && rest > 1)
                    c = ' ';
                to->text[to->len++] = c;
            }
        }
    }
}

static int add_text(CBB *cbb, const struct attribute *attribute)
{
    int ok = 1;

    for (size_t i = 0; i < attribute->len && ok; i++) {
        uint32_t c = attribute->text[i];
        switch (attribute->tag) {
        case BMP:
            ok = CBB_add_u16(cbb, (uint16_t)c);
            break;
        case UNIVERSAL:
            ok = CBB_add_u32(cbb, c);
            break;
        default: /* others hold ASCII alone: fits */
            ok = c < 0x80    ? CBB_add_u8(cbb, (uint8_t)c)
                 : c < 0x800 ? CBB_add_u8(cbb, (uint8_t)(0xc0 | c >> 6)) &&
                                   CBB_add_u8(cbb, (uint8_t)(0x80 | (c & 0x3f)))
                             : CBB_add_u8(cbb, (uint8_t)(0xe0 | c >> 12)) &&
                                   CBB_add_u8(cbb, (uint8_t)(0x80 | (c >> 6 & 0x3f))) &&
                                   CBB_add_u8(cbb, (uint8_t)(0x80 | (c & 0x3f)));
        }
    }
    return ok;
}

static struct bytes encoded(struct arena *arena, const struct name *name)
{
    CBB cbb, sequence, set, pair, oid, text;
    struct bytes out;
    int ok = CBB_init(&cbb, 256) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE);

    for (size_t i = 0; i < name->count && ok; i++) {
        const struct rdn *rdn = &name->rdns[i];
        ok = CBB_add_asn1(&sequence, &set, CBS_ASN1_SET);
        for (size_t j = 0; j < rdn->count && ok; j++) {
            const struct attribute *attribute = &rdn->attributes[rdn->turned ? rdn->count - 1 - j : j];
            ok = CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE) && CBB_add_asn1(&pair, &oid, CBS_ASN1_OBJECT) &&
                 CBB_add_u8(&oid, 0x55) && CBB_add_u8(&oid, 4) &&
                 CBB_add_u8(&oid, (uint8_t)attribute->type) && CBB_add_asn1(&pair, &text, attribute->tag) &&
                 add_text(&text, attribute) && CBB_flush(&set);
        }
        ok = ok && CBB_flush(&sequence);
    }
    must(der_finish(&out, arena, &cbb, ok));
    return out;
}

/* ---- ways ---- */

/* Each changes |name| at |rdn| and |attribute| of it, and returns 1, or 0 if there is nothing to change. */
typedef int way(struct name *name, struct rdn *rdn, struct attribute *attribute);

static int put(struct attribute *attribute, size_t at, uint32_t c)
{
    if (attribute->len == LETTERS)
        return 0;
    memmove(attribute->text + at + 1, attribute->text + at,
            (attribute->len - at) * sizeof attribute->text[0]);
    attribute->text[at] = c;
    attribute->len++;
    return 1;
}

static void take(struct attribute *attribute, size_t at)
{
    attribute->len--;
    memmove(attribute->text + at, attribute->text + at + 1,
            (attribute->len - at) * sizeof attribute->text[0]);
}

/* The place of the first |c| behind the first letter, or 0. */
static size_t place_of(const struct attribute *attribute, uint32_t c)
{
    for (size_t i = 1; i < attribute->len; i++)
        if (attribute->text[i] == c)
            return i;
    return 0;
}

static int another_type(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    static const unsigned tags[] = {UTF8, PRINTABLE, T61, IA5, UNIVERSAL, BMP};
    unsigned tag = tags[draw(sizeof tags / sizeof tags[0])];

    (void)name;
    (void)rdn;
    if (tag == attribute->tag || !fits(attribute, tag))
        return 0;
    attribute->tag = tag;
    return 1;
}

static int case_of_ascii(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    size_t at = draw((uint32_t)attribute->len);

    (void)name;
    (void)rdn;
    if (!is_letter(attribute->text[at]))
        return 0;
    attribute->text[at] ^= 0x20;
    return 1;
}

static int more_spaces(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    size_t at = place_of(attribute, ' ');

    (void)name;
    (void)rdn;
    switch (draw(3)) {
    case 0:
        return put(attribute, 0, ' ');
    case 1:
        return put(attribute, attribute->len, ' ');
    default:
        return at != 0 && put(attribute, at, ' ');
    }
}

static int order_in_a_set(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    (void)name;
    (void)attribute;
    rdn->turned = !rdn->turned;
    return rdn->count > 1;
}

/* The first of |from| that is there becomes the one of |to|, and |more| behind it, if it is none of 0. */
static int change(struct attribute *attribute, const uint32_t (*rows)[3], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = place_of(attribute, rows[i][0]);
        if (at != 0 && (rows[i][2] == 0 || put(attribute, at + 1, rows[i][2]))) {
            attribute->text[at] = rows[i][1];
            return 1;
        }
    }
    return 0;
}

#define CHANGE(rows) change(attribute, rows, sizeof(rows) / sizeof(rows)[0])

static int case_of_others(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    static const uint32_t rows[][3] = {
        {0xe9, 0xc9, 0},   {0xdc, 0xfc, 0},   {0xf1, 0xd1, 0},
        {0x3a9, 0x3c9, 0}, {0x436, 0x416, 0}, {0x153, 0x152, 0},
    };

    (void)name;
    (void)rdn;
    return CHANGE(rows);
}

static int decomposed(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    static const uint32_t rows[][3] = {{0xe9, 'e', 0x301}, {0xdc, 'U', 0x308}, {0xf1, 'n', 0x303}};

    (void)name;
    (void)rdn;
    return CHANGE(rows);
}

static int wide_letter(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    size_t at = draw((uint32_t)attribute->len);

    (void)name;
    (void)rdn;
    if (!is_letter(attribute->text[at]))
        return 0;
    attribute->text[at] += 0xff21 - 'A';
    return 1;
}

static int soft_hyphen(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    (void)name;
    (void)rdn;
    return put(attribute, draw((uint32_t)attribute->len + 1), 0xad);
}

static int another_space(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    static const uint32_t rows[][3] = {{' ', 0xa0, 0}};

    (void)name;
    (void)rdn;
    return CHANGE(rows);
}

static int another_letter(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    size_t at = draw((uint32_t)attribute->len);

    (void)name;
    (void)rdn;
    if (!is_letter(attribute->text[at]))
        return 0;
    attribute->text[at] = (attribute->text[at] | 0x20) == 'z' ? 'y' : attribute->text[at] + 1;
    return 1;
}

static int a_letter_more(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    (void)name;
    (void)rdn;
    return put(attribute, attribute->len, 'x');
}

static int no_space(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    size_t at = place_of(attribute, ' ');

    (void)name;
    (void)rdn;
    if (at == 0 || attribute->text[0] == ' ')
        return 0;
    take(attribute, at);
    return 1;
}

static int no_accent(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    static const uint32_t rows[][3] = {{0xe9, 'e', 0}, {0xdc, 'U', 0}, {0xf1, 'n', 0}};

    (void)name;
    (void)rdn;
    return CHANGE(rows);
}

static int look_alike(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    static const uint32_t rows[][3] = {{'a', 0x430, 0}, {'O', 0x39f, 0}, {'e', 0x435, 0}};

    (void)name;
    (void)rdn;
    return CHANGE(rows);
}

static int an_rdn_less(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    (void)attribute;
    name->count--;
    memmove(rdn, rdn + 1, (size_t)(name->rdns + name->count - rdn) * sizeof *rdn);
    return 1;
}

static int an_rdn_twice(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    (void)attribute;
    memmove(rdn + 1, rdn,
            (size_t)(name->rdns + name->count - rdn) * sizeof *rdn); /* one is free at the end */
    name->count++;
    return 1;
}

static int order_of_rdns(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    struct rdn first = name->rdns[0];

    (void)attribute;
    name->rdns[0] = *rdn;
    *rdn = first;
    return rdn != name->rdns;
}

static int another_attribute(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    (void)name;
    (void)rdn;
    attribute->type = 13; /* description */
    return 1;
}

static int a_set_apart(struct name *name, struct rdn *rdn, struct attribute *attribute)
{
    if (rdn->count < 2)
        return 0;
    an_rdn_twice(name, rdn, attribute);
    rdn[0].count = rdn[1].count = 1;
    rdn[1].attributes[0] = rdn[0].attributes[1];
    return 1;
}

/* same: by RFC 5280 7.1. openssl: 1 if it agrees. */
static const struct {
    const char *what;
    way *apply;
    int same, openssl;
} ways[] = {
    {"another string type", another_type, 1, 1},
    {"case", case_of_ascii, 1, 1},
    {"more spaces", more_spaces, 1, 1},
    {"order within an RDN", order_in_a_set, 1, 1},
    {"case beyond ASCII", case_of_others, 1, 0},            /* RFC 4518 2.2 */
    {"decomposed", decomposed, 1, 0},                       /* RFC 4518 2.3 */
    {"a wide letter", wide_letter, 1, 0},                   /* RFC 4518 2.3 */
    {"a character mapped to nothing", soft_hyphen, 1, 0},   /* RFC 4518 2.2 */
    {"a character mapped to a space", another_space, 1, 0}, /* RFC 4518 2.2 */
    {"another letter", another_letter, 0, 1},
    {"a letter more", a_letter_more, 0, 1},
    {"no space", no_space, 0, 1},
    {"no accent", no_accent, 0, 1},
    {"a letter that looks alike", look_alike, 0, 1},
    {"an RDN less", an_rdn_less, 0, 1},
    {"an RDN twice", an_rdn_twice, 0, 1},
    {"order of RDNs", order_of_rdns, 0, 1},
    {"another attribute", another_attribute, 0, 1},
    {"a SET apart", a_set_apart, 0, 1},
};

enum { WAYS = sizeof ways / sizeof ways[0], SAME = 9 };

struct pair {
    struct bytes a, b;
    int same, openssl; /* what has to be said */
    unsigned applied;  /* a bit for each way */
};

static int apply(struct name *name, size_t i)
{
    struct name before = *name;
    struct rdn *rdn = &name->rdns[draw((uint32_t)name->count)];
    struct attribute *attribute = &rdn->attributes[draw((uint32_t)rdn->count)];

    if (!ways[i].apply(name, rdn, attribute)) {
        *name = before;
        return 0;
    }
    for (size_t r = 0; r < name->count; r++)
        for (size_t a = 0; a < name->rdns[r].count; a++)
            if (!fits(&name->rdns[r].attributes[a], name->rdns[r].attributes[a].tag))
                name->rdns[r].attributes[a].tag = UTF8;
    return 1;
}

/* Up to three ways to write the same, and in every second pair a change that none of them undoes: it comes
 * first. */
static void draw_pair(struct pair *pair, struct arena *arena)
{
    struct name name;

    *pair = (struct pair){.same = 1, .openssl = 1};
    draw_name(&name);
    pair->a = encoded(arena, &name);
    if (draw(2) == 0) {
        size_t i = SAME + draw(WAYS - SAME);
        if (apply(&name, i)) {
            pair->applied |= 1u << i;
            pair->same = pair->openssl = 0;
        }
    }
    for (uint32_t rest = draw(4); rest > 0; rest--) {
        size_t i = draw(SAME);
        if (name.count != 0 && (pair->applied >> i & 1) == 0 && apply(&name, i)) {
            pair->applied |= 1u << i;
            pair->openssl &= ways[i].openssl;
        }
    }
    pair->b = encoded(arena, &name);
}

static void write_der(struct bytes der)
{
    const unsigned char len[4] = {(uint8_t)(der.len >> 24), (uint8_t)(der.len >> 16), (uint8_t)(der.len >> 8),
                                  (uint8_t)der.len};

    must(fwrite(len, 1, sizeof len, stdout) == sizeof len && fwrite(der.data, 1, der.len, stdout) == der.len);
}

static int wrong(const struct pair *pair, const char *who)
{
    printf("%s is wrong about two names that %s:", who, pair->same ? "match" : "differ");
    for (size_t i = 0; i < WAYS; i++)
        if ((pair->applied >> i & 1) != 0)
            printf(" %s,", ways[i].what);
    for (size_t i = 0; i < pair->a.len; i++)
        printf("%s%02x", i == 0 ? "\n" : "", pair->a.data[i]);
    for (size_t i = 0; i < pair->b.len; i++)
        printf("%s%02x", i == 0 ? "\n" : "", pair->b.data[i]);
    printf("\n");
    return 0;
}

static int judge(const struct pair *pair, unsigned *texts)
{
    char openssl, gnutls;

    must(scanf(" %c%c", &openssl, &gnutls) == 2);
    *texts += gnutls == '=' && !bytes_equal(pair->a, pair->b);
    if (openssl != (pair->openssl ? '=' : '!'))
        return wrong(pair, "the table of OpenSSL");
    if (gnutls == '=' && !pair->same)
        return wrong(pair, "the text of GnuTLS");
    if (name_equal(pair->a, pair->b) != pair->same || name_equal(pair->b, pair->a) != pair->same)
        return wrong(pair, "name_equal");
    if (name_differs(pair->a, pair->b) == pair->same)
        return wrong(pair, "name_differs");
    return 1;
}

int main(int argc, char **argv)
{
    unsigned counts[WAYS] = {0}, texts = 0;
    long count;

    must(argc == 4);
    count = strtol(argv[2], NULL, 10);
    state = strtoull(argv[3], NULL, 10) * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (long n = 0; n < count; n++) {
        struct arena *arena = arena_new(65536);
        struct pair pair;
        must(arena != NULL);
        draw_pair(&pair, arena);
        if (strcmp(argv[1], "write") == 0) {
            putchar('N');
            write_der(pair.a);
            write_der(pair.b);
        } else if (!judge(&pair, &texts)) {
            return 1;
        }
        for (size_t i = 0; i < WAYS; i++)
            counts[i] += pair.applied >> i & 1;
        arena_free(arena);
    }
    if (strcmp(argv[1], "judge") == 0) {
        for (size_t i = 0; i < WAYS; i++)
            printf("%s: %u\n", ways[i].what, counts[i]);
        printf("other octets and the same text: %u\n", texts);
    }
    return 0;
}
