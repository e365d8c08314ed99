/* Messages that came in another one (RFC 9483 5.2.2). Each has a task of its own, without a job: so that all
 * that is counted by message, for its reference, its source, and the log, counts it as if it had come alone.
 */
#include "server/pipeline/internal.h"

static int take(struct task *task, const char **why)
{
    struct task **tail = &task->inner, *inner;

    if (!job_count(task->pipeline, task->job.source, why))
        return 0;
    if ((inner = arena_alloc(task->job.arena, sizeof *inner)) == NULL) {
        job_uncount(task->pipeline, task->job.source);
        *why = "no memory for this message: try again later";
        return 0;
    }
    inner->pipeline = task->pipeline;
    inner->job.source = task->job.source;
    inner->job.peer = task->job.peer;
    inner->job.host = task->job.host;
    inner->job.trace = task->job.trace;
    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = inner;
    return 1;
}

/* Before any of them is started, which takes memory: is there room for so many? Returns what was looked at.
 */
static uint64_t count(struct task *task, struct cmp_admission *item)
{
    size_t taken = 0;

    while (taken < item->count && take(task, &item->why))
        taken++;
    return taken * BOUND_TASK_US;
}

/* Returns what its verifications will cost. A reference that may not be tried any more may not be tried here.
 */
static uint64_t admit_one(struct task *inner)
{
    switch (guess_admit(inner->pipeline, inner)) {
    case GUESS_LOOK:
        return cmp_price_us(inner->message);
    case GUESS_REFUSE:
        cmp_refuse_guess(inner->message);
        break;
    case GUESS_WAIT:
        cmp_refuse_busy(inner->message, GUESS_WAIT_TEXT);
        break;
    }
    return 0;
}

static uint64_t admit(struct task *task, const struct cmp_admission *item)
{
    struct task *inner = task->inner;
    uint64_t cost_us = 0;

    for (size_t i = 0; i < item->count; i++) {
        while (inner->message != NULL)
            inner = inner->next;
        inner->message = item->messages[i];
        cost_us += admit_one(inner);
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
    uint64_t cost_us = 0, counted_us = 0;
    const char *why;

    for (const struct cmp_want *want = wants; want != NULL; want = want->next) {
        if (want->kind != CMP_WANT_ADMIT || want->u.admit->is_judged)
            continue;
        want->u.admit->is_judged = 1;
        if (want->u.admit->messages == NULL)
            counted_us += count(task, want->u.admit);
        else
            cost_us += admit(task, want->u.admit);
    }
    if (counted_us != 0)
        lane_charge(worker->lane, task, counted_us);
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
        if (inner->message != NULL)
            guess_leave(inner);
        job_uncount(inner->pipeline, inner->job.source);
    }
    task->inner = NULL;
}
