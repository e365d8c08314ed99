/* test_claims.c: what store.h says of devices and of their claims, whatever is behind it, as test_store.c. */
#include <semaphore.h>

#include "storage/row.h"
#include "suite.h"

TestSuite(claims, .init = set_up, .fini = tear_down, .timeout = 300);

static uint8_t device_octets[STORE_HASH], key_octets[8][STORE_CLAIM_KEY_MAX];

static struct bytes device(uint32_t n)
{
    put_u32(device_octets, n * 2654435761u);
    return bytes_of(device_octets, sizeof device_octets);
}

/* A serial by number; 0: none. */
static struct bytes serial(uint32_t n)
{
    static const char *const serials[] = {"", "the serial no. 1", "the serial no. 2", "the serial no. 3"};
    return bytes_str(serials[n]);
}

static struct store_claim claim(uint32_t n, int slot, uint32_t now, uint32_t former)
{
    return (struct store_claim){.claim = store_claim_key(key_octets[slot], device(n), slot, bytes_str("gnb")),
                                .serial = serial(now),
                                .former = serial(former),
                                .at = NOW,
                                .day = 19675,
                                .day_count = 3};
}

/* The conflict of an enrollment, in a unit of its own, that swaps |row|. */
static enum store_precondition swap(uint32_t n, const struct store_claim *row, struct bytes unblocked)
{
    struct enrollment e;
    enrollment_init(&e, 1, n);
    e.unit.device_unblocked = unblocked;
    store_unit_write(&e.unit, STORE_SWAP, STORE_CLAIMS, row);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome == STORE_CONFLICT, e.unit.conflict != STORE_PRE_NONE);
    cr_assert_eq(e.unit.outcome == STORE_DONE, e.unit.conflict == STORE_PRE_NONE);
    if (e.unit.conflict != STORE_PRE_NONE && e.unit.conflict != STORE_PRE_TX)
        cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_ABSENT);
    enrollment_cleanup(&e);
    return e.unit.conflict;
}

static void holds(const struct store_claim *expected)
{
    struct store_fetch found = fetch_row(store, STORE_CLAIMS, expected->claim);
    cr_assert_eq(found.outcome, STORE_FOUND);
    const struct store_claim *row = found.rows;
    same(row->serial, expected->serial, "serial");
    same(row->former, expected->former, "former");
    cr_expect_eq(row->allowed, expected->allowed);
    cr_expect_eq(row->at, expected->at);
    cr_expect_eq(row->day, expected->day);
    cr_expect_eq(row->day_count, expected->day_count);
    cr_expect_eq(row->most, expected->most);
    arena_free(found.arena);
}

Test(claims, a_key_says_device_slot_and_profile)
{
    struct bytes of, profile;
    int slot;
    struct store_claim row = claim(7, 5, 1, 0);
    cr_assert(store_claim_of(&of, &slot, &profile, row.claim));
    same(of, device(7), "device");
    same(profile, bytes_str("gnb"), "profile");
    cr_expect_eq(slot, 5);
    cr_expect_not(store_claim_of(&of, &slot, &profile, device(7)));
}

Test(claims, a_free_one_is_taken_and_another_needs_its_serial)
{
    struct store_claim first = claim(1, 0, 1, 0), second = claim(1, 0, 2, 1), rival = claim(1, 0, 3, 1);
    cr_assert_eq(swap(2, &first, bytes_of(NULL, 0)), STORE_PRE_NONE);
    holds(&first);
    /* Numbers that are even have nothing else to be looked at: the store's shorter way. */
    for (uint32_t n = 3; n < 5; n++) {
        struct store_claim again = claim(1, 0, 2, 0), wrong = claim(1, 0, 2, 3);
        cr_assert_eq(swap(n, &again, bytes_of(NULL, 0)), STORE_PRE_CLAIM, "it is taken");
        cr_assert_eq(swap(n, &wrong, bytes_of(NULL, 0)), STORE_PRE_CLAIM, "by another");
    }
    holds(&first);
    cr_assert_eq(swap(5, &second, bytes_of(NULL, 0)), STORE_PRE_NONE);
    holds(&second);
    cr_assert_eq(swap(6, &rival, bytes_of(NULL, 0)), STORE_PRE_CLAIM);
    holds(&second);
    cr_assert_eq(swap(5, &rival, bytes_of(NULL, 0)), STORE_PRE_TX, "a transaction that is taken comes first");
}

Test(claims, what_is_gone_is_free_for_who_knew_it)
{
    struct store_claim row = claim(1, 0, 2, 1);
    cr_assert_eq(swap(2, &row, bytes_of(NULL, 0)), STORE_PRE_NONE);
    holds(&row);
}

Test(claims, those_of_other_issuers_profiles_and_slots_are_others)
{
    struct store_claim row = claim(1, 0, 1, 0), slot = claim(1, 1, 2, 0);
    cr_assert_eq(swap(2, &row, bytes_of(NULL, 0)), STORE_PRE_NONE);
    cr_assert_eq(swap(3, &slot, bytes_of(NULL, 0)), STORE_PRE_NONE);
    issuer_octets[0] ^= 1;
    cr_assert_eq(look_up(store, STORE_CLAIMS, row.claim), STORE_ABSENT);
    row.serial = serial(3);
    cr_assert_eq(swap(2, &row, bytes_of(NULL, 0)), STORE_PRE_NONE);
}

static void wake(void *arg)
{
    sem_post(arg);
}

/* They wait together, so that a store that takes many at once has them in one group. */
Test(claims, of_many_at_once_one_has_the_claim)
{
    enum { MANY = 60 };
    struct enrollment e[MANY];
    struct store_claim rows[MANY];
    uint8_t serials[MANY][STORE_SERIAL] = {{0}};
    struct store_unit *units[MANY];
    void *args[MANY];
    unsigned done = 0;
    sem_t sem;
    for (uint32_t i = 0; i < MANY; i++) {
        enrollment_init(&e[i], 1, i);
        rows[i] = claim(1, (int)(i % 2), 1, 0);
        serials[i][0] = (uint8_t)(i + 1);
        rows[i].serial = bytes_of(serials[i], STORE_SERIAL);
        store_unit_write(&e[i].unit, STORE_SWAP, STORE_CLAIMS, &rows[i]);
        units[i] = &e[i].unit;
        args[i] = &sem;
    }
    sem_init(&sem, 0, 0);
    cr_assert(store_commit(store, units, args, MANY, wake));
    for (uint32_t i = 0; i < MANY; i++)
        while (sem_wait(&sem) != 0)
            continue;
    sem_destroy(&sem);
    for (uint32_t i = 0; i < MANY; i++) {
        done += e[i].unit.outcome == STORE_DONE;
        if (e[i].unit.outcome == STORE_DONE)
            holds(&rows[i]);
        else
            cr_expect_eq(e[i].unit.conflict, STORE_PRE_CLAIM, "%u", i);
        enrollment_cleanup(&e[i]);
    }
    cr_expect_eq(done, 2, "one in each slot");
}

/* A quota of |most| a day, of which one is taken on |day|. */
static struct store_claim quota(uint32_t now, int64_t day, int64_t most)
{
    struct store_claim row = claim(1, 0, now, 0);
    row.day = day;
    row.day_count = 1;
    row.most = most;
    return row;
}

/* The conflict of an enrollment, in a unit of its own, that counts |row|. */
static enum store_precondition count(uint32_t n, const struct store_claim *row)
{
    struct enrollment e;
    enrollment_init(&e, 1, n);
    store_unit_write(&e.unit, STORE_COUNT, STORE_CLAIMS, row);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, e.unit.conflict == STORE_PRE_NONE ? STORE_DONE : STORE_CONFLICT);
    if (e.unit.conflict == STORE_PRE_CLAIM)
        cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_ABSENT);
    enrollment_cleanup(&e);
    return e.unit.conflict;
}

Test(claims, a_quota_is_counted_up_to_what_it_has_a_day)
{
    struct store_claim first = quota(1, 100, 2), second = quota(2, 100, 2), more = quota(3, 100, 3);
    struct store_claim next = quota(1, 101, 2);
    cr_assert_eq(count(2, &first), STORE_PRE_NONE);
    holds(&first);
    cr_assert_eq(count(3, &second), STORE_PRE_NONE);
    second.day_count = 2;
    holds(&second);
    for (uint32_t n = 4; n < 6; n++)
        cr_assert_eq(count(n, &first), STORE_PRE_CLAIM, "it is used up");
    holds(&second);
    cr_assert_eq(count(6, &more), STORE_PRE_NONE, "what it may have is said by who counts");
    more.day_count = 3;
    holds(&more);
    cr_assert_eq(count(7, &next), STORE_PRE_NONE, "another day");
    holds(&next);
}

/* Around midnight nodes do not agree which day it is; a clock that is wrong by more counts for itself. */
Test(claims, between_two_days_none_is_counted_twice)
{
    struct store_claim today = quota(1, 100, 3), tomorrow = quota(2, 101, 3), other = quota(3, 500, 3);
    cr_assert_eq(count(2, &today), STORE_PRE_NONE);
    cr_assert_eq(count(3, &tomorrow), STORE_PRE_NONE);
    holds(&tomorrow);
    cr_assert_eq(count(4, &today), STORE_PRE_NONE, "counted with the next day");
    today.day = 101;
    today.day_count = 2;
    holds(&today);
    cr_assert_eq(count(5, &tomorrow), STORE_PRE_NONE);
    today = quota(1, 100, 3);
    cr_assert_eq(count(6, &today), STORE_PRE_CLAIM, "three there were");
    cr_assert_eq(count(7, &other), STORE_PRE_NONE);
    holds(&other);
    cr_assert_eq(count(8, &today), STORE_PRE_NONE, "a day that is long past is another one");
}

/* They wait together, so that a store that takes many at once has them in one group, with others that have
 * nothing to do with it. */
Test(claims, of_many_at_once_so_many_are_counted_as_there_may_be)
{
    enum { MANY = 40, MOST = 7 };
    struct enrollment e[MANY];
    struct store_claim row = quota(1, 100, MOST);
    struct store_unit *units[MANY];
    void *args[MANY];
    unsigned done = 0;
    sem_t sem;
    for (uint32_t i = 0; i < MANY; i++) {
        enrollment_init(&e[i], 1, i);
        if (i % 2 == 0)
            store_unit_write(&e[i].unit, STORE_COUNT, STORE_CLAIMS, &row);
        units[i] = &e[i].unit;
        args[i] = &sem;
    }
    sem_init(&sem, 0, 0);
    cr_assert(store_commit(store, units, args, MANY, wake));
    for (uint32_t i = 0; i < MANY; i++)
        while (sem_wait(&sem) != 0)
            continue;
    sem_destroy(&sem);
    for (uint32_t i = 0; i < MANY; i++) {
        if (i % 2 == 0)
            done += e[i].unit.outcome == STORE_DONE;
        else
            cr_expect_eq(e[i].unit.outcome, STORE_DONE, "%u", i);
        if (e[i].unit.outcome != STORE_DONE)
            cr_expect_eq(e[i].unit.conflict, STORE_PRE_CLAIM, "%u", i);
        enrollment_cleanup(&e[i]);
    }
    cr_expect_eq(done, MOST);
    row.day_count = MOST;
    holds(&row);
}

Test(claims, a_quota_and_a_claim_are_counted_and_swapped_together_or_not_at_all)
{
    struct store_claim counted = quota(1, 100, 1), slot = claim(1, 1, 2, 0), taken = claim(1, 1, 3, 1);
    struct enrollment e;
    enrollment_init(&e, 1, 2);
    store_unit_write(&e.unit, STORE_COUNT, STORE_CLAIMS, &counted);
    store_unit_write(&e.unit, STORE_SWAP, STORE_CLAIMS, &slot);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    holds(&counted);
    holds(&slot);
    enrollment_cleanup(&e);
    struct store_claim more = quota(1, 100, 2);
    enrollment_init(&e, 1, 4);
    store_unit_write(&e.unit, STORE_COUNT, STORE_CLAIMS, &more);
    store_unit_write(&e.unit, STORE_SWAP, STORE_CLAIMS, &taken);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.conflict, STORE_PRE_CLAIM);
    holds(&counted);
    holds(&slot);
    enrollment_cleanup(&e);
}

Test(claims, a_blocked_device_has_none)
{
    const struct store_blocked_key block = {.spki_hash = device(1), .at = NOW, .who = bytes_str("operator")};
    struct store_claim row = claim(1, 0, 1, 0);
    struct store_unit unit = {.issuer = test_issuer()};
    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &block);
    cr_assert(store_commit_wait(store, &unit));
    for (uint32_t n = 2; n < 4; n++)
        cr_assert_eq(swap(n, &row, device(1)), STORE_PRE_DEVICE_BLOCKED);
    cr_assert_eq(look_up(store, STORE_CLAIMS, row.claim), STORE_ABSENT);
}

Test(claims, the_next_ones_are_found_in_order_and_removed)
{
    struct store_claim rows[3];
    for (uint32_t i = 0; i < 3; i++) {
        rows[i] = claim(1, (int)i, 1, 0);
        cr_assert_eq(swap(i, &rows[i], bytes_of(NULL, 0)), STORE_PRE_NONE);
    }
    struct store_fetch next = {.kind = STORE_CLAIMS,
                               .index = STORE_NEXT_CLAIMS,
                               .issuer = test_issuer(),
                               .key = device(1),
                               .arena = arena_new(ENROLLMENT_ARENA)};
    cr_assert(store_fetch_wait(store, &next));
    cr_assert_eq(next.count, 3);
    for (size_t i = 0; i < 3; i++)
        same(((const struct store_claim *)next.rows)[i].claim, rows[i].claim, "claim");
    arena_free(next.arena);
    struct store_unit unit = {.issuer = test_issuer()};
    store_unit_write(&unit, STORE_REMOVE, STORE_CLAIMS, &rows[0]);
    store_unit_write(&unit, STORE_REMOVE, STORE_CLAIMS, &rows[2]);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    cr_assert_eq(look_up(store, STORE_CLAIMS, rows[0].claim), STORE_ABSENT);
    cr_assert_eq(look_up(store, STORE_CLAIMS, rows[1].claim), STORE_FOUND);
    cr_assert_eq(look_up(store, STORE_CLAIMS, rows[2].claim), STORE_ABSENT);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE, "what is gone is as good");
}

static struct store_device device_row(uint32_t n)
{
    return (struct store_device){.device = device(n),
                                 .state = STORE_DEVICE_KNOWN,
                                 .vendor = bytes_str("acme"),
                                 .identity = bytes_str("S 1"),
                                 .site = bytes_str("Köln"),
                                 .fqdn = bytes_str("n1.example"),
                                 .profiles = bytes_str("gnb oam"),
                                 .expected = bytes_str("a hash of thirty-two octets, so!"),
                                 .notes = bytes_str("on the roof"),
                                 .added_at = NOW,
                                 .changed_at = NOW + 1};
}

Test(claims, devices_are_put_recorded_once_and_removed)
{
    struct store_device row = device_row(1), other = device_row(1);
    struct store_unit put = {.issuer = test_issuer()}, once = {.issuer = test_issuer()},
                      gone = {.issuer = test_issuer()};
    store_unit_write(&put, STORE_PUT, STORE_DEVICES, &row);
    cr_assert(store_commit_wait(store, &put));
    other.notes = bytes_str("in the cellar");
    store_unit_write(&once, STORE_ONCE, STORE_DEVICES, &other);
    cr_assert(store_commit_wait(store, &once));
    cr_assert_eq(once.outcome, STORE_DONE);
    struct store_fetch found = fetch_row(store, STORE_DEVICES, device(1));
    const struct store_device *is = found.rows;
    cr_assert_eq(found.outcome, STORE_FOUND);
    same(is->notes, bytes_str("on the roof"), "notes");
    same(is->site, row.site, "site");
    same(is->expected, row.expected, "expected");
    cr_expect_eq(is->changed_at, NOW + 1);
    arena_free(found.arena);
    store_unit_write(&gone, STORE_REMOVE, STORE_DEVICES, &row);
    cr_assert(store_commit_wait(store, &gone));
    cr_assert_eq(look_up(store, STORE_DEVICES, device(1)), STORE_ABSENT);
}
