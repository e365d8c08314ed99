/* Runs the table of jobs on three threads: one says every few seconds that this node lives, and must wait
 * neither for the one whose jobs may take long, nor for the one that waits for servers of others. */
#include "server/upkeep/upkeep.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "server/base/bounds.h"
#include "server/upkeep/job.h"
#include "server/upkeep/overdue.h"
#include "server/upkeep/renewal.h"
#include "server/upkeep/tls_files.h"

enum {
    /* Seconds for which a run of nodes_job holds: below the gap no deadline is put off. */
    SERVICE_AGE = BOUND_ALIVE_GAP - BOUND_ALIVE_EVERY,
};

/* struct duty is a job with its state. */
struct duty {
    void *state;
    int64_t ran; /* Unix seconds */
    atomic_int alarm;
};

/* struct strand is a thread with its share of the jobs. */
struct strand {
    struct upkeep *upkeep;
    enum upkeep_strand of;
    pthread_t thread;
    int started;
    unsigned resumed;    /* of upkeep.resumed, as far as its jobs know */
    atomic_int stopping; /* set under the lock */
};

struct upkeep {
    struct store *store;
    struct guesses *guesses;
    struct duty duties[UPKEEP_JOBS];
    struct strand strands[UPKEEP_STRANDS];
    atomic_llong served; /* when the store last took that this node serves; Unix seconds; 0: it does not */

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t wake;
    struct policy *policy;
    unsigned resumed; /* times that its jobs were told to go on */
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct duty *duty_of(struct upkeep *upkeep, const struct upkeep_job *job)
{
    size_t i = 0;

    while (upkeep_jobs[i] != job)
        i++;
    return &upkeep->duties[i];
}

/* Waits a second, or until something has changed. Returns the policy to use, acquired, or NULL to stop. */
static struct policy *wait_a_second(struct strand *strand, unsigned *resumed)
{
    struct upkeep *upkeep = strand->upkeep;
    struct policy *policy = NULL;
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&upkeep->lock);
    if (!strand->stopping)
        pthread_cond_timedwait(&upkeep->wake, &upkeep->lock, &until);
    if (!strand->stopping)
        policy = policy_acquire(upkeep->policy);
    *resumed = upkeep->resumed;
    pthread_mutex_unlock(&upkeep->lock);
    return policy;
}

/* After a process was stopped, or its store away, deadlines are put off before anything is ended: what
 * nodes_job said before that does not count. */
static int serves(struct upkeep *upkeep, int64_t now)
{
    int64_t served = atomic_load(&upkeep->served);

    return served != 0 && now >= served && now - served <= SERVICE_AGE;
}

static void run_job(struct upkeep *upkeep, const struct upkeep_job *job, const struct upkeep_turn *turn)
{
    struct duty *duty = duty_of(upkeep, job);
    int64_t now = turn->now_ms / 1000;
    int done;

    /* A clock that was set back makes nobody wait until it has caught up. */
    if ((now - duty->ran < job->every && now >= duty->ran) || (job->in_service && !serves(upkeep, now)))
        return;
    done = job->run(duty->state, turn);
    if (done)
        duty->ran = now;
    if (job->is_service)
        atomic_store(&upkeep->served, done ? now : 0);
    if (job->alarm != NULL)
        atomic_store(&duty->alarm, job->alarm(duty->state));
}

/* What is done each second. */
static void run_jobs(struct upkeep *upkeep, enum upkeep_strand strand, const struct upkeep_turn *turn)
{
    for (size_t i = 0; i < UPKEEP_JOBS; i++)
        if (upkeep_jobs[i]->strand == strand)
            run_job(upkeep, upkeep_jobs[i], turn);
}

static void resume_jobs(struct strand *strand, unsigned resumed)
{
    for (size_t i = 0; i < UPKEEP_JOBS && strand->resumed != resumed; i++) {
        const struct upkeep_job *job = upkeep_jobs[i];
        struct duty *duty = &strand->upkeep->duties[i];
        if (job->strand != strand->of)
            continue;
        if (job->resume != NULL)
            job->resume(duty->state);
        /* What is done each second is done at once, whenever it was done last. */
        if (job->every == 1)
            duty->ran = 0;
        if (job->alarm != NULL)
            atomic_store(&duty->alarm, job->alarm(duty->state));
    }
    strand->resumed = resumed;
}

static void end_jobs(struct strand *strand)
{
    struct upkeep *upkeep = strand->upkeep;
    const struct upkeep_turn turn = {upkeep->policy, upkeep->store, now_ms(), upkeep->guesses,
                                     &strand->stopping};

    for (size_t i = 0; i < UPKEEP_JOBS; i++)
        if (upkeep_jobs[i]->strand == strand->of && upkeep_jobs[i]->end != NULL)
            upkeep_jobs[i]->end(upkeep->duties[i].state, &turn);
}

static void *run(void *arg)
{
    struct strand *strand = arg;
    struct policy *policy;
    unsigned resumed;

    while ((policy = wait_a_second(strand, &resumed)) != NULL) {
        resume_jobs(strand, resumed);
        run_jobs(strand->upkeep, strand->of,
                 &(struct upkeep_turn){policy, strand->upkeep->store, now_ms(), strand->upkeep->guesses,
                                       &strand->stopping});
        policy_release(policy);
    }
    end_jobs(strand);
    return NULL;
}

static int start(struct strand *strand)
{
    static const char *const names[UPKEEP_STRANDS] = {"upkeep", "upkeep-out", "upkeep-long"};
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    strand->started = pthread_create(&strand->thread, NULL, run, strand) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (strand->started)
        pthread_setname_np(strand->thread, names[strand->of]);
    return strand->started;
}

static int begin_jobs(struct upkeep *upkeep, int64_t now)
{
    for (size_t i = 0; i < UPKEEP_JOBS; i++) {
        if ((upkeep->duties[i].state = calloc(1, upkeep_jobs[i]->size)) == NULL)
            return 0;
        /* What is done each second begins at once. */
        upkeep->duties[i].ran = upkeep_jobs[i]->every > 1 ? now : 0;
        if (upkeep_jobs[i]->begin != NULL)
            upkeep_jobs[i]->begin(upkeep->duties[i].state);
    }
    return 1;
}

struct upkeep *upkeep_new(struct policy *policy, struct store *store, struct guesses *guesses)
{
    struct upkeep *upkeep = calloc(1, sizeof *upkeep);
    pthread_condattr_t attributes;
    int ok;

    if (upkeep == NULL)
        return NULL;
    upkeep->store = store;
    upkeep->guesses = guesses;
    upkeep->policy = policy_acquire(policy);
    pthread_mutex_init(&upkeep->lock, NULL);
    /* Not the clock that an operator may set. */
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&upkeep->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    ok = begin_jobs(upkeep, now_ms() / 1000);
    for (int i = 0; ok && i < UPKEEP_STRANDS; i++) {
        upkeep->strands[i].upkeep = upkeep;
        upkeep->strands[i].of = (enum upkeep_strand)i;
        ok = start(&upkeep->strands[i]);
    }
    if (ok)
        return upkeep;
    upkeep_free(upkeep);
    return NULL;
}

void upkeep_set_policy(struct upkeep *upkeep, struct policy *policy)
{
    struct policy *old;

    policy_acquire(policy);
    pthread_mutex_lock(&upkeep->lock);
    old = upkeep->policy;
    upkeep->policy = policy;
    pthread_cond_broadcast(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
    policy_release(old);
}

void upkeep_resume(struct upkeep *upkeep)
{
    pthread_mutex_lock(&upkeep->lock);
    upkeep->resumed++;
    pthread_cond_broadcast(&upkeep->wake);
    pthread_mutex_unlock(&upkeep->lock);
}

void upkeep_nodes(struct upkeep *upkeep, char out[NODES_TEXT_MAX], int *differ)
{
    nodes_text(duty_of(upkeep, &nodes_job)->state, out, differ);
}

int upkeep_overdue(struct upkeep *upkeep, int64_t *count, int64_t *expired, int64_t *at)
{
    return overdue_counted(duty_of(upkeep, &overdue_job)->state, count, expired, at);
}

int upkeep_inventory(struct upkeep *upkeep, struct inventory_counts *out)
{
    return inventory_told(duty_of(upkeep, &inventory_job)->state, out, now_ms() / 1000);
}

int upkeep_alarm(const struct upkeep *upkeep, size_t i)
{
    return atomic_load(&upkeep->duties[i].alarm);
}

static struct policy *policy_in_use(struct upkeep *upkeep)
{
    struct policy *policy;

    pthread_mutex_lock(&upkeep->lock);
    policy = policy_acquire(upkeep->policy);
    pthread_mutex_unlock(&upkeep->lock);
    return policy;
}

int upkeep_expiries(struct upkeep *upkeep, char out[EXPIRING_TEXT_MAX], char reason[EXPIRING_REASON_MAX])
{
    struct policy *policy = policy_in_use(upkeep);
    int ok = expiring_text(out, reason, policy, now_ms() / 1000);
    policy_release(policy);
    return ok;
}

static const void *job_state(const struct upkeep *upkeep, const struct upkeep_job *job)
{
    size_t i = 0;

    while (upkeep_jobs[i] != job)
        i++;
    return upkeep->duties[i].state;
}

int upkeep_has_renewed(const struct upkeep *upkeep)
{
    return atomic_load(&((const struct renewing *)job_state(upkeep, &renewing_job))->is_new);
}

uint64_t upkeep_new_tls(const struct upkeep *upkeep)
{
    return atomic_load(&((const struct tls_files *)job_state(upkeep, &tls_files_job))->fit);
}

int upkeep_has_alarm(const struct upkeep *upkeep)
{
    int alarm = 0;

    for (size_t i = 0; upkeep != NULL && i < UPKEEP_JOBS; i++)
        alarm |= atomic_load(&upkeep->duties[i].alarm);
    return alarm;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (upkeep == NULL)
        return;
    for (int i = 0; i < UPKEEP_STRANDS; i++) {
        struct strand *strand = &upkeep->strands[i];
        if (!strand->started)
            continue;
        pthread_mutex_lock(&upkeep->lock);
        atomic_store(&strand->stopping, 1);
        pthread_cond_broadcast(&upkeep->wake);
        pthread_mutex_unlock(&upkeep->lock);
        pthread_join(strand->thread, NULL);
    }
    pthread_cond_destroy(&upkeep->wake);
    pthread_mutex_destroy(&upkeep->lock);
    for (size_t i = 0; i < UPKEEP_JOBS; i++)
        free(upkeep->duties[i].state);
    policy_release(upkeep->policy);
    free(upkeep);
}
