/* metrics_table.c: every row is as Prometheus wants names to be, and the manual has it. */

#include "server/admin/metrics.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/base/bounds.h"
#include "server/base/file.h"

enum { ROW_MAX = 1024, MANUAL_MAX = 1 << 20 };

static const char *type_of(const struct metric *metric)
{
    return metric->type == METRIC_COUNTER ? "counter" : metric->type == METRIC_GAUGE ? "gauge" : "histogram";
}

static const char *row_of(char row[ROW_MAX], const struct metric *metric)
{
    size_t len = (size_t)snprintf(row, ROW_MAX, "| `%s%s` | %s | ", metric->name,
                                  metric->type == METRIC_COUNTER ? "_total" : "", type_of(metric));

    for (size_t i = 0; i < METRIC_LABELS && metric->labels[i] != NULL; i++)
        len +=
            (size_t)snprintf(row + len, ROW_MAX - len, "%s`%s`", i == 0 ? "" : ", ", metric->labels[i]->name);
    snprintf(row + len, ROW_MAX - len, " | %s |\n", metric->help);
    return row;
}

/* The rows of the table, in its order, and nothing else between. */
Test(metrics_table, is_that_of_the_manual)
{
    static const char head[] = "| name | type | labels | what it tells |\n| --- | --- | --- | --- |\n";
    char path[4096], row[ROW_MAX], *at;
    uint8_t *text;
    size_t len;

    snprintf(path, sizeof path, "%s/deploy/manual/metrics.md", getenv("CMPD_SOURCE"));
    cr_assert(file_read(&text, &len, path, MANUAL_MAX), "%s", path);
    text = realloc(text, len + 1);
    text[len] = 0;
    at = strstr((char *)text, head);
    cr_assert_not_null(at);
    at += strlen(head);
    for (size_t i = 0; i < metrics_table_count; i++) {
        row_of(row, metrics_table[i]);
        cr_expect_eq(strncmp(at, row, strlen(row)), 0, "the manual wants: %s", row);
        at = strchr(at, '\n');
        cr_assert_not_null(at);
        at++;
    }
    cr_expect_eq(*at, '\n', "the manual has more");
    free(text);
}

/* https://prometheus.io/docs/practices/naming: base units, no type in the name; OpenMetrics: a unit ends the
 * name; HELP has no character that is escaped. */
Test(metrics_table, names_follow_conventions)
{
    for (size_t i = 0; i < metrics_table_count; i++) {
        const struct metric *metric = metrics_table[i];
        size_t len = strlen(metric->name), unit = metric->unit != NULL ? strlen(metric->unit) : 0;
        for (size_t j = 0; j < len; j++)
            cr_expect(islower((unsigned char)metric->name[j]) || isdigit((unsigned char)metric->name[j]) ||
                          metric->name[j] == '_',
                      "%s", metric->name);
        cr_expect(unit == 0 || (len > unit && metric->name[len - unit - 1] == '_' &&
                                strcmp(metric->name + len - unit, metric->unit) == 0),
                  "%s", metric->name);
        cr_expect_null(strpbrk(metric->help, "\\\"\n"), "%s", metric->name);
        cr_expect_eq(metric->help[strlen(metric->help) - 1], '.', "%s", metric->name);
        cr_expect((metric->type == METRIC_HISTOGRAM) == (metric->buckets != NULL), "%s", metric->name);
        cr_expect(metric->gather != NULL || metric->labels[2] == NULL, "%s", metric->name);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(metric->name, metrics_table[k]->name);
    }
}

/* What is counted by itself, were all of it counted, leaves room for what a configuration makes many of. */
Test(metrics_table, what_is_counted_stays_below_the_bound)
{
    size_t series = 0;

    for (size_t i = 0; i < metrics_table_count; i++) {
        const struct metric *metric = metrics_table[i];
        if (metric->gather == NULL)
            series += metric_series_count(metric) *
                      (metric->type == METRIC_HISTOGRAM ? metric->buckets->count + 3 : 1);
    }
    cr_expect_lt(series, BOUND_METRICS_SERIES, "%zu", series);
}
