/* test_log_sample.c: sampling over time, which is passed in, and while another thread is at it. */
#define _GNU_SOURCE 1 /* memrchr */
#include "server/base/ledger.h"
#include "tests/support/capture.h"

static uint32_t seconds = 1000;

static uint32_t test_now(void)
{
    return seconds;
}

#define ledger_now test_now
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/base/log_sample.c"
#undef ledger_now

static unsigned taken(const char *who, unsigned times)
{
    unsigned count = 0;

    for (unsigned i = 0; i < times; i++)
        count += (unsigned)log_take("refused", bytes_str(who));
    return count;
}

static int has(const char *text)
{
    return strstr(logged, text) != NULL;
}

/* The line that begins the next while tells of the last one. */
Test(log_sample, what_was_left_out_is_told_when_the_while_is_over)
{
    CAPTURE(cr_assert_eq(taken("192.0.2.1:1", BOUND_LOG_LINES + 7), BOUND_LOG_LINES));
    cr_assert_str_empty(logged);
    seconds += BOUND_LOG_SECONDS - 1;
    CAPTURE(cr_assert_eq(taken("192.0.2.1:1", 1), 0, "it is not over"));
    cr_assert_str_empty(logged);
    seconds++;
    CAPTURE(cr_assert_eq(taken("192.0.2.1:1", BOUND_LOG_LINES + 2), BOUND_LOG_LINES));
    cr_assert(has("event=\"lines left out\" of=\"refused\" source=\"192.0.2.1\" left_out=8\n"), "%s", logged);
    cr_assert_eq(strchr(logged, '\n'), logged + strlen(logged) - 1, "once: %s", logged);
    seconds += BOUND_LOG_SECONDS;
    CAPTURE(cr_assert_eq(taken("192.0.2.1:1", 1), 1));
    cr_assert(has(" left_out=2\n"), "%s", logged);
    seconds += BOUND_LOG_SECONDS;
    CAPTURE(cr_assert_eq(taken("192.0.2.1:1", 1), 1));
    cr_assert_str_empty(logged, "nothing was left out: %s", logged);
}

/* The thread that writes the log tells of those that do not come again, and forgets them. */
Test(log_sample, what_a_source_left_behind_is_told_once)
{
    taken("192.0.2.1:1", BOUND_LOG_LINES + 7);
    seconds += BOUND_LOG_SECONDS - 1;
    CAPTURE(log_tell_left_out(0));
    cr_assert_str_empty(logged);
    seconds++;
    CAPTURE(log_tell_left_out(0));
    cr_assert(has(" source=\"192.0.2.1\" left_out=7\n"), "%s", logged);
    CAPTURE(log_tell_left_out(1));
    cr_assert_str_empty(logged);
}

/* Nobody waits for another thread: the line is left out, and counted. */
Test(log_sample, what_comes_while_another_is_at_it_is_left_out_and_counted)
{
    cr_assert_eq(taken("192.0.2.1:1", 1), 1);
    for (size_t i = 0; i < SETS; i++)
        cr_assert(enter(&sets[i]), "its own thread has left");
    cr_assert_eq(taken("192.0.2.1:1", 3), 0);
    CAPTURE(log_tell_left_out(1));
    cr_assert_str_empty(logged, "what another is at is left to it");
    for (size_t i = 0; i < SETS; i++)
        leave(&sets[i]);
    CAPTURE(log_tell_left_out(1));
    cr_assert(has(" source=\"192.0.2.1\" left_out=3\n"), "%s", logged);
}

/* All sources together have so many lines, and so many again after the while. */
Test(log_sample, many_sources_have_a_bound_of_their_own)
{
    enum { EACH = BOUND_LOG_LINES / 2, SOURCES = BOUND_LOG_ALL_LINES / EACH + 1 };
    char who[32];
    unsigned count = 0;

    for (unsigned i = 0; i < SOURCES; i++) {
        snprintf(who, sizeof who, "192.0.%u.%u:1", i / 256, i % 256);
        count += taken(who, EACH);
    }
    cr_assert_leq(count, BOUND_LOG_ALL_LINES);
    cr_assert_eq(taken("198.51.100.1:1", 1), count < BOUND_LOG_ALL_LINES);
    seconds += BOUND_LOG_SECONDS;
    cr_assert_eq(taken("198.51.100.1:1", 1), 1);
}
