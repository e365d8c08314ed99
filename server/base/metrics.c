/* metrics.c: see metrics.h. Sheets stay as long as the process: what a thread that is gone has counted
 * counts on, and the next thread that comes goes on with its sheet. */
#include "server/base/metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 64 };

struct sheet {
    struct sheet *next;
    atomic_int taken; /* 1: a thread has it */
    _Alignas(LINE) _Atomic(uint64_t) cells[];
};

static const uint64_t latency_bounds[] = {100,   250,    500,    1000,   2500,    5000,    10000,   25000,
                                          50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};
static const uint64_t size_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
const struct metric_buckets metric_latency = {latency_bounds,
                                              sizeof latency_bounds / sizeof latency_bounds[0]};
const struct metric_buckets metric_sizes = {size_bounds, sizeof size_bounds / sizeof size_bounds[0]};

static size_t cell_count; /* of a sheet; 0: nothing is laid out */
static _Atomic(struct sheet *) sheets;
static pthread_key_t ends; /* of a thread: gives its sheet back */
static _Thread_local struct sheet *mine;

/* ---- layout ---- */

static size_t values_of(const struct metric_label *label)
{
    return label != NULL ? label->count : 1;
}

size_t metric_series(const struct metric *metric, size_t i, size_t j)
{
    return i * values_of(metric->labels[1]) + j;
}

size_t metric_series_count(const struct metric *metric)
{
    return values_of(metric->labels[0]) * values_of(metric->labels[1]);
}

/* Of a histogram: one for each bucket, one for what is above, and the sum. */
static size_t cells_of_series(const struct metric *metric)
{
    return metric->type == METRIC_HISTOGRAM ? metric->buckets->count + 2 : 1;
}

static void give_back(void *arg)
{
    struct sheet *sheet = arg;

    atomic_store_explicit(&sheet->taken, 0, memory_order_release);
}

void metrics_begin(struct metric *const *table, size_t count)
{
    size_t cells = 1; /* the first is nobody's, so that 0 is none */

    if (pthread_key_create(&ends, give_back) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (table[i]->gather != NULL)
            continue;
        table[i]->at = cells;
        cells += metric_series_count(table[i]) * cells_of_series(table[i]);
    }
    cell_count = cells;
}

void metrics_end(void)
{
    struct sheet *sheet = atomic_exchange(&sheets, NULL), *next;

    if (cell_count == 0)
        return;
    for (; sheet != NULL; sheet = next) {
        next = sheet->next;
        free(sheet);
    }
    pthread_key_delete(ends);
    mine = NULL;
    cell_count = 0;
}

/* ---- sheets ---- */

static struct sheet *take_left(void)
{
    for (struct sheet *sheet = atomic_load_explicit(&sheets, memory_order_acquire); sheet != NULL;
         sheet = sheet->next) {
        int expected = 0;
        if (atomic_compare_exchange_strong_explicit(&sheet->taken, &expected, 1, memory_order_acquire,
                                                    memory_order_relaxed))
            return sheet;
    }
    return NULL;
}

static struct sheet *new_sheet(void)
{
    size_t octets = sizeof(struct sheet) + cell_count * sizeof(uint64_t);
    struct sheet *sheet;

    octets = (octets + LINE - 1) / LINE * LINE;
    sheet = aligned_alloc(LINE, octets);
    if (sheet == NULL)
        return NULL;
    memset((void *)sheet, 0, octets);
    atomic_init(&sheet->taken, 1);
    sheet->next = atomic_load_explicit(&sheets, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&sheets, &sheet->next, sheet, memory_order_release,
                                                  memory_order_relaxed))
        ;
    return sheet;
}

/* The sheet of this thread; NULL: nothing is counted, or not yet for want of memory. */
static struct sheet *own_sheet(void)
{
    if (mine != NULL || cell_count == 0)
        return mine;
    mine = take_left();
    if (mine == NULL)
        mine = new_sheet();
    if (mine != NULL)
        pthread_setspecific(ends, mine);
    return mine;
}

/* One thread alone writes a cell: no atomic addition is needed, and readers see either value. */
static void add(_Atomic(uint64_t) *cell, uint64_t n)
{
    atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n, memory_order_relaxed);
}

void metric_add(const struct metric *metric, size_t series, uint64_t n)
{
    struct sheet *sheet = metric->at != 0 ? own_sheet() : NULL;

    if (sheet != NULL)
        add(&sheet->cells[metric->at + series], n);
}

void metric_observe(const struct metric *metric, size_t series, uint64_t value, uint64_t n)
{
    struct sheet *sheet = metric->at != 0 && n != 0 ? own_sheet() : NULL;
    const struct metric_buckets *buckets = metric->buckets;
    _Atomic(uint64_t) *cells;
    size_t i = 0;

    if (sheet == NULL)
        return;
    cells = &sheet->cells[metric->at + series * cells_of_series(metric)];
    while (i < buckets->count && value > buckets->bounds[i])
        i++;
    add(&cells[i], n);
    add(&cells[buckets->count + 1], value * n);
}

/* ---- reading ---- */

static uint64_t sum_of(size_t cell)
{
    uint64_t sum = 0;

    for (struct sheet *sheet = atomic_load_explicit(&sheets, memory_order_acquire); sheet != NULL;
         sheet = sheet->next)
        sum += atomic_load_explicit(&sheet->cells[cell], memory_order_relaxed);
    return sum;
}

uint64_t metric_read(const struct metric *metric, size_t series)
{
    return metric->at != 0 ? sum_of(metric->at + series) : 0;
}

void metric_read_histogram(const struct metric *metric, size_t series, uint64_t *buckets, uint64_t *sum)
{
    size_t count = metric->buckets->count + 1, at = metric->at + series * cells_of_series(metric);

    for (size_t i = 0; i < count; i++)
        buckets[i] = metric->at != 0 ? sum_of(at + i) : 0;
    *sum = metric->at != 0 ? sum_of(at + count) : 0;
}

int64_t metrics_now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- names ---- */

static pthread_mutex_t naming = PTHREAD_MUTEX_INITIALIZER;

/* Under |naming|. */
static size_t number_of(struct metric_names *names, const char *name)
{
    size_t count = atomic_load_explicit(&names->count, memory_order_relaxed);
    char *copy;

    for (size_t i = 1; i <= count; i++)
        if (strcmp(atomic_load_explicit(&names->names[i], memory_order_relaxed), name) == 0)
            return i;
    if (count + 1 >= METRIC_NAME_OTHER || (copy = strdup(name)) == NULL)
        return METRIC_NAME_OTHER;
    atomic_store_explicit(&names->names[count + 1], copy, memory_order_release);
    atomic_store_explicit(&names->count, count + 1, memory_order_relaxed);
    return count + 1;
}

size_t metric_name_number(struct metric_names *names, const char *name)
{
    size_t number;

    pthread_mutex_lock(&naming);
    number = number_of(names, name);
    pthread_mutex_unlock(&naming);
    return number;
}

const char *metric_name_value(const struct metric_names *names, size_t number)
{
    if (number == METRIC_NAME_NONE)
        return "(none)";
    if (number == METRIC_NAME_OTHER)
        return "(other)";
    return number < METRIC_NAMES_MAX ? atomic_load_explicit(&names->names[number], memory_order_acquire)
                                     : NULL;
}
