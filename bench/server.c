/* Reads from proc(5) what a server has used. */
#include "bench/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *open_proc(int pid, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "r");
}

static int64_t read_cpu(int pid)
{
    /* Fields of proc(5) /proc/PID/stat, counted from 1; the second, in parentheses, may hold anything. */
    enum { STATE = 3, UTIME = 14, STIME = 15 };
    char line[1024], *field, *rest;
    int64_t ticks = 0;
    FILE *file = open_proc(pid, "stat");

    if (file == NULL)
        return -1;
    field = fgets(line, sizeof line, file) != NULL ? strrchr(line, ')') : NULL;
    fclose(file);
    if (field == NULL)
        return -1;
    field = strtok_r(field + 1, " ", &rest);
    for (int number = STATE; field != NULL && number <= STIME; number++, field = strtok_r(NULL, " ", &rest))
        if (number == UTIME || number == STIME)
            ticks += strtoll(field, NULL, 10);
    return ticks * (1000000 / sysconf(_SC_CLK_TCK));
}

/* smaps_rollup counts pages; what stat and status say is some pages off for each thread. */
static int64_t read_rss(int pid)
{
    char line[256];
    int64_t rss = -1;
    FILE *file = open_proc(pid, "smaps_rollup");

    if (file == NULL)
        return -1;
    while (rss < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "Rss:", 4) == 0)
            rss = strtoll(line + 4, NULL, 10);
    fclose(file);
    return rss;
}

struct server_usage server_usage(int pid)
{
    if (pid == 0)
        return (struct server_usage){-1, -1};
    return (struct server_usage){read_cpu(pid), read_rss(pid)};
}
