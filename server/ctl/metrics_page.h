/* metrics_page.h: a page of /metrics that was read, in the text format 0.0.4 of Prometheus. It may come from
 * anybody. */
#ifndef CMPD_CTL_METRICS_PAGE_H
#define CMPD_CTL_METRICS_PAGE_H

#include "server/base/bytes.h"

/* struct metrics_series is a line of it. */
struct metrics_series {
    struct bytes name;
    struct bytes labels; /* what stands between the braces, as it is written */
    double value;
    double growth; /* since a former page; metrics_page_since */
};

struct metrics_page {
    uint8_t *text;                 /* which the series point into */
    struct metrics_series *series; /* by name and labels */
    size_t count;
};

/* metrics_page_read reads |text| of |len| octets, malloc'ed, which |out| owns from now on, whatever is
 * returned. Lines that are none of the format are passed over. Returns 1, or 0 without memory. */
int metrics_page_read(struct metrics_page *out, uint8_t *text, size_t len);

/* metrics_page_cleanup frees what |page| owns. */
void metrics_page_cleanup(struct metrics_page *page);

/* metrics_page_since sets growth of all series: value less that in |former|, a page of the same node from
 * before. All of value where |former| has it not, or has more: the node has begun anew meanwhile. */
void metrics_page_since(struct metrics_page *page, const struct metrics_page *former);

/* metrics_label finds the value of the label |name| of |series| into |*out|, as it is written, escaped.
 * Returns 1, or 0 if it has none. */
int metrics_label(struct bytes *out, const struct metrics_series *series, const char *name);

/* metrics_is returns 1 if |series| has the name |name|, and |label| (NULL: any) with |value|. */
int metrics_is(const struct metrics_series *series, const char *name, const char *label, const char *value);

enum metrics_of { METRICS_VALUE, METRICS_GROWTH };

/* metrics_sum adds up |of| of all series of |pages| that metrics_is takes. */
double metrics_sum(const struct metrics_page *pages, size_t count, enum metrics_of of, const char *name,
                   const char *label, const char *value);

/* metrics_quantile estimates the value below which the share |q| lies of what the histogram |name| grew by:
 * within a bucket as if it were spread evenly, of the last bucket its lower bound. -1 where nothing grew. */
double metrics_quantile(const struct metrics_page *pages, size_t count, double q, const char *name,
                        const char *label, const char *value);

#endif
