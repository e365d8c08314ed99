/* metrics.c: what the store counts of its database. */
#include "storage/metrics.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

#include "server/base/metrics_text.h"

static struct metric *const table[] = {&store_connects, &store_faults, &store_fault_at, &store_batch_time};
enum { ROWS = sizeof table / sizeof table[0], TEXT_MAX = 16384 };

static const char *page(void)
{
    static char text[TEXT_MAX];
    size_t len = metrics_write(text, sizeof text - 1, METRICS_PROMETHEUS, table, ROWS, NULL);

    text[len] = 0;
    return text;
}

static void begin(void)
{
    metrics_begin(table, ROWS);
}

TestSuite(store_metrics, .init = begin, .fini = metrics_end);

Test(store_metrics, what_becomes_of_connections)
{
    cr_assert_not_null(strstr(page(), "\ncmpd_store_connection_events_total{event=\"lost\"} 0\n"));
    store_count_connect(STORE_CONNECT_MADE);
    store_count_connect(STORE_CONNECT_MADE);
    store_count_connect(STORE_CONNECT_LOST);
    store_count_connect(STORE_CONNECT_FAILED);
    cr_assert_not_null(strstr(page(), "\ncmpd_store_connection_events_total{event=\"made\"} 2\n"));
    cr_assert_not_null(strstr(page(), "\ncmpd_store_connection_events_total{event=\"failed\"} 1\n"));
    cr_assert_not_null(strstr(page(), "\ncmpd_store_connection_events_total{event=\"lost\"} 1\n"));
    cr_assert_not_null(strstr(page(), "\ncmpd_store_connection_events_total{event=\"moved\"} 0\n"));
}

Test(store_metrics, the_last_fault_is_told_when_there_was_one)
{
    static const char name[] = "\ncmpd_store_last_fault_timestamp_seconds ";
    int64_t before = time(NULL), at;
    const char *line;

    cr_assert_not_null(strstr(page(), "\ncmpd_store_faults_total 0\n"));
    cr_assert_null(strstr(page(), name));
    store_count_fault();
    store_count_fault();
    cr_assert_not_null(strstr(page(), "\ncmpd_store_faults_total 2\n"));
    cr_assert_not_null(line = strstr(page(), name));
    at = strtoll(line + strlen(name), NULL, 10);
    cr_assert(at >= before && at <= time(NULL));
}

Test(store_metrics, a_batch_has_its_time)
{
    uint64_t buckets[METRIC_BUCKETS_MAX], sum;

    store_count_batch(metrics_now_us() - 3000000);
    metric_read_histogram(&store_batch_time, 0, buckets, &sum);
    cr_assert_geq(sum, 3000000);
    cr_assert_eq(buckets[metric_latency.count], 0);
    store_count_batch(metrics_now_us() + 1000000); /* never below none */
    metric_read_histogram(&store_batch_time, 0, buckets, &sum);
    cr_assert_eq(buckets[0], 1);
}
