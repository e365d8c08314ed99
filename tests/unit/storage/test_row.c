/* test_row.c: rows of any kind, column by column. */
#include <criterion/criterion.h>

#include "storage/row.h"
#include "tests/support/rows.h"

static const struct store_table *const transactions = &store_tables[STORE_TRANSACTIONS];
static const struct store_table *const entries = &store_tables[STORE_ENTRIES];

Test(row, numbers_of_every_width_come_back)
{
    struct store_tx tx = {.state = STORE_TX_ENDED, .cert_req_id = -1, .implicit_confirm = 1};
    cr_assert_eq(row_number(&tx, row_column(transactions, "state")), STORE_TX_ENDED);
    cr_assert_eq(row_number(&tx, row_column(transactions, "cert_req_id")), -1);
    row_set_number(&tx, row_column(transactions, "deadline"), INT64_MAX);
    row_set_number(&tx, row_column(transactions, "body"), 11);
    cr_assert_eq(tx.deadline, INT64_MAX);
    cr_assert_eq(tx.body, 11);
    cr_assert_eq(tx.implicit_confirm, 1, "its neighbours are left alone");
}

Test(row, octets_of_a_fixed_length_are_all_or_nothing)
{
    struct store_entry entry = {.seq = 1};
    uint8_t hash[STORE_HASH + 1];
    memset(hash, 0x5a, sizeof hash);
    cr_assert(row_set_octets(&entry, row_column(entries, "hash"), bytes_of(hash, STORE_HASH)));
    cr_assert_arr_eq(entry.hash, hash, STORE_HASH);
    cr_assert_not(row_set_octets(&entry, row_column(entries, "hash"), bytes_of(hash, STORE_HASH - 1)));
    cr_assert_not(row_set_octets(&entry, row_column(entries, "hash"), bytes_of(hash, STORE_HASH + 1)));
    cr_assert_eq(row_octets(&entry, row_column(entries, "hash")).len, STORE_HASH);
    cr_assert_eq(entry.seq, 1);
}

Test(row, a_copy_stands_for_itself)
{
    char id[] = "transaction", name[] = "demo";
    struct store_tx tx = {.transaction_id = bytes_str(id), .profile = bytes_str(name), .deadline = 7}, copy;
    struct arena *arena = arena_new(64 * 1024);
    cr_assert(rows_copy(&copy, transactions, &tx, arena));
    memset(id, 'x', sizeof id - 1);
    cr_assert(bytes_equal(row_key(&copy, transactions), bytes_str("transaction")));
    cr_assert(bytes_equal(copy.profile, bytes_str("demo")));
    cr_assert_eq(copy.deadline, 7);
    cr_assert_eq(copy.answer.len, 0);
    arena_free(arena);
}

Test(row, a_copy_that_does_not_fit_is_none)
{
    uint8_t large[1024] = {0};
    struct store_tx tx = {.transaction_id = bytes_of(large, sizeof large)}, copy;
    struct arena *arena = arena_new(sizeof large / 2);
    cr_assert_not(rows_copy(&copy, transactions, &tx, arena));
    arena_free(arena);
}

/* The row of a part of a transaction: by an id that no peer can send, which tells of which transaction it is.
 */
Test(row, ids_of_parts_stand_for_their_transaction)
{
    static const uint8_t hash[STORE_HASH] = {7};
    const struct bytes of = bytes_of(hash, sizeof hash), wholes[] = {bytes_str("a"), bytes_of("a", 2)};
    uint8_t ids[3][STORE_PART_ID];
    struct bytes id;

    for (size_t i = 0; i < 2; i++) {
        id = store_part_id(ids[i], wholes[i], 3, of);
        cr_assert_gt(id.len, STORE_WHOLE_ID_MAX);
        cr_expect(bytes_equal(store_whole_id(id), wholes[i]));
    }
    store_part_id(ids[2], wholes[0], 4, of);
    cr_expect(memcmp(ids[0], ids[1], STORE_PART_ID) != 0 && memcmp(ids[0], ids[2], STORE_PART_ID) != 0);
    cr_expect(bytes_equal(store_whole_id(wholes[0]), wholes[0]), "that of a transaction without parts");
    /* whoever comes back to a transactionID begins others */
    static const uint8_t other[STORE_HASH] = {8};
    store_part_id(ids[2], wholes[0], 3, bytes_of(other, sizeof other));
    cr_expect(memcmp(ids[0], ids[2], STORE_PART_ID) != 0);
}
