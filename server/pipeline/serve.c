/* Wants of many messages, served kind by kind: one call to the store, one batch of verifications, one of
 * signatures. */
#include "crypto/name.h"
#include "crypto/token.h"
#include "server/base/log.h"
#include "server/pipeline/internal.h"

/* What the tasks of one round want together. Each list has room for every want of a batch. */
enum { ROUND_WANTS = BOUND_BATCH * CMP_WANTS_MAX };

struct round {
    struct verification *verify[ROUND_WANTS];
    struct signing *sign[BOUND_BATCH];
    struct signing *remote_sign[BOUND_BATCH]; /* by keys in tokens */
    void *remote_sign_tasks[BOUND_BATCH];
    struct store_fetch *fetch[ROUND_WANTS];
    void *fetch_tasks[ROUND_WANTS];
    struct store_unit *commit[BOUND_BATCH];
    void *commit_tasks[BOUND_BATCH];
    size_t verify_count, sign_count, remote_sign_count, fetch_count, commit_count;
};

static void log_result(const struct task *task, const struct cmp_result *result)
{
    char id[2 * BOUND_TRANSACTION_ID + 1], serial[2 * STORE_SERIAL + 1], reference[2 * BOUND_SENDER_KID];
    char detail[NAME_TEXT_MAX], sender[NAME_TEXT_MAX], subject[NAME_TEXT_MAX], quoted_sender[NAME_TEXT_MAX],
        quoted_subject[NAME_TEXT_MAX];
    enum log_level level = result->refused ? LOG_WARN : LOG_INFO;

    /* Whatever somebody can bring about who proves nothing, he can bring about as often as he likes: a
     * recorded message that is answered again, too. */
    if (!log_enabled(level) ||
        ((result->refused || !result->authenticated) && !log_take(result->event, task->job.host)))
        return;
    log_hex(id, sizeof id, result->transaction_id);
    log_hex(serial, sizeof serial, result->serial);
    log_quote(reference, sizeof reference, result->reference);
    log_quote(quoted_sender, sizeof quoted_sender,
              bytes_str(name_text(sender, sizeof sender, result->sender)));
    log_quote(quoted_subject, sizeof quoted_subject,
              bytes_str(name_text(subject, sizeof subject, result->subject)));
    if (result->refused)
        log_event(level, result->event,
                  "transactionID=%s body=%s failInfo=%s text=\"%s\" detail=%s profile=%s sender=%s "
                  "reference=%s "
                  "peer=%.*s",
                  id, pki_body_name(result->request_body), pki_failure_name(result->fail_info),
                  result->text != NULL ? result->text : "",
                  log_quote(detail, sizeof detail, bytes_str(result->detail)),
                  result->profile != NULL ? result->profile : "-", quoted_sender, reference,
                  (int)task->job.peer.len, (const char *)task->job.peer.data);
    else
        log_event(level, result->event,
                  "transactionID=%s body=%s serial=%s subject=%s profile=%s sender=%s "
                  "reference=%s peer=%.*s",
                  id, pki_body_name(result->request_body), serial, quoted_subject,
                  result->profile != NULL ? result->profile : "-", quoted_sender, reference,
                  (int)task->job.peer.len, (const char *)task->job.peer.data);
}

/* leave lets go of everything that |task| has but its job. */
static void leave(struct task *task)
{
    if (task->is_slow)
        slow_leave(task);
    guess_leave(task);
    cmp_end(task->message);
    task->message = NULL;
    policy_release(task->policy);
    task->policy = NULL;
}

void task_finish(struct task *task)
{
    struct cmp_result result;

    if (task->message != NULL) {
        cmp_result(task->message, &result);
        task->job.status = result.http_status;
        task->job.reply = result.reply;
        if (result.http_status == 503 && result.reply.len == 0)
            pipeline_refuse(&task->job, 503, PKI_SYSTEM_UNAVAIL,
                            "no memory for this message: try again later");
        log_result(task, &result);
        guess_judge(task, &result);
    }
    leave(task);
    task->job.on_done(&task->job);
}

void task_drop(struct task *task)
{
    leave(task);
    task->job.on_done(&task->job);
}

/* Beyond the bounds of the pipeline, the answer is made from the header alone. */
static void refuse(struct task *task, const char *text)
{
    if (log_take("request refused", task->job.host))
        log_event(LOG_WARN, "request refused", "text=\"%s\" peer=%.*s", text, (int)task->job.peer.len,
                  (const char *)task->job.peer.data);
    leave(task);
    pipeline_refuse(&task->job, 503, PKI_SYSTEM_UNAVAIL, text);
    task_finish(task);
}

int task_begin(struct worker *worker, struct task *task)
{
    struct pipeline *pipeline = worker->pipeline;
    struct cmp_route route;
    const char *why;

    task->home = worker;
    if (task->message != NULL) { /* started by another worker, and found slow */
        lane_charge(worker->lane, task, BOUND_TASK_US + cmp_price_us(task->message));
        return 1;
    }
    task->policy = policy_acquire(worker->policy);
    if (!policy_route(task->policy, &route, task->job.path)) {
        pipeline_refuse(&task->job, 404, PKI_BAD_REQUEST, "no CMP service at this path");
        task_finish(task);
        return 0;
    }
    task->message =
        cmp_start(task->job.arena, policy_settings(task->policy), &route, task->job.request, worker_now_ms());
    if (task->message == NULL) {
        refuse(task, "the memory bound of a request is reached");
        return 0;
    }
    switch (guess_admit(pipeline, task)) {
    case GUESS_LOOK:
        break;
    case GUESS_REFUSE:
        lane_charge(worker->lane, task, BOUND_TASK_US); /* nothing is derived */
        cmp_refuse_guess(task->message);
        return 1;
    case GUESS_WAIT:
        lane_charge(worker->lane, task, BOUND_TASK_US);
        refuse(task, "too many messages at once under a reference that was never right from there: try again "
                     "later");
        return 0;
    }
    if (cmp_price_us(task->message) > pipeline->limits.slow_job_us) {
        /* What it costs is charged in the other lane. */
        lane_charge(worker->lane, task, BOUND_TASK_US);
        if (!slow_admit(pipeline, task, &why))
            refuse(task, why);
        return 0;
    }
    lane_charge(worker->lane, task, BOUND_TASK_US + cmp_price_us(task->message));
    return 1;
}

static void want_is_served(void *arg)
{
    struct task *task = arg;

    if (atomic_fetch_sub_explicit(&task->pending, 1, memory_order_acq_rel) == 1)
        worker_return(task);
}

/* Puts the wants of |task| on the lists; cheap ones that have no batch are served at once. */
static void collect(struct round *round, struct task *task)
{
    struct cmp_want *wants;
    size_t count;
    unsigned pending = 0;

    wants = cmp_wants(task->message, &count);
    for (size_t i = 0; i < count; i++) {
        switch (wants[i].kind) {
        case CMP_WANT_FETCH:
            round->fetch_tasks[round->fetch_count] = task;
            round->fetch[round->fetch_count++] = &wants[i].u.fetch;
            pending++;
            break;
        case CMP_WANT_COMMIT:
            round->commit_tasks[round->commit_count] = task;
            round->commit[round->commit_count++] = &wants[i].u.commit;
            pending++;
            break;
        case CMP_WANT_MAC:
            mac_derive(wants[i].u.mac.key, wants[i].u.mac.algorithm, wants[i].u.mac.secret);
            break;
        case CMP_WANT_VERIFY:
            round->verify[round->verify_count++] = &wants[i].u.verify;
            break;
        case CMP_WANT_DECIDE:
            policy_decide(&wants[i].u.decide);
            break;
        case CMP_WANT_SIGN:
            if (private_key_is_remote(wants[i].u.sign.key)) {
                round->remote_sign_tasks[round->remote_sign_count] = task;
                round->remote_sign[round->remote_sign_count++] = &wants[i].u.sign;
                pending++;
            } else
                round->sign[round->sign_count++] = &wants[i].u.sign;
            break;
        default:
            break;
        }
    }
    atomic_store_explicit(&task->pending, pending, memory_order_relaxed);
}

/* A store whose queue is full is as good as none: every item of the list gets that outcome, and its task goes
 * on. */
static void hand_to_store(struct store *store, struct round *round)
{
    if (round->fetch_count != 0 &&
        !store_fetch(store, round->fetch, round->fetch_tasks, round->fetch_count, want_is_served))
        for (size_t i = 0; i < round->fetch_count; i++) {
            round->fetch[i]->outcome = STORE_FETCH_UNAVAILABLE;
            want_is_served(round->fetch_tasks[i]);
        }
    if (round->commit_count != 0 &&
        !store_commit(store, round->commit, round->commit_tasks, round->commit_count, want_is_served))
        for (size_t i = 0; i < round->commit_count; i++) {
            round->commit[i]->outcome = STORE_UNAVAILABLE;
            want_is_served(round->commit_tasks[i]);
        }
}

/* What a token does not take has no signature, and its task goes on. */
static void hand_to_tokens(struct round *round)
{
    for (size_t i = 0; i < round->remote_sign_count; i++)
        if (!token_sign(round->remote_sign[i], want_is_served, round->remote_sign_tasks[i]))
            want_is_served(round->remote_sign_tasks[i]);
}

static void count_batches(struct tally *tally, const struct round *round)
{
    tally->verifications += round->verify_count;
    tally->verify_batches += round->verify_count != 0;
    tally->signatures += round->sign_count;
    tally->sign_batches += round->sign_count != 0;
}

/* One round: every task is either resumed and put on the list that is returned, or with the store or a token,
 * or answered. */
static struct task *serve_round(struct worker *worker, struct task *tasks)
{
    /* The flags of the build set what begins as nothing to zero: not these lists, of which a round uses
     * little. */
    __attribute__((uninitialized)) struct round round;
    struct task *ready = NULL, **tail = &ready, *next;
    size_t count;

    round.verify_count = round.sign_count = round.remote_sign_count = round.fetch_count = round.commit_count =
        0;
    for (struct task *task = tasks; task != NULL; task = next) {
        next = task->next;
        cmp_wants(task->message, &count);
        if (count == 0) {
            task_finish(task);
            continue;
        }
        collect(&round, task);
        /* Those with something in the store or a token come back through the inbox, others go on here. */
        if (atomic_load_explicit(&task->pending, memory_order_relaxed) == 0) {
            *tail = task;
            tail = &task->next;
        }
    }
    *tail = NULL;
    verify_batch(round.verify, round.verify_count);
    sign_batch(round.sign, round.sign_count);
    count_batches(&worker->tally, &round);
    hand_to_store(worker->pipeline->store, &round);
    hand_to_tokens(&round);

    int64_t now = worker_now_ms();
    for (struct task *task = ready; task != NULL; task = task->next)
        cmp_resume(task->message, now);
    return ready;
}

void serve(struct worker *worker, struct task *tasks)
{
    log_hold();
    while (tasks != NULL)
        tasks = serve_round(worker, tasks);
    log_release();
}
