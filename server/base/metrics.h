/* metrics.h: what a server tells of itself in numbers.
 *
 * A metric is a row (struct metric), which stands beside the code that counts. A table of rows is laid out
 * once, before there are threads (metrics_begin). From then on each thread has a sheet of cells of its own,
 * on cache lines of its own: to count is a load, an addition and a store, and nobody waits for anybody. Who
 * reads adds the sheets up (metrics_text.h). Rows of no table count nothing and cost nothing: tools have
 * the same code.
 *
 * The values of labels come from lists alone, never from a peer, so how many series there can be is known. */
#ifndef CMPD_BASE_METRICS_H
#define CMPD_BASE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* struct metric_label is a label and its values, by number. */
struct metric_label {
    const char *name;
    size_t count;
    const char *(*value)(size_t i); /* NULL: nothing has this number now */
};

/* struct metric_buckets is up to where the buckets of a histogram reach. */
struct metric_buckets {
    const uint64_t *bounds; /* inclusive, in ascending order; one more bucket holds what is above */
    size_t count;
};

struct metrics_text;

enum { METRIC_LABELS = 5 }; /* what is counted has two of them at most */

struct metric {
    const char *name; /* without "_total"; ends in |unit| if there is one */
    const char *unit; /* "seconds", "bytes"; NULL: none */
    const char *help; /* a sentence */
    enum metric_type type;
    int in_micro; /* 1: what is counted are millionths of the unit */
    const struct metric_label *labels[METRIC_LABELS];
    const struct metric_buckets *buckets; /* of a histogram */

    /* NULL: it is counted by metric_add or metric_observe. Else it tells what there is now, by
     * metrics_text_value; |arg| as whoever reads has given it. Must not block. */
    void (*gather)(const struct metric *metric, struct metrics_text *out, void *arg);

    size_t at; /* of metrics_begin: its first cell; 0: it is in no table */
};

/* metrics_begin lays out the |count| rows of |table|, which must live on. Once, before there are threads that
 * count. */
void metrics_begin(struct metric *const *table, size_t count);

/* metrics_end forgets that, and all that was counted: for tests. No other thread may count. */
void metrics_end(void);

/* metric_series returns the number of the series with the values |i| and |j| of its labels (0 for a label
 * that it does not have). */
size_t metric_series(const struct metric *metric, size_t i, size_t j);

/* metric_series_count returns how many series |metric| can have, of those that are counted; a histogram has
 * several lines for each. */
size_t metric_series_count(const struct metric *metric);

/* metric_add adds |n| to series |series| of the counter |metric|. Any thread; never blocks but at the first
 * call of a thread. */
void metric_add(const struct metric *metric, size_t series, uint64_t n);

/* metric_observe notes |n| observations of |value| each in series |series| of the histogram |metric|,
 * likewise. */
void metric_observe(const struct metric *metric, size_t series, uint64_t value, uint64_t n);

/* metric_read returns what all threads have added to a counter. */
uint64_t metric_read(const struct metric *metric, size_t series);

/* metric_read_histogram adds up what all threads have observed: into |buckets|, of which there is one more
 * than |metric| has bounds, how many observations are in each (and in none before), and into |*sum| the sum
 * of their values. */
void metric_read_histogram(const struct metric *metric, size_t series, uint64_t *buckets, uint64_t *sum);

/* metrics_now_us returns microseconds of a clock that nobody sets: for what histograms of times observe. */
int64_t metrics_now_us(void);

/* metric_latency is the buckets of everything that stations wait for, in microseconds: 100 us to 10 s. */
extern const struct metric_buckets metric_latency;

/* metric_sizes is those of batches: 1, 2, 4, … 1024. */
extern const struct metric_buckets metric_sizes;

enum { METRIC_BUCKETS_MAX = 24 };

/* ---- names that a configuration gives ---- */

enum { METRIC_NAMES_MAX = 64 };

/* struct metric_names is the values of a label that grow while the process runs: names of a configuration,
 * and of those before it. All zero at first. The first is what has no name, and the last all names together
 * that found no room. */
struct metric_names {
    atomic_size_t count; /* beside these two */
    _Atomic(const char *) names[METRIC_NAMES_MAX];
};

enum { METRIC_NAME_NONE = 0, METRIC_NAME_OTHER = METRIC_NAMES_MAX - 1 };

/* metric_name_number returns the number of |name|, which it gets at the first call; METRIC_NAME_OTHER if
 * there is no room or no memory. Any thread; it may wait, so not where messages are served. */
size_t metric_name_number(struct metric_names *names, const char *name);

/* metric_name_value returns the name of |number|, "(none)" or "(other)", for metric_label.value; NULL if it
 * is nobody's yet. */
const char *metric_name_value(const struct metric_names *names, size_t number);

#endif
