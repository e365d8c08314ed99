/* config_fault.c: where in the file a fault is, for who found it. */
#include "config_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fault_text(struct config_fault *fault, const struct config_source *source, size_t line,
                      const char *format, va_list args)
{
    int len = line != 0 ? snprintf(fault->text, sizeof fault->text, "%s:%zu: ", source->name, line)
                        : snprintf(fault->text, sizeof fault->text,
                                   "%s: ", source != NULL ? source->name : "configuration");
    if (len >= 0 && (size_t)len < sizeof fault->text)
        vsnprintf(fault->text + len, sizeof fault->text - (size_t)len, format, args);
    return 0;
}

int config_fault_line(struct config_fault *fault, const struct config_source *source, size_t line,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault_text(fault, source, line, format, args);
    va_end(args);
    return 0;
}

const yaml_node_t *config_node(const struct config_source *source, int index)
{
    return source->document.nodes.start + index - 1;
}

size_t config_line(const struct config_source *source, int index)
{
    return config_node(source, index)->start_mark.line + 1;
}

int config_child(const struct config_source *source, int node, const char *key)
{
    const yaml_node_t *nodes = source->document.nodes.start, *mapping = config_node(source, node);
    if (mapping->type != YAML_MAPPING_NODE)
        return 0;
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const yaml_node_t *name = nodes + pair->key - 1;
        if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == strlen(key) &&
            memcmp(name->data.scalar.value, key, strlen(key)) == 0)
            return pair->value;
    }
    return 0;
}

/* One step of "cas[0].certificate": a name or an index. Returns the rest, or NULL at the end or at what the
 * file does not hold; then |*node| is the nearest parent. */
static const char *step(const struct config_source *source, int *node, const char *key)
{
    const yaml_node_t *here = config_node(source, *node);
    int next = 0;
    if (*key == '[') {
        char *end;
        unsigned long i = strtoul(key + 1, &end, 10);
        if (here->type == YAML_SEQUENCE_NODE &&
            i < (unsigned long)(here->data.sequence.items.top - here->data.sequence.items.start))
            next = here->data.sequence.items.start[i];
        key = *end == ']' ? end + 1 : end;
    } else {
        char name[64];
        size_t len = strcspn(key, ".[");
        if (len < sizeof name) {
            memcpy(name, key, len);
            name[len] = 0;
            next = config_child(source, *node, name);
        }
        key += len;
    }
    if (next == 0)
        return NULL;
    *node = next;
    if (*key == '.')
        key++;
    return *key != 0 ? key : NULL;
}

int config_fault_at(struct config_fault *fault, const struct config *config, const char *key,
                    const char *format, ...)
{
    const struct config_source *source = config->source;
    size_t line = 0;
    if (source != NULL) {
        int node = 1;
        while (key != NULL && *key != 0)
            key = step(source, &node, key);
        line = config_line(source, node);
    }
    va_list args;
    va_start(args, format);
    fault_text(fault, source, line, format, args);
    va_end(args);
    return 0;
}
