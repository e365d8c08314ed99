/* waker.c: waking a front from another thread by IORING_OP_MSG_RING.
 *
 * A ring has one submitter at a time, so each thread that posts takes a small one for itself at its first
 * post, of those that were made at start: later the process may make none (server/sandbox). When there is
 * none left, a spare one is shared under a lock: slow, never silent. */
#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "ring.h"
#include "server/base/log.h"

enum {
    WAKER_ENTRIES = 4,
    WAKERS_MAX = 256,
    WAKERS_OF_PROCESSOR = 4, /* threads that post: workers, fast and slow, and what else calls on_done */
    WAKERS_LEAST = 16,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static struct io_uring rings[WAKERS_MAX]; /* the first is the spare one */
static atomic_int taken[WAKERS_MAX];
static int count;
static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct io_uring *own;

/* The next thread may have it. */
static void give_back(void *arg)
{
    struct io_uring *ring = arg;
    own = NULL;
    atomic_store(&taken[ring - rings], 0);
}

static int make_ring(struct io_uring *ring)
{
    static const uint8_t operations[] = {IORING_OP_MSG_RING};
    struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
    int ret = io_uring_queue_init_params(WAKER_ENTRIES, ring, &params);
    if (ret < 0)
        return 0;
    if (ring_restrict_and_enable(ring->ring_fd, operations, sizeof operations) == 0)
        return 1;
    io_uring_queue_exit(ring);
    return 0;
}

static void set_up(void)
{
    long wanted = WAKERS_LEAST + WAKERS_OF_PROCESSOR * sysconf(_SC_NPROCESSORS_ONLN);
    if (pthread_key_create(&key, give_back) != 0)
        abort();
    while (count < WAKERS_MAX && count < wanted && make_ring(&rings[count]))
        count++;
}

void waker_prepare(void)
{
    pthread_once(&once, set_up);
}

static struct io_uring *own_ring(void)
{
    if (own != NULL)
        return own;
    waker_prepare();
    for (int i = 1; i < count; i++) {
        int free_one = 0;
        if (!atomic_compare_exchange_strong(&taken[i], &free_one, 1))
            continue;
        if (pthread_setspecific(key, &rings[i]) == 0) {
            own = &rings[i];
            return own;
        }
        atomic_store(&taken[i], 0);
        break;
    }
    return NULL;
}

static int post(struct io_uring *ring, int fd)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    struct io_uring_cqe *cqe;
    /* What could not be submitted before may go now. */
    if (sqe == NULL && io_uring_submit(ring) > 0)
        sqe = io_uring_get_sqe(ring);
    if (sqe == NULL)
        return -EBUSY;
    io_uring_prep_msg_ring(sqe, fd, 0, 0, 0);
    unsigned number = ring->sq.sqe_tail;
    io_uring_sqe_set_data64(sqe, number);
    /* A submission that failed stays in the ring: it goes with a later one, and completes before it. */
    for (;;) {
        int ret = io_uring_submit_and_wait(ring, 1);
        if (ret < 0 && ret != -EINTR)
            return ret;
        while (io_uring_peek_cqe(ring, &cqe) == 0) {
            uint64_t done = cqe->user_data;
            ret = cqe->res;
            io_uring_cqe_seen(ring, cqe);
            if (done == number)
                return ret;
        }
    }
}

void ring_wake(int fd)
{
    struct io_uring *ring = own_ring();
    int ret = ring != NULL ? post(ring, fd) : -ENOMEM;
    if (ret < 0 && ret != -EOVERFLOW && count > 0) {
        pthread_mutex_lock(&spare_lock);
        ret = post(&rings[0], fd);
        pthread_mutex_unlock(&spare_lock);
    }
    /* EOVERFLOW: the front has completions waiting, so it does not sleep. */
    if (ret < 0 && ret != -EOVERFLOW)
        log_line(LOG_ERROR, "front not woken", log_number("errno", -ret));
}
