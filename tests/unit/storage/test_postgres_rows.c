/* test_postgres_rows.c: rows to and from PostgreSQL's binary form (storage/postgres/rows.c): arrays as
 * array_send writes them, integers in network order. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "storage/postgres/internal.h"

static struct params params;

static void tear_down(void)
{
    params_free(&params);
}

TestSuite(postgres_rows, .fini = tear_down);

static void is_param(int i, const void *octets, size_t len)
{
    cr_assert_lt(i, params.count);
    cr_assert_eq(params.end[i] - params.at[i], len, "parameter %d has %zu octets", i,
                 params.end[i] - params.at[i]);
    cr_expect_arr_eq(params.data + params.at[i], octets, len, "parameter %d", i);
}

Test(postgres_rows, a_number_has_eight_octets)
{
    params_reset(&params);
    params_number(&params, 0x0102030405060708);
    params_number(&params, -2);
    params_octets(&params, bytes_str("abc"));
    params_octets(&params, bytes_of(NULL, 0));
    cr_assert_eq(params.count, 4);
    is_param(0, "\1\2\3\4\5\6\7\x08", 8);
    is_param(1, "\xff\xff\xff\xff\xff\xff\xff\xfe", 8);
    is_param(2, "abc", 3);
    is_param(3, "", 0);
    params_reset(&params);
    cr_assert_eq(params.count + (int)params.len, 0);
}

/* How many dimensions, no NULL, the type (pg_type: bool 16, bytea 17, int8 20, int2 21, text 25), how many
 * elements, the first index; then each with its length. */
Test(postgres_rows, an_array_has_its_type_and_its_elements)
{
    static const struct {
        enum store_type type;
        uint8_t oid;
    } types[] = {{STORE_OCTETS, 17}, {STORE_WORDS, 25}, {STORE_FIXED, 17},
                 {STORE_NUMBER, 20}, {STORE_SMALL, 21}, {STORE_TRUTH, 16}};
    uint8_t head[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        params_reset(&params);
        params_array(&params, types[i].type);
        params_array_end(&params);
        head[11] = types[i].oid;
        is_param(0, head, sizeof head);
    }
}

#define HEAD(oid, count) "\0\0\0\1\0\0\0\0\0\0\0" oid "\0\0\0" count "\0\0\0\1"

Test(postgres_rows, elements_have_the_width_of_their_type)
{
    params_reset(&params);
    params_array(&params, STORE_OCTETS);
    params_array_octets(&params, bytes_str("ab"));
    params_array_octets(&params, bytes_of(NULL, 0));
    params_array_end(&params);
    params_array(&params, STORE_NUMBER);
    params_array_number(&params, STORE_NUMBER, -1);
    params_array_end(&params);
    params_array(&params, STORE_SMALL);
    params_array_number(&params, STORE_SMALL, 0x0102);
    params_array_number(&params, STORE_SMALL, -2);
    params_array_end(&params);
    params_array(&params, STORE_TRUTH);
    params_array_number(&params, STORE_TRUTH, 7);
    params_array_number(&params, STORE_TRUTH, 0);
    params_array_end(&params);
    is_param(0, HEAD("\x11", "\2") "\0\0\0\2ab\0\0\0\0", 20 + 6 + 4);
    is_param(1, HEAD("\x14", "\1") "\0\0\0\x08\xff\xff\xff\xff\xff\xff\xff\xff", 20 + 12);
    is_param(2, HEAD("\x15", "\2") "\0\0\0\2\1\2\0\0\0\2\xff\xfe", 20 + 12);
    is_param(3, HEAD("\x10", "\2") "\0\0\0\1\1\0\0\0\1\0", 20 + 10);
}

/* Positions, not pointers: what was put first is still there. */
Test(postgres_rows, it_grows_as_needed)
{
    static uint8_t large[300000];

    params_reset(&params);
    params_octets(&params, bytes_str("first"));
    memset(large, 'l', sizeof large);
    params_octets(&params, bytes_of(large, sizeof large));
    params_octets(&params, bytes_str("last"));
    cr_assert_not(params.failed);
    is_param(0, "first", 5);
    is_param(1, large, sizeof large);
    is_param(2, "last", 4);
    cr_assert_geq(params.size, params.len);
}

Test(postgres_rows, more_parameters_than_there_is_room_for_fail)
{
    params_reset(&params);
    for (int i = 0; i < PARAMS_MAX; i++)
        params_number(&params, i);
    cr_assert_not(params.failed);
    cr_assert_eq(params.count, PARAMS_MAX);
    params_number(&params, 0);
    cr_assert(params.failed);
    cr_assert_eq(params.count, PARAMS_MAX);
    params_array(&params, STORE_NUMBER);
    params_array_number(&params, STORE_NUMBER, 1);
    params_array_end(&params);
    cr_assert_eq(params.count, PARAMS_MAX);
    params_reset(&params);
    cr_assert_not(params.failed);
}

/* ---- answers ---- */

/* A row of |count| columns after |before| empty ones. */
static PGresult *result_of(const struct bytes *values, int count, int before)
{
    PGresAttDesc columns[STORE_COLUMNS_MAX + 4];
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

    for (int i = 0; i < count + before; i++)
        columns[i] = (PGresAttDesc){.name = "c", .format = 1, .typid = 17, .typlen = -1, .atttypmod = -1};
    cr_assert(result != NULL && PQsetResultAttrs(result, count + before, columns));
    for (int i = 0; i < count + before; i++) {
        const struct bytes value = i < before ? bytes_str("") : values[i - before];
        cr_assert(PQsetvalue(result, 0, i,
                             (char *)(uintptr_t)(value.len != 0 ? value.data : (const uint8_t *)""),
                             (int)value.len));
    }
    return result;
}

Test(postgres_rows, numbers_of_any_width_are_read)
{
    const struct bytes values[] = {bytes_of("\1", 1),       bytes_of("\0", 1),
                                   bytes_of("\xff\xfe", 2), bytes_of("\1\2\3\4\5\6\7\x08", 8),
                                   bytes_of("", 0),         bytes_of("\0\0\0\x80", 4)};
    static const int64_t numbers[] = {1, 0, -2, 0x0102030405060708, 0, 0x80};
    PGresult *result = result_of(values, 6, 0);

    for (int i = 0; i < 6; i++)
        cr_expect_eq(rows_number(result, 0, i), numbers[i], "column %d", i);
    PQclear(result);
}

/* A secret's row, as its columns stand in tables.c. */
Test(postgres_rows, a_row_is_what_its_columns_say)
{
    const struct store_table *table = &store_tables[STORE_SECRETS];
    struct arena *arena = arena_new(4096), *small = arena_new(16);
    struct bytes values[STORE_COLUMNS_MAX];
    struct store_secret secret;

    for (size_t i = 0; i < table->count; i++) {
        const char *name = table->columns[i].name;
        values[i] = strcmp(name, "expires") == 0     ? bytes_of("\0\0\0\0\0\0\1\0", 8)
                    : strcmp(name, "reusable") == 0  ? bytes_of("\1", 1)
                    : strcmp(name, "reference") == 0 ? bytes_str("ref")
                    : strcmp(name, "sealed") == 0    ? bytes_str("box, which is longer than the arena")
                                                     : bytes_str("");
    }
    PGresult *result = result_of(values, (int)table->count, 1);
    cr_assert(rows_read(&secret, table, result, 0, 1, arena));
    cr_expect_eq(secret.expires, 256);
    cr_expect_eq(secret.reusable, 1);
    cr_expect(bytes_equal(secret.reference, bytes_str("ref")));
    cr_expect(bytes_equal(secret.sealed, bytes_str("box, which is longer than the arena")));
    cr_expect_eq(secret.bound_to.len, 0);
    cr_expect_null(secret.bound_to.data);
    cr_expect_neq(secret.reference.data, (const uint8_t *)PQgetvalue(result, 0, 1), "it outlives the answer");
    cr_expect_not(rows_read(&secret, table, result, 0, 2, arena), "a column is missing");
    cr_expect_not(rows_read(&secret, table, result, 0, 1, small), "it does not fit");
    PQclear(result);
    arena_free(arena);
    arena_free(small);
}

/* What has a length of its own in the table has that length in the answer. */
Test(postgres_rows, an_octet_string_of_a_fixed_length_has_it)
{
    const struct store_table *table = &store_tables[STORE_ENTRIES];
    struct arena *arena = arena_new(4096);
    struct bytes values[STORE_COLUMNS_MAX];
    struct store_entry entry;
    uint8_t hash[STORE_HASH] = {1, 2, 3};

    for (int short_by = 0; short_by < 2; short_by++) {
        for (size_t i = 0; i < table->count; i++)
            values[i] = table->columns[i].type == STORE_FIXED
                            ? bytes_of(hash, strcmp(table->columns[i].name, "chain") == 0
                                                 ? STORE_CHAIN_ID
                                                 : STORE_HASH - (size_t)short_by)
                            : bytes_str("");
        PGresult *result = result_of(values, (int)table->count, 0);
        cr_expect_eq(rows_read(&entry, table, result, 0, 0, arena), !short_by);
        PQclear(result);
    }
    cr_expect_arr_eq(entry.hash, hash, sizeof hash);
    arena_free(arena);
}
