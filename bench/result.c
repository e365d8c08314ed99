/* Keeps every outcome of a run, and sorts them at its end for percentiles. */
#include "bench/result.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t percentile_ns(const int64_t *sorted, unsigned count, double share)
{
    /* 0.9999 has no exact representation: what is a rank but for that is that rank. */
    double rank = ceil(share * count - 1e-6);

    if (count == 0)
        return 0;
    return sorted[rank < 1 ? 0 : rank > count ? count - 1 : (unsigned)rank - 1];
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

static int same_serial(const struct outcome *x, const struct outcome *y)
{
    return x->serial_len == y->serial_len && memcmp(x->serial, y->serial, x->serial_len) == 0;
}

static int compare_serials(const void *a, const void *b, void *outcomes)
{
    const struct outcome *x = (const struct outcome *)outcomes + *(const unsigned *)a;
    const struct outcome *y = (const struct outcome *)outcomes + *(const unsigned *)b;

    return x->serial_len != y->serial_len ? (x->serial_len < y->serial_len ? -1 : 1)
                                          : memcmp(x->serial, y->serial, x->serial_len);
}

static int find_duplicates(struct run *run)
{
    unsigned *list = calloc(run->count + 1u, sizeof *list);
    unsigned n = 0;

    if (list == NULL)
        return 0;
    for (unsigned i = 0; i < run->count; i++)
        if (run->outcomes[i].serial_len != 0)
            list[n++] = i;
    qsort_r(list, n, sizeof *list, compare_serials, run->outcomes);
    for (unsigned i = 1; i < n; i++)
        if (same_serial(&run->outcomes[list[i - 1]], &run->outcomes[list[i]]))
            run->outcomes[list[i]].error = BENCH_DUPLICATE;
    free(list);
    return 1;
}

static int counts(const struct run *run, const struct outcome *outcome)
{
    return outcome->end_ns >= run->start_ns && outcome->error == BENCH_OK && outcome->end_ns != 0;
}

static void sum_up(struct result *out, const struct run *run)
{
    for (unsigned i = 0; i < run->count; i++) {
        const struct outcome *outcome = &run->outcomes[i];
        out->started += outcome->end_ns != 0;
        out->retries += outcome->retries;
        if (outcome->end_ns != 0 && outcome->error != BENCH_OK)
            out->errors[outcome->error]++;
        if (counts(run, outcome))
            out->latencies_ns[out->completed++] = outcome->latency_ns;
    }
    out->errors[BENCH_OVERDUE] = run->overdue;
    qsort(out->latencies_ns, out->completed, sizeof *out->latencies_ns, compare_times);
}

static void add_step(struct step_latencies *step, int64_t latency_ns)
{
    step->sorted_ns[step->count++] = latency_ns;
}

/* Sorts by kind in two passes: how many, then which. */
static int make_steps(struct result *out, const struct run *run)
{
    unsigned count[STEP_COUNT] = {0}, used = 0;

    /* An outcome has two steps at most. */
    out->steps_ns = calloc(2 * (size_t)out->completed + 1, sizeof *out->steps_ns);
    if (out->steps_ns == NULL)
        return 0;
    for (unsigned i = 0; i < run->count; i++)
        if (counts(run, &run->outcomes[i])) {
            count[run->outcomes[i].step]++;
            count[STEP_CERT_CONF] += run->outcomes[i].confirm_ns != 0;
        }
    for (int s = 0; s < STEP_COUNT; s++) {
        out->steps[s].sorted_ns = out->steps_ns + used;
        used += count[s];
    }
    for (unsigned i = 0; i < run->count; i++)
        if (counts(run, &run->outcomes[i])) {
            add_step(&out->steps[run->outcomes[i].step], run->outcomes[i].first_ns);
            if (run->outcomes[i].confirm_ns != 0)
                add_step(&out->steps[STEP_CERT_CONF], run->outcomes[i].confirm_ns);
        }
    for (int s = 0; s < STEP_COUNT; s++)
        qsort(out->steps[s].sorted_ns, out->steps[s].count, sizeof(int64_t), compare_times);
    return 1;
}

/* ---- over time ---- */

/* Before the first and after the last it counts, too: a server that never came back was away to the end. */
static int find_gap(struct result *out, const struct run *run)
{
    int64_t *ends = calloc(out->completed + 1u, sizeof *ends), last = run->start_ns, gap = 0;
    unsigned n = 0;

    if (ends == NULL)
        return 0;
    for (unsigned i = 0; i < run->count; i++)
        if (counts(run, &run->outcomes[i]))
            ends[n++] = run->outcomes[i].end_ns;
    qsort(ends, n, sizeof *ends, compare_times);
    ends[n] = run->end_ns;
    for (unsigned i = 0; i <= n; i++) {
        gap = ends[i] - last > gap ? ends[i] - last : gap;
        last = ends[i];
    }
    out->longest_gap = (double)gap / 1e9;
    free(ends);
    return 1;
}

static unsigned slot_of(const struct result *out, const struct run *run, const struct outcome *outcome)
{
    double at = (double)(outcome->end_ns - run->start_ns) / 1e9 / out->slot_seconds;

    return at < 0 ? 0 : at >= out->slot_count ? out->slot_count - 1 : (unsigned)at;
}

/* Sorts by slot in two passes: how many, then which. */
static int make_slots(struct result *out, const struct run *run)
{
    unsigned first[RESULT_SLOTS_MAX + 1] = {0}, filled[RESULT_SLOTS_MAX] = {0};
    int64_t *sorted = calloc(out->completed + 1u, sizeof *sorted);

    if (sorted == NULL)
        return 0;
    for (unsigned i = 0; i < run->count; i++) {
        const struct outcome *outcome = &run->outcomes[i];
        struct slot *slot = &out->slots[slot_of(out, run, outcome)];
        if (counts(run, outcome))
            slot->completed++;
        else if (outcome->end_ns >= run->start_ns && outcome->end_ns != 0)
            slot->errors++;
    }
    for (unsigned s = 0; s < out->slot_count; s++)
        first[s + 1] = first[s] + out->slots[s].completed;
    for (unsigned i = 0; i < run->count; i++)
        if (counts(run, &run->outcomes[i])) {
            unsigned s = slot_of(out, run, &run->outcomes[i]);
            sorted[first[s] + filled[s]++] = run->outcomes[i].latency_ns;
        }
    for (unsigned s = 0; s < out->slot_count; s++) {
        struct slot *slot = &out->slots[s];
        int64_t *latencies = sorted + first[s];
        qsort(latencies, slot->completed, sizeof *latencies, compare_times);
        slot->p50_ns = percentile_ns(latencies, slot->completed, 0.5);
        slot->p99_ns = percentile_ns(latencies, slot->completed, 0.99);
        slot->max_ns = percentile_ns(latencies, slot->completed, 1);
    }
    free(sorted);
    return 1;
}

int result_make(struct result *out, struct run *run)
{
    enum { SLOTS_A_SECOND = 10 };

    *out = (struct result){.cpu_us = -1, .memory = NAN};
    out->latencies_ns = calloc(run->count + 1, sizeof *out->latencies_ns);
    if (out->latencies_ns == NULL || (!run->options->fixed_certificate && !find_duplicates(run)))
        return 0;
    sum_up(out, run);
    out->seconds = (double)(run->end_ns - run->start_ns) / 1e9;
    out->rate = out->seconds > 0 ? out->completed / out->seconds : 0;
    if (run->before.cpu_us >= 0 && run->after.cpu_us >= 0 && out->completed != 0)
        out->cpu_us = (double)(run->after.cpu_us - run->before.cpu_us) / out->completed;
    if (run->before.rss_kib >= 0 && run->after.rss_kib >= 0 && out->completed != 0)
        out->memory = 1024.0 * (double)(run->after.rss_kib - run->before.rss_kib) / out->completed;
    out->slot_count = (unsigned)(out->seconds * SLOTS_A_SECOND);
    out->slot_count = out->slot_count < 1                  ? 1
                      : out->slot_count > RESULT_SLOTS_MAX ? RESULT_SLOTS_MAX
                                                           : out->slot_count;
    out->slot_seconds = out->seconds > 0 ? out->seconds / out->slot_count : 1;
    return make_steps(out, run) && find_gap(out, run) && make_slots(out, run);
}

void result_cleanup(struct result *result)
{
    free(result->latencies_ns);
    free(result->steps_ns);
}
