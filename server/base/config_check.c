/* config_check.c: the form of cmpd.yaml, told in words that help: libcyaml would find many of these faults
 * too, but reports them as a backtrace, takes numbers in octal, any word for "true", and repeated keys
 * without a complaint. */
#include "config_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHOWN_MAX = 80,    /* octets of a quoted value in a fault */
    NEAR_MAX = 3,      /* edits up to which a known key is taken for what was meant */
    KEY_MAX = 32,      /* octets of a key that are compared for nearness */
    ALLOWED_MAX = 512, /* octets of a list of what is allowed */
};

struct check {
    struct config_fault *fault;
    const struct config_source *source;
    unsigned char *seen; /* a flag for each node: a second visit means an alias */
};

static const char *show(char *out, const yaml_node_t *node)
{
    return log_quote(out, SHOWN_MAX, bytes_of(node->data.scalar.value, node->data.scalar.length));
}

static yaml_node_t *node_at(const struct check *check, int index)
{
    return check->source->document.nodes.start + index - 1;
}

/* Edits (insert, delete, replace) that turn |a| into |b|. */
static size_t distance(const char *a, const char *b)
{
    size_t row[KEY_MAX + 1];
    size_t a_len = strnlen(a, KEY_MAX), b_len = strnlen(b, KEY_MAX);
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);
            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_len];
}

static void append(char *list, const char *word)
{
    size_t used = strlen(list);
    snprintf(list + used, ALLOWED_MAX - used, "%s%s", used > 0 ? ", " : "", word);
}

static int fault_unknown_key(struct check *check, int key, const struct config_section *section)
{
    char shown[SHOWN_MAX], allowed[ALLOWED_MAX] = "";
    const yaml_node_t *node = node_at(check, key);
    const char *near = NULL;
    size_t best = NEAR_MAX + 1;
    for (size_t i = 0; i < section->rule_count; i++) {
        size_t edits = distance((const char *)node->data.scalar.value, section->rules[i].key);
        /* Two edits of a word of three make any other word: that is no likeness. */
        if (edits < best && edits * 2 <= strlen(section->rules[i].key)) {
            best = edits;
            near = section->rules[i].key;
        }
        append(allowed, section->rules[i].key);
    }
    size_t line = config_line(check->source, key);
    show(shown, node);
    if (near != NULL)
        return config_fault_line(check->fault, check->source, line,
                                 "%s has no setting %s; did you mean \"%s\"?", section->name, shown, near);
    return config_fault_line(check->fault, check->source, line, "%s has no setting %s; it knows: %s",
                             section->name, shown, allowed);
}

/* Names show up in paths, logs and rows of the store: only what needs no escaping in any of them. */
static int is_name(const char *text)
{
    return text[0] != 0 && strlen(text) <= CONFIG_NAME_MAX &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == 0;
}

/* Text that the structures can hold as a C string, and a log line can show. */
static int check_text(struct check *check, int index, const char *key)
{
    const yaml_node_t *node = node_at(check, index);
    size_t line = config_line(check->source, index);
    if (node->type != YAML_SCALAR_NODE)
        return config_fault_line(check->fault, check->source, line, "%s is a %s; write one value", key,
                                 node->type == YAML_SEQUENCE_NODE ? "list" : "section");
    const char *value = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;
    int plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (len == 0 || (plain && (strcmp(value, "~") == 0 || strcmp(value, "null") == 0)))
        return config_fault_line(check->fault, check->source, line,
                                 "%s has no value; write one, or remove the line to get the default", key);
    if (len > CONFIG_STRING_MAX)
        return config_fault_line(check->fault, check->source, line, "%s is %zu octets long; write at most %d",
                                 key, len, CONFIG_STRING_MAX);
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
            return config_fault_line(check->fault, check->source, line,
                                     "%s holds a control character; write it without", key);
    }
    return 1;
}

static int check_number(struct check *check, int index, const struct config_rule *rule)
{
    char shown[SHOWN_MAX];
    const yaml_node_t *node = node_at(check, index);
    const char *value = (const char *)node->data.scalar.value;
    size_t len = node->data.scalar.length;
    size_t line = config_line(check->source, index);
    /* Plain decimal only: YAML 1.1 and C disagree about 010 and 0x10. */
    if (value[strspn(value, "0123456789")] != 0 || (len > 1 && value[0] == '0'))
        return config_fault_line(check->fault, check->source, line,
                                 "%s is %s; write a whole number from %" PRIu32 " to %" PRIu32, rule->key,
                                 show(shown, node), rule->min, rule->max);
    /* Ten digits hold every bound, and fit the type. */
    unsigned long long number = len > 10 ? UINT64_MAX : strtoull(value, NULL, 10);
    if (number < rule->min)
        return config_fault_line(check->fault, check->source, line,
                                 "%s is %s, below its least value; write %" PRIu32 " to %" PRIu32, rule->key,
                                 value, rule->min, rule->max);
    if (number > rule->max)
        return config_fault_line(check->fault, check->source, line,
                                 "%s is %.20s, above its greatest value; write %" PRIu32 " to %" PRIu32,
                                 rule->key, value, rule->min, rule->max);
    return 1;
}

static int check_word(struct check *check, int index, const struct config_rule *rule)
{
    char shown[SHOWN_MAX], allowed[ALLOWED_MAX] = "";
    const yaml_node_t *node = node_at(check, index);
    const char *value = (const char *)node->data.scalar.value;
    if (rule->kind == CONFIG_FLAG) {
        if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
            return 1;
        append(allowed, "true, false");
    }
    for (size_t i = 0; i < rule->word_count; i++) {
        if (strcmp(value, rule->words[i].str) == 0)
            return 1;
        append(allowed, rule->words[i].str);
    }
    return config_fault_line(check->fault, check->source, config_line(check->source, index),
                             "%s is %s; write one of: %s", rule->key, show(shown, node), allowed);
}

/* Where a file is asked for, nothing else will do, and what may hold a PIN is not repeated as a file's name.
 */
static int check_file(struct check *check, int index, const struct config_rule *rule)
{
    if (!config_is_token((const char *)node_at(check, index)->data.scalar.value))
        return 1;
    return config_fault_line(check->fault, check->source, config_line(check->source, index),
                             "%s is a pkcs11: URI, which only key and cmp_key of a CA can be; name a file",
                             rule->key);
}

static int check_scalar(struct check *check, int index, const struct config_rule *rule)
{
    char shown[SHOWN_MAX];
    if (!check_text(check, index, rule->key))
        return 0;
    switch (rule->kind) {
    case CONFIG_NUMBER:
        return check_number(check, index, rule);
    case CONFIG_FILE:
        return check_file(check, index, rule);
    case CONFIG_FLAG:
    case CONFIG_WORD:
        return check_word(check, index, rule);
    case CONFIG_NAME:
        if (is_name((const char *)node_at(check, index)->data.scalar.value))
            return 1;
        return config_fault_line(check->fault, check->source, config_line(check->source, index),
                                 "%s is %s; write up to %d letters, digits, '.', '_', '-'", rule->key,
                                 show(shown, node_at(check, index)), CONFIG_NAME_MAX);
    default:
        return 1;
    }
}

static int check_section(struct check *check, int index, const struct config_section *section);

/* The document's own loader resolves aliases into shared, even circular, nodes: visit each once. */
static int visit(struct check *check, int index)
{
    if (check->seen[index - 1])
        return config_fault_line(
            check->fault, check->source, config_line(check->source, index),
            "this value is used again through an alias (*name); write it out in each place");
    check->seen[index - 1] = 1;
    return 1;
}

static int check_list(struct check *check, int index, const struct config_rule *rule)
{
    const yaml_node_t *node = node_at(check, index);
    size_t line = config_line(check->source, index);
    const char *how =
        rule->kind == CONFIG_SECTIONS ? "write each entry below it after a \"- \"" : "write [a, b]";
    if (node->type != YAML_SEQUENCE_NODE)
        return config_fault_line(check->fault, check->source, line, "%s is not a list; %s", rule->key, how);
    size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (count < rule->min)
        return config_fault_line(check->fault, check->source, line,
                                 "%s is empty; write at least %" PRIu32 " entry", rule->key, rule->min);
    if (count > rule->max)
        return config_fault_line(check->fault, check->source, line,
                                 "%s has %zu entries; write at most %" PRIu32, rule->key, count, rule->max);
    for (size_t i = 0; i < count; i++) {
        int item = node->data.sequence.items.start[i];
        if (!visit(check, item))
            return 0;
        int ok = rule->kind == CONFIG_SECTIONS
                     ? check_section(check, item, rule->section)
                     : check_text(check, item, rule->key) &&
                           (rule->kind != CONFIG_FILES || check_file(check, item, rule));
        if (!ok)
            return 0;
    }
    return 1;
}

static int check_value(struct check *check, int index, const struct config_rule *rule)
{
    if (!visit(check, index))
        return 0;
    switch (rule->kind) {
    case CONFIG_SECTION:
    case CONFIG_POINTER:
        return check_section(check, index, rule->section);
    case CONFIG_SECTIONS:
    case CONFIG_TEXTS:
    case CONFIG_FILES:
        return check_list(check, index, rule);
    default:
        return check_scalar(check, index, rule);
    }
}

static const struct config_rule *find_rule(const struct config_section *section, const yaml_node_t *key)
{
    for (size_t i = 0; i < section->rule_count; i++) {
        if (strlen(section->rules[i].key) == key->data.scalar.length &&
            memcmp(section->rules[i].key, key->data.scalar.value, key->data.scalar.length) == 0)
            return &section->rules[i];
    }
    return NULL;
}

static int check_pairs(struct check *check, const yaml_node_t *node, const struct config_section *section)
{
    enum { RULES_MAX = 64 };
    size_t lines[RULES_MAX] = {0}; /* where each rule's key was met */
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++) {
        const yaml_node_t *key = node_at(check, pair->key);
        size_t line = config_line(check->source, pair->key);
        if (key->type != YAML_SCALAR_NODE)
            return config_fault_line(
                check->fault, check->source, line,
                "a list or section stands where a setting's name belongs; write NAME: VALUE");
        const struct config_rule *rule = find_rule(section, key);
        if (rule == NULL)
            return fault_unknown_key(check, pair->key, section);
        size_t which = (size_t)(rule - section->rules);
        if (lines[which] != 0)
            return config_fault_line(check->fault, check->source, line,
                                     "%s is set again (first in line %zu); keep one of the two", rule->key,
                                     lines[which]);
        lines[which] = line;
        if (!check_value(check, pair->value, rule))
            return 0;
    }
    return 1;
}

static int check_section(struct check *check, int index, const struct config_section *section)
{
    const yaml_node_t *node = node_at(check, index);
    size_t line = config_line(check->source, index);
    if (node->type != YAML_MAPPING_NODE)
        return config_fault_line(check->fault, check->source, line,
                                 "%s must hold settings; write them as NAME: VALUE, one a line",
                                 section->name);
    if (!check_pairs(check, node, section))
        return 0;
    for (size_t i = 0; i < section->rule_count; i++) {
        const struct config_rule *rule = &section->rules[i];
        if (rule->required && config_child(check->source, index, rule->key) == 0)
            return config_fault_line(check->fault, check->source, line, "%s lacks \"%s\"; write %s: …",
                                     section->name, rule->key, rule->key);
    }
    return 1;
}

int config_check_form(struct config_fault *fault, const struct config_source *source)
{
    size_t count = (size_t)(source->document.nodes.top - source->document.nodes.start);
    if (count == 0)
        return config_fault_line(fault, source, 1,
                                 "the file is empty; \"cmpctl init\" writes one to begin with");
    struct check check = {fault, source, calloc(count, 1)};
    if (check.seen == NULL)
        return config_fault_line(fault, source, 0, "out of memory");
    check.seen[0] = 1;
    int ok = check_section(&check, 1, &config_root);
    free(check.seen);
    return ok;
}
