/* test_leases.c: what store.h says of leases and of what needs one, whatever is behind it, as test_store.c.
 */
#include <unistd.h>

#include "storage/row.h"
#include "suite.h"

TestSuite(leases, .init = set_up, .fini = tear_down, .timeout = 300);

enum { LONG = 600, SHORT = 1 };

static enum store_outcome lease(const char *name, const char *holder, int64_t seconds)
{
    struct store_lease wanted = {.name = name, .holder = bytes_str(holder), .seconds = seconds};
    struct store_unit unit = {.issuer = test_issuer(), .lease = &wanted};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert(unit.outcome == STORE_DONE ||
                  (unit.outcome == STORE_CONFLICT && unit.conflict == STORE_PRE_LEASE),
              "outcome %d, conflict %d", unit.outcome, unit.conflict);
    return unit.outcome;
}

Test(leases, one_holder_at_a_time)
{
    cr_assert_eq(lease("crl", "a", LONG), STORE_DONE);
    cr_assert_eq(lease("crl", "b", LONG), STORE_CONFLICT);
    cr_assert_eq(lease("crl", "a", LONG), STORE_DONE, "it is held on to");
    cr_assert_eq(lease("other", "b", LONG), STORE_DONE, "another is free");
    cr_assert_eq(lease("crl", "a", 0), STORE_DONE);
    cr_assert_eq(lease("crl", "b", 0), STORE_CONFLICT);
    cr_assert_eq(lease("none", "a", 0), STORE_CONFLICT, "one that nobody ever had is not held");
}

Test(leases, what_has_lapsed_is_free_and_held_by_nobody)
{
    cr_assert_eq(lease("crl", "a", SHORT), STORE_DONE);
    sleep(SHORT + 1);
    cr_assert_eq(lease("crl", "a", 0), STORE_CONFLICT);
    cr_assert_eq(lease("crl", "b", LONG), STORE_DONE);
    cr_assert_eq(lease("crl", "a", SHORT), STORE_CONFLICT);
}

/* As it is left by who died before the clock was set back: nobody waits until then. */
Test(leases, one_that_ends_too_far_away_is_free)
{
    cr_assert_eq(lease("crl", "a", 3500), STORE_DONE);
    cr_assert_eq(lease("crl", "b", LONG), STORE_CONFLICT);
    cr_assert_eq(lease("crl", "a", 24 * 3600), STORE_DONE);
    cr_assert_eq(lease("crl", "b", LONG), STORE_DONE);
    cr_assert_eq(lease("crl", "a", 0), STORE_CONFLICT);
}

/* Who needs it for longer than it was to last keeps it while he works; who has lost it has not. */
Test(leases, what_is_held_can_be_held_for_longer)
{
    struct store_lease held = {.name = "crl", .holder = bytes_str("a"), .longer = LONG};
    struct store_unit unit = {.issuer = test_issuer(), .lease = &held};

    cr_assert_eq(lease("crl", "a", SHORT), STORE_DONE);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    sleep(SHORT + 1);
    cr_assert_eq(lease("crl", "a", 0), STORE_DONE);
    cr_assert_eq(lease("crl", "b", LONG), STORE_CONFLICT);
    /* It is never held for less. */
    held.longer = SHORT;
    cr_assert(store_commit_wait(store, &unit));
    sleep(SHORT + 1);
    cr_assert_eq(lease("crl", "a", 0), STORE_DONE);
    cr_assert_eq(lease("crl", "a", -1), STORE_DONE);
    held.longer = LONG;
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.conflict, STORE_PRE_LEASE);
}

static struct store_crl crl_numbered(int64_t number)
{
    struct store_crl crl = {.scope = bytes_str("full"),
                            .number = number,
                            .base_number = 3,
                            .base_position = 5,
                            .base_at = NOW - 60,
                            .this_update = NOW,
                            .next_update = NOW + 3600,
                            .position = 7,
                            .size = 3,
                            .slot = (int)(number % 2)};

    memset(crl.hash, (int)number, sizeof crl.hash);
    return crl;
}

static struct store_unit publish(const char *holder, int64_t number)
{
    struct store_crl crl = crl_numbered(number);
    uint8_t key[STORE_PIECE_KEY_MAX];
    struct store_crl_piece piece = {store_crl_piece_key(key, crl.scope, crl.slot, 0), bytes_str("abc")};
    struct store_lease held = {.name = "crl", .holder = bytes_str(holder)};
    struct store_unit unit = {.issuer = test_issuer(), .lease = &held};

    store_unit_write(&unit, STORE_PUT, STORE_CRL_PIECES, &piece);
    store_unit_write(&unit, STORE_PUT, STORE_CRLS, &crl);
    cr_assert(store_commit_wait(store, &unit));
    return unit;
}

static int64_t number_in_store(void)
{
    struct store_fetch f = fetch_row(store, STORE_CRLS, bytes_str("full"));
    int64_t number = f.outcome == STORE_FOUND ? ((const struct store_crl *)f.rows)->number : 0;

    arena_free(f.arena);
    return number;
}

/* Who has lost the lease writes nothing, not even what it began before. */
Test(leases, what_needs_a_lease_is_done_by_its_holder_alone)
{
    struct store_fetch f;
    uint8_t key[STORE_PIECE_KEY_MAX];

    cr_assert_eq(publish("a", 1).conflict, STORE_PRE_LEASE);
    cr_assert_eq(number_in_store(), 0);
    cr_assert_eq(lease("crl", "a", LONG), STORE_DONE);
    cr_assert_eq(publish("a", 1).outcome, STORE_DONE);
    cr_assert_eq(publish("b", 2).conflict, STORE_PRE_LEASE);
    cr_assert_eq(number_in_store(), 1);
    cr_assert_eq(publish("a", 2).outcome, STORE_DONE);
    cr_assert_eq(number_in_store(), 2);

    f = fetch_row(store, STORE_CRL_PIECES, store_crl_piece_key(key, bytes_str("full"), 1, 0));
    cr_assert_eq(f.outcome, STORE_FOUND, "the former one is left where it was");
    same(((const struct store_crl_piece *)f.rows)->octets, bytes_str("abc"), "octets");
    arena_free(f.arena);
}

Test(leases, a_CRL_is_read_as_it_was_written)
{
    struct store_crl expected = crl_numbered(5);

    cr_assert_eq(lease("crl", "a", LONG), STORE_DONE);
    cr_assert_eq(publish("a", 5).outcome, STORE_DONE);
    struct store_fetch f = fetch_row(store, STORE_CRLS, bytes_str("full"));
    const struct store_crl *crl = f.rows;
    cr_assert_eq(f.outcome, STORE_FOUND);
    same(crl->scope, expected.scope, "scope");
    cr_assert_eq(crl->number, 5);
    cr_assert_eq(crl->this_update, NOW);
    cr_assert_eq(crl->next_update, NOW + 3600);
    cr_assert_eq(crl->position, 7);
    cr_assert_eq(crl->base_number, 3);
    cr_assert_eq(crl->base_position, 5);
    cr_assert_eq(crl->base_at, NOW - 60);
    cr_assert_eq(crl->size, 3);
    cr_assert_eq(crl->slot, 1);
    cr_assert_arr_eq(crl->hash, expected.hash, sizeof expected.hash);
    arena_free(f.arena);
}

/* In the order of their scopes, those of an issuer alone. */
Test(leases, all_CRLs_of_an_issuer_are_found)
{
    static const char *const scopes[] = {"shard-2", "full", "delta"};
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct store_fetch f = {
        .kind = STORE_CRLS, .index = STORE_ALL_CRLS, .issuer = test_issuer(), .arena = arena};
    const struct store_crl *rows;

    cr_assert_eq(lease("crl", "a", LONG), STORE_DONE);
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_ABSENT);
    for (int i = 0; i < 4; i++) {
        struct store_crl crl = crl_numbered(i + 1);
        struct store_unit unit = {.issuer = i < 3 ? test_issuer() : bytes_str("another issuer!!")};
        if (i < 3)
            crl.scope = bytes_str(scopes[i]);
        store_unit_write(&unit, STORE_PUT, STORE_CRLS, &crl);
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
    }
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_FOUND);
    cr_assert_eq(f.count, 3);
    rows = f.rows;
    same(rows[0].scope, bytes_str("delta"), "the first");
    same(rows[1].scope, bytes_str("full"), "the second");
    same(rows[2].scope, bytes_str("shard-2"), "the third");
    cr_assert_eq(rows[2].number, 1);
    arena_free(arena);
}

/* Two numbers of shards are two rows; what is there already is as good as written. */
Test(leases, URLs_of_shards_are_kept)
{
    static const struct {
        const char *url;
        int shards;
    } urls[] = {{"http://b/", 3}, {"http://a/", 5}, {"http://b/", 3}, {"http://b/", 7}};
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct store_fetch f = {
        .kind = STORE_CRL_URLS, .index = STORE_ALL_CRL_URLS, .issuer = test_issuer(), .arena = arena};
    const struct store_crl_url *rows;
    int sevens = 0;

    for (size_t i = 0; i < 4; i++) {
        struct store_crl_url row = {bytes_str(urls[i].url), urls[i].shards};
        struct store_unit unit = {.issuer = test_issuer()};
        store_unit_write(&unit, STORE_ONCE, STORE_CRL_URLS, &row);
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
    }
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_FOUND);
    cr_assert_eq(f.count, 3);
    rows = f.rows;
    same(rows[0].url, bytes_str("http://a/"), "the first by its URL");
    for (size_t i = 1; i < 3; i++) {
        same(rows[i].url, bytes_str("http://b/"), "the others");
        sevens += rows[i].shards == 7;
    }
    cr_assert_eq(sevens, 1);
    arena_free(arena);
}
