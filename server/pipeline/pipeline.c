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

int pipeline_has_room(const struct pipeline *pipeline)
{
    return atomic_load(&pipeline->fast.size) * 2 < pipeline->limits.queue_jobs;
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

static double mean(uint64_t sum, uint64_t count)
{
    return count != 0 ? (double)sum / (double)count : 0;
}

void pipeline_stop(struct pipeline *pipeline)
{
    struct lane *lanes[] = {&pipeline->fast, &pipeline->slow};
    struct tally all = {0};

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
            all.verifications += worker->tally.verifications;
            all.verify_batches += worker->tally.verify_batches;
            all.signatures += worker->tally.signatures;
            all.sign_batches += worker->tally.sign_batches;
        }
    log_line(LOG_INFO, "batches", log_number("verifications", all.verifications),
             log_real("per_batch", mean(all.verifications, all.verify_batches)),
             log_number("signatures", all.signatures),
             log_real("per_batch_of_signatures", mean(all.signatures, all.sign_batches)));
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
