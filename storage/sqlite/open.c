/* open.c: a file becomes a store, or a fault that tells why it does not.
 *
 * How much of a file is looked at: its header, its schema (every statement is prepared), and its pages by
 * SQLite's quick_check while it is small enough for that to take about a second. A larger one is started on
 * without the last: a start after a power cut must not take minutes. Damage in it shows at the read that
 * meets it, which fails as unavailable and is logged; nothing is repaired by guess in either case. */
#define _GNU_SOURCE 1 /* euidaccess */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/file.h"
#include "server/base/log.h"

enum {
    CHECK_WHOLE_MAX = 256 * 1024 * 1024, /* octets of a file up to which every page is checked at start */
    SMALLEST_PAGE = 512,                 /* octets of a page of SQLite */
    PRAGMA_MAX = 96,
    RETRY_MS = 20, /* between attempts at what SQLite's own waiting does not cover */
};

#define NOT_A_STORE                                                                                          \
    "%s is not a store of this program, or its beginning is damaged; name another file, or restore it from " \
    "a backup"
#define NO_STORE                                                                                             \
    "there is no store at %s; restore it from a backup, or, if there never was one, make it: cmpctl init "   \
    "--empty-store FILE, with the configuration"
#define OTHER_FORM                                                                                           \
    "the tables of %s have a form of before the first release, which this program cannot read; keep the "    \
    "file with the program that wrote it, and make a new store: run cmpctl init --empty-store FILE, with "   \
    "the configuration"
#define EMPTY                                                                                                \
    "%s is empty, and no store; restore it from a backup, or, if there never was one, remove the file and "  \
    "make it: cmpctl init --empty-store FILE, with the configuration"

/* What can be told without SQLite. The file is not opened here: closing it again would drop the locks of a
 * store that this process may have on it already. */
int sqlite_check_file(char *fault, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (errno == ENOENT) {
            store_fault(fault, NO_STORE, path);
            return 0;
        }
        store_fault(fault, "%s cannot be looked at: %s; let the user that runs this program enter its folder",
                    path, strerror(errno));
        return 0;
    }
    if (!S_ISREG(st.st_mode)) {
        store_fault(fault, "%s is not a file; name a file for the store", path);
        return 0;
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        store_fault(fault, "%s is open to other users (mode %03o); run: chmod 600 %s", path,
                    (unsigned)st.st_mode & 0777, path);
        return 0;
    }
    if (euidaccess(path, R_OK | W_OK) != 0) {
        store_fault(fault,
                    "%s cannot be opened for writing: %s; it must belong to the user that runs this program",
                    path, strerror(errno));
        return 0;
    }
    /* SQLite takes a file shorter than its smallest page for an empty one: it would write over it, and remove
     * a write-ahead log that may hold all that was in it. */
    if (st.st_size < SMALLEST_PAGE) {
        store_fault(fault, st.st_size == 0 ? EMPTY : NOT_A_STORE, path);
        return 0;
    }
    return 1;
}

static int fault_sqlite(char *fault, const char *path, sqlite3 *db, int rc, const char *doing)
{
    int extended = db != NULL ? sqlite3_extended_errcode(db) : rc;
    const char *hint;
    switch (rc & 0xff) {
    case SQLITE_NOTADB:
        store_fault(fault, NOT_A_STORE, path);
        return 0;
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* an unknown table or column: the schema is not what its version says */
        hint = "the file is damaged: restore it from a backup; nothing was changed";
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        hint = "another process keeps it locked: find it (fuser), and end it or wait";
        break;
    case SQLITE_FULL:
        hint = "make room on the disk";
        break;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        hint = "the file and its folder must be writable by the user that runs this program";
        break;
    case SQLITE_IOERR:
        hint = "the disk reports an error: look at the kernel's log";
        break;
    default:
        hint = "look at the file and its disk";
    }
    store_fault(fault, "%s: %s: %s (%d); %s", path, doing,
                db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc), extended, hint);
    return 0;
}

static int read_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    int end = sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? SQLITE_OK : end != SQLITE_OK ? end : SQLITE_ERROR;
}

int sqlite_open_plain(sqlite3 **db, const char *path)
{
    /* No lock of its own: a connection belongs to one thread. */
    int rc = sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(*db, 1);
        sqlite3_busy_timeout(*db, SQLITE_BUSY_MS);
    }
    return rc;
}

int sqlite_version(const char *path)
{
    sqlite3 *db = NULL;
    int64_t version = 0;
    if (sqlite_open_plain(&db, path) != SQLITE_OK ||
        read_number(db, "PRAGMA user_version", &version) != SQLITE_OK)
        version = 0;
    sqlite3_close(db);
    return (int)version;
}

struct identity {
    int64_t application, version, objects, form;
};

/* A store without the table is of a form of its own. */
static int read_form(sqlite3 *db, int64_t *form)
{
    int64_t is_there = 0;
    int rc = read_number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'form'", &is_there);
    *form = 0;
    if (rc == SQLITE_OK && is_there)
        rc = read_number(db, "SELECT ifnull(max(form), 0) FROM form", form);
    return rc;
}

/* All of it belongs together: read inside a transaction, it cannot be from before and after another
 * process's work. */
static int identify(sqlite3 *db, struct identity *id)
{
    int rc = read_number(db, "PRAGMA application_id", &id->application);
    if (rc == SQLITE_OK)
        rc = read_number(db, "PRAGMA user_version", &id->version);
    if (rc == SQLITE_OK)
        rc = read_number(db, "SELECT count(*) FROM sqlite_schema", &id->objects);
    return rc == SQLITE_OK ? read_form(db, &id->form) : rc;
}

static int check_identity(char *fault, const char *path, const struct sqlite_schema *schema,
                          const struct identity *id)
{
    if (id->application == 0 && id->version == 0 && id->objects == 0)
        store_fault(fault, EMPTY, path);
    else if (id->application != SQLITE_APPLICATION)
        store_fault(fault, "%s is a database of another program; name another file for the store", path);
    else if (id->version < 1)
        store_fault(fault, "%s is damaged: it names no schema version; restore it from a backup", path);
    else if (id->form != sql_form(schema->steps[0]))
        store_fault(fault, OTHER_FORM, path);
    else if (id->version > schema->version)
        store_fault(fault,
                    "%s was written by a newer version (schema %lld, this program knows %d); start the newer "
                    "program, "
                    "or restore the backup made before it ran",
                    path, (long long)id->version, schema->version);
    else
        return 1;
    return 0;
}

/* The steps from |from| on. The first one's text is noted: of which form the tables are. */
static int take_steps(sqlite3 *db, const struct sqlite_schema *schema, int64_t from)
{
    char sql[PRAGMA_MAX];
    int rc = SQLITE_OK;
    for (int64_t step = from; rc == SQLITE_OK && step < schema->version; step++) {
        rc = sqlite3_exec(db, schema->steps[step], NULL, NULL, NULL);
        if (rc == SQLITE_OK && from != 0)
            log_line(LOG_INFO, "store schema", log_number("from", step), log_number("to", step + 1));
    }
    snprintf(sql, sizeof sql, "INSERT INTO form VALUES (1, %lld)", (long long)sql_form(schema->steps[0]));
    if (rc == SQLITE_OK && from == 0)
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d", SQLITE_APPLICATION,
             schema->version);
    return rc == SQLITE_OK ? sqlite3_exec(db, sql, NULL, NULL, NULL) : rc;
}

/* One transaction: after an interruption the file is at the old version or at the new one. The version is
 * read again under the write lock, as two processes may start at once. */
static int migrate(char *fault, const char *path, sqlite3 *db, const struct sqlite_schema *schema, int is_new)
{
    struct identity id;
    int rc = sqlite3_exec(db, "PRAGMA synchronous = FULL; BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = identify(db, &id);
    if (rc != SQLITE_OK)
        return fault_sqlite(fault, path, db, rc, "taking the schema forward");
    if (!is_new && !check_identity(fault, path, schema, &id))
        return 0;
    rc = take_steps(db, schema, id.version);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return rc == SQLITE_OK ? 1 : fault_sqlite(fault, path, db, rc, "taking the schema forward");
}

/* quick_check answers in rows: "ok", or one line for each fault that it found. */
static int check_pages(char *fault, const char *path, sqlite3 *db)
{
    struct stat st;
    char quoted[256];
    sqlite3_stmt *statement;
    if (stat(path, &st) == 0 && st.st_size > CHECK_WHOLE_MAX) {
        log_line(LOG_INFO, "store not checked whole", log_text("path", path),
                 log_number("octets", st.st_size));
        return 1;
    }
    int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return fault_sqlite(fault, path, db, rc, "checking");
    rc = sqlite3_step(statement);
    const char *answer = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    int ok = answer != NULL && strcmp(answer, "ok") == 0;
    if (!ok && answer != NULL) {
        log_quote(quoted, sizeof quoted, bytes_str(answer));
        store_fault(fault, "%s is damaged (%s); restore it from a backup; nothing was changed", path, quoted);
    } else if (!ok) {
        fault_sqlite(fault, path, db, rc, "checking");
    }
    sqlite3_finalize(statement);
    return ok;
}

/* The mode is kept in the file: every later connection is in it, too. Where it cannot be set, the answer is
 * another mode and no error. */
static int use_wal(char *fault, const char *path, sqlite3 *db)
{
    sqlite3_stmt *statement;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (rc != SQLITE_OK)
        return fault_sqlite(fault, path, db, rc, "setting up the write-ahead log");
    /* Two that change the mode at once hold a lock each: one is told so without a wait, and tries again. */
    for (int waited = 0; waited < SQLITE_BUSY_MS; waited += RETRY_MS) {
        rc = sqlite3_step(statement);
        if ((rc & 0xff) != SQLITE_BUSY)
            break;
        sqlite3_reset(statement);
        sqlite3_sleep(RETRY_MS);
    }
    const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    int ok = mode != NULL && strcmp(mode, "wal") == 0;
    if (!ok && rc == SQLITE_ROW)
        store_fault(
            fault, "%s: this file system cannot hold a write-ahead log; put the store on a local disk", path);
    else if (!ok)
        fault_sqlite(fault, path, db, rc, "setting up the write-ahead log");
    sqlite3_finalize(statement);
    return ok;
}

static int prepare_database(char *fault, const char *path, sqlite3 *db, const struct sqlite_schema *schema)
{
    struct identity id;
    int rc = sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = identify(db, &id);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return fault_sqlite(fault, path, db, rc, "reading");
    if (!check_identity(fault, path, schema, &id))
        return 0;
    if (!check_pages(fault, path, db) || !use_wal(fault, path, db))
        return 0;
    return id.version == schema->version || migrate(fault, path, db, schema, 0);
}

int sqlite_identify(char *fault, const char *path)
{
    struct identity id;
    sqlite3 *db = NULL;
    int rc = sqlite_open_plain(&db, path);
    if (rc == SQLITE_OK)
        rc = identify(db, &id);
    int ok = rc == SQLITE_OK ? check_identity(fault, path, &sqlite_schema, &id)
                             : fault_sqlite(fault, path, db, rc, "reading");
    sqlite3_close(db);
    return ok;
}

/* |*again| tells that another process removed a journal that this one was about to remove: nothing is wrong.
 */
static int prepare_once(char *fault, int *again, const char *path, const struct sqlite_schema *schema)
{
    sqlite3 *db = NULL;
    int rc = sqlite_open_plain(&db, path);
    int ok = rc == SQLITE_OK ? prepare_database(fault, path, db, schema)
                             : fault_sqlite(fault, path, db, rc, "opening");
    *again = !ok && db != NULL && sqlite3_extended_errcode(db) == SQLITE_IOERR_DELETE_NOENT;
    sqlite3_close(db);
    return ok;
}

int sqlite_make_tables(char *fault, const char *path, const char *name)
{
    sqlite3 *db = NULL;
    int rc = sqlite_open_plain(&db, path);
    int ok = rc == SQLITE_OK ? use_wal(fault, name, db) && migrate(fault, name, db, &sqlite_schema, 1)
                             : fault_sqlite(fault, name, db, rc, "opening");
    /* The last connection takes the log along: what it held is in the file. */
    if (sqlite3_close(db) != SQLITE_OK && ok)
        ok = fault_sqlite(fault, name, db, SQLITE_IOERR, "closing");
    return ok;
}

int sqlite_prepare_file(char *fault, const char *path, const struct sqlite_schema *schema)
{
    int ok = 0, again = sqlite_check_file(fault, path);
    for (int waited = 0; again && !ok && waited < SQLITE_BUSY_MS; waited += RETRY_MS) {
        ok = prepare_once(fault, &again, path, schema);
        if (again)
            sqlite3_sleep(RETRY_MS);
    }
    return ok;
}

static int note_frames(void *arg, sqlite3 *db, const char *name, int frames)
{
    struct sqlite_conn *conn = arg;
    (void)db;
    (void)name;
    conn->held.frames = frames;
    return SQLITE_OK;
}

/* The text of no statement gives none. */
static int prepare_all(struct sqlite_conn *conn)
{
    struct sql sql;
    int rc = SQLITE_OK;
    for (int i = 0; rc == SQLITE_OK && i < SQL_COUNT; i++) {
        sqlite_text(&sql, (enum sqlite_statement)i);
        rc =
            sqlite3_prepare_v3(conn->db, sql.text, -1, SQLITE_PREPARE_PERSISTENT, &conn->statements[i], NULL);
    }
    return rc;
}

int sqlite_connect(struct sqlite_conn *conn, char *fault, const char *path, int read_only)
{
    char pragmas[4 * PRAGMA_MAX];
    memset(conn, 0, sizeof *conn);
    conn->held.log = -1;
    int rc = sqlite_open_plain(&conn->db, path);
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = %d; "
             "PRAGMA cache_size = -%d; PRAGMA temp_store = MEMORY; PRAGMA query_only = %d",
             4 * SQLITE_CHECKPOINT_PAGES * 4096, SQLITE_CACHE_KIB, read_only);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(conn->db, pragmas, NULL, NULL, NULL);
    /* In the place of SQLite's own, which would bring the log into the file before it is looked at. */
    if (rc == SQLITE_OK && !read_only)
        sqlite3_wal_hook(conn->db, note_frames, conn);
    if (rc == SQLITE_OK)
        rc = prepare_all(conn);
    if (rc != SQLITE_OK) {
        fault_sqlite(fault, path, conn->db, rc, "opening");
    } else if (!sqlite_hold(conn, path)) {
        rc = SQLITE_CANTOPEN;
        store_fault(fault, "%s was taken away or replaced while it was opened; start again", path);
    }
    if (rc != SQLITE_OK)
        sqlite_disconnect(conn);
    return rc;
}

void sqlite_disconnect(struct sqlite_conn *conn)
{
    sqlite_let_go(conn);
    for (int i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(conn->statements[i]);
    sqlite3_close(conn->db);
    memset(conn, 0, sizeof *conn);
}

int sqlite_run(struct sqlite_conn *conn, enum sqlite_statement statement)
{
    int rc = sqlite3_step(conn->statements[statement]);
    int end = sqlite3_reset(conn->statements[statement]);
    if (rc == SQLITE_DONE || rc == SQLITE_ROW)
        return end;
    return rc;
}
