/* Names that have to look like one of a list. */
#include "crypto/name_patterns.h"

#include <arpa/inet.h>

#include "crypto/name.h"
#include "server/base/star.h"

/* GeneralName (RFC 5280 4.2.1.6), by the words that the configuration uses. */
static const struct form {
    const char *type;
    unsigned tag;
} forms[] = {{"email", 1}, {"DNS", 2}, {"URI", 6}, {"IP", 7}};
enum { FORMS = sizeof forms / sizeof forms[0], TAG_URI = 6, TAG_IP = 7 };

/* Where the value of |pattern| begins that is of |type|, or NULL. */
static const char *value_of(const char *pattern, const char *type, char separator)
{
    size_t len = strlen(type);

    return strncmp(pattern, type, len) == 0 && pattern[len] == separator ? pattern + len + 1 : NULL;
}

static int is_attribute(const char *pattern)
{
    const char *end = strchr(pattern, '=');
    char type[32];

    if (end == NULL || (size_t)(end - pattern) >= sizeof type)
        return 0;
    memcpy(type, pattern, (size_t)(end - pattern));
    type[end - pattern] = 0;
    return name_attribute_known(type);
}

int name_pattern_is_good(const char *pattern)
{
    const char *value = is_attribute(pattern) ? strchr(pattern, '=') + 1 : NULL;

    for (size_t i = 0; value == NULL && i < FORMS; i++)
        value = value_of(pattern, forms[i].type, ':');
    return value != NULL && *value != 0 && strchr(value, '*') == strrchr(value, '*');
}

/* What a star may stand for. */
static int is_free(struct bytes text, int at_end)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == 0 || strchr(at_end ? "*" : "*/?#@:", text.data[i]) != NULL)
            return 0;
    return text.len != 0;
}

/* Of what looks like |pattern| but for capitals of ASCII: whether those are the same, too. */
static int has_its_capitals(struct bytes value, const char *pattern)
{
    size_t before = strcspn(pattern, "*"), after = pattern[before] != 0 ? strlen(pattern + before + 1) : 0;

    return memcmp(value.data, pattern, before) == 0 &&
           memcmp(value.data + value.len - after, pattern + strlen(pattern) - after, after) == 0;
}

static int looks_like(struct bytes value, const char *pattern)
{
    const char *star = strchr(pattern, '*');

    return star == NULL ? star_equal(value, pattern) : is_free(star_of(value, pattern), star[1] == 0);
}

static const char other_form[] = "a name of another form";

struct search {
    struct arena *arena;
    const char *const *patterns;
    size_t count;
    const char *stranger; /* the first, as a text; NULL: there was none */
};

/* |type| NULL: the name is of no form that patterns have. 1, or 0 if it looks like none of them. */
static int judge(struct search *search, const char *type, char separator, struct bytes value, int exact)
{
    for (size_t i = 0; type != NULL && value.len != 0 && i < search->count; i++) {
        const char *pattern = value_of(search->patterns[i], type, separator);
        if (pattern != NULL && looks_like(value, pattern) && (!exact || has_its_capitals(value, pattern)))
            return 1;
    }
    if (type != NULL)
        search->stranger = arena_printf(search->arena, "%s%c%.*s", type, separator, (int)value.len,
                                        value.len != 0 ? (const char *)value.data : "");
    if (search->stranger == NULL)
        search->stranger = other_form;
    return 0;
}

static int judge_attribute(void *arg, const char *type, struct bytes value)
{
    return judge(arg, type, '=', value, 0);
}

static struct bytes address_text(char out[INET6_ADDRSTRLEN], struct bytes octets)
{
    int family = octets.len == sizeof(struct in_addr) ? AF_INET : AF_INET6;

    if ((octets.len != sizeof(struct in_addr) && octets.len != sizeof(struct in6_addr)) ||
        inet_ntop(family, octets.data, out, INET6_ADDRSTRLEN) == NULL)
        return bytes_of(NULL, 0);
    return bytes_str(out);
}

static int judge_general_name(struct search *search, CBS_ASN1_TAG tag, struct bytes value)
{
    char address[INET6_ADDRSTRLEN];

    for (size_t i = 0; i < FORMS; i++)
        if (tag == (CBS_ASN1_CONTEXT_SPECIFIC | forms[i].tag))
            return judge(search, forms[i].type, ':',
                         forms[i].tag == TAG_IP ? address_text(address, value) : value,
                         forms[i].tag == TAG_URI);
    return judge(search, NULL, ':', value, 0);
}

static int judge_general_names(struct search *search, struct bytes san)
{
    CBS cbs = cbs_of(san), names, value;
    CBS_ASN1_TAG tag;

    if (!CBS_get_asn1(&cbs, &names, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0)
        return 0;
    while (CBS_len(&names) != 0)
        if (!CBS_get_any_asn1(&names, &value, &tag) || !judge_general_name(search, tag, bytes_of_cbs(&value)))
            return 0;
    return 1;
}

const char *name_patterns_stranger(struct arena *arena, const char *const *patterns, size_t count,
                                   struct bytes subject, struct bytes san)
{
    struct search search = {arena, patterns, count, NULL};

    if ((subject.len == 0 || name_each_attribute(arena, subject, judge_attribute, &search)) &&
        (san.len == 0 || judge_general_names(&search, san)))
        return NULL;
    return search.stranger != NULL ? search.stranger : other_form;
}
