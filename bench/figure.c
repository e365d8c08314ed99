/* Writes numbers with thousands separators, and times in the unit that suits them. */
#include "bench/figure.h"

#include <math.h>
#include <stdio.h>

const char *figure_count(char out[FIGURE_MAX], long long value)
{
    char digits[FIGURE_MAX];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%lld", value), used = 0;
    size_t sign = digits[0] == '-';

    for (size_t i = 0; i < len; i++) {
        if (i > sign && (len - i) % 3 == 0)
            out[used++] = ',';
        out[used++] = digits[i];
    }
    out[used] = 0;
    return out;
}

const char *figure_rate(char out[FIGURE_MAX], double value)
{
    if (value >= 1000)
        return figure_count(out, llround(value));
    snprintf(out, FIGURE_MAX, "%.4g", value);
    return out;
}

const char *figure_latency(char out[FIGURE_MAX], double us)
{
    /* From here on three digits round up to the next unit's 1. */
    const double full = 999.5;

    if (us < full)
        snprintf(out, FIGURE_MAX, "%.0f µs", us);
    else if (us < full * 1e3)
        snprintf(out, FIGURE_MAX, "%.3g ms", us / 1e3);
    else if (us < full * 1e6)
        snprintf(out, FIGURE_MAX, "%.3g s", us / 1e6);
    else {
        char seconds[FIGURE_MAX];
        snprintf(out, FIGURE_MAX, "%s s", figure_count(seconds, llround(us / 1e6)));
    }
    return out;
}
