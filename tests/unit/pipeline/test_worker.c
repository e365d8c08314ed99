/* worker.c: how much one source may have of a batch. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"

static struct worker worker;
static struct ledger_source one, other;

/* How many tasks of |source| a batch takes in a row. */
static unsigned batch_of(const struct ledger_source *source)
{
    unsigned taken = 0;

    worker_begin_batch(&worker);
    do
        taken++;
    while (worker_takes_more(&worker, source) && taken < BOUND_BATCH);
    return taken;
}

/* Who comes beside a source that sends much waits for a few of its tasks; alone again, that one has large
 * batches after a while. */
Test(worker, a_batch_takes_few_in_a_row_while_others_are_there)
{
    unsigned batches = 0;

    cr_assert_eq(batch_of(&one), BOUND_BATCH_IN_A_ROW, "nothing is known of others yet");
    while (batch_of(&one) == BOUND_BATCH_IN_A_ROW)
        batches++;
    cr_assert_eq(batches, BOUND_MIXED_STEP - 1, "one change is forgotten soon");
    cr_assert_eq(batch_of(&one), BOUND_BATCH);
    cr_assert_eq(batch_of(&other), BOUND_BATCH_IN_A_ROW);
    cr_assert_eq(batch_of(&one), BOUND_BATCH_IN_A_ROW);
}

Test(worker, what_comes_back_is_bounded_while_others_are_there)
{
    cr_assert_eq(worker_begin_batch(&worker), BOUND_BATCH);
    worker_takes_more(&worker, &one);
    for (int i = 0; i < 1000; i++)
        worker_takes_more(&worker, i % 2 ? &one : &other);
    for (int i = 0; i < BOUND_MIXED_BATCHES; i++)
        cr_assert_eq(worker_begin_batch(&worker), BOUND_BATCH_MIXED, "%d", i);
    cr_assert_eq(worker_begin_batch(&worker), BOUND_BATCH, "what was is forgotten after a bounded while");
}

/* Sources in turn fill a batch. */
Test(worker, sources_that_alternate_do_not_end_a_batch)
{
    worker_begin_batch(&worker);
    for (int i = 0; i < 2 * BOUND_BATCH_IN_A_ROW; i++)
        cr_assert(worker_takes_more(&worker, i % 2 ? &one : &other));
    for (int i = 1; i < BOUND_BATCH_IN_A_ROW - 1; i++)
        cr_assert(worker_takes_more(&worker, &one));
    cr_assert_not(worker_takes_more(&worker, &one));
}
