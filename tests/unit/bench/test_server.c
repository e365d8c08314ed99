/* server.c: what a process has used, as proc(5) has it. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/server.h"

static int64_t own_cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}

/* To the clock tick, of user and system each; the name of a process may look like its fields. */
Test(server, cpu_time_is_that_of_the_process)
{
    const int64_t tick = 1000000 / sysconf(_SC_CLK_TCK);
    volatile unsigned work = 0;

    cr_assert_eq(prctl(PR_SET_NAME, "a) R 7 7 7 (b", 0, 0, 0), 0);
    while (own_cpu_us() < 150000) /* in both kinds of time */
        for (unsigned i = 0; i < 1000; i++)
            work += (unsigned)getppid();
    int64_t before = own_cpu_us(), told = server_usage(getpid()).cpu_us, after = own_cpu_us();
    cr_assert(told > before - 2 * tick - 20000 && told <= after + 2 * tick, "%lld is not in %lld … %lld",
              (long long)told, (long long)before, (long long)after);
    cr_assert_eq(told % tick, 0);
}

Test(server, memory_is_what_is_resident)
{
    enum { SIZE = 64 * 1024 * 1024 };
    struct server_usage before = server_usage(getpid()), after;
    uint8_t *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq(memory, MAP_FAILED);
    memset(memory, 1, SIZE);
    after = server_usage(getpid());
    cr_assert_gt(before.rss_kib, 0);
    /* Other pages come and go meanwhile, and a sanitizer has some of its own for each. */
    int64_t more = after.rss_kib - before.rss_kib;
    cr_assert(more > SIZE / 1024 * 7 / 8 && more < SIZE / 1024 * 3 / 2, "%lld KiB more", (long long)more);
}

Test(server, of_nobody_nothing_is_known)
{
    struct server_usage none = server_usage(0), gone = server_usage(0x3fffffff);

    cr_assert(none.cpu_us == -1 && none.rss_kib == -1);
    cr_assert(gone.cpu_us == -1 && gone.rss_kib == -1);
}
