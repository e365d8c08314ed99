/* Draws line plots as SVG: the frame and its axes first, then each series. */
#include "bench/plot.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 860, HEIGHT = 260, LEFT = 66, RIGHT = 14, TOP = 10, BOTTOM = 40 };

/* 1, 2 or 5 times a power of ten, so that |range| has at most |most| steps. */
static double step_of(double range, unsigned most)
{
    static const double nice[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(range / most)));

    for (size_t i = 0; i < sizeof nice / sizeof nice[0]; i++)
        if (range / (nice[i] * power) <= most)
            return nice[i] * power;
    return 20 * power;
}

static void add_tick(struct plot_tick *ticks, size_t *count, double at, const char *label)
{
    if (*count == PLOT_TICKS_MAX)
        return;
    ticks[*count].at = at;
    snprintf(ticks[(*count)++].label, PLOT_LABEL_MAX, "%s", label);
}

void plot_time_axis(struct plot *plot, double seconds)
{
    double step = step_of(seconds > 0 ? seconds : 1, 10);
    char label[PLOT_LABEL_MAX];

    plot->x_min = 0;
    plot->x_max = seconds > 0 ? seconds : 1;
    for (int i = 0; i * step <= plot->x_max * 1.0001; i++) {
        snprintf(label, sizeof label, "%g", i * step);
        add_tick(plot->x_ticks, &plot->x_tick_count, i * step, label);
    }
    plot->x_title = "seconds";
}

void plot_count_axis(struct plot *plot, double most)
{
    double step = step_of(most > 0 ? most : 1, 5);
    char label[PLOT_LABEL_MAX];

    plot->y_min = 0;
    plot->y_max = ceil((most > 0 ? most : 1) / step) * step;
    for (int i = 0; i * step <= plot->y_max * 1.0001; i++) {
        snprintf(label, sizeof label, "%.10g", i * step);
        add_tick(plot->y_ticks, &plot->y_tick_count, i * step, label);
    }
}

const char *plot_latency_text(char out[PLOT_LABEL_MAX], double us)
{
    if (us < 1000)
        snprintf(out, PLOT_LABEL_MAX, "%.0f µs", us);
    else if (us < 1e6)
        snprintf(out, PLOT_LABEL_MAX, "%.3g ms", us / 1e3);
    else
        snprintf(out, PLOT_LABEL_MAX, "%.3g s", us / 1e6);
    return out;
}

void plot_latency_axis(struct plot *plot, double least, double most)
{
    static const double nice[] = {1, 2, 5};
    double low = least > 1 ? least : 1, high = most > low ? most : low * 2;
    double power = pow(10, floor(log10(low)));
    int thin = high / low > 500; /* then a line for each power of ten is enough */
    char label[PLOT_LABEL_MAX];

    plot->y_log = 1;
    for (int i = 0; i < 3 && nice[i] * power <= low; i++)
        plot->y_min = nice[i] * power;
    for (int i = 0; plot->y_max < high; i++) {
        int decade = i / 3;
        double at = nice[i % 3] * power * pow(10, decade);
        if (at < plot->y_min)
            continue;
        plot->y_max = at;
        if (i % 3 == 0 || !thin)
            add_tick(plot->y_ticks, &plot->y_tick_count, at, plot_latency_text(label, at));
    }
}

static double place_x(const struct plot *plot, double x)
{
    return LEFT + (x - plot->x_min) / (plot->x_max - plot->x_min) * (WIDTH - LEFT - RIGHT);
}

static double place_y(const struct plot *plot, double y)
{
    double share = plot->y_log ? log(fmax(y, plot->y_min) / plot->y_min) / log(plot->y_max / plot->y_min)
                               : (y - plot->y_min) / (plot->y_max - plot->y_min);

    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

static void draw_frame(FILE *out, const struct plot *plot)
{
    for (size_t i = 0; i < plot->y_tick_count; i++) {
        double y = place_y(plot, plot->y_ticks[i].at);
        fprintf(out, "<line class=\"grid\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT,
                WIDTH - RIGHT, y, y);
        fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 8,
                y + 4, plot->y_ticks[i].label);
    }
    for (size_t i = 0; i < plot->x_tick_count; i++)
        fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n",
                place_x(plot, plot->x_ticks[i].at), HEIGHT - BOTTOM + 17, plot->x_ticks[i].label);
    fprintf(out, "<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>", LEFT, WIDTH - RIGHT,
            HEIGHT - BOTTOM, HEIGHT - BOTTOM);
    fprintf(out, "<text class=\"tick\" x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", WIDTH - RIGHT,
            HEIGHT - 6, plot->x_title);
}

/* From |*next| to the next gap. */
static void draw_stretch(FILE *out, const struct plot *plot, const struct plot_line *line, size_t *next)
{
    size_t first = *next, last;

    while (*next < line->count && line->y[*next] >= 0)
        ++*next;
    last = *next - 1;
    if (line->filled) {
        fprintf(out, "<path class=\"area %s\" d=\"M%.1f %d", line->class, place_x(plot, line->x[first]),
                HEIGHT - BOTTOM);
        for (size_t i = first; i <= last; i++)
            fprintf(out, "L%.1f %.1f", place_x(plot, line->x[i]), place_y(plot, line->y[i]));
        fprintf(out, "L%.1f %dZ\"/>\n", place_x(plot, line->x[last]), HEIGHT - BOTTOM);
    }
    fprintf(out, "<path class=\"line %s\" d=\"", line->class);
    for (size_t i = first; i <= last; i++)
        fprintf(out, "%c%.1f %.1f", i == first ? 'M' : 'L', place_x(plot, line->x[i]),
                place_y(plot, line->y[i]));
    fprintf(out, "\"/>\n");
}

static void draw_line(FILE *out, const struct plot *plot, const struct plot_line *line)
{
    for (size_t i = 0; i < line->count;)
        if (line->y[i] < 0)
            i++;
        else
            draw_stretch(out, plot, line, &i);
}

void plot_draw(FILE *out, const struct plot *plot, const char *title, const struct plot_line *lines,
               size_t count, const char *const *tips, size_t tip_count)
{
    double width = tip_count != 0 ? (double)(WIDTH - LEFT - RIGHT) / (double)tip_count : 0;

    if (count > 1) {
        fprintf(out, "<p class=\"legend\">");
        for (size_t i = 0; i < count; i++)
            fprintf(out, "<span><i class=\"%s\"></i>%s</span>", lines[i].class, lines[i].name);
        fprintf(out, "</p>\n");
    }
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n", WIDTH, HEIGHT, title);
    draw_frame(out, plot);
    for (size_t i = 0; i < count; i++)
        draw_line(out, plot, &lines[i]);
    for (size_t i = 0; i < tip_count; i++)
        fprintf(
            out,
            "<rect class=\"tip\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\"><title>%s</title></rect>\n",
            LEFT + (double)i * width, TOP, width, HEIGHT - TOP - BOTTOM, tips[i]);
    fprintf(out, "</svg>\n");
}
