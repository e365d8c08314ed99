/* Messages that came in another one (RFC 9483 5.2.2). Each has a task of its own, without a job: so that all
 * that is counted by message, for its reference, its source, and the log, counts it as if it had come alone.
 */
#include "server/pipeline/internal.h"

static struct task *take(struct task *task, struct cmp_message *message, const char **why)
{
    struct task *inner;

    if (!job_count(task->pipeline, task->job.source, why))
        return NULL;
    if ((inner = arena_alloc(task->job.arena, sizeof *inner)) == NULL) {
        job_uncount(task->pipeline, task->job.source);
        *why = "no memory for this message: try again later";
        return NULL;
    }
    inner->pipeline = task->pipeline;
    inner->message = message;
    inner->job.source = task->job.source;
    inner->job.peer = task->job.peer;
    inner->job.host = task->job.host;
    return inner;
}

/* Returns what is to be paid for it. A reference that may not be tried any more may not be tried here. */
static uint64_t admit_one(struct task *inner)
{
    switch (guess_admit(inner->pipeline, inner)) {
    case GUESS_LOOK:
        return BOUND_TASK_US + cmp_price_us(inner->message);
    case GUESS_REFUSE:
        cmp_refuse_guess(inner->message);
        break;
    case GUESS_WAIT:
        cmp_refuse_busy(inner->message, GUESS_WAIT_TEXT);
        break;
    }
    return BOUND_TASK_US;
}

static uint64_t admit(struct task *task, struct cmp_admission *item)
{
    struct task **tail = &task->inner;
    uint64_t cost_us = 0;

    item->is_judged = 1;
    while (*tail != NULL)
        tail = &(*tail)->next;
    for (size_t i = 0; i < item->count; i++) {
        if ((*tail = take(task, item->messages[i], &item->why)) == NULL)
            return cost_us;
        cost_us += admit_one(*tail);
        tail = &(*tail)->next;
    }
    return cost_us;
}

static void deny_all(const struct cmp_want *want, const char *why)
{
    for (; want != NULL; want = want->next)
        if (want->kind == CMP_WANT_ADMIT)
            want->u.admit->why = why;
}

/* Together they may cost what goes to the slow lane: then the whole task does, and is charged there. */
int inner_admit(struct worker *worker, struct task *task)
{
    struct pipeline *pipeline = worker->pipeline;
    const struct cmp_want *wants = task->message != NULL ? cmp_wants(task->message) : NULL;
    uint64_t cost_us = 0;
    const char *why;

    for (const struct cmp_want *want = wants; want != NULL; want = want->next)
        if (want->kind == CMP_WANT_ADMIT && !want->u.admit->is_judged)
            cost_us += admit(task, want->u.admit);
    if (cost_us == 0)
        return 1;
    if (cost_us <= pipeline->limits.slow_job_us || worker->lane == &pipeline->slow) {
        lane_charge(worker->lane, task, cost_us);
        return 1;
    }
    if (slow_admit(pipeline, task, &why))
        return 0;
    deny_all(wants, why);
    return 1;
}

void inner_leave(struct task *task)
{
    for (struct task *inner = task->inner; inner != NULL; inner = inner->next) {
        guess_leave(inner);
        job_uncount(inner->pipeline, inner->job.source);
    }
    task->inner = NULL;
}
