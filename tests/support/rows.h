/* rows.h: rows of any kind, for tests: as text, so that a difference is told in it, and copied column by
 * column.
 */
#ifndef CMPD_TESTS_SUPPORT_ROWS_H
#define CMPD_TESTS_SUPPORT_ROWS_H

#include <inttypes.h>
#include <stdio.h>

#include "storage/row.h"

static inline void rows_put_octets(FILE *out, const char *name, struct bytes value)
{
    fprintf(out, "  %s=", name);
    for (size_t i = 0; i < value.len; i++)
        fprintf(out, "%02x", value.data[i]);
    fputc('\n', out);
}

/* rows_put writes |row|, a line for each column. */
static inline void rows_put(FILE *out, const struct store_table *table, const void *row)
{
    fprintf(out, "%s\n", table->name);
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        if (column->type == STORE_PLACES)
            continue; /* another in each store */
        else if (row_is_octets(column))
            rows_put_octets(out, column->name, row_octets(row, column));
        else
            fprintf(out, "  %s=%" PRId64 "\n", column->name, row_number(row, column));
    }
}

/* rows_copy copies |row| into |out|, and all that it refers to into |arena|. Returns 1, or 0 when the arena
 * is used up. */
static inline int rows_copy(void *out, const struct store_table *table, const void *row, struct arena *arena)
{
    memset(out, 0, table->row_size); /* a field without a column is lost here as in a store */
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        struct bytes value, copy;
        if (!row_is_octets(column)) {
            row_set_number(out, column, row_number(row, column));
            continue;
        }
        value = row_octets(row, column);
        copy = arena_copy(arena, value);
        if (copy.data == NULL && value.len > 0)
            return 0;
        if (!row_set_octets(out, column, copy))
            return 0;
    }
    return 1;
}

#endif
