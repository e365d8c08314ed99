/* log_line.c: one line of the log, from an event and its fields to octets. */
#include "server/base/log_internal.h"

#include <stdio.h>

#include "server/base/utf8.h"

const char *log_level_name(enum log_level level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    return names[level];
}

void log_time(char out[LOG_TIME])
{
    struct timespec now;
    struct tm utc;
    char date[LOG_TIME];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, LOG_TIME, "%.19s.%03uZ", date, (unsigned)(now.tv_nsec / 1000000) % 1000);
}

static size_t put_head(char *line, size_t size, enum log_level level, const char *event)
{
    char quoted[256], time[LOG_TIME];
    const char *shown = event;

    log_time(time);
    if (event[0] == 0 || strpbrk(event, " \"=\\") != NULL)
        shown = log_quote(quoted, sizeof quoted, bytes_str(event));
    int len = snprintf(line, size, "time=%s level=%s event=%s", time, log_level_name(level), shown);
    return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

/* Pairs that are written already must not begin a line of their own: log readers would take it for ours. */
static void flatten(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    }
}

void log_making_put(struct log_making *line, const char *text, size_t len)
{
    if (len > line->room)
        len = line->room;
    memcpy(line->at, text, len);
    line->at += len;
    line->room -= len;
}

void log_making_number(struct log_making *line, int64_t number)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        digits[--at] = '-';
    log_making_put(line, digits + at, sizeof digits - at);
}

static int is_word(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if (c <= ' ' || c >= 0x7f || c == '"' || c == '=' || c == '\\')
            return 0;
    }
    return value.len != 0;
}

/* Writes the value of |field| into at most |room| octets of the line. */
static void put_value(struct log_making *line, const struct log_field *field, size_t room)
{
    struct bytes octets = field->u.octets;
    char real[64];

    if (room == 0)
        return;
    switch (field->kind) {
    case LOG_WORD:
        if (is_word(octets)) {
            log_making_put(line, (const char *)octets.data, octets.len < room ? octets.len : room);
            return;
        }
        /* fall through */
    case LOG_TEXT:
        room = strlen(log_quote(line->at, room, octets)); /* and its NUL, for which there is room */
        line->at += room;
        line->room -= room;
        return;
    case LOG_HEXADECIMAL:
        room = strlen(log_hex(line->at, room, octets));
        line->at += room;
        line->room -= room;
        return;
    case LOG_NUMBER:
        log_making_number(line, field->u.number);
        return;
    case LOG_REAL:
        snprintf(real, sizeof real, "%.1f", field->u.real);
        log_making_put(line, real, strlen(real));
        return;
    case LOG_PAIRS:
        room = octets.len < line->room ? octets.len : line->room;
        log_making_put(line, (const char *)octets.data, room);
        flatten(line->at - room, room);
        return;
    case LOG_NONE:
        return;
    }
}

size_t log_make_line(char *line, size_t size, enum log_level level, const char *event,
                     const struct log_field *fields)
{
    struct log_making making = {line, size - 2}; /* the end of the line, and a NUL behind a value */
    size_t count = 0, each, kept;

    making.at += put_head(line, making.room, level, event);
    making.room -= (size_t)(making.at - line);
    while (fields[count].key != NULL)
        count++;
    each = making.room / (2 * count + 1); /* that each field finds, however long those before it are */
    for (size_t i = 0; i < count; i++) {
        if (fields[i].kind == LOG_NONE)
            continue;
        log_making_put(&making, " ", 1);
        if (fields[i].kind != LOG_PAIRS) {
            log_making_put(&making, fields[i].key, strlen(fields[i].key));
            log_making_put(&making, "=", 1);
        }
        kept = (count - i - 1) * each;
        put_value(&making, &fields[i], making.room > kept ? making.room - kept : 0);
    }
    *making.at++ = '\n';
    return (size_t)(making.at - line);
}

const char *log_quote(char *out, size_t out_len, struct bytes value)
{
    enum { LONGEST = 4, CLOSE = 2 }; /* octets of one escape; of the closing quote and NUL */
    if (out_len < 1 + CLOSE) {
        if (out_len > 0)
            out[0] = 0;
        return out;
    }
    size_t used = 0;
    out[used++] = '"';
    for (size_t i = 0; i < value.len && out_len - used >= LONGEST + CLOSE + 1;) {
        uint8_t c = value.data[i];
        size_t len = utf8_shown(value.data + i, value.len - i);
        if (len == 0) {
            used += (size_t)snprintf(out + used, out_len - used, "\\x%02x", c);
            i++;
            continue;
        }
        if (c == '"' || c == '\\')
            out[used++] = '\\';
        memcpy(out + used, value.data + i, len);
        used += len;
        i += len;
    }
    out[used++] = '"';
    out[used] = 0;
    return out;
}

const char *log_hex(char *out, size_t out_len, struct bytes value)
{
    static const char digits[] = "0123456789abcdef";
    size_t used = 0;
    if (out_len == 0)
        return out;
    for (size_t i = 0; i < value.len && out_len - used > 2; i++) {
        out[used++] = digits[value.data[i] >> 4];
        out[used++] = digits[value.data[i] & 15];
    }
    out[used] = 0;
    return out;
}
