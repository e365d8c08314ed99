/* config_describe.c: all settings for readers, from the rows: as tables in Markdown, and as a page for
 * man(1). */
#include "config_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_place.h"
#include "man_page.h"

/* What is around a word that may be written as it is. */
static const char in_markdown[] = "`", in_man[] = "";

/* A bar would end a column. */
static void put_cell(FILE *out, const char *text)
{
    for (; *text != 0; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void put_words(FILE *out, const struct config_word *words, const char *mark)
{
    for (const struct config_word *word = words; word->name != NULL; word++)
        fprintf(out, "%s%s%s%s", word > words ? ", " : "", mark, word->name, mark);
}

/* What may stand there. */
static void put_kind(FILE *out, const struct config_setting *row, const char *mark)
{
    switch (row->kind) {
    case CONFIG_NUMBER:
        fprintf(out, "%" PRIu32 " to %" PRIu32, row->min, row->max);
        break;
    case CONFIG_FLAG:
        fprintf(out, "%strue%s, %sfalse%s", mark, mark, mark, mark);
        break;
    case CONFIG_WORD:
        put_words(out, row->words, mark);
        break;
    case CONFIG_WORDS:
        fputs("list of ", out);
        put_words(out, row->words, mark);
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
        fprintf(out, "file or %spkcs11:%s URI", mark, mark);
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

static void put_default(FILE *out, const struct config_setting *row, const char *mark)
{
    int has_none = row->kind == CONFIG_SECTION || row->kind == CONFIG_POINTER ||
                   row->kind == CONFIG_SECTIONS ||
                   (row->text == NULL && (row->kind == CONFIG_TEXT || row->kind == CONFIG_NAME ||
                                          row->kind == CONFIG_FILE || row->kind == CONFIG_KEY));

    if (row->required) {
        fputs("must be given", out);
    } else if (!has_none) {
        fputs(mark, out);
        config_put_default(out, row);
        fputs(mark, out);
    }
}

/* What a section in the section |title| is called. */
static const char *inner_title(char out[128], const struct config_section *section, const char *title,
                               const struct config_setting *row)
{
    if (section == &config_root)
        snprintf(out, 128, "%s", row->key);
    else
        snprintf(out, 128, "%s: %s", title, row->key);
    return out;
}

/* The table of |section|, then those of the sections in it. */
static void put_section(FILE *out, const struct config_section *section, const char *title)
{
    char inner[128];

    fprintf(out, "\n## %s\n\n| setting | value | default | what it is |\n| --- | --- | --- | --- |\n", title);
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        fprintf(out, "| `%s`%s | ", row->key, row->restart ? " (restart)" : "");
        put_kind(out, row, in_markdown);
        fputs(" | ", out);
        put_default(out, row, in_markdown);
        fputs(" | ", out);
        put_cell(out, row->says);
        fputs(" |\n", out);
    }
    for (size_t i = 0; i < section->count; i++) {
        const struct config_setting *row = &section->rows[i];
        if (row->section != NULL)
            put_section(out, row->section, inner_title(inner, section, title, row));
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

/* "60 to 86400; 600 if nothing is said; takes a restart" */
static int put_man_values(FILE *out, const struct config_setting *row)
{
    char *text = NULL, *preset = NULL;
    size_t len;
    FILE *line = open_memstream(&text, &len);
    int ok = line != NULL;

    if (ok) {
        put_kind(line, row, in_man);
        fputs(row->required ? "; " : "; default: ", line);
        put_default(line, row, in_man);
        fputs(row->restart ? "; takes a restart\n" : "\n", line);
        ok = fclose(line) == 0;
    }
    if (ok) {
        /* Where there is no default nothing is said of one. */
        if ((preset = strstr(text, "; default: \n")) != NULL ||
            (preset = strstr(text, "; default: ;")) != NULL)
            memmove(preset, preset + strlen("; default: "), strlen(preset + strlen("; default: ")) + 1);
        man_page_break(out);
        man_page_text(out, text);
    }
    free(text);
    return ok;
}

static int put_man_section(FILE *out, const struct config_section *section, const char *title)
{
    char inner[128];
    int ok = 1;

    man_page_part(out, title);
    for (size_t i = 0; ok && i < section->count; i++) {
        man_page_item(out, section->rows[i].key, NULL, section->rows[i].says);
        ok = put_man_values(out, &section->rows[i]);
    }
    for (size_t i = 0; ok && i < section->count; i++)
        if (section->rows[i].section != NULL)
            ok = put_man_section(out, section->rows[i].section,
                                 inner_title(inner, section, title, &section->rows[i]));
    return ok;
}

int config_describe_man(FILE *out, const char *version)
{
    man_page_begin(out, "cmpd.yaml", 5, version, "configuration of cmpd, a CMP server");
    man_page_heading(out, "DESCRIPTION");
    man_page_text(
        out,
        "cmpd and cmpctl read this file in YAML. It is named by --config, else by CMPD_CONFIG of the "
        "environment, else it is " CONFIG_PLACE_DEFAULT ". File names in it are relative to its folder. An "
        "unknown setting is a fault. cmpctl-check(1) tells what is wrong, with the line and the "
        "remedy.\n\nSIGHUP has cmpd read the file again. What is said to take a restart is taken up by a "
        "restart alone.\n");
    man_page_heading(out, "SETTINGS");
    if (!put_man_section(out, &config_root, "The file"))
        return 0;
    man_page_heading(out, "SEE ALSO");
    man_page_text(out, "cmpctl(1), cmpctl-check(1), cmpd(8)\n");
    return ferror(out) == 0;
}
