/* A task's begin and end: from a job to a message, and from its answer to the job again. */
#include "crypto/name.h"
#include "server/base/log.h"
#include "server/pipeline/internal.h"

static void log_result(const struct task *task, const struct cmp_result *result)
{
    char sender_text[NAME_TEXT_MAX], subject_text[NAME_TEXT_MAX], nested_by_text[NAME_TEXT_MAX],
        tolerated[TOLERANCE_NAMES_MAX], deprecated[ALGORITHM_LIST_MAX];
    const char *profile = result->profile != NULL ? result->profile : "-", *sender, *subject, *nested_by;
    enum log_level level = result->refused || result->warning != NULL ? LOG_WARN : LOG_INFO;

    /* Whatever somebody can bring about who proves nothing, he can bring about as often as he likes: a
     * recorded message that is answered again, too. */
    if (!log_enabled(level) ||
        ((result->refused || !result->authenticated) && !log_take(result->event, task->job.host)))
        return;
    sender = name_text(sender_text, sizeof sender_text, result->sender);
    subject = name_text(subject_text, sizeof subject_text, result->subject);
    nested_by = name_text(nested_by_text, sizeof nested_by_text, result->nested_by);
    if (result->refused)
        log_line(level, result->event, log_hexadecimal("transactionID", result->transaction_id),
                 log_word("body", pki_body_name(result->request_body)),
                 log_word("failInfo", pki_failure_name(result->fail_info)), log_text("text", result->text),
                 log_text("detail", result->detail),
                 log_word("setting", result->setting != NULL ? result->setting : "-"),
                 log_word("profile", profile), log_text("device", result->device), log_text("sender", sender),
                 log_octets("reference", result->reference), log_text("nested_by", nested_by),
                 log_word_of("peer", task->job.peer), log_word_if_any("traceparent", task->job.trace));
    else
        log_line(
            level, result->event, log_hexadecimal("transactionID", result->transaction_id),
            log_word("body", pki_body_name(result->request_body)), log_hexadecimal("serial", result->serial),
            log_text("subject", subject), log_text("warning", result->warning), log_word("profile", profile),
            log_word("tolerated", tolerance_names(tolerated, result->tolerated)),
            log_word("deprecated", algorithms_list(deprecated, result->deprecated, ",", ALGORITHM_NAMES_MAX)),
            log_text("device", result->device), log_text("sender", sender),
            log_octets("reference", result->reference), log_text("nested_by", nested_by),
            log_word_of("peer", task->job.peer), log_word_if_any("traceparent", task->job.trace));
}

/* A line of its own, in samples: a fleet that still signs so is told once in a while, whatever becomes of its
 * requests. */
static void warn_of_deprecated(const struct task *task, const struct cmp_result *result)
{
    char names[ALGORITHM_LIST_MAX];

    if (result->deprecated != 0 && result->authenticated && log_enabled(LOG_WARN) &&
        log_take("deprecated algorithm", task->job.host))
        log_line(LOG_WARN, "deprecated algorithm",
                 log_word("algorithm", algorithms_list(names, result->deprecated, ",", ALGORITHM_NAMES_MAX)),
                 log_word("profile", result->profile != NULL ? result->profile : "-"),
                 log_text("device", result->device), log_octets("reference", result->reference),
                 log_word_of("peer", task->job.peer), log_word_if_any("traceparent", task->job.trace));
}

const struct cmp_want *task_wants(const struct task *task)
{
    return task->query != NULL ? ocsp_wants(task->query) : cmp_wants(task->message);
}

void task_resume(struct task *task, int64_t now_ms)
{
    if (task->query != NULL)
        ocsp_resume(task->query, now_ms / 1000);
    else
        cmp_resume(task->message, now_ms);
}

uint64_t task_price_us(const struct task *task)
{
    return task->query != NULL ? 0 : cmp_price_us(task->message);
}

/* leave lets go of everything that |task| has but its job. */
static void leave(struct task *task)
{
    if (task->is_slow)
        slow_leave(task);
    guess_leave(task);
    inner_leave(task);
    cmp_end(task->message);
    task->message = NULL;
    ocsp_end(task->query);
    task->query = NULL;
    policy_release(task->policy);
    task->policy = NULL;
}

/* Nobody is told in the log who asks: anybody may, as often as he likes. */
static void take_query_result(struct task *task)
{
    const struct ocsp_kept *kept = ocsp_result(task->query);

    task->job.end = JOB_ANSWERED;
    task->job.reply = kept->der;
    if (kept->tag[0] == 0)
        return;
    task->validity = (struct job_validity){.tag = kept->tag,
                                           .modified = kept->times.this_update,
                                           .fresh_until = kept->times.renew_at,
                                           .expires = kept->times.next_update};
    task->job.validity = &task->validity;
}

/* tell logs and counts what became of the message of |task|. Of one that carried others, or had parts, their
 * lines tell, unless it was refused for a reason of its own. */
static void tell(struct task *task, const struct cmp_result *result)
{
    pipeline_count_message(result);
    if (!result->carried || (result->refused && result->text != NULL))
        log_result(task, result);
    warn_of_deprecated(task, result);
    for (size_t i = 0; i < 2; i++) {
        tolerance_count(result->counts[i], result->tolerated);
        tolerance_count_deprecated(result->counts[i], result->deprecated);
    }
    guess_judge(task, result);
}

/* Of those that came in another message each is told that came to its end. */
static void tell_inner(struct task *task)
{
    struct cmp_result result;

    for (struct task *inner = task->inner; inner != NULL; inner = inner->next)
        if (inner->message != NULL && cmp_wants(inner->message) == NULL) {
            cmp_result(inner->message, &result);
            tell(inner, &result);
        }
}

void task_finish(struct task *task)
{
    struct cmp_result result;

    if (task->query != NULL)
        take_query_result(task);
    if (task->message != NULL) {
        cmp_result(task->message, &result);
        task->job.end = result.end;
        task->job.reply = result.reply;
        if (result.end == JOB_BUSY && result.reply.len == 0)
            pipeline_refuse(&task->job, JOB_BUSY, PKI_SYSTEM_UNAVAIL,
                            "no memory for this message: try again later");
        tell_inner(task);
        tell(task, &result);
    }
    pipeline_count_job(task, task->message != NULL ? &result : NULL, task->home->now_us);
    leave(task);
    task->job.on_done(&task->job);
}

/* Those that came in its message may have tried secrets, in the lane that it was in before. */
void task_drop(struct task *task)
{
    tell_inner(task);
    pipeline_count_dropped(task);
    leave(task);
    task->job.on_done(&task->job);
}

/* Beyond the bounds of the pipeline, the answer is made from the header alone. */
static void refuse(struct task *task, const char *text)
{
    if (log_take("request refused", task->job.host))
        log_line(LOG_WARN, "request refused", log_text("text", text), log_word_of("peer", task->job.peer),
                 log_word_if_any("traceparent", task->job.trace));
    leave(task);
    pipeline_refuse(&task->job, JOB_BUSY, PKI_SYSTEM_UNAVAIL, text);
    task_finish(task);
}

/* The front logs it. Which profiles there are strangers are told only while somebody looks for a fault. */
static void refuse_path(struct task *task)
{
    static const char text[] = "no CMP service at this path";
    const char *paths = log_enabled(LOG_DEBUG) ? policy_paths(task->policy, task->job.arena) : NULL;
    const char *whole = paths != NULL ? arena_printf(task->job.arena, "%s: there are %s", text, paths) : NULL;

    pipeline_refuse(&task->job, JOB_NO_ROUTE, PKI_BAD_REQUEST, whole != NULL ? whole : text);
    task_finish(task);
}

/* Each certificate is a look into the store. */
static int begin_query(struct worker *worker, struct task *task)
{
    task->query = ocsp_start(task->job.arena, worker->pipeline->ocsp, task->policy, task->job.request,
                             worker_now_ms() / 1000);
    if (task->query == NULL) {
        pipeline_count_overload(OVERLOAD_MEMORY);
        refuse(task, "the memory bound of a request is reached");
        return 0;
    }
    lane_charge(worker->lane, task, BOUND_TASK_US * (1 + ocsp_certificates(task->query)));
    return 1;
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
    if (task->job.kind == JOB_OCSP)
        return begin_query(worker, task);
    if (!policy_route(task->policy, &route, task->job.path)) {
        refuse_path(task);
        return 0;
    }
    task->message =
        cmp_start(task->job.arena, policy_settings(task->policy), &route, task->job.request, worker_now_ms());
    if (task->message == NULL) {
        pipeline_count_overload(OVERLOAD_MEMORY);
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
        pipeline_count_overload(OVERLOAD_GUESSES);
        refuse(task, GUESS_WAIT_TEXT);
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
