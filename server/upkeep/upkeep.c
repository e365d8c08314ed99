#include "server/upkeep/upkeep.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/upkeep/nodes.h"
#include "server/upkeep/purge.h"
#include "server/upkeep/seal.h"
#include "server/upkeep/unconfirmed.h"

struct upkeep {
    pthread_t thread;
    struct store *store;
    struct nodes nodes;
    atomic_int alarm;

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    struct policy *policy;
    int resumes, stopping;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits a second, or until something has changed. Returns the policy to use, acquired, or NULL to stop. */
static struct policy *wait_a_second(struct upkeep *upkeep, int *resumes)
{
    struct policy *policy = NULL;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&upkeep->lock);
    if (!upkeep->stopping)
        pthread_cond_timedwait(&upkeep->wake, &upkeep->lock, &until);
    if (!upkeep->stopping)
        policy = policy_acquire(upkeep->policy);
    *resumes = upkeep->resumes;
    upkeep->resumes = 0;
    pthread_mutex_unlock(&upkeep->lock);
    return policy;
}

/* struct jobs is what the thread does, and where it stands. */
struct jobs {
    struct unconfirmed unconfirmed;
    struct purge purge;
    struct seal_job seals;
    int64_t sealed; /* Unix seconds */
};

static void begin_jobs(struct jobs *jobs, int64_t at_ms)
{
    *jobs = (struct jobs){.sealed = at_ms / 1000};
    seal_job_begin(&jobs->seals);
}

/* What is done each second, at |at_ms| (Unix milliseconds). */
static void do_jobs(struct upkeep *upkeep, struct jobs *jobs, const struct policy *policy, int64_t at_ms)
{
    int64_t now = at_ms / 1000;

    if (nodes_run(&upkeep->nodes, policy, upkeep->store, now)) {
        unconfirmed_run(&jobs->unconfirmed, policy, upkeep->store, now);
        purge_run(&jobs->purge, policy, upkeep->store, now);
    }
    /* What could not be sealed is tried again a second later. */
    if ((now - jobs->sealed >= BOUND_SEAL_EVERY || now < jobs->sealed) &&
        seal_heads(&jobs->seals, policy, upkeep->store, at_ms))
        jobs->sealed = now;
    atomic_store(&upkeep->alarm, jobs->unconfirmed.stopped);
}

static void *run(void *arg)
{
    struct upkeep *upkeep = arg;
    struct jobs jobs;
    struct policy *policy;
    int resumes;

    begin_jobs(&jobs, now_ms());
    while ((policy = wait_a_second(upkeep, &resumes)) != NULL) {
        if (resumes) {
            jobs.unconfirmed = (struct unconfirmed){0};
            jobs.purge = (struct purge){0};
        }
        do_jobs(upkeep, &jobs, policy, now_ms());
        policy_release(policy);
    }
    seal_heads(&jobs.seals, upkeep->policy, upkeep->store, now_ms());
    seal_job_end(&jobs.seals);
    return NULL;
}

struct upkeep *upkeep_new(struct policy *policy, struct store *store)
{
    struct upkeep *upkeep = calloc(1, sizeof *upkeep);
    pthread_condattr_t attributes;
    sigset_t all, before;
    int started;

    if (upkeep == NULL)
        return NULL;
    nodes_init(&upkeep->nodes);
    upkeep->store = store;
    upkeep->policy = policy_acquire(policy);
    pthread_mutex_init(&upkeep->lock, NULL);
    /* Not the clock that an operator may set. */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&upkeep->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&upkeep->thread, NULL, run, upkeep) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started) {
        pthread_setname_np(upkeep->thread, "upkeep");
        return upkeep;
    }
    policy_release(upkeep->policy);
    nodes_cleanup(&upkeep->nodes);
    free(upkeep);
    return NULL;
}

void upkeep_set_policy(struct upkeep *upkeep, struct policy *policy)
{
    struct policy *old;

    policy_acquire(policy);
    pthread_mutex_lock(&upkeep->lock);
    old = upkeep->policy;
    upkeep->policy = policy;
    upkeep->resumes = 1;
    pthread_cond_signal(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
    policy_release(old);
}

void upkeep_nodes(struct upkeep *upkeep, char out[NODES_TEXT_MAX], int *differ)
{
    nodes_text(&upkeep->nodes, out, differ);
}

int upkeep_has_alarm(const struct upkeep *upkeep)
{
    return upkeep != NULL && atomic_load(&upkeep->alarm);
}

void upkeep_free(struct upkeep *upkeep)
{
    if (upkeep == NULL)
        return;
    pthread_mutex_lock(&upkeep->lock);
    upkeep->stopping = 1;
    pthread_cond_signal(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
    pthread_join(upkeep->thread, NULL);
    pthread_cond_destroy(&upkeep->wake);
    pthread_mutex_destroy(&upkeep->lock);
    nodes_cleanup(&upkeep->nodes);
    policy_release(upkeep->policy);
    free(upkeep);
}
