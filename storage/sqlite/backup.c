/* backup.c: a copy of a store that is in use, and a copy put back into its place. Both go through SQLite:
 * what is in the write-ahead log belongs to the store, and a copy of the file alone lacks it. */
#define _GNU_SOURCE 1 /* asprintf, mkostemp */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/file.h"

enum {
    PAGES = 4096, /* that are copied between two calls of |copied| */
    /* Where every connection of SQLite holds a lock for as long as it is open (sqlite.org/fileformat.html,
       "lock bytes"). */
    LOCKS_AT = 0x40000002,
    LOCKS = 510,
    NAMES = 100, /* of former stores that may have one second */
};

/* 0, of what store_fault returns. */
static int no(const void *nothing)
{
    return nothing != NULL;
}

struct copying {
    char *fault;
    store_copied *copied;
    void *arg;
};

static int failed(const struct copying *copying, const char *path, sqlite3 *db, const char *doing)
{
    store_fault(copying->fault, "%s: %s: %s", path, doing, db != NULL ? sqlite3_errmsg(db) : "out of memory");
    return 0;
}

/* ---- the copy ---- */

/* All pages of |from| as they are at one moment: the transaction that has begun there keeps it. */
static int copy_pages(const struct copying *copying, sqlite3 *to, sqlite3 *from, const char *path)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int rc, goes_on = 1;

    if (backup == NULL)
        return failed(copying, path, to, "copying");
    do {
        rc = sqlite3_backup_step(backup, PAGES);
        if (rc == SQLITE_OK || rc == SQLITE_DONE) {
            int total = sqlite3_backup_pagecount(backup);
            goes_on = copying->copied(copying->arg, (uint64_t)(total - sqlite3_backup_remaining(backup)),
                                      (uint64_t)total);
        }
    } while (rc == SQLITE_OK && goes_on);
    if (sqlite3_backup_finish(backup) != SQLITE_OK)
        return failed(copying, path, to, "copying");
    if (rc != SQLITE_DONE && rc != SQLITE_OK)
        store_fault(copying->fault, "%s: copying: %s; nothing was written", path, sqlite3_errstr(rc));
    else if (rc != SQLITE_DONE)
        store_fault(copying->fault, "%s: broken off; nothing was written", path);
    return rc == SQLITE_DONE;
}

static int begins(sqlite3 *db)
{
    return sqlite3_exec(db, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK;
}

static int is_whole(void *arg, int columns, char **values, char **names)
{
    (void)names;
    *(int *)arg = columns == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
    return 0;
}

/* Every page is read once more: a copy that cannot be read back is none. */
static int check(const struct copying *copying, const char *path, const char *name)
{
    sqlite3 *db = NULL;
    int whole = 0;
    int ok = sqlite_open_plain(&db, path) == SQLITE_OK &&
             sqlite3_exec(db, "PRAGMA quick_check(1)", is_whole, &whole, NULL) == SQLITE_OK;

    if (!ok)
        failed(copying, name, db, "reading it");
    else if (!whole)
        store_fault(copying->fault, "%s is damaged: use another backup", name);
    sqlite3_close(db);
    return ok && whole;
}

/* Copies the store |from| into |to|, an empty file that nobody else knows; |name| stands for it in faults. */
static int copy(const struct copying *copying, const char *to, const char *name, const char *from)
{
    sqlite3 *source = NULL, *copied = NULL;
    int ok = sqlite_open_plain(&source, from) == SQLITE_OK && begins(source);

    if (!ok) {
        failed(copying, from, source, "reading it");
    } else if (sqlite_open_plain(&copied, to) != SQLITE_OK) {
        ok = failed(copying, name, copied, "writing it");
    } else {
        ok = copy_pages(copying, copied, source, name);
    }
    /* What it has to say of a failure is said. */
    if (sqlite3_close(copied) != SQLITE_OK || sqlite3_close(source) != SQLITE_OK)
        abort();
    return ok && check(copying, to, name);
}

/* ---- files ---- */

/* A new file beside |path|, for this user alone, to be given that name when it is whole; NULL with the fault
 * written. */
static char *make_beside(char *fault, const char *path)
{
    char *name;
    int fd;

    if (asprintf(&name, "%s.new-XXXXXX", path) < 0)
        return store_fault(fault, "out of memory");
    if ((fd = mkostemp(name, O_CLOEXEC)) < 0) {
        store_fault(fault, "%s cannot be made: %s; name a file in a folder that this user may write", path,
                    strerror(errno));
        free(name);
        return NULL;
    }
    close(fd);
    return name;
}

/* There are file systems without the one, and others without the other. */
static int put(const char *made, const char *path)
{
    return renameat2(AT_FDCWD, made, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ||
           ((errno == EINVAL || errno == ENOSYS) && link(made, path) == 0);
}

/* Gives |made| the name |path|, where nothing is. */
static int give_name(char *fault, const char *made, const char *path)
{
    int fd = open(made, O_RDONLY | O_CLOEXEC);
    int ok = fd >= 0 && fsync(fd) == 0 && put(made, path) && file_sync_folder(path);

    if (!ok)
        store_fault(fault, "%s cannot be made: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Copies |from| to |path|, which is there whole then, or not at all. */
static int copy_to(const struct copying *copying, const char *path, const char *from)
{
    char *made = make_beside(copying->fault, path);
    int ok;

    if (made == NULL)
        return 0;
    ok = copy(copying, made, path, from) && give_name(copying->fault, made, path);
    unlink(made);
    free(made);
    return ok;
}

/* ---- backup and restore ---- */

int sqlite_backup(char *fault, const char *url, const char *file, store_copied *copied, void *arg)
{
    const struct copying copying = {fault, copied, arg};
    struct stat st;
    char *path = sqlite_path(url);
    int ok = path != NULL;

    if (!ok)
        store_fault(fault, "out of memory");
    if (ok && lstat(file, &st) == 0)
        ok = no(store_fault(fault, "%s is there already: name a new file", file));
    ok =
        ok && sqlite_check_file(fault, path) && sqlite_identify(fault, path) && copy_to(&copying, file, path);
    free(path);
    return ok;
}

/* Whether a process has the store at |path| open. Its own number is not told: one that asks may not have it
 * open. */
static int is_in_use(char *fault, const char *path)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCKS_AT, .l_len = LOCKS};
    int fd = open(path, O_RDWR | O_CLOEXEC), in_use;

    in_use = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    if (in_use)
        store_fault(fault, "process %ld has %s open: stop it first", (long)lock.l_pid, path);
    if (fd >= 0)
        close(fd);
    return in_use;
}

/* The files of a store; its own comes last, so that what is moved by half is no store without its log. */
static const char *const ends[] = {"-wal", "-shm", "-journal", ""};

enum { ENDS = sizeof ends / sizeof ends[0] };

/* Renames |from| with the end |i| to |to| with that end. 1, also where nothing is; else 0 with errno set. */
static int move(const char *from, const char *to, size_t i)
{
    char *old = NULL, *new = NULL;
    int ok = asprintf(&old, "%s%s", from, ends[i]) >= 0;

    ok = ok && asprintf(&new, "%s%s", to, ends[i]) >= 0;
    ok = ok && (put(old, new) || errno == ENOENT);
    ok = ok && (unlink(old) == 0 || errno == ENOENT); /* where it was given a second name */
    free(old);
    free(new);
    return ok;
}

static void move_back(const char *kept, const char *path)
{
    for (size_t i = 0; i < ENDS; i++)
        move(kept, path, i);
}

/* A name that nothing beside |path| begins with, which tells when; NULL with the fault written. */
static char *free_name(char *fault, const char *path)
{
    char when[32], *name;
    struct stat st;
    struct tm tm;
    time_t now = time(NULL);

    strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
    for (int n = 1; n <= NAMES; n++) {
        if (asprintf(&name, "%s.before-%s-%d", path, when, n) < 0)
            return store_fault(fault, "out of memory");
        if (lstat(name, &st) != 0 && errno == ENOENT)
            return name;
        free(name);
    }
    return store_fault(fault, "%s.before-%s-1 and others like it are there already: move them away", path,
                       when);
}

/* What was there may be wanted: its files get other names, |kept| is what they begin with. All of them, or
 * none. */
static int move_aside(char *fault, char **kept, const char *path)
{
    if ((*kept = free_name(fault, path)) == NULL)
        return 0;
    for (size_t i = 0; i < ENDS; i++)
        if (!move(path, *kept, i)) {
            store_fault(fault, "%s cannot be moved aside: %s", path, strerror(errno));
            move_back(*kept, path);
            return 0;
        }
    return 1;
}

/* Puts |made| in the place of the store at |path|, or leaves all as it was. */
static int exchange(char *fault, char **kept, const char *made, const char *path)
{
    struct stat st;

    /* Copying has taken its time: a server may have started meanwhile. */
    if (is_in_use(fault, path) || !move_aside(fault, kept, path))
        return 0;
    if (!give_name(fault, made, path)) {
        move_back(*kept, path);
        return 0;
    }
    if (stat(*kept, &st) != 0)
        **kept = 0;
    return 1;
}

/* One restore at a time: the folder of |path| is locked for as long as what is returned is open; -1 with the
 * fault written. */
static int lock_folder(char *fault, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    int fd = folder != NULL ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (fd < 0)
        store_fault(fault, "the folder of %s cannot be opened: %s", path, strerror(errno));
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        store_fault(fault, "another restore of %s is at work: wait for it", path);
        close(fd);
        fd = -1;
    }
    free(folder);
    return fd;
}

int sqlite_restore(char *fault, const char *url, const char *file, char **kept, store_copied *copied,
                   void *arg)
{
    const struct copying copying = {fault, copied, arg};
    char *path = sqlite_path(url), *made = NULL;
    int ok = path != NULL, lock = -1;

    *kept = NULL;
    if (!ok)
        store_fault(fault, "out of memory");
    ok = ok && (lock = lock_folder(fault, path)) >= 0 && sqlite_check_file(fault, file) &&
         sqlite_identify(fault, file) && !is_in_use(fault, path) &&
         (made = make_beside(fault, path)) != NULL && copy(&copying, made, path, file) &&
         exchange(fault, kept, made, path);
    if (!ok) {
        free(*kept);
        *kept = NULL;
    }
    if (lock >= 0)
        close(lock);
    if (made != NULL)
        unlink(made);
    free(made);
    free(path);
    return ok;
}
