/* config_files.c: all files that a configuration names, found by the rows that say which strings are such.
 */
#include "config_internal.h"

struct walk {
    int (*each)(void *arg, const char *file);
    void *arg;
};

static int walk_section(const struct walk *walk, const struct config_section *section, const void *base);

static int walk_list(const struct walk *walk, const struct config_list *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (!walk->each(walk->arg, files->items[i]))
            return 0;
    return 1;
}

static int walk_sections(const struct walk *walk, const struct config_setting *row, const unsigned char *base)
{
    const unsigned char *entries = *(const unsigned char *const *)(const void *)(base + row->offset);
    size_t count = *(const size_t *)(const void *)(base + row->count_offset);
    for (size_t i = 0; i < count; i++)
        if (!walk_section(walk, row->section, entries + i * row->size))
            return 0;
    return 1;
}

static int walk_value(const struct walk *walk, const struct config_setting *row, const unsigned char *base)
{
    const void *value = base + row->offset;
    switch (row->kind) {
    case CONFIG_FILE:
    case CONFIG_KEY: {
        const char *file = *(const char *const *)value;
        return file == NULL || (row->kind == CONFIG_KEY && config_is_token(file)) ||
               walk->each(walk->arg, file);
    }
    case CONFIG_FILES:
        return walk_list(walk, value);
    case CONFIG_SECTION:
        return walk_section(walk, row->section, value);
    case CONFIG_POINTER:
        value = *(const void *const *)value;
        return value == NULL || walk_section(walk, row->section, value);
    case CONFIG_SECTIONS:
        return walk_sections(walk, row, base);
    default:
        return 1;
    }
}

static int walk_section(const struct walk *walk, const struct config_section *section, const void *base)
{
    for (size_t i = 0; i < section->count; i++)
        if (!walk_value(walk, &section->rows[i], base))
            return 0;
    return 1;
}

int config_each_file(const struct config *config, int (*each)(void *arg, const char *file), void *arg)
{
    const struct walk walk = {each, arg};
    return walk_section(&walk, &config_root, config);
}

int config_has_token(const struct config *config)
{
    for (size_t i = 0; i < config->ca_count; i++)
        if (config_is_token(config->cas[i].key) || config_is_token(config->cas[i].cmp_key) ||
            (config->cas[i].crl_key != NULL && config_is_token(config->cas[i].crl_key)))
            return 1;
    return 0;
}
