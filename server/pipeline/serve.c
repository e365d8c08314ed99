/* Wants of many messages, served kind by kind: one call to the store, one batch of verifications, one of
 * signatures. */
#include "crypto/remote.h"
#include "server/authorize/authorize.h"
#include "server/base/log.h"
#include "server/pipeline/internal.h"

/* What the tasks of one round want together. A step may want any number of things: a list that is full is
 * served at once, and filled anew. */
enum { ROUND_WANTS = 4 * BOUND_BATCH };

struct round {
    struct worker *worker;
    struct verification *verify[ROUND_WANTS];
    struct cmp_mac *derive[BOUND_BATCH];
    struct cmp_decision *decide[BOUND_BATCH];
    struct signing *sign[BOUND_BATCH];
    struct store_fetch *fetch[ROUND_WANTS];
    void *fetch_tasks[ROUND_WANTS];
    struct store_unit *commit[BOUND_BATCH];
    void *commit_tasks[BOUND_BATCH];
    size_t derive_count, decide_count, verify_count, sign_count, fetch_count, commit_count;
};

static void want_is_served(void *arg)
{
    struct task *task = arg;

    if (atomic_fetch_sub_explicit(&task->pending, 1, memory_order_acq_rel) == 1)
        worker_return(task);
}

/* done notes that |*count| items of a stage were served since the clock was read last, and empties their
 * list. */
static void done(struct round *round, enum pipeline_stage stage, size_t *count)
{
    struct worker *worker = round->worker;
    int64_t now = metrics_now_us();

    pipeline_count_batch(stage, now - worker->now_us, *count);
    worker->now_us = now;
    *count = 0;
}

static void derive_all(struct round *round)
{
    if (round->derive_count == 0)
        return;
    for (size_t i = 0; i < round->derive_count; i++)
        mac_derive(round->derive[i]->key, round->derive[i]->algorithm, round->derive[i]->secret);
    done(round, STAGE_DERIVE, &round->derive_count);
}

static void decide_all(struct round *round)
{
    if (round->decide_count == 0)
        return;
    for (size_t i = 0; i < round->decide_count; i++)
        policy_decide(round->decide[i]);
    done(round, STAGE_DECIDE, &round->decide_count);
}

static void verify_all(struct round *round)
{
    if (round->verify_count == 0)
        return;
    verify_batch(round->verify, round->verify_count);
    done(round, STAGE_VERIFY, &round->verify_count);
}

static void sign_all(struct round *round)
{
    if (round->sign_count == 0)
        return;
    sign_batch(round->sign, round->sign_count);
    done(round, STAGE_SIGN, &round->sign_count);
}

/* A store whose queue is full is as good as none: every item of the list gets that outcome, and its task goes
 * on. */
static void fetch_all(struct round *round)
{
    if (round->fetch_count != 0)
        metric_observe(&pipeline_batches, STAGE_LOOK_UP, round->fetch_count, 1);
    if (round->fetch_count != 0 && !store_fetch(round->worker->pipeline->store, round->fetch,
                                                round->fetch_tasks, round->fetch_count, want_is_served))
        for (size_t i = 0; i < round->fetch_count; i++) {
            round->fetch[i]->outcome = STORE_FETCH_UNAVAILABLE;
            want_is_served(round->fetch_tasks[i]);
        }
    round->fetch_count = 0;
}

static void commit_all(struct round *round)
{
    if (round->commit_count != 0)
        metric_observe(&pipeline_batches, STAGE_COMMIT, round->commit_count, 1);
    if (round->commit_count != 0 && !store_commit(round->worker->pipeline->store, round->commit,
                                                  round->commit_tasks, round->commit_count, want_is_served))
        for (size_t i = 0; i < round->commit_count; i++) {
            round->commit[i]->outcome = STORE_UNAVAILABLE;
            want_is_served(round->commit_tasks[i]);
        }
    round->commit_count = 0;
}

/* What is not taken there has no signature, and its task goes on. */
static void park_signing(struct signing *sign, struct task *task)
{
    if (!sign_elsewhere(sign, want_is_served, task))
        want_is_served(task);
}

/* What is not asked has no verdict, and its task goes on. */
static void park_question(struct round *round, struct cmp_question *question, struct task *task)
{
    struct authorize *authorize = round->worker->pipeline->authorize;

    if (authorize == NULL || !authorize_ask(authorize, question, want_is_served, task))
        want_is_served(task);
}

/* The stage for which |want| is lent to others; STAGE_QUEUE: this thread serves it. */
static enum pipeline_stage lent_for(const struct cmp_want *want)
{
    switch (want->kind) {
    case CMP_WANT_FETCH:
        return STAGE_LOOK_UP;
    case CMP_WANT_COMMIT:
        return STAGE_COMMIT;
    case CMP_WANT_ASK:
        return STAGE_ASK;
    case CMP_WANT_SIGN:
        return private_key_is_remote(want->u.sign->key) ? STAGE_SIGN : STAGE_QUEUE;
    default:
        return STAGE_QUEUE;
    }
}

/* Puts |want| on its list, or hands it over. */
static void collect(struct round *round, struct task *task, const struct cmp_want *want)
{
    switch (want->kind) {
    case CMP_WANT_ADMIT: /* before (serve_round) */
        break;
    case CMP_WANT_FETCH:
        if (round->fetch_count == ROUND_WANTS)
            fetch_all(round);
        round->fetch_tasks[round->fetch_count] = task;
        round->fetch[round->fetch_count++] = want->u.fetch;
        break;
    case CMP_WANT_COMMIT:
        if (round->commit_count == BOUND_BATCH)
            commit_all(round);
        round->commit_tasks[round->commit_count] = task;
        round->commit[round->commit_count++] = want->u.commit;
        break;
    case CMP_WANT_MAC:
        if (round->derive_count == BOUND_BATCH)
            derive_all(round);
        round->derive[round->derive_count++] = want->u.mac;
        break;
    case CMP_WANT_VERIFY:
        if (round->verify_count == ROUND_WANTS)
            verify_all(round);
        round->verify[round->verify_count++] = want->u.verify;
        break;
    case CMP_WANT_DECIDE:
        if (round->decide_count == BOUND_BATCH)
            decide_all(round);
        round->decide[round->decide_count++] = want->u.decide;
        break;
    case CMP_WANT_ASK:
        park_question(round, want->u.ask, task);
        break;
    case CMP_WANT_SIGN:
        if (lent_for(want) == STAGE_SIGN) {
            park_signing(want->u.sign, task);
            break;
        }
        if (round->sign_count == BOUND_BATCH)
            sign_all(round);
        round->sign[round->sign_count++] = want->u.sign;
        break;
    case CMP_WANT_KINDS:
        break;
    }
}

/* Returns 1 if |task| waits for the store, a token or an authorizer after this round: then it comes back
 * through the inbox. The wants that others serve are counted before the first of them is handed over. */
static int collect_all(struct round *round, struct task *task)
{
    const struct cmp_want *want;
    enum pipeline_stage lent = STAGE_QUEUE, stage;
    unsigned pending = 0;

    for (want = task_wants(task); want != NULL; want = want->next) {
        stage = lent_for(want);
        pending += stage != STAGE_QUEUE;
        lent = stage > lent ? stage : lent; /* of several the later one: it takes longest */
    }
    task->lent = (unsigned char)lent;
    task->since_us = round->worker->now_us;
    atomic_store_explicit(&task->pending, pending, memory_order_relaxed);
    for (want = task_wants(task); want != NULL; want = want->next)
        collect(round, task, want);
    return pending != 0;
}

/* One round: every task is either resumed and put on the list that is returned, or with the store or a token,
 * or answered. */
static struct task *serve_round(struct worker *worker, struct task *tasks)
{
    /* The flags of the build set what begins as nothing to zero: not these lists, of which a round uses
     * little. */
    __attribute__((uninitialized)) struct round round;
    struct task *ready = NULL, **tail = &ready, *next;

    round.worker = worker;
    round.derive_count = round.decide_count = round.verify_count = round.sign_count = round.fetch_count =
        round.commit_count = 0;
    worker->now_us = metrics_now_us();
    for (struct task *task = tasks; task != NULL; task = next) {
        next = task->next;
        if (task_wants(task) == NULL) {
            task_finish(task);
        } else if (inner_admit(worker, task) && !collect_all(&round, task)) {
            *tail = task;
            tail = &task->next;
        }
    }
    *tail = NULL;
    if (round.derive_count + round.decide_count + round.verify_count + round.sign_count != 0)
        worker->now_us = metrics_now_us();
    derive_all(&round);
    decide_all(&round);
    verify_all(&round);
    sign_all(&round);
    fetch_all(&round);
    commit_all(&round);

    int64_t now = worker_now_ms();
    for (struct task *task = ready; task != NULL; task = task->next)
        task_resume(task, now);
    return ready;
}

void serve(struct worker *worker, struct task *tasks)
{
    log_hold();
    while (tasks != NULL)
        tasks = serve_round(worker, tasks);
    log_release();
}
