/* config_write.c: cmpd.yaml as "cmpctl init" writes it, from the rows: every setting once, with what the
 * operator has to know beside it. */
#include "config_internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WIDTH = 118,     /* columns of a line */
    COMMENT_AT = 32, /* column of a comment beside a setting */
    PATH_MAX_LEN = 4 * (CONFIG_KEY_MAX + 1),
    NOT_A_COMMENT = -1,
};

struct writer {
    FILE *out;
    const struct config_value *values;
    size_t count;
};

/* struct place is where a section's settings go. */
struct place {
    const char *path; /* "profiles.accept.", or "" in the file itself */
    int indent;
    int comment; /* the column at which these lines became a comment, or NOT_A_COMMENT */
    int entry;   /* 1: of a list, so that its first setting is behind a dash */
};

static const struct config_value *find_value(const struct writer *writer, const char *path)
{
    for (size_t i = 0; i < writer->count; i++)
        if (strcmp(writer->values[i].key, path) == 0)
            return &writer->values[i];
    return NULL;
}

/* Writes |text| in words, each line behind a "# " at |column| and none beyond WIDTH; the first line goes on
 * where the output is. */
static void put_comment(FILE *out, int column, const char *text)
{
    int at = column + 1;

    fputs("#", out);
    while (*text != 0) {
        int len = (int)strcspn(text, " ");
        if (at + 1 + len > WIDTH && at > column + 1) {
            fprintf(out, "\n%*s#", column, "");
            at = column + 1;
        }
        fprintf(out, " %.*s", len, text);
        at += 1 + len;
        text += len + (text[len] == ' ');
    }
    fputs("\n", out);
}

/* YAML takes a text as it stands if nothing in it means something else, as "1:30" would, a number to base 60.
 */
static int is_plain(const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/0123456789._-:@?&=%,+~";
    size_t len = strlen(text);

    if (len == 0 || text[strspn(text, plain)] != 0 || text[len - 1] == ':' || strcmp(text, "true") == 0 ||
        strcmp(text, "false") == 0 || strcmp(text, "null") == 0)
        return 0;
    return *text == '/' || isalpha((unsigned char)*text) ||
           (isdigit((unsigned char)*text) && strchr(text, ':') == NULL);
}

static void put_text(FILE *out, const char *text)
{
    if (is_plain(text)) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text != 0; text++) {
        if (*text == '"' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

void config_put_default(FILE *out, const struct config_setting *row)
{
    switch (row->kind) {
    case CONFIG_NUMBER:
        fprintf(out, "%" PRIu32, row->number);
        break;
    case CONFIG_FLAG:
        fputs(row->number ? "true" : "false", out);
        break;
    case CONFIG_WORD:
        for (const struct config_word *word = row->words; word->name != NULL; word++)
            if (word->value == (int)row->number)
                fputs(word->name, out);
        break;
    case CONFIG_WORDS:
        fputc('[', out);
        for (const struct config_word *word = row->words, *first = NULL; word->name != NULL; word++)
            if ((row->number & (unsigned)word->value) != 0) {
                fprintf(out, "%s%s", first != NULL ? ", " : "", word->name);
                first = word;
            }
        fputc(']', out);
        break;
    case CONFIG_TEXTS:
    case CONFIG_FILES:
        fputc('[', out);
        for (size_t i = 0; row->list != NULL && row->list[i] != NULL; i++)
            fprintf(out, "%s%s", i > 0 ? ", " : "", row->list[i]);
        fputc(']', out);
        break;
    default:
        if (row->text != NULL)
            put_text(out, row->text);
    }
}

static int is_section(const struct config_setting *row)
{
    return row->kind == CONFIG_SECTION || row->kind == CONFIG_POINTER || row->kind == CONFIG_SECTIONS;
}

static void put_value(FILE *out, const struct config_setting *row, const struct config_value *value)
{
    const char *text = value != NULL && value->text != NULL ? value->text : row->example;

    if (text == NULL)
        config_put_default(out, row);
    else if (row->kind == CONFIG_TEXT || row->kind == CONFIG_NAME || row->kind == CONFIG_FILE ||
             row->kind == CONFIG_KEY)
        put_text(out, text);
    else
        fputs(text, out);
}

/* "  # key: value" without its end. */
static void put_line(FILE *out, const struct config_setting *row, const struct config_value *value,
                     const struct place *place, int comment, int first)
{
    int indent = place->indent - (place->entry && first ? 2 : 0);

    if (comment == NOT_A_COMMENT)
        fprintf(out, "%*s", indent, "");
    else
        fprintf(out, "%*s# %*s", comment < indent ? comment : indent, "",
                comment < indent ? indent - comment : 0, "");
    fprintf(out, "%s%s:", place->entry && first ? "- " : "", row->key);
    if (is_section(row))
        return;
    fputc(' ', out);
    put_value(out, row, value);
}

static void put_section(const struct writer *writer, const struct config_section *section,
                        const struct place *place);

/* Puts entry |index| of a list, after the first: what has a value there, and no explanations again. */
static int put_entry(const struct writer *writer, const struct config_setting *list, const char *path,
                     unsigned index, int indent)
{
    char key[PATH_MAX_LEN];
    int some = 0, len;

    for (size_t i = 0; i < list->section->count; i++) {
        const struct config_setting *row = &list->section->rows[i];
        const struct config_value *value;
        len = snprintf(key, sizeof key, "%s[%u].%s", path, index, row->key);
        if (len < 0 || (size_t)len >= sizeof key || (value = find_value(writer, key)) == NULL)
            continue;
        put_line(writer->out, row, value, &(struct place){path, indent, NOT_A_COMMENT, 1}, NOT_A_COMMENT,
                 !some);
        fputs("\n", writer->out);
        some = 1;
    }
    return some;
}

/* Puts one setting, and what is in it. Its comment goes above it in the file itself, else beside it; the
 * first setting of an entry, its name, needs none. */
static void put_row(const struct writer *writer, const struct config_setting *row, const struct place *place,
                    int first)
{
    char path[PATH_MAX_LEN], *line = NULL;
    size_t len = 0;
    const struct config_value *value;
    struct place inner = {path, place->indent + 2, place->comment, row->kind == CONFIG_SECTIONS};
    FILE *text = open_memstream(&line, &len);

    if (text == NULL)
        return;
    snprintf(path, sizeof path, "%s%s", place->path, row->key);
    value = find_value(writer, path);
    if (inner.comment == NOT_A_COMMENT && (value != NULL ? value->text == NULL : row->commented))
        inner.comment = place->indent;
    put_line(text, row, value, place, inner.comment, first);
    fclose(text);
    if (place->indent == 0) {
        fputs("\n", writer->out);
        put_comment(writer->out, 0, row->says);
        fprintf(writer->out, "%s\n", line);
    } else if (place->entry && first) {
        fprintf(writer->out, "%s\n", line);
    } else {
        int pad = (int)len < COMMENT_AT - 1 ? COMMENT_AT - (int)len : 1;
        fprintf(writer->out, "%s%*s", line, pad, "");
        put_comment(writer->out, (int)len + pad, row->says);
    }
    free(line);
    if (!is_section(row))
        return;
    inner.indent += inner.entry ? 2 : 0;
    strncat(path, ".", sizeof path - strlen(path) - 1);
    put_section(writer, row->section, &inner);
    path[strlen(path) - 1] = 0;
    for (unsigned index = 1; inner.entry && put_entry(writer, row, path, index, inner.indent); index++)
        ;
}

static void put_section(const struct writer *writer, const struct config_section *section,
                        const struct place *place)
{
    for (size_t i = 0; i < section->count; i++)
        put_row(writer, &section->rows[i], place, i == 0);
}

int config_write(FILE *out, const struct config_value *values, size_t count)
{
    static const char head[] =
        "cmpd.yaml: the configuration of one node. Check it with: cmpctl check cmpd.yaml\n";
    const struct writer writer = {out, values, count};
    const struct place root = {"", 0, NOT_A_COMMENT, 0};
    char text[1024] =
        "File names are relative to this file. An unknown key is a fault. SIGHUP loads this file "
        "anew, but these settings take a restart:";

    for (size_t i = 0, some = 0; i < config_root.count; i++)
        if (config_root.rows[i].restart) {
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%s %s", some++ > 0 ? "," : "",
                     config_root.rows[i].key);
        }
    fprintf(out, "# %s", head);
    put_comment(out, 0, text);
    put_section(&writer, &config_root, &root);
    return ferror(out) == 0;
}
