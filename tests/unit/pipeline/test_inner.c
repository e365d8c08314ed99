/* inner.c: messages in a message are counted as if each had come alone. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"
#include "tests/support/must.h"

enum { MANY = 8, JOBS = 16, SLOW_US = 1000 };

/* A message is the number by which the test knows it. */
static struct cmp_message *message(size_t i)
{
    return (struct cmp_message *)(i + 1); // NOLINT(performance-no-int-to-ptr)
}

static uint64_t price_us[MANY];
static enum guess_verdict verdicts[MANY];
static unsigned guesses_held, refused_as_guess, refused_as_busy, sent_to_slow;
static int slow_takes = 1;

static size_t number_of(const struct cmp_message *m)
{
    return (size_t)m - 1;
}

static enum guess_verdict fake_admit(const struct task *task)
{
    guesses_held++;
    return verdicts[number_of(task->message)];
}

static int fake_slow(const char **why)
{
    sent_to_slow++;
    *why = "too many";
    return slow_takes;
}

static const struct cmp_want *wanted;

#define cmp_wants(m) ((void)(m), wanted)
#define cmp_price_us(m) price_us[number_of(m)]
#define guess_admit(pipeline, task) ((void)(pipeline), fake_admit(task))
#define guess_leave(task) ((void)(task), guesses_held--)
#define cmp_refuse_guess(m) (refused_as_guess |= 1U << number_of(m))
#define cmp_refuse_busy(m, text) (refused_as_busy |= (text) != NULL ? 1U << number_of(m) : 0)
#define slow_admit(pipeline, task, why) ((void)(pipeline), fake_slow(why))
/* NOLINTNEXTLINE(bugprone-suspicious-include): what it calls is the test's */
#include "server/pipeline/inner.c"

static struct pipeline pipeline;
static struct task task;
static struct cmp_message *messages[MANY];
static struct cmp_admission item = {.messages = messages};
static struct cmp_want other = {.kind = CMP_WANT_DECIDE}, want = {.kind = CMP_WANT_ADMIT, .u.admit = &item};

static void set_up(void)
{
    pipeline.limits.jobs = 64 * JOBS;
    pipeline.limits.requests_per_source = JOBS;
    pipeline.limits.slow_job_us = SLOW_US;
    pipeline.sources = ledger_new(JOBS);
    must(pipeline.sources != NULL && lane_init(&pipeline.fast, &pipeline, 0, JOBS, 1, 1) &&
         lane_init(&pipeline.slow, &pipeline, 1, JOBS, 1, 1));
    pipeline.fast.workers[0].pipeline = pipeline.slow.workers[0].pipeline = &pipeline;
    task.pipeline = &pipeline;
    task.message = message(MANY);
    task.job.source = ledger_pin(pipeline.sources, 1, ledger_now());
    task.job.arena = arena_new(65536);
    task.job.peer = bytes_str("192.0.2.1:4711");
    task.job.host = bytes_str("192.0.2.1");
    for (size_t i = 0; i < MANY; i++)
        messages[i] = message(i);
    other.next = &want;
    wanted = &other;
}

static void tear_down(void)
{
    arena_free(task.job.arena);
    lane_cleanup(&pipeline.fast);
    lane_cleanup(&pipeline.slow);
    ledger_free(pipeline.sources);
}

TestSuite(inner, .init = set_up, .fini = tear_down);

/* Their number is asked for first, and then of each. */
static void count_first(struct cmp_admission *of)
{
    struct cmp_message *const *all = of->messages;

    of->messages = NULL;
    of->is_judged = 0;
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_assert(of->is_judged);
    of->messages = all;
    of->is_judged = 0;
}

static int debt(unsigned lane)
{
    return atomic_load(&task.job.source->flows[lane].debt_us);
}

Test(inner, each_has_a_task_of_its_own)
{
    size_t count = 0;

    item.count = 3;
    price_us[0] = price_us[1] = price_us[2] = 100;
    count_first(&item);
    cr_expect_eq(debt(0), 3 * BOUND_TASK_US);
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_null(item.why);
    for (const struct task *inner = task.inner; inner != NULL; inner = inner->next) {
        cr_expect_eq(inner->message, messages[count++], "in their order");
        cr_expect_eq(inner->job.source, task.job.source);
        cr_expect(bytes_equal(inner->job.peer, task.job.peer) && bytes_equal(inner->job.host, task.job.host));
    }
    cr_expect_eq(count, 3);
    cr_expect_eq(guesses_held, 3);
    cr_expect_eq(atomic_load(&task.job.source->requests), 3);
    cr_expect_eq(atomic_load(&pipeline.alive), 3);
    cr_expect_eq(debt(0), 3 * (BOUND_TASK_US + 100));
    /* What was judged is not judged again. */
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_eq(debt(0), 3 * (BOUND_TASK_US + 100));
    inner_leave(&task);
    cr_expect_eq(guesses_held, 0);
    cr_expect_eq(atomic_load(&task.job.source->requests), 0);
    cr_expect_eq(atomic_load(&pipeline.alive), 0);
    cr_expect_eq(atomic_load(&task.job.source->pins), 1);
}

/* Those of another one in the same task come behind them. */
Test(inner, one_after_the_other)
{
    struct cmp_admission second = {.count = 2};
    struct cmp_want next = {.kind = CMP_WANT_ADMIT, .u.admit = &second};
    size_t count = 0;

    item.count = 2;
    count_first(&item);
    want.next = &next;
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    second = (struct cmp_admission){.messages = messages + 2, .count = 2};
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    want.next = NULL;
    for (const struct task *inner = task.inner; inner != NULL; inner = inner->next)
        cr_expect_eq(inner->message, messages[count++]);
    cr_expect_eq(count, 4);
}

/* Who may not guess any more may not guess here; that costs no derivation. */
Test(inner, who_guesses_is_refused_unseen)
{
    item.count = 4;
    for (size_t i = 0; i < 4; i++)
        price_us[i] = 100;
    verdicts[1] = GUESS_REFUSE;
    verdicts[2] = GUESS_WAIT;
    count_first(&item);
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_null(item.why);
    cr_expect_eq(refused_as_guess, 1U << 1);
    cr_expect_eq(refused_as_busy, 1U << 2);
    cr_expect_eq(debt(0), 4 * BOUND_TASK_US + 2 * 100);
    inner_leave(&task);
    cr_expect_eq(guesses_held, 0);
}

/* Together they cost what goes to the slow lane, though none does alone; there they stay. */
Test(inner, what_costs_too_much_together_is_slow)
{
    item.count = 4;
    for (size_t i = 0; i < 4; i++)
        price_us[i] = SLOW_US / 4 + 1;
    count_first(&item);
    cr_assert_not(inner_admit(pipeline.fast.workers, &task));
    cr_expect_eq(sent_to_slow, 1);
    cr_expect_eq(debt(0), 4 * BOUND_TASK_US, "the rest is charged in the other lane");
    cr_assert(inner_admit(pipeline.slow.workers, &task));
    cr_expect_eq(sent_to_slow, 1);
    inner_leave(&task);
    count_first(&item);
    cr_assert(inner_admit(pipeline.slow.workers, &task));
    cr_expect_eq(sent_to_slow, 1);
    cr_expect_eq(debt(1), SLOW_US + 4);
}

Test(inner, as_much_as_the_bound_is_not_slow)
{
    item.count = 1;
    price_us[0] = SLOW_US;
    count_first(&item);
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_eq(sent_to_slow, 0);
    cr_expect_eq(debt(0), BOUND_TASK_US + SLOW_US);
}

Test(inner, what_the_slow_lane_does_not_take_is_told_why)
{
    item.count = 1;
    price_us[0] = SLOW_US + 1;
    count_first(&item);
    slow_takes = 0;
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_str_eq(item.why, "too many");
}

/* limits.requests_per_source: none of them is taken up then. */
Test(inner, more_than_a_source_may_have_at_once)
{
    item.count = MANY;
    pipeline.limits.requests_per_source = MANY - 1;
    item.messages = NULL;
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_str_eq(item.why, "too many requests at once from this address: try again later");
    cr_expect_eq(debt(0), (MANY - 1) * BOUND_TASK_US, "it is paid for all the same");
    inner_leave(&task);
    cr_expect_eq(atomic_load(&task.job.source->requests), 0);
    cr_expect_eq(guesses_held, 0);
    cr_expect_eq(atomic_load(&pipeline.alive), 0);
}

Test(inner, without_memory_none_is_taken_up)
{
    arena_free(task.job.arena);
    task.job.arena = arena_new(0);
    item.messages = NULL;
    item.count = 1;
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_str_eq(item.why, "no memory for this message: try again later");
    cr_expect_eq(atomic_load(&task.job.source->requests), 0);
}

Test(inner, what_wants_something_else_has_none)
{
    task.message = NULL; /* a query of OCSP */
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_null(task.inner);
    task.message = message(MANY);
    other.next = NULL;
    cr_assert(inner_admit(pipeline.fast.workers, &task));
    cr_expect_null(task.inner);
    cr_expect_eq(debt(0), 0);
}
