/* queue.c: see queue.h. */
#include "queue.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

CK_RING_PROTOTYPE(entry, queue_entry)

static void sleep_on(_Atomic uint32_t *word, int timeout_ms)
{
    struct timespec limit = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    /* Every reason to return (woken, timed out, interrupted, the word has changed) ends in a look at the
     * ring. */
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 1, timeout_ms >= 0 ? &limit : NULL, NULL, 0);
}

static void wake_taker(struct queue *queue)
{
    /* Orders the new entry before the look at the flag; the taker does it the other way round. One of the two
     * sees the other. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&queue->sleeping, memory_order_relaxed) != 0 &&
        atomic_exchange(&queue->sleeping, 0) != 0)
        syscall(SYS_futex, &queue->sleeping, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

int queue_init(struct queue *queue)
{
    queue->slots = calloc(QUEUE_RING, sizeof *queue->slots);
    if (queue->slots == NULL)
        return 0;
    ck_ring_init(&queue->ring, QUEUE_RING);
    atomic_init(&queue->waiting, 0);
    atomic_init(&queue->sleeping, 0);
    atomic_init(&queue->stopping, 0);
    return 1;
}

void queue_cleanup(struct queue *queue)
{
    free(queue->slots);
    queue->slots = NULL;
}

int queue_put(struct queue *queue, const void *items, void *const *args, size_t n, store_done *done)
{
    if (n > QUEUE_ITEMS)
        return 0;
    if (atomic_fetch_add(&queue->waiting, n) > QUEUE_ITEMS - n) {
        atomic_fetch_sub(&queue->waiting, n);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        struct queue_entry entry = {NULL, args[i], done};
        /* An array of struct pointers may not be read as one of void pointers; its octets may be copied. */
        memcpy(&entry.item, (const char *)items + i * sizeof(void *), sizeof(void *));
        /* The slots are ours already: this fails at most for the moment in which the taker moves its head. */
        while (!ck_ring_enqueue_mpsc_entry(&queue->ring, queue->slots, &entry))
            ck_pr_stall();
    }
    wake_taker(queue);
    return 1;
}

static size_t take_ready(struct queue *queue, struct queue_entry *out, size_t max)
{
    size_t n = 0;
    while (n < max && ck_ring_dequeue_mpsc_entry(&queue->ring, queue->slots, &out[n]))
        n++;
    atomic_fetch_sub(&queue->waiting, n);
    return n;
}

size_t queue_take(struct queue *queue, struct queue_entry *out, size_t max, int timeout_ms, int *stopped)
{
    struct timespec begin, now;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    *stopped = 0;
    for (;;) {
        size_t n = take_ready(queue, out, max);
        if (n > 0)
            return n;
        int stop = atomic_load(&queue->stopping);
        atomic_store(&queue->sleeping, 1);
        atomic_thread_fence(memory_order_seq_cst);
        n = take_ready(queue, out, max);
        /* |stop| was read before this last look: nothing can have been put after it. */
        if (n > 0 || stop) {
            atomic_store(&queue->sleeping, 0);
            *stopped = n == 0;
            return n;
        }
        if (atomic_load(&queue->stopping)) /* set between the two: the wake may be over already */
            continue;
        int left = timeout_ms;
        if (timeout_ms >= 0) {
            clock_gettime(CLOCK_MONOTONIC, &now);
            left -= (int)((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000);
            if (left <= 0) {
                atomic_store(&queue->sleeping, 0);
                return 0;
            }
        }
        sleep_on(&queue->sleeping, left);
    }
}

void queue_stop(struct queue *queue)
{
    atomic_store(&queue->stopping, 1);
    wake_taker(queue);
}
