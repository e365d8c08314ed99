/* read.c: rows by key for jobs. */
#include "internal.h"
#include "server/base/log.h"

/* Reads the row that |statement| stands on and all after it. */
static int read_rows(struct store_fetch *item, sqlite3_stmt *statement)
{
    const struct store_table *table = &store_tables[item->kind];
    size_t limit = item->index == STORE_BY_KEY ? 1 : store_indexes[item->index].limit;
    uint8_t *rows = arena_alloc(item->arena, limit * table->row_size);
    int rc = rows != NULL ? SQLITE_ROW : SQLITE_NOMEM;
    item->rows = rows;
    item->count = 0;
    while (rc == SQLITE_ROW && item->count < limit) {
        rc = sqlite_read_row(rows + item->count * table->row_size, table, statement, item->arena);
        if (rc == SQLITE_OK && ++item->count < limit)
            rc = sqlite3_step(statement);
    }
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int bind_find(struct store_fetch *item, sqlite3_stmt *statement, uint8_t serial[STORE_SERIAL_TIME])
{
    enum { ISSUER = 1, KEY, BEFORE, OF };
    const struct store_index_of *index = &store_indexes[item->index];
    const struct store_table *table = &store_tables[item->kind];
    const char *column = index->below != NULL  ? index->below
                         : index->from != NULL ? index->from
                                               : index->first;
    int rc = table->of_issuer ? sqlite_bind(statement, ISSUER, item->issuer) : SQLITE_OK;
    if (rc == SQLITE_OK && index->is_paged)
        rc = sqlite_bind(statement, KEY, item->key);
    if (rc == SQLITE_OK && index->equal != NULL)
        rc = sqlite_bind(statement, OF, item->of);
    if (rc != SQLITE_OK || column == NULL)
        return rc;
    if (row_is_octets(row_column(table, column)))
        return sqlite_bind(statement, BEFORE, store_serial_time(serial, item->before));
    return sqlite3_bind_int64(statement, BEFORE, item->before);
}

static int bind_key(struct store_fetch *item, sqlite3_stmt *statement)
{
    int rc = sqlite_bind(statement, 1, item->issuer);
    return rc == SQLITE_OK ? sqlite_bind(statement, 2, item->key) : rc;
}

static int fetch_once(struct sqlite_conn *conn, struct store_fetch *item)
{
    uint8_t serial[STORE_SERIAL_TIME];
    int by_key = item->index == STORE_BY_KEY;
    sqlite3_stmt *statement = conn->statements[by_key ? sqlite_get(item->kind) : sqlite_find(item->index)];
    int rc = by_key ? bind_key(item, statement) : bind_find(item, statement, serial);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        item->outcome = read_rows(item, statement) == SQLITE_OK ? STORE_FOUND : STORE_FETCH_UNAVAILABLE;
    else if (rc == SQLITE_DONE)
        item->outcome = STORE_ABSENT;
    else
        item->outcome = STORE_FETCH_UNAVAILABLE;
    sqlite3_reset(statement);
    return rc;
}

/* Returns 0 if the store did not answer; a row that does not fit its job's arena is that job's trouble alone.
 * Without memory SQLite may take a file for damaged that is not: one that is says so again. */
static int fetch_one(struct sqlite_store *store, struct store_fetch *item)
{
    int rc = fetch_once(&store->reader, item);
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB) {
        sqlite_disconnect(&store->reader);
        if (!sqlite_connected(store, &store->reader))
            return 0;
        rc = fetch_once(&store->reader, item);
    }
    if (rc == SQLITE_ROW || rc == SQLITE_DONE)
        return 1;
    store_count_fault();
    log_line(LOG_ERROR, "store", log_word("doing", "fetch"), log_number("code", rc),
             log_text("reason", sqlite3_errmsg(store->reader.db)));
    sqlite_damaged(store, rc);
    return 0;
}

static int probe(struct sqlite_store *store)
{
    if (!sqlite_connected(store, &store->reader))
        return 0;
    int rc = sqlite_run(&store->reader, SQL_PROBE_READ);
    sqlite_damaged(store, rc);
    return rc == SQLITE_OK && !sqlite_look(store, &store->reader);
}

static int unavailable(struct queue_entry *entries, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((struct store_fetch *)entries[i].item)->outcome = STORE_FETCH_UNAVAILABLE;
    return 0;
}

/* One read transaction for a batch: the lock on the log's index is taken once. If it cannot be had, each
 * look-up says so by itself. */
static int fetch_batch(struct sqlite_store *store, struct queue_entry *entries, size_t n)
{
    int ok = 1;
    if (atomic_load(&store->is_lost) || !sqlite_connected(store, &store->reader))
        return unavailable(entries, n);
    int together = n > 1 && sqlite_run(&store->reader, SQL_BEGIN_READ) == SQLITE_OK;
    for (size_t i = 0; i < n; i++) {
        if (!sqlite_connected(store, &store->reader))
            return unavailable(entries, n);
        ok &= fetch_one(store, entries[i].item);
    }
    if (store->reader.db == NULL)
        return unavailable(entries, n);
    if (together)
        sqlite_run(&store->reader, SQL_COMMIT);
    if (sqlite_look(store, &store->reader))
        return unavailable(entries, n);
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
        int64_t since_us = metrics_now_us();
        ok = n > 0 ? fetch_batch(store, entries, n) : probe(store);
        if (ok && n > 0)
            store_count_batch(since_us);
        atomic_store(&store->read_ok, ok);
        for (size_t i = 0; i < n; i++)
            store_tell_fetch(&entries[i]);
    }
}
