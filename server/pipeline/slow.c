/* Quotas of the slow lane: no source and no reference may fill it by itself, and a share of it is kept for
 * those that proved who they are: the pair of reference and source where a MAC protects, else the source. */
#include "server/pipeline/internal.h"

/* Many sources may try one reference. Each may have one message in the lane whatever the others do, so that
 * nobody is locked out by those who know its reference. */
static int take_reference(struct pipeline *pipeline, struct task *task)
{
    struct ledger_source *pair = task->pair;

    if (pair == NULL)
        return 1;
    task->reference = guess_place(pipeline, cmp_reference(task->message), 0);
    if (ledger_take(&task->reference->costly, pipeline->limits.slow_jobs_per_peer)) {
        ledger_take(&pair->costly, UINT32_MAX);
        return 1;
    }
    if (!ledger_take(&pair->costly, 1)) {
        ledger_unpin(task->reference);
        task->reference = NULL;
        return 0;
    }
    ledger_take(&task->reference->costly, UINT32_MAX);
    return 1;
}

static int refuse(const char **why)
{
    pipeline_count_overload(OVERLOAD_SLOW_SOURCE);
    *why = "too many costly requests at once from this sender: try again later";
    return 0;
}

int slow_admit(struct pipeline *pipeline, struct task *task, const char **why)
{
    struct ledger_source *source = task->job.source, *who = task->pair != NULL ? task->pair : source;
    uint32_t now = ledger_now();

    if (!ledger_take(&source->costly,
                     ledger_share(who, UINT32_MAX, pipeline->limits.slow_jobs_per_peer, now)))
        return refuse(why);
    if (!take_reference(pipeline, task)) {
        ledger_give(&source->costly);
        return refuse(why);
    }
    task->is_slow = 1;
    task->since_us = metrics_now_us();
    if (lane_push(&pipeline->slow, task,
                  ledger_share(who, source->costly, pipeline->limits.slow_queue_jobs, now)))
        return 1;
    slow_leave(task);
    pipeline_count_overload(OVERLOAD_SLOW);
    *why = "too many costly requests at once: try again later";
    return 0;
}

void slow_leave(struct task *task)
{
    ledger_give(&task->job.source->costly);
    if (task->reference != NULL) {
        ledger_give(&task->reference->costly);
        ledger_give(&task->pair->costly);
        ledger_unpin(task->reference);
        task->reference = NULL;
    }
    task->is_slow = 0;
}
