/* test_log.c: one line an event, whatever is in it. */
#include <regex.h>
#include <stdio.h>

#include "tests/support/capture.h"

static int matches(const char *pattern)
{
    regex_t regex;
    cr_assert_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    int found = regexec(&regex, logged, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

Test(log, a_line_has_time_level_event_and_values)
{
    CAPTURE(log_event(LOG_INFO, "certificate issued", "serial=%s n=%d", "01ab", 3));
    cr_assert(matches("^time=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z level=info "
                      "event=\"certificate issued\" serial=01ab n=3\n$"),
              "%s", logged);
    CAPTURE(log_event(LOG_ERROR, "start", "%s", ""));
    cr_assert(matches("Z level=error event=start\n$"), "%s", logged);
}

Test(log, levels_below_the_minimum_are_dropped)
{
    log_set_level(LOG_WARN);
    cr_assert(!log_enabled(LOG_INFO));
    cr_assert(log_enabled(LOG_ERROR));
    CAPTURE(log_event(LOG_INFO, "quiet", "%s", ""));
    cr_assert_str_empty(logged);
    enum log_level level;
    cr_assert(log_level_parse(&level, "debug"));
    cr_assert_eq(level, LOG_DEBUG);
    cr_assert(!log_level_parse(&level, "Debug"));
    cr_assert(!log_level_parse(&level, ""));
}

Test(log, a_long_line_is_cut_and_still_one_line)
{
    static char value[2 * LOG_LINE_MAX];
    memset(value, 'x', sizeof(value) - 1);
    CAPTURE(log_event(LOG_INFO, "long", "value=%s", value));
    cr_assert_leq(strlen(logged), LOG_LINE_MAX);
    cr_assert_geq(strlen(logged), LOG_LINE_MAX - 2);
    cr_assert_eq(strchr(logged, '\n'), logged + strlen(logged) - 1);
}

Test(log, a_value_cannot_begin_a_line)
{
    CAPTURE(log_event(LOG_INFO, "odd", "value=%s", "a\nlevel=error\r\tb\x7f"));
    cr_assert(matches("value=a\\?level=error\\?\\?b\\?\n$"), "%s", logged);
}

Test(log, quoting)
{
    char out[64];
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("plain text")), "\"plain text\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("a\"b\\c\n")), "\"a\\\"b\\\\c\\x0a\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("Zürich €")), "\"Zürich €\"");
    /* broken UTF-8, an overlong slash, a C1 control, a surrogate, beyond Unicode */
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xff")), "\"\\xff\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xc0\xaf")), "\"\\xc0\\xaf\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xc2\x85")), "\"\\xc2\\x85\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xed\xa0\x80")), "\"\\xed\\xa0\\x80\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xf4\x90\x80\x80")), "\"\\xf4\\x90\\x80\\x80\"");
    /* a text that turns the direction of writing */
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xe2\x80\xae")), "\"\\xe2\\x80\\xae\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_str("\xe2\x82")), "\"\\xe2\\x82\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_of("a\0b", 3)), "\"a\\x00b\"");
    cr_assert_str_eq(log_quote(out, sizeof(out), bytes_of(NULL, 0)), "\"\"");
}

Test(log, quoting_and_hex_fit_any_room)
{
    for (size_t room = 0; room < 24; room++) {
        char *out = malloc(room + 1); /* exact, for the sanitizers */
        cr_assert_not_null(out);
        char *exact = room > 0 ? realloc(out, room) : out;
        log_quote(exact, room, bytes_str("\x01\x02\"\\ab€\x03wxyz"));
        if (room > 0)
            cr_assert_lt(strlen(exact), room);
        log_hex(exact, room, bytes_str("0123456789abcdef"));
        if (room > 0)
            cr_assert_lt(strlen(exact), room);
        free(exact);
    }
    char out[9];
    cr_assert_str_eq(log_hex(out, sizeof(out), bytes_of("\x00\x0f\xa5", 3)), "000fa5");
}
