/* test_revocations.c: what store.h says of the list of revocations, whatever is behind it, as test_store.c.
 */
#include "suite.h"

TestSuite(revocations, .init = set_up, .fini = tear_down, .timeout = 300);

enum { KEY_COMPROMISE = 1, CERTIFICATE_HOLD = 6 };

static void change(uint32_t serial, enum store_cert_status from, enum store_cert_status to, int reason)
{
    struct enrollment e;

    enrollment_init(&e, 1, serial);
    struct store_cert_change wanted = {.serial = e.cert.serial,
                                       .only_from = from,
                                       .required = from != 0,
                                       .status = to,
                                       .reason = reason,
                                       .at = NOW + serial,
                                       .invalidity_at = NOW - 10};
    struct store_unit unit = {.issuer = test_issuer(), .arena = e.unit.arena, .change = &wanted};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
}

static struct store_fetch since(int64_t position, struct arena *arena)
{
    struct store_fetch f = {.kind = STORE_REVOCATIONS,
                            .index = STORE_REVOKED_SINCE,
                            .issuer = test_issuer(),
                            .before = position,
                            .arena = arena};

    cr_assert(store_fetch_wait(store, &f));
    cr_assert_neq(f.outcome, STORE_FETCH_UNAVAILABLE);
    return f;
}

static size_t count_since(int64_t position)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct store_fetch f = since(position, arena);
    size_t n = f.outcome == STORE_FOUND ? f.count : 0;

    arena_free(arena);
    return n;
}

Test(revocations, what_was_revoked_held_or_released_is_listed)
{
    struct arena *arena = arena_new(1024 * 1024);
    struct enrollment e;

    for (uint32_t n = 1; n <= 3; n++) {
        enrollment_init(&e, 1, n);
        e.cert.shard = (int)(7 * n);
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
    cr_assert_eq(count_since(1), 0);
    change(1, 0, STORE_CERT_REVOKED, KEY_COMPROMISE);
    change(2, 0, STORE_CERT_HOLD, CERTIFICATE_HOLD);
    change(3, STORE_CERT_UNCONFIRMED, STORE_CERT_VALID, 0);
    struct store_fetch f = since(1, arena);
    const struct store_revocation *rows = f.rows;
    cr_assert_eq(f.count, 2, "what was confirmed is not listed");
    enrollment_init(&e, 1, 1);
    same(rows[0].serial, e.cert.serial, "serial");
    cr_assert_eq(rows[0].position, 1);
    cr_assert_eq(rows[0].status, STORE_CERT_REVOKED);
    cr_assert_eq(rows[0].reason, KEY_COMPROMISE);
    cr_assert_eq(rows[0].at, NOW + 1);
    cr_assert_eq(rows[0].invalidity_at, NOW - 10);
    cr_assert_eq(rows[0].not_after, e.cert.not_after);
    cr_assert_eq(rows[0].shard, 7);
    cr_assert_eq(rows[1].shard, 14);
    cr_assert_eq(rows[1].position, 2);
    cr_assert_eq(rows[1].status, STORE_CERT_HOLD);
    enrollment_cleanup(&e);
    arena_free(arena);
}

/* A certificate is there once, at its last change: whoever reads from a position on misses nothing. */
Test(revocations, a_change_moves_a_certificate_to_the_end)
{
    struct arena *arena = arena_new(1024 * 1024);

    for (uint32_t n = 1; n <= 2; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    change(1, 0, STORE_CERT_HOLD, CERTIFICATE_HOLD);
    change(2, 0, STORE_CERT_REVOKED, KEY_COMPROMISE);
    change(1, STORE_CERT_HOLD, STORE_CERT_VALID, 0);
    struct store_fetch f = since(1, arena);
    const struct store_revocation *rows = f.rows;
    cr_assert_eq(f.count, 2);
    cr_assert_eq(rows[0].position, 2);
    cr_assert_eq(rows[1].position, 3);
    cr_assert_eq(rows[1].status, STORE_CERT_VALID, "released");
    cr_assert_eq(rows[1].reason, 0);
    cr_assert_eq(rows[1].at, 0);
    cr_assert_eq(count_since(3), 1);
    cr_assert_eq(count_since(4), 0);
    change(2, 0, STORE_CERT_REVOKED, 0);
    cr_assert_eq(count_since(4), 0, "revocation is final: what changes nothing has no position");
    arena_free(arena);
}

Test(revocations, each_issuer_counts_by_itself)
{
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    change(1, 0, STORE_CERT_REVOKED, 0);
    issuer_octets[0] ^= 1;
    cr_assert_eq(count_since(1), 0);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    change(1, 0, STORE_CERT_REVOKED, 0);
    cr_assert_eq(count_since(1), 1);
    cr_assert_eq(count_since(2), 0);
}

Test(revocations, many_are_read_a_page_at_a_time)
{
    struct arena *arena = arena_new(1024 * 1024);

    for (uint32_t n = 0; n < STORE_REVOKED_MAX + 3; n++) {
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
        change(n, 0, STORE_CERT_REVOKED, 0);
    }
    struct store_fetch f = since(1, arena);
    cr_assert_eq(f.count, STORE_REVOKED_MAX);
    cr_assert_eq(((const struct store_revocation *)f.rows)[STORE_REVOKED_MAX - 1].position,
                 STORE_REVOKED_MAX);
    f = since(STORE_REVOKED_MAX + 1, arena);
    cr_assert_eq(f.count, 3);
    arena_free(arena);
}
