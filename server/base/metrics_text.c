/* metrics_text.c: see metrics_text.h. A line is written whole or not at all. */
#include "server/base/metrics_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "server/base/bounds.h"
#include "server/base/utf8.h"

enum {
    LABEL_MAX = 2 * BOUND_METRIC_LABEL + 1, /* octets of a value that is escaped, and a NUL */
    MICRO = 1000000,
    NUMBER_MAX = 40,
    QUALITY_WHOLE = 1000, /* RFC 9110 12.4.2: three digits after the point */
    END_ROOM = 512,       /* for what is left out, and "# EOF" */
};

/* ---- pieces ---- */

static void put(struct metrics_text *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(struct metrics_text *out, const char *format, ...)
{
    size_t room = out->len < out->room ? out->room - out->len : 0;
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(room > 0 ? out->text + out->len : NULL, room, format, args);
    va_end(args);
    out->len += len > 0 ? (size_t)len : 0;
}

/* Takes back what did not fit since |before|. Returns 1 if all of it is there. */
static int keep(struct metrics_text *out, size_t before)
{
    size_t end = out->is_bound_lifted ? 0 : END_ROOM;

    if (out->len + end < out->room)
        return 1;
    out->len = before;
    return 0;
}

/* Both formats have three octets that need a backslash: '\', '"' and a line feed. A page that is not UTF-8
 * throughout is refused whole: each octet that is none becomes '?', and a cut is between two characters. So
 * do control characters: nobody wants them in a terminal. */
static void escape(char out[LABEL_MAX], const char *value)
{
    size_t len = 0, left = strlen(value), taken = 0;

    while (left > 0) {
        size_t shown = utf8_shown((const uint8_t *)value, left), octets = shown > 0 ? shown : 1;
        if ((taken += octets) > BOUND_METRIC_LABEL)
            break;
        if (*value == '\\' || *value == '"' || *value == '\n')
            out[len++] = '\\';
        if (shown > 0)
            memcpy(out + len, value, octets);
        else
            out[len] = *value == '\n' ? 'n' : '?';
        len += octets;
        value += octets;
        left -= octets;
    }
    out[len] = 0;
}

static void put_labels(struct metrics_text *out, const struct metric *metric, const char *const *values,
                       const char *le)
{
    const char *before = "{";
    char value[LABEL_MAX];

    for (size_t i = 0; i < METRIC_LABELS && metric->labels[i] != NULL; i++) {
        escape(value, values[i] != NULL ? values[i] : "");
        put(out, "%s%s=\"%s\"", before, metric->labels[i]->name, value);
        before = ",";
    }
    if (le != NULL)
        put(out, "%sle=\"%s\"", before, le);
    if (le != NULL || metric->labels[0] != NULL)
        put(out, "}");
}

static const char *suffix_of(const struct metric *metric)
{
    return metric->type == METRIC_COUNTER ? "_total" : "";
}

/* In Prometheus' own format a counter's name has its suffix here, too; in OpenMetrics only its lines do. */
static void put_head(struct metrics_text *out, const struct metric *metric)
{
    static const char *const types[] = {
        [METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
    int is_open = out->format == METRICS_OPENMETRICS;
    const char *suffix = is_open ? "" : suffix_of(metric);

    if (out->begun == metric->name)
        return;
    put(out, "# HELP %s%s %s\n# TYPE %s%s %s\n", metric->name, suffix, metric->help, metric->name, suffix,
        types[metric->type]);
    if (is_open && metric->unit != NULL)
        put(out, "# UNIT %s %s\n", metric->name, metric->unit);
}

static void write_number(char text[NUMBER_MAX], const struct metric *metric, uint64_t value)
{
    if (metric->in_micro)
        snprintf(text, NUMBER_MAX, "%" PRIu64 ".%06" PRIu64, value / MICRO, value % MICRO);
    else
        snprintf(text, NUMBER_MAX, "%" PRIu64, value);
}

/* A bound is a number with a point in OpenMetrics; the same for both, so that a series is the same by
 * either. */
static void write_bound(char text[NUMBER_MAX], const struct metric *metric, uint64_t bound)
{
    size_t len;

    if (!metric->in_micro) {
        snprintf(text, NUMBER_MAX, "%" PRIu64 ".0", bound);
        return;
    }
    write_number(text, metric, bound);
    for (len = strlen(text); text[len - 1] == '0' && text[len - 2] != '.'; len--)
        text[len - 1] = 0;
}

/* ---- series ---- */

/* Whether |lines| more lines are within the bound; counts them as left out if not. */
static int take(struct metrics_text *out, size_t lines)
{
    if (out->is_bound_lifted || out->series + lines <= BOUND_METRICS_SERIES - 1)
        return 1;
    out->left_out += lines;
    return 0;
}

/* Counts |lines| that were written since |before|, or takes them back. */
static void finish(struct metrics_text *out, const struct metric *metric, size_t before, size_t lines)
{
    if (!keep(out, before)) {
        out->left_out += lines;
        return;
    }
    out->series += lines;
    out->begun = metric->name;
}

static void write_value(struct metrics_text *out, const struct metric *metric, const char *const *values,
                        const char *number)
{
    size_t before = out->len;

    if (!take(out, 1))
        return;
    put_head(out, metric);
    put(out, "%s%s", metric->name, suffix_of(metric));
    put_labels(out, metric, values, NULL);
    put(out, " %s\n", number);
    finish(out, metric, before, 1);
}

void metrics_text_value(struct metrics_text *out, const struct metric *metric, const char *const *values,
                        int64_t value)
{
    char number[NUMBER_MAX];

    if (metric->in_micro && value >= 0)
        write_number(number, metric, (uint64_t)value);
    else
        snprintf(number, sizeof number, "%" PRId64, value);
    write_value(out, metric, values, number);
}

static void write_counter(struct metrics_text *out, const struct metric *metric, size_t series,
                          const char *const *values)
{
    uint64_t value = metric_read(metric, series);
    char number[NUMBER_MAX];

    if (value == 0 && metric->labels[1] != NULL)
        return;
    write_number(number, metric, value);
    write_value(out, metric, values, number);
}

static void write_histogram(struct metrics_text *out, const struct metric *metric, size_t series,
                            const char *const *values)
{
    uint64_t buckets[METRIC_BUCKETS_MAX], sum, count = 0;
    size_t bounds = metric->buckets->count, lines = bounds + 3, before = out->len;
    char number[NUMBER_MAX];

    metric_read_histogram(metric, series, buckets, &sum);
    for (size_t i = 0; i <= bounds; i++)
        count += buckets[i];
    if ((count == 0 && metric->labels[0] != NULL) || !take(out, lines))
        return;
    put_head(out, metric);
    count = 0;
    for (size_t i = 0; i <= bounds; i++) {
        if (i < bounds)
            write_bound(number, metric, metric->buckets->bounds[i]);
        put(out, "%s_bucket", metric->name);
        put_labels(out, metric, values, i < bounds ? number : "+Inf");
        put(out, " %" PRIu64 "\n", count += buckets[i]);
    }
    write_number(number, metric, sum);
    put(out, "%s_sum", metric->name);
    put_labels(out, metric, values, NULL);
    put(out, " %s\n%s_count", number, metric->name);
    put_labels(out, metric, values, NULL);
    put(out, " %" PRIu64 "\n", count);
    finish(out, metric, before, lines);
}

static const char *value_of(const struct metric_label *label, size_t i)
{
    return label != NULL ? label->value(i) : "";
}

static void write_counted(struct metrics_text *out, const struct metric *metric)
{
    size_t second = metric->labels[1] != NULL ? metric->labels[1]->count : 1;

    for (size_t series = 0; series < metric_series_count(metric); series++) {
        const char *values[METRIC_LABELS] = {value_of(metric->labels[0], series / second),
                                             value_of(metric->labels[1], series % second)};
        if (values[0] == NULL || values[1] == NULL)
            continue;
        if (metric->type == METRIC_HISTOGRAM)
            write_histogram(out, metric, series, values);
        else
            write_counter(out, metric, series, values);
    }
}

size_t metrics_write(char *text, size_t room, enum metrics_format format, struct metric *const *table,
                     size_t count, void *arg)
{
    static const struct metric left_out = {
        .name = "cmpd_metrics_left_out",
        .help = "Series that are not in this text because there are too many.",
        .type = METRIC_GAUGE,
    };
    struct metrics_text out = {.format = format, .room = room};

    out.text = text;
    for (size_t i = 0; i < count; i++)
        if (table[i]->gather != NULL)
            table[i]->gather(table[i], &out, arg);
        else
            write_counted(&out, table[i]);
    out.is_bound_lifted = 1;
    metrics_text_value(&out, &left_out, NULL, (int64_t)out.left_out);
    if (format == METRICS_OPENMETRICS)
        put(&out, "# EOF\n");
    return out.len < room ? out.len : 0;
}

/* ---- formats ---- */

const char *metrics_content_type(enum metrics_format format)
{
    static const char *const types[METRICS_FORMATS] = {
        [METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
        [METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8"};

    return types[format];
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* next_part returns what stands before the next |mark| in |*rest|, and takes both off. */
static struct bytes next_part(struct bytes *rest, char mark)
{
    const uint8_t *at = rest->len > 0 ? memchr(rest->data, mark, rest->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - rest->data) : rest->len;
    struct bytes part = bytes_of(rest->data, len);

    *rest = at != NULL ? bytes_of(at + 1, rest->len - len - 1) : bytes_of(NULL, 0);
    return trimmed(part);
}

static int is_word(struct bytes text, const char *word)
{
    return text.len == strlen(word) && strncasecmp((const char *)text.data, word, text.len) == 0;
}

/* RFC 9110 12.4.2: "0" or "1" with up to three digits after a point, in thousandths. */
static int quality_of(struct bytes text)
{
    char number[8] = "";

    if (text.len >= sizeof number)
        return 0;
    memcpy(number, text.data, text.len);
    double q = strtod(number, NULL);
    return q > 0 ? (int)((q < 1 ? q : 1) * QUALITY_WHOLE) : 0;
}

/* take_range raises the quality of what one element of the list accepts. Versions that we do not write are
 * accepted by nobody. */
static void take_range(int qualities[METRICS_FORMATS], struct bytes element)
{
    struct bytes type = next_part(&element, ';');
    int quality = QUALITY_WHOLE, is_ours = 1, is_open = is_word(type, "application/openmetrics-text");
    int is_text = is_word(type, "text/plain") || is_word(type, "text/*") || is_word(type, "*/*");

    while (element.len > 0) {
        struct bytes value = next_part(&element, ';'), name = next_part(&value, '=');
        if (is_word(name, "q"))
            quality = quality_of(trimmed(value));
        else if (is_word(name, "version"))
            is_ours = is_word(trimmed(value), is_open ? "1.0.0" : "0.0.4");
    }
    if (is_open && is_ours && quality > qualities[METRICS_OPENMETRICS])
        qualities[METRICS_OPENMETRICS] = quality;
    if (is_text && is_ours && quality > qualities[METRICS_PROMETHEUS])
        qualities[METRICS_PROMETHEUS] = quality;
}

enum metrics_format metrics_format_of(struct bytes value)
{
    int qualities[METRICS_FORMATS] = {0};

    while (value.len > 0)
        take_range(qualities, next_part(&value, ','));
    return qualities[METRICS_OPENMETRICS] > qualities[METRICS_PROMETHEUS] ? METRICS_OPENMETRICS
                                                                          : METRICS_PROMETHEUS;
}
