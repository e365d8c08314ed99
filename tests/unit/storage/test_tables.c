/* test_tables.c: what the backends rely on in every descriptor of storage/tables.c. */
#include <criterion/criterion.h>

#include "storage/postgres/internal.h"

/* A field that is no column is a gap that alignment does not explain. */
Test(tables, every_field_of_a_row_is_a_column_once)
{
    for (int kind = 0; kind < STORE_KINDS; kind++) {
        const struct store_table *table = &store_tables[kind];
        uint8_t covered[512] = {0};
        size_t gap = 0;
        cr_assert_lt(table->row_size, sizeof covered);
        for (size_t i = 0; i < table->count; i++) {
            const struct store_column *column = &table->columns[i];
            cr_assert_leq(column->offset + column->size, table->row_size, "%s", column->name);
            for (size_t at = 0; at < column->size; at++)
                cr_expect_eq(covered[column->offset + at]++, 0, "%s overlaps another", column->name);
        }
        for (size_t at = 0; at < table->row_size; at++) {
            gap = covered[at] ? 0 : gap + 1;
            /* The smallest field is an int; what follows a gap, or the end, is aligned to more than that. */
            cr_expect_lt(gap, sizeof(int) + (at % _Alignof(int64_t) == 7),
                         "%s has a field at %zu without a column", table->name, at);
        }
    }
}

Test(tables, types_are_those_of_the_fields)
{
    static const size_t sizes[] = {
        [STORE_OCTETS] = sizeof(struct bytes), [STORE_WORDS] = sizeof(struct bytes),
        [STORE_PLACES] = sizeof(struct bytes), [STORE_NUMBER] = sizeof(int64_t),
        [STORE_SMALL] = sizeof(int),           [STORE_TRUTH] = sizeof(int)};
    for (int kind = 0; kind < STORE_KINDS; kind++)
        for (size_t i = 0; i < store_tables[kind].count; i++) {
            const struct store_column *column = &store_tables[kind].columns[i];
            if (column->type != STORE_FIXED)
                cr_expect_eq(column->size, sizes[column->type], "%s.%s", store_tables[kind].name,
                             column->name);
        }
}

/* A row's key is what groups are sorted by, and a distributed database cannot keep other keys unique. */
Test(tables, keys_begin_with_octets_and_hold_what_is_distributed_by)
{
    for (int kind = 0; kind < STORE_KINDS; kind++) {
        const struct store_table *table = &store_tables[kind];
        cr_expect_geq(table->keys, 1, "%s", table->name);
        /* What is only written once may be all key: nothing is left to be set. */
        cr_expect(table->keys < table->count ||
                      (table->keys == table->count && table->hows == 1u << STORE_ONCE),
                  "%s", table->name);
        cr_expect(row_is_octets(&table->columns[0]), "%s", table->name);
        cr_expect_lt(table->distribute, table->keys, "%s", table->name);
        /* Revocations are listed by changes of certificates. */
        cr_expect(table->hows != 0 || kind == STORE_REVOCATIONS, "%s", table->name);
    }
}

Test(tables, rows_fit_the_parameters_of_a_statement)
{
    for (int kind = 0; kind < STORE_KINDS; kind++)
        for (int how = 0; how < STORE_HOWS; how++)
            cr_expect_leq(sql_width(&store_tables[kind]) +
                              (size_t)postgres_expects((enum store_kind)kind, (enum store_how)how),
                          PARAMS_MAX, "%s", store_tables[kind].name);
}

Test(tables, indexes_name_columns_of_their_kind)
{
    for (int i = STORE_BY_KEY + 1; i < STORE_INDEXES; i++) {
        const struct store_index_of *index = &store_indexes[i];
        const char *const names[] = {index->order, index->below, index->from, index->first};
        const struct store_table *table = &store_tables[index->kind];
        cr_expect_gt(index->limit, 0);
        cr_expect_leq((index->below != NULL) + (index->from != NULL) + (index->first != NULL), 1,
                      "one |before| bounds one column");
        cr_expect(index->first == NULL || index->is_paged);
        cr_expect(!index->is_paged || row_is_octets(row_column(table, index->order)));
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
            if (names[n] != NULL)
                cr_expect_not_null(row_column(table, names[n])); /* ends the process if there is none */
    }
}
