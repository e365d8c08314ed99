/* capture.h: what a call writes to standard error, the log, into a string. For Criterion's tests. */
#ifndef CMPD_TESTS_SUPPORT_CAPTURE_H
#define CMPD_TESTS_SUPPORT_CAPTURE_H

#include <criterion/criterion.h>
#include <unistd.h>

#include "server/base/log.h"

static char logged[3 * LOG_LINE_MAX];

/* Standard error goes into a pipe while |...| runs; what came out is in |logged|. */
#define CAPTURE(...)                                                                                         \
    do {                                                                                                     \
        int ends[2], kept = dup(STDERR_FILENO);                                                              \
        cr_assert_eq(pipe(ends), 0);                                                                         \
        dup2(ends[1], STDERR_FILENO);                                                                        \
        __VA_ARGS__;                                                                                         \
        dup2(kept, STDERR_FILENO);                                                                           \
        close(ends[1]);                                                                                      \
        ssize_t got = read(ends[0], logged, sizeof(logged) - 1);                                             \
        logged[got > 0 ? got : 0] = 0;                                                                       \
        close(ends[0]);                                                                                      \
        close(kept);                                                                                         \
    } while (0)

#endif
