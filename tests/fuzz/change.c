#include "tests/fuzz/change.h"

#include <string.h>

#include "tests/support/der_text.h"
#include "tests/support/must.h"

enum { NODES_MAX = 1024 };

/* Elements that mean something somewhere. */
static const char *const dictionary_text[] = {
    "02{00}",
    "02{01}",
    "02{02}",
    "02{03}",
    "02{ff}",
    "02{7fffffffffffffff}",
    "05{}",
    "01{ff}",
    "0c{'test'}",
    "04{}",
    "04{00}",
    "03{00}",
    "30{}",
    "31{}",
    "a4{30{}}",
    "a0{18{'20270115080000Z'}}",
    "a0{18{'20270115090000Z'}}",
    "18{'20270115080000Z'}",
    "17{'270115080000Z'}",
    "a2{04{'station-1'}}",
    "a6{04{00000000000000000000000000000000}}",
    "a7{30{0c{'text'}}}",
    "a8{30{30{(1.3.6.1.5.5.7.4.13) 05{}}}}",
    "30{(1.3.6.1.5.5.7.4.13) 05{}}",
    "30{(1.3.6.1.5.5.7.4.13)}",
    "30{(1.3.6.1.5.5.7.4.14) 18{'20270115090000Z'}}",
    "30{(1.3.6.1.5.5.7.4.21) 30{0c{'other'}}}",
    "30{(1.3.6.1.5.5.7.4.21) 30{0c{}}}",
    "30{(1.2.840.10045.4.3.2)}",
    "30{(1.2.840.10045.4.3.3)}",
    "30{(2.16.840.1.101.3.4.2.1)}",
    "30{(2.16.840.1.101.3.4.2.2) 05{}}",
    "30{(1.2.840.113549.2.9)}",
    "30{(1.3.14.3.2.26)}",
    "30{(1.2.840.113549.1.1.11) 05{}}",
    "30{(1.3.101.112)}",
    "80{02}",
    "81{05}",
    "a2{(1.2.840.10045.4.3.2)}",
    "a3{30{}}",
    "a4{a0{17{'270115080000Z'}}}",
    "a5{30{}}",
    "87{00}",
    "88{00}",
    "a9{30{(2.5.29.17) 04{30{82{'gnb'}}}}}",
    "a9{30{(2.5.29.15) 01{ff} 04{03{0780}}}}",
    "80{}",
    "a2{81{00}}",
    "a0{a0{30{}}}",
    "30{30{(1.3.6.1.5.5.7.5.1.5) 30{a4{30{}} 02{01}}}}",
    "30{02{00}}",
    "30{02{02}}",
    "30{02{02} 30{0c{'no'}} 03{0780}}",
    "a0{30{(2.16.840.1.101.3.4.2.1)}}",
    "30{30{(2.5.29.21) 04{0a{01}}}}",
    "30{30{(2.5.29.21) 04{0a{06}}}}",
    "30{(2.5.29.21) 04{0a{08}}}",
    "30{(1.2.840.113549.1.9.14) 31{30{30{(2.5.29.17) 04{30{82{'gnb'}}}}}}}",
};

enum { WORDS = sizeof dictionary_text / sizeof dictionary_text[0] };

static struct der_node *dictionary[WORDS];

void change_start(struct arena *arena)
{
    for (size_t i = 0; i < WORDS; i++)
        dictionary[i] = der_tree_parse(arena, der_text(arena, dictionary_text[i], bytes_of(NULL, 0)));
}

const struct der_node *change_word(unsigned number)
{
    return dictionary[number % WORDS];
}

struct nodes {
    struct der_node **links[NODES_MAX];
    size_t count;
};

static void collect(struct nodes *nodes, struct der_node **link)
{
    for (; *link != NULL && nodes->count < NODES_MAX; link = &(*link)->next) {
        nodes->links[nodes->count++] = link;
        collect(nodes, &(*link)->children);
    }
}

/* A node of the header, of the body, or of the whole message: certificates would outnumber all else. */
static struct der_node **choose(struct script *script, struct der_node **message)
{
    unsigned area = script_next(script), place = script_next(script);
    struct nodes nodes = {.count = 0};
    struct der_node **part = area % 8 < 3   ? der_tree_find(message, "0")
                             : area % 8 < 7 ? der_tree_find(message, "1")
                                            : NULL;

    collect(&nodes, part != NULL ? &(*part)->children : &(*message)->children);
    if (nodes.count == 0)
        return message;
    return nodes.links[(place | (area & 0xf8) << 5) % nodes.count];
}

static uint8_t *own_content(struct arena *arena, struct der_node *node, size_t room)
{
    uint8_t *copy = arena_alloc(arena, node->content.len + room);

    must(copy != NULL);
    if (node->content.len != 0)
        memcpy(copy, node->content.data, node->content.len);
    node->content.data = copy;
    return copy;
}

static struct der_node *word(struct arena *arena, struct script *script)
{
    return der_tree_copy(arena, change_word(script_next(script)));
}

static void put_before(struct der_node **link, struct der_node *node)
{
    node->next = *link;
    *link = node;
}

static void replace(struct der_node **link, struct der_node *node)
{
    node->next = (*link)->next;
    *link = node;
}

static void wrap(struct arena *arena, struct der_node **link, CBS_ASN1_TAG tag)
{
    struct der_node *outside = der_tree_raw(arena, bytes_of(NULL, 0)), *inside = *link;

    outside->tag = tag;
    replace(link, outside);
    inside->next = NULL;
    outside->children = inside;
}

static void change_content(struct arena *arena, struct script *script, struct der_node *node, unsigned how)
{
    uint8_t *octets;
    size_t len;

    if (node->children != NULL)
        return;
    switch (how) {
    case 0:
        octets = own_content(arena, node, 0);
        len = script_next(script);
        if (node->content.len != 0)
            octets[len % node->content.len] ^= (uint8_t)(script_next(script) | 1);
        break;
    case 1:
        if (node->content.len != 0)
            node->content.len--;
        break;
    case 2:
        octets = own_content(arena, node, 1);
        octets[node->content.len++] = (uint8_t)script_next(script);
        break;
    case 3:
        len = script_next(script) % 20;
        node->content.len = 0;
        octets = own_content(arena, node, len);
        for (size_t i = 0; i < len; i++)
            octets[i] = (uint8_t)script_next(script);
        node->content.len = len;
        break;
    default:
        node->content.len = 0;
    }
}

void change_message(struct arena *arena, struct script *script, struct der_node **message)
{
    unsigned how = script_next(script);
    struct der_node **link = choose(script, message), *other;

    switch (how % 16) {
    case 0:
    case 1:
        *link = (*link)->next;
        if (*message == NULL)
            *message = der_tree_raw(arena, bytes_of(NULL, 0));
        break;
    case 2:
        put_before(link, der_tree_copy(arena, *link));
        break;
    case 3:
        if ((other = (*link)->next) != NULL) {
            (*link)->next = other->next;
            other->next = *link;
            *link = other;
        }
        break;
    case 4:
        replace(link, der_tree_copy(arena, *choose(script, message)));
        break;
    case 5:
        put_before(link, der_tree_copy(arena, *choose(script, message)));
        break;
    case 6:
        replace(link, word(arena, script));
        break;
    case 7:
    case 8:
        put_before(link, word(arena, script));
        break;
    case 9:
        if (((*link)->tag & CBS_ASN1_CONSTRUCTED) != 0) {
            for (link = &(*link)->children; *link != NULL;)
                link = &(*link)->next;
            put_before(link, word(arena, script));
        }
        break;
    case 10:
    case 11:
        change_content(arena, script, *link, script_next(script) % 5);
        break;
    case 12:
        (*link)->tag =
            (CBS_ASN1_TAG)script_next(script) << CBS_ASN1_TAG_SHIFT & ~(CBS_ASN1_TAG)CBS_ASN1_TAG_NUMBER_MASK;
        (*link)->tag |= script_next(script) % 31;
        break;
    case 13:
        (*link)->form = script_next(script) % 2 == 0 ? DER_LONG : DER_INDEFINITE;
        break;
    case 14:
        (*link)->children = NULL;
        break;
    default:
        wrap(arena, link,
             (script_next(script) & 1) != 0 ? CBS_ASN1_SEQUENCE
                                            : CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED);
    }
}
