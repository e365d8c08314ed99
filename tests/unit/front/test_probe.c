/* test_probe.c: what is said of a kernel that does not do what the loop needs
 * (server/front/http/uring/probe.c). */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char *setting; /* what /proc/sys/kernel/io_uring_disabled holds; NULL: there is no such file */

static FILE *fake_open(const char *path)
{
    cr_assert_str_eq(path, "/proc/sys/kernel/io_uring_disabled");
    return setting != NULL ? fmemopen((char *)(uintptr_t)setting, strlen(setting), "r") : NULL;
}

#define fopen(path, mode) fake_open(path)
/* NOLINTNEXTLINE(bugprone-suspicious-include): its kernel is the test's */
#include "server/front/http/uring/probe.c"

#define SYSCTL "; set kernel.io_uring_disabled=0 by sysctl"
#define GROUP SYSCTL ", or run in the group of kernel.io_uring_group"
#define SECCOMP                                                                                              \
    "; a container's seccomp profile or a security module forbids io_uring: allow io_uring_setup, "          \
    "io_uring_enter and io_uring_register"

/* Documentation/admin-guide/sysctl/kernel.rst: 1 is for who is not in io_uring_group, 2 for everybody. */
Test(probe, each_error_has_its_remedy)
{
    static const struct {
        const char *disabled;
        int error;
        const char *ends;
    } rows[] = {
        {"1\n", EPERM, GROUP},
        {"1\n", EACCES, GROUP},
        {"2\n", EPERM, SYSCTL},
        {"2\n", EACCES, SYSCTL},
        {"0\n", EPERM, SECCOMP},
        {"?\n", EPERM, SECCOMP},
        {NULL, EPERM, SECCOMP},
        {NULL, EACCES, SECCOMP},
        {NULL, ENOSYS, SECCOMP},
        {"2\n", ENOSYS, SECCOMP},
        {NULL, ENOMEM, "; raise the limit of locked memory (LimitMEMLOCK= of the unit, ulimit -l)"},
        {NULL, EMFILE, "; raise the limit of open files"},
        {NULL, ENFILE, "; raise the limit of open files"},
        {NULL, EINVAL, "; Linux 6.1 or later is needed"},
    };
    char why[512], begins[128];

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct probe probe = {.what = "accept", .error = rows[i].error};
        setting = rows[i].disabled;
        explain(&probe, why, sizeof why);
        snprintf(begins, sizeof begins, "io_uring: accept: %s (Linux ", strerror(rows[i].error));
        cr_expect_eq(strncmp(why, begins, strlen(begins)), 0, "%s", why);
        cr_expect_gt(strlen(why), strlen(rows[i].ends));
        cr_expect_str_eq(why + strlen(why) - strlen(rows[i].ends), rows[i].ends, "%zu: %s", i, why);
    }
}

/* An error is the kernel's, or that an answer is none. */
Test(probe, what_is_not_as_it_should_be_is_noted)
{
    struct probe probe = {.error = 0};

    cr_expect_eq(check(&probe, 1, -EINVAL), 1);
    cr_expect_eq(probe.error, 0);
    cr_expect_eq(check(&probe, 0, -EINVAL), 0);
    cr_expect_eq(probe.error, EINVAL);
    cr_expect_eq(check(&probe, 0, 0), 0);
    cr_expect_eq(probe.error, EPROTO);
    cr_expect_eq(check(&probe, 0, 7), 0);
    cr_expect_eq(probe.error, EPROTO);
}

static unsigned descriptors(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* Where io_uring is there, nothing of a probe stays open. */
Test(probe, a_kernel_that_does_all_of_it_has_nothing_to_explain)
{
    char why[512] = "";
    unsigned before = descriptors();

    if (!loop_probe(why, sizeof why)) {
        printf("\nSKIPPED: %s\n", why);
        cr_skip_test();
    }
    cr_expect_str_empty(why);
    cr_expect_eq(descriptors(), before);
}
