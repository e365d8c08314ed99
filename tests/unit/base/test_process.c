/* process.c: what the kernel is asked for. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "server/base/process.h"

/* prctl(2), core(5) */
Test(process, secrets_stay_in_the_process)
{
    struct rlimit core = {1, 0};

    process_keep_secrets();
    cr_assert_eq(getrlimit(RLIMIT_CORE, &core), 0);
    cr_assert(core.rlim_cur == 0 && core.rlim_max == 0);
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 0);
    process_allow_debuggers();
    cr_assert_eq(prctl(PR_GET_DUMPABLE), 1);
}

Test(process, nothing_that_is_executed_gains_privileges)
{
    process_no_new_privileges();
    cr_assert_eq(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
}

/* The soft limit is raised as far as is needed, and no further than the hard one. */
Test(process, descriptors_are_reserved_or_it_is_told_what_lacks)
{
    static const struct {
        uint32_t connections, others;
        int ok;
        rlim_t soft; /* afterwards */
        const char *says[2];
    } cases[] = {
        {50, 50, 1, 100, {"", ""}},
        {50, 51, 1, 101, {"", ""}},
        {150, 50, 1, 200, {"", ""}},
        {150,
         51,
         0,
         100,
         {"150 connections, and 51 files",
          "need 201 descriptors, and the hard limit of this process is 200"}},
        {150, 51, 0, 100, {"raise it (LimitNOFILE=201 in the unit, ulimit -Hn)", "write at most 149"}},
        {2, 199, 0, 100, {"need 201", "write at most 1"}},
        {1, 200, 0, 100, {"need 201", "write at most 0"}},
        {1, 300, 0, 100, {"need 301", "write at most 0"}},
        {UINT32_MAX, 2, 0, 100, {"need 4294967297", "write at most 198"}},
    };

    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){100, 200}), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char why[512] = "";
        struct rlimit limit = {100, 200};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        cr_assert_eq(process_reserve_descriptors(why, sizeof why, cases[i].connections, cases[i].others),
                     cases[i].ok, "case %zu", i);
        cr_assert_not_null(strstr(why, cases[i].says[0]), "%s", why);
        cr_assert_not_null(strstr(why, cases[i].says[1]), "%s", why);
        cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
        cr_assert_eq(limit.rlim_cur, cases[i].soft, "case %zu", i);
        cr_assert_eq(limit.rlim_max, 200);
    }
}
