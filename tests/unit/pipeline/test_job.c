/* job.c: how many jobs of each protocol are taken, and what those are told that are not. */
#include <criterion/criterion.h>

#include "crypto/ocsp.h"
#include "server/pipeline/internal.h"
#include "tests/support/must.h"

enum { BOUND = 16, QUERIES = 3 };

static struct pipeline pipeline;
static struct ledger_source *source;

static void set_up(void)
{
    pipeline.limits =
        (struct config_limits){.jobs = BOUND, .queue_jobs = BOUND, .requests_per_source = BOUND};
    atomic_store(&pipeline.queries_max, QUERIES);
    pipeline.sources = ledger_new(BOUND);
    must(pipeline.sources != NULL && lane_init(&pipeline.fast, &pipeline, 0, BOUND, 1, 1));
    source = ledger_pin(pipeline.sources, 1, ledger_now());
    ledger_prove(source, ledger_now());
}

static void tear_down(void)
{
    lane_cleanup(&pipeline.fast);
    ledger_free(pipeline.sources);
}

TestSuite(job, .init = set_up, .fini = tear_down);

static struct job *new_job(enum job_kind kind)
{
    const char *why;
    struct job *job = pipeline_job(&pipeline, source, &why);

    must(job != NULL);
    job->kind = kind;
    return job;
}

/* Takes the oldest job out of the lane, as a worker does, and ends it. */
static void end_oldest(void)
{
    struct task *abandoned = NULL, *task = lane_pop(&pipeline.fast, &abandoned);

    must(task != NULL);
    pipeline_job_free(&pipeline, &task->job);
}

Test(job, queries_of_OCSP_leave_room_for_stations)
{
    struct job *job;

    for (int i = 0; i < QUERIES; i++)
        cr_assert(pipeline_submit(&pipeline, new_job(JOB_OCSP)));
    job = new_job(JOB_OCSP);
    cr_assert_not(pipeline_submit(&pipeline, job));
    cr_assert_eq(job->end, JOB_BUSY);
    cr_assert(bytes_equal(job->reply, ocsp_error(OCSP_TRY_LATER)));
    pipeline_job_free(&pipeline, job);
    cr_assert_eq(atomic_load(&pipeline.queries), QUERIES, "what was not taken is not counted");
    cr_assert(pipeline_submit(&pipeline, new_job(JOB_CMP)));
    end_oldest();
    cr_assert(pipeline_submit(&pipeline, new_job(JOB_OCSP)), "one has ended");
    for (int i = 0; i < QUERIES + 1; i++)
        end_oldest();
    cr_assert_eq(atomic_load(&pipeline.queries), 0);
}

Test(job, a_query_for_which_the_queue_is_full_is_not_counted)
{
    struct job *job;

    for (int i = 0; i < BOUND; i++)
        cr_assert(pipeline_submit(&pipeline, new_job(JOB_CMP)));
    end_oldest();
    cr_assert(pipeline_submit(&pipeline, new_job(JOB_CMP)));
    end_oldest();
    pipeline.limits.queue_jobs = 1;
    job = new_job(JOB_OCSP);
    cr_assert_not(pipeline_submit(&pipeline, job));
    cr_assert(bytes_equal(job->reply, ocsp_error(OCSP_TRY_LATER)));
    pipeline_job_free(&pipeline, job);
    cr_assert_eq(atomic_load(&pipeline.queries), 0);
    for (int i = 0; i < BOUND - 1; i++)
        end_oldest();
}

/* RFC 9811 3.1: a station that is refused gets a PKIMessage. */
Test(job, each_protocol_has_its_refusal)
{
    struct job *job = new_job(JOB_CMP);

    pipeline_refuse(job, JOB_BUSY, PKI_SYSTEM_UNAVAIL, "later");
    cr_assert_gt(job->reply.len, 5);
    pipeline_job_free(&pipeline, job);
    job = new_job(JOB_OCSP);
    pipeline_refuse(job, JOB_BUSY, PKI_SYSTEM_UNAVAIL, "later");
    cr_assert(bytes_equal(job->reply, ocsp_error(OCSP_TRY_LATER)));
    pipeline_job_free(&pipeline, job);
}
