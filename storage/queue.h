/* queue.h: what waits for a thread of the store. Any thread puts, one thread takes; no lock, no allocation,
 * and no system call while the taker is busy. */
#ifndef CMPD_STORAGE_QUEUE_H
#define CMPD_STORAGE_QUEUE_H

#include <ck_ring.h>
#include <stdatomic.h>
#include <stddef.h>

#include "store.h"

enum {
    QUEUE_RING = 32768, /* slots; a power of two. A slot is 24 octets. */
    QUEUE_ITEMS =
        QUEUE_RING - 1, /* items that may wait (a ring keeps one slot free); beyond, queue_put refuses */
};

struct queue_entry {
    void *item;
    void *arg;
    store_done *done;
};

struct queue {
    struct ck_ring ring;
    struct queue_entry *slots;
    _Atomic size_t waiting;    /* slots promised to callers: makes a put of many all or nothing */
    _Atomic uint32_t sleeping; /* 1: the taker sleeps, or is about to; also the word it sleeps on */
    _Atomic int stopping;
};

/* queue_init makes |queue| empty. Returns 1, or 0 without memory. */
int queue_init(struct queue *queue);

/* queue_cleanup frees its memory; it must be empty. */
void queue_cleanup(struct queue *queue);

/* queue_put adds |n| items with their |args|, or none. |items| is an array of |n| pointers to objects of any
 * one type. Returns 1, or 0 if they do not fit. */
int queue_put(struct queue *queue, const void *items, void *const *args, size_t n, store_done *done);

/* queue_take moves up to |max| entries into |out|, waiting for the first at most |timeout_ms| (-1: for ever).
 * Returns how many; 0 after the time, or when queue_stop was called and nothing is left, which sets
 * |*stopped|. */
size_t queue_take(struct queue *queue, struct queue_entry *out, size_t max, int timeout_ms, int *stopped);

/* queue_stop makes queue_take end once everything is taken. Nothing may be put from then on. */
void queue_stop(struct queue *queue);

#endif
