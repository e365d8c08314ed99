/* lane.c: a queue with a bound that holds, whoever pushes. */
#include <criterion/criterion.h>

#include "server/pipeline/internal.h"
#include "tests/support/must.h"

enum { BOUND = 20, PUSHERS = 4, EACH = 5000 };

static struct pipeline pipeline;

static void set_up(void)
{
    pipeline.limits.jobs = 64;
    pipeline.limits.queue_jobs = BOUND;
    must(lane_init(&pipeline.fast, &pipeline, BOUND, 2));
}

static void tear_down(void)
{
    lane_cleanup(&pipeline.fast);
}

TestSuite(lane, .init = set_up, .fini = tear_down);

Test(lane, first_in_first_out_up_to_the_bound)
{
    struct task tasks[BOUND + 1];

    for (int i = 0; i < BOUND; i++)
        cr_assert(lane_push(&pipeline.fast, &tasks[i]));
    cr_assert_not(lane_push(&pipeline.fast, &tasks[BOUND]), "beyond its bound the lane took one more");
    for (int i = 0; i < BOUND; i++)
        cr_assert_eq(lane_pop(&pipeline.fast), &tasks[i]);
    cr_assert_null(lane_pop(&pipeline.fast));
    cr_assert(lane_push(&pipeline.fast, &tasks[0]));
}

/* RFC 9811 3.1 leaves 5xx to us: a full queue is 503, at once, with systemUnavail and what identifies the
 * request. */
Test(lane, a_full_queue_refuses_with_503)
{
    struct task tasks[BOUND];
    struct job *job;
    struct pki_message message;
    struct pki_status_info status;

    cr_assert(pipeline_has_room(&pipeline));
    for (int i = 0; i < BOUND; i++)
        cr_assert(lane_push(&pipeline.fast, &tasks[i]));
    job = pipeline_job(&pipeline);
    cr_assert_not_null(job);
    cr_assert_not(pipeline_submit(&pipeline, job));
    cr_assert_eq(job->status, 503);
    cr_assert_eq(pki_message_decode(&message, NULL, job->reply), PKI_WHOLE);
    cr_assert_not(message.has_protection);
    cr_assert(pki_decode_error(&status, message.body));
    cr_assert_eq(status.fail_info, UINT64_C(1) << PKI_SYSTEM_UNAVAIL);
    pipeline_job_free(&pipeline, job);
    cr_assert_not(pipeline_has_room(&pipeline));
}

static atomic_uint taken, pushed;
static struct task one;

static void *push_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++) {
        while (!lane_push(&pipeline.fast, &one))
            ;
        atomic_fetch_add(&pushed, 1);
    }
    return NULL;
}

static void *pop_many(void *arg)
{
    (void)arg;
    while (atomic_load(&taken) < PUSHERS * EACH)
        if (lane_pop(&pipeline.fast) != NULL)
            atomic_fetch_add(&taken, 1);
    return NULL;
}

Test(lane, nothing_is_lost_between_threads)
{
    pthread_t threads[PUSHERS + 2];

    for (int i = 0; i < PUSHERS + 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, i < PUSHERS ? push_many : pop_many, NULL), 0);
    for (int i = 0; i < PUSHERS + 2; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(atomic_load(&taken), PUSHERS * EACH);
    cr_assert_null(lane_pop(&pipeline.fast));
}
