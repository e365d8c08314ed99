/* log_format.c: which of the two formats lines have. */
#include <stdatomic.h>

#include "server/base/log_internal.h"

static _Atomic int chosen = LOG_LOGFMT;

void log_set_format(enum log_format format)
{
    atomic_store_explicit(&chosen, (int)format, memory_order_relaxed);
}

size_t log_make(char *line, size_t size, enum log_level level, const char *event,
                const struct log_field *fields)
{
    return atomic_load_explicit(&chosen, memory_order_relaxed) == LOG_JSON
               ? log_make_json(line, size, level, event, fields)
               : log_make_line(line, size, level, event, fields);
}
