/* test_changes.c: what store.h says of where the audit log has a certificate's changes, and of how those of a
 * key are found, whatever is behind it, as test_store.c. */
#include "storage/row.h"
#include "suite.h"

TestSuite(changes, .init = set_up, .fini = tear_down, .timeout = 300);

static struct arena *arena;

/* The row of (group, n); its views live until the next call. */
static struct store_cert row_of(uint32_t group, uint32_t n)
{
    struct enrollment e;
    enrollment_init(&e, group, n);
    arena_free(arena);
    arena = arena_new(ENROLLMENT_ARENA);
    struct store_fetch f = {
        .kind = STORE_CERTIFICATES, .issuer = test_issuer(), .key = e.cert.serial, .arena = arena};
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_FOUND);
    enrollment_cleanup(&e);
    return *(const struct store_cert *)f.rows;
}

/* Place |i| of |cert| leads to an entry whose records say |word| and name the serial. */
static void expect_change(const struct store_cert *cert, size_t i, const char *word)
{
    char serial[2 * STORE_SERIAL + 1];
    struct store_fetch f = {.kind = STORE_ENTRIES, .index = STORE_ENTRY, .arena = arena_new(1024 * 1024)};
    f.before = store_place_get(&f.of, cert->changes, i);
    cr_assert_gt(f.before, 0, "there is no place %zu", i);
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_FOUND);
    const struct store_entry *entry = f.rows;
    cr_assert_eq(entry->seq, f.before);
    same(bytes_of(entry->chain, STORE_CHAIN_ID), f.of, "chain");
    for (size_t at = 0; at < STORE_SERIAL; at++)
        snprintf(serial + 2 * at, 3, "%02x", cert->serial.data[at]);
    cr_assert_not_null(memmem(entry->records.data, entry->records.len, serial, strlen(serial)));
    cr_assert_not_null(memmem(entry->records.data, entry->records.len, word, strlen(word)));
    arena_free(f.arena);
}

Test(changes, each_change_of_a_certificate_is_found_in_the_audit_log)
{
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert_eq(commit_one(store, 1, 2), STORE_DONE);
    cr_assert_eq(confirm(1, 1, STORE_TX_WAIT_CONFIRM, NULL), STORE_DONE, "recorded, too");
    cr_assert_eq(change_status(1, 1, STORE_CERT_HOLD, 6), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 4), STORE_DONE, "which is no change");
    struct store_cert cert = row_of(1, 1);
    cr_assert_eq(cert.changes.len, 4 * STORE_PLACE);
    for (size_t i = 0; i * STORE_PLACE < cert.changes.len; i++)
        expect_change(&cert, i, "issue");
    struct bytes chain;
    cr_assert_eq(store_place_get(&chain, cert.changes, cert.changes.len / STORE_PLACE), 0);
    cert = row_of(1, 2);
    cr_assert_eq(cert.changes.len, STORE_PLACE);
    expect_change(&cert, 0, "issue");
}

/* What a peer may repeat as often as it likes leaves no more than so much behind. */
Test(changes, the_first_and_the_last_are_kept)
{
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    struct store_cert cert = row_of(1, 1);
    uint8_t first[STORE_PLACE], before[STORE_CHANGES_MAX * STORE_PLACE];
    memcpy(first, cert.changes.data, sizeof first);
    for (int i = 0; i < STORE_CHANGES_MAX; i++)
        cr_assert_eq(change_status(1, 1, i % 2 == 0 ? STORE_CERT_HOLD : STORE_CERT_VALID, i % 2 == 0 ? 6 : 0),
                     STORE_DONE);
    cert = row_of(1, 1);
    cr_assert_eq(cert.changes.len, sizeof before);
    cr_assert_arr_eq(cert.changes.data, first, sizeof first);
    memcpy(before, cert.changes.data, sizeof before);
    cr_assert_eq(change_status(1, 1, STORE_CERT_REVOKED, 1), STORE_DONE);
    cert = row_of(1, 1);
    cr_assert_eq(cert.changes.len, sizeof before);
    cr_assert_arr_eq(cert.changes.data, first, sizeof first);
    cr_assert_arr_eq(cert.changes.data + STORE_PLACE, before + 2 * STORE_PLACE,
                     sizeof before - 2 * STORE_PLACE);
    expect_change(&cert, STORE_CHANGES_MAX - 1, "issue");
}

Test(changes, what_is_not_recorded_has_no_place)
{
    struct enrollment e;
    enrollment_init(&e, 1, 1);
    e.unit.audit = NULL;
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    enrollment_cleanup(&e);
    cr_assert_eq(row_of(1, 1).changes.len, 0);
}

Test(changes, vendor_and_path_are_kept)
{
    struct enrollment e;
    enrollment_init(&e, 1, 1);
    e.cert.vendor = bytes_str("Example é");
    e.cert.path = bytes_str("two hashes, of thirty-two octets each, one after the other.....");
    cr_assert(store_commit_wait(store, &e.unit));
    cr_assert_eq(e.unit.outcome, STORE_DONE);
    const struct store_cert cert = row_of(1, 1);
    same(cert.vendor, e.cert.vendor, "vendor");
    same(cert.path, e.cert.path, "path");
    enrollment_cleanup(&e);
}

Test(changes, the_next_entry_is_found_where_one_is_gone)
{
    struct store_fetch f = {.kind = STORE_ENTRIES,
                            .index = STORE_ENTRY,
                            .of = bytes_str("no such chain..."),
                            .before = 1,
                            .arena = arena_new(ENROLLMENT_ARENA)};
    cr_assert_eq(commit_one(store, 1, 1), STORE_DONE);
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_ABSENT);
    struct store_cert cert = row_of(1, 1);
    int64_t seq = store_place_get(&f.of, cert.changes, 0);
    f.before = seq - 1;
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_FOUND);
    cr_assert_geq(((const struct store_entry *)f.rows)->seq, seq - 1);
    f.before = seq + 1000;
    cr_assert(store_fetch_wait(store, &f));
    cr_assert_eq(f.outcome, STORE_ABSENT);
    arena_free(f.arena);
}

/* ---- the certificates of a key identifier ---- */

static size_t of_key_id(struct store_fetch *f, struct bytes key_id)
{
    *f = (struct store_fetch){.kind = STORE_CERTIFICATES,
                              .index = STORE_OF_KEY_ID,
                              .issuer = test_issuer(),
                              .of = key_id,
                              .arena = f->arena};
    cr_assert(store_fetch_wait(store, f));
    cr_assert_neq(f->outcome, STORE_FETCH_UNAVAILABLE);
    return f->outcome == STORE_FOUND ? f->count : 0;
}

Test(changes, the_last_certificates_of_a_key_identifier_are_found)
{
    struct enrollment e;
    struct store_fetch f = {.arena = arena_new(8 * 1024 * 1024)};
    struct bytes key_id = bytes_str("an identifier"), last = {NULL, 0};
    for (uint32_t n = 0; n < STORE_OF_KEY_ID_MAX + 3; n++) {
        enrollment_init(&e, 1, n);
        e.unit.key_unused = bytes_of(NULL, 0);
        if (n % STORE_OF_KEY_ID_MAX != 1)
            e.cert.key_id = key_id;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
    cr_assert_eq(of_key_id(&f, key_id), STORE_OF_KEY_ID_MAX, "of more than there are to be");
    for (size_t i = 0; i < f.count; i++) {
        const struct store_cert *certs = f.rows;
        same(certs[i].key_id, key_id, "key_id");
        if (i > 0)
            cr_assert_gt(memcmp(last.data, certs[i].serial.data, STORE_SERIAL), 0, "the last first");
        last = certs[i].serial;
    }
    cr_assert_eq(of_key_id(&f, bytes_str("another one")), 0);
    cr_assert_eq(of_key_id(&f, bytes_of(NULL, 0)), 0, "those without one are not looked for");
    issuer_octets[0] ^= 1;
    cr_assert_eq(of_key_id(&f, key_id), 0, "of another CA");
    arena_free(f.arena);
}

/* ---- the certificates of a key ---- */

/* How many there are, a piece at a time, in the order of their serials. */
static size_t of_key(struct bytes key)
{
    struct store_fetch f = {.kind = STORE_CERTIFICATES,
                            .index = STORE_OF_KEY,
                            .issuer = test_issuer(),
                            .of = key,
                            .arena = arena_new(8 * 1024 * 1024)};
    size_t all = 0;
    do {
        cr_assert(store_fetch_wait(store, &f));
        cr_assert_neq(f.outcome, STORE_FETCH_UNAVAILABLE);
        f.count = f.outcome == STORE_FOUND ? f.count : 0;
        const struct store_cert *certs = f.rows;
        for (size_t i = 0; i < f.count; i++) {
            same(certs[i].spki_hash, key, "key");
            cr_assert(f.key.len == 0 || memcmp(f.key.data, certs[i].serial.data, STORE_SERIAL) < 0);
            f.key = certs[i].serial;
        }
        all += f.count;
    } while (f.count == STORE_OLD_MAX);
    arena_free(f.arena);
    return all;
}

Test(changes, all_certificates_of_a_key_are_found)
{
    struct enrollment first, e;
    enrollment_init(&first, 9, 1);
    for (uint32_t n = 0; n < STORE_OLD_MAX + 20; n++) {
        enrollment_init(&e, 1, n);
        e.unit.key_unused = bytes_of(NULL, 0);
        if (n % 40 != 7)
            e.cert.spki_hash = first.cert.spki_hash;
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
    cr_assert_eq(of_key(first.cert.spki_hash), STORE_OLD_MAX + 20 - 7);
    cr_assert_eq(of_key(bytes_str("thirty-two octets of another one")), 0);
    /* As it is where a profile wants keys unused: by an index. */
    cr_assert_eq(commit_one(store, 2, 1), STORE_DONE);
    cr_assert_eq(of_key(first.cert.spki_hash), STORE_OLD_MAX + 20 - 7);
    issuer_octets[0] ^= 1;
    cr_assert_eq(of_key(first.cert.spki_hash), 0);
    enrollment_cleanup(&first);
}

/* ---- certificates by their end ---- */

/* The serials, a piece at a time, of those that end after |from|. */
static size_t ending(int64_t from, uint8_t (*serials)[STORE_SERIAL], size_t max)
{
    struct store_fetch f = {.kind = STORE_CERTIFICATES,
                            .index = STORE_ENDING,
                            .issuer = test_issuer(),
                            .before = from,
                            .arena = arena_new(8 * 1024 * 1024)};
    size_t all = 0;
    do {
        cr_assert(store_fetch_wait(store, &f));
        cr_assert_neq(f.outcome, STORE_FETCH_UNAVAILABLE);
        f.count = f.outcome == STORE_FOUND ? f.count : 0;
        const struct store_cert *certs = f.rows;
        for (size_t i = 0; i < f.count && all < max; i++) {
            cr_expect(certs[i].not_after > f.before ||
                      (certs[i].not_after == f.before &&
                       (f.key.len == 0 || memcmp(f.key.data, certs[i].serial.data, STORE_SERIAL) < 0)));
            f.before = certs[i].not_after;
            f.key = certs[i].serial;
            memcpy(serials[all++], certs[i].serial.data, STORE_SERIAL);
        }
    } while (f.count == STORE_OLD_MAX);
    arena_free(f.arena);
    return all;
}

Test(changes, certificates_are_found_by_their_end_unless_another_took_their_place)
{
    enum { MANY = STORE_OLD_MAX + 20, SECONDS = 3, UPDATED = 5 };
    static uint8_t serials[MANY + 1][STORE_SERIAL], found[MANY + 1][STORE_SERIAL];
    struct enrollment e;
    for (uint32_t n = 0; n < MANY; n++) {
        enrollment_init(&e, 1, n);
        e.cert.not_after =
            NOW + (n == 1 ? 0 : 1 + (int64_t)(n % SECONDS)); /* more than a piece has the same */
        cr_assert(store_commit_wait(store, &e.unit));
        cr_assert_eq(e.unit.outcome, STORE_DONE);
        enrollment_cleanup(&e);
    }
    cr_assert_eq(ending(NOW, serials, MANY + 1), MANY, "after that second, or in it with a greater serial");
    cr_assert_eq(ending(NOW + 1, serials, MANY + 1), MANY - 1);
    cr_assert_eq(ending(NOW + SECONDS + 1, serials, MANY + 1), 0);
    enrollment_init(&e, 1, UPDATED);
    struct store_cert_change change = {.serial = e.cert.serial,
                                       .only_from = STORE_CERT_UNCONFIRMED,
                                       .status = STORE_CERT_VALID,
                                       .successor = bytes_of(serials[0], STORE_SERIAL)};
    struct store_unit unit = {.issuer = test_issuer(), .change = &change};
    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
    cr_assert_eq(ending(0, found, MANY + 1), MANY - 1);
    for (size_t i = 0; i < MANY - 1; i++)
        cr_expect_neq(memcmp(found[i], e.serial, STORE_SERIAL), 0);
    /* Its own serial: it has none any more, if that is the one which it has. */
    struct bytes other = bytes_of(serials[1], STORE_SERIAL), own = bytes_of(serials[0], STORE_SERIAL);
    struct bytes former[] = {other, own};
    for (size_t i = 0; i < 2; i++) {
        change = (struct store_cert_change){.serial = e.cert.serial,
                                            .only_from = STORE_CERT_VALID,
                                            .status = STORE_CERT_VALID,
                                            .successor = e.cert.serial,
                                            .former = &former[i]};
        cr_assert(store_commit_wait(store, &unit));
        cr_assert_eq(unit.outcome, STORE_DONE);
        cr_assert_eq(ending(0, found, MANY + 1), i == 0 ? MANY - 1 : MANY);
    }
    enrollment_cleanup(&e);
    issuer_octets[0] ^= 1;
    cr_assert_eq(ending(0, found, MANY + 1), 0);
}
