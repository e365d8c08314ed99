/* log_writer.c: a thread that writes lines, so that no other waits for standard error, or for what stands in
 * its place.
 *
 * Until it is started, and after it has ended, each thread writes its own. In between, pieces (a line, or
 * what a thread has held) go through a ring of cells, each with a number that tells whose turn it is: a
 * producer takes the cell whose number is its own, fills it, and adds one; the thread that writes sets it for
 * the next round. With no free cell the piece is dropped, and how many lines were is told as soon as one can
 * be. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "server/base/log_internal.h"

enum {
    CELLS = 512,    /* 2 MiB, thousands of lines where threads hold theirs */
    TICK_MS = 1000, /* between two looks for what sampling has left out */
    END_MS = 2000,  /* how long the last lines are waited for when nobody takes them */
    STEP_NS = 1000000,
};

struct cell {
    atomic_size_t turn;
    size_t len;
    char *longer; /* what does not fit into |text|, allocated; else NULL */
    char text[LOG_HELD_MAX];
};

static struct {
    struct cell cells[CELLS];
    _Alignas(64) atomic_size_t tail; /* the next turn of a producer */
    _Alignas(64) atomic_size_t head; /* … and of the thread that writes */
    atomic_uint_fast64_t dropped;    /* lines that nobody was told of yet */
    atomic_int running, ending, sleeping;
    sem_t wake;
    pthread_t thread;
    void (*tick)(int all);
} ring;

/* Where pieces go: to |take|, or where that is NULL to |fd|. */
static struct {
    int fd;
    int (*take)(const char *text, size_t len);
} out = {.fd = STDERR_FILENO};

void log_writer_fd(int fd)
{
    out.fd = fd;
}

void log_writer_take(int (*take)(const char *text, size_t len))
{
    out.take = take;
}

static size_t count_lines(const char *text, size_t len)
{
    size_t lines = 0;
    for (size_t i = 0; i < len; i++)
        lines += text[i] == '\n';
    return lines;
}

/* Writes all of it, also to a descriptor that somebody made non-blocking. Returns 0 if it cannot be. */
static int write_all(const char *text, size_t len)
{
    if (out.take != NULL)
        return out.take(text, len);
    while (len > 0) {
        ssize_t n = write(out.fd, text, len);
        if (n < 0 && errno == EAGAIN) {
            struct pollfd ready = {.fd = out.fd, .events = POLLOUT};
            poll(&ready, 1, TICK_MS);
        } else if (n < 0 && errno != EINTR) {
            return 0;
        } else if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return 1;
}

/* Puts |text|, or |longer|, which the ring then owns. Returns 0 if there is no free cell. */
static int put(const char *text, char *longer, size_t len)
{
    size_t turn = atomic_load_explicit(&ring.tail, memory_order_relaxed);
    for (;;) {
        struct cell *cell = &ring.cells[turn % CELLS];
        size_t at = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (at == turn) {
            if (!atomic_compare_exchange_weak_explicit(&ring.tail, &turn, turn + 1, memory_order_relaxed,
                                                       memory_order_relaxed))
                continue;
            if (longer == NULL)
                memcpy(cell->text, text, len);
            cell->longer = longer;
            cell->len = len;
            atomic_store_explicit(&cell->turn, turn + 1, memory_order_release);
            break;
        }
        if (at < turn)
            return 0;
        turn = atomic_load_explicit(&ring.tail, memory_order_relaxed);
    }
    /* The thread sets its flag and looks again; what was put before is seen, or the flag is. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&ring.sleeping, memory_order_relaxed) && atomic_exchange(&ring.sleeping, 0))
        sem_post(&ring.wake);
    return 1;
}

static int put_long(const char *text, size_t len)
{
    char *longer = malloc(len);

    if (longer == NULL)
        return 0;
    memcpy(longer, text, len);
    if (put(NULL, longer, len))
        return 1;
    free(longer);
    return 0;
}

void log_put(const char *text, size_t len)
{
    if (len == 0)
        return;
    if (!atomic_load_explicit(&ring.running, memory_order_acquire)) {
        /* One write, never repeated: half a line mixed into another thread's is worse than half a line. */
        if (out.take != NULL ? !out.take(text, len) : write(out.fd, text, len) < 0) {
            /* There is nowhere left to tell it. */
        }
    } else if (!(len > LOG_HELD_MAX ? put_long(text, len) : put(text, NULL, len))) {
        atomic_fetch_add(&ring.dropped, count_lines(text, len));
    }
}

/* ---- the thread ---- */

static void tell_dropped(void)
{
    char line[LOG_LINE_MAX];
    uint_fast64_t dropped = atomic_exchange(&ring.dropped, 0);
    if (dropped == 0)
        return;
    size_t len = log_make(line, sizeof line, LOG_ERROR, "log lines lost",
                          LOG_FIELDS(log_number("left_out", (int64_t)dropped),
                                     log_text("text", "what the log goes to was blocked, slow or full")));
    if (!write_all(line, len))
        atomic_fetch_add(&ring.dropped, dropped);
}

static int has_next(void)
{
    size_t head = atomic_load_explicit(&ring.head, memory_order_relaxed);
    return atomic_load_explicit(&ring.cells[head % CELLS].turn, memory_order_acquire) == head + 1;
}

static void write_waiting(void)
{
    while (has_next()) {
        size_t head = atomic_load_explicit(&ring.head, memory_order_relaxed);
        struct cell *cell = &ring.cells[head % CELLS];
        const char *text = cell->longer != NULL ? cell->longer : cell->text;
        if (!write_all(text, cell->len))
            atomic_fetch_add(&ring.dropped, count_lines(text, cell->len));
        free(cell->longer);
        atomic_store_explicit(&cell->turn, head + CELLS, memory_order_release);
        atomic_store_explicit(&ring.head, head + 1, memory_order_release);
        tell_dropped();
    }
}

static void rest(void)
{
    struct timespec until;
    atomic_store(&ring.sleeping, 1);
    if (has_next() || atomic_load(&ring.ending)) {
        atomic_store(&ring.sleeping, 0);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TICK_MS / 1000;
    while (sem_timedwait(&ring.wake, &until) != 0 && errno == EINTR)
        continue;
    atomic_store(&ring.sleeping, 0);
}

static void *run(void *arg)
{
    (void)arg;
    while (!atomic_load(&ring.ending)) {
        write_waiting();
        ring.tick(0);
        rest();
    }
    write_waiting();
    return NULL;
}

/* ---- start and end ---- */

int log_writer_start(void (*tick)(int all))
{
    sigset_t all, before;
    ring.tick = tick;
    for (size_t i = 0; i < CELLS; i++)
        atomic_store(&ring.cells[i].turn, i);
    atomic_store(&ring.head, 0);
    atomic_store(&ring.tail, 0);
    atomic_store(&ring.ending, 0);
    sem_init(&ring.wake, 0, 0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int ok = pthread_create(&ring.thread, NULL, run, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (ok)
        pthread_setname_np(ring.thread, "log");
    atomic_store(&ring.running, ok);
    return ok;
}

void log_flush(void)
{
    size_t tail = atomic_load(&ring.tail);
    if (!atomic_load(&ring.running))
        return;
    for (long waited = 0; waited < END_MS && atomic_load(&ring.head) < tail; waited++)
        nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
}

void log_writer_stop(void)
{
    if (!atomic_load(&ring.running))
        return;
    ring.tick(1);
    log_flush();
    /* Where nobody takes the lines the thread hangs in its write, and goes with the process. */
    int is_stuck = atomic_load(&ring.head) < atomic_load(&ring.tail);
    atomic_store(&ring.ending, 1);
    sem_post(&ring.wake);
    if (is_stuck)
        return;
    pthread_join(ring.thread, NULL);
    atomic_store(&ring.running, 0);
}
