/* expiring.c: what ends is told once at each threshold, each day in the last days, and to readiness. */
#include "server/upkeep/expiring.h"

#include "tests/support/capture.h"
#include "tests/support/demo.h"

enum { DAY = 24 * 3600 };

static struct demo demo;
static struct expiring job;
static int64_t end; /* of the CMP certificate */

static void set_up(void)
{
    demo_new(&demo);
    log_set_level(LOG_INFO);
    job = (struct expiring){.of = NULL};
    end = policy_authority(demo.policy, NULL)->cmp_cert.not_after;
}

static void tear_down(void)
{
    expiring_end(&job);
    demo_free(&demo);
}

TestSuite(expiring, .init = set_up, .fini = tear_down);

/* How many lines a run at |now| writes about the CMP certificate. */
static int lines_at(int64_t now)
{
    int lines = 0;

    CAPTURE(expiring_run(&job, demo.policy, now));
    for (const char *at = logged; (at = strstr(at, "name=cas[0].cmp_certificate")) != NULL; at++)
        lines++;
    return lines;
}

Test(expiring, each_threshold_is_told_once)
{
    cr_expect_eq(lines_at(end - 40 * DAY), 0);
    cr_expect_eq(lines_at(end - 30 * DAY), 1);
    cr_expect_not_null(strstr(logged, "level=warn"), "%s", logged);
    cr_expect_not_null(strstr(logged, "alarm=expiry"), "%s", logged);
    cr_expect_not_null(strstr(logged, "days=30"), "%s", logged);
    cr_expect_eq(lines_at(end - 29 * DAY), 0);
    cr_expect_eq(lines_at(end - 8 * DAY), 0);
    cr_expect_eq(lines_at(end - 7 * DAY), 1);
}

Test(expiring, in_the_last_days_and_after_them_it_is_told_each_day)
{
    cr_expect_eq(lines_at(end - 6 * DAY), 1);
    cr_expect_eq(lines_at(end - 5 * DAY - 1), 0);
    cr_expect_eq(lines_at(end - 5 * DAY), 1);
    cr_expect_eq(lines_at(end - DAY), 1);
    cr_expect_not_null(strstr(logged, "level=error"), "%s", logged);
    cr_expect_eq(lines_at(end + 1), 1);
    cr_expect_not_null(strstr(logged, "has ended"), "%s", logged);
    cr_expect_eq(lines_at(end + 2), 0);
    cr_expect_eq(lines_at(end + 1 + DAY), 1);
}

/* The first that ends is the root's CRL, after a year. */
Test(expiring, there_is_an_alarm_in_the_last_day_and_after_it)
{
    const struct expiry *next[1];
    int64_t first;

    cr_assert_eq(policy_next_expiries(next, 1, demo.policy), 1);
    first = next[0]->not_after;
    lines_at(first - DAY - 1);
    cr_expect_eq(job.alarm, 0);
    lines_at(first - DAY);
    cr_expect_eq(job.alarm, 1);
    lines_at(first + 1);
    cr_expect_eq(job.alarm, 1);
}

Test(expiring, what_was_told_is_not_told_again_of_a_configuration_that_was_loaded_again)
{
    struct config_fault fault;

    cr_expect_eq(lines_at(end - 20 * DAY), 1);
    cr_assert(demo_edit(&demo, &fault, "validity_hours: 72", "validity_hours: 71"), "%s", fault.text);
    cr_expect_eq(lines_at(end - 20 * DAY), 0);
}

Test(expiring, readiness_is_told_what_ends_next_and_why_nothing_is_issued)
{
    char ends[EXPIRING_TEXT_MAX], reason[EXPIRING_REASON_MAX];

    cr_expect_eq(expiring_text(ends, reason, demo.policy, end), 1);
    cr_expect_str_eq(reason, "null");
    cr_expect_not_null(strstr(ends, "{\"name\":\"cas[0].cmp_certificate\",\"kind\":\"CMP certificate\""),
                       "%s", ends);
    cr_expect_eq(expiring_text(ends, reason, demo.policy, end + 1), 0);
    cr_expect_not_null(strstr(reason, "the CMP certificate has ended"), "%s", reason);
}
