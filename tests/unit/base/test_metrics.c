/* metrics.c: what threads count adds up, and what nobody laid out counts nothing. */
#include "server/base/metrics.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 20000, COLOURS = 3, SIZES = 2 };

static const char *colour_value(size_t i)
{
    static const char *const values[COLOURS] = {"red", "green", "blue"};

    return values[i];
}

static const char *size_value(size_t i)
{
    return i == 0 ? "small" : "large";
}

static const struct metric_label colour = {"colour", COLOURS, colour_value};
static const struct metric_label size = {"size", SIZES, size_value};
static const uint64_t bounds[] = {10, 20};
static const struct metric_buckets buckets = {bounds, 2};

static struct metric plain = {.name = "plain", .type = METRIC_COUNTER};
static struct metric pairs = {.name = "pairs", .type = METRIC_COUNTER, .labels = {&colour, &size}};
static struct metric times = {
    .name = "times", .type = METRIC_HISTOGRAM, .labels = {&size}, .buckets = &buckets};
static struct metric last = {.name = "last", .type = METRIC_COUNTER};
static struct metric *const table[] = {&plain, &pairs, &times, &last};

static void begin(void)
{
    metrics_begin(table, sizeof table / sizeof table[0]);
}

Test(metrics, series_do_not_share_cells, .init = begin)
{
    uint64_t in[3], sum;

    cr_assert_eq(metric_series_count(&plain), 1);
    cr_assert_eq(metric_series_count(&pairs), COLOURS * SIZES);
    metric_add(&plain, 0, 1);
    for (size_t i = 0; i < COLOURS; i++)
        for (size_t j = 0; j < SIZES; j++)
            metric_add(&pairs, metric_series(&pairs, i, j), 10 * i + j + 1);
    metric_observe(&times, 0, 10, 1);
    metric_observe(&times, 1, 21, 1);
    metric_add(&last, 0, 7);

    cr_expect_eq(metric_read(&plain, 0), 1);
    for (size_t i = 0; i < COLOURS; i++)
        for (size_t j = 0; j < SIZES; j++)
            cr_expect_eq(metric_read(&pairs, metric_series(&pairs, i, j)), 10 * i + j + 1);
    metric_read_histogram(&times, 0, in, &sum);
    cr_expect(in[0] == 1 && in[1] == 0 && in[2] == 0 && sum == 10);
    metric_read_histogram(&times, 1, in, &sum);
    cr_expect(in[0] == 0 && in[1] == 0 && in[2] == 1 && sum == 21);
    cr_expect_eq(metric_read(&last, 0), 7);
}

/* A bucket holds what is at most its bound. */
Test(metrics, a_value_is_in_the_first_bucket_that_reaches_it, .init = begin)
{
    uint64_t in[3], sum;

    metric_observe(&times, 0, 0, 1);
    metric_observe(&times, 0, 10, 2);
    metric_observe(&times, 0, 11, 3);
    metric_observe(&times, 0, 20, 4);
    metric_observe(&times, 0, 1000, 5);
    metric_observe(&times, 0, 5, 0);
    metric_read_histogram(&times, 0, in, &sum);
    cr_expect_eq(in[0], 3);
    cr_expect_eq(in[1], 7);
    cr_expect_eq(in[2], 5);
    cr_expect_eq(sum, 2 * 10 + 3 * 11 + 4 * 20 + 5 * 1000);
}

static void *count_much(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        metric_add(&plain, 0, 1);
        metric_observe(&times, 1, (uint64_t)(uintptr_t)arg, 1);
    }
    return NULL;
}

Test(metrics, threads_lose_nothing, .init = begin)
{
    pthread_t threads[THREADS];
    uint64_t in[3], sum;

    for (uintptr_t i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, count_much, (void *)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(metric_read(&plain, 0), THREADS * ROUNDS);
    metric_read_histogram(&times, 1, in, &sum);
    cr_expect_eq(in[0], THREADS * ROUNDS);
    cr_expect_eq(sum, ROUNDS * (0 + 1 + 2 + 3));
}

/* What a thread has counted stays, and threads that come and go take no memory each. */
Test(metrics, a_thread_goes_on_with_the_sheet_of_one_that_is_gone, .init = begin)
{
    pthread_t thread;

    for (int i = 1; i <= 100; i++) {
        cr_assert_eq(pthread_create(&thread, NULL, count_much, NULL), 0);
        pthread_join(thread, NULL);
        cr_assert_eq(metric_read(&plain, 0), (uint64_t)i * ROUNDS);
    }
    metric_add(&plain, 0, 1);
    cr_expect_eq(metric_read(&plain, 0), 100 * ROUNDS + 1);
}

Test(metrics, rows_of_no_table_count_nothing)
{
    uint64_t in[3], sum;

    metric_add(&plain, 0, 1);
    metric_observe(&times, 0, 1, 1);
    cr_expect_eq(metric_read(&plain, 0), 0);
    metric_read_histogram(&times, 0, in, &sum);
    cr_expect(in[0] == 0 && in[1] == 0 && in[2] == 0 && sum == 0);

    /* Nor does one beside a table. */
    metrics_begin(table, 1);
    metric_add(&last, 0, 1);
    cr_expect_eq(metric_read(&last, 0), 0);
    cr_expect_eq(metric_read(&plain, 0), 0);
}

Test(metrics, names_keep_their_numbers)
{
    static struct metric_names names;
    char name[32];

    cr_expect_str_eq(metric_name_value(&names, METRIC_NAME_NONE), "(none)");
    cr_expect_null(metric_name_value(&names, 1));
    cr_expect_eq(metric_name_number(&names, "a"), 1);
    cr_expect_eq(metric_name_number(&names, "b"), 2);
    cr_expect_eq(metric_name_number(&names, "a"), 1);
    cr_expect_str_eq(metric_name_value(&names, 2), "b");
    for (int i = 0; i < 2 * METRIC_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "more-%d", i);
        cr_assert_leq(metric_name_number(&names, name), METRIC_NAME_OTHER);
    }
    cr_expect_eq(metric_name_number(&names, name), METRIC_NAME_OTHER);
    cr_expect_str_eq(metric_name_value(&names, METRIC_NAME_OTHER), "(other)");
    cr_expect_eq(metric_name_number(&names, "b"), 2);
}
