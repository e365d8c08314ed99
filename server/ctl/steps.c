/* steps.c: see steps.h. */
#include "server/ctl/steps.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/base/clock.h"
#include "server/ctl/ctl.h"

enum { SECOND_MS = 1000, SHOW_MS = 200, BAR = 30, PERCENT = 100 };

static volatile sig_atomic_t stopped;

static void stop(int number)
{
    (void)number;
    stopped = 1;
}

int ctl_stopped(void)
{
    return stopped;
}

int ctl_read_rate(unsigned *rate, const char *text)
{
    char *end;
    unsigned long value = text != NULL ? strtoul(text, &end, 10) : CTL_RATE;

    if (text != NULL && (text[0] < '0' || text[0] > '9' || *end != 0 || value == 0 || value > CTL_RATE_MAX))
        return !ctl_fault("--rate wants certificates a second, 1 to %d, not '%s'", CTL_RATE_MAX, text);
    *rate = (unsigned)value;
    return 1;
}

void ctl_steps_begin(struct ctl_steps *steps, size_t total, unsigned rate)
{
    const struct sigaction action = {.sa_handler = stop};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    *steps = (struct ctl_steps){
        .rate = rate, .total = total, .begun_ms = clock_steady_ms(), .is_shown = isatty(STDERR_FILENO)};
}

static void show(struct ctl_steps *steps, int64_t now_ms)
{
    char bar[BAR + 1];

    if (!steps->is_shown || (now_ms - steps->shown_ms < SHOW_MS && steps->done != steps->total))
        return;
    steps->shown_ms = now_ms;
    for (size_t i = 0; i < BAR; i++)
        bar[i] = steps->total != 0 && i * steps->total < steps->done * BAR ? '#' : '.';
    bar[BAR] = 0;
    if (steps->total != 0)
        fprintf(stderr, "\r[%s] %zu of %zu, %zu %%  ", bar, steps->done, steps->total,
                steps->done * PERCENT / steps->total);
    else
        fprintf(stderr, "\r%zu done  ", steps->done);
}

/* A signal ends a sleep early. */
int ctl_steps_next(struct ctl_steps *steps)
{
    int64_t due_ms, now_ms;

    steps->done++;
    due_ms = steps->begun_ms + (int64_t)steps->done * SECOND_MS / steps->rate;
    while (!stopped && (now_ms = clock_steady_ms()) < due_ms) {
        show(steps, now_ms);
        usleep((useconds_t)(due_ms - now_ms < SHOW_MS ? due_ms - now_ms : SHOW_MS) * 1000);
    }
    show(steps, clock_steady_ms());
    return !stopped;
}

void ctl_steps_end(const struct ctl_steps *steps)
{
    if (steps->is_shown && steps->done != 0)
        fputc('\n', stderr);
}
