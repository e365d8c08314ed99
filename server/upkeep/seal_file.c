/* The file of seals: opened or made anew, a line appended, synced. */
#include "server/upkeep/seal_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/file.h"

void seal_file_close(struct seal_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

static int make_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (slash == NULL || slash == path ||
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path) >= (int)sizeof folder)
        return 0;
    return mkdir(folder, 0700) == 0 && file_sync_folder(folder);
}

/* What was deleted, or moved away to be kept, can still be written into, and nobody would find it. */
static int is_at(const struct seal_file *file, const char *path)
{
    struct stat open, named;

    return file->fd >= 0 && fstat(file->fd, &open) == 0 && lstat(path, &named) == 0 &&
           open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

int seal_file_prepare(struct seal_file *file, const char *path)
{
    static const int how = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW;

    if (is_at(file, path))
        return 1;
    seal_file_close(file);
    file->fd = open(path, how, 0600);
    if (file->fd < 0 && errno == ENOENT && make_folder(path))
        file->fd = open(path, how, 0600);
    if (file->fd >= 0 && !file_sync_folder(path))
        seal_file_close(file);
    return file->fd >= 0;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        text += n;
        len -= (size_t)n;
    }
    return fsync(fd) == 0;
}

int seal_file_append(struct seal_file *file, const char *path, const char *line, size_t len)
{
    struct stat before;
    int error;

    if (!seal_file_prepare(file, path) || fstat(file->fd, &before) != 0)
        return 0;
    if (write_all(file->fd, line, len))
        return 1;
    /* Half a line would spoil the next one. */
    error = errno;
    if (ftruncate(file->fd, before.st_size) != 0)
        seal_file_close(file);
    errno = error;
    return 0;
}
