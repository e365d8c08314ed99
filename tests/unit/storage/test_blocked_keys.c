/* test_blocked_keys.c: what store.h says of keys that are not certified any more, whatever is behind it, as
 * test_store.c. */
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "suite.h"

TestSuite(blocked_keys, .init = set_up, .fini = tear_down, .timeout = 300);

static struct store_blocked_key blocked_key(struct bytes spki_hash)
{
    return (struct store_blocked_key){.spki_hash = spki_hash,
                                      .at = NOW,
                                      .reason = 1,
                                      .serial = bytes_str("a serial, of 16."),
                                      .who = bytes_str("operator"),
                                      .comment = bytes_str("stolen at site 7")};
}

/* Blocks the key of (group, n), in a unit of its own. */
static enum store_outcome block(uint32_t group, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    const struct store_blocked_key row = blocked_key(e.cert.spki_hash);
    struct store_unit unit = {.arena = e.unit.arena, .audit = &e.audit};
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    cr_assert(store_commit_wait(store, &unit));
    enrollment_cleanup(&e);
    return unit.outcome;
}

static struct store_unit unblock(const struct bytes *keys, size_t count)
{
    const struct store_removal removal = {.kind = STORE_BLOCKED_KEYS, .keys = keys, .count = count};
    const struct store_audit audit = {
        .at = NOW * 1000LL, .event = "unblock key", .outcome = "unblocked", .who = bytes_str("operator")};
    struct store_unit unit = {.removal = &removal, .audit = &audit};
    cr_assert(store_commit_wait(store, &unit));
    return unit;
}

/* The conflict of an enrollment of (1, n) whose keys must not be blocked. */
static enum store_precondition enroll(uint32_t n, struct bytes key, struct bytes signer)
{
    struct enrollment e;
    enrollment_init(&e, 1, n);
    e.unit.key_unblocked = key;
    e.unit.signer_unblocked = signer;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome == STORE_CONFLICT, e.unit.conflict != STORE_PRE_NONE);
    cr_assert_eq(e.unit.outcome == STORE_DONE, e.unit.conflict == STORE_PRE_NONE);
    if (e.unit.conflict != STORE_PRE_NONE && e.unit.conflict != STORE_PRE_TX)
        cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_ABSENT);
    enrollment_cleanup(&e);
    return e.unit.conflict;
}

Test(blocked_keys, a_row_is_found_by_its_hash_under_any_issuer)
{
    struct enrollment e;
    enrollment_init(&e, 9, 1);
    cr_assert_eq(look_up(store, STORE_BLOCKED_KEYS, e.cert.spki_hash), STORE_ABSENT);
    cr_assert_eq(block(9, 1), STORE_DONE);
    issuer_octets[0] ^= 1;
    struct store_fetch found = fetch_row(store, STORE_BLOCKED_KEYS, e.cert.spki_hash);
    cr_assert_eq(found.outcome, STORE_FOUND);
    const struct store_blocked_key *row = found.rows, expected = blocked_key(e.cert.spki_hash);
    same(row->spki_hash, expected.spki_hash, "spki_hash");
    same(row->serial, expected.serial, "serial");
    same(row->who, expected.who, "who");
    same(row->comment, expected.comment, "comment");
    cr_assert_eq(row->at, expected.at);
    cr_assert_eq(row->reason, expected.reason);
    arena_free(found.arena);
    enrollment_cleanup(&e);
}

Test(blocked_keys, neither_is_certified_nor_signs)
{
    struct enrollment blocked, other;
    struct bytes none = bytes_of(NULL, 0);
    enrollment_init(&blocked, 9, 1);
    enrollment_init(&other, 9, 2);
    struct bytes bad = blocked.cert.spki_hash, good = other.cert.spki_hash;
    cr_assert_eq(enroll(2, bad, bad), STORE_PRE_NONE, "not yet");
    cr_assert_eq(block(9, 1), STORE_DONE);
    /* An even number has nothing else to be looked at: the store's shorter way. */
    for (uint32_t n = 3; n < 5; n++) {
        cr_assert_eq(enroll(n, bad, none), STORE_PRE_KEY_BLOCKED);
        cr_assert_eq(enroll(n, none, bad), STORE_PRE_SIGNER_BLOCKED);
        cr_assert_eq(enroll(n, bad, bad), STORE_PRE_KEY_BLOCKED, "in this order");
        cr_assert_eq(enroll(n, good, good), STORE_PRE_NONE);
    }
    cr_assert_eq(enroll(2, bad, none), STORE_PRE_TX, "a transaction that is taken comes first");
    cr_assert_eq(enroll(4, good, bad), STORE_PRE_TX);
    enrollment_cleanup(&blocked);
    enrollment_cleanup(&other);
}

static void wake(void *arg)
{
    sem_post(arg);
}

Test(blocked_keys, many_in_one_group_are_each_told_their_own)
{
    enum { MANY = 90 };
    struct enrollment e[MANY], blocked;
    struct store_unit *units[MANY];
    void *args[MANY];
    sem_t done;
    cr_assert_eq(block(9, 1), STORE_DONE);
    enrollment_init(&blocked, 9, 1);
    for (uint32_t i = 0; i < MANY; i++) {
        enrollment_init(&e[i], 1, i);
        e[i].unit.key_unblocked = i % 9 == 4 ? blocked.cert.spki_hash : e[i].cert.spki_hash;
        e[i].unit.signer_unblocked = i % 9 == 7 ? blocked.cert.spki_hash : e[i].cert.spki_hash;
        units[i] = &e[i].unit;
        args[i] = &done;
    }
    sem_init(&done, 0, 0);
    cr_assert(store_commit(store, units, args, MANY, wake));
    for (uint32_t i = 0; i < MANY; i++)
        while (sem_wait(&done) != 0)
            continue;
    sem_destroy(&done);
    for (uint32_t i = 0; i < MANY; i++) {
        cr_expect_eq(e[i].unit.conflict, i % 9 == 4   ? STORE_PRE_KEY_BLOCKED
                                         : i % 9 == 7 ? STORE_PRE_SIGNER_BLOCKED
                                                      : STORE_PRE_NONE);
        enrollment_cleanup(&e[i]);
    }
    enrollment_cleanup(&blocked);
}

Test(blocked_keys, blocking_twice_is_as_good_and_keeps_the_first)
{
    struct enrollment e;
    enrollment_init(&e, 9, 1);
    struct store_blocked_key row = blocked_key(e.cert.spki_hash);
    cr_assert_eq(block(9, 1), STORE_DONE);
    row.comment = bytes_str("another");
    struct store_unit unit = {.arena = e.unit.arena, .audit = &e.audit};
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    struct store_fetch found = fetch_row(store, STORE_BLOCKED_KEYS, e.cert.spki_hash);
    same(((const struct store_blocked_key *)found.rows)->comment, bytes_str("stolen at site 7"), "comment");
    arena_free(found.arena);
    enrollment_cleanup(&e);
}

Test(blocked_keys, unblocking_is_done_for_all_or_for_none)
{
    struct enrollment one, two;
    enrollment_init(&one, 9, 1);
    enrollment_init(&two, 9, 2);
    const struct bytes keys[] = {one.cert.spki_hash, two.cert.spki_hash};
    cr_assert_eq(block(9, 1), STORE_DONE);
    struct store_unit unit = unblock(keys, 2);
    cr_assert_eq(unit.outcome, STORE_CONFLICT);
    cr_assert_eq(unit.conflict, STORE_PRE_OLD);
    cr_assert_eq(look_up(store, STORE_BLOCKED_KEYS, keys[0]), STORE_FOUND);
    cr_assert_eq(unblock(keys, 1).outcome, STORE_DONE);
    cr_assert_eq(look_up(store, STORE_BLOCKED_KEYS, keys[0]), STORE_ABSENT);
    cr_assert_eq(enroll(3, keys[0], keys[0]), STORE_PRE_NONE);
    enrollment_cleanup(&one);
    enrollment_cleanup(&two);
}

static int count_row(void *arg, const void *row)
{
    (void)row;
    ++*(unsigned *)arg;
    return 1;
}

Test(blocked_keys, all_of_them_can_be_listed)
{
    char fault[STORE_FAULT_MAX];
    unsigned count = 0;
    for (uint32_t n = 0; n < 300; n++)
        cr_assert_eq(block(9, n), STORE_DONE);
    cr_assert(store_each(store, fault, STORE_BLOCKED_KEYS, bytes_of(NULL, 0), count_row, &count), "%s",
              fault);
    cr_assert_eq(count, 300);
}

/* ---- one blocks what others have certified at the same time ---- */

enum { ROUNDS = 60, RACERS = 6 };

struct racer {
    pthread_t thread;
    struct store *store;
    uint32_t n;
    struct bytes key;
    pthread_barrier_t *start;
    atomic_int *blocked; /* 1: the key's row is committed */
    int too_late;        /* the enrollment was begun when it was, and done all the same */
};

static void *race(void *arg)
{
    struct racer *racer = arg;
    struct enrollment e;
    enrollment_init(&e, 1, racer->n);
    e.unit.key_unblocked = racer->key;
    e.unit.key_unused = bytes_of(NULL, 0);
    pthread_barrier_wait(racer->start);
    int was_blocked = atomic_load(racer->blocked);
    store_commit_wait(racer->store, &e.unit);
    racer->too_late = was_blocked && e.unit.outcome == STORE_DONE;
    enrollment_cleanup(&e);
    return NULL;
}

/* Two stores on one database are two nodes. Nothing is certified that was begun after the key was blocked;
 * and what was certified before is there for whoever looks after having blocked it. */
Test(blocked_keys, who_looks_after_blocking_finds_all_that_were_certified)
{
    struct store *nodes[] = {must_open(test_url), must_open(test_url)};
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct racer racers[RACERS];
        pthread_barrier_t start;
        atomic_int blocked = 0;
        struct enrollment key;
        int seen[RACERS];
        enrollment_init(&key, 9, round);
        pthread_barrier_init(&start, NULL, RACERS + 1);
        for (uint32_t i = 0; i < RACERS; i++) {
            racers[i] = (struct racer){.store = nodes[i % 2],
                                       .n = 1000 + round * RACERS + i,
                                       .key = key.cert.spki_hash,
                                       .start = &start,
                                       .blocked = &blocked};
            cr_assert_eq(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
        }
        pthread_barrier_wait(&start);
        cr_assert_eq(block(9, round), STORE_DONE);
        atomic_store(&blocked, 1);
        for (uint32_t i = 0; i < RACERS; i++)
            seen[i] = is_whole(store, 1, racers[i].n);
        for (uint32_t i = 0; i < RACERS; i++) {
            pthread_join(racers[i].thread, NULL);
            cr_expect_not(racers[i].too_late);
            cr_expect_eq(is_whole(store, 1, racers[i].n), seen[i],
                         "certified after the key was blocked, round %u", round);
        }
        pthread_barrier_destroy(&start);
        enrollment_cleanup(&key);
    }
    store_close(nodes[0]);
    store_close(nodes[1]);
}
