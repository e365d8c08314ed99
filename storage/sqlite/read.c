/* read.c: rows by key for jobs. */
#include "internal.h"
#include "server/base/log.h"

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
    case STORE_FETCH_NODES:
        return sqlite_read_nodes(item, statement);
    case STORE_FETCH_OLD_CERTS:
    case STORE_FETCH_OLD_TXS:
        return sqlite_read_old(item, statement);
    }
    return SQLITE_MISUSE;
}

static int bind_key(struct store_fetch *item, sqlite3_stmt *statement, uint8_t until[STORE_SERIAL_TIME])
{
    enum { ISSUER = 1, KEY, LIMIT, UNTIL };
    int is_since = item->kind == STORE_FETCH_OVERDUE || item->kind == STORE_FETCH_NODES;
    int is_old = item->kind == STORE_FETCH_OLD_CERTS || item->kind == STORE_FETCH_OLD_TXS;
    int rc = sqlite_bind(statement, ISSUER, item->issuer);
    if (rc == SQLITE_OK)
        rc = is_since ? sqlite3_bind_int64(statement, KEY, item->before)
                      : sqlite_bind(statement, KEY, item->key);
    if (rc == SQLITE_OK && is_old)
        rc = sqlite3_bind_int(statement, LIMIT, STORE_OLD_MAX);
    if (rc == SQLITE_OK && item->kind == STORE_FETCH_OLD_CERTS)
        rc = sqlite_bind(statement, UNTIL, store_serial_time(until, item->before));
    return rc;
}

static int fetch_once(struct sqlite_conn *conn, struct store_fetch *item)
{
    static const enum sqlite_statement by_kind[] = {
        [STORE_FETCH_TX] = SQL_TX_GET,         [STORE_FETCH_CERT] = SQL_CERT_GET,
        [STORE_FETCH_SECRET] = SQL_SECRET_GET, [STORE_FETCH_OVERDUE] = SQL_TX_OVERDUE,
        [STORE_FETCH_NODES] = SQL_NODES,       [STORE_FETCH_OLD_CERTS] = SQL_CERT_OLD,
        [STORE_FETCH_OLD_TXS] = SQL_TX_OLD};
    uint8_t until[STORE_SERIAL_TIME];
    sqlite3_stmt *statement = conn->statements[by_kind[item->kind]];
    int rc = bind_key(item, statement, until);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        item->outcome = read_row(item, statement) == SQLITE_OK ? STORE_FOUND : STORE_FETCH_UNAVAILABLE;
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
        ok = n > 0 ? fetch_batch(store, entries, n) : probe(store);
        atomic_store(&store->read_ok, ok);
        for (size_t i = 0; i < n; i++)
            entries[i].done(entries[i].arg);
    }
}
