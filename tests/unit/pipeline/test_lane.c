/* lane.c: a queue with a bound that holds, whoever pushes. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"
#include "server/pki/response.h"
#include "tests/support/must.h"

enum { BOUND = 20, PUSHERS = 4, EACH = 5000, TURN_US = 500 };

static struct pipeline pipeline;
static struct ledger_source *source, *other;
static struct task *abandoned;

static void set_up(void)
{
    uint32_t now = ledger_now();

    pipeline.limits.jobs = 64;
    pipeline.limits.queue_jobs = BOUND;
    pipeline.limits.requests_per_source = 64;
    pipeline.sources = ledger_new(16);
    must(pipeline.sources != NULL);
    source = ledger_pin(pipeline.sources, 1, now);
    other = ledger_pin(pipeline.sources, 2, now);
    must(lane_init(&pipeline.fast, &pipeline, 0, BOUND, TURN_US, 2));
}

static void tear_down(void)
{
    lane_cleanup(&pipeline.fast);
    ledger_free(pipeline.sources);
}

TestSuite(lane, .init = set_up, .fini = tear_down);

static int push(struct task *task, struct ledger_source *of)
{
    *task = (struct task){.job.source = of};
    return lane_push(&pipeline.fast, task, BOUND);
}

static struct task *pop(void)
{
    return lane_pop(&pipeline.fast, &abandoned);
}

Test(lane, first_in_first_out_up_to_the_bound)
{
    struct task tasks[BOUND + 1];

    for (int i = 0; i < BOUND; i++)
        cr_assert(push(&tasks[i], source));
    cr_assert_not(push(&tasks[BOUND], source), "beyond its bound the lane took one more");
    for (int i = 0; i < BOUND; i++)
        cr_assert_eq(pop(), &tasks[i]);
    cr_assert_null(pop());
    cr_assert(push(&tasks[0], source));
}

/* What is kept for sources that proved themselves is a lower bound for others. */
Test(lane, who_pushes_may_have_a_lower_bound)
{
    struct task tasks[3] = {{.job.source = source}, {.job.source = source}, {.job.source = other}};

    cr_assert(lane_push(&pipeline.fast, &tasks[0], 2));
    cr_assert(lane_push(&pipeline.fast, &tasks[1], 2));
    cr_assert_not(lane_push(&pipeline.fast, &tasks[2], 2));
    cr_assert(lane_push(&pipeline.fast, &tasks[2], 3));
}

/* A node whose queue is half full asks for no more. */
Test(lane, half_a_queue_is_room_no_more)
{
    struct task tasks[BOUND / 2];

    for (int i = 0; i < BOUND / 2; i++) {
        cr_assert(pipeline_has_room(&pipeline));
        cr_assert(push(&tasks[i], source));
    }
    cr_assert_not(pipeline_has_room(&pipeline));
}

/* Its own bound is the lane's: the ring has no more room. */
Test(lane, nobody_has_more_than_the_lane_has)
{
    struct task tasks[BOUND + 1];

    for (int i = 0; i <= BOUND; i++) {
        tasks[i] = (struct task){.job.source = source};
        cr_assert_eq(lane_push(&pipeline.fast, &tasks[i], 2 * BOUND), i < BOUND);
    }
}

/* However much is charged at once, or again and again: it is paid for after a bounded while. */
Test(lane, a_debt_has_a_bound)
{
    const struct task task = {.job.source = source};
    atomic_int *debt = &source->flows[0].debt_us;

    lane_charge(&pipeline.fast, &task, UINT64_C(1) << 32);
    cr_assert_eq(atomic_load(debt), BOUND_LANE_DEBT_US);
    lane_charge(&pipeline.fast, &task, 1);
    cr_assert_eq(atomic_load(debt), BOUND_LANE_DEBT_US);
    atomic_store(debt, BOUND_LANE_DEBT_US - 1);
    lane_charge(&pipeline.fast, &task, UINT64_MAX);
    cr_assert_eq(atomic_load(debt), 2 * BOUND_LANE_DEBT_US - 1);
}

/* One source that sends ten keeps another that sends one waiting for one of them, not for ten. */
Test(lane, sources_are_served_in_turn)
{
    struct task many[10], few[2];

    for (int i = 0; i < 10; i++)
        push(&many[i], source);
    push(&few[0], other);
    push(&few[1], other);
    cr_assert_eq(pop(), &many[0]);
    cr_assert_eq(pop(), &few[0]);
    cr_assert_eq(pop(), &many[1]);
    cr_assert_eq(pop(), &few[1]);
    for (int i = 2; i < 10; i++)
        cr_assert_eq(pop(), &many[i]);
}

/* A turn pays for TURN_US: who was served at three times that is passed over twice more. */
Test(lane, turns_are_by_price)
{
    struct task costly[3], cheap[6];

    for (int i = 0; i < 3; i++)
        push(&costly[i], source);
    for (int i = 0; i < 6; i++)
        push(&cheap[i], other);
    cr_assert_eq(pop(), &costly[0]);
    lane_charge(&pipeline.fast, &costly[0], 3 * TURN_US);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(pop(), &cheap[i]);
        lane_charge(&pipeline.fast, &cheap[i], TURN_US);
    }
    cr_assert_eq(pop(), &costly[1], "after three turns the price is paid");
    /* Alone, nobody waits for a debt. */
    lane_charge(&pipeline.fast, &costly[1], 1000 * TURN_US);
    for (int i = 3; i < 6; i++)
        cr_assert_eq(pop(), &cheap[i]);
    cr_assert_eq(pop(), &costly[2]);
    cr_assert_null(pop());
}

Test(lane, abandoned_tasks_are_taken_out_in_one_turn)
{
    struct task many[10], few;
    unsigned count = 0;

    for (int i = 0; i < 10; i++)
        push(&many[i], source);
    push(&few, other);
    for (int i = 0; i < 9; i++)
        pipeline_abandon(&many[i].job);
    cr_assert_eq(pop(), &many[9]);
    for (; abandoned != NULL; abandoned = abandoned->next)
        count++;
    cr_assert_eq(count, 9);
    cr_assert_eq(pop(), &few);
    cr_assert_null(pop());
    cr_assert_eq(atomic_load(&pipeline.fast.size), 0);
}

/* RFC 9811 3.1 leaves 5xx to us: a full queue is 503, at once, with systemUnavail and what identifies the
 * request. */
Test(lane, a_full_queue_refuses_with_503)
{
    struct task tasks[BOUND];
    struct job *job;
    struct pki_message message;
    struct pki_status_info status;
    const char *why;

    cr_assert(pipeline_has_room(&pipeline));
    for (int i = 0; i < BOUND; i++)
        cr_assert(push(&tasks[i], source));
    job = pipeline_job(&pipeline, source, &why);
    cr_assert_not_null(job);
    cr_assert_not(pipeline_submit(&pipeline, job));
    cr_assert_eq(job->end, JOB_BUSY);
    cr_assert_eq(pki_message_decode(&message, NULL, job->reply), PKI_WHOLE);
    cr_assert_not(message.has_protection);
    cr_assert(pki_decode_error(&status, message.body));
    cr_assert_eq(status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    pipeline_job_free(&pipeline, job);
    cr_assert_not(pipeline_has_room(&pipeline));
}

static atomic_uint taken;
static struct task all[PUSHERS][EACH];

static void *push_many(void *arg)
{
    struct task *tasks = arg;

    for (int i = 0; i < EACH; i++) {
        /* Some sources are one thread's, one is everybody's. */
        tasks[i].job.source = i % 3 == 0 ? other : source;
        while (!lane_push(&pipeline.fast, &tasks[i], BOUND))
            sched_yield(); /* with fewer processors than threads, the others must get theirs */
    }
    return NULL;
}

static void *pop_many(void *arg)
{
    struct task *ignored = NULL, *task;

    (void)arg;
    while (atomic_load(&taken) < PUSHERS * EACH)
        if ((task = lane_pop(&pipeline.fast, &ignored)) != NULL) {
            cr_assert_eq(task->is_slow++, 0, "a task was taken twice");
            lane_charge(&pipeline.fast, task, TURN_US / 2);
            atomic_fetch_add(&taken, 1);
        } else
            sched_yield();
    return NULL;
}

Test(lane, nothing_is_lost_between_threads)
{
    pthread_t threads[PUSHERS + 2];

    for (int i = 0; i < PUSHERS + 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, i < PUSHERS ? push_many : pop_many, all[i % PUSHERS]),
                     0);
    for (int i = 0; i < PUSHERS + 2; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&taken), PUSHERS * EACH);
    cr_assert_null(pop());
}
