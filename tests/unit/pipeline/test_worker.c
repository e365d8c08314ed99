/* worker.c: how much one source may have of a batch. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"

static struct worker worker;
static struct ledger_source one, other;

/* How many tasks of |source| a batch takes in a row. */
static unsigned batch_of(const struct ledger_source *source)
{
    unsigned in_a_row = 0, taken = 0;

    worker.mixed -= worker.mixed > 0; /* as at the beginning of each batch */
    do
        taken++;
    while (worker_takes_more(&worker, source, &in_a_row) && taken < BOUND_BATCH);
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
    cr_assert_eq(batches, BOUND_MIXED_BATCHES - 1);
    cr_assert_eq(batch_of(&one), BOUND_BATCH);
    cr_assert_eq(batch_of(&other), BOUND_BATCH_IN_A_ROW);
    cr_assert_eq(batch_of(&one), BOUND_BATCH_IN_A_ROW);
}

/* Sources in turn fill a batch. */
Test(worker, sources_that_alternate_do_not_end_a_batch)
{
    unsigned in_a_row = 0;

    for (int i = 0; i < 2 * BOUND_BATCH_IN_A_ROW; i++)
        cr_assert(worker_takes_more(&worker, i % 2 ? &one : &other, &in_a_row));
    for (int i = 1; i < BOUND_BATCH_IN_A_ROW - 1; i++)
        cr_assert(worker_takes_more(&worker, &one, &in_a_row));
    cr_assert_not(worker_takes_more(&worker, &one, &in_a_row));
}
