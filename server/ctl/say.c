/* What every command says in the same way. */
#include <stdarg.h>
#include <time.h>

#include "server/ctl/ctl.h"

int ctl_fault(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fprintf(stderr, "cmpctl: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    return CTL_FAULT;
}

int ctl_path(char *out, const char *dir, const char *name)
{
    return snprintf(out, CTL_PATH_MAX, "%s/%s", dir, name) < CTL_PATH_MAX;
}

const char *ctl_time(char out[CTL_TIME_MAX], int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;

    if (at == 0 || gmtime_r(&t, &tm) == NULL || strftime(out, CTL_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = 0;
    return out;
}
