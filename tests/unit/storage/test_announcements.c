/* STORE_NEWER: what store.h says of announcements, whatever is behind it, as test_store.c. */
#include "suite.h"

TestSuite(announcements, .init = set_up, .fini = tear_down, .timeout = 300);

static enum store_outcome put(const char *upstream, int64_t at, const char *message)
{
    uint8_t key[STORE_ANNOUNCEMENT_KEY_MAX] = {17};
    size_t len = strlen(upstream);
    const struct store_audit audit = {
        .at = NOW * 1000LL, .event = "rann", .outcome = "stored", .who = bytes_str("CN=x")};
    struct store_unit unit = {.issuer = test_issuer(), .audit = &audit};

    memcpy(key + 1, upstream, len);
    const struct store_announcement row = {.announcement = bytes_of(key, 1 + len),
                                           .upstream = bytes_str(upstream),
                                           .body = 17,
                                           .announced_at = at,
                                           .received_at = NOW,
                                           .about = bytes_str("certificate 07"),
                                           .message = bytes_str(message)};
    store_unit_write(&unit, STORE_NEWER, STORE_ANNOUNCEMENTS, &row);
    cr_assert(store_commit_wait(store, &unit));
    return unit.outcome;
}

static void expect(const char *upstream, int64_t at, const char *message)
{
    uint8_t key[STORE_ANNOUNCEMENT_KEY_MAX] = {17};
    struct store_fetch fetch;
    const struct store_announcement *row;

    memcpy(key + 1, upstream, strlen(upstream));
    fetch = fetch_row(store, STORE_ANNOUNCEMENTS, bytes_of(key, 1 + strlen(upstream)));
    cr_assert_eq(fetch.outcome, STORE_FOUND);
    row = fetch.rows;
    cr_expect_eq(row->announced_at, at);
    same(row->message, bytes_str(message), "message");
    same(row->upstream, bytes_str(upstream), "upstream");
    arena_free(fetch.arena);
}

Test(announcements, the_newest_stays_and_an_older_one_is_as_good)
{
    cr_expect_eq(put("a", NOW, "first"), STORE_DONE);
    expect("a", NOW, "first");
    cr_expect_eq(put("a", NOW + 1, "second"), STORE_DONE);
    expect("a", NOW + 1, "second");
    cr_expect_eq(put("a", NOW, "first"), STORE_DONE);
    expect("a", NOW + 1, "second");
    cr_expect_eq(put("a", NOW + 1, "of the same second"), STORE_DONE);
    expect("a", NOW + 1, "of the same second");
}

Test(announcements, each_upstream_has_its_own_and_all_are_listed)
{
    struct store_fetch fetch = {.kind = STORE_ANNOUNCEMENTS,
                                .index = STORE_ALL_ANNOUNCEMENTS,
                                .issuer = test_issuer(),
                                .arena = arena_new(ENROLLMENT_ARENA)};
    const struct store_announcement *rows;

    put("b", NOW, "of b");
    put("a", NOW + 5, "of a");
    expect("a", NOW + 5, "of a");
    expect("b", NOW, "of b");
    cr_assert(store_fetch_wait(store, &fetch) && fetch.outcome == STORE_FOUND);
    cr_assert_eq(fetch.count, 2);
    rows = fetch.rows;
    same(rows[0].upstream, bytes_str("a"), "the first");
    fetch.key = rows[0].announcement;
    cr_assert(store_fetch_wait(store, &fetch) && fetch.outcome == STORE_FOUND);
    cr_assert_eq(fetch.count, 1);
    same(((const struct store_announcement *)fetch.rows)->upstream, bytes_str("b"), "the second");
    arena_free(fetch.arena);
}
