/* failing.c: a preloaded library in which one allocation fails: the n-th after somebody has said so in the
 * file that FAILING names (two numbers: allocations to go, how many have failed). Whatever happens before
 * anybody has said so is left alone. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

struct control {
    _Atomic int64_t allocations, failed;
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

/* The main thread loads configurations, the log's writes lines, and libh2o ends the process without memory.
 * What sockets do to a front is tried in tests/front. */
static int is_left_alone(void)
{
    return is_thread("cmpd") || is_thread("cmpd-epoll") || is_thread("log") || is_thread("front");
}

static int fails(_Atomic int64_t *left)
{
    if (atomic_load(left) <= 0 || is_left_alone() || atomic_fetch_sub(left, 1) != 1)
        return 0;
    atomic_fetch_add(&control->failed, 1);
    return 1;
}

static int allocation_fails(void)
{
    if (control == NULL || !fails(&control->allocations))
        return 0;
    errno = ENOMEM;
    return 1;
}

/* All that follows takes the place of the C library's. */
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
