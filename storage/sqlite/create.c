/* create.c: an empty store. The file is made under another name and gets its own when it is whole, so that a
 * store whose making was interrupted is never taken for one. */
#define _GNU_SOURCE 1 /* asprintf, mkostemp */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"
#include "server/base/file.h"

/* The folder of a new store: made if only it is missing, so that the default setting works in a new
 * directory. */
static int make_folder(char *fault, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (folder == NULL) {
        store_fault(fault, "out of memory");
        return 0;
    }
    int ok = mkdir(folder, 0700) == 0 || errno == EEXIST;
    if (ok)
        file_sync_folder(folder);
    else
        store_fault(fault, "folder %s cannot be made: %s; make it, owned by the user that runs this program",
                    folder, strerror(errno));
    free(folder);
    return ok;
}

/* What a lost store has left: SQLite would play an old log into a new file. */
static int find_remains(char *fault, const char *path)
{
    static const char *const ends[] = {"-wal", "-journal"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct stat st;
        char *name;
        if (asprintf(&name, "%s%s", path, ends[i]) < 0) {
            store_fault(fault, "out of memory");
            return 1;
        }
        int is_there = lstat(name, &st) == 0 && lstat(path, &st) != 0; /* both: another process was faster */
        if (is_there)
            store_fault(fault,
                        "%s is there, but not the store that it belongs to; restore that, or move it away",
                        name);
        free(name);
        if (is_there)
            return 1;
    }
    return 0;
}

/* Gives |made| the name |path|, unless that is taken: then another process was faster, which is as good. */
static int give_name(char *fault, const char *made, const char *path)
{
    int fd = open(made, O_RDONLY | O_CLOEXEC);
    int ok =
        fd >= 0 && fsync(fd) == 0 && (link(made, path) == 0 || errno == EEXIST) && file_sync_folder(path);
    if (!ok)
        store_fault(fault, "%s cannot be made: %s; let the user that runs this program write its folder",
                    path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* Made here and not by SQLite, so that it is never readable by others. */
static int make(char *fault, const char *path)
{
    char *name;
    if (asprintf(&name, "%s.new-XXXXXX", path) < 0) {
        store_fault(fault, "out of memory");
        return 0;
    }
    int fd = mkostemp(name, O_CLOEXEC), ok = 0;
    if (fd < 0) {
        store_fault(fault, "%s cannot be made: %s; let the user that runs this program write its folder",
                    path, strerror(errno));
    } else {
        close(fd);
        ok = sqlite_make_tables(fault, name, path) && give_name(fault, name, path);
        unlink(name);
    }
    free(name);
    return ok;
}

int sqlite_create(char *fault, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 && errno == ENOENT &&
        (!make_folder(fault, path) || find_remains(fault, path) || !make(fault, path)))
        return 0;
    return sqlite_prepare_file(fault, path, &sqlite_schema);
}
