/* config_reload.c: which settings a running process can change, and which a node has for itself: both by the
 * flags of their rows. */
#include "config_internal.h"

#include <string.h>

static int same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static int same_list(const struct config_list *a, const struct config_list *b)
{
    size_t i = 0;

    while (i < a->count && i < b->count && same_text(a->items[i], b->items[i]))
        i++;
    return i == a->count && i == b->count;
}

static int same_row(const struct config_setting *row, const unsigned char *a, const unsigned char *b);

static int same_section(const struct config_section *section, const void *a, const void *b)
{
    for (size_t i = 0; i < section->count; i++)
        if (!same_row(&section->rows[i], a, b))
            return 0;
    return 1;
}

static int same_sections(const struct config_setting *row, const unsigned char *a, const unsigned char *b)
{
    const unsigned char *a_entries = *(const unsigned char *const *)(const void *)(a + row->offset);
    const unsigned char *b_entries = *(const unsigned char *const *)(const void *)(b + row->offset);
    size_t count = *(const size_t *)(const void *)(a + row->count_offset);

    if (*(const size_t *)(const void *)(b + row->count_offset) != count)
        return 0;
    for (size_t i = 0; i < count; i++)
        if (!same_section(row->section, a_entries + i * row->size, b_entries + i * row->size))
            return 0;
    return 1;
}

static int same_row(const struct config_setting *row, const unsigned char *a, const unsigned char *b)
{
    const void *a_value = a + row->offset, *b_value = b + row->offset;
    const void *a_section, *b_section;

    switch (row->kind) {
    case CONFIG_NUMBER:
    case CONFIG_FLAG:
    case CONFIG_WORD:
    case CONFIG_WORDS:
        return memcmp(a_value, b_value, sizeof(int)) == 0;
    case CONFIG_TEXT:
    case CONFIG_NAME:
    case CONFIG_FILE:
    case CONFIG_KEY:
        return same_text(*(const char *const *)a_value, *(const char *const *)b_value);
    case CONFIG_TEXTS:
    case CONFIG_FILES:
        return same_list(a_value, b_value);
    case CONFIG_SECTION:
        return same_section(row->section, a_value, b_value);
    case CONFIG_POINTER:
        a_section = *(const void *const *)a_value, b_section = *(const void *const *)b_value;
        return a_section == NULL || b_section == NULL ? a_section == b_section
                                                      : same_section(row->section, a_section, b_section);
    case CONFIG_SECTIONS:
        return same_sections(row, a, b);
    }
    return 0;
}

int config_reload_allowed(struct config_fault *fault, const struct config *from, const struct config *to)
{
    for (size_t i = 0; i < config_root.count; i++) {
        const struct config_setting *row = &config_root.rows[i];
        int several = row->kind == CONFIG_SECTION || row->kind == CONFIG_SECTIONS ||
                      row->kind == CONFIG_TEXTS || row->kind == CONFIG_FILES;
        if (!row->restart || same_row(row, (const unsigned char *)from, (const unsigned char *)to))
            continue;
        return config_fault_at(fault, to, row->key, "%s %s changed: restart to use %s", row->key,
                               several ? "have" : "has", several ? "them" : "it");
    }
    return 1;
}

int config_of_node(struct bytes key)
{
    for (size_t i = 0; i < config_root.count; i++)
        if (bytes_equal(bytes_str(config_root.rows[i].key), key))
            return config_root.rows[i].of_node;
    return 0;
}
