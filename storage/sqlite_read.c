/* sqlite_read.c: rows by key for jobs, and all of them for tools. */
#include "server/base/log.h"
#include "sqlite_internal.h"

enum { PAGE_ARENA = SQLITE_PAGE_ROWS * 128 * 1024 }; /* bounds one page of store_each_cert */

static int read_row(struct store_fetch *item, sqlite3_stmt *statement)
{
    switch (item->kind) {
    case STORE_FETCH_TX:
    case STORE_FETCH_OVERDUE:
        return sqlite_read_tx(&item->row.tx, statement, item->arena);
    case STORE_FETCH_CERT:
        return sqlite_read_cert(&item->row.cert, statement, item->arena);
    case STORE_FETCH_SECRET:
        return sqlite_read_secret(&item->row.secret, statement, item->arena);
    }
    return SQLITE_MISUSE;
}

/* Returns 0 if the store did not answer; a row that does not fit its job's arena is that job's trouble alone.
 */
static int fetch_one(struct sqlite_conn *conn, struct store_fetch *item)
{
    static const enum sqlite_statement by_kind[] = {[STORE_FETCH_TX] = SQL_TX_GET,
                                                    [STORE_FETCH_CERT] = SQL_CERT_GET,
                                                    [STORE_FETCH_SECRET] = SQL_SECRET_GET,
                                                    [STORE_FETCH_OVERDUE] = SQL_TX_OVERDUE};
    sqlite3_stmt *statement = conn->statements[by_kind[item->kind]];
    int rc = sqlite_bind(statement, 1, item->issuer);
    if (rc == SQLITE_OK)
        rc = item->kind == STORE_FETCH_OVERDUE ? sqlite3_bind_int64(statement, 2, item->before)
                                               : sqlite_bind(statement, 2, item->key);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    int answered = rc == SQLITE_ROW || rc == SQLITE_DONE;
    if (rc == SQLITE_ROW)
        item->outcome = read_row(item, statement) == SQLITE_OK ? STORE_FOUND : STORE_FETCH_UNAVAILABLE;
    else if (rc == SQLITE_DONE)
        item->outcome = STORE_ABSENT;
    else
        item->outcome = STORE_FETCH_UNAVAILABLE;
    if (!answered) {
        char text[256];
        log_event(LOG_ERROR, "store", "doing=fetch code=%d reason=%s", rc,
                  log_quote(text, sizeof(text), bytes_str(sqlite3_errmsg(conn->db))));
    }
    sqlite3_reset(statement);
    return answered;
}

static int connected(struct sqlite_store *store)
{
    char fault[STORE_FAULT_MAX], quoted[STORE_FAULT_MAX];
    if (store->reader.db != NULL || sqlite_connect(&store->reader, fault, store->path, 1) == SQLITE_OK)
        return 1;
    log_event(LOG_ERROR, "store", "doing=connect reason=%s",
              log_quote(quoted, sizeof(quoted), bytes_str(fault)));
    return 0;
}

/* One read transaction for a batch: the lock on the log's index is taken once. If it cannot be had, each
 * look-up says so by itself. */
static int fetch_batch(struct sqlite_store *store, struct queue_entry *entries, size_t n)
{
    int ok = connected(store);
    if (!ok) {
        for (size_t i = 0; i < n; i++)
            ((struct store_fetch *)entries[i].item)->outcome = STORE_FETCH_UNAVAILABLE;
        return 0;
    }
    int together = n > 1 && sqlite_run(&store->reader, SQL_BEGIN_READ) == SQLITE_OK;
    for (size_t i = 0; i < n; i++)
        ok &= fetch_one(&store->reader, entries[i].item);
    if (together)
        sqlite_run(&store->reader, SQL_COMMIT);
    /* A new connection after trouble: whatever it kept is gone, and so is a transaction that would not end.
     */
    if (!ok || !sqlite3_get_autocommit(store->reader.db))
        sqlite_disconnect(&store->reader);
    return ok;
}

void *sqlite_read_loop(void *arg)
{
    struct sqlite_store *store = arg;
    struct queue_entry entries[SQLITE_FETCH_MAX];
    for (;;) {
        int stopped, ok = atomic_load(&store->read_ok);
        size_t n = queue_take(&store->reads, entries, SQLITE_FETCH_MAX, ok ? -1 : SQLITE_PROBE_MS, &stopped);
        if (stopped)
            return NULL;
        if (n > 0)
            ok = fetch_batch(store, entries, n);
        else
            ok = connected(store) && sqlite_run(&store->reader, SQL_PROBE_READ) == SQLITE_OK;
        atomic_store(&store->read_ok, ok);
        for (size_t i = 0; i < n; i++)
            entries[i].done(entries[i].arg);
    }
}

struct page {
    struct store_cert certs[SQLITE_PAGE_ROWS];
    size_t count;
    int64_t last; /* id of the last row seen */
};

/* Reads the rows after |page->last|. Ends a page early rather than failing when its arena is full. */
static int read_page(struct sqlite_conn *conn, struct page *page, struct bytes issuer, struct arena *arena)
{
    enum { ID_COLUMN = 14 };
    sqlite3_stmt *statement = conn->statements[SQL_CERT_PAGE];
    page->count = 0;
    int rc = sqlite_bind(statement, 1, issuer);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(statement, 2, page->last);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(statement, 3, SQLITE_PAGE_ROWS);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        rc = sqlite_read_cert(&page->certs[page->count], statement, arena);
        if (rc == SQLITE_OK) {
            page->last = sqlite3_column_int64(statement, ID_COLUMN);
            page->count++;
        } else if (rc == SQLITE_NOMEM && page->count > 0) {
            rc = SQLITE_DONE;
        }
    }
    sqlite3_reset(statement);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* In pages, with no read transaction between them: a slow reader would keep the write-ahead log from being
 * reset. */
int sqlite_each_cert(struct store *store, char *fault, struct bytes issuer,
                     int (*each)(void *arg, const struct store_cert *cert), void *arg)
{
    const struct sqlite_store *lite = (const struct sqlite_store *)store;
    struct sqlite_conn conn;
    struct page page = {.count = 0, .last = 0};
    int rc = sqlite_connect(&conn, fault, lite->path, 1), going = 1;
    if (rc != SQLITE_OK)
        return 0;
    do {
        struct arena *arena = arena_new(PAGE_ARENA);
        rc = arena != NULL ? read_page(&conn, &page, issuer, arena) : SQLITE_NOMEM;
        for (size_t i = 0; rc == SQLITE_OK && going && i < page.count; i++)
            going = each(arg, &page.certs[i]);
        arena_free(arena);
    } while (rc == SQLITE_OK && going && page.count > 0);
    if (rc != SQLITE_OK)
        store_fault(fault, "%s: reading certificates: %s (%d)", lite->path, sqlite3_errmsg(conn.db), rc);
    sqlite_disconnect(&conn);
    return rc == SQLITE_OK;
}
