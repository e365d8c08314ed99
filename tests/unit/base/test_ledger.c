/* ledger.c: what is counted of whom, who gives way, and what threads do to it. */
#include <criterion/criterion.h>
#include <pthread.h>

#include "server/base/bounds.h"
#include "server/base/ledger.h"

enum { SET = 8, NOW = 1000 };

static struct ledger *ledger;

static void set_up(void)
{
    ledger = ledger_new(1); /* one set */
    cr_assert_not_null(ledger);
}

static void tear_down(void)
{
    ledger_free(ledger);
}

TestSuite(ledger, .init = set_up, .fini = tear_down);

Test(ledger, a_source_is_found_again_with_what_it_did)
{
    struct ledger_source *source = ledger_pin(ledger, 7, NOW);

    ledger_happened(&source->resets, 60, NOW);
    ledger_unpin(source);
    cr_assert_eq(ledger_pin(ledger, 7, NOW), source);
    cr_assert_eq(ledger_lately(&source->resets, 60, NOW), 1);
    cr_assert_neq(ledger_pin(ledger, 8, NOW), source);
}

Test(ledger, who_has_no_place_takes_none_by_being_looked_for)
{
    struct ledger_source *known = ledger_pin(ledger, 7, NOW);

    ledger_unpin(known);
    for (unsigned i = 0; i < 1000; i++)
        cr_assert_null(ledger_pin_known(ledger, 1000 + i, NOW + 1));
    cr_assert_eq(ledger_pin_known(ledger, 7, NOW + 1), known);
    cr_assert_eq(atomic_load(&known->pins), 1);
}

Test(ledger, who_is_pinned_keeps_its_place_and_the_rest_share_one)
{
    struct ledger_source *pinned[SET], *late;

    for (unsigned i = 0; i < SET; i++)
        pinned[i] = ledger_pin(ledger, 100 + i, NOW);
    late = ledger_pin(ledger, 200, NOW);
    for (unsigned i = 0; i < SET; i++)
        cr_assert_neq(late, pinned[i]);
    cr_assert_eq(ledger_pin(ledger, 201, NOW), late, "one place for all that come too late");
    ledger_unpin(pinned[3]);
    cr_assert_eq(ledger_pin(ledger, 202, NOW), pinned[3]);
}

Test(ledger, a_new_source_begins_with_nothing_of_the_one_before)
{
    struct ledger_source *source = NULL;

    for (unsigned i = 0; i < SET; i++) {
        source = ledger_pin(ledger, 100 + i, NOW);
        ledger_happened(&source->handshakes, 60, NOW);
        ledger_happened(&source->resets, 60, NOW);
        ledger_happened(&source->floods, 60, NOW);
        ledger_happened(&source->refusals, 60, NOW);
        ledger_happened(&source->answers, 60, NOW);
        ledger_happened(&source->failures, 60, NOW);
        ledger_prove(source, NOW);
        atomic_store(&source->octets, 5);
        for (size_t f = 0; f < LEDGER_FLOWS; f++)
            atomic_store(&source->flows[f].debt_us, 5);
        ledger_unpin(source);
    }
    source = ledger_pin(ledger, 300, NOW);
    cr_assert_eq(ledger_lately(&source->handshakes, 60, NOW), 0);
    cr_assert_eq(ledger_lately(&source->resets, 60, NOW), 0);
    cr_assert_eq(ledger_lately(&source->floods, 60, NOW), 0);
    cr_assert_eq(ledger_lately(&source->refusals, 60, NOW), 0);
    cr_assert_eq(ledger_lately(&source->answers, 60, NOW), 0);
    cr_assert_eq(ledger_lately(&source->failures, 60, NOW), 0);
    cr_assert_eq(atomic_load(&source->octets), 0);
    for (size_t f = 0; f < LEDGER_FLOWS; f++)
        cr_assert_eq(atomic_load(&source->flows[f].debt_us), 0);
    cr_assert_not(ledger_is_proved(source, NOW));
}

/* However many strangers come, who proved itself is remembered. */
Test(ledger, strangers_give_way_first)
{
    struct ledger_source *known = ledger_pin(ledger, 1, NOW);

    ledger_prove(known, NOW);
    ledger_unpin(known);
    for (unsigned i = 0; i < 1000; i++)
        ledger_unpin(ledger_pin(ledger, 1000 + i, NOW + 1 + i));
    known = ledger_pin(ledger, 1, NOW + 1001);
    cr_assert(ledger_is_proved(known, NOW + 1001));
}

Test(ledger, among_strangers_the_one_seen_least_lately_gives_way)
{
    struct ledger_source *first[SET];

    for (unsigned i = 0; i < SET; i++)
        ledger_unpin(first[i] = ledger_pin(ledger, 100 + i, NOW + i));
    ledger_unpin(ledger_pin(ledger, 100, NOW + SET)); /* the oldest was here again */
    cr_assert_eq(ledger_pin(ledger, 500, NOW + SET), first[1]);
}

Test(ledger, a_proof_ends)
{
    struct ledger_source *source = ledger_pin(ledger, 1, NOW);

    cr_assert_not(ledger_is_proved(source, NOW));
    ledger_prove(source, NOW);
    cr_assert(ledger_is_proved(source, NOW + BOUND_LEDGER_PROVED - 1));
    cr_assert_not(ledger_is_proved(source, NOW + BOUND_LEDGER_PROVED));
}

Test(ledger, nobody_proves_itself_for_those_that_share_a_place)
{
    struct ledger_source *shared;

    for (unsigned i = 0; i < SET; i++)
        ledger_pin(ledger, 100 + i, NOW);
    shared = ledger_pin(ledger, 200, NOW);
    ledger_prove(shared, NOW);
    cr_assert_not(ledger_is_proved(shared, NOW));
}

Test(ledger, a_share_is_kept_for_those_that_proved_themselves)
{
    struct ledger_source *stranger = ledger_pin(ledger, 1, NOW), *known = ledger_pin(ledger, 2, NOW);

    ledger_prove(known, NOW);
    cr_assert_eq(ledger_share(known, 100, 800, NOW), 800);
    cr_assert_eq(ledger_share(stranger, 2, 800, NOW), 700);
    cr_assert_eq(ledger_share(stranger, 1, 800, NOW), 750);
    cr_assert_eq(ledger_share(stranger, 5, 1, NOW), 1);
}

Test(ledger, a_gauge_stops_at_its_bound)
{
    struct ledger_source *source = ledger_pin(ledger, 1, NOW);

    cr_assert(ledger_take(&source->requests, 2));
    cr_assert(ledger_take(&source->requests, 2));
    cr_assert_not(ledger_take(&source->requests, 2));
    ledger_give(&source->requests);
    cr_assert(ledger_take(&source->requests, 2));
    cr_assert_eq(atomic_load(&source->requests), 2);
}

Test(ledger, what_happened_is_halved_as_time_passes)
{
    struct ledger_recent recent = {0};

    for (unsigned i = 1; i <= 8; i++)
        cr_assert_eq(ledger_happened(&recent, 60, NOW), i);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 59), 8);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 60), 4);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 119), 4);
    cr_assert_eq(ledger_happened(&recent, 60, NOW + 120), 3);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 179), 3, "the halving is not put off by what happens");
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 180), 1);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 10000), 0);
    ledger_happened(&recent, 60, NOW + 10000);
    ledger_forget(&recent);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 10000), 0);
}

/* Whoever was looked for has been seen: it does not give way as if it had been away. */
Test(ledger, who_is_found_was_seen)
{
    struct ledger_source *first[SET];

    for (unsigned i = 0; i < SET; i++)
        ledger_unpin(first[i] = ledger_pin(ledger, 100 + i, NOW + i));
    ledger_unpin(ledger_pin_known(ledger, 100, NOW + SET));
    cr_assert_eq(ledger_pin(ledger, 500, NOW + SET), first[1]);
}

/* The identity 0 is the shared place's: a source whose hash it is has a place of its own all the same. */
Test(ledger, a_source_of_any_hash_has_a_place)
{
    struct ledger_source *zero = ledger_pin(ledger, 0, NOW);

    cr_assert_eq(atomic_load(&zero->pins), 1);
    cr_assert_eq(ledger_pin(ledger, 0, NOW), zero);
    ledger_prove(zero, NOW);
    cr_assert(ledger_is_proved(zero, NOW));
    for (unsigned i = 1; i < SET; i++)
        cr_assert_neq(ledger_pin(ledger, 100 + i, NOW), zero);
}

/* There are as many places as were asked for: those of another set are not in the way. */
Test(ledger, there_are_as_many_places_as_were_asked_for)
{
    for (size_t places = 1; places <= 33; places++) {
        struct ledger *several = ledger_new(places);
        uint64_t sets = 1;
        while (sets * SET < places)
            sets *= 2;
        for (uint64_t i = 0; i < sets * SET; i++) {
            struct ledger_source *source = ledger_pin(several, (i % sets) << 32 | (100 + i), NOW);
            cr_assert_eq(atomic_load(&source->pins), 1, "%zu places: %llu", places, (unsigned long long)i);
        }
        /* and no more: the next one shares */
        cr_assert_eq(atomic_load(&ledger_pin(several, 5000, NOW)->id), 0);
        ledger_free(several);
    }
    ledger_free(NULL);
}

/* A count of 32 bits is gone after 32 halvings, and never goes around. */
Test(ledger, counts_neither_go_around_nor_stay)
{
    struct ledger_recent recent;

    atomic_store(&recent.word, (uint64_t)NOW << 32 | UINT32_MAX);
    cr_assert_eq(ledger_happened(&recent, 60, NOW), UINT32_MAX);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 31 * 60), 1);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 32 * 60), 0);
    cr_assert_eq(ledger_lately(&recent, 60, NOW + 33 * 60), 0);
    /* Another thread's clock may be behind. */
    cr_assert_eq(ledger_lately(&recent, 60, NOW - 1), UINT32_MAX);
}

enum { THREADS = 4, ROUNDS = 20000, IDS = 24 };

/* More sources than places, pinned and let go from all sides: whoever holds a place finds its own source
 * there. */
static void *churn(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    struct ledger_source *source;
    uint64_t id;

    for (unsigned i = 0; i < ROUNDS; i++) {
        seed = seed * 1664525 + 1013904223;
        id = 1 + seed / 65536 % IDS;
        source = ledger_pin(ledger, id, NOW + i);
        if (atomic_load(&source->id) != 0 && atomic_load(&source->id) != id)
            return arg;
        ledger_take(&source->requests, 1000);
        ledger_happened(&source->failures, 60, NOW);
        ledger_give(&source->requests);
        ledger_unpin(source);
    }
    return NULL;
}

Test(ledger, threads_take_no_place_from_each_other)
{
    unsigned seeds[THREADS] = {1, 2, 3, 4};
    pthread_t threads[THREADS];
    struct ledger_source *all[SET];
    void *wrong;

    for (unsigned i = 0; i < THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, &seeds[i]), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &wrong);
        cr_assert_null(wrong, "a place changed hands while it was pinned");
    }
    for (unsigned i = 0; i < SET; i++) {
        all[i] = ledger_pin(ledger, 5000 + i, NOW + ROUNDS + 1);
        cr_assert_eq(atomic_load(&all[i]->id), 5000 + i, "a pin was left behind");
        cr_assert_eq(atomic_load(&all[i]->requests), 0);
    }
}
