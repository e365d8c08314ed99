/* log.c: see log.h. */
#include "server/base/log_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "server/base/utf8.h"

static const char *const level_names[] = {"debug", "info", "warn", "error"};
enum { LEVEL_COUNT = sizeof(level_names) / sizeof(level_names[0]) };

static _Atomic int minimum = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&minimum, (int)level, memory_order_relaxed);
}

int log_level_parse(enum log_level *out, const char *name)
{
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return 1;
        }
    }
    return 0;
}

int log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&minimum, memory_order_relaxed);
}

static size_t put_head(char *line, size_t size, enum log_level level, const char *event)
{
    struct timespec now;
    struct tm utc;
    char quoted[256];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    const char *shown = event;
    if (event[0] == 0 || strpbrk(event, " \"=\\") != NULL)
        shown = log_quote(quoted, sizeof(quoted), bytes_str(event));
    int len = snprintf(line, size, "time=%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ level=%s event=%s",
                       utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                       now.tv_nsec / 1000000, level_names[level], shown);
    return len < 0 ? 0 : (size_t)len < size ? (size_t)len : size - 1;
}

/* A value that its caller forgot to quote must not begin a line of its own: log readers would take it for
 * ours. */
static void flatten(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    }
}

/* Lines of this thread that wait for log_release. */
static _Thread_local struct {
    char text[LOG_HELD_MAX];
    size_t used;
    int holds;
} held;

static void put_line(const char *line, size_t len)
{
    if (!held.holds) {
        log_put(line, len);
        return;
    }
    if (len > sizeof held.text - held.used) {
        log_put(held.text, held.used);
        held.used = 0;
    }
    memcpy(held.text + held.used, line, len);
    held.used += len;
}

void log_hold(void)
{
    held.holds = 1;
}

void log_release(void)
{
    log_put(held.text, held.used);
    held.used = 0;
    held.holds = 0;
}

static size_t make_line(char *line, enum log_level level, const char *event, const char *format, va_list args)
{
    size_t room = LOG_LINE_MAX - 1; /* keeps one for the end of the line */
    size_t used = put_head(line, room, level, event);
    if (used + 1 < room) {
        line[used++] = ' ';
        int len = vsnprintf(line + used, room - used, format, args);
        if (len > 0)
            used += (size_t)len < room - used ? (size_t)len : room - used - 1;
    }
    if (line[used - 1] == ' ') /* a format that came out empty */
        used--;
    flatten(line, used);
    line[used++] = '\n';
    return used;
}

size_t log_write_line(char *line, enum log_level level, const char *event, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t len = make_line(line, level, event, format, args);
    va_end(args);
    return len;
}

void log_event(enum log_level level, const char *event, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    int saved = errno; /* a caller may log between a failed call and its look at errno */
    char line[LOG_LINE_MAX];
    va_list args;
    va_start(args, format);
    size_t len = make_line(line, level, event, format, args);
    va_end(args);
    put_line(line, len);
    errno = saved;
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
