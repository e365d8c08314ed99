/* tolerance_counts.c: counters belong to a name, whatever configuration it stands in. */
#include "server/base/tolerance_counts.h"

#include <criterion/criterion.h>
#include <pthread.h>

enum { THREADS = 4, ROUNDS = 20000 };

static uint64_t number(const struct tolerance_counts *counts, enum tolerance tolerance)
{
    return atomic_load(&counts->of[tolerance]);
}

Test(tolerance_counts, a_name_has_its_own_and_keeps_them)
{
    struct tolerance_counts *profile = tolerance_counts_of(TOLERANCE_OF_PROFILE, "a");
    struct tolerance_counts *vendor = tolerance_counts_of(TOLERANCE_OF_VENDOR, "a");
    struct tolerance_counts *other = tolerance_counts_of(TOLERANCE_OF_PROFILE, "b");

    cr_assert(profile != NULL && vendor != NULL && other != NULL);
    cr_expect(profile != vendor && profile != other);
    tolerance_count(profile, 1U << TOLERANCE_CLOCK_OFF | 1U << TOLERANCE_NONCE_LENGTH);
    tolerance_count(profile, 1U << TOLERANCE_CLOCK_OFF);
    tolerance_count(vendor, 0);
    tolerance_count(NULL, ~0U);
    cr_expect_eq(tolerance_counts_of(TOLERANCE_OF_PROFILE, "a"), profile);
    cr_expect_eq(number(profile, TOLERANCE_CLOCK_OFF), 2);
    cr_expect_eq(number(profile, TOLERANCE_NONCE_LENGTH), 1);
    for (int i = 0; i < TOLERANCE_COUNT; i++)
        cr_expect_eq(number(vendor, (enum tolerance)i) + number(other, (enum tolerance)i), 0);
}

Test(tolerance_counts, all_are_found_each_once)
{
    size_t count = 0;

    cr_expect_null(tolerance_counts_all());
    tolerance_counts_of(TOLERANCE_OF_PROFILE, "a");
    tolerance_counts_of(TOLERANCE_OF_VENDOR, "a");
    tolerance_counts_of(TOLERANCE_OF_PROFILE, "a");
    for (const struct tolerance_counts *counts = tolerance_counts_all(); counts != NULL;
         counts = counts->next)
        count++;
    cr_expect_eq(count, 2);
}

static void *use(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++)
        tolerance_count(tolerance_counts_of(TOLERANCE_OF_PROFILE, "shared"), 1U << TOLERANCE_NAME_ORDER);
    return NULL;
}

Test(tolerance_counts, no_use_is_lost_between_threads)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, use, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(number(tolerance_counts_of(TOLERANCE_OF_PROFILE, "shared"), TOLERANCE_NAME_ORDER),
                 THREADS * ROUNDS);
}
