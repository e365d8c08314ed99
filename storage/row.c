/* row.c: see row.h. */
#include "row.h"

#include <stdlib.h>

int row_set_octets(void *row, const struct store_column *column, struct bytes value)
{
    uint8_t *out = (uint8_t *)row + column->offset;
    if (column->type != STORE_FIXED) {
        memcpy(out, &value, sizeof value);
        return 1;
    }
    if (value.len != column->size)
        return 0;
    memcpy(out, value.data, column->size);
    return 1;
}

void row_set_number(void *row, const struct store_column *column, int64_t value)
{
    uint8_t *out = (uint8_t *)row + column->offset;
    int small = (int)value;
    if (column->type == STORE_NUMBER)
        memcpy(out, &value, sizeof value);
    else
        memcpy(out, &small, sizeof small);
}

int row_copy(void *out, const struct store_table *table, const void *row, struct arena *arena)
{
    memcpy(out, row, table->row_size);
    for (size_t i = 0; i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        struct bytes value, copy;
        if (!row_is_octets(column) || column->type == STORE_FIXED)
            continue;
        value = row_octets(row, column);
        copy = arena_copy(arena, value);
        if (copy.data == NULL && value.len > 0)
            return 0;
        row_set_octets(out, column, copy);
    }
    return 1;
}

const struct store_column *row_column(const struct store_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    abort();
}
