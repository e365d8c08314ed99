/* each.c: all rows of a table, for tools.
 *
 * In pages, with no read transaction between them: a slow reader would keep the write-ahead log from being
 * reset. */
#include "internal.h"

enum { PAGE_ARENA = SQLITE_PAGE_ROWS * 128 * 1024 }; /* bounds one page; the largest row fits */

union row {
    struct store_cert cert;
    struct store_entry entry;
    struct store_seal seal;
};

/* struct walk is one way through a table. */
struct walk {
    enum sqlite_statement page;
    struct bytes issuer; /* for certificates */
    int (*read)(union row *out, sqlite3_stmt *statement, struct arena *arena);
    int (*call)(const struct walk *walk, const union row *row);
    union {
        int (*cert)(void *arg, const struct store_cert *cert);
        int (*entry)(void *arg, const struct store_entry *entry);
        int (*seal)(void *arg, const struct store_seal *seal);
    } each;
    void *arg;
};

static int read_cert(union row *out, sqlite3_stmt *statement, struct arena *arena)
{
    return sqlite_read_cert(&out->cert, statement, arena);
}

static int read_entry(union row *out, sqlite3_stmt *statement, struct arena *arena)
{
    return sqlite_read_entry(&out->entry, statement, arena);
}

static int read_before(union row *out, sqlite3_stmt *statement, struct arena *arena)
{
    return sqlite_read_before(&out->entry, statement, arena);
}

static int read_seal(union row *out, sqlite3_stmt *statement, struct arena *arena)
{
    return sqlite_read_seal(&out->seal, statement, arena);
}

static int call_cert(const struct walk *walk, const union row *row)
{
    return walk->each.cert(walk->arg, &row->cert);
}

static int call_entry(const struct walk *walk, const union row *row)
{
    return walk->each.entry(walk->arg, &row->entry);
}

static int call_seal(const struct walk *walk, const union row *row)
{
    return walk->each.seal(walk->arg, &row->seal);
}

struct page {
    union row rows[SQLITE_PAGE_ROWS];
    size_t count;
    int64_t last; /* id of the last row seen */
};

/* Reads the rows after |page->last|. Ends a page early rather than failing when its arena is full. */
static int read_page(struct sqlite_conn *conn, struct page *page, const struct walk *walk,
                     struct arena *arena)
{
    enum { LAST_ID = 1, LIMIT, ISSUER };
    sqlite3_stmt *statement = conn->statements[walk->page];
    page->count = 0;
    int rc = sqlite3_bind_int64(statement, LAST_ID, page->last);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int(statement, LIMIT, SQLITE_PAGE_ROWS);
    if (rc == SQLITE_OK && walk->page == SQL_CERT_PAGE)
        rc = sqlite_bind(statement, ISSUER, walk->issuer);
    while (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        rc = walk->read(&page->rows[page->count], statement, arena);
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

/* Clears |*going| when |walk|'s callee has had enough. */
static int each_row(struct sqlite_conn *conn, const struct walk *walk, int *going)
{
    struct page page = {.count = 0, .last = 0};
    int rc;
    do {
        struct arena *arena = arena_new(PAGE_ARENA);
        rc = arena != NULL ? read_page(conn, &page, walk, arena) : SQLITE_NOMEM;
        for (size_t i = 0; rc == SQLITE_OK && *going && i < page.count; i++)
            *going = walk->call(walk, &page.rows[i]);
        arena_free(arena);
    } while (rc == SQLITE_OK && *going && page.count > 0);
    return rc;
}

static int each(struct store *store, char *fault, const struct walk *walks, size_t n, const char *what)
{
    const struct sqlite_store *lite = (const struct sqlite_store *)store;
    struct sqlite_conn conn;
    int rc = sqlite_connect(&conn, fault, lite->path, 1), going = 1;
    if (rc != SQLITE_OK)
        return 0;
    for (size_t i = 0; rc == SQLITE_OK && going && i < n; i++)
        rc = each_row(&conn, &walks[i], &going);
    if (rc != SQLITE_OK)
        store_fault(fault, "%s: reading %s: %s (%d)", lite->path, what, sqlite3_errstr(rc), rc);
    sqlite_disconnect(&conn);
    return rc == SQLITE_OK;
}

int sqlite_each_cert(struct store *store, char *fault, struct bytes issuer,
                     int (*each_cert)(void *arg, const struct store_cert *cert), void *arg)
{
    const struct walk walk = {.page = SQL_CERT_PAGE,
                              .issuer = issuer,
                              .read = read_cert,
                              .call = call_cert,
                              .each.cert = each_cert,
                              .arg = arg};
    return each(store, fault, &walk, 1, "certificates");
}

int sqlite_each_entry(struct store *store, char *fault,
                      int (*each_entry)(void *arg, const struct store_entry *entry), void *arg)
{
    const struct walk walks[] = {
        {SQL_BEFORE_PAGE, .read = read_before, .call = call_entry, .each.entry = each_entry, .arg = arg},
        {SQL_ENTRY_PAGE, .read = read_entry, .call = call_entry, .each.entry = each_entry, .arg = arg},
    };
    return each(store, fault, walks, 2, "the audit log");
}

int sqlite_each_seal(struct store *store, char *fault,
                     int (*each_seal)(void *arg, const struct store_seal *seal), void *arg)
{
    const struct walk walk = {
        .page = SQL_SEAL_PAGE, .read = read_seal, .call = call_seal, .each.seal = each_seal, .arg = arg};
    return each(store, fault, &walk, 1, "the seals of the audit log");
}
