/* plot.c: axes that hold all there is, with round numbers, and points where they belong. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plot.h"

/* The picture is 860 by 260; the plot lies between 66 and 846, and between 10 and 220. */
enum { LEFT = 66, RIGHT = 846, TOP = 10, BOTTOM = 220 };

static void has_ticks(const struct plot_tick *ticks, size_t count, const char *labels)
{
    char text[512] = "";

    for (size_t i = 0; i < count; i++) {
        strcat(text, i == 0 ? "" : "|");
        strcat(text, ticks[i].label);
    }
    cr_assert_str_eq(text, labels);
}

/* Ten steps at most, each 1, 2 or 5 times a power of ten. */
Test(plot, time_has_round_steps)
{
    static const struct {
        double seconds;
        const char *labels;
    } cases[] = {{10, "0|1|2|3|4|5|6|7|8|9|10"},
                 {10.5, "0|2|4|6|8|10"},
                 {20, "0|2|4|6|8|10|12|14|16|18|20"},
                 {21, "0|5|10|15|20"},
                 {50, "0|5|10|15|20|25|30|35|40|45|50"},
                 {51, "0|10|20|30|40|50"},
                 {0.4, "0|0.05|0.1|0.15|0.2|0.25|0.3|0.35|0.4"},
                 {600, "0|100|200|300|400|500|600"},
                 {0, "0|0.1|0.2|0.3|0.4|0.5|0.6|0.7|0.8|0.9|1"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plot plot = {.x_min = 7};
        plot_time_axis(&plot, cases[i].seconds);
        has_ticks(plot.x_ticks, plot.x_tick_count, cases[i].labels);
        cr_assert_eq(plot.x_min, 0);
        cr_assert_eq(plot.x_max, cases[i].seconds > 0 ? cases[i].seconds : 1);
        cr_assert_str_eq(plot.x_title, "seconds");
        for (size_t t = 0; t < plot.x_tick_count; t++)
            cr_assert_float_eq(plot.x_ticks[t].at, strtod(plot.x_ticks[t].label, NULL), 1e-9);
    }
}

/* Five steps at most, and the last is not below the most. */
Test(plot, counts_end_at_a_round_number)
{
    static const struct {
        double most, top;
        const char *labels;
    } cases[] = {{5, 5, "0|1|2|3|4|5"},        {5.1, 6, "0|2|4|6"},
                 {10, 10, "0|2|4|6|8|10"},     {11, 15, "0|5|10|15"},
                 {26, 30, "0|10|20|30"},       {123456, 150000, "0|50000|100000|150000"},
                 {0, 1, "0|0.2|0.4|0.6|0.8|1"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plot plot = {.y_min = 7};
        plot_count_axis(&plot, cases[i].most);
        has_ticks(plot.y_ticks, plot.y_tick_count, cases[i].labels);
        cr_assert_eq(plot.y_min, 0);
        cr_assert_float_eq(plot.y_max, cases[i].top, 1e-9);
        cr_assert_not(plot.y_log);
    }
}

/* 1, 2 and 5 of each power of ten; of a wide range the powers alone. It reaches beyond both ends. */
Test(plot, latencies_are_logarithmic)
{
    static const struct {
        double least, most, low, top;
        const char *labels;
    } cases[] = {{100, 1000, 100, 1000, "100 µs|200 µs|500 µs|1 ms"},
                 {150, 1001, 100, 2000, "100 µs|200 µs|500 µs|1 ms|2 ms"},
                 {199, 200, 100, 200, "100 µs|200 µs"},
                 {200, 499, 200, 500, "200 µs|500 µs"},
                 {500, 500, 500, 1000, "500 µs|1 ms"},
                 {0, 0, 1, 2, "1 µs|2 µs"},
                 {2, 1000, 2, 1000, "2 µs|5 µs|10 µs|20 µs|50 µs|100 µs|200 µs|500 µs|1 ms"},
                 {2, 1001, 2, 2000, "10 µs|100 µs|1 ms"},
                 {1000, 3e6, 1000, 5e6, "1 ms|10 ms|100 ms|1 s"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct plot plot = {.x_min = 0};
        plot_latency_axis(&plot, cases[i].least, cases[i].most);
        has_ticks(plot.y_ticks, plot.y_tick_count, cases[i].labels);
        cr_assert_float_eq(plot.y_min, cases[i].low, 1e-9);
        cr_assert_float_eq(plot.y_max, cases[i].top, 1e-6);
        cr_assert(plot.y_log);
    }
}

Test(plot, a_latency_reads_as_people_say_it)
{
    static const struct {
        double us;
        const char *text;
    } cases[] = {{0, "0 µs"},       {850, "850 µs"}, {999, "999 µs"}, {1000, "1 ms"},
                 {1234, "1.23 ms"}, {2e5, "200 ms"}, {1e6, "1 s"},    {1.25e6, "1.25 s"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[PLOT_LABEL_MAX];
        cr_assert_str_eq(plot_latency_text(out, cases[i].us), cases[i].text);
    }
}

static char *drawn(const struct plot *plot, const struct plot_line *lines, size_t count,
                   const char *const *tips, size_t tip_count)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    plot_draw(out, plot, "what it is", lines, count, tips, tip_count);
    fclose(out);
    return text;
}

static void shows(const char *text, const char *what)
{
    cr_assert_not_null(strstr(text, what), "%s\nis not in\n%s", what, text);
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, what)) != NULL; at++)
        n++;
    return n;
}

Test(plot, points_lie_where_they_belong)
{
    const double x[] = {0, 5, 10}, y[] = {0, 10, 5};
    const struct plot_line lines[] = {{"one", "first", x, y, 3, 1}, {"bad", "second", x, y, 2, 0}};
    const char *const tips[] = {"left", "right"};
    struct plot plot = {.x_min = 0};
    char *text;

    plot_time_axis(&plot, 10);
    plot_count_axis(&plot, 10);
    text = drawn(&plot, lines, 2, tips, 2);
    shows(text, "<svg viewBox=\"0 0 860 260\" role=\"img\" aria-label=\"what it is\">");
    shows(text, "<p class=\"legend\"><span><i class=\"one\"></i>first</span><span><i "
                "class=\"bad\"></i>second</span></p>");
    shows(text, "<path class=\"line one\" d=\"M66.0 220.0L456.0 10.0L846.0 115.0\"/>");
    shows(text, "<path class=\"area one\" d=\"M66.0 220L66.0 220.0L456.0 10.0L846.0 115.0L846.0 220Z\"/>");
    shows(text, "<path class=\"line bad\" d=\"M66.0 220.0L456.0 10.0\"/>");
    cr_assert_eq(times(text, "<path class=\"area"), 1);
    /* Six lines of the grid, each with its label beside it, and eleven times below the axis. */
    cr_assert_eq(times(text, "<line class=\"grid\" x1=\"66\" x2=\"846\""), 6);
    shows(text,
          "y1=\"10.0\" y2=\"10.0\"/><text class=\"tick\" x=\"58\" y=\"14.0\" text-anchor=\"end\">10</text>");
    shows(
        text,
        "y1=\"178.0\" y2=\"178.0\"/><text class=\"tick\" x=\"58\" y=\"182.0\" text-anchor=\"end\">2</text>");
    shows(text, "<text class=\"tick\" x=\"66.0\" y=\"237\" text-anchor=\"middle\">0</text>");
    shows(text, "<text class=\"tick\" x=\"846.0\" y=\"237\" text-anchor=\"middle\">10</text>");
    shows(text, "<line class=\"axis\" x1=\"66\" x2=\"846\" y1=\"220\" y2=\"220\"/>");
    shows(text, "<text class=\"tick\" x=\"846\" y=\"254\" text-anchor=\"end\">seconds</text>");
    /* Each tip has its half of the width, and all of the height. */
    shows(
        text,
        "<rect class=\"tip\" x=\"66.0\" y=\"10\" width=\"390.0\" height=\"210\"><title>left</title></rect>");
    shows(text, "<rect class=\"tip\" x=\"456.0\" y=\"10\" width=\"390.0\" "
                "height=\"210\"><title>right</title></rect>");
    shows(text, "</svg>\n");
    free(text);
    text = drawn(&plot, lines, 1, NULL, 0);
    cr_assert_eq(times(text, "legend"), 0); /* of one line the title tells */
    cr_assert_eq(times(text, "rect"), 0);
    free(text);
}

Test(plot, a_logarithmic_axis_has_each_power_of_ten_at_one_distance)
{
    const double x[] = {0, 1, 2, 3}, y[] = {10, 100, 1000, 1};
    const struct plot_line line = {"one", "", x, y, 4, 0};
    struct plot plot = {.x_max = 3, .x_title = ""};
    char *text;

    plot_latency_axis(&plot, 10, 1000);
    text = drawn(&plot, &line, 1, NULL, 0);
    shows(text,
          "d=\"M66.0 220.0L326.0 115.0L586.0 10.0L846.0 220.0\""); /* what is below the axis lies on it */
    free(text);
}

/* Where nothing was measured the line has a gap. */
Test(plot, gaps_stay_gaps)
{
    const double x[] = {0, 1, 2, 3, 4, 5}, y[] = {-1, 10, 0, -1, 10, -1};
    const struct plot_line line = {"one", "", x, y, 6, 0};
    struct plot plot = {.x_max = 5, .y_max = 10, .x_title = ""};
    char *text = drawn(&plot, &line, 1, NULL, 0);

    cr_assert_eq(times(text, "<path"), 2);
    shows(text, "d=\"M222.0 10.0L378.0 220.0\"/>");
    shows(text, "d=\"M690.0 10.0\"/>");
    free(text);
}

/* A plot has room for 16 ticks of an axis. */
Test(plot, there_are_never_more_ticks_than_there_is_room_for)
{
    struct plot plot = {.x_min = 0};

    plot_time_axis(&plot, 10);
    plot_time_axis(&plot, 10);
    cr_assert_eq(plot.x_tick_count, PLOT_TICKS_MAX);
    cr_assert_str_eq(plot.x_ticks[15].label, "4");
    cr_assert_eq(plot.y_tick_count, 0);
}
