/* tolerance_counts.c: see tolerance_counts.h. A list that only grows, by a name that no configuration had
 * before. */
#include "tolerance_counts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static _Atomic(struct tolerance_counts *) all;
static pthread_mutex_t growing = PTHREAD_MUTEX_INITIALIZER;

static struct tolerance_counts *find(enum tolerance_owner owner, const char *name)
{
    const struct tolerance_counts *counts = tolerance_counts_all();

    while (counts != NULL && !(counts->owner == owner && strcmp(counts->name, name) == 0))
        counts = counts->next;
    return (struct tolerance_counts *)(uintptr_t)counts;
}

static struct tolerance_counts *add(enum tolerance_owner owner, const char *name)
{
    struct tolerance_counts *counts = calloc(1, sizeof *counts);

    if (counts == NULL || (counts->name = strdup(name)) == NULL) {
        free(counts);
        return NULL;
    }
    counts->owner = owner;
    counts->next = tolerance_counts_all();
    atomic_store_explicit(&all, counts, memory_order_release);
    return counts;
}

struct tolerance_counts *tolerance_counts_of(enum tolerance_owner owner, const char *name)
{
    struct tolerance_counts *counts;

    pthread_mutex_lock(&growing);
    if ((counts = find(owner, name)) == NULL)
        counts = add(owner, name);
    pthread_mutex_unlock(&growing);
    return counts;
}

void tolerance_count(struct tolerance_counts *counts, unsigned bits)
{
    for (unsigned i = 0; counts != NULL && i < TOLERANCE_COUNT; i++)
        if ((bits & 1U << i) != 0)
            atomic_fetch_add_explicit(&counts->of[i], 1, memory_order_relaxed);
}

void tolerance_count_deprecated(struct tolerance_counts *counts, uint64_t bits)
{
    for (unsigned i = 0; counts != NULL && i < TOLERANCE_DEPRECATED_MAX; i++)
        if ((bits & UINT64_C(1) << i) != 0)
            atomic_fetch_add_explicit(&counts->deprecated[i], 1, memory_order_relaxed);
}

const struct tolerance_counts *tolerance_counts_all(void)
{
    return atomic_load_explicit(&all, memory_order_acquire);
}
