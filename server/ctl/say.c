/* What every command says in the same way. */
#include <stdarg.h>

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

int ctl_usage(const char *text)
{
    fprintf(stderr, "usage: cmpctl %s\n", text);
    return CTL_USAGE;
}

int ctl_path(char *out, const char *dir, const char *name)
{
    return snprintf(out, CTL_PATH_MAX, "%s/%s", dir, name) < CTL_PATH_MAX;
}
