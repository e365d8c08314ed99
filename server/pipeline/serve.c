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
    struct signing *sign[BOUND_BATCH];
    struct store_fetch *fetch[ROUND_WANTS];
    void *fetch_tasks[ROUND_WANTS];
    struct store_unit *commit[BOUND_BATCH];
    void *commit_tasks[BOUND_BATCH];
    size_t verify_count, sign_count, fetch_count, commit_count;
};

static void want_is_served(void *arg)
{
    struct task *task = arg;

    if (atomic_fetch_sub_explicit(&task->pending, 1, memory_order_acq_rel) == 1)
        worker_return(task);
}

static void verify_all(struct round *round)
{
    struct tally *tally = &round->worker->tally;

    verify_batch(round->verify, round->verify_count);
    tally->verifications += round->verify_count;
    tally->verify_batches += round->verify_count != 0;
    round->verify_count = 0;
}

static void sign_all(struct round *round)
{
    struct tally *tally = &round->worker->tally;

    sign_batch(round->sign, round->sign_count);
    tally->signatures += round->sign_count;
    tally->sign_batches += round->sign_count != 0;
    round->sign_count = 0;
}

/* A store whose queue is full is as good as none: every item of the list gets that outcome, and its task goes
 * on. */
static void fetch_all(struct round *round)
{
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

static int is_parked(const struct cmp_want *want)
{
    return want->kind == CMP_WANT_FETCH || want->kind == CMP_WANT_COMMIT || want->kind == CMP_WANT_ASK ||
           (want->kind == CMP_WANT_SIGN && private_key_is_remote(want->u.sign->key));
}

/* Puts |want| on its list; a cheap one that has no batch is served at once. */
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
        mac_derive(want->u.mac->key, want->u.mac->algorithm, want->u.mac->secret);
        break;
    case CMP_WANT_VERIFY:
        if (round->verify_count == ROUND_WANTS)
            verify_all(round);
        round->verify[round->verify_count++] = want->u.verify;
        break;
    case CMP_WANT_DECIDE:
        policy_decide(want->u.decide);
        break;
    case CMP_WANT_ASK:
        park_question(round, want->u.ask, task);
        break;
    case CMP_WANT_SIGN:
        if (is_parked(want)) {
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
    unsigned pending = 0;

    for (want = task_wants(task); want != NULL; want = want->next)
        pending += (unsigned)is_parked(want);
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
    round.verify_count = round.sign_count = round.fetch_count = round.commit_count = 0;
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
