/* waker.c: waking a front from another thread by IORING_OP_MSG_RING.
 *
 * A ring has one submitter, so each thread that posts has a small ring of its own, made at its first post and
 * freed with the thread. Where that fails (descriptors, memory), a spare one is shared under a lock: slow,
 * never silent. */
#include <errno.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>

#include "ring.h"
#include "server/base/log.h"

enum { WAKER_ENTRIES = 4 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static struct io_uring spare;
static int spare_ready;
static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct io_uring *own;

static void free_ring(void *arg)
{
    struct io_uring *ring = arg;
    io_uring_queue_exit(ring);
    free(ring);
    own = NULL;
}

static void set_up(void)
{
    if (pthread_key_create(&key, free_ring) != 0)
        abort();
    spare_ready = io_uring_queue_init(WAKER_ENTRIES, &spare, 0) == 0;
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
    struct io_uring *ring = calloc(1, sizeof(*ring));
    if (ring == NULL)
        return NULL;
    if (io_uring_queue_init(WAKER_ENTRIES, ring, 0) < 0) {
        free(ring);
        return NULL;
    }
    if (pthread_setspecific(key, ring) != 0) {
        io_uring_queue_exit(ring);
        free(ring);
        return NULL;
    }
    own = ring;
    return ring;
}

static int post(struct io_uring *ring, int fd)
{
    struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
    struct io_uring_cqe *cqe;
    if (sqe == NULL)
        return -EBUSY;
    io_uring_prep_msg_ring(sqe, fd, 0, 0, 0);
    int ret;
    do {
        ret = io_uring_submit_and_wait(ring, 1);
    } while (ret == -EINTR);
    if (ret < 0)
        return ret;
    ret = io_uring_peek_cqe(ring, &cqe);
    if (ret < 0)
        return ret;
    ret = cqe->res;
    io_uring_cqe_seen(ring, cqe);
    return ret;
}

void ring_wake(int fd)
{
    struct io_uring *ring = own_ring();
    int ret = ring != NULL ? post(ring, fd) : -ENOMEM;
    if (ret < 0 && ret != -EOVERFLOW && spare_ready) {
        pthread_mutex_lock(&spare_lock);
        ret = post(&spare, fd);
        pthread_mutex_unlock(&spare_lock);
    }
    /* EOVERFLOW: the front has completions waiting, so it does not sleep. */
    if (ret < 0 && ret != -EOVERFLOW)
        log_event(LOG_ERROR, "front not woken", "errno=%d", -ret);
}
