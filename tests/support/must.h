/* must.h: an assertion for what tests share, whichever framework runs them: a breach ends the process, and
 * with it the test. */
#ifndef CMPD_TESTS_SUPPORT_MUST_H
#define CMPD_TESTS_SUPPORT_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                          \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
