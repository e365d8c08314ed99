/* test_together.c: units that are done together (store.h), whatever is behind the store: a file, or
 * PostgreSQL (tests/postgres). */
#include <semaphore.h>

#include "suite.h"

TestSuite(together, .init = set_up, .fini = tear_down, .timeout = 300);

enum { PARTS = 4, GROUP = 1 };

/* Enrollments that are done together, the first of which is committed. */
static struct enrollment all[PARTS];

static void make(uint32_t first)
{
    for (uint32_t i = 0; i < PARTS; i++)
        enrollment_init(&all[i], GROUP, first + i);
    for (size_t i = 0; i + 1 < PARTS; i++)
        all[i].unit.with = &all[i + 1].unit;
}

static void clean(void)
{
    for (size_t i = 0; i < PARTS; i++)
        enrollment_cleanup(&all[i]);
}

static enum store_outcome commit(void)
{
    cr_assert(store_commit_wait(store, &all[0].unit));
    return all[0].unit.outcome;
}

static void expect_all(uint32_t first, int there)
{
    for (uint32_t i = 0; i < PARTS; i++)
        cr_expect_eq(is_whole(store, GROUP, first + i), there, "%u", i);
}

Test(together, all_are_done_and_each_is_on_record)
{
    make(1);
    cr_assert_eq(commit(), STORE_DONE);
    clean();
    expect_all(1, 1);
    cr_expect_eq(audit_records(store), PARTS);
}

/* Each precondition of the one at |at| that fails. */
static void expect_conflict(size_t at, enum store_precondition which)
{
    cr_assert_eq(commit(), STORE_CONFLICT);
    cr_expect_eq(store_unit_failed(&all[0].unit), &all[at].unit, "another one failed");
    for (size_t i = 0; i < PARTS; i++)
        cr_expect_eq(all[i].unit.conflict, i == at ? which : STORE_PRE_NONE, "of %zu: %d", at,
                     all[i].unit.conflict);
}

static void block_key(struct bytes hash)
{
    const struct store_blocked_key row = {.spki_hash = hash, .at = NOW, .reason = 1};
    const struct store_audit audit = {.at = NOW, .event = "block", .outcome = "blocked"};
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct store_unit unit = {.issuer = test_issuer(), .arena = arena, .audit = &audit};

    store_unit_write(&unit, STORE_ONCE, STORE_BLOCKED_KEYS, &row);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    arena_free(arena);
}

Test(together, if_one_cannot_be_done_none_is)
{
    for (size_t at = 0; at < PARTS; at++) {
        size_t before = audit_records(store);
        make(100 * (uint32_t)at + 1);
        all[at].unit.signer_serial = bytes_str("0123456789abcdef"); /* there is none such */
        expect_conflict(at, STORE_PRE_SIGNER);
        expect_all(100 * (uint32_t)at + 1, 0);
        cr_expect_eq(audit_records(store), before);
        /* and without it all are */
        all[at].unit.signer_serial = bytes_of(NULL, 0);
        cr_assert_eq(commit(), STORE_DONE);
        clean();
        expect_all(100 * (uint32_t)at + 1, 1);
    }
}

Test(together, each_precondition_is_that_of_its_unit)
{
    make(1);
    block_key(all[2].cert.spki_hash);
    all[2].unit.key_unblocked = all[2].cert.spki_hash;
    expect_conflict(2, STORE_PRE_KEY_BLOCKED);
    all[2].unit.key_unblocked = bytes_of(NULL, 0);
    all[1].unit.signer_unblocked = all[2].cert.spki_hash;
    expect_conflict(1, STORE_PRE_SIGNER_BLOCKED);
    all[1].unit.signer_unblocked = bytes_of(NULL, 0);
    all[3].unit.secret_reference = bytes_str("nobody's");
    expect_conflict(3, STORE_PRE_SECRET);
    all[3].unit.secret_reference = bytes_of(NULL, 0);
    cr_assert_eq(commit_one(store, GROUP, 3), STORE_DONE); /* the same as all[2] */
    expect_conflict(2, STORE_PRE_TX);
    cr_expect(bytes_equal(all[2].unit.row.serial, all[2].cert.serial), "the row comes with it");
    clean();
    for (uint32_t i = 0; i < PARTS; i++)
        cr_expect_eq(is_whole(store, GROUP, 1 + i), i == 2);
}

Test(together, a_key_that_is_in_use_is_found)
{
    make(1);
    cr_assert_eq(commit(), STORE_DONE);
    clean();
    make(101);
    all[1].unit.key_unused = bytes_of(NULL, 0);
    all[3].unit.key_unused = all[3].cert.spki_hash = all[0].cert.spki_hash;
    all[0].unit.key_unused = bytes_of(NULL, 0);
    struct enrollment used;
    enrollment_init(&used, GROUP, 2);
    all[3].unit.key_unused = used.cert.spki_hash;
    expect_conflict(3, STORE_PRE_KEY_UNUSED);
    enrollment_cleanup(&used);
    clean();
    expect_all(101, 0);
}

/* Claims that are swapped, and one that counts for several. */
Test(together, claims_are_swapped_and_counted)
{
    enum { KEY = 40 };
    const uint8_t key[3][KEY] = {{1}, {2}, {3}};
    struct store_claim swapped[2], counted = {.claim = bytes_of(key[2], KEY), .at = NOW, .day = 7, .most = 3};

    make(1);
    for (size_t i = 0; i < 2; i++) {
        swapped[i] =
            (struct store_claim){.claim = bytes_of(key[i], KEY), .serial = all[i].cert.serial, .at = NOW};
        store_unit_write(&all[i].unit, STORE_SWAP, STORE_CLAIMS, &swapped[i]);
    }
    counted.serial = all[0].cert.serial;
    counted.day_count = 2;
    store_unit_write(&all[0].unit, STORE_COUNT, STORE_CLAIMS, &counted);
    cr_assert_eq(commit(), STORE_DONE);
    clean();
    make(101);
    swapped[1].serial = all[1].cert.serial;
    store_unit_write(&all[1].unit, STORE_SWAP, STORE_CLAIMS, &swapped[1]); /* |former| is not what is there */
    expect_conflict(1, STORE_PRE_CLAIM);
    clean();
    make(101);
    store_unit_write(&all[2].unit, STORE_COUNT, STORE_CLAIMS, &counted); /* two, and there is room for one */
    expect_conflict(2, STORE_PRE_CLAIM);
    counted.day_count = 1;
    cr_assert_eq(commit(), STORE_DONE);
    clean();
    expect_all(101, 1);
}

static void wake(void *arg)
{
    sem_post(arg);
}

/* What is committed beside them goes its own way. */
Test(together, neighbours_are_done_all_the_same)
{
    enum { NEIGHBOURS = 6 };
    struct enrollment others[NEIGHBOURS];
    struct store_unit *units[NEIGHBOURS + 1];
    void *args[NEIGHBOURS + 1];
    sem_t done;

    cr_assert_eq(sem_init(&done, 0, 0), 0);
    for (int bad = 0; bad < 2; bad++) {
        uint32_t from = 1000 * (uint32_t)(bad + 1);
        make(from);
        if (bad)
            all[2].unit.signer_serial = bytes_str("0123456789abcdef");
        for (size_t i = 0; i <= NEIGHBOURS; i++) {
            args[i] = &done;
            units[i] = i == 3 ? &all[0].unit : NULL;
        }
        for (uint32_t i = 0, at = 0; i < NEIGHBOURS; i++, at++) {
            enrollment_init(&others[i], GROUP, from + 100 + i);
            at += at == 3;
            units[at] = &others[i].unit;
        }
        cr_assert(store_commit(store, units, args, NEIGHBOURS + 1, wake));
        for (size_t i = 0; i <= NEIGHBOURS; i++)
            sem_wait(&done);
        cr_expect_eq(all[0].unit.outcome, bad ? STORE_CONFLICT : STORE_DONE);
        for (uint32_t i = 0; i < NEIGHBOURS; i++) {
            cr_expect_eq(others[i].unit.outcome, STORE_DONE);
            enrollment_cleanup(&others[i]);
        }
        clean();
        expect_all(from, !bad);
        for (uint32_t i = 0; i < NEIGHBOURS; i++)
            cr_expect(is_whole(store, GROUP, from + 100 + i));
    }
    sem_destroy(&done);
}
