/* clock.h: how long something takes, by a clock that nobody sets. */
#ifndef CMPD_BASE_CLOCK_H
#define CMPD_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* clock_steady_ms returns milliseconds since some moment before. */
static inline int64_t clock_steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
