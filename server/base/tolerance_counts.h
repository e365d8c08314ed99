/* tolerance_counts.h: how often each tolerance, and each deprecated algorithm, was made use of, by profile
 * and by vendor, since the process began. A reload changes nothing: counters belong to a name, not to a
 * configuration. */
#ifndef CMPD_BASE_TOLERANCE_COUNTS_H
#define CMPD_BASE_TOLERANCE_COUNTS_H

#include <stdatomic.h>

#include "tolerance.h"

enum { TOLERANCE_DEPRECATED_MAX = 64 };

enum tolerance_owner { TOLERANCE_OF_PROFILE, TOLERANCE_OF_VENDOR };

/* struct tolerance_counts is the counters of one name. It stays as long as the process: jobs of former
 * configurations count, too. */
struct tolerance_counts {
    const struct tolerance_counts *next; /* those that were there before; NULL: none */
    enum tolerance_owner owner;
    const char *name;
    atomic_uint_least64_t of[TOLERANCE_COUNT];
    atomic_uint_least64_t deprecated[TOLERANCE_DEPRECATED_MAX]; /* of algorithms, by their numbers */
};

/* tolerance_counts_of returns the counters of |name|, which are made at the first call. NULL without memory.
 * Any thread; it may wait, so not where messages are served. */
struct tolerance_counts *tolerance_counts_of(enum tolerance_owner owner, const char *name);

/* tolerance_count counts a use of each tolerance whose bit (1 << tolerance) is in |bits|. Any thread. NULL
 * for |counts|: nobody counts. */
void tolerance_count(struct tolerance_counts *counts, unsigned bits);

/* tolerance_count_deprecated counts a use of each deprecated algorithm whose bit (1 << number) is in |bits|.
 * Likewise. */
void tolerance_count_deprecated(struct tolerance_counts *counts, uint64_t bits);

/* tolerance_counts_all returns the first of all of them, the youngest. Any thread. */
const struct tolerance_counts *tolerance_counts_all(void);

#endif
