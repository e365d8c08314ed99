/* revoked.c: the list of what is revoked, as the store has it. */
#include "server/crl/revoked.h"

#include "tests/unit/crl/fixture.h"

TestSuite(revoked, .init = set_up, .fini = tear_down, .timeout = 300);

enum { MANY_PAGES = 100 };

static const struct revoked_cert *find(const struct revoked *list, uint32_t n)
{
    struct enrollment e;
    const struct revoked_cert *cert;

    enrollment_init(&e, 1, n);
    cert = revoked_find(list, e.cert.serial);
    enrollment_cleanup(&e);
    return cert;
}

Test(revoked, what_the_store_lists_is_read_and_then_what_has_changed)
{
    struct revoked list = {.count = 0};

    cr_assert(revoked_read(&list, store, test_issuer(), MANY_PAGES));
    cr_assert_eq(list.count, 0);
    cr_assert_null(find(&list, 1));
    enroll(1, KEY_COMPROMISE);
    enroll(2, CERTIFICATE_HOLD);
    enroll(3, -1);
    cr_assert(revoked_read(&list, store, test_issuer(), MANY_PAGES));
    cr_assert_eq(list.count, 2);
    cr_assert_eq(list.position, 2);
    cr_assert_eq(find(&list, 1)->status, STORE_CERT_REVOKED);
    cr_assert_eq(find(&list, 1)->reason, KEY_COMPROMISE);
    cr_assert_eq(find(&list, 1)->revoked_at, NOW + 1);
    cr_assert_eq(find(&list, 2)->status, STORE_CERT_HOLD);
    cr_assert_null(find(&list, 3));
    release(2);
    cr_assert(revoked_read(&list, store, test_issuer(), MANY_PAGES));
    cr_assert_eq(list.count, 2, "it stays, as released");
    cr_assert_eq(list.position, 3);
    cr_assert_eq(find(&list, 2)->status, STORE_CERT_VALID);
    revoked_free(&list);
    cr_assert_eq(list.count + list.room + (size_t)list.position, 0);
}

/* The list goes on where it was once the row is mended. */
Test(revoked, a_row_that_no_certificate_has_is_not_taken)
{
    struct revoked list = {.count = 0};
    uint8_t serial[STORE_SERIAL] = {1};
    struct store_revocation row = {.serial = bytes_of(serial, sizeof serial), .position = 7};

    row.shard = -1;
    cr_expect_not(revoked_put(&list, &row));
    cr_expect_eq(list.unlisted, 7);
    row.shard = BOUND_CRL_SHARDS + 1;
    cr_expect_not(revoked_put(&list, &row));
    cr_expect_eq(list.unlisted, 7);
    row.shard = BOUND_CRL_SHARDS;
    row.serial.len--;
    cr_expect_not(revoked_put(&list, &row));
    cr_expect_eq(list.unlisted, 7);
    cr_expect_eq(list.count, 0);
    row.serial.len++;
    cr_expect(revoked_put(&list, &row));
    cr_expect_eq(list.unlisted, 0);
    cr_expect_eq(list.count, 1);
    revoked_free(&list);
}

Test(revoked, more_than_a_page_is_read)
{
    struct revoked list = {.count = 0};

    for (uint32_t n = 0; n < 2 * STORE_REVOKED_MAX; n++)
        enroll(n, 0);
    cr_assert(revoked_read(&list, store, test_issuer(), MANY_PAGES));
    cr_assert_eq(list.count, 2 * STORE_REVOKED_MAX, "the last page is full, and the end is found");
    for (uint32_t n = 0; n < 2 * STORE_REVOKED_MAX; n++)
        cr_assert_not_null(find(&list, n), "%u", n);
    revoked_free(&list);
}

Test(revoked, a_look_reads_so_many_pages_and_the_next_one_the_rest)
{
    struct revoked list = {.count = 0};

    for (uint32_t n = 0; n < STORE_REVOKED_MAX + 1; n++)
        enroll(n, 0);
    cr_assert(revoked_read(&list, store, test_issuer(), 1));
    cr_assert_eq(list.count, STORE_REVOKED_MAX);
    cr_assert(list.is_behind);
    cr_assert(revoked_read(&list, store, test_issuer(), 1));
    cr_assert_eq(list.count, STORE_REVOKED_MAX + 1);
    cr_assert_not(list.is_behind);
    revoked_free(&list);
}

/* Somebody has been at the store: what comes after the last position there can be is not the first again. */
Test(revoked, a_forged_position_is_the_end_and_no_circle)
{
    struct revoked list = {.count = 0};
    const struct store_revocation forged = {
        .serial = bytes_str("0123456789abcdef"), .position = INT64_MAX, .status = STORE_CERT_REVOKED};

    for (uint32_t n = 0; n < STORE_REVOKED_MAX; n++)
        enroll(n, 0);
    cr_assert(revoked_put(&list, &forged));
    cr_assert(revoked_read(&list, store, test_issuer(), MANY_PAGES));
    cr_assert_eq(list.count, 1);
    cr_assert_not(list.is_behind);
    revoked_free(&list);
}

Test(revoked, many_find_their_places)
{
    enum { MANY = 100000 };
    struct revoked list = {.count = 0};

    for (uint32_t n = 0; n < MANY; n++) {
        uint8_t serial[STORE_SERIAL] = {0};
        put_u32(serial + 12, n * 2654435761u);
        struct store_revocation row = {.serial = bytes_of(serial, sizeof serial),
                                       .position = n + 1,
                                       .status = STORE_CERT_REVOKED,
                                       .at = n};
        cr_assert(revoked_put(&list, &row));
    }
    cr_assert_eq(list.count, MANY);
    for (uint32_t n = 0; n < MANY; n++) {
        uint8_t serial[STORE_SERIAL] = {0};
        put_u32(serial + 12, n * 2654435761u);
        const struct revoked_cert *cert = revoked_find(&list, bytes_of(serial, sizeof serial));
        cr_assert(cert != NULL && cert->revoked_at == n, "%u", n);
    }
    revoked_free(&list);
}

/* After a start all may be changes. When they are forgotten, their memory goes; the next ones find room
 * again. */
Test(revoked, changes_that_are_forgotten_hold_no_memory)
{
    enum { MANY = 5000, MORE = 600 };
    struct revoked list = {.count = 0};
    uint8_t serial[STORE_SERIAL] = {0};
    struct store_revocation row = {.serial = bytes_of(serial, sizeof serial), .status = STORE_CERT_REVOKED};
    size_t at = 0;

    for (uint32_t i = 1; i <= MANY + MORE; i++) {
        memcpy(serial + STORE_SERIAL - sizeof i, &i, sizeof i);
        row.position = i;
        cr_assert(revoked_put(&list, &row));
        if (i == MANY) {
            cr_assert_geq(list.change_room, MANY);
            revoked_keep_since(&list, MANY - 3);
            cr_assert_leq(list.change_room, 256);
        }
    }
    cr_assert_eq(list.change_count, MORE + 3);
    for (uint32_t i = MANY - 2; i <= MANY + MORE; i++) {
        const struct revoked_cert *cert = revoked_next_change(&list, &at);
        cr_assert_not_null(cert);
        cr_assert_eq(cert->last_change, i);
    }
    cr_assert_null(revoked_next_change(&list, &at));
    revoked_free(&list);
}

Test(revoked, a_serial_of_another_length_is_none)
{
    struct revoked list = {.count = 0};
    struct store_revocation row = {.serial = bytes_str("short"), .position = 1, .status = STORE_CERT_REVOKED};

    cr_assert_not(revoked_put(&list, &row));
    enroll(1, 0);
    cr_assert(revoked_read(&list, store, test_issuer(), MANY_PAGES));
    cr_assert_null(revoked_find(&list, bytes_str("short")));
    revoked_free(&list);
}
