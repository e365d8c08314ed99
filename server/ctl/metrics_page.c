/* metrics_page.c: see metrics_page.h. */
#include "server/ctl/metrics_page.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_OCTETS = 128, BUCKETS_MAX = 64, NUMBER_MAX = 64 };

/* ---- reading ---- */

static int is_name(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

/* The length of what stands in braces at |p|, without them, or |left| if they are not closed. A value in
 * quotes may hold a brace, and a backslash before a quote. */
static size_t labels_len(const uint8_t *p, size_t left)
{
    int quoted = 0;

    for (size_t i = 0; i < left; i++) {
        if (quoted && p[i] == '\\')
            i++;
        else if (p[i] == '"')
            quoted = !quoted;
        else if (p[i] == '}' && !quoted)
            return i;
    }
    return left;
}

/* |text| has to be a number to its end, or to a space. */
static int read_number(double *out, const uint8_t *text, size_t len)
{
    char number[NUMBER_MAX], *end;

    if (len == 0 || len >= sizeof number)
        return 0;
    memcpy(number, text, len);
    number[len] = 0;
    *out = strtod(number, &end);
    return end != number && (*end == 0 || *end == ' ') && isfinite(*out);
}

/* One line, without its end. Returns 0 if it is no series. */
static int read_line(struct metrics_series *out, const uint8_t *line, size_t len)
{
    size_t at = 0, inside;

    while (at < len && is_name(line[at]))
        at++;
    if (at == 0 || at > NAME_MAX_OCTETS)
        return 0;
    *out = (struct metrics_series){.name = bytes_of(line, at)};
    if (at < len && line[at] == '{') {
        at++;
        inside = labels_len(line + at, len - at);
        if (inside == len - at)
            return 0;
        out->labels = bytes_of(line + at, inside);
        at += inside + 1;
    }
    return at < len && line[at] == ' ' && read_number(&out->value, line + at + 1, len - at - 1);
}

static int compare_bytes(struct bytes a, struct bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter > 0 ? memcmp(a.data, b.data, shorter) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare(const void *a, const void *b)
{
    const struct metrics_series *one = a, *other = b;
    int order = compare_bytes(one->name, other->name);

    return order != 0 ? order : compare_bytes(one->labels, other->labels);
}

static size_t count_lines(const uint8_t *text, size_t len)
{
    size_t lines = 1;

    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

int metrics_page_read(struct metrics_page *out, uint8_t *text, size_t len)
{
    *out = (struct metrics_page){.text = text};
    out->series = calloc(count_lines(text, len), sizeof(struct metrics_series));
    if (out->series == NULL)
        return 0;
    for (size_t at = 0; at < len;) {
        const uint8_t *end = memchr(text + at, '\n', len - at);
        size_t line = end != NULL ? (size_t)(end - text) - at : len - at;
        out->count += read_line(&out->series[out->count], text + at, line) != 0;
        at += line + 1;
    }
    qsort(out->series, out->count, sizeof(struct metrics_series), compare);
    return 1;
}

void metrics_page_cleanup(struct metrics_page *page)
{
    free(page->text);
    free(page->series);
    *page = (struct metrics_page){.text = NULL};
}

void metrics_page_since(struct metrics_page *page, const struct metrics_page *former)
{
    for (size_t i = 0, k = 0; i < page->count; i++) {
        struct metrics_series *series = &page->series[i];
        double before = 0;
        while (k < former->count && compare(&former->series[k], series) < 0)
            k++;
        if (k < former->count && compare(&former->series[k], series) == 0)
            before = former->series[k].value;
        series->growth = before <= series->value ? series->value - before : series->value;
    }
}

/* ---- asking ---- */

int metrics_label(struct bytes *out, const struct metrics_series *series, const char *name)
{
    const uint8_t *p = series->labels.data;
    size_t left = series->labels.len, len = strlen(name);

    while (left > 0) {
        const uint8_t *equals = memchr(p, '=', left);
        size_t key = equals != NULL ? (size_t)(equals - p) : left, value = 0;
        if (left < key + 2 || p[key + 1] != '"')
            return 0;
        for (value = key + 2; value < left && p[value] != '"'; value++)
            value += p[value] == '\\';
        if (value >= left)
            return 0;
        if (key == len && memcmp(p, name, len) == 0) {
            *out = bytes_of(p + key + 2, value - key - 2);
            return 1;
        }
        value++;
        if (value < left && p[value] == ',')
            value++;
        p += value;
        left -= value;
    }
    return 0;
}

static int is_text(struct bytes a, const char *text)
{
    return a.len == strlen(text) && memcmp(a.data, text, a.len) == 0;
}

int metrics_is(const struct metrics_series *series, const char *name, const char *label, const char *value)
{
    struct bytes found;

    return is_text(series->name, name) &&
           (label == NULL || (metrics_label(&found, series, label) && is_text(found, value)));
}

double metrics_sum(const struct metrics_page *pages, size_t count, enum metrics_of of, const char *name,
                   const char *label, const char *value)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pages[i].count; k++)
            if (metrics_is(&pages[i].series[k], name, label, value))
                sum += of == METRICS_GROWTH ? pages[i].series[k].growth : pages[i].series[k].value;
    return sum;
}

/* ---- histograms ---- */

struct bucket {
    double bound; /* INFINITY: the last one */
    double grown; /* what is not above it */
};

struct histogram {
    struct bucket buckets[BUCKETS_MAX];
    size_t count;
};

/* Buckets of several nodes and series with one bound are one. */
static void add_bucket(struct histogram *histogram, double bound, double grown)
{
    size_t i = 0;

    while (i < histogram->count && histogram->buckets[i].bound != bound)
        i++;
    if (i == BUCKETS_MAX)
        return;
    if (i == histogram->count)
        histogram->buckets[histogram->count++] = (struct bucket){bound, 0};
    histogram->buckets[i].grown += grown;
}

static int compare_buckets(const void *a, const void *b)
{
    double one = ((const struct bucket *)a)->bound, other = ((const struct bucket *)b)->bound;

    return (one > other) - (one < other);
}

static void gather(struct histogram *out, const struct metrics_page *pages, size_t count, const char *name,
                   const char *label, const char *value)
{
    char buckets[NAME_MAX_OCTETS + 1];
    struct bytes le;
    double bound;

    snprintf(buckets, sizeof buckets, "%s_bucket", name);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < pages[i].count; k++) {
            const struct metrics_series *series = &pages[i].series[k];
            if (!metrics_is(series, buckets, label, value) || !metrics_label(&le, series, "le"))
                continue;
            if (is_text(le, "+Inf"))
                add_bucket(out, INFINITY, series->growth);
            else if (read_number(&bound, le.data, le.len))
                add_bucket(out, bound, series->growth);
        }
    qsort(out->buckets, out->count, sizeof(struct bucket), compare_buckets);
}

double metrics_quantile(const struct metrics_page *pages, size_t count, double q, const char *name,
                        const char *label, const char *value)
{
    struct histogram histogram = {.count = 0};
    double low = 0, below = 0, wanted;

    gather(&histogram, pages, count, name, label, value);
    if (histogram.count == 0 || histogram.buckets[histogram.count - 1].grown <= 0)
        return -1;
    wanted = q * histogram.buckets[histogram.count - 1].grown;
    for (size_t i = 0; i < histogram.count; i++) {
        const struct bucket *bucket = &histogram.buckets[i];
        if (bucket->grown >= wanted && bucket->grown > below)
            return isinf(bucket->bound)
                       ? low
                       : low + (bucket->bound - low) * (wanted - below) / (bucket->grown - below);
        low = bucket->bound;
        below = bucket->grown;
    }
    return low;
}
