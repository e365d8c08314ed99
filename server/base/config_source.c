/* config_source.c: octets become libyaml's document, as far as it has a form that a cmpd.yaml may have. What
 * it says is for others (config_walk.c). */
#define _GNU_SOURCE 1 /* get_current_dir_name */
#include "config_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

/* Octets that a configuration takes besides its file: entries, and file names made absolute. */
enum { CONFIG_MEMORY_MAX = 64 * 1024 * 1024 };

void config_source_free(struct config_source *source)
{
    if (source == NULL)
        return;
    config_source_free(source->next);
    arena_free(source->arena);
    if (source->has_document)
        yaml_document_delete(&source->document);
    free(source->name);
    free(source->folder);
    free(source->text);
    free(source);
}

/* The folder of |name|, absolute: file names stay right whatever the working folder is later. */
static char *folder_of(const char *name)
{
    const char *slash = strrchr(name, '/');
    if (slash == name)
        return strdup("/");
    if (name[0] == '/')
        return strndup(name, (size_t)(slash - name));
    char *here = get_current_dir_name();
    if (here == NULL || slash == NULL)
        return here;
    char *folder = NULL;
    if (asprintf(&folder, "%s/%.*s", strcmp(here, "/") == 0 ? "" : here, (int)(slash - name), name) < 0)
        folder = NULL;
    free(here);
    return folder;
}

static struct config_source *source_new(const char *name, const char *text, size_t len)
{
    struct config_source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return NULL;
    source->name = strdup(name);
    source->folder = folder_of(name);
    source->text = malloc(len + 1);
    source->arena = arena_new(CONFIG_MEMORY_MAX);
    if (source->name == NULL || source->folder == NULL || source->text == NULL || source->arena == NULL) {
        config_source_free(source);
        return NULL;
    }
    if (len > 0)
        memcpy(source->text, text, len);
    source->text[len] = 0;
    source->len = len;
    return source;
}

static int fault_parser(struct config_fault *fault, const struct config_source *source,
                        const yaml_parser_t *parser)
{
    size_t line = parser->problem_mark.line + 1;
    if (parser->error == YAML_MEMORY_ERROR)
        return config_fault_line(fault, source, 0, "out of memory");
    if (parser->error == YAML_READER_ERROR) { /* these come with an offset and no mark */
        line = 1;
        for (size_t i = 0; i < parser->problem_offset && i < source->len; i++)
            line += source->text[i] == '\n';
        return config_fault_line(fault, source, line, "not readable as text (%s); write the file in UTF-8",
                                 parser->problem != NULL ? parser->problem : "unknown");
    }
    return config_fault_line(
        fault, source, line, "not YAML: %s%s%s; check indentation, colons and quotes here",
        parser->problem != NULL ? parser->problem : "unknown", parser->context != NULL ? " " : "",
        parser->context != NULL ? parser->context : "");
}

/* What an event brings that no cmpd.yaml needs, or NULL. */
static const char *forbidden(const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (event->type == YAML_ALIAS_EVENT)
        anchor = event->data.alias.anchor;
    if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor, tag = event->data.scalar.tag;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor, tag = event->data.sequence_start.tag;
    if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor, tag = event->data.mapping_start.tag;
    if (anchor != NULL)
        return "a value is named to be used again (&name), or used again through an alias (*name); write it "
               "out in "
               "each place";
    return tag != NULL ? "a value has a tag (!…); write the value alone" : NULL;
}

static int check_event(struct config_fault *fault, const struct config_source *source,
                       const yaml_event_t *event, int *depth)
{
    size_t line = event->start_mark.line + 1;
    const char *what = forbidden(event);

    if (what != NULL)
        return config_fault_line(fault, source, line, "%s", what);
    if (event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT)
        ++*depth;
    if (event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT)
        --*depth;
    return *depth <= CONFIG_DEPTH_MAX ||
           config_fault_line(fault, source, line, "lists and sections stand in each other more than %d deep",
                             CONFIG_DEPTH_MAX);
}

/* libyaml's time grows with the square of depth, of anchors and of directives, and a reload waits for it: so
 * a file with more of them than a cmpd.yaml has is refused before its document is made. */
static int check_events(struct config_fault *fault, const struct config_source *source)
{
    yaml_parser_t parser;
    yaml_event_t event;
    int depth = 0, ok, is_over = 0;
    size_t line = 1;

    for (const char *at = source->text; *at != 0; at++) {
        if (*at == '%' && (at == source->text || at[-1] == '\n'))
            return config_fault_line(fault, source, line, "a directive (%%); leave it out");
        line += *at == '\n';
    }
    if (!yaml_parser_initialize(&parser))
        return config_fault_line(fault, source, 0, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->len);
    for (ok = 1; ok && !is_over;) {
        if (!yaml_parser_parse(&parser, &event)) {
            ok = fault_parser(fault, source, &parser);
            break;
        }
        ok = check_event(fault, source, &event, &depth);
        is_over = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return ok;
}

static int parse(struct config_fault *fault, struct config_source *source)
{
    yaml_parser_t parser;
    yaml_document_t more;
    int ok = 0;
    if (!yaml_parser_initialize(&parser))
        return config_fault_line(fault, source, 0, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)source->text, source->len);
    if (!yaml_parser_load(&parser, &source->document)) {
        fault_parser(fault, source, &parser);
    } else {
        source->has_document = 1;
        if (yaml_document_get_root_node(&source->document) == NULL) {
            ok = 1; /* empty: config_read_document tells so */
        } else if (!yaml_parser_load(&parser, &more)) {
            fault_parser(fault, source, &parser);
        } else {
            const yaml_node_t *second = yaml_document_get_root_node(&more);
            ok = second == NULL;
            if (!ok)
                config_fault_line(fault, source, second->start_mark.line + 1,
                                  "a second document begins (---); write everything in one");
            yaml_document_delete(&more);
        }
    }
    yaml_parser_delete(&parser);
    return ok;
}

struct config_source *config_source_read(struct config_fault *fault, const char *name, const char *text,
                                         size_t len)
{
    struct config_source *source = source_new(name, text, len);
    int ok = 0;

    if (source == NULL)
        snprintf(fault->text, sizeof fault->text, "%s: out of memory", name);
    else if (len > CONFIG_FILE_MAX)
        config_fault_line(fault, source, 0, "larger than %d octets; this is not a cmpd.yaml",
                          CONFIG_FILE_MAX);
    else
        ok = check_events(fault, source) && parse(fault, source);
    if (!ok)
        config_source_free(source);
    return ok ? source : NULL;
}
