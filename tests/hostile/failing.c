/* failing.c: a preloaded library in which one allocation or one system call fails: the n-th after somebody
 * has said so in the file that FAILING names (see struct control). Whatever happens before anybody has said
 * so is left alone. */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct control {
    _Atomic int64_t allocations, calls; /* to go until one fails; 0: none does */
    _Atomic int64_t again;              /* what |calls| is set to when one has failed */
    _Atomic int64_t failed;             /* how many have */
    char last[48];                      /* which call failed last, of which thread, and how */
};

static struct control *control;

__attribute__((constructor)) static void map_control(void)
{
    const char *path = getenv("FAILING");
    int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *memory =
        fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    control = memory != MAP_FAILED ? memory : NULL;
}

static int is_thread(const char *name)
{
    char mine[16] = "";
    prctl(PR_GET_NAME, mine);
    return strcmp(mine, name) == 0;
}

/* The main thread loads configurations, and the log's writes lines. */
static int is_left_alone(void)
{
    return is_thread("cmpd") || is_thread("cmpd-epoll") || is_thread("log");
}

static int fails(_Atomic int64_t *left)
{
    if (atomic_load(left) <= 0 || is_left_alone() || atomic_fetch_sub(left, 1) != 1)
        return 0;
    atomic_fetch_add(&control->failed, 1);
    return 1;
}

/* libh2o ends the process without memory, so the front's thread has it. */
static int allocation_fails(void)
{
    if (control == NULL || atomic_load(&control->allocations) <= 0 || is_thread("front") ||
        !fails(&control->allocations))
        return 0;
    errno = ENOMEM;
    return 1;
}

static int call_fails(void)
{
    if (control == NULL || !fails(&control->calls))
        return 0;
    atomic_store(&control->calls, atomic_exchange(&control->again, 0));
    return 1;
}

/* Whether it is the turn of the second of two errors. */
static int is_other(void)
{
    return atomic_load(&control->failed) % 2 == 0;
}

/* Tells which call failed, and how. */
static int told(const char *call, int error)
{
    char thread[16] = "";
    prctl(PR_GET_NAME, thread);
    snprintf(control->last, sizeof control->last, "%s %s %s", thread, call, strerrorname_np(error));
    return error;
}

/* One of two errors, by turns; the other is not even looked for, which may end a connection. */
#define ERROR_OF(call, one, other) told(call, is_other() ? (other) : (one))

/* The C library's own function, or liburing's. */
#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

static int is_of_kind(int fd, mode_t kind)
{
    struct stat st;
    return NEXT(fstat)(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

/* |file| for a file, a reset for a connection, which is then over for both sides, and a signal for what wakes
 * a thread. */
static int error_at(int fd, int file)
{
    if (is_of_kind(fd, S_IFREG))
        return file;
    if (!is_of_kind(fd, S_IFSOCK))
        return EINTR;
    NEXT(shutdown)(fd, SHUT_RDWR);
    return ECONNRESET;
}

/* The kernel has no memory for what is sent, and the connection lives on. */
static int full_at(int fd)
{
    return is_of_kind(fd, S_IFSOCK) ? ENOBUFS : error_at(fd, EIO);
}

/* All that follows takes the place of the C library's and of liburing's. */
#pragma GCC visibility push(default)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *data, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    return allocation_fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return allocation_fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *data, size_t size)
{
    return allocation_fails() ? NULL : __libc_realloc(data, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : __libc_memalign(alignment, size);
}

/* CALL defines |name|, which fails with |one| or |other|, or is called with the arguments that are named
 * last. */
#define CALL(type, name, one, other, parameters, ...)                                                        \
    type name parameters                                                                                     \
    {                                                                                                        \
        if (!call_fails())                                                                                   \
            return NEXT(name)(__VA_ARGS__);                                                                  \
        errno = ERROR_OF(#name, one, other);                                                                 \
        return (type)-1;                                                                                     \
    }

/* clang-format off */
CALL(ssize_t, read, error_at(fd, EIO), error_at(fd, EIO), (int fd, void *data, size_t len), fd, data, len)
CALL(ssize_t, pread, EIO, EIO, (int fd, void *data, size_t len, off_t at), fd, data, len, at)
CALL(ssize_t, pread64, EIO, EIO, (int fd, void *data, size_t len, off64_t at), fd, data, len, at)
CALL(ssize_t, recv, error_at(fd, EIO), error_at(fd, EIO), (int fd, void *data, size_t len, int flags), fd, data, len, flags)
CALL(ssize_t, write, error_at(fd, EIO), error_at(fd, ENOSPC), (int fd, const void *data, size_t len), fd, data, len)
CALL(ssize_t, writev, error_at(fd, EIO), full_at(fd), (int fd, const struct iovec *parts, int n), fd, parts, n)
CALL(ssize_t, pwrite64, EIO, ENOSPC, (int fd, const void *data, size_t len, off64_t at), fd, data, len, at)
CALL(ssize_t, send, error_at(fd, EIO), full_at(fd), (int fd, const void *data, size_t len, int flags), fd, data, len, flags)
CALL(int, accept4, ECONNABORTED, EMFILE, (int fd, __SOCKADDR_ARG addr, socklen_t *len, int flags), fd, addr, len, flags)
CALL(int, getpeername, ENOTCONN, ENOBUFS, (int fd, __SOCKADDR_ARG addr, socklen_t *len), fd, addr, len)
CALL(int, getsockname, ENOBUFS, ENOBUFS, (int fd, __SOCKADDR_ARG addr, socklen_t *len), fd, addr, len)
CALL(int, setsockopt, ENOMEM, ENOBUFS, (int fd, int level, int name, const void *value, socklen_t len), fd, level, name, value, len)
CALL(int, shutdown, ENOTCONN, ENOTCONN, (int fd, int how), fd, how)
CALL(int, socket, EMFILE, ENOBUFS, (int domain, int type, int protocol), domain, type, protocol)
CALL(int, connect, ECONNREFUSED, EINTR, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len), fd, addr, len)
CALL(int, epoll_wait, EINTR, EINTR, (int fd, struct epoll_event *events, int max, int ms), fd, events, max, ms)
CALL(int, poll, EINTR, ENOMEM, (struct pollfd *fds, nfds_t n, int ms), fds, n, ms)
CALL(int, stat, EIO, ENOMEM, (const char *path, struct stat *st), path, st)
CALL(int, stat64, EIO, ENOMEM, (const char *path, struct stat64 *st), path, st)
CALL(int, lstat, EIO, ENOMEM, (const char *path, struct stat *st), path, st)
CALL(int, lstat64, EIO, ENOMEM, (const char *path, struct stat64 *st), path, st)
CALL(int, fstat, EIO, ENOMEM, (int fd, struct stat *st), fd, st)
CALL(int, fstat64, EIO, ENOMEM, (int fd, struct stat64 *st), fd, st)
CALL(int, access, EIO, ENOMEM, (const char *path, int how), path, how)
CALL(int, ftruncate, EIO, EINTR, (int fd, off_t size), fd, size)
CALL(int, ftruncate64, EIO, EINTR, (int fd, off64_t size), fd, size)
CALL(int, fsync, EIO, ENOSPC, (int fd), fd)
CALL(int, fdatasync, EIO, ENOSPC, (int fd), fd)
CALL(int, unlink, EIO, EBUSY, (const char *path), path)
CALL(void *, mmap, ENOMEM, ENOMEM, (void *at, size_t len, int prot, int flags, int fd, off_t from), at, len, prot, flags, fd, from)
CALL(void *, mmap64, ENOMEM, ENOMEM, (void *at, size_t len, int prot, int flags, int fd, off64_t from), at, len, prot, flags, fd, from)
/* clang-format on */

/* A descriptor whose closing fails is closed. */
int close(int fd)
{
    int result = NEXT(close)(fd);
    if (result != 0 || !call_fails())
        return result;
    errno = ERROR_OF("close", EINTR, EIO);
    return -1;
}

/* To end the watch of a descriptor needs nothing of the kernel. */
int epoll_ctl(int ep, int operation, int fd, struct epoll_event *event)
{
    if (operation == EPOLL_CTL_DEL || !call_fails())
        return NEXT(epoll_ctl)(ep, operation, fd, event);
    errno = ERROR_OF("epoll_ctl", ENOMEM, ENOSPC);
    return -1;
}

#define CALL_OPEN(name)                                                                                      \
    int name(const char *path, int how, ...)                                                                 \
    {                                                                                                        \
        va_list args;                                                                                        \
        va_start(args, how);                                                                                 \
        mode_t mode = (how & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;                       \
        va_end(args);                                                                                        \
        if (!call_fails())                                                                                   \
            return NEXT(name)(path, how, mode);                                                              \
        errno = ERROR_OF(#name, EMFILE, EIO);                                                                \
        return -1;                                                                                           \
    }
CALL_OPEN(open)
CALL_OPEN(open64)

/* A lock is not taken because the kernel has no memory for it, or somebody else has it. */
static int takes_lock(int command, const struct flock *lock)
{
    return command == F_SETLK && lock->l_type != F_UNLCK;
}

#define CALL_FCNTL(name)                                                                                     \
    int name(int fd, int command, ...)                                                                       \
    {                                                                                                        \
        va_list args;                                                                                        \
        va_start(args, command);                                                                             \
        void *argument = va_arg(args, void *);                                                               \
        va_end(args);                                                                                        \
        if (!takes_lock(command, argument) || !call_fails())                                                 \
            return NEXT(name)(fd, command, argument);                                                        \
        errno = ERROR_OF(#name, ENOLCK, EAGAIN);                                                             \
        return -1;                                                                                           \
    }
CALL_FCNTL(fcntl)
CALL_FCNTL(fcntl64)

/* Of what has no function of its own, a wait for a futex alone. */
long syscall(long number, ...)
{
    va_list args;
    long a[6];
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    if (number != SYS_futex || (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT || !call_fails())
        return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    errno = ERROR_OF("futex", EINTR, EINTR);
    return -1;
}

/* liburing enters the kernel by itself, and returns what is in errno elsewhere. */
#define CALL_URING(name, one, other, parameters, ...)                                                        \
    int name parameters                                                                                      \
    {                                                                                                        \
        return call_fails() ? -ERROR_OF(#name, one, other) : NEXT(name)(__VA_ARGS__);                        \
    }
CALL_URING(io_uring_submit, EINTR, EAGAIN, (struct io_uring * ring), ring)
CALL_URING(io_uring_submit_and_wait, EINTR, EAGAIN, (struct io_uring * ring, unsigned n), ring, n)
CALL_URING(io_uring_submit_and_get_events, EAGAIN, EBUSY, (struct io_uring * ring), ring)
