#include "tests/support/der_tree.h"

#include <stdlib.h>

#include "tests/support/must.h"

enum { DEPTH_MAX = 40 };

static struct der_node *node_new(struct arena *arena)
{
    struct der_node *node = arena_alloc(arena, sizeof *node);

    must(node != NULL);
    return node;
}

struct der_node *der_tree_raw(struct arena *arena, struct bytes octets)
{
    struct der_node *node = node_new(arena);

    node->content = octets;
    return node;
}

static struct der_node *parse(struct arena *arena, CBS cbs, unsigned depth)
{
    struct der_node *first = NULL, **at = &first;

    while (CBS_len(&cbs) != 0) {
        CBS content, before = cbs;
        CBS_ASN1_TAG tag;
        struct der_node *node;

        if (!CBS_get_any_asn1(&cbs, &content, &tag)) {
            *at = der_tree_raw(arena, bytes_of_cbs(&before));
            break;
        }
        *at = node = node_new(arena);
        at = &node->next;
        node->tag = tag;
        node->content = bytes_of_cbs(&content);
        if ((tag & CBS_ASN1_CONSTRUCTED) != 0 && depth < DEPTH_MAX)
            node->children = parse(arena, content, depth + 1);
    }
    return first;
}

struct der_node *der_tree_parse(struct arena *arena, struct bytes der)
{
    struct der_node *node = parse(arena, cbs_of(der), 0);

    return node != NULL ? node : der_tree_raw(arena, der);
}

struct der_node *der_tree_copy(struct arena *arena, const struct der_node *node)
{
    struct der_node *copy = node_new(arena), **at = &copy->children;

    *copy = *node;
    copy->next = NULL;
    for (const struct der_node *child = node->children; child != NULL; child = child->next) {
        *at = der_tree_copy(arena, child);
        at = &(*at)->next;
    }
    return copy;
}

/* ---- write ---- */

static size_t whole_len(const struct der_node *node);

static size_t content_len(const struct der_node *node)
{
    size_t len = 0;

    if (node->children == NULL)
        return node->content.len;
    for (const struct der_node *child = node->children; child != NULL; child = child->next)
        len += whole_len(child);
    return len;
}

static unsigned octets_of(size_t value, unsigned bits)
{
    unsigned count = 1;

    while ((value >>= bits) != 0)
        count++;
    return count;
}

static size_t tag_len(CBS_ASN1_TAG tag)
{
    unsigned number = tag & CBS_ASN1_TAG_NUMBER_MASK;

    return number < 31 ? 1 : 1 + octets_of(number, 7);
}

static size_t length_len(enum der_form form, size_t len)
{
    if (form == DER_INDEFINITE)
        return 1;
    if (form == DER_LONG)
        return len < 128 ? 2 : 2 + octets_of(len, 8);
    return len < 128 ? 1 : 1 + octets_of(len, 8);
}

static size_t whole_len(const struct der_node *node)
{
    size_t len = content_len(node);

    if (node->tag == 0)
        return len;
    return tag_len(node->tag) + length_len(node->form, len) + len + (node->form == DER_INDEFINITE ? 2 : 0);
}

static uint8_t *write_tag(uint8_t *at, CBS_ASN1_TAG tag)
{
    unsigned number = tag & CBS_ASN1_TAG_NUMBER_MASK;
    uint8_t bits = (uint8_t)(tag >> CBS_ASN1_TAG_SHIFT & 0xe0);

    if (number < 31) {
        *at++ = (uint8_t)(bits | number);
        return at;
    }
    *at++ = bits | 31;
    for (unsigned i = octets_of(number, 7); i-- != 0;)
        *at++ = (uint8_t)((number >> 7 * i & 0x7f) | (i != 0 ? 0x80 : 0));
    return at;
}

static uint8_t *write_length(uint8_t *at, enum der_form form, size_t len)
{
    unsigned count = (unsigned)length_len(form, len) - 1;

    if (form == DER_INDEFINITE) {
        *at++ = 0x80;
        return at;
    }
    if (count == 0) {
        *at++ = (uint8_t)len;
        return at;
    }
    *at++ = (uint8_t)(0x80 | count);
    for (unsigned i = count; i-- != 0;)
        *at++ = (uint8_t)(len >> 8 * i);
    return at;
}

static uint8_t *write_node(uint8_t *at, const struct der_node *node)
{
    if (node->tag != 0)
        at = write_length(write_tag(at, node->tag), node->form, content_len(node));
    if (node->children == NULL && node->content.len != 0)
        at = (uint8_t *)memcpy(at, node->content.data, node->content.len) + node->content.len;
    for (const struct der_node *child = node->children; child != NULL; child = child->next)
        at = write_node(at, child);
    if (node->tag != 0 && node->form == DER_INDEFINITE) {
        *at++ = 0;
        *at++ = 0;
    }
    return at;
}

struct bytes der_tree_write(struct arena *arena, const struct der_node *node)
{
    size_t len = whole_len(node);
    uint8_t *out = arena_alloc(arena, len);

    must(out != NULL && write_node(out, node) == out + len);
    return bytes_of(out, len);
}

/* ---- find ---- */

static struct der_node **child_at(struct der_node **link, unsigned long place)
{
    while (*link != NULL && place-- != 0)
        link = &(*link)->next;
    return *link != NULL ? link : NULL;
}

static struct der_node **child_tagged(struct der_node **link, unsigned long number)
{
    struct der_node **found = NULL;

    for (; *link != NULL; link = &(*link)->next)
        if (((*link)->tag & CBS_ASN1_CLASS_MASK) == CBS_ASN1_CONTEXT_SPECIFIC &&
            ((*link)->tag & CBS_ASN1_TAG_NUMBER_MASK) == number)
            found = link;
    return found;
}

struct der_node **der_tree_find(struct der_node **link, const char *path)
{
    while (link != NULL && *path != 0) {
        int tagged = *path == '[';
        char *end;
        unsigned long number = strtoul(path + tagged, &end, 10);

        must(end != path + tagged && (!tagged || *end == ']'));
        path = end + tagged;
        must(*path == 0 || *path == '/');
        path += *path == '/';
        link = tagged ? child_tagged(&(*link)->children, number) : child_at(&(*link)->children, number);
    }
    return link;
}
