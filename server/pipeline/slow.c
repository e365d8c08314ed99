/* Quotas: no reference and no source may fill the slow lane by itself. Counters are shared by whoever hashes
 * alike: a bound, not a ledger. */
#include "server/pipeline/internal.h"

static size_t slot_of(uint64_t hash)
{
    return (size_t)((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % QUOTA_SLOTS;
}

static atomic_uint *reference_counter(struct pipeline *pipeline, struct task *task)
{
    struct bytes reference = cmp_reference(task->message);
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

    if (reference.len == 0)
        return NULL;
    for (size_t i = 0; i < reference.len; i++)
        hash = (hash ^ reference.data[i]) * UINT64_C(0x100000001b3);
    return &pipeline->slow_references[slot_of(hash)];
}

static int take(atomic_uint *counter, unsigned bound)
{
    if (atomic_fetch_add(counter, 1) < bound)
        return 1;
    atomic_fetch_sub(counter, 1);
    return 0;
}

int slow_admit(struct pipeline *pipeline, struct task *task)
{
    atomic_uint *source = &pipeline->slow_sources[slot_of(task->job.source)];
    atomic_uint *reference = reference_counter(pipeline, task);

    if (!take(source, pipeline->limits.slow_jobs_per_peer))
        return 0;
    if (reference != NULL && !take(reference, pipeline->limits.slow_jobs_per_peer)) {
        atomic_fetch_sub(source, 1);
        return 0;
    }
    task->is_slow = 1;
    return 1;
}

void slow_leave(struct pipeline *pipeline, struct task *task)
{
    atomic_uint *reference = reference_counter(pipeline, task);

    atomic_fetch_sub(&pipeline->slow_sources[slot_of(task->job.source)], 1);
    if (reference != NULL)
        atomic_fetch_sub(reference, 1);
    task->is_slow = 0;
}
