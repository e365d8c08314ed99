/* scan.c: whole tables, for tools: over a connection of their own, from one point in time, a page at a time.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "server/base/log.h"

enum { ROW_ARENA = 64 * 1024 * 1024 }; /* bounds one row */

struct walk {
    enum store_kind kind;
    store_row_found *each;
    void *arg;
};

/* Returns what |walk|'s callee does, or -1 when the row could not be read. */
static int take_row(const struct walk *walk, const PGresult *result, int i)
{
    const struct store_table *table = &store_tables[walk->kind];
    struct arena *arena = arena_new(ROW_ARENA);
    void *row = arena != NULL ? arena_alloc(arena, table->row_size) : NULL;
    int going = -1;
    if (row != NULL && rows_read(row, table, result, i, 0, arena))
        going = walk->each(walk->arg, row) != 0;
    arena_free(arena);
    return going;
}

static int declare(char *fault, PGconn *conn, enum store_kind kind, struct bytes issuer)
{
    const struct store_table *table = &store_tables[kind];
    const char *values[] = {issuer.len > 0 ? (const char *)issuer.data : ""};
    int lengths[] = {(int)issuer.len}, formats[] = {1};
    struct sql sql = {.len = 0};
    sql_put(&sql, "DECLARE page BINARY CURSOR FOR SELECT ");
    sql_columns(&sql, table, "", 0);
    sql_put(&sql, " FROM cmpd.%s%s ORDER BY ", table->name,
            table->of_issuer ? " WHERE length($1::bytea) = 0 OR issuer = $1" : "");
    sql_keys(&sql, table);
    PGresult *result = PQexecParams(conn, sql.text, table->of_issuer, NULL, values, lengths, formats, 1);
    int failed = postgres_failed(fault, conn, result, "beginning to read");
    PQclear(result);
    return !failed;
}

/* What reads the output may take its time, and sorting a large table does: limits are for nodes. */
static int begin(char *fault, PGconn *conn)
{
    PGresult *result = PQexec(conn, "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; "
                                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    int failed = postgres_failed(fault, conn, result, "beginning to read");
    PQclear(result);
    return !failed;
}

int postgres_each(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
                  store_row_found *each, void *arg)
{
    const struct postgres_store *self = (const struct postgres_store *)store;
    const struct walk walk = {kind, each, arg};
    char fetch[64];
    PGconn *conn = postgres_connect(fault, self->target, self->name, NULL);
    if (conn == NULL)
        return 0;
    int ok = begin(fault, conn) && declare(fault, conn, kind, issuer), going = 1, rows = 1;
    snprintf(fetch, sizeof fetch, "FETCH %d FROM page", POSTGRES_PAGE_ROWS);
    while (ok && going > 0 && rows > 0) {
        PGresult *result = PQexecParams(conn, fetch, 0, NULL, NULL, NULL, NULL, 1);
        ok = !postgres_failed(fault, conn, result, "reading");
        rows = ok ? PQntuples(result) : 0;
        for (int i = 0; going > 0 && i < rows; i++)
            going = take_row(&walk, result, i);
        PQclear(result);
    }
    if (going < 0) {
        store_fault(fault, "a row does not fit into memory, or has another form");
        ok = 0;
    }
    PQfinish(conn);
    return ok;
}
