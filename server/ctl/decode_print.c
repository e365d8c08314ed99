/* Lines: a label, and values in a column of their own. */
#include <stdarg.h>
#include <stdlib.h>

#include "server/base/log.h"
#include "server/ctl/decode.h"

enum { COLUMN = 40, INDENT = 2, INDENT_MAX = 40, OCTETS_WHOLE = 64, OCTETS_HEAD = 16 };

static void put_label(struct decode_printer *printer)
{
    unsigned indent = INDENT * printer->depth;

    fprintf(printer->out, "%*s%s", (int)(indent < INDENT_MAX ? indent : INDENT_MAX), "", printer->label);
}

void decode_print_end(struct decode_printer *printer)
{
    if (!printer->pending || printer->quiet != 0)
        return;
    if (!printer->has_value)
        put_label(printer);
    fputc('\n', printer->out);
    printer->pending = printer->list = 0;
}

void decode_print_begin(struct decode_printer *printer, unsigned depth, const char *label)
{
    if (printer->quiet != 0)
        return;
    decode_print_end(printer);
    printer->pending = 1;
    printer->has_value = 0;
    printer->depth = depth;
    decode_print_relabel(printer, label);
}

void decode_print_relabel(struct decode_printer *printer, const char *label)
{
    if (printer->quiet == 0)
        snprintf(printer->label, sizeof printer->label, "%s", label);
}

void decode_print_another(struct decode_printer *printer)
{
    if (printer->quiet == 0)
        printer->list = 1;
}

void decode_print_value(struct decode_printer *printer, const char *format, ...)
{
    unsigned indent = INDENT * printer->depth, used;
    va_list args;

    if (printer->quiet != 0)
        return;
    if (printer->has_value) {
        fputs(printer->list ? ", " : " ", printer->out);
    } else {
        put_label(printer);
        used = (indent < INDENT_MAX ? indent : INDENT_MAX) + (unsigned)strlen(printer->label);
        fprintf(printer->out, "%*s", used + 2 < COLUMN ? (int)(COLUMN - used) : 2, "");
    }
    printer->has_value = 1;
    printer->list = 0;
    va_start(args, format);
    vfprintf(printer->out, format, args);
    va_end(args);
}

void decode_print_octets(struct decode_printer *printer, struct bytes octets)
{
    char text[2 * OCTETS_WHOLE + 1];

    if (octets.len == 0)
        decode_print_value(printer, "(empty)");
    else if (octets.len <= OCTETS_WHOLE)
        decode_print_value(printer, "%s", log_hex(text, sizeof text, octets));
    else
        decode_print_value(printer, "%s... (%zu octets)",
                           log_hex(text, sizeof text, bytes_of(octets.data, OCTETS_HEAD)), octets.len);
}

void decode_print_quoted(struct decode_printer *printer, struct bytes text)
{
    size_t room = 4 * text.len + 8; /* log_quote writes at most four for one, quotes, a NUL, and keeps room */
    char *quoted = malloc(room);

    if (quoted != NULL)
        decode_print_value(printer, "%s", log_quote(quoted, room, text));
    free(quoted);
}
