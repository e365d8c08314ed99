/* test_removal.c: what store.h says of old rows and their removal, whatever is behind it, as test_store.c. */
#include "storage/row.h"
#include "suite.h"

TestSuite(removal, .init = set_up, .fini = tear_down, .timeout = 300);

/* The old rows that |index| finds after |after|, as many as come at once. */
static struct store_fetch old(enum store_index index, struct bytes after, int64_t before, struct arena *arena)
{
    struct store_fetch f = {.kind = store_indexes[index].kind,
                            .index = index,
                            .issuer = test_issuer(),
                            .key = after,
                            .before = before,
                            .arena = arena};

    cr_assert(store_fetch_wait(store, &f));
    cr_assert_neq(f.outcome, STORE_FETCH_UNAVAILABLE);
    if (f.outcome == STORE_ABSENT)
        f.count = 0;
    return f;
}

static void walk_old(enum store_index index, size_t expected)
{
    const struct store_table *table = &store_tables[store_indexes[index].kind];
    struct arena *arena = arena_new(8 * 1024 * 1024);
    struct bytes after = bytes_of(NULL, 0);
    size_t all = 0, n;

    do {
        struct store_fetch f = old(index, after, NOW, arena);
        n = f.count;
        for (size_t i = 0; i < n; i++) {
            const void *row = (const uint8_t *)f.rows + i * table->row_size;
            struct bytes key = row_key(row, table);
            cr_assert_eq(key.len, 16);
            cr_assert(after.len == 0 || memcmp(after.data, key.data, 16) < 0, "in order of keys");
            after = key;
            same(row_octets(row, row_column(table, "profile")), bytes_str("demo"), "profile");
        }
        all += n;
    } while (n == STORE_OLD_MAX);
    cr_assert_eq(all, expected);
    arena_free(arena);
}

Test(removal, old_rows_are_found_piece_by_piece)
{
    for (uint32_t n = 0; n < STORE_OLD_MAX + 50; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    walk_old(STORE_OLD_CERTIFICATES, STORE_OLD_MAX + 50);
    walk_old(STORE_STATES, STORE_OLD_MAX + 50);
    walk_old(STORE_OLD_TRANSACTIONS, STORE_OLD_MAX + 50);
    issuer_octets[0] ^= 1;
    walk_old(STORE_OLD_CERTIFICATES, 0);
    walk_old(STORE_OLD_TRANSACTIONS, 0);
}

/* What is large in a certificate's row stays where it is. */
Test(removal, states_come_without_the_rest)
{
    struct arena *arena = arena_new(1024 * 1024);
    const struct store_cert *row;
    struct store_fetch f;

    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    f = old(STORE_STATES, bytes_of(NULL, 0), 0, arena);
    cr_assert_eq(f.count, 1);
    row = f.rows;
    cr_expect_eq(row->serial.len, STORE_SERIAL);
    cr_expect_eq(row->status, STORE_CERT_UNCONFIRMED);
    cr_expect_eq(row->not_after, NOW + 365 * 86400);
    same(row->profile, bytes_str("demo"), "profile");
    cr_expect(row->certificate.len == 0 && row->subject.len == 0 && row->subject_text.len == 0 &&
              row->spki_hash.len == 0 && row->issued_at == 0);
    f.index = STORE_OLD_CERTIFICATES;
    f.before = NOW;
    cr_assert(store_fetch_wait(store, &f));
    row = f.rows;
    cr_expect(row->certificate.len != 0 && row->subject.len != 0 && row->issued_at == NOW);
    arena_free(arena);
}

/* Serials begin with the seconds since 2020-01-01. */
Test(removal, certificates_that_were_issued_later_are_not_looked_at)
{
    struct arena *arena = arena_new(1024 * 1024);

    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE); /* at second 100000 */
    cr_assert_eq(commit_one(store, 1, 250), STORE_DONE);
    cr_assert_eq(old(STORE_OLD_CERTIFICATES, bytes_of(NULL, 0), 1577836800 + 100000, arena).count, 0);
    cr_assert_eq(old(STORE_OLD_CERTIFICATES, bytes_of(NULL, 0), 1577836800 + 100001, arena).count, 1);
    cr_assert_eq(old(STORE_OLD_CERTIFICATES, bytes_of(NULL, 0), 1577836800 + 100003, arena).count, 2);
    cr_assert_eq(old(STORE_OLD_CERTIFICATES, bytes_of(NULL, 0), 5, arena).count, 0, "before there was any");
    cr_assert_eq(old(STORE_OLD_CERTIFICATES, bytes_of(NULL, 0), INT64_MAX, arena).count, 2);
    arena_free(arena);
}

/* Removes |first| and, if it is not NULL, |second|. */
static struct store_unit remove_rows(enum store_kind kind, const struct enrollment *first,
                                     const struct enrollment *second, int64_t before)
{
    struct bytes keys[2] = {kind == STORE_CERTIFICATES ? first->cert.serial : first->tx.transaction_id};
    if (second != NULL)
        keys[1] = kind == STORE_CERTIFICATES ? second->cert.serial : second->tx.transaction_id;
    struct store_removal removal = {kind, keys, second != NULL ? 2 : 1, before};
    struct store_audit audit = {.at = NOW * 1000LL, .event = "purge", .outcome = "deleted"};
    struct store_unit unit = {.issuer = test_issuer(), .removal = &removal, .audit = &audit};
    cr_assert(store_commit_wait(store, &unit));
    return unit;
}

static void expect_kept(struct store_unit unit)
{
    cr_assert_eq(unit.outcome, STORE_CONFLICT);
    cr_assert_eq(unit.conflict, STORE_PRE_OLD);
}

enum { EXPIRED = NOW + 366 * 86400 };

Test(removal, a_certificate_is_removed_with_all_about_it)
{
    struct enrollment e, other, again;

    enrollment_init(&e, 1, 1);
    enrollment_init(&other, 1, 2);
    enrollment_init(&again, 2, 1); /* the same key in another certificate */
    again.cert.spki_hash = again.unit.key_unused = e.cert.spki_hash;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(commit_one(store, 1, 2), STORE_DONE);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    cr_assert(store_commit_wait(store, &again.unit));
    cr_assert_eq(again.unit.conflict, STORE_PRE_KEY_UNUSED);
    cr_assert_eq(remove_rows(STORE_CERTIFICATES, &e, NULL, EXPIRED).outcome, STORE_DONE);
    cr_assert_eq(is_whole(store, 1, 1), 0);
    cr_assert_eq(is_whole(store, 1, 2), 1);
    cr_assert(store_commit_wait(store, &again.unit));
    cr_assert_eq(again.unit.outcome, STORE_DONE, "its key is nobody's");
    e.unit.key_unused = bytes_of(NULL, 0);
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE, "nothing of it is left");
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    cr_assert_eq(audit_records(store), 8);
    enrollment_cleanup(&e);
    enrollment_cleanup(&other);
    enrollment_cleanup(&again);
}

Test(removal, what_is_not_old_enough_stays_and_all_with_it)
{
    struct enrollment e, young;

    enrollment_init(&e, 1, 1);
    enrollment_init(&young, 1, 2);
    young.cert.not_after = young.tx.created_at = EXPIRED;
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert(store_commit_wait(store, &young.unit));
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    struct store_cert_change valid = {.serial = young.cert.serial, .status = STORE_CERT_VALID, .at = NOW};
    young.tx.state = STORE_TX_CONFIRMED;
    enrollment_go_on(&young, STORE_TX_WAIT_CONFIRM);
    young.unit.change = &valid;
    cr_assert(store_commit_wait(store, &young.unit));
    cr_assert_eq(young.unit.outcome, STORE_DONE);
    expect_kept(remove_rows(STORE_CERTIFICATES, &e, &young, EXPIRED));
    expect_kept(remove_rows(STORE_TRANSACTIONS, &e, &young, EXPIRED));
    expect_kept(remove_rows(STORE_CERTIFICATES, &e, NULL, e.cert.not_after));
    expect_kept(remove_rows(STORE_TRANSACTIONS, &e, NULL, NOW));
    cr_assert_eq(is_whole(store, 1, 1), 1);
    cr_assert_eq(is_whole(store, 1, 2), 1);
    cr_assert_eq(audit_records(store), 4, "what was not done is not recorded");
    cr_assert_eq(remove_rows(STORE_CERTIFICATES, &e, NULL, e.cert.not_after + 1).outcome, STORE_DONE);
    expect_kept(remove_rows(STORE_CERTIFICATES, &e, NULL, EXPIRED));
    expect_kept(remove_rows(STORE_TRANSACTIONS, &e, NULL, EXPIRED));
    enrollment_cleanup(&e);
    enrollment_cleanup(&young);
}

/* One that was revoked in the meantime, too: its certConf would find no certificate. */
Test(removal, what_awaits_certConf_stays)
{
    struct enrollment e;

    enrollment_init(&e, 1, 1);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    expect_kept(remove_rows(STORE_TRANSACTIONS, &e, NULL, EXPIRED));
    expect_kept(remove_rows(STORE_CERTIFICATES, &e, NULL, EXPIRED));
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    expect_kept(remove_rows(STORE_CERTIFICATES, &e, NULL, EXPIRED));
    cr_assert_eq(is_whole(store, 1, 1), 1);
    enrollment_cleanup(&e);
}

Test(removal, a_transaction_may_go_before_its_certificate)
{
    struct enrollment e;

    enrollment_init(&e, 1, 1);
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    cr_assert_eq(remove_rows(STORE_TRANSACTIONS, &e, NULL, NOW + 1).outcome, STORE_DONE);
    cr_assert_eq(look_up(store, STORE_TRANSACTIONS, e.tx.transaction_id), STORE_ABSENT);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_FOUND);
    cr_assert_eq(remove_rows(STORE_CERTIFICATES, &e, NULL, EXPIRED).outcome, STORE_DONE);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_ABSENT);
    enrollment_cleanup(&e);
}

/* A transactionID that came back means another certificate: that one's transaction stays, and one that still
 * awaits its certConf keeps nothing else. */
Test(removal, the_transaction_of_another_certificate_stays)
{
    struct enrollment e, next;

    enrollment_init(&e, 1, 1);
    enrollment_init(&next, 1, 2);
    e.tx.free_at = NOW;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE);
    next.tx.transaction_id = next.cert.transaction_id = next.unit.tx_id = e.tx.transaction_id;
    next.unit.write_count = 0;
    store_unit_write(&next.unit, STORE_UPDATE, STORE_TRANSACTIONS, &next.tx);
    store_unit_write(&next.unit, STORE_INSERT, STORE_CERTIFICATES, &next.cert);
    cr_assert(store_commit_wait(store, &next.unit));
    cr_assert_eq(next.unit.outcome, STORE_DONE);
    cr_assert_eq(remove_rows(STORE_CERTIFICATES, &e, NULL, EXPIRED).outcome, STORE_DONE);
    cr_assert_eq(look_up(store, STORE_CERTIFICATES, e.cert.serial), STORE_ABSENT);
    cr_assert_eq(look_up(store, STORE_TRANSACTIONS, next.tx.transaction_id), STORE_FOUND);
    expect_kept(remove_rows(STORE_CERTIFICATES, &next, NULL, EXPIRED));
    enrollment_cleanup(&e);
    enrollment_cleanup(&next);
}
