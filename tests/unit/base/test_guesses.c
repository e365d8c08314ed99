/* guesses.c: what nodes tell each other of wrong MACs. */
#include "server/base/guesses.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { NOW = 10000, PLACES = 4096 };

/* struct node is a node with its ledgers, and what the other one was told by it last. */
struct node {
    struct ledger *sources, *pairs;
    struct guesses *guesses;
    uint8_t said[GUESSES_ROW];
    size_t said_len;
};

static struct node first, second;

static void begin(struct node *node)
{
    node->sources = ledger_new(PLACES);
    node->pairs = ledger_new(PLACES);
    cr_assert(node->sources != NULL && node->pairs != NULL);
    node->guesses = guesses_new(node->sources, node->pairs);
    cr_assert_not_null(node->guesses);
    node->said_len = 0;
}

static void end(struct node *node)
{
    guesses_free(node->guesses);
    ledger_free(node->sources);
    ledger_free(node->pairs);
}

static void set_up(void)
{
    begin(&first);
    begin(&second);
}

static void tear_down(void)
{
    end(&first);
    end(&second);
}

TestSuite(guesses, .init = set_up, .fini = tear_down);

/* As a keyed hash would be: anywhere in the table. */
static uint64_t spread(uint64_t id)
{
    return id * 0x9e3779b97f4a7c15;
}

static uint32_t failures(struct ledger *ledger, uint64_t id, uint32_t now)
{
    struct ledger_source *source = ledger_pin(ledger, spread(id), now);
    uint32_t count = ledger_lately(&source->failures, BOUND_GUESSES_HALVING, now);

    ledger_unpin(source);
    return count;
}

static void note(struct node *node, enum guesses_of of, uint64_t id, unsigned times, uint32_t now)
{
    while (times-- > 0)
        guesses_note(node->guesses, of, spread(id), now);
}

/* |to| hears what |from| says, as upkeep has it do every few seconds. */
static size_t tell(struct node *from, struct node *to, uint32_t now)
{
    uint8_t row[GUESSES_ROW];
    struct bytes said = guesses_say(from->guesses, row, now);
    size_t reached = guesses_hear(to->guesses, bytes_of(from->said, from->said_len), said, now);

    memcpy(from->said, row, sizeof row);
    from->said_len = said.len;
    return reached;
}

Test(guesses, what_is_new_is_added_once)
{
    note(&first, GUESSES_PAIR, 7, 3, NOW);
    note(&first, GUESSES_SOURCE, 8, 2, NOW);
    cr_assert_eq(tell(&first, &second, NOW), 0);
    cr_expect_eq(failures(second.pairs, 7, NOW), 3);
    cr_expect_eq(failures(second.sources, 8, NOW), 2);
    cr_expect_eq(failures(second.sources, 7, NOW), 0);
    tell(&first, &second, NOW + 5);
    cr_expect_eq(failures(second.pairs, 7, NOW + 5), 3, "nothing new");
    note(&first, GUESSES_PAIR, 7, 4, NOW + 6);
    tell(&first, &second, NOW + 10);
    cr_expect_eq(failures(second.pairs, 7, NOW + 10), 7);
    cr_expect_eq(failures(first.pairs, 7, NOW + 10), 0, "its own ledger is the caller's");
}

Test(guesses, what_others_told_is_not_told_on)
{
    uint8_t row[GUESSES_ROW];

    note(&first, GUESSES_PAIR, 7, 3, NOW);
    tell(&first, &second, NOW);
    cr_assert_eq(guesses_say(second.guesses, row, NOW).len, 0);
}

Test(guesses, a_bound_that_is_reached_together_is_told_once)
{
    note(&first, GUESSES_PAIR, 7, BOUND_GUESSES_PAIR - 1, NOW);
    cr_assert_eq(tell(&first, &second, NOW), 0);
    note(&first, GUESSES_PAIR, 7, 1, NOW);
    cr_assert_eq(tell(&first, &second, NOW), 1);
    note(&first, GUESSES_PAIR, 7, 1, NOW);
    cr_assert_eq(tell(&first, &second, NOW), 0);
    note(&first, GUESSES_SOURCE, 7, BOUND_GUESSES_SOURCE, NOW);
    cr_assert_eq(tell(&first, &second, NOW), 1);
}

Test(guesses, a_node_that_begins_anew_counts_from_nothing)
{
    note(&first, GUESSES_PAIR, 7, 5, NOW);
    tell(&first, &second, NOW);
    guesses_free(first.guesses);
    first.guesses = guesses_new(first.sources, first.pairs);
    note(&first, GUESSES_PAIR, 7, 2, NOW);
    tell(&first, &second, NOW);
    cr_assert_eq(failures(second.pairs, 7, NOW), 7);
}

/* A client that is wrong now and then, for weeks, is no guesser for a node that has just started. */
Test(guesses, what_is_wrong_now_and_then_does_not_add_up)
{
    uint32_t now = NOW;

    for (int i = 0; i < 1000; i++, now += BOUND_GUESSES_HALVING - 1)
        note(&first, GUESSES_PAIR, 7, 1, now);
    cr_assert_eq(tell(&first, &second, now), 0);
    cr_expect_leq(failures(second.pairs, 7, now), 2);
    note(&first, GUESSES_PAIR, 7, 1, now);
    tell(&first, &second, now);
    cr_expect_leq(failures(second.pairs, 7, now), 4);
}

Test(guesses, old_ones_are_let_go)
{
    note(&first, GUESSES_PAIR, 7, 5, NOW);
    tell(&first, &second, NOW + BOUND_GUESSES_HALVING);
    cr_assert_neq(first.said_len, 0);
    tell(&first, &second, NOW + BOUND_GUESSES_HALVING + 1);
    cr_assert_eq(first.said_len, 0);
}

/* Ten thousand that guess once hide nobody who guesses often. */
Test(guesses, who_guessed_most_stays)
{
    note(&first, GUESSES_PAIR, 7, 9, NOW);
    for (uint32_t i = 0; i < 10000; i++)
        note(&first, GUESSES_PAIR, 1000 + i, 1, NOW + i / 100);
    tell(&first, &second, NOW + 100);
    cr_assert_eq(first.said_len, GUESSES_ROW);
    cr_assert_eq(failures(second.pairs, 7, NOW + 100), 9);
    cr_assert_eq(failures(second.pairs, 10999, NOW + 100), 1, "of equals the latest");
}

/* The place that many share has the number 0; a row of another program has anything. */
Test(guesses, what_is_no_place_does_no_harm)
{
    uint8_t row[GUESSES_ROW + 50];

    note(&first, GUESSES_PAIR, 0, 9, NOW);
    tell(&first, &second, NOW);
    cr_assert_eq(first.said_len, 0);
    for (unsigned seed = 1; seed <= 200; seed++) {
        size_t len = (size_t)rand_r(&seed) % sizeof row;
        for (size_t i = 0; i < len; i++)
            row[i] = (uint8_t)(rand_r(&seed) % (i % 3 != 0 ? 3 : 256));
        guesses_hear(second.guesses, bytes_of(row, len / 2), bytes_of(row, len), NOW);
    }
}
