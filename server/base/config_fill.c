/* config_fill.c: the memory of a loaded configuration, its defaults, and its file names made absolute. */
#include "config_internal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Blocks are chained, so that one walk frees what libcyaml and the defaults allocated alike. */
struct config_block {
    struct config_block *next, *prev;
    _Alignas(max_align_t) unsigned char data[];
};

static void unlink_block(struct config_source *source, struct config_block *block)
{
    if (block->prev != NULL)
        block->prev->next = block->next;
    else
        source->blocks = block->next;
    if (block->next != NULL)
        block->next->prev = block->prev;
}

void *config_memory(void *ctx, void *ptr, size_t size)
{
    struct config_source *source = ctx;
    struct config_block *block = NULL;
    if (ptr != NULL)
        block = (struct config_block *)(void *)((unsigned char *)ptr - offsetof(struct config_block, data));
    if (size == 0) {
        if (block != NULL) {
            unlink_block(source, block);
            free(block);
        }
        return NULL;
    }
    if (size > SIZE_MAX - sizeof(*block))
        return NULL;
    /* Out of the chain while realloc may move it, back in at its head, also when realloc leaves it as it was.
     */
    if (block != NULL)
        unlink_block(source, block);
    struct config_block *moved = realloc(block, sizeof(*moved) + size);
    struct config_block *kept = moved != NULL ? moved : block;
    if (kept != NULL) {
        kept->prev = NULL;
        kept->next = source->blocks;
        if (kept->next != NULL)
            kept->next->prev = kept;
        source->blocks = kept;
    }
    return moved != NULL ? moved->data : NULL;
}

void config_memory_free(struct config_source *source)
{
    for (struct config_block *block = source->blocks, *next; block != NULL; block = next) {
        next = block->next;
        free(block);
    }
    source->blocks = NULL;
}

static char *join(struct config_source *source, const char *a, const char *b, const char *c)
{
    size_t size = strlen(a) + strlen(b) + strlen(c) + 1;
    char *text = config_memory(source, NULL, size);
    if (text != NULL)
        snprintf(text, size, "%s%s%s", a, b, c);
    return text;
}

int config_is_token(const char *key)
{
    return strncasecmp(key, "pkcs11:", strlen("pkcs11:")) == 0;
}

static const char *resolve(struct config_source *source, const char *file)
{
    if (file[0] == '/')
        return file;
    const char *slash = strcmp(source->folder, "/") == 0 ? "" : "/";
    return join(source, source->folder, slash, file);
}

static int fill_list(struct config_source *source, const struct config_rule *rule, unsigned char *base,
                     int node)
{
    const char *const **list = (const char *const **)(void *)(base + rule->offset);
    size_t *count = (size_t *)(void *)(base + rule->count_offset);
    if (node == 0 && rule->list != NULL) {
        *list = rule->list;
        *count = 0;
        while (rule->list[*count] != NULL)
            (*count)++;
    }
    if (rule->kind != CONFIG_FILES || node == 0)
        return 1;
    const char **files =
        (const char **)(uintptr_t)*list; /* libcyaml's memory, ours to change until it is handed out */
    for (size_t i = 0; i < *count; i++) {
        files[i] = resolve(source, files[i]);
        if (files[i] == NULL)
            return 0;
    }
    return 1;
}

static int fill_text(struct config_source *source, const struct config_rule *rule, unsigned char *base,
                     int node)
{
    const char **text = (const char **)(void *)(base + rule->offset);
    if (node == 0)
        *text = rule->text;
    if (*text != NULL &&
        (rule->kind == CONFIG_FILE || (rule->kind == CONFIG_KEY && !config_is_token(*text)))) {
        *text = resolve(source, *text);
        return *text != NULL;
    }
    return 1;
}

static int fill_section(struct config_source *source, const struct config_section *section, void *base,
                        int node);

/* NOLINTNEXTLINE(readability-non-const-parameter): what hangs on |base| is filled in */
static int fill_sections(struct config_source *source, const struct config_rule *rule, unsigned char *base,
                         int node)
{
    unsigned char *entries = *(unsigned char **)(void *)(base + rule->offset);
    size_t count = *(size_t *)(void *)(base + rule->count_offset);
    const yaml_node_t *list = node != 0 ? source->document.nodes.start + node - 1 : NULL;
    for (size_t i = 0; list != NULL && i < count; i++) {
        if (!fill_section(source, rule->section, entries + i * rule->size,
                          list->data.sequence.items.start[i]))
            return 0;
    }
    return 1;
}

static int fill_value(struct config_source *source, const struct config_rule *rule, unsigned char *base,
                      int node)
{
    void *value = base + rule->offset;
    switch (rule->kind) {
    case CONFIG_NUMBER:
        if (node == 0)
            *(uint32_t *)value = rule->number;
        return 1;
    case CONFIG_FLAG:
        if (node == 0)
            *(int *)value = (int)rule->number;
        return 1;
    case CONFIG_WORD:
        if (node == 0)
            memcpy(value, &(int){(int)rule->number}, sizeof(int));
        return 1;
    case CONFIG_TEXT:
    case CONFIG_NAME:
    case CONFIG_FILE:
    case CONFIG_KEY:
        return fill_text(source, rule, base, node);
    case CONFIG_TEXTS:
    case CONFIG_FILES:
        return fill_list(source, rule, base, node);
    case CONFIG_SECTION:
        return fill_section(source, rule->section, value, node);
    case CONFIG_POINTER:
        return node == 0 || fill_section(source, rule->section, *(void **)value, node);
    case CONFIG_SECTIONS:
        return fill_sections(source, rule, base, node);
    }
    return 1;
}

static int fill_section(struct config_source *source, const struct config_section *section, void *base,
                        int node)
{
    for (size_t i = 0; i < section->rule_count; i++) {
        const struct config_rule *rule = &section->rules[i];
        if (!fill_value(source, rule, base, node != 0 ? config_child(source, node, rule->key) : 0))
            return 0;
    }
    return 1;
}

/* Defaults that follow from other values, or from the machine. */
static int fill_derived(struct config *config, struct config_source *source)
{
    static const char scheme[] = "sqlite:";
    if (config->node == NULL) {
        char host[HOST_NAME_MAX + 1] = "";
        if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == 0)
            snprintf(host, sizeof(host), "localhost");
        config->node = join(source, host, "", "");
        if (config->node == NULL)
            return 0;
    }
    if (strncmp(config->store, scheme, strlen(scheme)) == 0 && config->store[strlen(scheme)] != '/' &&
        config->store[strlen(scheme)] != 0) {
        const char *file = resolve(source, config->store + strlen(scheme));
        config->store = file != NULL ? join(source, scheme, file, "") : NULL;
        if (config->store == NULL)
            return 0;
    }
    struct config_profile *profiles = (struct config_profile *)(uintptr_t)config->profiles;
    for (size_t i = 0; i < config->profile_count; i++) {
        if (profiles[i].ca == NULL && config->ca_count == 1)
            profiles[i].ca = config->cas[0].name;
    }
    if (config->default_profile == NULL && config->profile_count == 1)
        config->default_profile = config->profiles[0].name;
    return 1;
}

int config_fill(struct config *config, struct config_source *source)
{
    return fill_section(source, &config_root, config, 1) && fill_derived(config, source);
}
