/* log.c: from a line to the thread that writes: what is held, and what is below the level. */
#include "server/base/log_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static _Atomic int minimum = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&minimum, (int)level, memory_order_relaxed);
}

int log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&minimum, memory_order_relaxed);
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
    if (len > sizeof held.text) {
        log_put(line, len);
        return;
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

void log_put_line(enum log_level level, const char *event, const struct log_field *fields)
{
    int saved = errno; /* a caller may log between a failed call and its look at errno */
    char line[LOG_LINE_MAX];

    put_line(line, log_make(line, sizeof line, level, event, fields));
    errno = saved;
}

void log_put_long_line(enum log_level level, const char *event, const struct log_field *fields)
{
    int saved = errno;
    char *line = malloc(LOG_LONG_MAX);

    if (line != NULL)
        put_line(line, log_make(line, LOG_LONG_MAX, level, event, fields));
    else
        log_put_line(level, event, fields);
    free(line);
    errno = saved;
}

void log_to(int (*take)(const char *text, size_t len))
{
    log_writer_take(take);
}

int log_start(void)
{
    return log_writer_start(log_tell_left_out);
}

void log_stop(void)
{
    log_writer_stop();
}
