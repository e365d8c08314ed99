/* plot.h: line plots as inline SVG. Colours are classes, which the page's style sheet gives them. */
#ifndef CMPD_BENCH_PLOT_H
#define CMPD_BENCH_PLOT_H

#include <stdio.h>

enum { PLOT_TICKS_MAX = 16, PLOT_LABEL_MAX = 24 };

struct plot_tick {
    double at;
    char label[PLOT_LABEL_MAX];
};

/* struct plot is a frame with two axes: x linear, y linear or logarithmic. */
struct plot {
    double x_min, x_max, y_min, y_max;
    int y_log;
    struct plot_tick x_ticks[PLOT_TICKS_MAX], y_ticks[PLOT_TICKS_MAX];
    size_t x_tick_count, y_tick_count;
    const char *x_title;
};

/* struct plot_line is a run of points; where y is below 0 it has a gap. */
struct plot_line {
    const char *class, *name;
    const double *x, *y;
    size_t count;
    int filled; /* 1: down to the x axis */
};

/* plot_time_axis sets the x axis to 0 … |seconds|. */
void plot_time_axis(struct plot *plot, double seconds);

/* plot_count_axis sets the y axis to 0 … |most| or a little more. */
void plot_count_axis(struct plot *plot, double most);

/* plot_latency_axis sets the y axis to microseconds from |least| to |most|, logarithmic. */
void plot_latency_axis(struct plot *plot, double least, double most);

/* plot_latency_text writes |us| microseconds as a person reads them: "850 µs", "1.2 ms". Returns |out|. */
const char *plot_latency_text(char out[PLOT_LABEL_MAX], double us);

/* plot_draw writes the SVG; |title| is its description for who cannot see it. Each x value that |tips| has a
 * text for
 * (|tip_count| of them, evenly spread over the width) shows it under the pointer. */
void plot_draw(FILE *out, const struct plot *plot, const char *title, const struct plot_line *lines,
               size_t count, const char *const *tips, size_t tip_count);

#endif
