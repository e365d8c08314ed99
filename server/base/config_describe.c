/* config_describe.c: a table of all settings for readers, in Markdown, from the rows. */
#include "config_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A bar would end a column. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_words(FILE *out, const struct config_word *words)
{
    for (const struct config_word *word = words; word->name != NULL; word++)
        fprintf(out, "%s`%s`", word > words ? ", " : "", word->name);
}

/* What may stand there. */
static void put_kind(FILE *out, const struct config_setting *row)
{
    switch (row->kind) {
    case CONFIG_NUMBER:
        fprintf(out, "%" PRIu32 " to %" PRIu32, row->min, row->max);
        break;
    case CONFIG_FLAG:
        fputs("`true`, `false`", out);
        break;
    case CONFIG_WORD:
        put_words(out, row->words);
        break;
    case CONFIG_WORDS:
        fputs("list of ", out);
        put_words(out, row->words);
        break;
    case CONFIG_TEXT:
        fputs("text", out);
        break;
    case CONFIG_NAME:
        fputs("name", out);
        break;
    case CONFIG_FILE:
        fputs("file", out);
        break;
    case CONFIG_KEY:
        fputs("file or `pkcs11:` URI", out);
        break;
    case CONFIG_TEXTS:
        fputs("list", out);
        break;
    case CONFIG_FILES:
        fputs("list of files", out);
        break;
    case CONFIG_SECTION:
    case CONFIG_POINTER:
        fputs("settings, below", out);
        break;
    case CONFIG_SECTIONS:
        fprintf(out, "up to %" PRIu32 " entries, below", row->max);
        break;
    }
}

static void put_default(FILE *out, const struct config_setting *row)
{
    int has_none = row->kind == CONFIG_SECTION || row->kind == CONFIG_POINTER ||
                   row->kind == CONFIG_SECTIONS ||
                   (row->text == NULL && (row->kind == CONFIG_TEXT || row->kind == CONFIG_NAME ||
                                          row->kind == CONFIG_FILE || row->kind == CONFIG_KEY));

    if (row->required) {
        fputs("must be given", out);
    } else if (!has_none) {
        fputc('`', out);
        config_put_default(out, row);
        fputc('`', out);
    }
}

/* The table of |section|, then those of the sections in it. */
static void put_section(FILE *out, const struct config_section *section, const char *title)
{
    char inner[128];

    fprintf(out, "\n## %s\n\n| setting | value | default | what it is |\n| --- | --- | --- | --- |\n", title);
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        fprintf(out, "| `%s`%s | ", row->key, row->restart ? " (restart)" : "");
        put_kind(out, row);
        fputs(" | ", out);
        put_default(out, row);
        fputs(" | ", out);
        put_cell(out, row->says);
        fputs(" |\n", out);
    }
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        if (row->section == NULL)
            continue;
        if (section == &config_root)
            snprintf(inner, sizeof inner, "%s", row->key);
        else
            snprintf(inner, sizeof inner, "%s: %s", title, row->key);
        put_section(out, row->section, inner);
    }
}

int config_describe(FILE *out)
{
    fputs("# Settings of cmpd.yaml\n\n"
          "Written by `cmpctl settings`. File names are relative to `cmpd.yaml`. SIGHUP loads the file anew, "
          "but what is marked\n(restart) takes a restart.\n",
          out);
    put_section(out, &config_root, "The file");
    return ferror(out) == 0;
}
