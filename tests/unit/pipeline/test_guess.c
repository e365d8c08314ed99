/* guess.c, job.c: who may try, and what a job takes and gives back. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"
#include "tests/support/must.h"

static int memory_is_short;

static struct arena *fake_arena(size_t bound)
{
    return memory_is_short ? NULL : arena_new(bound);
}

/* A task's message stands for the reference that it is protected under. */
static struct bytes fake_reference(const struct cmp_message *message)
{
    return message != NULL ? bytes_str((const char *)message) : bytes_of(NULL, 0);
}

#define arena_new fake_arena
#define cmp_reference fake_reference
/* NOLINTBEGIN(bugprone-suspicious-include): references and memory are the test's */
#include "server/pipeline/guess.c"
#include "server/pipeline/job.c"
/* NOLINTEND(bugprone-suspicious-include) */

enum { JOBS = 16, PLACES = 64 };

static struct pipeline pipeline;
static struct job *jobs[JOBS + 1];
static const char *why;

static void set_up(void)
{
    pipeline.limits.jobs = JOBS;
    pipeline.limits.queue_jobs = JOBS;
    pipeline.limits.requests_per_source = JOBS;
    pipeline.sources = ledger_new(PLACES);
    pipeline.pairs = ledger_new(PLACES);
    must(pipeline.sources != NULL && pipeline.pairs != NULL);
    pipeline.guesses = guesses_new(pipeline.sources, pipeline.pairs);
    must(pipeline.guesses != NULL);
    must(lane_init(&pipeline.fast, &pipeline, 0, JOBS, 1, 1));
}

static void tear_down(void)
{
    lane_cleanup(&pipeline.fast);
    guesses_free(pipeline.guesses);
    ledger_free(pipeline.sources);
    ledger_free(pipeline.pairs);
}

TestSuite(guess, .init = set_up, .fini = tear_down);
TestSuite(job, .init = set_up, .fini = tear_down);

static struct ledger_source *source_of(uint64_t number)
{
    return ledger_pin(pipeline.sources, number << 32 | number, ledger_now());
}

static struct task make(struct ledger_source *source, const char *reference)
{
    return (struct task){
        .pipeline = &pipeline, .job.source = source, .message = (struct cmp_message *)(uintptr_t)reference};
}

static void fail_at(struct ledger_recent *recent, unsigned times)
{
    while (times-- > 0)
        ledger_happened(recent, BOUND_GUESSES_HALVING, ledger_now());
}

/* Who was right has nothing against him any more, neither he nor where he comes from. */
Test(guess, who_is_right_has_a_clean_slate)
{
    static const struct cmp_result right = {.authenticated = 1};
    struct task task = make(source_of(1), "a");

    cr_assert_eq(guess_admit(&pipeline, &task), GUESS_LOOK);
    cr_assert_eq(atomic_load(&task.pair->undecided), 1);
    fail_at(&task.pair->failures, BOUND_GUESSES_PAIR - 1);
    guess_judge(&task, &right);
    cr_assert_eq(ledger_lately(&task.pair->failures, BOUND_GUESSES_HALVING, ledger_now()), 0);
    cr_assert(ledger_is_proved(task.pair, ledger_now()));
    cr_assert(ledger_is_proved(task.job.source, ledger_now()));
    guess_leave(&task);
    cr_assert_null(task.pair);
    struct ledger_source *pair = guess_place(&pipeline, bytes_str("a"), task.job.source->id);
    cr_assert_eq(atomic_load(&pair->undecided), 0);
    cr_assert_eq(atomic_load(&pair->pins), 1, "its place is never free again");
}

/* A signature that is wrong, or none at all, is no guess; nor is a wrong MAC anybody's proof. */
Test(guess, a_wrong_MAC_counts_for_the_pair_and_the_source)
{
    static const struct cmp_result wrong = {.mac_wrong = 1};
    struct task task = make(source_of(1), "a"), plain = make(source_of(1), NULL);

    cr_assert_eq(guess_admit(&pipeline, &task), GUESS_LOOK);
    guess_judge(&task, &wrong);
    cr_assert_eq(ledger_lately(&task.pair->failures, BOUND_GUESSES_HALVING, ledger_now()), 1);
    cr_assert_eq(ledger_lately(&task.job.source->failures, BOUND_GUESSES_HALVING, ledger_now()), 1);
    cr_assert_not(ledger_is_proved(task.pair, ledger_now()));
    cr_assert_eq(guess_admit(&pipeline, &plain), GUESS_LOOK);
    cr_assert_null(plain.pair);
    guess_judge(&plain, &wrong);
    cr_assert_eq(ledger_lately(&task.job.source->failures, BOUND_GUESSES_HALVING, ledger_now()), 1);
}

/* Other nodes hear of both; of who has no place of his own they do not. */
Test(guess, other_nodes_are_told)
{
    static const struct cmp_result wrong = {.mac_wrong = 1};
    struct task task = make(source_of(1), "a");
    uint8_t row[GUESSES_ROW];

    cr_assert_eq(guess_admit(&pipeline, &task), GUESS_LOOK);
    cr_assert_eq(guesses_say(pipeline.guesses, row, ledger_now()).len, 0);
    guess_judge(&task, &wrong);
    cr_assert_eq(guesses_say(pipeline.guesses, row, ledger_now()).len, 2 * GUESSES_ENTRY);
    guess_judge(&task, &wrong);
    cr_assert_eq(guesses_say(pipeline.guesses, row, ledger_now()).len, 2 * GUESSES_ENTRY);
    atomic_store(&task.job.source->id, 0);
    guess_judge(&task, &wrong);
    struct bytes said = guesses_say(pipeline.guesses, row, ledger_now());
    for (size_t i = 0; i < said.len; i += GUESSES_ENTRY)
        cr_expect_eq(said.data[i + GUESSES_ENTRY - 1], 2);
}

/* All that find no place of their own share one. Its pair is not the place of the reference itself, by which
 * the slow lane counts. */
Test(guess, who_shares_a_place_is_a_source_too)
{
    static struct ledger_source shared;
    struct task task = make(&shared, "a");
    struct ledger_source *reference = guess_place(&pipeline, bytes_str("a"), 0);

    cr_assert_eq(guess_admit(&pipeline, &task), GUESS_LOOK);
    cr_assert_neq(task.pair, reference);
}

/* Who is refused anyway makes nobody give way. */
Test(guess, who_is_beyond_his_bound_takes_no_place)
{
    struct task known = make(source_of(1), "a"), task = make(source_of(1), "b");
    struct ledger_source *pair = guess_place(&pipeline, bytes_str("a"), known.job.source->id);
    uint64_t id = place_id(&pipeline, bytes_str("b"), task.job.source->id);

    ledger_prove(pair, ledger_now());
    fail_at(&task.job.source->failures, BOUND_GUESSES_SOURCE);
    cr_assert_eq(guess_admit(&pipeline, &task), GUESS_REFUSE);
    cr_assert_null(task.pair);
    cr_assert_null(ledger_pin_known(pipeline.pairs, id, ledger_now()));
    cr_assert_eq(guess_admit(&pipeline, &known), GUESS_LOOK, "who was right from there is not concerned");
    cr_assert_eq(known.pair, pair);
    cr_assert_eq(known.is_undecided, 0);
}

Test(guess, messages_in_hand_have_a_bound)
{
    struct task tasks[BOUND_GUESSES_AT_ONCE + 1];

    for (int i = 0; i <= BOUND_GUESSES_AT_ONCE; i++) {
        tasks[i] = make(source_of(1), "a");
        cr_assert_eq(guess_admit(&pipeline, &tasks[i]), i < BOUND_GUESSES_AT_ONCE ? GUESS_LOOK : GUESS_WAIT);
    }
    guess_leave(&tasks[BOUND_GUESSES_AT_ONCE]);
    cr_assert_eq(atomic_load(&tasks[0].pair->undecided), BOUND_GUESSES_AT_ONCE);
    guess_leave(&tasks[1]);
    cr_assert_eq(guess_admit(&pipeline, &tasks[1]), GUESS_LOOK);
}

static struct job *job_of(uint64_t number)
{
    struct ledger_source *source = source_of(number);
    struct job *job = pipeline_job(&pipeline, source, &why);

    ledger_unpin(source);
    return job;
}

static void expect_nothing_taken(uint64_t number)
{
    struct ledger_source *source = source_of(number);

    cr_assert_eq(atomic_load(&source->requests), 0);
    cr_assert_eq(atomic_load(&source->pins), 1);
    cr_assert_eq(atomic_load(&pipeline.alive), 0);
    cr_assert_eq(pipeline_memory(&pipeline), 0);
    ledger_unpin(source);
}

/* Memory that is short for a moment costs no place for ever. */
Test(job, without_memory_nothing_is_taken)
{
    memory_is_short = 1;
    for (int i = 0; i < 2 * JOBS; i++)
        cr_assert_null(job_of(1));
    cr_assert_str_eq(why, "the server is busy: try again later");
    expect_nothing_taken(1);
    memory_is_short = 0;
    cr_assert_not_null(jobs[0] = job_of(1));
    pipeline_job_free(&pipeline, jobs[0]);
    expect_nothing_taken(1);
}

/* Half of what is kept from strangers is for those that have none yet: of 16 jobs, one. */
Test(job, many_that_come_once_get_in_where_one_has_filled_the_rest)
{
    enum { FOR_STRANGERS = JOBS - JOBS / 8 };

    for (int i = 0; i < FOR_STRANGERS; i++)
        cr_assert_not_null(jobs[i] = job_of(1));
    cr_assert_null(job_of(1));
    cr_assert_not_null(jobs[FOR_STRANGERS] = job_of(2));
    cr_assert_null(job_of(3));
    for (int i = 0; i <= FOR_STRANGERS; i++)
        pipeline_job_free(&pipeline, jobs[i]);
    expect_nothing_taken(1);
    expect_nothing_taken(2);
}

/* The same in the queue. */
Test(job, many_that_come_once_are_queued_where_one_has_filled_the_rest)
{
    enum { FOR_STRANGERS = JOBS - JOBS / 8 };
    struct task *abandoned = NULL;

    pipeline.limits.jobs = 4 * JOBS;
    for (int i = 0; i <= FOR_STRANGERS; i++) {
        cr_assert_not_null(jobs[i] = job_of(1));
        cr_assert_eq(pipeline_submit(&pipeline, jobs[i]), i < FOR_STRANGERS);
    }
    cr_assert_eq(jobs[FOR_STRANGERS]->end, JOB_BUSY);
    pipeline_job_free(&pipeline, jobs[FOR_STRANGERS]);
    cr_assert_not_null(jobs[FOR_STRANGERS] = job_of(2));
    cr_assert(pipeline_submit(&pipeline, jobs[FOR_STRANGERS]));
    while (lane_pop(&pipeline.fast, &abandoned) != NULL)
        ;
    for (int i = 0; i <= FOR_STRANGERS; i++)
        pipeline_job_free(&pipeline, jobs[i]);
    expect_nothing_taken(1);
}
