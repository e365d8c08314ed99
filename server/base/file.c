/* file.c: see file.h. */

#define _GNU_SOURCE 1 /* mkostemp */
#include "server/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_READ_FIRST = 4096, /* what is allocated for a file that tells no size */
    FILE_TEMP_EXTRA = 32,   /* octets that a temporary name is longer than its target */
};

/* Opened non-blocking, so that a named pipe in place of a key file is a fault and not a wait without end. */
static int open_regular(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, st) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    if (!S_ISREG(st->st_mode)) {
        close(fd);
        errno = S_ISDIR(st->st_mode) ? EISDIR : EINVAL;
        return -1;
    }
    return fd;
}

/* The size that fstat told is a hint only: the file may grow meanwhile. Old buffers are wiped, not
 * realloc'ed, as they may hold a part of a key. */
static int read_all(int fd, uint8_t **out, size_t *out_len, size_t room, size_t limit)
{
    size_t used = 0;
    uint8_t *data = malloc(room + 1);
    if (data == NULL)
        return 0;
    for (;;) {
        if (used == room) {
            if (room > limit)
                break;
            size_t more = room > limit / 2 ? limit + 1 : room * 2;
            uint8_t *bigger = malloc(more + 1);
            if (bigger != NULL)
                memcpy(bigger, data, used);
            file_free(data, used);
            if (bigger == NULL) {
                errno = ENOMEM;
                return 0;
            }
            data = bigger;
            room = more;
        }
        ssize_t got = read(fd, data + used, room - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int saved = errno;
            file_free(data, used);
            errno = saved;
            return 0;
        }
        if (got == 0)
            break;
        used += (size_t)got;
    }
    if (used > limit) {
        file_free(data, used);
        errno = EFBIG;
        return 0;
    }
    data[used] = 0;
    *out = data;
    *out_len = used;
    return 1;
}

int file_read(uint8_t **out, size_t *out_len, const char *path, size_t limit)
{
    struct stat st;
    *out = NULL;
    *out_len = 0;
    if (limit > SIZE_MAX / 4) /* room for the arithmetic of growing */
        limit = SIZE_MAX / 4;
    int fd = open_regular(path, &st);
    if (fd < 0)
        return 0;
    if (st.st_size > 0 && (uint64_t)st.st_size > limit) {
        close(fd);
        errno = EFBIG;
        return 0;
    }
    /* One more than expected: the read that finds the end needs no second allocation. */
    size_t room = st.st_size > 0 ? (size_t)st.st_size + 1 : FILE_READ_FIRST;
    if (room > limit + 1)
        room = limit + 1;
    int ok = read_all(fd, out, out_len, room, limit);
    int saved = errno;
    close(fd);
    errno = saved;
    return ok;
}

void file_free(uint8_t *data, size_t len)
{
    if (data != NULL)
        explicit_bzero(data, len);
    free(data);
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return 0;
        data += put;
        len -= (size_t)put;
    }
    return 1;
}

int file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    if (folder == NULL)
        return 0;
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int saved = errno;
    free(folder);
    if (fd < 0) {
        errno = saved;
        return 0;
    }
    int ok = fsync(fd) == 0;
    saved = errno;
    close(fd);
    errno = saved;
    return ok;
}

/* link(2) fails where the name exists, which rename(2) does not: no look first and act later. */
size_t file_first_line(const uint8_t *text)
{
    return strcspn((const char *)text, "\r\n");
}

static int put_in_place(const char *temp, const char *path, int must_be_new)
{
    if (!must_be_new)
        return rename(temp, path) == 0;
    if (link(temp, path) != 0)
        return 0;
    unlink(temp);
    return 1;
}

int file_write(const char *path, const void *data, size_t len, unsigned mode, int must_be_new)
{
    size_t size = strlen(path) + FILE_TEMP_EXTRA;
    char *temp = malloc(size);
    if (temp == NULL)
        return 0;
    snprintf(temp, size, "%s.new-XXXXXX", path);
    int fd = mkostemp(temp, O_CLOEXEC); /* made with 0600: never readable to others, not even for a moment */
    if (fd < 0) {
        int saved = errno;
        free(temp);
        errno = saved;
        return 0;
    }
    int ok = write_all(fd, data, len) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    int saved = errno;
    if (close(fd) != 0 && ok) {
        saved = errno;
        ok = 0;
    }
    if (ok && !put_in_place(temp, path, must_be_new)) {
        saved = errno;
        ok = 0;
    }
    if (!ok)
        unlink(temp);
    free(temp);
    if (ok)
        return file_sync_folder(path);
    errno = saved;
    return 0;
}

int file_is_private(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return 0;
    errno = 0;
    return (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

uint64_t file_stamp(uint64_t stamp, const char *path)
{
    struct stat st = {.st_size = 0};

    if (stat(path, &st) != 0)
        st.st_size = -1;
    const uint64_t parts[] = {(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size,
                              (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        stamp = (stamp ^ parts[i]) * UINT64_C(0x100000001b3); /* FNV-1a, a word at a time */
    return stamp;
}
