/* steps.h: what a command shares that takes long: its rate, its progress, and that it can be broken off. */
#ifndef CMPD_CTL_STEPS_H
#define CMPD_CTL_STEPS_H

#include <stddef.h>
#include <stdint.h>

enum { CTL_RATE = 200, CTL_RATE_MAX = 100000 };

struct ctl_steps {
    unsigned rate;      /* steps a second, at most */
    size_t total, done; /* total 0: nobody knows */
    int64_t begun_ms, shown_ms;
    int is_shown; /* 1: standard error is a terminal */
};

/* ctl_read_rate reads |text| (NULL: CTL_RATE) into |*rate|. Returns 1, or 0 with a fault printed. */
int ctl_read_rate(unsigned *rate, const char *text);

/* ctl_steps_begin begins |total| steps. From now on SIGINT and SIGTERM end them, and not the process. */
void ctl_steps_begin(struct ctl_steps *steps, size_t total, unsigned rate);

/* ctl_steps_next counts a step that is done, and waits until it is time for the next. Returns 0 if there is
 * to be none: they were broken off. */
int ctl_steps_next(struct ctl_steps *steps);

/* ctl_steps_end ends the line of the progress. ctl_stopped returns 1 if they were broken off. */
void ctl_steps_end(const struct ctl_steps *steps);
int ctl_stopped(void);

#endif
