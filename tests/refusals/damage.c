#include "tests/refusals/damage.h"

#include "tests/support/der_text.h"
#include "tests/support/reseal.h"

enum { TEXT_MAX = 2048 };

/* RFC 9810 5.1 and 5.1.1, RFC 4211 section 3. */
static const struct {
    const char *word, *path;
} words[] = {
    {"message", ""},
    {"header", "0"},
    {"pvno", "0/0"},
    {"sender", "0/1"},
    {"recipient", "0/2"},
    {"messageTime", "0/[0]"},
    {"protectionAlg", "0/[1]"},
    {"senderKID", "0/[2]"},
    {"recipKID", "0/[3]"},
    {"transactionID", "0/[4]"},
    {"senderNonce", "0/[5]"},
    {"recipNonce", "0/[6]"},
    {"generalInfo", "0/[8]"},
    {"body", "1"},
    {"content", "1/0"},
    {"certReqMsg", "1/0/0"},
    {"certReq", "1/0/0/0"},
    {"certTemplate", "1/0/0/0/1"},
    {"popo", "1/0/0/[1]"},
    {"protection", "[0]"},
    {"extraCerts", "[1]"},
};

static struct der_node **locate(struct der_node **root, const char *path)
{
    char whole[TEXT_MAX];

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i].word);
        if (strncmp(path, words[i].word, len) == 0 && (path[len] == 0 || path[len] == '/')) {
            snprintf(whole, sizeof whole, "%s%s", words[i].path, path + len);
            path = whole[0] == '/' ? whole + 1 : whole;
            break;
        }
    }
    return der_tree_find(root, path);
}

/* The last octet of what is below |node| is changed by |bits|, or taken out. */
static void last_octet(struct arena *arena, struct der_node *node, int take_out)
{
    uint8_t *copy;

    while (node->children != NULL) {
        node = node->children;
        while (node->next != NULL)
            node = node->next;
    }
    must(node->content.len != 0);
    node->content = arena_copy(arena, node->content);
    must((copy = (uint8_t *)(uintptr_t)node->content.data) != NULL);
    if (take_out)
        node->content.len--;
    else
        copy[node->content.len - 1] ^= 1;
}

static void append(struct der_node *parent, struct der_node *child)
{
    struct der_node **at = &parent->children;

    while (*at != NULL)
        at = &(*at)->next;
    *at = child;
}

static void apply(struct arena *arena, struct der_node **root, char *edit, struct bytes with)
{
    char path[TEXT_MAX], operator;
    struct der_node **link, *value = NULL;
    int used = 0;

    must(sscanf(edit, " %s %c%n", path, &operator, & used) == 2 && used != 0);
    if (strchr("=<>+", operator) != NULL)
        value = der_tree_raw(arena, der_text(arena, edit + used, with));
    if ((link = locate(root, path)) == NULL) {
        fprintf(stderr, "there is no %s: %s\n", path, edit);
        abort();
    }
    switch (operator) {
    case '=':
        value->next = (*link)->next;
        *link = value;
        break;
    case '<':
        value->next = *link;
        *link = value;
        break;
    case '>':
        value->next = (*link)->next;
        (*link)->next = value;
        break;
    case '+':
        append(*link, value);
        break;
    case '-':
        *link = (*link)->next;
        break;
    case '*':
        value = der_tree_copy(arena, *link);
        value->next = (*link)->next;
        (*link)->next = value;
        break;
    case '!':
    case 'x':
        last_octet(arena, *link, operator== 'x');
        break;
    case '~':
        (*link)->children = NULL;
        (*link)->content = bytes_of(NULL, 0);
        break;
    case '%':
        (*link)->form = DER_LONG;
        break;
    case '^':
        (*link)->form = DER_INDEFINITE;
        break;
    default:
        must(0);
    }
}

struct bytes damage(struct client *client, struct bytes good, const char *edits, struct bytes with)
{
    struct arena *arena = client->world->arena;
    struct der_node *message = der_tree_parse(arena, good), all = {.tag = 0};
    char text[TEXT_MAX];
    int stage = 0;

    must(snprintf(text, sizeof text, "%s", edits) < (int)sizeof text);
    for (char *rest = text; stage < 3; stage++) {
        char *of_stage = strsep(&rest, "|"), *edit;
        while ((edit = strsep(&of_stage, ";")) != NULL)
            if (strspn(edit, " ") != strlen(edit))
                apply(arena, &message, edit, with);
        if (stage == 0)
            reseal_pop(client, message);
        else if (stage == 1)
            reseal_protection(client, message);
    }
    all.children = message; /* and what was put after it */
    return der_tree_write(arena, &all);
}
