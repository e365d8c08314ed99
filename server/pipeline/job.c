/* Jobs between front and lanes: made, handed over, refused, freed. */
#include "crypto/ocsp.h"
#include "server/pipeline/internal.h"

void job_uncount(struct pipeline *pipeline, struct ledger_source *source)
{
    ledger_give(&source->requests);
    ledger_unpin(source);
    if (atomic_fetch_sub(&pipeline->alive, 1) == 1 && atomic_load(&pipeline->stopping))
        for (size_t i = 0; i < pipeline->fast.worker_count; i++)
            worker_wake(&pipeline->fast.workers[i]);
}

int job_count(struct pipeline *pipeline, struct ledger_source *source, const char **why)
{
    if (!ledger_take(&source->requests, pipeline->limits.requests_per_source)) {
        pipeline_count_overload(OVERLOAD_SOURCE);
        *why = "too many requests at once from this address: try again later";
        return 0;
    }
    ledger_pin_again(source);
    if (atomic_fetch_add(&pipeline->alive, 1) <
        ledger_share(source, source->requests, pipeline->limits.jobs, ledger_now()))
        return 1;
    pipeline_count_overload(OVERLOAD_JOBS);
    *why = "the server is busy: try again later";
    job_uncount(pipeline, source);
    return 0;
}

struct job *pipeline_job(struct pipeline *pipeline, struct ledger_source *source, const char **why)
{
    struct arena *arena;
    struct task *task;

    if (!job_count(pipeline, source, why))
        return NULL;
    *why = "the server is busy: try again later";
    arena = arena_new(BOUND_JOB_ARENA);
    if (arena != NULL)
        arena_count(arena, &pipeline->memory);
    task = arena != NULL ? arena_alloc(arena, sizeof *task) : NULL;
    if (task == NULL) {
        pipeline_count_overload(OVERLOAD_MEMORY);
        arena_free(arena);
        job_uncount(pipeline, source);
        return NULL;
    }
    task->job.arena = arena;
    task->job.source = source;
    task->pipeline = pipeline;
    return &task->job;
}

void pipeline_job_free(struct pipeline *pipeline, struct job *job)
{
    struct ledger_source *source = job->source;

    if (((struct task *)job)->is_query)
        atomic_fetch_sub(&pipeline->queries, 1);
    arena_free(job->arena);
    job_uncount(pipeline, source);
}

void pipeline_abandon(struct job *job)
{
    atomic_store_explicit(&job->abandoned, 1, memory_order_relaxed);
}

void pipeline_refuse(struct job *job, enum job_end end, unsigned fail_info, const char *text)
{
    job->end = end;
    if (job->kind == JOB_OCSP)
        job->reply = ocsp_error(OCSP_TRY_LATER);
    else if (!cmp_overload_answer(&job->reply, job->arena, job->request, (enum pki_failure)fail_info, text))
        job->reply = bytes_of(NULL, 0);
}

/* Anybody may ask, so those who do have a share of the queue, and leave the rest to stations. */
static int take_query(struct pipeline *pipeline, struct task *task)
{
    if (task->job.kind != JOB_OCSP)
        return 1;
    task->is_query = ledger_take(&pipeline->queries, atomic_load(&pipeline->queries_max));
    return task->is_query;
}

int pipeline_submit(struct pipeline *pipeline, struct job *job)
{
    struct task *task = (struct task *)job;
    size_t share =
        ledger_share(job->source, job->source->requests, pipeline->limits.queue_jobs, ledger_now());

    task->came_us = task->since_us = metrics_now_us();
    if (!take_query(pipeline, task)) {
        pipeline_count_overload(OVERLOAD_OCSP);
    } else {
        if (lane_push(&pipeline->fast, task, share))
            return 1;
        pipeline_count_overload(OVERLOAD_QUEUE);
    }
    pipeline_refuse(job, JOB_BUSY, PKI_SYSTEM_UNAVAIL, "the server is overloaded: try again later");
    return 0;
}
