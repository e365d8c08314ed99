/* each.c: all rows of a table, for tools.
 *
 * In pages, with no read transaction between them: a slow reader would keep the write-ahead log from being
 * reset. */
#include "internal.h"

enum { PAGE_ARENA = SQLITE_PAGE_ROWS * 128 * 1024 }; /* bounds one page; the largest row fits */

/* struct walk is one way through a table. */
struct walk {
    enum store_kind kind;
    struct bytes issuer;
    store_row_found *each;
    void *arg;
};

struct page {
    uint8_t *rows;
    size_t count;
    int64_t last; /* id of the last row seen */
};

static int bind_page(const struct walk *walk, sqlite3_stmt *statement, int64_t after)
{
    enum { LAST_ID = 1, LIMIT, ISSUER };
    int rc = sqlite3_bind_int64(statement, LAST_ID, after);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(statement, LIMIT, SQLITE_PAGE_ROWS);
    if (rc == SQLITE_OK && store_tables[walk->kind].of_issuer)
        rc = sqlite_bind(statement, ISSUER, walk->issuer);
    return rc;
}

/* Reads the rows after |page->last|. Ends a page early rather than failing when its arena is full. */
static int read_page(struct sqlite_conn *conn, struct page *page, const struct walk *walk,
                     struct arena *arena)
{
    const struct store_table *table = &store_tables[walk->kind];
    sqlite3_stmt *statement = conn->statements[sqlite_page(walk->kind)];
    page->count = 0;
    page->rows = arena_alloc(arena, SQLITE_PAGE_ROWS * table->row_size);
    int rc = page->rows != NULL ? bind_page(walk, statement, page->last) : SQLITE_NOMEM;
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        rc = sqlite_read_row(page->rows + page->count * table->row_size, table, statement, arena);
        if (rc == SQLITE_OK) {
            page->last = sqlite3_column_int64(statement, sqlite3_column_count(statement) - 1);
            page->count++;
        } else if (rc == SQLITE_NOMEM && page->count > 0) {
            rc = SQLITE_DONE;
        }
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Until |walk|'s callee has had enough. */
static int each_row(struct sqlite_conn *conn, const struct walk *walk)
{
    const struct store_table *table = &store_tables[walk->kind];
    struct page page = {.count = 0, .last = 0};
    int rc, going = 1;
    do {
        struct arena *arena = arena_new(PAGE_ARENA);
        rc = arena != NULL ? read_page(conn, &page, walk, arena) : SQLITE_NOMEM;
        for (size_t i = 0; rc == SQLITE_OK && going && i < page.count; i++)
            going = walk->each(walk->arg, page.rows + i * table->row_size);
        arena_free(arena);
    } while (rc == SQLITE_OK && going && page.count > 0);
    return rc;
}

int sqlite_each(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
                store_row_found *each, void *arg)
{
    const struct sqlite_store *lite = (const struct sqlite_store *)store;
    const struct walk walk = {kind, issuer, each, arg};
    struct sqlite_conn conn;
    int rc = sqlite_connect(&conn, fault, lite->path, 1);
    if (rc != SQLITE_OK)
        return 0;
    rc = each_row(&conn, &walk);
    if (rc != SQLITE_OK)
        store_fault(fault, "%s: reading table %s: %s (%d)", lite->path, store_tables[kind].name,
                    sqlite3_errstr(rc), rc);
    sqlite_disconnect(&conn);
    return rc == SQLITE_OK;
}
