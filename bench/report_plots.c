/* The numbers of the page's plots. Of text there are only our own names, so that nothing needs an escape
 * inside of <script>. */
#include <math.h>

#include "bench/report.h"

enum { CURVE_POINTS = 300 };

/* A row: when, completed and errors a second, and p50, p99 and the longest in microseconds. Where nothing was
 * completed they are null, and lines have a gap. */
static void add_slot(FILE *out, const struct result *result, unsigned i)
{
    const struct slot *slot = &result->slots[i];

    fprintf(out, "%s[%.10g,%.10g,%.10g,", i == 0 ? "" : ",\n", (i + 0.5) * result->slot_seconds,
            slot->completed / result->slot_seconds, slot->errors / result->slot_seconds);
    if (slot->completed != 0)
        fprintf(out, "%.10g,%.10g,%.10g]", (double)slot->p50_ns / 1e3, (double)slot->p99_ns / 1e3,
                (double)slot->max_ns / 1e3);
    else
        fprintf(out, "null,null,null]");
}

/* x is how many nines: the rare ones, which hurt, get as much room as the many. */
static double nines_at(const struct result *result, unsigned i)
{
    return (result->completed > 1 ? log10(result->completed) : 1) * i / (CURVE_POINTS - 1);
}

static void add_curve(FILE *out, const struct result *result, const char *name, const int64_t *sorted_ns,
                      unsigned count)
{
    fprintf(out, "{\"name\":\"%s\",\"us\":[", name);
    for (unsigned i = 0; i < CURVE_POINTS; i++) {
        double share = i == CURVE_POINTS - 1 ? 1 : 1 - pow(10, -nines_at(result, i)); /* the longest itself */
        fprintf(out, "%s%.10g", i == 0 ? "" : ",", (double)percentile_ns(sorted_ns, count, share) / 1e3);
    }
    fprintf(out, "]}");
}

/* One for each kind of request; and one for all, where there are several kinds. */
static void add_curves(FILE *out, const struct result *result)
{
    unsigned kinds = 0;

    for (int s = 0; s < STEP_COUNT; s++)
        if (result->steps[s].count != 0) {
            fputs(kinds++ == 0 ? "" : ",\n", out);
            add_curve(out, result, step_name((enum step)s), result->steps[s].sorted_ns,
                      result->steps[s].count);
        }
    if (kinds > 1) {
        fputs(",\n", out);
        add_curve(out, result, "whole", result->latencies_ns, result->completed);
    }
}

void report_plots(FILE *out, const struct result *result)
{
    fprintf(out, "{\"slots\":[");
    for (unsigned i = 0; i < result->slot_count; i++)
        add_slot(out, result, i);
    fprintf(out, "],\n\"nines\":[");
    for (unsigned i = 0; i < CURVE_POINTS; i++)
        fprintf(out, "%s%.10g", i == 0 ? "" : ",", nines_at(result, i));
    fprintf(out, "],\n\"curves\":[");
    add_curves(out, result);
    fprintf(out, "]}\n");
}
