/* test_metrics_page.c: reading what a node tells at /metrics. Expectations are of the text format 0.0.4 of
 * Prometheus. */
#include "server/ctl/metrics_page.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct metrics_page page, former;

static void read(struct metrics_page *out, const char *text)
{
    cr_assert(metrics_page_read(out, (uint8_t *)strdup(text), strlen(text)));
}

static void end(void)
{
    metrics_page_cleanup(&page);
    metrics_page_cleanup(&former);
}

static double value(const char *name, const char *label, const char *of)
{
    return metrics_sum(&page, 1, METRICS_VALUE, name, label, of);
}

static double growth(const char *name)
{
    return metrics_sum(&page, 1, METRICS_GROWTH, name, NULL, NULL);
}

Test(metrics_page, series_are_read, .fini = end)
{
    read(&page, "# HELP a_total of a\n# TYPE a_total counter\na_total{x=\"1\",y=\"2\"} "
                "3\na_total{x=\"2\",y=\"2\"} 4 1790000000000\n\nb 0.5");
    cr_assert_eq(page.count, 3);
    cr_assert_eq(value("a_total", NULL, NULL), 7);
    cr_assert_eq(value("a_total", "x", "2"), 4);
    cr_assert_eq(value("a_total", "y", "2"), 7);
    cr_assert_eq(value("a_total", "z", "2"), 0);
    cr_assert_eq(value("b", NULL, NULL), 0.5);
    cr_assert_eq(value("a", NULL, NULL), 0);
}

/* A value in quotes may have each of the signs that end something elsewhere. */
Test(metrics_page, labels_are_escaped, .fini = end)
{
    struct bytes found;

    read(&page, "a{x=\"} 1\",y=\"a\\\"b,x=\\\\\",z=\"end\"} 2\n");
    cr_assert_eq(page.count, 1);
    cr_assert_eq(page.series[0].value, 2);
    cr_assert(metrics_label(&found, &page.series[0], "x") && bytes_equal(found, bytes_str("} 1")));
    cr_assert(metrics_label(&found, &page.series[0], "y") && bytes_equal(found, bytes_str("a\\\"b,x=\\\\")));
    cr_assert(metrics_label(&found, &page.series[0], "z") && bytes_equal(found, bytes_str("end")));
    cr_assert_not(metrics_label(&found, &page.series[0], "b,x"));
}

Test(metrics_page, other_lines_are_passed_over, .fini = end)
{
    read(&page, "<html>\n{x=\"1\"} 1\na{x=\"1\" 1\nb\nc x\nd NaN\ne 1x\nf 1\n");
    cr_assert_eq(page.count, 1);
    cr_assert_eq(value("f", NULL, NULL), 1);
}

Test(metrics_page, what_has_grown, .fini = end)
{
    read(&former, "a 3\nb 9\ngone 4\n");
    read(&page, "new 2\nb 4\na 5\n");
    metrics_page_since(&page, &former);
    cr_assert_eq(growth("a"), 2);
    cr_assert_eq(growth("b"), 4, "a node that began anew has counted from 0");
    cr_assert_eq(growth("new"), 2);
    cr_assert_eq(growth("gone"), 0);
}

/* 10 within 1 s, 10 more within 3 s, 20 beyond: of two nodes, whose buckets are added up. */
Test(metrics_page, quantiles, .fini = end)
{
    read(&page, "h_bucket{of=\"a\",le=\"1.0\"} 5\nh_bucket{of=\"a\",le=\"3.0\"} "
                "10\nh_bucket{of=\"a\",le=\"+Inf\"} 20\n"
                "h_bucket{of=\"b\",le=\"1.0\"} 5\nh_bucket{of=\"b\",le=\"3.0\"} "
                "10\nh_bucket{of=\"b\",le=\"+Inf\"} 20\n");
    metrics_page_since(&page, &former);
    cr_assert_float_eq(metrics_quantile(&page, 1, 0.25, "h", NULL, NULL), 1, 1e-9);
    cr_assert_float_eq(metrics_quantile(&page, 1, 0.375, "h", NULL, NULL), 2, 1e-9);
    cr_assert_float_eq(metrics_quantile(&page, 1, 0.125, "h", "of", "a"), 0.5, 1e-9);
    cr_assert_float_eq(metrics_quantile(&page, 1, 0.99, "h", NULL, NULL), 3, 1e-9,
                       "what is beyond all bounds is at least the last");
    cr_assert_eq(metrics_quantile(&page, 1, 0.5, "nothing", NULL, NULL), -1);
    metrics_page_since(&page, &page);
    cr_assert_eq(metrics_quantile(&page, 1, 0.5, "h", NULL, NULL), -1, "nothing has come since");
}
