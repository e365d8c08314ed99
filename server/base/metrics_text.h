/* metrics_text.h: metrics as Prometheus reads them: its text format 0.0.4, and OpenMetrics 1.0.0. */
#ifndef CMPD_BASE_METRICS_TEXT_H
#define CMPD_BASE_METRICS_TEXT_H

#include "server/base/bytes.h"
#include "server/base/metrics.h"

enum metrics_format { METRICS_PROMETHEUS, METRICS_OPENMETRICS, METRICS_FORMATS };

/* struct metrics_text is a text that is being written. */
struct metrics_text {
    enum metrics_format format;
    char *text;
    size_t len, room;    /* of |text| */
    size_t series;       /* lines of values so far */
    size_t left_out;     /* that found no room below BOUND_METRICS_SERIES, or in |text| */
    const char *begun;   /* the metric whose HELP and TYPE are there */
    int is_bound_lifted; /* 1: of the one that tells of |left_out| */
};

/* metrics_content_type returns the media type of |format|. */
const char *metrics_content_type(enum metrics_format format);

/* metrics_format_of returns the format that an Accept field (RFC 9110 12.5.1) with |value| likes best;
 * Prometheus' own if it likes both alike, or none. */
enum metrics_format metrics_format_of(struct bytes value);

/* metrics_write writes the |count| rows of |table| into |text| (|room| octets), and returns the length. What
 * finds no room, or is beyond BOUND_METRICS_SERIES, is left out line by line, a histogram with all of its
 * lines, and told of by the last metric: cmpd_metrics_left_out. |arg| is for the rows that gather. Series
 * with two labels are there once they were counted. */
size_t metrics_write(char *text, size_t room, enum metrics_format format, struct metric *const *table,
                     size_t count, void *arg);

/* metrics_text_value writes a line of |metric|, which gathers: |values| are those of its labels, of which it
 * takes as many as it has, and need not be clean: what is no UTF-8, or not to be shown, becomes '?', and what
 * is beyond BOUND_METRIC_LABEL octets is cut. */
void metrics_text_value(struct metrics_text *out, const struct metric *metric, const char *const *values,
                        int64_t value);

#endif
