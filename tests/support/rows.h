/* rows.h: rows of any kind as text, for tests that hold rows against each other: a difference is told in it.
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
        if (row_is_octets(column))
            rows_put_octets(out, column->name, row_octets(row, column));
        else
            fprintf(out, "  %s=%" PRId64 "\n", column->name, row_number(row, column));
    }
}

#endif
