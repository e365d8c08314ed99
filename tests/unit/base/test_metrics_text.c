/* metrics_text.c: both formats, by their own texts: Prometheus' "Exposition formats" 0.0.4, and OpenMetrics
 * 1.0.0. */
#include "server/base/metrics_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "server/base/bounds.h"

enum { ROOM = 4 * 1024 * 1024, MANY = BOUND_METRICS_SERIES + 100, SIZES = 3 };

static char text[ROOM];

static const char *size_value(size_t i)
{
    return i == 0 ? "small" : i == 1 ? "large" : NULL; /* the last is nobody's yet */
}

static const struct metric_label size = {"size", SIZES, size_value}, what = {.name = "what"};
static const uint64_t bounds[] = {100, 2500000}, whole[] = {1, 16};
static const struct metric_buckets in_micro = {bounds, 2}, in_whole = {whole, 2};

static struct metric things = {
    .name = "things", .help = "Things.", .type = METRIC_COUNTER, .labels = {&size}};
static struct metric pairs = {
    .name = "pairs", .help = "Pairs.", .type = METRIC_COUNTER, .labels = {&size, &size}};
static struct metric waits = {.name = "wait_seconds",
                              .unit = "seconds",
                              .help = "Waits.",
                              .type = METRIC_HISTOGRAM,
                              .in_micro = 1,
                              .buckets = &in_micro};
static struct metric sizes = {
    .name = "sizes", .help = "Sizes.", .type = METRIC_HISTOGRAM, .labels = {&size}, .buckets = &in_whole};

static size_t gathered = 1;
static const char *gathered_value = "plain";

static void gather(const struct metric *metric, struct metrics_text *out, void *arg)
{
    for (size_t i = 0; i < gathered; i++)
        metrics_text_value(out, metric, &gathered_value, *(int *)arg);
}

static struct metric level = {
    .name = "level", .help = "Level.", .type = METRIC_GAUGE, .labels = {&what}, .gather = gather};

static const char *write_one(struct metric *metric, enum metrics_format format, size_t room)
{
    static int now = -3;
    size_t len = metrics_write(text, room, format, &metric, 1, &now);

    text[len] = 0;
    return text;
}

static void begin(void)
{
    static struct metric *const table[] = {&things, &pairs, &waits, &sizes, &level};

    metrics_begin(table, sizeof table / sizeof table[0]);
}

#define NONE_LEFT_OUT                                                                                        \
    "# HELP cmpd_metrics_left_out Series that are not in this text because there are too many.\n"            \
    "# TYPE cmpd_metrics_left_out gauge\n"                                                                   \
    "cmpd_metrics_left_out 0\n"

/* The name of the family has the suffix in one, and not in the other. */
Test(metrics_text, a_counter, .init = begin)
{
    metric_add(&things, 0, 5);
    cr_expect_str_eq(write_one(&things, METRICS_PROMETHEUS, ROOM),
                     "# HELP things_total Things.\n# TYPE things_total counter\n"
                     "things_total{size=\"small\"} 5\nthings_total{size=\"large\"} 0\n" NONE_LEFT_OUT);
    cr_expect_str_eq(write_one(&things, METRICS_OPENMETRICS, ROOM),
                     "# HELP things Things.\n# TYPE things counter\n"
                     "things_total{size=\"small\"} 5\nthings_total{size=\"large\"} 0\n" NONE_LEFT_OUT
                     "# EOF\n");
}

Test(metrics_text, pairs_are_there_once_they_were_counted, .init = begin)
{

    cr_expect_str_eq(write_one(&pairs, METRICS_PROMETHEUS, ROOM), NONE_LEFT_OUT);
    metric_add(&pairs, metric_series(&pairs, 1, 0), 2);
    cr_expect_not_null(strstr(write_one(&pairs, METRICS_PROMETHEUS, ROOM),
                              "counter\npairs_total{size=\"large\",size=\"small\"} 2\n# HELP cmpd"));
}

/* Buckets are cumulative, the last is that of all, and equals the count; seconds are written as seconds. */
Test(metrics_text, a_histogram, .init = begin)
{
    metric_observe(&waits, 0, 100, 1);
    metric_observe(&waits, 0, 101, 2);
    metric_observe(&waits, 0, 3000000, 4);
    cr_expect_str_eq(
        write_one(&waits, METRICS_OPENMETRICS, ROOM),
        "# HELP wait_seconds Waits.\n# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n"
        "wait_seconds_bucket{le=\"0.0001\"} 1\nwait_seconds_bucket{le=\"2.5\"} 3\n"
        "wait_seconds_bucket{le=\"+Inf\"} 7\nwait_seconds_sum 12.000302\nwait_seconds_count 7\n" NONE_LEFT_OUT
        "# EOF\n");
    cr_expect_null(strstr(write_one(&waits, METRICS_PROMETHEUS, ROOM), "UNIT"));
    metric_observe(&sizes, 1, 2, 1);
    cr_expect_str_eq(write_one(&sizes, METRICS_PROMETHEUS, ROOM),
                     "# HELP sizes Sizes.\n# TYPE sizes histogram\n"
                     "sizes_bucket{size=\"large\",le=\"1.0\"} 0\nsizes_bucket{size=\"large\",le=\"16.0\"} 1\n"
                     "sizes_bucket{size=\"large\",le=\"+Inf\"} 1\nsizes_sum{size=\"large\"} 2\n"
                     "sizes_count{size=\"large\"} 1\n" NONE_LEFT_OUT);
}

/* "label_value can be any sequence of UTF-8 characters, but the backslash (\), double-quote ("), and line
 * feed (\n) characters have to be escaped as \\, \", and \n, respectively." */
Test(metrics_text, values_are_escaped, .init = begin)
{
    gathered_value = "a\"b\\c\nd\xc3\xa4\te\x7f";
    cr_expect_not_null(strstr(write_one(&level, METRICS_PROMETHEUS, ROOM),
                              "\nlevel{what=\"a\\\"b\\\\c\\nd\xc3\xa4?e?\"} -3\n"));
}

Test(metrics_text, values_are_cut, .init = begin)
{
    static char value[4 * BOUND_METRIC_LABEL], expected[4 * BOUND_METRIC_LABEL + 64];

    memset(value, '"', sizeof value - 1);
    gathered_value = value;
    for (size_t i = 0; i < BOUND_METRIC_LABEL; i++)
        memcpy(expected + 2 * i, "\\\"", 3);
    cr_expect_not_null(strstr(write_one(&level, METRICS_PROMETHEUS, ROOM), expected));
    cr_expect_not_null(strstr(text, "\"} -3\n"));

    /* Not within a character: each has two octets, and the first is alone. */
    value[0] = 'x';
    for (size_t i = 1; i + 2 < sizeof value; i += 2)
        memcpy(value + i, "\xc3\xa4", 2);
    write_one(&level, METRICS_PROMETHEUS, ROOM);
    cr_expect_null(strstr(text, "\xc3\""));
    cr_expect_not_null(strstr(text, "\xc3\xa4\"} -3\n"));

    /* Where one ends at the bound, nothing is lost. */
    memmove(value, value + 1, BOUND_METRIC_LABEL);
    value[BOUND_METRIC_LABEL] = 0;
    snprintf(expected, sizeof expected, "{what=\"%s\"}", value);
    cr_expect_not_null(strstr(write_one(&level, METRICS_PROMETHEUS, ROOM), expected));
    memcpy(value + BOUND_METRIC_LABEL, "x", 2);
    cr_expect_not_null(strstr(write_one(&level, METRICS_PROMETHEUS, ROOM), expected));
}

/* RFC 3629 section 3: octets that are alone, overlong forms, a surrogate, and a value that ends within a
 * character. Names of certificates may have any. */
Test(metrics_text, values_are_utf8, .init = begin)
{
    static const struct {
        const char *value, *shown;
    } all[] = {{"a\xe4z", "a?z"},
               {"a\xc0\xafz", "a??z"},
               {"a\xed\xa0\x80z", "a???z"},
               {"a\xc3", "a?"},
               {"a\xe2\x82", "a??"},
               {"\xff\xfe", "??"},
               {"\x80\xc3\xa4", "?\xc3\xa4"},
               {"\xf0\x9f\x94\x91", "\xf0\x9f\x94\x91"}};
    char expected[64];

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        gathered_value = all[i].value;
        snprintf(expected, sizeof expected, "{what=\"%s\"} -3\n", all[i].shown);
        cr_expect_not_null(strstr(write_one(&level, METRICS_PROMETHEUS, ROOM), expected), "%s", text);
    }
}

static size_t lines_of(const char *start)
{
    size_t lines = 0;

    for (const char *at = text; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n';
        lines += strncmp(at, start, strlen(start)) == 0;
        if (*at == 0)
            break;
    }
    return lines;
}

/* BOUND_METRICS_SERIES lines, the one that tells of it among them. */
Test(metrics_text, there_are_never_more_than_the_bound, .init = begin)
{
    gathered = MANY;
    write_one(&level, METRICS_OPENMETRICS, ROOM);
    cr_expect_eq(lines_of("level{"), BOUND_METRICS_SERIES - 1);
    cr_expect_not_null(strstr(text, "\ncmpd_metrics_left_out 101\n# EOF\n"));
    gathered = BOUND_METRICS_SERIES - 1;
    write_one(&level, METRICS_OPENMETRICS, ROOM);
    cr_expect_eq(lines_of("level{"), BOUND_METRICS_SERIES - 1);
    cr_expect_not_null(strstr(text, "\ncmpd_metrics_left_out 0\n"));
}

/* Whatever room there is, the text is whole lines, says what is missing, and has its end. */
Test(metrics_text, what_finds_no_room_is_left_out_whole, .init = begin)
{
    gathered = 100;
    metric_observe(&waits, 0, 1, 1);
    for (size_t room = 700; room < 3500; room++) {
        int now = 1;
        struct metric *const table[] = {&waits, &level};
        size_t len = metrics_write(text, room, METRICS_OPENMETRICS, table, 2, &now), lines, left;
        text[len] = 0;
        lines = lines_of("level{") + (strstr(text, "wait_seconds_count") != NULL ? 5 : 0);
        cr_assert_eq(sscanf(strstr(text, "\ncmpd_metrics_left_out "), "\ncmpd_metrics_left_out %zu", &left),
                     1);
        cr_assert_eq(lines + left, 105, "room %zu: %zu and %zu", room, lines, left);
        cr_assert_str_eq(text + len - 6, "# EOF\n");
        cr_assert_eq(strstr(text, "wait_seconds_bucket") != NULL, strstr(text, "wait_seconds_count") != NULL);
    }
}

Test(metrics_text, the_format_that_is_liked_best)
{
    static const struct {
        const char *accept;
        enum metrics_format format;
    } cases[] = {
        {"", METRICS_PROMETHEUS},
        {"*/*", METRICS_PROMETHEUS},
        {"text/html", METRICS_PROMETHEUS},
        /* what Prometheus 2.42 sends */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
         "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         METRICS_OPENMETRICS},
        {"application/openmetrics-text", METRICS_OPENMETRICS},
        {"Application/OpenMetrics-Text ; Version=1.0.0 ; Q=0.5 , text/plain;q=0.4", METRICS_OPENMETRICS},
        {"application/openmetrics-text;version=0.0.1", METRICS_PROMETHEUS},
        {"application/openmetrics-text;q=0", METRICS_PROMETHEUS},
        {"application/openmetrics-text;q=0.5,text/plain", METRICS_PROMETHEUS},
        {"application/openmetrics-text;q=0.5,text/plain;version=9;q=1", METRICS_OPENMETRICS},
        {"text/plain;q=1,application/openmetrics-text", METRICS_PROMETHEUS},
        {";,;,=;q=,,", METRICS_PROMETHEUS},
        {"application/openmetrics-text;q=nan", METRICS_PROMETHEUS},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(metrics_format_of(bytes_str(cases[i].accept)), cases[i].format, "%s", cases[i].accept);
    cr_expect_str_eq(metrics_content_type(METRICS_OPENMETRICS),
                     "application/openmetrics-text; version=1.0.0; charset=utf-8");
    cr_expect_str_eq(metrics_content_type(METRICS_PROMETHEUS), "text/plain; version=0.0.4; charset=utf-8");
}
