/* result.c: figures are those of the outcomes, all of them, none cut. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/result.h"

enum { COUNT = 10000, MS = 1000000 };
#define SECOND INT64_C(1000000000)

static struct options options;
static struct outcome outcomes[COUNT];
static struct run run;
static struct result result;

static void set_up(void)
{
    memset(outcomes, 0, sizeof outcomes);
    options = (struct options){.seconds = 1};
    run = (struct run){.options = &options,
                       .outcomes = outcomes,
                       .count = COUNT,
                       .start_ns = 10 * SECOND,
                       .end_ns = 12 * SECOND,
                       .before = {-1, -1},
                       .after = {-1, -1}};
}

static void tear_down(void)
{
    result_cleanup(&result);
}

TestSuite(result, .init = set_up, .fini = tear_down);

/* The |i|-th ends at |end_ns| with a serial of its own. */
static void end(unsigned i, int64_t end_ns, int64_t latency_ns, enum bench_error error)
{
    outcomes[i] = (struct outcome){
        .end_ns = end_ns, .latency_ns = latency_ns, .error = (uint8_t)error, .serial_len = 2};
    outcomes[i].serial[0] = (uint8_t)(i >> 8);
    outcomes[i].serial[1] = (uint8_t)i;
}

Test(percentile, nearest_rank)
{
    /* The ranks of 5 values: ceil(share * 5). */
    const int64_t five[] = {15, 20, 35, 40, 50};

    cr_assert_eq(percentile_ns(five, 5, 0.05), 15);
    cr_assert_eq(percentile_ns(five, 5, 0.3), 20);
    cr_assert_eq(percentile_ns(five, 5, 0.4), 20);
    cr_assert_eq(percentile_ns(five, 5, 0.5), 35);
    cr_assert_eq(percentile_ns(five, 5, 1), 50);
    cr_assert_eq(percentile_ns(five, 5, 0), 15);
    cr_assert_eq(percentile_ns(five, 1, 0.9999), 15);
    cr_assert_eq(percentile_ns(five, 0, 0.5), 0);
}

Test(result, percentiles_up_to_the_last)
{
    /* 1 to 10000 ms, in an order that is not sorted. */
    for (unsigned i = 0; i < COUNT; i++)
        end(i, 11 * SECOND, (int64_t)((i * 7919u) % COUNT + 1) * MS, BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.completed, COUNT);
    cr_assert_eq(percentile_ns(result.latencies_ns, result.completed, 0.5), INT64_C(5000) * MS);
    cr_assert_eq(percentile_ns(result.latencies_ns, result.completed, 0.99), INT64_C(9900) * MS);
    cr_assert_eq(percentile_ns(result.latencies_ns, result.completed, 0.999), INT64_C(9990) * MS);
    cr_assert_eq(percentile_ns(result.latencies_ns, result.completed, 0.9999), INT64_C(9999) * MS);
    cr_assert_eq(percentile_ns(result.latencies_ns, result.completed, 1), INT64_C(10000) * MS);
}

Test(result, a_long_latency_is_not_cut)
{
    end(0, 11 * SECOND, 20 * 3600 * SECOND, BENCH_OK);
    end(1, 11 * SECOND, 1, BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_eq(percentile_ns(result.latencies_ns, 2, 1), 20 * 3600 * SECOND);
    cr_assert_eq(percentile_ns(result.latencies_ns, 2, 0.5), 1);
}

Test(result, rate_and_cpu_are_of_what_was_completed)
{
    run.before.cpu_us = 1000;
    run.after.cpu_us = 4000;
    run.before.rss_kib = 100;
    run.after.rss_kib = 120;
    for (unsigned i = 0; i < 30; i++)
        end(i, 11 * SECOND, MS, i % 3 == 0 ? BENCH_REJECTED : BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.completed, 20);
    cr_assert_eq(result.errors[BENCH_REJECTED], 10);
    cr_assert_float_eq(result.rate, 10, 1e-9);
    cr_assert_float_eq(result.cpu_us, 150, 1e-9);
    cr_assert_float_eq(result.memory, 1024, 1e-9);
}

Test(result, warm_up_counts_for_errors_alone)
{
    end(0, 9 * SECOND, MS, BENCH_OK);
    end(1, 9 * SECOND, MS, BENCH_MISMATCH);
    end(2, 11 * SECOND, MS, BENCH_OK);
    run.overdue = 5;
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.completed, 1);
    cr_assert_eq(result.started, 3);
    cr_assert_eq(result.errors[BENCH_MISMATCH], 1);
    cr_assert_eq(result.errors[BENCH_OVERDUE], 5);
}

Test(result, a_serial_number_twice_is_an_error)
{
    for (unsigned i = 0; i < 10; i++)
        end(i, 11 * SECOND, MS, BENCH_OK);
    memcpy(outcomes[7].serial, outcomes[2].serial, 2);
    outcomes[8].serial_len = 1; /* shorter is another number */
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.completed, 9);
    cr_assert_eq(result.errors[BENCH_DUPLICATE], 1);
}

Test(result, a_mock_may_give_it_twice)
{
    options.fixed_certificate = 1;
    end(0, 11 * SECOND, MS, BENCH_OK);
    end(1, 11 * SECOND, MS, BENCH_OK);
    memcpy(outcomes[1].serial, outcomes[0].serial, 2);
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.completed, 2);
}

Test(result, the_longest_gap_is_between_what_was_completed)
{
    end(0, 10 * SECOND + 900 * MS, MS, BENCH_OK);
    end(1, 10 * SECOND + 100 * MS, MS, BENCH_OK);
    end(2, 10 * SECOND + 500 * MS, MS, BENCH_HTTP); /* no service */
    end(3, 11 * SECOND + 600 * MS, MS, BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_float_eq(result.longest_gap, 0.8, 1e-9);
}

Test(result, a_gap_reaches_to_the_ends)
{
    cr_assert(result_make(&result, &run));
    cr_assert_float_eq(result.longest_gap, 2, 1e-9); /* nothing was completed in two seconds */
    result_cleanup(&result);
    end(0, 9 * SECOND, MS, BENCH_OK); /* of the warm-up */
    end(1, 11 * SECOND + 500 * MS, MS, BENCH_OK);
    end(2, 11 * SECOND + 600 * MS, MS, BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_float_eq(result.longest_gap, 1.5, 1e-9);
    result_cleanup(&result);
    end(1, 10 * SECOND + 200 * MS, MS, BENCH_OK);
    end(2, 10 * SECOND + 300 * MS, MS, BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_float_eq(result.longest_gap, 1.7, 1e-9);
}

/* What ends just when the warm-up does is counted, and what ends a moment before is not. */
Test(result, the_warm_up_ends_to_the_nanosecond)
{
    end(0, 10 * SECOND - 1, MS, BENCH_OK);
    end(1, 10 * SECOND, 2 * MS, BENCH_OK);
    end(2, 10 * SECOND + 1, 3 * MS, BENCH_OK);
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.completed, 2);
    cr_assert_eq(result.latencies_ns[0], 2 * MS);
    cr_assert_eq(result.slots[0].completed, 2);
}

Test(result, retries_are_summed)
{
    for (unsigned i = 0; i < 3; i++)
        end(i, 11 * SECOND, MS, i == 2 ? BENCH_CONNECT : BENCH_OK);
    outcomes[0].retries = 100;
    outcomes[2].retries = 100;
    cr_assert(result_make(&result, &run));
    cr_assert_eq(result.retries, 200);
    cr_assert_eq(result.errors[BENCH_CONNECT], 1);
    cr_assert_eq(result.completed, 2);
}

Test(result, pieces_of_time_hold_everything)
{
    unsigned completed = 0, errors = 0;

    for (unsigned i = 0; i < 1000; i++)
        end(i, 10 * SECOND + i * 2 * MS, (i < 500 ? 1 : 9) * MS, i % 10 == 0 ? BENCH_HTTP : BENCH_OK);
    end(1000, 12 * SECOND, MS, BENCH_OK); /* on the last border */
    cr_assert(result_make(&result, &run));
    for (unsigned s = 0; s < result.slot_count; s++) {
        completed += result.slots[s].completed;
        errors += result.slots[s].errors;
    }
    cr_assert_eq(completed, 901);
    cr_assert_eq(errors, 100);
    cr_assert_eq(result.slots[0].p50_ns, 1 * MS);
    cr_assert_eq(result.slots[result.slot_count - 2].max_ns, 9 * MS);
    cr_assert_float_eq(result.slot_seconds * result.slot_count, 2, 1e-9);
}

/* What was not completed, or belongs to the warm-up, has no latency of its steps either. */
Test(result, each_kind_of_request_has_its_latencies)
{
    const struct step_latencies *ir = &result.steps[STEP_IR], *conf = &result.steps[STEP_CERT_CONF];

    for (unsigned i = 0; i < 6; i++) {
        end(i, i == 0 ? 9 * SECOND : 11 * SECOND, 20 * MS, i == 1 ? BENCH_HTTP : BENCH_OK);
        outcomes[i].step = i == 5 ? STEP_RR : STEP_IR;
        outcomes[i].first_ns = (20 - i) * MS;
        outcomes[i].confirm_ns = i == 3 || i < 2 ? 2 * MS : i == 4 ? MS : 0;
    }
    cr_assert(result_make(&result, &run));
    cr_assert_eq(ir->count, 3);
    cr_assert_eq(ir->sorted_ns[0], 16 * MS);
    cr_assert_eq(ir->sorted_ns[2], 18 * MS);
    cr_assert_eq(conf->count, 2);
    cr_assert_eq(conf->sorted_ns[0], MS);
    cr_assert_eq(conf->sorted_ns[1], 2 * MS);
    cr_assert_eq(result.steps[STEP_RR].count, 1);
    cr_assert_eq(result.steps[STEP_RR].sorted_ns[0], 15 * MS);
    cr_assert_eq(result.steps[STEP_KUR].count, 0);
}
