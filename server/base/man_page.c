/* man_page.c: see man_page.h. */
#include "server/base/man_page.h"

#include <string.h>

/* Writes the |len| octets at |text|, which begin a line if |first|. A hyphen would become a typographic one,
 * which no shell takes; a dot or an apostrophe at the beginning of a line would be a macro. */
static void put(FILE *out, const char *text, size_t len, int first)
{
    if (first && len > 0 && (text[0] == '.' || text[0] == '\''))
        fputs("\\&", out);
    for (size_t i = 0; i < len; i++)
        switch (text[i]) {
        case '\\':
            fputs("\\e", out);
            break;
        case '-':
            fputs("\\-", out);
            break;
        case '^':
            fputs("\\(ha", out);
            break;
        case '~':
            fputs("\\(ti", out);
            break;
        case '`':
            fputs("\\(ga", out);
            break;
        case '\'':
            fputs("\\(aq", out);
            break;
        default:
            fputc(text[i], out);
        }
}

/* An argument of a macro. */
static void put_argument(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *end; (end = strchr(text, '"')) != NULL; text = end + 1) {
        put(out, text, (size_t)(end - text), 0);
        fputs("\\(dq", out);
    }
    put(out, text, strlen(text), 0);
    fputc('"', out);
}

void man_page_begin(FILE *out, const char *name, int section, const char *version, const char *says)
{
    fputs(".TH ", out);
    put_argument(out, name);
    fprintf(out, " %d \"\" \"cmpd %s\" \"cmpd\"\n.nh\n.ad l\n.SH NAME\n", section, version);
    put(out, name, strlen(name), 1);
    fputs(" \\- ", out);
    man_page_text(out, says);
}

void man_page_heading(FILE *out, const char *text)
{
    fputs(".SH ", out);
    put_argument(out, text);
    fputc('\n', out);
}

void man_page_part(FILE *out, const char *text)
{
    fputs(".SS ", out);
    put_argument(out, text);
    fputc('\n', out);
}

/* Writes |text| line by line; what is |filled| begins a paragraph at each blank one. */
static void put_lines(FILE *out, const char *text, int filled)
{
    while (*text != 0) {
        size_t len = strcspn(text, "\n");
        if (len > 0)
            put(out, text, len, 1);
        else if (filled)
            fputs(".PP", out);
        fputc('\n', out);
        text += len + (text[len] == '\n');
    }
}

void man_page_text(FILE *out, const char *text)
{
    put_lines(out, text, 1);
}

void man_page_break(FILE *out)
{
    fputs(".br\n", out);
}

void man_page_code(FILE *out, const char *text)
{
    fputs(".PP\n.nf\n.ft CR\n", out);
    put_lines(out, text, 0);
    fputs(".ft R\n.fi\n", out);
}

void man_page_item(FILE *out, const char *name, const char *argument, const char *text)
{
    fputs(".TP\n\\fB", out);
    put(out, name, strlen(name), 0);
    fputs("\\fR", out);
    if (argument != NULL) {
        fputs(" \\fI", out);
        put(out, argument, strlen(argument), 0);
        fputs("\\fR", out);
    }
    fputc('\n', out);
    man_page_text(out, text);
}
