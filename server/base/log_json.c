/* log_json.c: one line of the log as an object of JSON, for collectors that read no logfmt. */
#include <math.h>
#include <stdio.h>

#include "server/base/json.h"
#include "server/base/log_internal.h"
#include "server/base/utf8.h"

static void put_text(struct log_making *line, const char *text)
{
    log_making_put(line, text, strlen(text));
}

/* Writes |value| as a string of at most |room| octets, its quotes included. */
static void put_string(struct log_making *line, struct bytes value, size_t room)
{
    enum { QUOTES = 2, CHARACTER = 4, UNITS = 12 }; /* octets of a character; of two "\\u0000" */
    char quoted[QUOTES + CHARACTER + UNITS];
    size_t len, each;

    room = room < QUOTES ? 0 : room - QUOTES;
    log_making_put(line, "\"", 1);
    for (size_t i = 0; i < value.len; i += len) {
        uint32_t ignored;
        len = utf8_shown(value.data + i, value.len - i);
        len = len != 0 ? len : utf8_decode(&ignored, value.data + i, value.len - i);
        len = len != 0 ? len : 1;
        each = json_quote(quoted, bytes_of(value.data + i, len)) - QUOTES;
        if (each > room)
            break;
        log_making_put(line, quoted + 1, each);
        room -= each;
    }
    log_making_put(line, "\"", 1);
}

static void put_hexadecimal(struct log_making *line, struct bytes value, size_t room)
{
    enum { QUOTES = 2, AT_ONCE = 32 };
    char hex[2 * AT_ONCE + 1];
    size_t left = room < QUOTES ? 0 : (room - QUOTES) / 2, len;

    if (left > value.len)
        left = value.len;
    log_making_put(line, "\"", 1);
    for (size_t i = 0; i < left; i += len) {
        len = left - i < AT_ONCE ? left - i : AT_ONCE;
        put_text(line, log_hex(hex, sizeof hex, bytes_of(value.data + i, len)));
    }
    log_making_put(line, "\"", 1);
}

static void put_value(struct log_making *line, const struct log_field *field, size_t room)
{
    char real[64];

    switch (field->kind) {
    case LOG_WORD:
    case LOG_TEXT:
    case LOG_PAIRS:
        put_string(line, field->u.octets, room);
        return;
    case LOG_HEXADECIMAL:
        put_hexadecimal(line, field->u.octets, room);
        return;
    case LOG_NUMBER:
        log_making_number(line, field->u.number);
        return;
    case LOG_REAL:
        snprintf(real, sizeof real, "%.1f", field->u.real);
        put_text(line, isfinite(field->u.real) ? real : "null");
        return;
    case LOG_NONE:
        return;
    }
}

size_t log_make_json(char *line, size_t size, enum log_level level, const char *event,
                     const struct log_field *fields)
{
    enum { END = 2, LEAST = 24, MARKS = 4 }; /* "}" and the end of the line; of a value; ,"": */
    struct log_making making = {line, size - END};
    size_t count = 0, each, kept, key;
    char time[LOG_TIME];

    log_time(time);
    put_text(&making, "{\"time\":\"");
    put_text(&making, time);
    put_text(&making, "\",\"level\":\"");
    put_text(&making, log_level_name(level));
    put_text(&making, "\",\"event\":");
    put_string(&making, bytes_str(event), making.room / 2);
    while (fields[count].key != NULL)
        count++;
    each = making.room / (2 * count + 1); /* that each field finds, however long those before it are */
    for (size_t i = 0; i < count; i++) {
        const char *name = fields[i].kind == LOG_PAIRS ? "pairs" : fields[i].key;
        key = strlen(name) + MARKS;
        kept = (count - i - 1) * each;
        /* A value that is cut is still one; an object is not. */
        if (fields[i].kind == LOG_NONE || making.room < kept + key + LEAST)
            continue;
        put_text(&making, ",\"");
        put_text(&making, name);
        put_text(&making, "\":");
        put_value(&making, &fields[i], making.room - kept);
    }
    *making.at++ = '}';
    *making.at++ = '\n';
    return (size_t)(making.at - line);
}
