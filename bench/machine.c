/* Reads /proc/cpuinfo: a block of lines "name : value" for each thread of the processor. */
#include "bench/machine.h"

#include <stdlib.h>
#include <string.h>

/* The value of |line| if it is that of |name|, or NULL. */
static const char *value_of(const char *line, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(line, name, len) != 0)
        return NULL;
    line += len + strspn(line + len, " \t");
    return *line == ':' ? line + 1 + strspn(line + 1, " \t") : NULL;
}

void machine_read(struct machine *out, FILE *cpuinfo)
{
    unsigned long siblings = 0, cores = 0; /* threads and cores of one package */
    const char *value;
    char *line = NULL;
    size_t size = 0;

    *out = (struct machine){.threads = 0};
    while (cpuinfo != NULL && getline(&line, &size, cpuinfo) > 0) {
        line[strcspn(line, "\n")] = 0;
        if (value_of(line, "processor") != NULL)
            out->threads++;
        else if ((value = value_of(line, "model name")) != NULL)
            snprintf(out->model, sizeof out->model, "%s", value);
        else if ((value = value_of(line, "siblings")) != NULL)
            siblings = strtoul(value, NULL, 10);
        else if ((value = value_of(line, "cpu cores")) != NULL)
            cores = strtoul(value, NULL, 10);
    }
    free(line);
    /* Not every architecture tells of packages. */
    out->cores = cores != 0 && siblings > cores ? (unsigned)(out->threads * cores / siblings) : out->threads;
}
