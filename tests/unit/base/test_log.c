/* test_log.c: one line an event, whatever is in it. */
#define _GNU_SOURCE 1 /* F_SETPIPE_SZ */
#include <fcntl.h>
#include <pthread.h>
#include <regex.h>
#include <stdio.h>
#include <unistd.h>

#include "server/base/bounds.h"
#include "server/base/log_internal.h"
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
    CAPTURE(log_line(LOG_INFO, "certificate issued", log_word("serial", "01ab"), log_number("n", 3)));
    cr_assert(matches("^time=20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z level=info "
                      "event=\"certificate issued\" serial=01ab n=3\n$"),
              "%s", logged);
    CAPTURE(log_line(LOG_ERROR, "start"));
    cr_assert(matches("Z level=error event=start\n$"), "%s", logged);
}

Test(log, levels_below_the_minimum_are_dropped)
{
    log_set_level(LOG_WARN);
    cr_assert(!log_enabled(LOG_INFO));
    cr_assert(log_enabled(LOG_ERROR));
    CAPTURE(log_line(LOG_INFO, "quiet"));
    cr_assert_str_empty(logged);
}

Test(log, a_long_line_is_cut_and_still_one_line)
{
    static char value[2 * LOG_LINE_MAX];
    memset(value, 'x', sizeof value - 1);
    CAPTURE(log_line(LOG_INFO, "long", log_word("value", value)));
    cr_assert_leq(strlen(logged), LOG_LINE_MAX);
    cr_assert_geq(strlen(logged), LOG_LINE_MAX - 2);
    cr_assert_eq(strchr(logged, '\n'), logged + strlen(logged) - 1);
}

Test(log, a_value_cannot_begin_a_line)
{
    CAPTURE(log_line(LOG_INFO, "odd", log_word("value", "a\nlevel=error\r\tb\x7f")));
    cr_assert(matches("value=\"a.x0alevel=error.x0d.x09b.x7f\"\n$"), "%s", logged);
    CAPTURE(log_line(LOG_INFO, "odd", log_pairs(bytes_str("a=b\nlevel=error"))));
    cr_assert(matches("event=odd a=b\\?level=error\n$"), "%s", logged);
}

Test(log, each_value_is_written_as_its_type_wants)
{
    CAPTURE(log_line(LOG_INFO, "kinds", log_text("text", "a \"b\""), log_text("none", NULL),
                     log_octets("octets", bytes_of("\xff", 1)), log_word("word", "P-256"),
                     log_word("two", "a b"), log_word("empty", ""), log_word("pair", "a=b"),
                     log_word_of("part", bytes_of("abc", 2)), log_hexadecimal("hex", bytes_of("\x00\xa5", 2)),
                     log_number("min", INT64_MIN), log_number("zero", 0), log_number("max", INT64_MAX),
                     log_real("real", 2.25), log_pairs(bytes_str("x=1 y=2"))));
    cr_assert_str_eq(strstr(logged, "event="),
                     "event=kinds text=\"a \\\"b\\\"\" none=\"\" octets=\"\\xff\" word=P-256 two=\"a b\" "
                     "empty=\"\" pair=\"a=b\" part=ab hex=00a5 min=-9223372036854775808 zero=0 "
                     "max=9223372036854775807 real=2.2 x=1 y=2\n");
}

/* What comes behind a long value is told, too, and the quotes of that are closed. */
Test(log, a_long_value_leaves_room_for_the_others)
{
    static char value[2 * LOG_LINE_MAX], hex[LOG_LINE_MAX];
    memset(value, '"', sizeof value - 1);
    CAPTURE(log_line(LOG_INFO, "long", log_text("first", value),
                     log_octets("second", bytes_of(hex, sizeof hex)),
                     log_hexadecimal("third", bytes_of(hex, sizeof hex)), log_word("peer", "192.0.2.1:443")));
    cr_assert(matches(" first=\".*\" second=\"[x0\\]*\" third=00[0]* peer=192.0.2.1:443\n$"), "%s", logged);
    cr_assert_leq(strlen(logged), LOG_LINE_MAX);
}

static const char *never(void)
{
    cr_assert_fail("a line that is not written needs no values");
    return "";
}

Test(log, values_of_a_line_that_is_not_written_are_not_looked_at)
{
    log_set_level(LOG_WARN);
    CAPTURE(log_line(LOG_INFO, "quiet", log_text("value", never())));
    cr_assert_str_empty(logged);
}

Test(log, quoting)
{
    char out[64];
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("plain text")), "\"plain text\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("a\"b\\c\n")), "\"a\\\"b\\\\c\\x0a\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("Zürich €")), "\"Zürich €\"");
    /* broken UTF-8, an overlong slash, a C1 control, a surrogate, beyond Unicode */
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xff")), "\"\\xff\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xc0\xaf")), "\"\\xc0\\xaf\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xc2\x85")), "\"\\xc2\\x85\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xed\xa0\x80")), "\"\\xed\\xa0\\x80\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xf4\x90\x80\x80")), "\"\\xf4\\x90\\x80\\x80\"");
    /* a text that turns the direction of writing */
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xe2\x80\xae")), "\"\\xe2\\x80\\xae\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_str("\xe2\x82")), "\"\\xe2\\x82\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_of("a\0b", 3)), "\"a\\x00b\"");
    cr_assert_str_eq(log_quote(out, sizeof out, bytes_of(NULL, 0)), "\"\"");
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
    cr_assert_str_eq(log_hex(out, sizeof out, bytes_of("\x00\x0f\xa5", 3)), "000fa5");
}

/* ---- a thread that writes ---- */

/* What was written to standard error from now on goes into a pipe that holds |octets|. */
static int begin_pipe(int *saved, int octets)
{
    int ends[2];
    fflush(stderr);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_gt(fcntl(ends[1], F_SETPIPE_SZ, octets), 0);
    *saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

static void end_pipe(int saved)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/* Reads all lines until there is no writer: numbers that are told in order, and how many were left out. */
static unsigned read_numbers(int fd, unsigned long long *left_out)
{
    FILE *in = fdopen(fd, "r");
    char line[2 * LOG_LINE_MAX];
    unsigned count = 0, last = 0, n;
    *left_out = 0;
    while (fgets(line, sizeof line, in) != NULL) {
        unsigned long long lost;
        const char *at = strstr(line, "left_out=");
        cr_assert_eq(line[strlen(line) - 1], '\n');
        if (at != NULL && sscanf(at, "left_out=%llu", &lost) == 1) {
            *left_out += lost;
        } else {
            at = strstr(line, " n=");
            cr_assert_not_null(at, "%s", line);
            cr_assert_eq(sscanf(at, " n=%u", &n), 1);
            cr_assert_gt(n, last, "out of order");
            last = n;
            count++;
        }
    }
    fclose(in);
    return count;
}

enum { MANY = 20000 };

static void log_many(unsigned from, unsigned to)
{
    for (unsigned n = from; n <= to; n++)
        log_line(LOG_WARN, "line", log_number("n", n));
}

static void *drain(void *arg)
{
    unsigned long long *result = arg;
    result[1] = read_numbers((int)result[0], &result[2]);
    return NULL;
}

/* Nobody reads, so each write would wait for ever. When somebody does, what is missing is told. */
Test(log, a_blocked_standard_error_keeps_nobody_waiting, .timeout = 60)
{
    int saved, fd = begin_pipe(&saved, 4096);
    pthread_t reader;
    cr_assert(log_start());
    log_many(1, MANY);
    unsigned long long result[3] = {(unsigned long long)fd};
    cr_assert_eq(pthread_create(&reader, NULL, drain, result), 0);
    log_flush();
    log_many(MANY + 1, MANY + 1);
    log_stop();
    end_pipe(saved);
    pthread_join(reader, NULL);
    cr_assert_gt(result[1], 100);
    cr_assert_gt(result[2], 100);
    cr_assert_eq(result[1] + result[2], MANY + 1, "%llu told, %llu left out", result[1], result[2]);
}

Test(log, a_standard_error_that_nobody_ever_reads_does_not_keep_the_end, .timeout = 60)
{
    int saved, fd = begin_pipe(&saved, 4096);
    cr_assert(log_start());
    log_many(1, MANY);
    log_stop();
    close(fd); /* its thread is in its write, and gets an error now */
    log_flush();
    end_pipe(saved);
}

Test(log, the_last_lines_come_out_and_after_them_those_without_a_thread, .timeout = 60)
{
    int saved, fd = begin_pipe(&saved, 1 << 20);
    unsigned long long left_out;
    log_many(1, 1);
    cr_assert(log_start());
    log_many(2, 200);
    log_flush();
    log_hold();
    log_many(201, 300);
    log_release();
    log_stop();
    log_many(301, 301);
    end_pipe(saved);
    cr_assert_eq(read_numbers(fd, &left_out), 301);
    cr_assert_eq(left_out, 0);
}

static void *log_some(void *arg)
{
    for (unsigned n = 0; n < MANY / 4; n++)
        log_line(LOG_WARN, "line", log_number("thread", *(unsigned *)arg), log_number("of", n));
    return NULL;
}

Test(log, lines_of_several_threads_come_whole_and_in_the_order_of_each, .timeout = 60)
{
    enum { THREADS = 4 };
    char path[] = "/tmp/cmpd-log-XXXXXX", line[2 * LOG_LINE_MAX];
    unsigned numbers[THREADS], next[THREADS] = {0}, thread, n;
    unsigned long long total = 0, lost = 0;
    pthread_t threads[THREADS];
    int fd = mkstemp(path), saved = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    cr_assert(log_start());
    for (unsigned i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, log_some, &numbers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    log_stop();
    end_pipe(saved);
    FILE *in = fopen(path, "r");
    while (fgets(line, sizeof line, in) != NULL) {
        const char *at = strstr(line, " thread=");
        if (at != NULL && sscanf(at, " thread=%u of=%u\n", &thread, &n) == 2) {
            cr_assert_geq(n, next[thread]);
            next[thread] = n + 1;
            total++;
        } else {
            unsigned long long left_out;
            at = strstr(line, "left_out=");
            cr_assert_not_null(at, "%s", line);
            cr_assert_eq(sscanf(at, "left_out=%llu", &left_out), 1);
            lost += left_out;
        }
    }
    fclose(in);
    close(fd);
    unlink(path);
    cr_assert_eq(total + lost, (unsigned long long)THREADS * (MANY / 4), "%llu + %llu", total, lost);
}

/* A long line is whole, wherever it goes through; what is held comes before it. */
static void log_long(void)
{
    static uint8_t octets[LOG_LONG_MAX / 2];

    memset(octets, 0xab, sizeof octets);
    log_hold();
    log_line(LOG_INFO, "first");
    log_long_line(LOG_INFO, "long", log_pairs(bytes_str("a=1")),
                  log_hexadecimal("b", bytes_of(octets, 64 * 1024)));
    log_line(LOG_INFO, "third", log_number("n", 3));
    log_release();
    log_long_line(LOG_INFO, "cut", log_hexadecimal("b", bytes_of(octets, sizeof octets)));
}

static void expect_long(FILE *in)
{
    static char line[2 * LOG_LONG_MAX];

    cr_assert_not_null(fgets(line, sizeof line, in));
    cr_assert_not_null(strstr(line, "event=first"), "%s", line);
    cr_assert_not_null(fgets(line, sizeof line, in));
    cr_assert_not_null(strstr(line, "event=long a=1 b=abab"), "%.80s", line);
    cr_assert_eq(strlen(strstr(line, " b=")), strlen(" b=\n") + 2 * 64 * 1024);
    cr_assert_not_null(fgets(line, sizeof line, in));
    cr_assert_not_null(strstr(line, "event=third n=3"), "%s", line);
    cr_assert_not_null(fgets(line, sizeof line, in));
    cr_assert_not_null(strstr(line, "event=cut"), "%.80s", line);
    cr_assert_leq(strlen(line), (size_t)LOG_LONG_MAX);
    cr_assert_geq(strlen(line), (size_t)LOG_LONG_MAX - 4);
    cr_assert_null(fgets(line, sizeof line, in));
}

Test(log, a_long_line_is_whole, .timeout = 60)
{
    for (int by_thread = 0; by_thread < 2; by_thread++) {
        char path[] = "/tmp/cmpd-log-XXXXXX";
        int fd = mkstemp(path), saved = dup(STDERR_FILENO);
        FILE *in;

        dup2(fd, STDERR_FILENO);
        if (by_thread)
            cr_assert(log_start());
        log_long();
        if (by_thread)
            log_stop();
        end_pipe(saved);
        in = fopen(path, "r");
        expect_long(in);
        fclose(in);
        close(fd);
        unlink(path);
    }
}

/* ---- sampling ---- */

static unsigned taken(const char *event, const char *who, unsigned times)
{
    unsigned count = 0;
    for (unsigned i = 0; i < times; i++)
        count += (unsigned)log_take(event, bytes_str(who));
    return count;
}

Test(log, a_source_brings_about_so_many_lines_of_a_kind)
{
    CAPTURE({
        cr_assert_eq(taken("refused", "192.0.2.1:1", BOUND_LOG_LINES + 7), BOUND_LOG_LINES);
        cr_assert_eq(taken("refused", "192.0.2.1:2", 5), 0, "its port makes no other source of it");
        cr_assert_eq(taken("refused", "192.0.2.2:1", 5), 5, "another source");
        cr_assert_eq(taken("closed", "192.0.2.1:1", 5), 5, "another kind");
        cr_assert_eq(taken("refused", "[2001:db8::1]:1", 5), 5);
        cr_assert_eq(taken("refused", "", 5), 5);
        log_tell_left_out(0);
    });
    cr_assert_str_empty(logged, "nothing is told while it goes on");
    CAPTURE(log_tell_left_out(1));
    cr_assert(
        matches("^time=[^ ]* level=warn event=\"lines left out\" of=\"refused\" source=\"192\\.0\\.2\\.1\" "
                "left_out=12\n$"),
        "%s", logged);
    cr_assert_eq(taken("refused", "192.0.2.1:1", 5), 5, "told, and begun anew");
}

/* However many sources there are, there is no more memory, and each line is taken or counted. */
Test(log, sources_without_number_are_counted)
{
    enum { SOURCES = 100000 };
    unsigned long long count = 0, told = 0, n;
    char who[64];
    for (unsigned i = 0; i < SOURCES; i++) {
        snprintf(who, sizeof who, "10.%u.%u.%u:443", i >> 16, i >> 8 & 255, i & 255);
        count += taken("refused", who, 1);
    }
    char path[] = "/tmp/cmpd-log-XXXXXX", line[2 * LOG_LINE_MAX];
    int fd = mkstemp(path), saved = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    log_tell_left_out(1);
    end_pipe(saved);
    FILE *in = fopen(path, "r");
    while (fgets(line, sizeof line, in) != NULL) {
        cr_assert_eq(sscanf(strstr(line, "left_out="), "left_out=%llu", &n), 1);
        told += n;
    }
    fclose(in);
    close(fd);
    unlink(path);
    cr_assert_gt(count, 1000);
    cr_assert_lt(count, SOURCES);
    cr_assert_eq(count + told, SOURCES);
}

/* Nothing is written outside the room that there is, and the line has its end, and no other. */
Test(log, a_line_fits_any_room)
{
    enum { GUARD = 256, MOST = 160 };
    static char text[GUARD];
    char all[GUARD + MOST + GUARD], *line = all + GUARD;

    memset(text, 'p', sizeof text - 1);
    for (size_t size = 8; size <= MOST; size++) {
        memset(all, '\n', sizeof all);
        size_t len =
            log_make_line(line, size, LOG_INFO, "e",
                          LOG_FIELDS(log_number("a-key-that-is-long", INT64_MIN), log_text("another", "a b"),
                                     log_real("third", 1.5), log_pairs(bytes_str(text))));
        cr_assert_leq(len, size, "%zu", size);
        cr_assert_eq(memchr(line, '\n', len), &line[len - 1], "%zu", size);
        cr_assert_null(memchr(line, 0, len), "%zu", size);
        for (size_t i = 0; i < sizeof all; i++)
            cr_assert(all[i] == '\n' || (i >= GUARD && i < GUARD + size), "%zu: octet %zu", size, i);
    }
}
