/* held.c: the files that a connection has open are held against those that their names lead to.
 *
 * SQLite keeps writing into a file that was deleted or renamed, and so would tell that something is stored
 * which nobody can open any more. While a connection is open, none of its three files is ever another one:
 * the log (-wal) and its index (-shm) go with the last connection, and are made anew by the next first one.
 *
 * That the log was cut shows in what it holds. A writer sets it back to its beginning when all of it is in
 * the file, with other salts then; and a checkpoint of another process may empty it. Nothing else makes it
 * shorter. Its form: https://www.sqlite.org/fileformat2.html#the_write_ahead_log */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/log.h"

enum {
    LOG_MAGIC = 0x377f0682, /* the last bit tells the order of octets in sums */
    LOG_HEADER = 32,        /* octets: magic, format, page size, number of the checkpoint, salts, sums */
    LOG_PAGE_SIZE = 8,      /* where it is in it */
    LOG_SALTS = 16,
    FRAME_HEADER = 24, /* octets before each page: page, size of the file, salts, sums */
    FRAME_SALTS = 8,
    FILE_HEADER = 100,   /* octets */
    FILE_PAGE_SIZE = 16, /* where it is in it, two octets; 1 stands for the largest */
    FILE_PAGES = 28,
    PAGE_LARGEST = 65536,
    NAME_MAX_OCTETS = 4096,
    LOOKS = 3, /* at a log that another process may be setting back just now */
};

static const char *const ends[SQLITE_FILES] = {
    [SQLITE_FILE_MAIN] = "", [SQLITE_FILE_WAL] = "-wal", [SQLITE_FILE_SHM] = "-shm"};

static int look_at(struct stat *st, const char *path, int which)
{
    char name[NAME_MAX_OCTETS];
    if (snprintf(name, sizeof name, "%s%s", path, ends[which]) >= (int)sizeof name) {
        errno = ENAMETOOLONG;
        return 0;
    }
    return stat(name, st) == 0;
}

int sqlite_hold(struct sqlite_conn *conn, const char *path)
{
    struct sqlite_held *held = &conn->held;
    char name[NAME_MAX_OCTETS];
    int moved = 1;
    for (int i = 0; i < SQLITE_FILES; i++) {
        struct stat st;
        if (!look_at(&st, path, i))
            return 0;
        held->device[i] = st.st_dev;
        held->inode[i] = st.st_ino;
        held->size = i == SQLITE_FILE_MAIN ? st.st_size : held->size;
    }
    snprintf(name, sizeof name, "%s%s", path, ends[SQLITE_FILE_WAL]);
    /* Its locks are on the other two: closing this takes none from SQLite. */
    held->log = open(name, O_RDONLY | O_CLOEXEC);
    return held->log >= 0 &&
           sqlite3_file_control(conn->db, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && !moved;
}

void sqlite_let_go(struct sqlite_conn *conn)
{
    if (conn->db != NULL && conn->held.log >= 0)
        close(conn->held.log);
    conn->held.log = -1;
}

/* ---- what became of the log ---- */

enum log_state { LOG_WHOLE, LOG_SHORT, LOG_HOLE };

static uint32_t number(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

/* Looks at the log after a commit. */
static enum log_state look_at_log(struct sqlite_held *held)
{
    enum { SALTS = sizeof held->salts };
    uint8_t header[LOG_HEADER] = {0}, frame[FRAME_HEADER] = {0};
    struct stat st;
    if (pread(held->log, header, sizeof header, 0) != sizeof header)
        return LOG_SHORT;
    if ((number(header) & ~1U) != LOG_MAGIC)
        return LOG_HOLE;
    off_t step = FRAME_HEADER + (off_t)number(header + LOG_PAGE_SIZE), end = LOG_HEADER + held->frames * step;
    /* What was the last frame is where it was, while the log has not been set back. If it has been, by this
     * commit or after it, that frame may be of the log before: as good as a log that is too short. */
    int is_same = memcmp(held->salts, header + LOG_SALTS, SALTS) == 0;
    off_t last = held->log_end != 0 && is_same ? held->log_end : end;
    int is_foreign =
        last > LOG_HEADER && (pread(held->log, frame, sizeof frame, last - step) != sizeof frame ||
                              memcmp(frame + FRAME_SALTS, header + LOG_SALTS, SALTS) != 0);
    if (fstat(held->log, &st) != 0 || st.st_size < end || (is_foreign && !is_same))
        return LOG_SHORT;
    if (is_foreign)
        return LOG_HOLE;
    memcpy(held->salts, header + LOG_SALTS, SALTS);
    held->log_end = end;
    return LOG_WHOLE;
}

/* A log that is too short may have been emptied by a checkpoint of another process, or set back: then nothing
 * of ours is in it that is not in the file, and a checkpoint of ours says so. One that cannot read what it
 * needs fails. */
static int log_is_good(struct sqlite_conn *conn)
{
    enum log_state state = LOG_SHORT;
    if (conn->held.frames == 0)
        return 1;
    for (int i = 0; i < LOOKS; i++) {
        state = look_at_log(&conn->held);
        if (state == LOG_WHOLE)
            return 1;
    }
    conn->held.log_end = 0;
    if (state == LOG_HOLE)
        return 0;
    int rc = sqlite3_wal_checkpoint_v2(conn->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return rc == SQLITE_OK || rc == SQLITE_BUSY;
}

/* The file becomes shorter only when it has been packed (VACUUM), and then its own header says how long it
 * is. It is read through SQLite: closing another descriptor of it would take SQLite's locks. */
static int is_cut(struct sqlite_conn *conn, off_t size)
{
    uint8_t header[FILE_HEADER];
    sqlite3_file *file = NULL;
    off_t before = conn->held.size;
    conn->held.size = size;
    if (size >= before)
        return 0;
    if (sqlite3_file_control(conn->db, NULL, SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file->pMethods->xRead(file, header, sizeof header, 0) != SQLITE_OK)
        return 1;
    off_t page = header[FILE_PAGE_SIZE] << 8 | header[FILE_PAGE_SIZE + 1];
    return size < number(header + FILE_PAGES) * (page == 1 ? PAGE_LARGEST : page);
}

static const char sqlite_not_known[] = "the files could not be looked at";

const char *sqlite_lost(struct sqlite_conn *conn, const char *path)
{
    static const char *const gone[SQLITE_FILES] = {"the file is gone from its name",
                                                   "the write-ahead log (-wal) is gone from its name",
                                                   "the index of the log (-shm) is gone from its name"};
    static const char *const other[SQLITE_FILES] = {"there is another file of its name",
                                                    "there is another write-ahead log (-wal) of its name",
                                                    "there is another index of the log (-shm) of its name"};
    const struct sqlite_held *held = &conn->held;
    for (int i = 0; i < SQLITE_FILES; i++) {
        struct stat st;
        if (!look_at(&st, path, i))
            return errno == ENOENT || errno == ENOTDIR ? gone[i] : sqlite_not_known;
        if (st.st_dev != held->device[i] || st.st_ino != held->inode[i])
            return other[i];
        if (i == SQLITE_FILE_MAIN && is_cut(conn, st.st_size))
            return "the file was cut";
    }
    return log_is_good(conn) ? NULL : "the write-ahead log (-wal) was cut";
}

/* ---- the end of service ---- */

/* The last connection to close would write the log into the file, and remove the log by its name: that may be
 * another store's by now, and of this one all is left as it is. */
static void leave_as_it_is(const struct sqlite_conn *conn)
{
    if (conn->db != NULL)
        sqlite3_db_config(conn->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void end_service(struct sqlite_store *store, const char *why, const char *remedy)
{
    char text[512];
    if (atomic_exchange(&store->is_lost, 1))
        return;
    snprintf(text, sizeof text,
             "nothing is stored, and nothing answered from it, until a restart; %s, and start again", remedy);
    store_count_fault();
    log_line(LOG_ERROR, "store lost", log_text("path", store->path), log_text("why", why),
             log_text("text", text));
}

int sqlite_look(struct sqlite_store *store, struct sqlite_conn *conn)
{
    const char *why = conn->db == NULL ? NULL : sqlite_lost(conn, store->path);
    if (why == sqlite_not_known) {
        store_count_fault();
        log_line(LOG_ERROR, "store", log_word("doing", "look"), log_text("reason", why));
        return 1;
    }
    if (why != NULL)
        end_service(
            store, why,
            "bring the file and its log back to their names, or restore them from a backup (root can copy "
            "what this process has open from its folder fd in /proc until it ends)");
    if (!atomic_load(&store->is_lost))
        return 0;
    leave_as_it_is(conn);
    return 1;
}

int sqlite_damaged(struct sqlite_store *store, int rc)
{
    if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB)
        end_service(store, "the file is damaged", "restore it from a backup");
    return atomic_load(&store->is_lost);
}

static int is_first_file(const struct sqlite_store *store, const struct sqlite_conn *conn)
{
    struct stat st;
    return fstat(store->file, &st) == 0 && st.st_dev == conn->held.device[SQLITE_FILE_MAIN] &&
           st.st_ino == conn->held.inode[SQLITE_FILE_MAIN];
}

int sqlite_connected(struct sqlite_store *store, struct sqlite_conn *conn)
{
    char fault[STORE_FAULT_MAX];
    if (conn->db != NULL)
        return 1;
    if (atomic_load(&store->is_lost))
        return 0;
    int rc = sqlite_check_file(fault, store->path)
                 ? sqlite_connect(conn, fault, store->path, conn == &store->reader)
                 : SQLITE_CANTOPEN;
    if (rc == SQLITE_OK && is_first_file(store, conn))
        return 1;
    if (rc == SQLITE_OK) {
        leave_as_it_is(conn);
        sqlite_disconnect(conn);
        end_service(store, "there is another file of its name",
                    "bring the file back, or restore it from a backup");
    } else if (!sqlite_damaged(store, rc)) {
        store_count_fault();
        log_line(LOG_ERROR, "store", log_word("doing", "connect"), log_text("reason", fault));
    }
    return 0;
}
