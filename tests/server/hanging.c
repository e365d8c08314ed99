/* hanging.c: preloaded, it has a thread of cmpd hang when it next comes back from where it sleeps, for as
 * long as there is a file of its name in the folder HANGING: worker (of the pipeline), front (of epoll), main
 * (that follows signals). Threads are known by the names that they are given, for the sandbox lets nobody
 * ask. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 256, PATH = 512 };

static struct {
    pthread_t thread;
    char path[PATH];
} threads[THREADS];
static unsigned count;

#define REPLACES __attribute__((visibility("default")))

REPLACES int pthread_setname_np(pthread_t thread, const char *name)
{
    static int (*real)(pthread_t, const char *);
    unsigned i = __atomic_fetch_add(&count, 1, __ATOMIC_SEQ_CST);

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "pthread_setname_np");
    if (i < THREADS && getenv("HANGING") != NULL) {
        snprintf(threads[i].path, PATH, "%s/%s", getenv("HANGING"), name);
        __atomic_store_n(&threads[i].thread, thread, __ATOMIC_RELEASE);
    }
    return real(thread, name);
}

static void hang(const char *path)
{
    while (access(path, F_OK) == 0)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static void hang_if_told(void)
{
    for (unsigned i = 0; i < THREADS; i++)
        if (__atomic_load_n(&threads[i].thread, __ATOMIC_ACQUIRE) == pthread_self())
            hang(threads[i].path);
}

REPLACES ssize_t read(int fd, void *out, size_t len)
{
    static ssize_t (*real)(int, void *, size_t);
    ssize_t got;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "read");
    got = real(fd, out, len);
    if (len == sizeof(uint64_t)) /* an eventfd: where a worker sleeps */
        hang_if_told();
    return got;
}

REPLACES int epoll_wait(int fd, struct epoll_event *events, int most, int wait_ms)
{
    static int (*real)(int, struct epoll_event *, int, int);
    int got;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "epoll_wait");
    got = real(fd, events, most, wait_ms);
    hang_if_told();
    return got;
}

REPLACES int sigtimedwait(const sigset_t *signals, siginfo_t *info, const struct timespec *wait)
{
    static int (*real)(const sigset_t *, siginfo_t *, const struct timespec *);
    char path[PATH];
    int got;

    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "sigtimedwait");
    got = real(signals, info, wait);
    if (getenv("HANGING") != NULL) {
        snprintf(path, sizeof path, "%s/main", getenv("HANGING"));
        hang(path);
    }
    return got;
}
