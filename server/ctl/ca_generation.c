/* ca_generation.c: see ca_generation.h. */
#include "server/ctl/ca_generation.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/config.h"
#include "server/ctl/ctl.h"

enum { DIGITS_MAX = 9 };

const char *ca_next_name(struct arena *arena, const char *name, const char *between)
{
    size_t len = strlen(name), base = len;
    unsigned long generation = 1;
    const char *next;

    while (base > 0 && len - base < DIGITS_MAX && isdigit((unsigned char)name[base - 1]))
        base--;
    if (base == 0) /* it is nothing but a number */
        base = len;
    if (base < len)
        generation = strtoul(name + base, NULL, 10);
    if (base < len && base > 1 && name[base - 1] == '-')
        base--;
    next = arena_printf(arena, "%.*s%s%lu", (int)base, name, between, generation + 1);
    if (next == NULL)
        ctl_fault("out of memory");
    else if (!config_is_name(next)) {
        ctl_fault("'%s' cannot be followed by '%s', which is no name for the configuration", name, next);
        next = NULL;
    }
    return next;
}

const char *ca_stem(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash != NULL ? slash + 1 : path,
               *dot = strrchr(file, '.');
    const char *stem =
        arena_printf(arena, "%.*s", (int)(dot != NULL ? (size_t)(dot - file) : strlen(file)), file);

    if (stem == NULL)
        ctl_fault("out of memory");
    else if (!config_is_name(file) || !config_is_name(stem)) {
        ctl_fault("the file %s has a name that does not suit paths in the configuration: letters, digits, "
                  "'.', '_' and '-' do",
                  path);
        stem = NULL;
    }
    return stem;
}
