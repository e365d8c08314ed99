/* test_store.c: what store.h promises, whatever is behind it: a file, or PostgreSQL (tests/postgres). */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "suite.h"
#include "tests/support/rows.h"

static void reopen(void)
{
    store_close(store);
    store = must_open(test_url);
}

TestSuite(store, .init = set_up, .fini = tear_down, .timeout = 300);

/* Whether the row of |kind| with |key| is |expected|, in every column. */
static void same_row(enum store_kind kind, struct bytes key, const void *expected)
{
    struct store_fetch f = fetch_row(store, kind, key);
    char *texts[2];
    size_t lens[2];
    cr_assert_eq(f.outcome, STORE_FOUND);
    cr_assert_eq(f.count, 1);
    for (int i = 0; i < 2; i++) {
        FILE *out = open_memstream(&texts[i], &lens[i]);
        rows_put(out, &store_tables[kind], i == 0 ? expected : f.rows);
        fclose(out);
    }
    cr_expect_str_eq(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    arena_free(f.arena);
}

Test(store, rows_come_back_as_they_were)
{
    struct enrollment e;
    enrollment_init(&e, 1, 7);
    e.tx.credential_is_mac = 1;
    e.cert.reason = 4;
    e.cert.revoked_at = 12;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    reopen();

    same_row(STORE_TRANSACTIONS, e.tx.transaction_id, &e.tx);
    same_row(STORE_CERTIFICATES, e.cert.serial, &e.cert);
    enrollment_cleanup(&e);
}

Test(store, empty_values_are_values)
{
    struct enrollment e;
    enrollment_init(&e, 1, 1);
    e.tx.serial = e.tx.answer = e.tx.credential = bytes_of(NULL, 0);
    e.tx.profile = bytes_of(NULL, 0);
    e.cert.subject = e.cert.subject_text = bytes_of(NULL, 0);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    same_row(STORE_TRANSACTIONS, e.tx.transaction_id, &e.tx);
    same_row(STORE_CERTIFICATES, e.cert.serial, &e.cert);
    enrollment_cleanup(&e);
}

Test(store, absent_is_absent)
{
    cr_assert_eq(look_up(store, STORE_TRANSACTIONS, bytes_str("none")), STORE_ABSENT);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, bytes_str("none")), STORE_ABSENT);
    cr_assert_eq(look_up(store, STORE_SECRETS, bytes_str("none")), STORE_ABSENT);
    cr_assert(store_healthy(store));
}

Test(store, issuers_do_not_know_of_each_other)
{
    struct enrollment e;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&e, 1, 1);
    issuer_octets[0] ^= 1;
    cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_ABSENT);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_cleanup(&e);
}

Test(store, a_present_transaction_conflicts_and_shows_its_row)
{
    struct enrollment e;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&e, 2, 2);
    put_u32(e.tx_id, 1);
    put_u32(e.tx_id + 4, 1 * 2654435761u);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_CONFLICT);
    cr_assert_eq(e.unit.conflict, STORE_PRE_TX);
    same(e.unit.row.transaction_id, e.tx.transaction_id, "transaction_id");
    cr_assert_eq(e.unit.row.state, STORE_TX_WAIT_CONFIRM);
    cr_assert_neq(e.unit.row.serial.len, 0);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_ABSENT);
    enrollment_cleanup(&e);
}

static struct store_cert status_of(uint32_t group, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    struct store_fetch f = fetch_row(store, STORE_CERTIFICATES, e.cert.serial);
    cr_assert_eq(f.outcome, STORE_FOUND);
    struct store_cert cert = *(const struct store_cert *)f.rows; /* of its numbers only */
    arena_free(f.arena);
    enrollment_cleanup(&e);
    return cert;
}

Test(store, a_transaction_moves_only_from_the_expected_state)
{
    struct store_unit unit;
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, &unit), STORE_CONFLICT);
    cr_assert_eq(unit.conflict, STORE_PRE_TX);
    cr_assert_eq(unit.row.state, 0, "no row is no state");
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(confirm(1, 1, STORE_TX_REJECTED, &unit), STORE_CONFLICT);
    cr_assert_eq(unit.row.state, STORE_TX_WAIT_CONFIRM);
    cr_assert_eq(status_of(1, 1).status, STORE_CERT_UNCONFIRMED);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, &unit), STORE_DONE);
    cr_assert_eq(status_of(1, 1).status, STORE_CERT_VALID);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, &unit), STORE_CONFLICT);
    cr_assert_eq(unit.row.state, STORE_TX_CONFIRMED);
    cr_assert_eq(confirm(1, 1, 0, &unit), STORE_DONE, "any state will do");
    cr_assert_eq(confirm(1, 2, 0, &unit), STORE_CONFLICT, "but there must be one");
}

/* A transactionID is taken over by one, and from what it is said to be free. */
Test(store, a_transaction_gives_way_when_its_transactionID_is_free)
{
    static const struct {
        int64_t free_at, by;
        enum store_outcome outcome;
    } cases[] = {
        {0, NOW, STORE_CONFLICT}, {NOW + 1, NOW, STORE_CONFLICT},
        {NOW, NOW, STORE_DONE},   {NOW - 1000, NOW, STORE_DONE},
        {0, 0, STORE_DONE},       {NOW, 0, STORE_DONE},
    };
    struct enrollment e;

    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        enrollment_init(&e, 1, i);
        e.tx.free_at = cases[i].free_at;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_go_on(&e, STORE_TX_WAIT_CONFIRM);
        e.unit.expect_free_at = cases[i].by;
        e.tx.free_at = NOW + 2000;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_expect_eq(e.unit.outcome, cases[i].outcome, "case %u", i);
        if (cases[i].outcome == STORE_CONFLICT) {
            cr_expect_eq(e.unit.conflict, STORE_PRE_TX);
            cr_expect_eq(e.unit.row.free_at, cases[i].free_at, "the row is told");
        }
        enrollment_cleanup(&e);
    }
}

Test(store, revocation_is_final_and_hold_is_not)
{
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    cr_assert_eq(status_of(1, 1).status, STORE_CERT_HOLD);
    cr_assert_eq(status_of(1, 1).reason, 6);
    cr_assert_eq(status_of(1, 1).revoked_at, NOW + 1);
    cr_assert_eq(change_status(1, 1, STORE_CERT_VALID, 0), STORE_DONE);
    cr_assert_eq(status_of(1, 1).status, STORE_CERT_VALID);
    cr_assert_eq(status_of(1, 1).revoked_at, 0);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_VALID, 0), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 5), STORE_DONE);
    cr_assert_eq(status_of(1, 1).status, STORE_CERT_REVOKED);
    cr_assert_eq(status_of(1, 1).reason, 1);
}

/* Of two changes in a unit one may be required: then it decides about both. */
Test(store, a_unit_changes_several_certificates_or_none)
{
    struct enrollment e, other;

    for (uint32_t required = 0; required <= 1; required++) {
        enrollment_init(&e, 1, 10 + required);
        enrollment_init(&other, 1, 20 + required);
        cr_assert_eq(commit_one(store, 1, 10 + required), STORE_DONE);
        cr_assert_eq(commit_one(store, 1, 20 + required), STORE_DONE);
        for (int valid = 0; valid <= 1; valid++) {
            const struct store_cert_change second = {.serial = other.cert.serial,
                                                     .only_from = STORE_CERT_VALID,
                                                     .required = (int)required,
                                                     .status = STORE_CERT_REVOKED,
                                                     .reason = 4,
                                                     .at = NOW,
                                                     .successor = e.cert.serial};
            const struct store_cert_change first = {.serial = e.cert.serial,
                                                    .only_from = STORE_CERT_UNCONFIRMED,
                                                    .status = STORE_CERT_VALID,
                                                    .at = NOW,
                                                    .next = &second};
            struct store_unit unit = {
                .issuer = test_issuer(), .arena = e.unit.arena, .change = &first, .audit = &e.audit};
            if (valid)
                cr_assert_eq(change_status(1, 20 + required, STORE_CERT_VALID, 0), STORE_DONE);
            cr_assert(store_commit_wait(store, &unit));
            cr_expect_eq(unit.outcome, required && !valid ? STORE_CONFLICT : STORE_DONE);
            if (unit.outcome == STORE_CONFLICT)
                cr_expect_eq(unit.conflict, STORE_PRE_CERT);
            cr_expect_eq(status_of(1, 10 + required).status,
                         required && !valid ? STORE_CERT_UNCONFIRMED : STORE_CERT_VALID);
            cr_expect_eq(status_of(1, 20 + required).status,
                         valid ? STORE_CERT_REVOKED : STORE_CERT_UNCONFIRMED);
        }
        other.cert.status = STORE_CERT_REVOKED;
        other.cert.reason = 4;
        other.cert.revoked_at = NOW;
        other.cert.successor = e.cert.serial;
        same_row(STORE_CERTIFICATES, other.cert.serial, &other.cert);
        enrollment_cleanup(&e);
        enrollment_cleanup(&other);
    }
}

/* Of two that follow the same successor one is first. */
Test(store, a_change_may_require_the_successor_that_was_read)
{
    const struct bytes none = {NULL, 0}, first = bytes_str("a serial - first"),
                       second = bytes_str("a serial, second");
    const struct {
        const struct bytes *former;
        struct bytes successor;
        enum store_outcome outcome;
    } cases[] = {{&first, second, STORE_CONFLICT}, {&none, first, STORE_DONE},
                 {&none, second, STORE_CONFLICT},  {&second, first, STORE_CONFLICT},
                 {&first, second, STORE_DONE},     {NULL, first, STORE_DONE}};
    struct enrollment e;

    enrollment_init(&e, 1, 1);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct store_cert_change change = {.serial = e.cert.serial,
                                                 .required = 1,
                                                 .status = STORE_CERT_VALID,
                                                 .at = NOW,
                                                 .successor = cases[i].successor,
                                                 .former = cases[i].former};
        struct store_unit unit = {
            .issuer = test_issuer(), .arena = e.unit.arena, .change = &change, .audit = &e.audit};
        cr_assert(store_commit_wait(store, &unit));
        cr_expect_eq(unit.outcome, cases[i].outcome, "case %zu", i);
        if (unit.outcome == STORE_CONFLICT)
            cr_expect_eq(unit.conflict, STORE_PRE_CERT, "case %zu", i);
    }
    enrollment_cleanup(&e);
}

/* What names no successor leaves it as it is. */
Test(store, a_successor_stays_until_there_is_another)
{
    struct enrollment e;

    enrollment_init(&e, 1, 1);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    for (int again = 0; again < 2; again++) {
        const struct store_cert_change change = {
            .serial = e.cert.serial,
            .status = STORE_CERT_VALID,
            .at = NOW,
            .successor = bytes_str(again ? "a serial, second" : "a serial - first")};
        struct store_unit unit = {
            .issuer = test_issuer(), .arena = e.unit.arena, .change = &change, .audit = &e.audit};
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
        cr_assert_eq(change_status(1, 1, STORE_CERT_VALID, 0), STORE_DONE);
        e.cert.status = STORE_CERT_VALID;
        e.cert.successor = change.successor;
        same_row(STORE_CERTIFICATES, e.cert.serial, &e.cert);
    }
    enrollment_cleanup(&e);
}

Test(store, a_change_of_nothing_is_refused)
{
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_UNAVAILABLE);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert(store_healthy(store));
}

static enum store_precondition second_with(struct bytes key_unused, struct bytes signer, int same_serial)
{
    struct enrollment e;
    enrollment_init(&e, 1, 2);
    e.unit.key_unused = key_unused;
    e.unit.signer_serial = signer;
    if (same_serial) {
        struct enrollment first;
        enrollment_init(&first, 1, 1);
        memcpy(e.serial, first.serial, sizeof e.serial);
        enrollment_cleanup(&first);
    }
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome == STORE_CONFLICT, e.unit.conflict != STORE_PRE_NONE);
    if (e.unit.outcome == STORE_CONFLICT)
        cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_ABSENT);
    enrollment_cleanup(&e);
    return e.unit.conflict;
}

Test(store, keys_signers_and_serials)
{
    struct enrollment first;
    struct bytes none = bytes_of(NULL, 0);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&first, 1, 1);
    cr_assert_eq(second_with(first.cert.spki_hash, none, 0), STORE_PRE_KEY_UNUSED);
    cr_assert_eq(second_with(none, bytes_str("no such serial.."), 0), STORE_PRE_SIGNER);
    cr_assert_eq(second_with(none, none, 1), STORE_PRE_ROW);
    cr_assert_eq(second_with(first.cert.spki_hash, bytes_str("none"), 1), STORE_PRE_KEY_UNUSED,
                 "in this order");
    cr_assert_eq(second_with(none, bytes_str("none"), 1), STORE_PRE_SIGNER, "in this order");
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    cr_assert_eq(second_with(first.cert.spki_hash, none, 0), STORE_PRE_KEY_UNUSED);
    cr_assert_eq(second_with(none, first.cert.serial, 0), STORE_PRE_SIGNER);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    cr_assert_eq(second_with(none, first.cert.serial, 0), STORE_PRE_SIGNER);
    cr_assert_eq(second_with(first.cert.spki_hash, none, 0), STORE_PRE_NONE,
                 "the key of a revoked one is free");
    enrollment_cleanup(&first);
}

Test(store, a_good_signer_is_no_conflict)
{
    struct enrollment first;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&first, 1, 1);
    cr_assert_eq(second_with(bytes_of(NULL, 0), first.cert.serial, 0), STORE_PRE_NONE);
    enrollment_cleanup(&first);
}

static void put_secret(const char *reference, int reusable, int64_t expires)
{
    struct arena *arena = arena_new(ENROLLMENT_ARENA);
    struct store_secret secret = {.reference = bytes_str(reference),
                                  .profile = bytes_str(""),
                                  .sealed = bytes_str("sealed octets"),
                                  .seal_key_id = bytes_str("key"),
                                  .reusable = reusable,
                                  .expires = expires};
    struct store_unit unit = {.issuer = test_issuer(), .arena = arena};
    store_unit_write(&unit, STORE_PUT, STORE_SECRETS, &secret);
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    arena_free(arena);
}

static enum store_precondition enroll_with(const char *reference, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, 1, n);
    e.unit.secret_reference = bytes_str(reference);
    cr_assert(store_commit_wait(store, &e.unit));
    enrollment_cleanup(&e);
    return e.unit.outcome == STORE_DONE ? STORE_PRE_NONE : e.unit.conflict;
}

static enum store_fetch_outcome any_secret(struct bytes issuer)
{
    struct store_fetch f = {.kind = STORE_SECRETS,
                            .index = STORE_ALL_SECRETS,
                            .issuer = issuer,
                            .arena = arena_new(ENROLLMENT_ARENA)};

    cr_assert(store_fetch_wait(store, &f));
    arena_free(f.arena);
    return f.outcome;
}

Test(store, whether_an_issuer_has_a_secret_is_told)
{
    static const uint8_t other[STORE_ISSUER_ID] = {0xee};

    cr_assert_eq(any_secret(test_issuer()), STORE_ABSENT);
    put_secret("one", 0, 0);
    put_secret("two", 0, 0);
    cr_assert_eq(any_secret(test_issuer()), STORE_FOUND);
    cr_assert_eq(any_secret(bytes_of(other, sizeof other)), STORE_ABSENT);
}

Test(store, a_secret_is_used_once_unless_it_is_reusable)
{
    put_secret("once", 0, 0);
    put_secret("often", 1, 0);
    cr_assert_eq(enroll_with("once", 1), STORE_PRE_NONE);
    cr_assert_eq(enroll_with("once", 2), STORE_PRE_SECRET);
    cr_assert_not(is_whole(store, 1, 2));
    cr_assert_eq(enroll_with("often", 3), STORE_PRE_NONE);
    cr_assert_eq(enroll_with("often", 4), STORE_PRE_NONE);
    cr_assert_eq(enroll_with("none", 5), STORE_PRE_SECRET);

    struct enrollment e;
    enrollment_init(&e, 1, 1);
    struct store_fetch f = fetch_row(store, STORE_SECRETS, bytes_str("once"));
    cr_assert_eq(f.outcome, STORE_FOUND);
    const struct store_secret *secret = f.rows;
    same(secret->bound_to, e.tx.transaction_id, "bound_to");
    same(secret->sealed, bytes_str("sealed octets"), "sealed");
    same(secret->seal_key_id, bytes_str("key"), "seal_key_id");
    cr_assert_eq(secret->profile.len, 0);
    arena_free(f.arena);
    f = fetch_row(store, STORE_SECRETS, bytes_str("often"));
    cr_assert_eq(f.outcome, STORE_FOUND);
    cr_assert_eq(((const struct store_secret *)f.rows)->bound_to.len, 0, "it is nobody's alone");
    arena_free(f.arena);

    /* Not even the transaction that it is bound to has it once more: its row may be gone, and begun anew. */
    e.unit.secret_reference = bytes_str("once");
    enrollment_go_on(&e, STORE_TX_WAIT_CONFIRM);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_CONFLICT);
    cr_assert_eq(e.unit.conflict, STORE_PRE_SECRET);
    enrollment_cleanup(&e);
    put_secret("once", 0, 0);
    cr_assert_eq(enroll_with("once", 6), STORE_PRE_NONE, "a replaced secret is free again");
}

Test(store, an_expired_secret_is_gone)
{
    put_secret("old", 1, NOW);
    put_secret("new", 1, NOW + 1);
    cr_assert_eq(enroll_with("old", 1), STORE_PRE_SECRET);
    cr_assert_eq(enroll_with("new", 2), STORE_PRE_NONE);
}

Test(store, a_row_that_does_not_fit_the_arena_is_no_answer)
{
    struct enrollment e;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    enrollment_init(&e, 1, 1);
    struct store_fetch f = {
        .kind = STORE_CERTIFICATES, .issuer = test_issuer(), .key = e.cert.serial, .arena = arena_new(64)};
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_FETCH_UNAVAILABLE);
    arena_free(f.arena);
    arena_free(e.unit.arena);
    e.unit.arena = arena_new(16);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_UNAVAILABLE);
    enrollment_cleanup(&e);
    cr_assert(store_healthy(store));
}

/* ---- many at once ---- */

static _Atomic size_t finished;

static void count(void *arg)
{
    (void)arg;
    atomic_fetch_add(&finished, 1);
}

static void wait_until_finished(size_t n)
{
    while (atomic_load(&finished) < n)
        nanosleep(&(struct timespec){0, 100000}, NULL);
}

Test(store, units_of_one_group_see_each_other)
{
    enum { COUNT = 100 };
    static struct enrollment e[COUNT];
    struct store_unit *units[COUNT];
    void *args[COUNT] = {NULL};
    size_t done = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        enrollment_init(&e[i], 1, i / 2); /* each one twice */
        units[i] = &e[i].unit;
    }
    cr_assert(store_commit(store, units, args, COUNT, count));
    wait_until_finished(COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        done += e[i].unit.outcome == STORE_DONE;
        if (e[i].unit.outcome != STORE_DONE) {
            cr_assert_eq(e[i].unit.conflict, STORE_PRE_TX);
            cr_assert_eq(e[i].unit.row.state, STORE_TX_WAIT_CONFIRM);
        }
        enrollment_cleanup(&e[i]);
    }
    cr_assert_eq(done, COUNT / 2);
}

/* The bad one breaks a rule of the tables, which no precondition looks at. */
Test(store, a_bad_unit_in_any_place_does_not_hurt_its_neighbours)
{
    enum { COUNT = 8 };
    struct enrollment e[COUNT];
    struct store_unit *units[COUNT];
    void *args[COUNT] = {NULL};
    for (uint32_t bad = 0; bad < COUNT; bad++) {
        for (uint32_t i = 0; i < COUNT; i++) {
            enrollment_init(&e[i], 10 + bad, i);
            units[i] = &e[i].unit;
        }
        e[bad].cert.certificate = bytes_of(NULL, 0);
        atomic_store(&finished, 0);
        cr_assert(store_commit(store, units, args, COUNT, count));
        wait_until_finished(COUNT);
        for (uint32_t i = 0; i < COUNT; i++) {
            cr_assert_eq(e[i].unit.outcome, i == bad ? STORE_UNAVAILABLE : STORE_DONE);
            cr_assert_eq(is_whole(store, 10 + bad, i), i != bad);
            enrollment_cleanup(&e[i]);
        }
        cr_assert(store_healthy(store));
    }
}

struct worker {
    pthread_t thread;
    uint32_t group, count;
    size_t done;
};

static void *commit_and_fetch(void *arg)
{
    struct worker *w = arg;
    for (uint32_t i = 0; i < w->count; i++) {
        if (commit_one(store, w->group, i) == STORE_DONE && is_whole(store, w->group, i))
            w->done++;
    }
    return NULL;
}

Test(store, threads_commit_and_fetch_at_once)
{
    enum { THREADS = 6 };
    struct worker workers[THREADS];
    uint32_t each = is_soak() ? 5000 : 150;
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.group = i + 1, .count = each};
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, commit_and_fetch, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        cr_expect_eq(workers[i].done, each, "what is done must be there at once");
    }
    reopen();
    for (uint32_t i = 0; i < THREADS; i++) {
        for (uint32_t j = 0; j < each; j++)
            cr_assert(is_whole(store, i + 1, j), "lost: %u/%u", i + 1, j);
    }
}

Test(store, threads_race_for_the_same_transactions)
{
    enum { THREADS = 4 };
    struct worker workers[THREADS];
    uint32_t each = 200;
    size_t sum = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.group = 1, .count = each};
        cr_assert_eq(pthread_create(&workers[i].thread, NULL, commit_and_fetch, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        sum += workers[i].done;
    }
    cr_assert_eq(sum, each, "each transaction is won once");
}

Test(store, closing_ends_what_was_given)
{
    enum { COUNT = 1000 };
    static struct enrollment e[COUNT];
    struct store_unit *units[COUNT];
    static void *args[COUNT];
    for (uint32_t i = 0; i < COUNT; i++) {
        enrollment_init(&e[i], 1, i);
        units[i] = &e[i].unit;
    }
    atomic_store(&finished, 0);
    cr_assert(store_commit(store, units, args, COUNT, count));
    reopen();
    cr_assert_eq(atomic_load(&finished), COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        cr_assert_eq(e[i].unit.outcome, STORE_DONE);
        cr_assert(is_whole(store, 1, i));
        enrollment_cleanup(&e[i]);
    }
}

Test(store, a_full_queue_takes_nothing)
{
    enum { MANY = 1 << 20 };
    struct store_fetch item = {.kind = STORE_TRANSACTIONS, .issuer = test_issuer(), .key = bytes_str("x")};
    struct store_fetch **items = calloc(MANY, sizeof *items);
    void **args = calloc(MANY, sizeof *args);
    for (size_t i = 0; i < MANY; i++)
        items[i] = &item;
    atomic_store(&finished, 0);
    cr_assert_not(store_fetch(store, items, args, MANY, count));
    struct store_unit unit = {.issuer = test_issuer()};
    for (size_t i = 0; i < MANY; i++)
        items[i] = (struct store_fetch *)(void *)&unit;
    cr_assert_not(store_commit(store, (struct store_unit *const *)(void *)items, args, MANY, count));
    cr_assert(store_commit(store, NULL, NULL, 0, count));
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(atomic_load(&finished), 0);
    free(items);
    free(args);
}

struct listing {
    size_t count, stop_at;
    uint32_t last;
    int ordered;
};

static int list_one(void *arg, const void *row)
{
    const struct store_cert *cert = row;
    struct listing *l = arg;
    uint32_t n = (uint32_t)cert->serial.data[8] << 24 | (uint32_t)cert->serial.data[9] << 16 |
                 (uint32_t)cert->serial.data[10] << 8 | cert->serial.data[11];
    l->ordered &= l->count == 0 || n > l->last;
    l->last = n;
    cr_expect_eq(cert->certificate.len, CERTIFICATE_LEN);
    return ++l->count != l->stop_at;
}

Test(store, certificates_are_listed_oldest_first)
{
    char fault[STORE_FAULT_MAX];
    enum { COUNT = 300 };
    for (uint32_t i = 0; i < COUNT; i++)
        cr_assert_eq(commit_one(store, 1, i), STORE_DONE);
    issuer_octets[0] ^= 1;
    cr_assert_eq(commit_one(store, 1, COUNT), STORE_DONE);
    issuer_octets[0] ^= 1;
    struct listing all = {.ordered = 1}, some = {.ordered = 1, .stop_at = 77}, none = {.ordered = 1};
    cr_assert(store_each(store, fault, STORE_CERTIFICATES, test_issuer(), list_one, &all));
    cr_assert_eq(all.count, COUNT);
    cr_assert(all.ordered);
    cr_assert(store_each(store, fault, STORE_CERTIFICATES, test_issuer(), list_one, &some));
    cr_assert_eq(some.count, 77);
    cr_assert(store_each(store, fault, STORE_CERTIFICATES, bytes_str("another issuer.."), list_one, &none));
    cr_assert_eq(none.count, 0);
    if (getenv("CMPD_STORE_URL") == NULL) {
        struct listing every = {.ordered = 1};
        cr_assert(store_each(store, fault, STORE_CERTIFICATES, bytes_of(NULL, 0), list_one, &every));
        cr_assert_eq(every.count, COUNT + 1);
    }
}

/* ---- how fast: a figure for the log, not a test of the machine ---- */

struct flight {
    struct enrollment e;
    _Atomic int landed;
};

static void land(void *arg)
{
    struct flight *flight = arg;
    atomic_store(&flight->landed, 1);
    atomic_fetch_add(&finished, 1);
}

static double rate(uint32_t group, size_t in_flight, double seconds)
{
    struct flight *flights = calloc(in_flight, sizeof *flights);
    struct timespec begin, now;
    uint32_t n = 0;
    size_t landed = 0;
    double took = 0;
    for (size_t i = 0; i < in_flight; i++)
        atomic_store(&flights[i].landed, 2); /* free */
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (took < seconds || landed < n) {
        int idle = 1;
        for (size_t i = 0; i < in_flight; i++) {
            int state = atomic_load(&flights[i].landed);
            if (state == 1) {
                cr_assert_eq(flights[i].e.unit.outcome, STORE_DONE);
                enrollment_cleanup(&flights[i].e);
                landed++;
                atomic_store(&flights[i].landed, state = 2);
                idle = 0;
            }
            if (state == 2 && took < seconds) {
                enrollment_init(&flights[i].e, group, n++);
                atomic_store(&flights[i].landed, 0);
                cr_assert(store_commit(store, &(struct store_unit *){&flights[i].e.unit},
                                       &(void *){&flights[i]}, 1, land));
                idle = 0;
            }
        }
        if (idle)
            nanosleep(&(struct timespec){0, 20000}, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        took = (double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9;
    }
    free(flights);
    return landed / took;
}

Test(store, rate)
{
    static const size_t in_flight[] = {1, 64, 512};
    double seconds = is_soak() ? 10 : 0.3;
    for (uint32_t i = 0; i < 3; i++) {
        double each = rate(100 + i, in_flight[i], seconds);
        fprintf(stderr, "%zu in flight: %.0f enrollments (transaction, certificate, audit) a second\n",
                in_flight[i], each);
    }
}

/* A certConf does not lift what an RA has put on hold meanwhile. */
Test(store, a_change_from_one_status_only_leaves_others_alone)
{
    struct enrollment e;

    enrollment_init(&e, 1, 1);
    e.cert.status = STORE_CERT_UNCONFIRMED;
    cr_assert(store_commit_wait(store, &e.unit));
    for (int step = 0; step < 2; step++) {
        struct store_cert_change change = {.serial = e.cert.serial,
                                           .status = step == 0 ? STORE_CERT_HOLD : STORE_CERT_VALID,
                                           .reason = 6,
                                           .only_from = STORE_CERT_UNCONFIRMED,
                                           .at = NOW};
        struct store_unit unit = {.issuer = test_issuer(), .change = &change};
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
        cr_assert_eq(status_of(1, 1).status, STORE_CERT_HOLD);
    }
    enrollment_cleanup(&e);
}

/* Whoever answers that a change was made has to know that it was: all of the unit, or nothing. */
Test(store, a_required_change_is_made_or_nothing_is_done)
{
    static const struct {
        enum store_cert_status from, to;
        int holds;
    } steps[] = {{STORE_CERT_HOLD, STORE_CERT_VALID, 0},    {STORE_CERT_VALID, STORE_CERT_HOLD, 1},
                 {STORE_CERT_VALID, STORE_CERT_HOLD, 0},    {STORE_CERT_HOLD, STORE_CERT_VALID, 1},
                 {STORE_CERT_VALID, STORE_CERT_REVOKED, 1}, {STORE_CERT_VALID, STORE_CERT_REVOKED, 0},
                 {STORE_CERT_REVOKED, STORE_CERT_VALID, 0}, {0, STORE_CERT_REVOKED, 0}};
    struct enrollment first, e;

    enrollment_init(&first, 1, 1);
    first.cert.status = STORE_CERT_VALID;
    cr_assert(store_commit_wait(store, &first.unit));
    for (uint32_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enrollment_init(&e, 2, i);
        struct store_cert_change change = {.serial = first.cert.serial,
                                           .only_from = steps[i].from,
                                           .required = 1,
                                           .status = steps[i].to,
                                           .reason = 6,
                                           .at = NOW};
        struct store_cert before = status_of(1, 1);
        size_t records = audit_records(store);
        enrollment_leave_out_cert(&e);
        e.unit.change = &change;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, steps[i].holds ? STORE_DONE : STORE_CONFLICT, "step %u", i);
        cr_assert_eq(e.unit.conflict, steps[i].holds ? STORE_PRE_NONE : STORE_PRE_CERT, "step %u", i);
        cr_assert_eq(status_of(1, 1).status, steps[i].holds ? steps[i].to : before.status, "step %u", i);
        cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id),
                     steps[i].holds ? STORE_FOUND : STORE_ABSENT, "step %u", i);
        cr_assert_eq(audit_records(store), records + (size_t)steps[i].holds, "step %u", i);
        if (steps[i].holds) { /* the same again is first of all the same transaction */
            cr_assert(store_commit_wait(store, &e.unit));
            cr_assert_eq(e.unit.conflict, STORE_PRE_TX, "step %u", i);
        }
        enrollment_cleanup(&e);
    }
    cr_assert(store_healthy(store));
    enrollment_cleanup(&first);
}

/* ---- certConf that does not come ---- */

static void await_confirmation(uint32_t n, int64_t deadline)
{
    struct enrollment e;

    enrollment_init(&e, 1, n);
    e.tx.deadline = deadline;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

/* The deadline of what is overdue for longest at |now|, or 0. */
static int64_t overdue(int64_t now)
{
    struct store_fetch f = {.kind = STORE_TRANSACTIONS,
                            .index = STORE_OVERDUE,
                            .issuer = test_issuer(),
                            .before = now,
                            .arena = arena_new(ENROLLMENT_ARENA)};
    int64_t deadline = 0;

    cr_assert(store_fetch_wait(store, &f));
    cr_assert_neq(f.outcome, STORE_FETCH_UNAVAILABLE);
    if (f.outcome == STORE_FOUND) {
        const struct store_tx *tx = f.rows;
        cr_assert_eq(tx->state, STORE_TX_WAIT_CONFIRM);
        deadline = tx->deadline;
    }
    arena_free(f.arena);
    return deadline;
}

static void serve_at(int64_t now)
{
    struct store_unit unit = {.alive_at = now, .alive_gap = 15};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

Test(store, what_is_overdue_is_found_longest_first)
{
    await_confirmation(1, NOW + 300);
    await_confirmation(2, NOW + 100);
    await_confirmation(3, 0); /* none is awaited */
    cr_assert_eq(overdue(NOW + 100), 0);
    cr_assert_eq(overdue(NOW + 101), NOW + 100);
    cr_assert_eq(overdue(NOW + 1000), NOW + 100);
}

Test(store, what_has_ended_is_not_overdue)
{
    struct enrollment e;

    await_confirmation(1, NOW + 100);
    enrollment_init(&e, 1, 1);
    e.tx.state = STORE_TX_CONFIRMED;
    enrollment_go_on(&e, STORE_TX_WAIT_CONFIRM);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
    cr_assert_eq(overdue(NOW + 1000), 0);
}

Test(store, time_in_which_nobody_served_puts_deadlines_off)
{
    serve_at(NOW);                  /* the first of all: there is nothing to compare with */
    await_confirmation(1, NOW - 1); /* had passed while somebody served */
    await_confirmation(2, NOW + 100);
    serve_at(NOW + 15); /* within the gap */
    cr_assert_eq(overdue(NOW + 1000), NOW - 1);
    serve_at(NOW + 515);
    cr_assert_eq(overdue(NOW + 1), NOW - 1);
    cr_assert_eq(overdue(NOW + 1000), NOW - 1);
    /* One of the two is taken away; the other waits 500 seconds longer. */
    struct enrollment e;
    enrollment_init(&e, 1, 1);
    e.tx.state = STORE_TX_ENDED;
    enrollment_go_on(&e, (enum store_tx_state)0);
    cr_assert(store_commit_wait(store, &e.unit));
    enrollment_cleanup(&e);
    cr_assert_eq(overdue(NOW + 600), 0);
    cr_assert_eq(overdue(NOW + 601), NOW + 600);
}

Test(store, a_node_whose_clock_lags_puts_nothing_off)
{
    serve_at(NOW + 1000);
    await_confirmation(1, NOW + 1100);
    serve_at(NOW);
    serve_at(NOW + 1010); /* ten seconds after the last that counts */
    cr_assert_eq(overdue(NOW + 2000), NOW + 1100);
}

/* ---- the audit log ---- */

Test(store, what_is_done_is_in_the_audit_log_and_nothing_else)
{
    struct enrollment e;
    struct store_unit silent = {.alive_at = NOW, .alive_gap = 15};

    for (uint32_t n = 0; n < 3; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    cr_assert_eq(commit_one(store, 1, 1), STORE_CONFLICT);
    cr_assert(store_commit_wait(store, &silent));
    cr_assert_eq(audit_records(store), 3);
    reopen();
    enrollment_init(&e, 1, 3);
    e.audit.who = bytes_of("\xff\"\\\n\0", 5);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
    cr_assert_eq(audit_records(store), 4);
}

Test(store, ends_of_chains_are_told_until_they_are_sealed)
{
    struct store_head heads[8];
    int64_t seq = 0;
    size_t n;

    cr_assert_eq(store_audit_heads(store, heads, 8), 0);
    for (uint32_t i = 0; i < 5; i++)
        cr_assert_eq(commit_one(store, 1, i), STORE_DONE);
    n = store_audit_heads(store, heads, 8);
    cr_assert_geq(n, 1);
    for (size_t i = 0; i < n; i++)
        seq += heads[i].seq;
    cr_assert_eq(seq, 5, "each commit was waited for, and is an entry");
    store_audit_sealed(store, heads, n);
    cr_assert_eq(store_audit_heads(store, heads, 8), 0);
    cr_assert_eq(commit_one(store, 1, 6), STORE_DONE);
    cr_assert_eq(store_audit_heads(store, heads, 8), 1);
}

struct seals_seen {
    const struct store_seal *expected;
    size_t count;
};

static int see_seal(void *arg, const void *row)
{
    const struct store_seal *seal = row;
    struct seals_seen *seen = arg;
    const struct store_seal *expected = &seen->expected[seen->count++];
    cr_assert_arr_eq(seal->instance, expected->instance, STORE_INSTANCE);
    cr_assert_eq(seal->number, expected->number);
    cr_assert_eq(seal->at, expected->at);
    same(seal->node, expected->node, "node");
    same(seal->text, expected->text, "text");
    same(seal->signature, expected->signature, "signature");
    return 1;
}

Test(store, seals_come_back_as_they_were_and_are_stored_once)
{
    struct store_seal seals[2] = {{.number = 1,
                                   .at = 1700000000123,
                                   .node = bytes_str("node-1"),
                                   .text = bytes_str("a text"),
                                   .signature = bytes_of("\0\1\2", 3)}};
    struct seals_seen seen = {.expected = seals};
    char fault[STORE_FAULT_MAX];

    memset(seals[0].instance, 0xa5, STORE_INSTANCE);
    seals[1] = seals[0];
    seals[1].number = 2;
    for (size_t i = 0; i < 4; i++) { /* each twice: as when the first answer was lost */
        struct store_unit unit = {.arena = NULL};
        store_unit_write(&unit, STORE_ONCE, STORE_SEALS, &seals[i / 2]);
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
    }
    cr_assert(store_each(store, fault, STORE_SEALS, bytes_of(NULL, 0), see_seal, &seen), "%s", fault);
    cr_assert_eq(seen.count, 2);
    cr_assert_eq(audit_records(store), 0, "a seal is no entry");
}

static int pause_at_first(void *arg, const void *row)
{
    (void)row;
    if (++*(size_t *)arg == 1)
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    return 1;
}

/* Whoever reads what a tool prints may stop for longer than a database lets a node do so. */
Test(store, rows_wait_for_a_slow_reader)
{
    enum { ROWS = 300 }; /* more than a page */
    char fault[STORE_FAULT_MAX];
    size_t count = 0;

    if (strncmp(test_url, "sqlite:", 7) != 0)
        database_run(test_url, "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
                               "idle_in_transaction_session_timeout = 100', current_database()); END $$");
    for (uint32_t n = 0; n < ROWS; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    cr_assert(store_each(store, fault, STORE_CERTIFICATES, test_issuer(), pause_at_first, &count), "%s",
              fault);
    cr_assert_eq(count, ROWS);
}

Test(store, one_that_is_open_to_read_takes_no_commit)
{
    char fault[STORE_FAULT_MAX];

    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    struct store *reading = store_open_to_read(fault, test_url, "auditor");
    cr_assert_not_null(reading, "%s", fault);
    cr_assert(is_whole(reading, 1, 1));
    cr_assert_eq(audit_records(reading), 1);
    struct enrollment e;
    enrollment_init(&e, 1, 2);
    cr_assert_not(store_commit_wait(reading, &e.unit));
    cr_assert_not(is_whole(store, 1, 2));
    enrollment_cleanup(&e);
    store_close(reading);
}
