/* process.c: see process.h. */
#include "server/base/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void process_keep_secrets(void)
{
    /* A core file that is piped to a program knows no limit: that one asks whether the process is dumpable.
     */
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0);
}

void process_allow_debuggers(void)
{
    prctl(PR_SET_DUMPABLE, 1);
}

void process_no_new_privileges(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int process_reserve_descriptors(char *why, size_t len, uint32_t connections, uint32_t others)
{
    struct rlimit limit;
    rlim_t needed = (rlim_t)connections + others;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        snprintf(why, len, "the limit of open files cannot be read: %s", strerror(errno));
        return 0;
    }
    if (limit.rlim_cur >= needed) /* RLIM_INFINITY is the largest number */
        return 1;
    if (limit.rlim_max < needed) {
        snprintf(
            why, len,
            "%u connections, and %u files and sockets besides, need %llu descriptors, and the hard limit of "
            "this process is %llu; raise it (LimitNOFILE=%llu in the unit, ulimit -Hn), or write at most "
            "%lld",
            connections, others, (unsigned long long)needed, (unsigned long long)limit.rlim_max,
            (unsigned long long)needed, limit.rlim_max > others ? (long long)(limit.rlim_max - others) : 0);
        return 0;
    }
    limit.rlim_cur = needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return 1;
    snprintf(why, len, "the limit of open files cannot be raised to %llu: %s", (unsigned long long)needed,
             strerror(errno));
    return 0;
}
