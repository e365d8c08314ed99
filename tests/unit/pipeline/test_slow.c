/* slow.c: shares of the slow lane, of a source and of a reference, each by itself; and that all of a share is
 * given back. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"
#include "tests/support/must.h"

/* A task's message stands for the reference that it is protected under. */
static struct bytes fake_reference(const struct cmp_message *message)
{
    return bytes_str((const char *)message);
}

#define cmp_reference fake_reference
#include "server/pipeline/slow.c"

enum { SHARE = 4, ROOM = 16, TASKS = 2 * ROOM, PLACES = 64 };

static struct pipeline pipeline;
static struct task tasks[TASKS];
static size_t count;
static const char *why;

static void set_up(void)
{
    pipeline.limits.jobs = TASKS;
    pipeline.limits.slow_jobs_per_peer = SHARE;
    pipeline.limits.slow_queue_jobs = ROOM;
    pipeline.sources = ledger_new(PLACES);
    pipeline.pairs = ledger_new(PLACES);
    must(pipeline.sources != NULL && pipeline.pairs != NULL);
    must(lane_init(&pipeline.slow, &pipeline, 1, ROOM, BOUND_SLOW_TURN_US, 1));
}

static void tear_down(void)
{
    lane_cleanup(&pipeline.slow);
    ledger_free(pipeline.sources);
    ledger_free(pipeline.pairs);
}

TestSuite(slow, .init = set_up, .fini = tear_down);

static struct ledger_source *source_of(uint64_t number)
{
    return ledger_pin(pipeline.sources, number << 32 | number, ledger_now());
}

/* A message under |reference| (NULL: signed) from source |number|, as task_begin has it at hand. */
static struct task *make(uint64_t number, const char *reference)
{
    struct task *task = &tasks[count++];

    task->job.source = source_of(number);
    task->message = (struct cmp_message *)(uintptr_t)reference;
    if (reference != NULL)
        task->pair = guess_place(&pipeline, bytes_str(reference), number);
    return task;
}

static int admit(struct task *task)
{
    why = NULL;
    return slow_admit(&pipeline, task, &why);
}

/* The lane's worker takes what there is. */
static void take_all(void)
{
    struct task *ignored = NULL;

    while (lane_pop(&pipeline.slow, &ignored) != NULL)
        ;
}

static void cleanup(struct task *task)
{
    ledger_unpin(task->job.source);
    ledger_unpin(task->pair);
}

/* Whose share is |taken| by now. Nobody has it pinned afterwards who did not before. */
static void expect_source(uint64_t number, unsigned taken)
{
    struct ledger_source *source = source_of(number);

    cr_expect_eq(atomic_load(&source->costly), taken, "source %u has %u of %u", (unsigned)number,
                 atomic_load(&source->costly), taken);
    ledger_unpin(source);
}

static void expect_place(const char *reference, uint64_t number, unsigned taken, unsigned pins)
{
    struct ledger_source *place = guess_place(&pipeline, bytes_str(reference), number);

    cr_expect_eq(atomic_load(&place->costly), taken, "%s at %u has %u of %u", reference, (unsigned)number,
                 atomic_load(&place->costly), taken);
    cr_expect_eq(atomic_load(&place->pins) - 1, pins, "%s at %u is pinned %u times, not %u", reference,
                 (unsigned)number, atomic_load(&place->pins) - 1, pins);
    ledger_unpin(place);
}

/* A source that names a new reference each time has one share all the same. */
Test(slow, many_references_from_one_source_share_its_share)
{
    static const char *const references[] = {"a", "b", "c", "d", "e"};
    struct task *task;

    for (size_t i = 0; i < SHARE; i++)
        cr_assert(admit(make(1, references[i])));
    cr_assert_not(admit(task = make(1, references[SHARE])));
    cr_assert_str_eq(why, "too many costly requests at once from this sender: try again later");
    cr_assert_eq(task->is_slow, 0);
    cr_assert_null(task->reference);
    expect_source(1, SHARE);
    expect_place("e", 1, 0, 1);
    expect_place("e", 0, 0, 0);
    cr_assert(admit(make(2, references[SHARE])), "another source has its own");
}

/* Signed messages have no reference, and count for their source alone. */
Test(slow, signed_messages_count_for_their_source)
{
    for (size_t i = 0; i < SHARE; i++)
        cr_assert(admit(make(1, NULL)));
    cr_assert_not(admit(make(1, NULL)));
    cr_assert_not(admit(make(1, "a")));
    expect_source(1, SHARE);
    cr_assert(admit(make(2, NULL)));
}

/* Beyond the share of the reference, each source may have one message of it, and no more. */
Test(slow, one_reference_from_many_sources_has_a_share)
{
    struct task *task;

    for (uint64_t i = 1; i <= SHARE; i++)
        cr_assert(admit(make(i, "a")));
    expect_place("a", 0, SHARE, SHARE);
    cr_assert(admit(make(SHARE + 1, "a")), "its owner is locked out");
    expect_place("a", 0, SHARE + 1, SHARE + 1);
    cr_assert_not(admit(task = make(SHARE + 1, "a")));
    cr_assert_str_eq(why, "too many costly requests at once from this sender: try again later");
    cr_assert_eq(task->is_slow, 0);
    cr_assert_null(task->reference);
    expect_source(SHARE + 1, 1);
    expect_place("a", 0, SHARE + 1, SHARE + 1);
    expect_place("a", SHARE + 1, 1, 2);
    cr_assert_not(admit(make(1, "a")), "who has one already has no second");
    cr_assert(admit(make(1, "b")), "another reference is not concerned");
}

/* As many as fit come again and again: whatever a refusal kept would be missing soon. */
Test(slow, a_refusal_takes_no_share)
{
    struct task *task;

    for (size_t i = 0; i < SHARE; i++)
        cr_assert(admit(make(1, NULL)));
    task = make(1, "a");
    for (int i = 0; i < 3 * SHARE; i++)
        cr_assert_not(admit(task), "a share too many");
    expect_source(1, SHARE);
    slow_leave(&tasks[0]);
    cr_assert(admit(task));
    expect_source(1, SHARE);
    slow_leave(task);
    expect_place("a", 1, 0, 1);
    expect_place("a", 0, 0, 0);
}

Test(slow, a_refusal_for_the_reference_takes_no_share_of_the_source)
{
    struct task *task;

    for (uint64_t i = 1; i <= SHARE; i++)
        cr_assert(admit(make(i, "a")));
    task = make(1, "a");
    for (int i = 0; i < 3 * SHARE; i++)
        cr_assert_not(admit(task));
    expect_source(1, 1);
    expect_place("a", 0, SHARE, SHARE);
    expect_place("a", 1, 1, 2);
    for (size_t i = 1; i < SHARE; i++)
        cr_assert(admit(make(1, NULL)), "the source has %zu left", SHARE - i);
}

/* The lane is full: what had been counted before that showed is given back. Half an eighth is kept from
 * strangers that have one in hand. */
Test(slow, a_full_lane_takes_no_share)
{
    enum { FOR_STRANGERS = ROOM - ROOM / 16 };
    struct task *task;

    for (uint64_t i = 1; i <= FOR_STRANGERS; i++)
        cr_assert(admit(make(i, NULL)));
    task = make(FOR_STRANGERS + 1, "a");
    for (int i = 0; i < 3 * SHARE; i++)
        cr_assert_not(admit(task));
    cr_assert_str_eq(why, "too many costly requests at once: try again later");
    cr_assert_eq(task->is_slow, 0);
    cr_assert_null(task->reference);
    expect_source(FOR_STRANGERS + 1, 0);
    expect_place("a", 0, 0, 0);
    expect_place("a", FOR_STRANGERS + 1, 0, 1);
    cr_assert_eq(atomic_load(&pipeline.slow.size), FOR_STRANGERS);

    /* Who proved who it is has what is kept. The pair counts for what a MAC protects, else the source. */
    ledger_prove(task->pair, ledger_now());
    cr_assert(admit(task));
    task = make(FOR_STRANGERS + 2, "b");
    ledger_prove(task->job.source, ledger_now());
    cr_assert_not(admit(task), "the lane has more than its bound");
    expect_source(FOR_STRANGERS + 2, 0);
}

/* Many that come once get in where few have filled the rest. */
Test(slow, what_is_kept_is_for_those_who_have_none)
{
    enum { FOR_MANY = ROOM - ROOM / 8 };

    for (uint64_t i = 1; i <= FOR_MANY; i++)
        cr_assert(admit(make(i, NULL)));
    cr_assert_not(admit(make(1, NULL)));
    expect_source(1, 1);
    cr_assert(admit(make(FOR_MANY + 1, NULL)));
}

/* An eighth of a share is for those who did: the pair where a MAC protects, whatever others of that source
 * are. */
Test(slow, who_proved_himself_has_the_whole_share)
{
    enum { LARGE = ROOM / 2 };
    struct task *task = make(1, "a");

    pipeline.limits.slow_jobs_per_peer = LARGE;
    for (int i = 0; i < LARGE - LARGE / 8; i++)
        cr_assert(admit(make(1, NULL)));
    cr_assert_not(admit(make(1, NULL)));
    cr_assert_not(admit(task));
    ledger_prove(task->pair, ledger_now());
    cr_assert(admit(task));
    expect_source(1, LARGE);
    cr_assert_not(admit(task), "a share has its bound for everybody");
}

/* Whatever was taken is back when all have ended, and nothing stays pinned. */
Test(slow, each_end_gives_back_all_that_was_taken)
{
    for (int round = 0; round < 3; round++) {
        count = 0;
        for (uint64_t i = 1; i <= SHARE + 1; i++)
            cr_assert(admit(make(i, "a")));
        cr_assert(admit(make(1, "b")));
        cr_assert(admit(make(1, NULL)));
        take_all();
        for (size_t i = 0; i < count; i++) {
            cr_assert_eq(tasks[i].is_slow, 1);
            slow_leave(&tasks[i]);
            cr_assert_eq(tasks[i].is_slow, 0);
            cr_assert_null(tasks[i].reference);
            cleanup(&tasks[i]);
        }
        for (uint64_t i = 1; i <= SHARE + 1; i++) {
            expect_source(i, 0);
            expect_place("a", i, 0, 0);
        }
        expect_place("a", 0, 0, 0);
        expect_place("b", 0, 0, 0);
        expect_place("b", 1, 0, 0);
    }
}
