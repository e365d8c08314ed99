#include "tests/support/disk.h"

#include <sqlite3.h>
#include <stddef.h>

#include "tests/support/must.h"

enum { DATABASE, LOG, KINDS };

struct disk disk;

static struct {
    sqlite3_io_methods methods[KINDS];
    const sqlite3_io_methods *real[KINDS];
    int (*real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
} layer;

static int disk_fails(void)
{
    if (atomic_load(&disk.countdown) == 0 || atomic_fetch_sub(&disk.countdown, 1) != 1)
        return SQLITE_OK;
    atomic_fetch_add(&disk.hit, 1);
    return atomic_load(&disk.code);
}

static int kind_of(const sqlite3_file *file)
{
    return file->pMethods == &layer.methods[DATABASE] ? DATABASE : LOG;
}

static int disk_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    int rc = disk_fails();
    if (kind_of(file) == LOG) {
        atomic_fetch_add(&disk.written, 1);
        atomic_fetch_add(&disk.unsynced, 1);
    }
    return rc != SQLITE_OK ? rc : layer.real[kind_of(file)]->xWrite(file, data, len, at);
}

static int disk_sync(sqlite3_file *file, int flags)
{
    int rc = disk_fails(); /* a full disk shows at writes; a sync only fails */
    if (kind_of(file) == LOG && atomic_exchange(&disk.sync_fails, 0))
        rc = SQLITE_IOERR_FSYNC;
    if (rc == SQLITE_OK)
        rc = layer.real[kind_of(file)]->xSync(file, flags);
    else
        rc = SQLITE_IOERR_FSYNC;
    if (rc == SQLITE_OK && kind_of(file) == LOG)
        atomic_store(&disk.unsynced, 0);
    return rc;
}

static int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    int rc = layer.real_open(vfs, name, file, flags, out_flags);
    if (rc != SQLITE_OK || (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
        return rc;
    int kind = flags & SQLITE_OPEN_WAL ? LOG : DATABASE;
    if (layer.real[kind] == NULL) {
        layer.real[kind] = file->pMethods;
        layer.methods[kind] = *file->pMethods;
        layer.methods[kind].xWrite = disk_write;
        layer.methods[kind].xSync = disk_sync;
        if (disk.has_no_index)
            layer.methods[kind].iVersion = 1;
    }
    file->pMethods = &layer.methods[kind];
    return rc;
}

void disk_install(void)
{
    static sqlite3_vfs vfs;
    vfs = *sqlite3_vfs_find(NULL);
    vfs.zName = "failing";
    vfs.pNext = NULL;
    layer.real_open = vfs.xOpen;
    vfs.xOpen = disk_open;
    must(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}
