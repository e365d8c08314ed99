/* rows.c: rows to and from SQLite, column by column as their table describes them. */
#include "internal.h"

int sqlite_bind(sqlite3_stmt *statement, int at, struct bytes value)
{
    if (value.len == 0)
        return sqlite3_bind_zeroblob(statement, at, 0); /* a NULL pointer would bind NULL */
    return sqlite3_bind_blob64(statement, at, value.data, value.len, SQLITE_STATIC);
}

int sqlite_bind_words(sqlite3_stmt *statement, int at, struct bytes value)
{
    const char *text = value.len > 0 ? (const char *)value.data : "";
    return sqlite3_bind_text64(statement, at, text, value.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_column(sqlite3_stmt *statement, int at, const struct store_column *column, const void *row)
{
    if (!row_is_octets(column))
        return sqlite3_bind_int64(statement, at, row_number(row, column));
    if (column->type == STORE_WORDS)
        return sqlite_bind_words(statement, at, row_octets(row, column));
    return sqlite_bind(statement, at, row_octets(row, column));
}

int sqlite_bind_row(sqlite3_stmt *statement, const struct store_table *table, struct bytes issuer,
                    const void *row, struct bytes place)
{
    int at = 1, rc = SQLITE_OK;
    if (table->of_issuer)
        rc = sqlite_bind(statement, at++, issuer);
    for (size_t i = 0; rc == SQLITE_OK && i < table->count; i++)
        rc = table->columns[i].type == STORE_PLACES ? sqlite_bind(statement, at++, place)
                                                    : bind_column(statement, at++, &table->columns[i], row);
    return rc;
}

/* Text comes out by the same call: its octets, whatever they are. */
static int read_octets(void *row, const struct store_column *column, sqlite3_stmt *statement, int at,
                       struct arena *arena)
{
    const void *data = sqlite3_column_blob(statement, at);
    struct bytes value = bytes_of(data, (size_t)sqlite3_column_bytes(statement, at));
    if (value.len > 0 && data == NULL)
        return SQLITE_NOMEM;
    if (value.len > 0 && column->type != STORE_FIXED) {
        value = arena_copy(arena, value);
        if (value.data == NULL)
            return SQLITE_NOMEM;
    }
    return row_set_octets(row, column, value) ? SQLITE_OK : SQLITE_CORRUPT;
}

int sqlite_read_row(void *out, const struct store_table *table, sqlite3_stmt *statement, struct arena *arena)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < table->count; i++) {
        const struct store_column *column = &table->columns[i];
        if (row_is_octets(column))
            rc = read_octets(out, column, statement, (int)i, arena);
        else
            row_set_number(out, column, sqlite3_column_int64(statement, (int)i));
    }
    return rc;
}
