/* top_view.c: see top_view.h. The text is made whole, and then shown line by line: what a node says is never
 * sent to a terminal as it is. */
#include "server/ctl/top_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/cert.h"

enum {
    PARTS_MAX = 128, /* values of a label */
    NAMED_MAX = 8,   /* … that are named in a line */
    ENDS_MAX = 6,
    NUMBER_MAX = 32,
    MILLI = 1000,
    MICRO = 1000000,
    MINUTE = 60,
    HOUR = 60 * MINUTE,
    DAY = 24 * HOUR,
    TWO_HOURS = 2 * HOUR, /* below these the smaller unit tells more */
    TWO_DAYS = 2 * DAY,
};
#define NUMBER_MOST 1e12
#define HALF 0.5
#define NEARLY_ALL 0.99
#define SHOWN_LEAST 0.05 /* a second: less would be shown as 0.0 */

/* ---- numbers ---- */

/* Whatever somebody answers: what is no number is none. */
static double bounded(double value)
{
    return value > 0 ? (value < NUMBER_MOST ? value : NUMBER_MOST) : 0;
}

/* 1234567.8 as "1,234,567.8". */
static const char *rate(char out[NUMBER_MAX], double value)
{
    char plain[NUMBER_MAX];
    size_t len, point, to = 0;

    len = (size_t)snprintf(plain, sizeof plain, "%.1f", bounded(value));
    point = len - 2;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && i < point && (point - i) % 3 == 0)
            out[to++] = ',';
        out[to++] = plain[i];
    }
    out[to] = 0;
    return out;
}

static const char *duration(char out[NUMBER_MAX], double seconds)
{
    if (seconds < 0)
        snprintf(out, NUMBER_MAX, "-");
    else if (seconds < 1.0 / MILLI)
        snprintf(out, NUMBER_MAX, "%.0f us", seconds * MICRO);
    else if (seconds < 1)
        snprintf(out, NUMBER_MAX, "%.1f ms", seconds * MILLI);
    else
        snprintf(out, NUMBER_MAX, "%.2f s", seconds);
    return out;
}

static const char *distance(char out[NUMBER_MAX], double seconds)
{
    long long left = (long long)bounded(seconds < 0 ? -seconds : seconds);
    const char *ago = seconds < 0 ? " ago" : "";

    if (left >= TWO_DAYS)
        snprintf(out, NUMBER_MAX, "%lld days%s", left / DAY, ago);
    else if (left >= TWO_HOURS)
        snprintf(out, NUMBER_MAX, "%lld hours%s", left / HOUR, ago);
    else
        snprintf(out, NUMBER_MAX, "%lld minutes%s", left / MINUTE, ago);
    return out;
}

/* ---- sums by a label ---- */

struct part {
    struct bytes name;
    double value;
};

struct parts {
    struct part of[PARTS_MAX];
    size_t count;
};

static struct part *part_of(struct parts *parts, struct bytes name)
{
    for (size_t i = 0; i < parts->count; i++)
        if (bytes_equal(parts->of[i].name, name))
            return &parts->of[i];
    if (parts->count == PARTS_MAX)
        return NULL;
    parts->of[parts->count] = (struct part){name, 0};
    return &parts->of[parts->count++];
}

static int compare_parts(const void *a, const void *b)
{
    double one = ((const struct part *)a)->value, other = ((const struct part *)b)->value;

    return (one < other) - (one > other);
}

/* What the counter |name| grew by a second, for each value of |label|; the most first. */
static void grow_by(struct parts *out, const struct top_moment *moment, const char *name, const char *label)
{
    struct bytes value;
    struct part *part;

    out->count = 0;
    for (size_t i = 0; i < moment->count; i++)
        for (size_t k = 0; k < moment->pages[i].count; k++) {
            const struct metrics_series *series = &moment->pages[i].series[k];
            if (metrics_is(series, name, NULL, NULL) && metrics_label(&value, series, label) &&
                (part = part_of(out, value)) != NULL)
                part->value += series->growth / moment->seconds;
        }
    qsort(out->of, out->count, sizeof out->of[0], compare_parts);
}

static double grown(const struct top_moment *moment, const char *name, const char *label, const char *value)
{
    return metrics_sum(moment->pages, moment->count, METRICS_GROWTH, name, label, value) / moment->seconds;
}

static double mean(const struct top_moment *moment, const char *name, const char *label, const char *value)
{
    char sum[NUMBER_MAX * 2], count[NUMBER_MAX * 2];
    double of;

    snprintf(sum, sizeof sum, "%s_sum", name);
    snprintf(count, sizeof count, "%s_count", name);
    of = grown(moment, count, label, value);
    return of > 0 ? grown(moment, sum, label, value) / of : 0;
}

/* ---- what is shown ---- */

static void put_head(FILE *out, const struct top_moment *moment)
{
    char at[CTL_TIME_MAX];
    size_t there = 0;

    for (size_t i = 0; i < moment->count; i++)
        there += moment->nodes[i].is_there != 0;
    fprintf(out, "cmpd at %s: %zu of %zu nodes answer, %.0f ready; what came in %.1f s\n\n",
            ctl_time(at, moment->now), there, moment->count,
            bounded(metrics_sum(moment->pages, moment->count, METRICS_VALUE, "cmpd_ready", NULL, NULL)),
            moment->seconds);
}

/* The alarms that are on, in a row. */
static void put_alarms(FILE *out, const struct metrics_page *page)
{
    struct bytes name;

    for (size_t i = 0; i < page->count; i++)
        if (metrics_is(&page->series[i], "cmpd_alarm", NULL, NULL) && page->series[i].value != 0 &&
            metrics_label(&name, &page->series[i], "alarm"))
            fprintf(out, " %.*s", (int)name.len, (const char *)name.data);
}

static const char *yes_no(const struct metrics_page *page, const char *name)
{
    return metrics_sum(page, 1, METRICS_VALUE, name, NULL, NULL) != 0 ? "yes" : "NO";
}

static void put_node(FILE *out, const struct top_moment *moment, size_t i)
{
    const struct top_node *node = &moment->nodes[i];
    const struct metrics_page *page = &moment->pages[i];
    const struct top_moment alone = {node, page, 1, moment->seconds, moment->now};
    char all[NUMBER_MAX], rejected[NUMBER_MAX], crowded[NUMBER_MAX], half[NUMBER_MAX], most[NUMBER_MAX];

    fprintf(out, "%-32s ", node->url);
    if (!node->is_there) {
        fprintf(out, "%s\n", node->why);
        return;
    }
    if (node->is_new) {
        fprintf(out, "%-5s %-5s  since a moment ago\n", yes_no(page, "cmpd_ready"),
                yes_no(page, "cmpd_store_up"));
        return;
    }
    fprintf(
        out, "%-5s %-5s %10s %10s %10s %9s %9s %7.0f ", yes_no(page, "cmpd_ready"),
        yes_no(page, "cmpd_store_up"), rate(all, grown(&alone, "cmpd_requests_total", NULL, NULL)),
        rate(rejected, grown(&alone, "cmpd_requests_total", "outcome", "rejected")),
        rate(crowded, grown(&alone, "cmpd_overload_refusals_total", NULL, NULL)),
        duration(half, metrics_quantile(page, 1, HALF, "cmpd_request_duration_seconds", NULL, NULL)),
        duration(most, metrics_quantile(page, 1, NEARLY_ALL, "cmpd_request_duration_seconds", NULL, NULL)),
        bounded(metrics_sum(page, 1, METRICS_VALUE, "cmpd_jobs", NULL, NULL)));
    put_alarms(out, page);
    fprintf(out, "\n");
}

static void put_nodes(FILE *out, const struct top_moment *moment)
{
    fprintf(out, "%-32s %-5s %-5s %10s %10s %10s %9s %9s %7s  %s\n", "NODE", "READY", "STORE", "MESSAGES/S",
            "REJECTED/S", "NO ROOM/S", "HALF IN", "99 % IN", "IN HAND", "ALARMS");
    for (size_t i = 0; i < moment->count; i++)
        put_node(out, moment, i);
}

/* A line for each value of |label| that had something to do: so many a second, and how long it took. |sizes|:
 * the histogram of its batches, or NULL. */
static void put_durations(FILE *out, const struct top_moment *moment, const char *title, const char *name,
                          const char *label, const char *sizes)
{
    char counted[NUMBER_MAX * 2], number[NUMBER_MAX], half[NUMBER_MAX], most[NUMBER_MAX],
        label_value[NUMBER_MAX];
    struct parts parts;

    snprintf(counted, sizeof counted, "%s_count", name);
    grow_by(&parts, moment, counted, label);
    fprintf(out, "\n%-16s %10s %9s %9s%s\n", title, "A SECOND", "HALF IN", "99 % IN",
            sizes != NULL ? "   A BATCH" : "");
    for (size_t i = 0; i < parts.count && parts.of[i].value > 0; i++) {
        snprintf(label_value, sizeof label_value, "%.*s", (int)parts.of[i].name.len,
                 (const char *)parts.of[i].name.data);
        fprintf(
            out, "%-16s %10s %9s %9s", label_value, rate(number, parts.of[i].value),
            duration(half, metrics_quantile(moment->pages, moment->count, HALF, name, label, label_value)),
            duration(most,
                     metrics_quantile(moment->pages, moment->count, NEARLY_ALL, name, label, label_value)));
        if (sizes != NULL)
            fprintf(out, " %9s", rate(number, mean(moment, sizes, label, label_value)));
        fprintf(out, "\n");
    }
}

/* One line: the values of |label| whose counter grows most. */
static void put_named(FILE *out, const struct top_moment *moment, const char *title, const char *name,
                      const char *label)
{
    char number[NUMBER_MAX];
    struct parts parts;

    grow_by(&parts, moment, name, label);
    fprintf(out, "%-16s", title);
    if (parts.count == 0 || parts.of[0].value < SHOWN_LEAST)
        fprintf(out, "  none");
    for (size_t i = 0; i < parts.count && i < NAMED_MAX && parts.of[i].value >= SHOWN_LEAST; i++)
        fprintf(out, "  %.*s %s", (int)parts.of[i].name.len, (const char *)parts.of[i].name.data,
                rate(number, parts.of[i].value));
    fprintf(out, "\n");
}

static void put_store(FILE *out, const struct top_moment *moment)
{
    static const char name[] = "cmpd_store_commit_duration_seconds";
    char units[NUMBER_MAX], size[NUMBER_MAX], half[NUMBER_MAX], most[NUMBER_MAX];

    fprintf(out, "%-16s  %s a second, %s in a commit; half of the commits in %s, 99 %% in %s\n", "units",
            rate(units, grown(moment, "cmpd_store_units_total", NULL, NULL)),
            rate(size, mean(moment, "cmpd_store_group_units", NULL, NULL)),
            duration(half, metrics_quantile(moment->pages, moment->count, HALF, name, NULL, NULL)),
            duration(most, metrics_quantile(moment->pages, moment->count, NEARLY_ALL, name, NULL, NULL)));
}

/* ---- what ends ---- */

struct ending {
    double at;
    const struct metrics_series *of;
};

/* The earliest first; one that several nodes tell of once. */
static void note_end(struct ending ends[ENDS_MAX], size_t *count, const struct metrics_series *series)
{
    size_t at = 0;

    for (size_t i = 0; i < *count; i++)
        if (series->value == ends[i].at && bytes_equal(series->labels, ends[i].of->labels))
            return;
    while (at < *count && ends[at].at <= series->value)
        at++;
    if (at == ENDS_MAX)
        return;
    *count += *count < ENDS_MAX;
    memmove(&ends[at + 1], &ends[at], (*count - at - 1) * sizeof ends[0]);
    ends[at] = (struct ending){series->value, series};
}

static void put_label(FILE *out, const struct metrics_series *series, const char *label)
{
    struct bytes value;

    if (metrics_label(&value, series, label) && value.len > 0)
        fprintf(out, "  %.*s", (int)value.len, (const char *)value.data);
}

static void put_ends(FILE *out, const struct top_moment *moment)
{
    static const char *const names[] = {"x509_cert_not_after", "x509_crl_next_update",
                                        "cmpd_given_crl_next_update_timestamp_seconds"};
    static const char *const kinds[] = {"certificate", "CRL", "CRL"};
    static const char *const labels[] = {"subject_CN", "setting", "ca", "scope", "filepath"};
    struct ending ends[ENDS_MAX];
    char left[NUMBER_MAX];
    size_t count = 0;

    for (size_t i = 0; i < moment->count; i++)
        for (size_t k = 0; k < moment->pages[i].count; k++)
            for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
                if (metrics_is(&moment->pages[i].series[k], names[n], NULL, NULL))
                    note_end(ends, &count, &moment->pages[i].series[k]);
    fprintf(out, "\nENDS NEXT\n");
    for (size_t i = 0; i < count; i++) {
        size_t n = 0;
        while (!metrics_is(ends[i].of, names[n], NULL, NULL))
            n++;
        fprintf(out, "%-16s  %s", distance(left, ends[i].at - (double)moment->now), kinds[n]);
        for (size_t k = 0; k < sizeof labels / sizeof labels[0]; k++)
            put_label(out, ends[i].of, labels[k]);
        fprintf(out, "\n");
    }
}

static void put_all(FILE *out, const struct top_moment *moment)
{
    put_head(out, moment);
    put_nodes(out, moment);
    put_durations(out, moment, "MESSAGES", "cmpd_request_duration_seconds", "body", NULL);
    put_durations(out, moment, "STAGES", "cmpd_stage_duration_seconds", "stage", "cmpd_batch_items");
    fprintf(out, "\nA SECOND\n");
    put_named(out, moment, "refusals", "cmpd_refusals_total", "fail_info");
    put_named(out, moment, "by profile", "cmpd_profile_refusals_total", "profile");
    put_named(out, moment, "no room", "cmpd_overload_refusals_total", "reason");
    put_store(out, moment);
    put_named(out, moment, "conflicts", "cmpd_store_conflicts_total", "precondition");
    put_ends(out, moment);
}

/* ---- the terminal ---- */

/* "Home", then each line over what was there, then nothing below. */
static void show_lines(const char *text, size_t len, struct terminal terminal)
{
    size_t lines = 0;

    if (terminal.height != 0)
        fputs("\033[H", stdout);
    for (size_t at = 0; at < len && (terminal.height == 0 || lines + 1 < terminal.height); lines++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end != NULL ? (size_t)(end - text) - at : len - at;
        cert_put_text(bytes_of(text + at, line), terminal.width);
        fputs(terminal.height != 0 ? "\033[K\n" : "\n", stdout);
        at += line + 1;
    }
    if (terminal.height != 0)
        fputs("\033[J", stdout);
    else
        putchar('\n');
}

int top_show(const struct top_moment *moment, struct terminal terminal)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return 0;
    put_all(out, moment);
    if (fclose(out) != 0) {
        free(text);
        return 0;
    }
    show_lines(text, len, terminal);
    free(text);
    return fflush(stdout) == 0;
}
