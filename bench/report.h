/* report.h: a result for people, for machines, and as a page with plots. */
#ifndef CMPD_BENCH_REPORT_H
#define CMPD_BENCH_REPORT_H

#include "bench/result.h"

/* struct report is what there is to tell. */
struct report {
    const struct run *run;
    const struct result *result;
    double floor_us; /* cryptography of an enrollment, CPU time; -1: not known */
};

void report_text(FILE *out, const struct report *report);
void report_json(FILE *out, const struct report *report);

/* report_html writes the page to |path|. 1, or 0 with a fault printed. */
int report_html(const char *path, const struct report *report);

/* The percentiles that reports name. */
struct report_percentile {
    double share;
    const char *name, *key; /* "p99.9", "p999_us" */
};
enum { REPORT_PERCENTILES = 6 };
extern const struct report_percentile report_percentiles[REPORT_PERCENTILES];

/* report_percentile_us returns one of them, of the |count| in |sorted_ns|, rounded to microseconds. */
int64_t report_percentile_us(const int64_t *sorted_ns, unsigned count, int which);

/* report_plots writes the numbers of the page's plots as one JSON object, which page.js draws. Nothing that
 * comes from outside is in it. */
void report_plots(FILE *out, const struct result *result);

/* report_transport writes in words how |options| reach the server: "HTTP/2 over TLS, 16 streams, kept
 * connections". */
const char *report_transport(char out[96], const struct options *options);

#endif
