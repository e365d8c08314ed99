/* fake_pipeline.c: see the header. */
#include "fake_pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/pipeline/metrics.h"

enum { THREADS_MAX = 16 };

struct pipeline {
    unsigned jobs, queue, delay_us, thread_count;
    atomic_uint alive;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct job *first, *last, *held;
    unsigned queued;
    int released, stopping;
    struct ledger *ledger;
    atomic_size_t memory;
    pthread_t threads[THREADS_MAX];
};

static int starts_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static void finish(struct job *job)
{
    /* "end=N" asks for an end of that number. */
    job->end = JOB_ANSWERED;
    if (starts_with(job->request, "end=") && job->request.len > 4 && job->request.data[4] >= '0' &&
        job->request.data[4] <= '0' + JOB_NOT_NOW)
        job->end = (enum job_end)(job->request.data[4] - '0');
    /* "who" asks whose request it is taken for, "where" for what path. */
    job->reply = bytes_equal(job->request, bytes_str("who"))     ? job->peer
                 : bytes_equal(job->request, bytes_str("where")) ? job->path
                                                                 : job->request;
    job->on_done(job);
}

static struct bytes after(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    return bytes_of(text.data + len, text.len - len);
}

/* Answers those that are held with the words of |job|, then |job|, which so comes back behind them. */
static void let_go(struct pipeline *pipeline, struct job *job)
{
    struct bytes words = after(job->request, "let go ");
    struct job *gone = NULL, **at = &pipeline->held;
    unsigned count = 0;
    pthread_mutex_lock(&pipeline->lock);
    while (*at != NULL) {
        struct job *held = *at;
        if (bytes_equal(after(held->request, "hold "), words)) {
            *at = held->next;
            held->next = gone;
            gone = held;
        } else {
            at = &held->next;
        }
    }
    pthread_mutex_unlock(&pipeline->lock);
    while (gone != NULL) {
        struct job *next = gone->next;
        finish(gone);
        gone = next;
        count++;
    }
    job->request = bytes_str(arena_printf(job->arena, "%u", count));
    finish(job);
}

static void tell_held(struct pipeline *pipeline, struct job *job)
{
    unsigned count = 0, forgotten = 0;
    pthread_mutex_lock(&pipeline->lock);
    for (const struct job *held = pipeline->held; held != NULL; held = held->next) {
        count++;
        forgotten += atomic_load(&held->abandoned) != 0;
    }
    pthread_mutex_unlock(&pipeline->lock);
    job->request = bytes_str(arena_printf(job->arena, "%u %u", count, forgotten));
    finish(job);
}

static void *worker(void *arg)
{
    struct pipeline *pipeline = arg;
    struct timespec delay = {pipeline->delay_us / 1000000, (long)(pipeline->delay_us % 1000000) * 1000};
    for (;;) {
        pthread_mutex_lock(&pipeline->lock);
        while (pipeline->first == NULL && !pipeline->stopping)
            pthread_cond_wait(&pipeline->work, &pipeline->lock);
        struct job *job = pipeline->first;
        if (job != NULL) {
            pipeline->first = job->next;
            if (pipeline->first == NULL)
                pipeline->last = NULL;
            pipeline->queued--;
        }
        if (job != NULL && starts_with(job->request, "hold ") && !pipeline->released) {
            job->next = pipeline->held;
            pipeline->held = job;
            pthread_mutex_unlock(&pipeline->lock);
            continue;
        }
        pthread_mutex_unlock(&pipeline->lock);
        if (job == NULL)
            return NULL;
        if (pipeline->delay_us > 0)
            nanosleep(&delay, NULL);
        if (starts_with(job->request, "let go "))
            let_go(pipeline, job);
        else if (bytes_equal(job->request, bytes_str("held")))
            tell_held(pipeline, job);
        else
            finish(job);
    }
}

struct pipeline *fake_pipeline_new(unsigned jobs, unsigned queue, unsigned delay_us, unsigned threads)
{
    struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL || (pipeline->ledger = ledger_new(BOUND_LEDGER_PLACES)) == NULL)
        abort();
    pipeline->jobs = jobs;
    pipeline->queue = queue;
    pipeline->delay_us = delay_us;
    pipeline->thread_count = threads < THREADS_MAX ? threads : THREADS_MAX;
    pthread_mutex_init(&pipeline->lock, NULL);
    pthread_cond_init(&pipeline->work, NULL);
    for (unsigned i = 0; i < pipeline->thread_count; i++)
        if (pthread_create(&pipeline->threads[i], NULL, worker, pipeline) != 0)
            abort();
    return pipeline;
}

void pipeline_source_key(const struct pipeline *pipeline, uint64_t key[2])
{
    (void)pipeline;
    key[0] = key[1] = 1; /* a test, whose sources nobody chooses */
}

unsigned fake_pipeline_jobs(const struct pipeline *pipeline)
{
    return atomic_load(&pipeline->alive);
}

void fake_pipeline_release(struct pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->lock);
    struct job *held = pipeline->held;
    pipeline->held = NULL;
    pipeline->released = 1;
    pthread_mutex_unlock(&pipeline->lock);
    while (held != NULL) {
        struct job *next = held->next;
        finish(held);
        held = next;
    }
}

struct ledger *pipeline_ledger(struct pipeline *pipeline)
{
    return pipeline->ledger;
}

size_t pipeline_memory(const struct pipeline *pipeline)
{
    return atomic_load(&pipeline->memory);
}

void pipeline_abandon(struct job *job)
{
    atomic_store(&job->abandoned, 1);
}

struct job *pipeline_job(struct pipeline *pipeline, struct ledger_source *source, const char **why)
{
    *why = "the server is busy; try again later";
    if (atomic_fetch_add(&pipeline->alive, 1) >= pipeline->jobs) {
        atomic_fetch_sub(&pipeline->alive, 1);
        return NULL;
    }
    struct arena *arena = arena_new(4194304);
    if (arena != NULL)
        arena_count(arena, &pipeline->memory);
    struct job *job = arena_alloc(arena, sizeof *job);
    if (job == NULL)
        abort();
    job->arena = arena;
    job->source = source;
    ledger_pin_again(source);
    ledger_take(&source->requests, UINT32_MAX);
    return job;
}

void pipeline_job_free(struct pipeline *pipeline, struct job *job)
{
    ledger_give(&job->source->requests);
    ledger_unpin(job->source);
    arena_free(job->arena);
    atomic_fetch_sub(&pipeline->alive, 1);
}

void pipeline_refuse(struct job *job, enum job_end end, unsigned fail_info, const char *text)
{
    job->end = end;
    job->reply = bytes_str(arena_printf(job->arena, "refused %u: %s\n", fail_info, text));
}

int pipeline_submit(struct pipeline *pipeline, struct job *job)
{
    if (pipeline->thread_count == 0) {
        finish(job);
        return 1;
    }
    pthread_mutex_lock(&pipeline->lock);
    if (pipeline->queued >= pipeline->queue) {
        pthread_mutex_unlock(&pipeline->lock);
        pipeline_refuse(job, JOB_BUSY, 24, "the queue is full");
        return 0;
    }
    job->next = NULL;
    if (pipeline->last != NULL)
        pipeline->last->next = job;
    else
        pipeline->first = job;
    pipeline->last = job;
    pipeline->queued++;
    pthread_cond_signal(&pipeline->work);
    pthread_mutex_unlock(&pipeline->lock);
    return 1;
}

int pipeline_idle(const struct pipeline *pipeline)
{
    return atomic_load(&((struct pipeline *)pipeline)->alive) == 0;
}

int pipeline_has_room(const struct pipeline *pipeline)
{
    return pipeline->queued < pipeline->queue / 2;
}

void pipeline_free(struct pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->lock);
    pipeline->stopping = 1;
    pthread_cond_broadcast(&pipeline->work);
    pthread_mutex_unlock(&pipeline->lock);
    fake_pipeline_release(pipeline);
    for (unsigned i = 0; i < pipeline->thread_count; i++)
        pthread_join(pipeline->threads[i], NULL);
    if (!pipeline_idle(pipeline)) {
        fprintf(stderr, "%u jobs were never freed\n", atomic_load(&pipeline->alive));
        abort();
    }
    ledger_free(pipeline->ledger);
    pthread_mutex_destroy(&pipeline->lock);
    pthread_cond_destroy(&pipeline->work);
    free(pipeline);
}

void pipeline_count_overload(enum pipeline_overload why)
{
    (void)why;
}
