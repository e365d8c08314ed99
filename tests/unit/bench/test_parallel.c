/* parallel.c: every item is done once, in runs of a step, and a failure ends it. */
#include <criterion/criterion.h>
#include <stdatomic.h>
#include <unistd.h>

#include "bench/parallel.h"

enum { ITEMS = 1000 };

static atomic_uint done[ITEMS], calls, workers;
static unsigned step, fails_at = ITEMS;

static int note(void *arg, unsigned worker, unsigned from, unsigned to)
{
    cr_assert_eq(arg, done);
    cr_assert_lt(worker, PARALLEL_WORKERS_MAX);
    cr_assert(from % step == 0 && from < to && to - from <= step);
    atomic_fetch_or(&workers, 1u << worker);
    atomic_fetch_add(&calls, 1);
    for (unsigned i = from; i < to; i++)
        atomic_fetch_add(&done[i], 1);
    return fails_at < from || fails_at >= to;
}

Test(parallel, each_item_is_done_once)
{
    static const struct {
        unsigned count, step, calls;
    } cases[] = {{1, 64, 1}, {63, 64, 1}, {64, 64, 1}, {65, 64, 2}, {128, 64, 2}, {1000, 7, 143}, {3, 1, 3}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned n = 0; n < ITEMS; n++)
            atomic_store(&done[n], 0);
        atomic_store(&calls, 0);
        step = cases[i].step;
        cr_assert(parallel_run(cases[i].count, step, "items", note, done));
        for (unsigned n = 0; n < ITEMS; n++)
            cr_assert_eq(atomic_load(&done[n]), n < cases[i].count);
        cr_assert_eq(atomic_load(&calls), cases[i].calls);
    }
    /* A worker for each processor, and each has a number of its own. */
    cr_assert_lt(atomic_load(&workers), 1ull << sysconf(_SC_NPROCESSORS_ONLN));
}

Test(parallel, a_failure_ends_it)
{
    step = 1;
    fails_at = 0;
    cr_assert_not(parallel_run(ITEMS, step, "items", note, done));
    cr_assert_lt(atomic_load(&calls), ITEMS);
    fails_at = ITEMS - 1;
    cr_assert_not(parallel_run(ITEMS, step, "items", note, done));
}
