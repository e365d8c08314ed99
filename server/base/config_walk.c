/* config_walk.c: cmpd.yaml, walked once along the rows of settings.c: each section, each key, each list is
 * held against them and taken; what the file leaves out gets its default. How deep the walk goes is bounded
 * by the rows: a value where they have none is a fault. */
#include "config_internal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nearest.h"

enum {
    SHOWN_MAX = 80,    /* octets of a quoted value in a fault */
    ALLOWED_MAX = 512, /* octets of a list of what is allowed */
};

static int read_section(struct config_reading *reading, void *base, const struct config_section *section,
                        int node);

static int read_settings(struct config_reading *reading, size_t lines[CONFIG_ROWS_MAX], void *base,
                         const struct config_section *section, int node);

static int no_memory(struct config_reading *reading)
{
    return config_fault_line(reading->fault, reading->source, 0, "out of memory");
}

/* Who wrote "mac_iterations_min", or "iterations_min" without its group, meant the setting of that name in
 * mac. Returns the group, or NULL. */
static const struct config_setting *offer_group(struct nearest *nearest, const struct config_setting *group)
{
    const struct config_setting *found = NULL;
    char joined[2 * CONFIG_KEY_MAX + 2];

    for (size_t i = 0; i < group->section->count; i++) {
        const char *key = group->section->rows[i].key;
        struct nearest with_group = *nearest;
        snprintf(joined, sizeof joined, "%s_%s", group->key, key);
        if (nearest_offer(&with_group, joined)) {
            with_group.best = key;
            *nearest = with_group;
            found = group;
        }
        if (nearest_offer(nearest, key))
            found = group;
    }
    return found;
}

static int fault_unknown_key(struct config_reading *reading, int key, const struct config_section *section)
{
    const char *word = (const char *)config_node(reading->source, key)->data.scalar.value;
    char shown[SHOWN_MAX], allowed[ALLOWED_MAX] = "";
    struct nearest nearest = nearest_to(word);
    const struct config_setting *group = NULL;
    size_t line = config_line(reading->source, key), used = 0;

    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i], *found;
        if (nearest_offer(&nearest, row->key))
            group = NULL;
        if (row->kind == CONFIG_SECTION && (found = offer_group(&nearest, row)) != NULL)
            group = found;
        if (used < sizeof allowed)
            used += (size_t)snprintf(allowed + used, sizeof allowed - used, "%s%s", used > 0 ? ", " : "",
                                     row->key);
    }
    log_quote(shown, sizeof shown, bytes_str(word));
    if (nearest.best == NULL)
        return config_fault_line(reading->fault, reading->source, line, "%s has no setting %s; it knows: %s",
                                 section->name, shown, allowed);
    return config_fault_line(reading->fault, reading->source, line,
                             "%s has no setting %s; did you mean \"%s\"%s%s?", section->name, shown,
                             nearest.best, group != NULL ? " in " : "", group != NULL ? group->key : "");
}

/* Returns the list's node, or NULL with the fault written. */
static const yaml_node_t *find_list(struct config_reading *reading, size_t *count,
                                    const struct config_setting *row, int node)
{
    const yaml_node_t *list = config_node(reading->source, node);
    size_t line = config_line(reading->source, node);
    const char *how =
        row->kind == CONFIG_SECTIONS ? "write each entry below it after a \"- \"" : "write [a, b]";

    if (list->type != YAML_SEQUENCE_NODE) {
        config_fault_line(reading->fault, reading->source, line, "%s is not a list; %s", row->key, how);
        return NULL;
    }
    *count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    if (*count < row->min) {
        config_fault_line(reading->fault, reading->source, line,
                          "%s is empty; write at least %" PRIu32 " entry", row->key, row->min);
        return NULL;
    }
    if (*count > row->max) {
        config_fault_line(reading->fault, reading->source, line, "%s has %zu entries; write at most %" PRIu32,
                          row->key, *count, row->max);
        return NULL;
    }
    return list;
}

static int read_list(struct config_reading *reading, struct config_list *out,
                     const struct config_setting *row, int node)
{
    size_t count;
    const yaml_node_t *list = find_list(reading, &count, row, node);
    const char **items;

    if (list == NULL)
        return 0;
    items = arena_alloc(reading->source->arena, count * sizeof(const char *));
    if (items == NULL)
        return no_memory(reading);
    for (size_t i = 0; i < count; i++) {
        int item = list->data.sequence.items.start[i];
        if ((items[i] = config_read_text(reading, row, item)) == NULL)
            return 0;
    }
    *out = (struct config_list){items, count};
    return 1;
}

static int read_words(struct config_reading *reading, unsigned *out, const struct config_setting *row,
                      int node)
{
    size_t count;
    const yaml_node_t *list = find_list(reading, &count, row, node);
    unsigned bits = 0;

    if (list == NULL)
        return 0;
    for (size_t i = 0; i < count; i++) {
        int item = list->data.sequence.items.start[i];
        unsigned bit = 0;
        if (!config_read_value(reading, &bit, row, item))
            return 0;
        bits |= bit;
    }
    *out = bits;
    return 1;
}

static int read_sections(struct config_reading *reading, unsigned char *base,
                         const struct config_setting *row, int node)
{
    size_t count;
    const yaml_node_t *list = find_list(reading, &count, row, node);
    unsigned char *entries;

    if (list == NULL)
        return 0;
    entries = arena_alloc(reading->source->arena, count * row->size);
    if (entries == NULL)
        return no_memory(reading);
    for (size_t i = 0; i < count; i++) {
        int item = list->data.sequence.items.start[i];
        if (!read_section(reading, entries + i * row->size, row->section, item))
            return 0;
    }
    *(void **)(void *)(base + row->offset) = entries;
    *(size_t *)(void *)(base + row->count_offset) = count;
    return 1;
}

static int read_pointer(struct config_reading *reading, void **out, const struct config_setting *row,
                        int node)
{
    *out = arena_alloc(reading->source->arena, row->size);
    return *out != NULL ? read_section(reading, *out, row->section, node) : no_memory(reading);
}

static int read_row(struct config_reading *reading, unsigned char *base, const struct config_setting *row,
                    int node)
{
    void *value = base + row->offset;

    switch (row->kind) {
    case CONFIG_SECTION: /* in a section, which gave it its defaults */
        return read_settings(reading, (size_t[CONFIG_ROWS_MAX]){0}, value, row->section, node);
    case CONFIG_POINTER:
        return read_pointer(reading, value, row, node);
    case CONFIG_SECTIONS:
        return read_sections(reading, base, row, node);
    case CONFIG_WORDS:
        return read_words(reading, value, row, node);
    case CONFIG_TEXTS:
    case CONFIG_FILES:
        return read_list(reading, value, row, node);
    default:
        return config_read_value(reading, value, row, node);
    }
}

static const struct config_setting *find_row(const struct config_section *section, const yaml_node_t *key)
{
    for (size_t i = 0; i < section->count; i++) {
        if (bytes_equal(bytes_str(section->rows[i].key),
                        bytes_of(key->data.scalar.value, key->data.scalar.length)))
            return &section->rows[i];
    }
    return NULL;
}

/* Takes the settings of mapping |node|; |lines| tells where each row's key was met. */
static int read_pairs(struct config_reading *reading, size_t lines[CONFIG_ROWS_MAX], void *base,
                      const struct config_section *section, const yaml_node_t *mapping)
{
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = config_node(reading->source, pair->key);
        size_t line = config_line(reading->source, pair->key), which;
        const struct config_setting *row;
        if (key->type != YAML_SCALAR_NODE)
            return config_fault_line(
                reading->fault, reading->source, line,
                "a list or section stands where a setting's name belongs; write NAME: VALUE");
        if ((row = find_row(section, key)) == NULL)
            return fault_unknown_key(reading, pair->key, section);
        which = (size_t)(row - section->rows);
        if (lines[which] != 0)
            return config_fault_line(reading->fault, reading->source, line,
                                     "%s is set again (first in line %zu); keep one of the two", row->key,
                                     lines[which]);
        lines[which] = line;
        if (!read_row(reading, base, row, pair->value))
            return 0;
    }
    return 1;
}

/* A group that the file does not have: each of its settings has its default. */
static int default_section(struct config_reading *reading, unsigned char *base,
                           const struct config_section *section)
{
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        void *value = base + row->offset;
        if (!(row->kind == CONFIG_SECTION ? default_section(reading, value, row->section)
                                          : config_default(reading, value, row)))
            return 0;
    }
    return 1;
}

/* Takes what mapping |node| says of |section|, which has its defaults already. */
static int read_settings(struct config_reading *reading, size_t lines[CONFIG_ROWS_MAX], void *base,
                         const struct config_section *section, int node)
{
    const yaml_node_t *mapping = config_node(reading->source, node);

    if (mapping->type != YAML_MAPPING_NODE)
        return config_fault_line(reading->fault, reading->source, config_line(reading->source, node),
                                 "%s must hold settings; write them as NAME: VALUE, one a line",
                                 section->name);
    return read_pairs(reading, lines, base, section, mapping);
}

/* Defaults first, then what a ready-made section says, then the file. */
static int read_section(struct config_reading *reading, void *base, const struct config_section *section,
                        int node)
{
    size_t lines[CONFIG_ROWS_MAX] = {0}, of_kind[CONFIG_ROWS_MAX] = {0};
    struct config_reading kind;

    if (!default_section(reading, base, section) || !config_read_base(reading, &kind, section, node) ||
        (kind.source != NULL && !read_settings(&kind, of_kind, base, section, 1)) ||
        !read_settings(reading, lines, base, section, node))
        return 0;
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        if (row->required && lines[i] == 0)
            return config_fault_line(reading->fault, reading->source, config_line(reading->source, node),
                                     "%s lacks \"%s\"; write %s: …", section->name, row->key, row->key);
    }
    return 1;
}

/* Defaults that follow from other values, or from the machine. */
static int derive(struct config_reading *reading, struct config *config)
{
    static const char scheme[] = "sqlite:";
    struct arena *arena = reading->source->arena;

    if (config->node == NULL) {
        char host[HOST_NAME_MAX + 1] = "";
        if (gethostname(host, sizeof host - 1) != 0 || host[0] == 0)
            snprintf(host, sizeof host, "localhost");
        if ((config->node = arena_printf(arena, "%s", host)) == NULL)
            return no_memory(reading);
    }
    if (strncmp(config->store, scheme, strlen(scheme)) == 0 && config->store[strlen(scheme)] != '/' &&
        config->store[strlen(scheme)] != 0) {
        const char *file = config_resolve(reading, config->store + strlen(scheme));
        config->store = file != NULL ? arena_printf(arena, "%s%s", scheme, file) : NULL;
        if (config->store == NULL)
            return no_memory(reading);
    }
    /* The arena's memory, ours to change until it is handed out. */
    struct config_profile *profiles = (struct config_profile *)(uintptr_t)config->profiles;
    for (size_t i = 0; i < config->profile_count; i++) {
        if (profiles[i].ca == NULL && config->ca_count == 1)
            profiles[i].ca = config->cas[0].name;
    }
    if (config->default_profile == NULL && config->profile_count == 1)
        config->default_profile = config->profiles[0].name;
    return 1;
}

int config_read_document(struct config_reading *reading, struct config *config)
{
    const yaml_document_t *document = &reading->source->document;

    if (document->nodes.top == document->nodes.start)
        return config_fault_line(reading->fault, reading->source, 1,
                                 "the file is empty; \"cmpctl init\" writes one to begin with");
    return read_section(reading, config, &config_root, 1) && derive(reading, config);
}
