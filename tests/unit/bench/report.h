/* report.h: a run that went as the tests of reports tell, and what is written about it. Included once by a
 * test. */
#ifndef CMPD_TESTS_UNIT_BENCH_REPORT_H
#define CMPD_TESTS_UNIT_BENCH_REPORT_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/report.h"

static struct options options;
static struct run run;
static struct result result;
static struct report report;
static int64_t latencies[10000]; /* 1 µs, 2 µs, …: the percentiles are known */
static char *text;

static void set_up(void)
{
    for (size_t i = 0; i < 10000; i++)
        latencies[i] = (int64_t)(i + 1) * 1000;
    options = (struct options){.target = {.host = "ca.example", .port = "8829", .path = "/pkix/"},
                               .device_key = KEY_P384,
                               .new_key = KEY_P256,
                               .clients = 64,
                               .threads = 2,
                               .streams = 1,
                               .count = 20000,
                               .seconds = 60};
    mix_parse(&options.mix, "ir");
    run = (struct run){.options = &options, .before = {-1, -1}, .after = {-1, -1}, .idle_before = {-1, -1}};
    result = (struct result){.completed = 10000,
                             .seconds = 4,
                             .rate = 2500,
                             .latencies_ns = latencies,
                             .longest_gap = 0.25,
                             .cpu_us = -1,
                             .memory = NAN,
                             .slot_count = 4,
                             .slot_seconds = 1};
    result.steps[STEP_IR] = (struct step_latencies){10000, latencies};
    for (unsigned i = 0; i < 4; i++)
        result.slots[i] = (struct slot){2500, 0, 100000, 200000, 300000};
    report = (struct report){.run = &run, .result = &result, .floor_us = -1};
}

static void tear_down(void)
{
    free(text);
}

static inline const char *told(void (*tell)(FILE *, const struct report *))
{
    size_t len;
    FILE *out;

    free(text);
    text = NULL;
    out = open_memstream(&text, &len);
    tell(out, &report);
    fclose(out);
    return text;
}

static inline void shows(const char *what)
{
    cr_assert_not_null(strstr(text, what), "'%s' is not in:\n%s", what, text);
}

static inline void hides(const char *what)
{
    cr_assert_null(strstr(text, what), "'%s' is in:\n%s", what, text);
}

#endif
