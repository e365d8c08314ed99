/* config_base.c: settings that a section has because it names a ready-made one (kinds.c). They are read by
 * the same rows as the file, before what the section says itself. */
#include "config_internal.h"

#include <stdio.h>
#include <string.h>

#include "nearest.h"

enum { NAMES_MAX = 256 };

/* The row that names a ready-made section, or NULL. */
static const struct config_setting *base_row(const struct config_section *section)
{
    for (size_t i = 0; i < section->count; i++)
        if (section->rows[i].is_base)
            return &section->rows[i];
    return NULL;
}

static const struct config_ready_made *find_kind(struct config_reading *reading, const char *name,
                                                 size_t line)
{
    size_t count, used = 0;
    const struct config_ready_made *kinds = config_kinds(&count);
    struct nearest nearest = nearest_to(name);
    char names[NAMES_MAX] = "";

    for (size_t i = 0; i < count; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
        nearest_offer(&nearest, kinds[i].name);
        if (used < sizeof names)
            used +=
                (size_t)snprintf(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", kinds[i].name);
    }
    if (nearest.best != NULL)
        config_fault_line(reading->fault, reading->source, line,
                          "there is no kind \"%s\"; did you mean \"%s\"?", name, nearest.best);
    else
        config_fault_line(reading->fault, reading->source, line, "there is no kind \"%s\"; write one of: %s",
                          name, names);
    return NULL;
}

/* The scalars of its document are texts of the configuration, so it lives as long. */
static struct config_source *read_kind(struct config_reading *reading, const struct config_ready_made *kind)
{
    struct config_source *source =
        config_source_read(reading->fault, kind->name, kind->text, strlen(kind->text));

    if (source != NULL) {
        source->next = reading->source->next;
        reading->source->next = source;
    }
    return source;
}

int config_read_base(struct config_reading *reading, struct config_reading *base,
                     const struct config_section *section, int node)
{
    const struct config_setting *row = base_row(section);
    const struct config_ready_made *kind;
    int value = row != NULL ? config_child(reading->source, node, row->key) : 0;
    const char *name;

    *base = (struct config_reading){.fault = reading->fault};
    if (value == 0)
        return 1;
    if ((name = config_read_text(reading, row, value)) == NULL ||
        (kind = find_kind(reading, name, config_line(reading->source, value))) == NULL)
        return 0;
    base->source = read_kind(reading, kind);
    return base->source != NULL;
}
