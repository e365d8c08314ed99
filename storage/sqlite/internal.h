/* internal.h: what the parts of the SQLite store share. For storage/sqlite/ only. */
#ifndef CMPD_STORAGE_SQLITE_INTERNAL_H
#define CMPD_STORAGE_SQLITE_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "storage/backend.h"
#include "storage/metrics.h"
#include "storage/queue.h"
#include "storage/row.h"
#include "storage/sql.h"

enum {
    SQLITE_APPLICATION = 0x636d7064, /* "cmpd", in the file's header: whose file it is */
    SQLITE_SCHEMA_VERSION = 2,

    SQLITE_GROUP_MAX = 512,         /* units of one commit: bounds how long the first of them waits */
    SQLITE_FETCH_MAX = 256,         /* rows of one read transaction */
    SQLITE_PAGE_ROWS = 64,          /* rows that are read at a time where all are */
    SQLITE_BUSY_MS = 5000,          /* how long another process's write is waited for; then: unavailable */
    SQLITE_PROBE_MS = 1000,         /* how often an unhealthy store is tried again while nothing comes */
    SQLITE_CHECKPOINT_PAGES = 4000, /* of the write-ahead log (16 MiB): fewer, larger bursts to the file */
    SQLITE_CACHE_KIB = 32 * 1024,   /* page cache of one connection */
};

/* Statements: those that are written by hand, then those that are made from the tables (statements.c): a row
 * by its key, a page of all rows, each index, each way to write each kind. */
enum sqlite_statement {
    SQL_BEGIN,
    SQL_BEGIN_READ,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_ROLLBACK_TO,
    SQL_RELEASE,
    SQL_PROBE_READ,
    SQL_PROBE_WRITE,
    SQL_TX_STATE,
    SQL_TX_PUT_OFF,
    SQL_TX_REMOVABLE,
    SQL_TX_REMOVE,
    SQL_SEEN_GET,
    SQL_SEEN_SET,
    SQL_KEY_BLOCKED,
    SQL_CLAIM_SERIAL,
    SQL_CLAIM_COUNT,
    SQL_KEY_UNBLOCK,
    SQL_CERT_STATUS,
    SQL_CERT_KEY_INDEX,
    SQL_CERT_KEY,
    SQL_CERT_CHANGE,
    SQL_CERT_REMOVABLE,
    SQL_CERT_TX_REMOVE,
    SQL_CERT_REMOVE,
    SQL_POSITION,
    SQL_LIST,
    SQL_UNLIST,
    SQL_LEASE_TAKE,
    SQL_LEASE_HELD,
    SQL_SECRET_STATE,
    SQL_SECRET_BIND,
    SQL_ENTRY_THERE,
    SQL_GET,
    SQL_PAGE = SQL_GET + STORE_KINDS,
    SQL_FIND = SQL_PAGE + STORE_KINDS,
    SQL_WRITE = SQL_FIND + STORE_INDEXES,
    SQL_COUNT = SQL_WRITE + STORE_KINDS * STORE_HOWS
};

/* Which statement reads the row of |kind| with a key, a page of them, finds by |index|, or writes a row. */
static inline enum sqlite_statement sqlite_get(enum store_kind kind)
{
    return (enum sqlite_statement)(SQL_GET + (int)kind);
}

static inline enum sqlite_statement sqlite_page(enum store_kind kind)
{
    return (enum sqlite_statement)(SQL_PAGE + (int)kind);
}

static inline enum sqlite_statement sqlite_find(enum store_index index)
{
    return (enum sqlite_statement)(SQL_FIND + (int)index);
}

static inline enum sqlite_statement sqlite_write(enum store_kind kind, enum store_how how)
{
    return (enum sqlite_statement)(SQL_WRITE + (int)kind * STORE_HOWS + (int)how);
}

/* sqlite_text writes the text of |statement|; nothing where there is none. */
void sqlite_text(struct sql *out, enum sqlite_statement statement);

/* struct sqlite_schema is a way of steps: step i leads from version i to i + 1. Tests have one of their own.
 */
struct sqlite_schema {
    const char *const *steps;
    int version; /* that they lead to */
};

extern const struct sqlite_schema sqlite_schema;

enum sqlite_file { SQLITE_FILE_MAIN, SQLITE_FILE_WAL, SQLITE_FILE_SHM, SQLITE_FILES };

/* struct sqlite_held is what a connection has open, as its names led to it when it was opened (held.c). */
struct sqlite_held {
    dev_t device[SQLITE_FILES];
    ino_t inode[SQLITE_FILES];
    off_t size;       /* of the file, when it was looked at last */
    int log;          /* descriptor of the write-ahead log, to read; -1: none */
    int frames;       /* in the log after the last commit of this connection that wrote any */
    off_t log_end;    /* of the log, after the last commit; 0: not known */
    uint8_t salts[8]; /* that its frames had then */
};

/* struct sqlite_conn is a connection with its prepared statements. It belongs to one thread. */
struct sqlite_conn {
    sqlite3 *db; /* NULL: not connected */
    sqlite3_stmt *statements[SQL_COUNT];
    struct sqlite_held held;
    uint8_t place[STORE_PLACE]; /* where the entry of the group will stand */
};

struct sqlite_store {
    struct store base;
    char *path;
    char *node;
    struct queue writes, reads;
    struct sqlite_conn writer, reader;
    struct audit_chain chain;   /* the writer's */
    struct store_entry pending; /* written, and not known yet to be committed; seq 0: none */
    int64_t pending_id;         /* its row */
    pthread_t write_thread, read_thread;
    int file;                      /* descriptor of the file that was opened at start, without access to it */
    _Atomic int write_ok, read_ok; /* the last commit, the last read did not end as unavailable */
    _Atomic int is_lost;           /* 1: not the file of its name any more, or damaged; until the end */
};

/* sqlite_connect opens |path|, which sqlite_prepare_file has been through, and prepares every statement: a
 * table that is missing is found here. With |read_only| nothing can be written through it. What it has open
 * is noted in |conn|. Returns SQLITE_OK, or an error with |fault| written and nothing open. */
int sqlite_connect(struct sqlite_conn *conn, char *fault, const char *path, int read_only);

/* sqlite_disconnect closes |conn|; a connection that is not open is allowed. */
void sqlite_disconnect(struct sqlite_conn *conn);

/* sqlite_check_file tells what can be told of |path| without SQLite: whether it is there, a file, private,
 * and long enough for a store. Returns 1, or 0 with |fault| written. */
int sqlite_check_file(char *fault, const char *path);

/* sqlite_prepare_file makes |path| a store that this program can use, or tells why it is none: refuses what
 * is missing, empty, damaged, newer, or another program's, takes older schemas forward along |schema|.
 * Returns 1, or 0 with |fault| written. */
int sqlite_prepare_file(char *fault, const char *path, const struct sqlite_schema *schema);

/* sqlite_identify looks whether the file at |path| is a store of a form that this program can use, or take
 * forward. Returns 1, or 0 with |fault| written. */
int sqlite_identify(char *fault, const char *path);

/* sqlite_create makes an empty store at |path|, which is there whole or not at all. A store that is there
 * already is as good. Returns 1, or 0 with |fault| written. */
int sqlite_create(char *fault, const char *path);

/* sqlite_make_tables makes |path|, an empty file that nobody else knows, a store. Returns 1, or 0 with
 * |fault| written, which calls it |name|. */
int sqlite_make_tables(char *fault, const char *path, const char *name);

/* sqlite_backup and sqlite_restore are store_backup and store_restore (storage/admin.h), in backup.c. */
int sqlite_backup(char *fault, const char *url, const char *file, store_copied *copied, void *arg);
int sqlite_restore(char *fault, const char *url, const char *file, char **kept, store_copied *copied,
                   void *arg);

/* sqlite_hold notes which files |conn|, open since just now, has open. Returns 1, or 0 when |path| leads to
 * others. sqlite_let_go ends it, before the connection is closed. */
int sqlite_hold(struct sqlite_conn *conn, const char *path);
void sqlite_let_go(struct sqlite_conn *conn);

/* sqlite_lost returns NULL if |path| still leads to what |conn| has open, or else what is different. What is
 * in the log is looked at if a commit has set |conn|'s number of frames. */
const char *sqlite_lost(struct sqlite_conn *conn, const char *path);

/* sqlite_look ends the store's service if its path does not lead to what |conn| has open, as sqlite_lost
 * tells; sqlite_damaged ends it if |rc| says that the file is damaged. Return 1 if it has ended, now or
 * before. */
int sqlite_look(struct sqlite_store *store, struct sqlite_conn *conn);
int sqlite_damaged(struct sqlite_store *store, int rc);

/* sqlite_connected opens |conn|, one of |store|'s own, if it is not open; never another file than at start.
 * Returns 1, or 0 with the reason logged. */
int sqlite_connected(struct sqlite_store *store, struct sqlite_conn *conn);

/* sqlite_run steps |statement| once, to its end, and resets it. For statements without rows. */
int sqlite_run(struct sqlite_conn *conn, enum sqlite_statement statement);

/* Binding and reading. sqlite_bind binds octets without a copy: they must live until the statement is reset.
 * Empty octets are bound as such, never as NULL. */
int sqlite_bind(sqlite3_stmt *statement, int at, struct bytes value);
int sqlite_bind_words(sqlite3_stmt *statement, int at, struct bytes value); /* the same, as text */

/* sqlite_bind_row binds |issuer|, if rows of |table| have one, and all columns of |row|; |place| is what it
 * has for a column of places. Returns SQLITE_OK or an error. */
int sqlite_bind_row(sqlite3_stmt *statement, const struct store_table *table, struct bytes issuer,
                    const void *row, struct bytes place);

/* sqlite_read_row copies the row that |statement| stands on into |out| and |arena|. Returns SQLITE_OK,
 * SQLITE_NOMEM when the arena or SQLite's memory is used up, or SQLITE_CORRUPT for what is no such row. */
int sqlite_read_row(void *out, const struct store_table *table, sqlite3_stmt *statement, struct arena *arena);

/* sqlite_apply checks |unit|'s preconditions and writes it, but for its audit record, inside a transaction
 * that is open on |conn|; |apart| if it has a savepoint of its own: then a serial that is taken is a
 * conflict, else an error. Returns SQLITE_OK with |unit|'s outcome set: DONE if all is written, CONFLICT or
 * UNAVAILABLE if nothing is. Any other result is an error of a statement: parts may be written, and the
 * caller rolls back. */
int sqlite_apply(struct sqlite_conn *conn, struct store_unit *unit, int apart);

/* sqlite_commit_group applies |n| units in one commit and sets their outcomes; none is done unless it is in
 * the file that the store's path leads to. Returns 1, or 0 when the store did not answer as it should: the
 * store is unhealthy then. */
int sqlite_commit_group(struct sqlite_store *store, struct queue_entry *entries, size_t n);

/* sqlite_write_loop and sqlite_read_loop are the store's threads; |arg| is the sqlite_store. */
void *sqlite_write_loop(void *arg);
void *sqlite_read_loop(void *arg);

/* sqlite_path returns the path that |url| names, to be freed, or NULL without memory. sqlite_version returns
 * which version of the schema the file at |path| has; 0 if there is none, or it cannot be read. */
char *sqlite_path(const char *url);
int sqlite_version(const char *path);

/* sqlite_open_plain opens |path|, which must be there; closed by sqlite3_close also after an error. */
int sqlite_open_plain(sqlite3 **db, const char *path);

/* For tools (admin.h); each over a connection of its own. */
int sqlite_status(char *fault, const char *url, store_say *say, void *arg);
int sqlite_check(char *fault, const char *url, const struct store_check *check);
int sqlite_each_head(struct store *store, char *fault, int64_t before,
                     int (*each)(void *arg, const struct store_head *head), void *arg);
int sqlite_audit_purge(struct store *store, char *fault, int64_t before, const struct store_head *seals,
                       size_t count, uint64_t *entries);
int sqlite_each(struct store *store, char *fault, enum store_kind kind, struct bytes issuer,
                store_row_found *each, void *arg);

#endif
