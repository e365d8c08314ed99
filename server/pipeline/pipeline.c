/* The pipeline as a whole: its lanes and workers begin, take a policy, and end. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/random.h"
#include "crypto/seal.h"
#include "server/base/log.h"
#include "server/pipeline/internal.h"

struct ledger *pipeline_ledger(struct pipeline *pipeline)
{
    return pipeline->sources;
}

void pipeline_asks(struct pipeline *pipeline, struct authorize *authorize)
{
    pipeline->authorize = authorize;
}

void pipeline_source_key(const struct pipeline *pipeline, uint64_t key[2])
{
    memcpy(key, pipeline->place_key, sizeof pipeline->place_key);
}

struct guesses *pipeline_guesses(struct pipeline *pipeline)
{
    return pipeline->guesses;
}

size_t pipeline_memory(const struct pipeline *pipeline)
{
    return atomic_load_explicit(&pipeline->memory, memory_order_relaxed);
}

void pipeline_serve_ocsp(struct pipeline *pipeline, struct ocsp_service *ocsp)
{
    pipeline->ocsp = ocsp;
}

void pipeline_set_policy(struct pipeline *pipeline, struct policy *policy)
{
    struct lane *lanes[] = {&pipeline->fast, &pipeline->slow};

    atomic_store(&pipeline->queries_max, policy_config(policy)->ocsp.jobs);

    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lanes[l]->worker_count; i++) {
            struct worker *worker = &lanes[l]->workers[i];
            policy_release(atomic_exchange(&worker->mailbox, policy_acquire(policy)));
            worker_wake(worker);
        }
}

int pipeline_idle(const struct pipeline *pipeline)
{
    return atomic_load(&pipeline->alive) == 0;
}

void pipeline_ask(struct pipeline *pipeline)
{
    struct lane *lanes[] = {&pipeline->fast, &pipeline->slow};

    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lanes[l]->worker_count; i++) {
            pulse_ask(&lanes[l]->workers[i].pulse);
            worker_wake(&lanes[l]->workers[i]);
        }
}

int pipeline_answers(const struct pipeline *pipeline)
{
    const struct lane *lanes[] = {&pipeline->fast, &pipeline->slow};

    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lanes[l]->worker_count; i++)
            if (!pulse_is_answered(&lanes[l]->workers[i].pulse))
                return 0;
    return 1;
}

int pipeline_has_room(const struct pipeline *pipeline)
{
    return atomic_load(&pipeline->fast.size) * 2 < pipeline->limits.queue_jobs;
}

void pipeline_load(const struct pipeline *pipeline, struct pipeline_load *out)
{
    const struct lane *lanes[] = {&pipeline->fast, &pipeline->slow};
    const struct ledger *ledgers[] = {pipeline->sources, pipeline->pairs};

    out->jobs = atomic_load_explicit(&pipeline->alive, memory_order_relaxed);
    out->jobs_max = pipeline->limits.jobs;
    out->queries = atomic_load_explicit(&pipeline->queries, memory_order_relaxed);
    out->memory = pipeline_memory(pipeline);
    for (size_t i = 0; i < 2; i++) {
        out->queued[i] = atomic_load_explicit(&lanes[i]->size, memory_order_relaxed);
        out->bound[i] = lanes[i]->bound;
        out->workers[i] = lanes[i]->worker_count;
        out->places[i] = ledger_places(ledgers[i], &out->used[i], &out->crowded[i]);
    }
}

/* One worker a core beside the front's: the store's threads mostly wait for the disk. */
static size_t default_workers(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    return cores > 4 ? (size_t)cores * 3 / 4 : cores > 1 ? (size_t)cores - 1 : 1;
}

static int start_workers(struct lane *lane, struct policy *policy)
{
    sigset_t all, before;
    int ok = 1;

    /* Signals are the main thread's business. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; ok && i < lane->worker_count; i++) {
        lane->workers[i].policy = policy_acquire(policy);
        ok = pthread_create(&lane->workers[i].thread, NULL, worker_main, &lane->workers[i]) == 0;
        lane->workers[i].started = ok;
        /* What it does at first is not allowed any more once all threads are there. */
        while (ok && !atomic_load(&lane->workers[i].gives_way))
            sched_yield();
        if (ok)
            pthread_setname_np(lane->workers[i].thread,
                               lane == &lane->workers[i].pipeline->slow ? "slow" : "worker");
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

/* Who has no secrets has no wrong MACs to share. */
static void choose_key(struct pipeline *pipeline, const struct policy *policy)
{
    const struct seal_key *key = policy_settings(policy)->seal_key;

    if (key != NULL)
        seal_key_places(key, pipeline->place_key);
    else
        random_bytes((uint8_t *)pipeline->place_key, sizeof pipeline->place_key);
}

struct pipeline *pipeline_new(char *fault, const struct config *config, struct policy *policy,
                              struct store *store)
{
    struct pipeline *pipeline = aligned_alloc(CACHE_LINE, sizeof *pipeline);
    size_t workers = config->threads.workers != 0 ? config->threads.workers : default_workers();

    if (pipeline != NULL) {
        memset(pipeline, 0, sizeof *pipeline);
        pipeline->store = store;
        pipeline->limits = config->limits;
        atomic_init(&pipeline->queries_max, config->ocsp.jobs);
        choose_key(pipeline, policy);
        pipeline->sources = ledger_new(BOUND_LEDGER_PLACES);
        pipeline->pairs = ledger_new(BOUND_LEDGER_PLACES);
        if (pipeline->sources != NULL && pipeline->pairs != NULL)
            pipeline->guesses = guesses_new(pipeline->sources, pipeline->pairs);
        if (pipeline->guesses != NULL &&
            lane_init(&pipeline->fast, pipeline, 0, config->limits.queue_jobs,
                      (int)config->limits.slow_job_us, workers) &&
            lane_init(&pipeline->slow, pipeline, 1, config->limits.slow_queue_jobs, BOUND_SLOW_TURN_US,
                      config->threads.slow) &&
            start_workers(&pipeline->fast, policy) && start_workers(&pipeline->slow, policy))
            return pipeline;
        pipeline_free(pipeline);
    }
    snprintf(fault, CONFIG_FAULT_MAX,
             "the workers could not be started: too little memory, or too many threads");
    return NULL;
}

/* How full batches were: of the whole process, whose pipeline this is. */
static void log_batches(void)
{
    uint64_t buckets[METRIC_BUCKETS_MAX], items[2], batches[2] = {0};

    for (size_t i = 0; i < 2; i++) {
        metric_read_histogram(&pipeline_batches, i == 0 ? STAGE_VERIFY : STAGE_SIGN, buckets, &items[i]);
        for (size_t j = 0; j <= pipeline_batches.buckets->count; j++)
            batches[i] += buckets[j];
    }
    log_line(
        LOG_INFO, "batches", log_number("verifications", (int64_t)items[0]),
        log_real("per_batch", (double)items[0] / (double)(batches[0] != 0 ? batches[0] : 1)),
        log_number("signatures", (int64_t)items[1]),
        log_real("per_batch_of_signatures", (double)items[1] / (double)(batches[1] != 0 ? batches[1] : 1)));
}

void pipeline_stop(struct pipeline *pipeline)
{
    struct lane *lanes[] = {&pipeline->fast, &pipeline->slow};

    if (atomic_exchange(&pipeline->stopping, 1))
        return;
    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lanes[l]->worker_count; i++) {
            struct worker *worker = &lanes[l]->workers[i];
            if (!worker->started)
                continue;
            /* Whether it sleeps or is about to: the eventfd stays readable. */
            atomic_store(&worker->sleeping, 1);
            worker_wake(worker);
            pthread_join(worker->thread, NULL);
        }
    log_batches();
}

void pipeline_free(struct pipeline *pipeline)
{
    pipeline_stop(pipeline);
    lane_cleanup(&pipeline->fast);
    lane_cleanup(&pipeline->slow);
    guesses_free(pipeline->guesses);
    ledger_free(pipeline->sources);
    ledger_free(pipeline->pairs);
    free(pipeline);
}
