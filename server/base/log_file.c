/* log_file.c: the file that lines are appended to, opened anew when it was moved away. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/base/log_internal.h"

static struct {
    int fd; /* the same for as long as the process lives: whoever writes need not be told of another file */
    char *path;
    mode_t mode;
} file = {.fd = -1};

/* Not blocking, for what is no file: a pipe without a reader would be waited for. */
static int open_file(const char *path, mode_t mode)
{
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    int fd = open(path, flags | O_CREAT | O_EXCL, mode), saved;
    struct stat seen;

    if (fd >= 0 && fchmod(fd, mode) == 0) /* whatever the umask is */
        return fd;
    if (fd < 0 && errno == EEXIST)
        fd = open(path, flags);
    if (fd >= 0 && fstat(fd, &seen) == 0 && S_ISREG(seen.st_mode))
        return fd;
    saved = fd >= 0 ? EINVAL : errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
    return -1;
}

int log_to_file(const char *path, mode_t mode)
{
    int fd = open_file(path, mode);
    char *copy = fd >= 0 ? strdup(path) : NULL;

    if (copy == NULL) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    file.fd = fd;
    file.path = copy;
    file.mode = mode;
    log_writer_fd(fd);
    return 1;
}

int log_reopen(void)
{
    int fd, ok, saved;

    if (file.path == NULL)
        return 1;
    log_flush(); /* what was logged before it was moved away belongs there */
    fd = open_file(file.path, file.mode);
    if (fd < 0)
        return 0;
    ok = dup3(fd, file.fd, O_CLOEXEC) >= 0;
    saved = errno;
    close(fd);
    errno = saved;
    return ok;
}
