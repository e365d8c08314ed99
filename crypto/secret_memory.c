/* secret_memory.c: see secret_memory.h. The pool is made of units; a piece is a run of them, behind a header
 * that says how many. Keys are loaded seldom, and a shared secret costs thousands of hashes: a lock and a
 * search from the lowest free unit on cost nothing that counts. */
#define _GNU_SOURCE 1
#include "crypto/secret_memory.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "crypto/random.h"

enum { UNIT = 64, UNITS = SECRET_MEMORY / UNIT, HEADER = 16 };

/* struct piece is the header; what it heads follows. */
struct piece {
    uint32_t units;
    uint32_t of_message; /* 1: made outside secret_memory_begin and _end */
    alignas(HEADER) uint8_t data[];
};

static struct {
    pthread_mutex_t lock;
    uint8_t *memory; /* NULL: there is no pool */
    uint8_t in_use[UNITS];
    size_t lowest;      /* no unit below it is free */
    size_t used;        /* units … */
    size_t of_messages; /* … and how many of them are not of keys */
    size_t missed;      /* pieces */
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local unsigned depth, failures;

int secret_memory_lock(void)
{
    if (pool.memory == NULL) {
        void *memory = mmap(NULL, SECRET_MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
            return 0;
        /* Not for a child either: nothing here has one. */
        madvise(memory, SECRET_MEMORY, MADV_DONTDUMP);
        madvise(memory, SECRET_MEMORY, MADV_DONTFORK);
        pool.memory = memory;
    }
    return mlock(pool.memory, SECRET_MEMORY) == 0;
}

void secret_memory_begin(void)
{
    depth++;
}

void secret_memory_end(void)
{
    depth--;
}

int secret_memory_has(const void *data)
{
    uintptr_t at = (uintptr_t)data, begin = (uintptr_t)pool.memory;
    return pool.memory != NULL && at >= begin && at < begin + SECRET_MEMORY;
}

size_t secret_memory_used(void)
{
    pthread_mutex_lock(&pool.lock);
    size_t used = pool.used * UNIT;
    pthread_mutex_unlock(&pool.lock);
    return used;
}

size_t secret_memory_missed(void)
{
    pthread_mutex_lock(&pool.lock);
    size_t missed = pool.missed;
    pool.missed = 0;
    pthread_mutex_unlock(&pool.lock);
    return missed;
}

/* The first run of |units| that nobody uses; UNITS if there is none. */
static size_t find_run(size_t units)
{
    size_t run = 0;
    for (size_t i = pool.lowest; i < UNITS; i++) {
        run = pool.in_use[i] ? 0 : run + 1;
        if (run == units)
            return i + 1 - units;
    }
    return UNITS;
}

static void *take(size_t size)
{
    struct piece *piece = NULL;
    if (pool.memory == NULL)
        return NULL;
    size_t units = size <= SECRET_MEMORY - HEADER ? (size + HEADER + UNIT - 1) / UNIT : UNITS + 1;
    pthread_mutex_lock(&pool.lock);
    /* Messages that are many shall not take the room of keys. */
    size_t at = depth > 0 || pool.of_messages + units <= UNITS / 2 ? find_run(units) : UNITS;
    if (at < UNITS) {
        memset(pool.in_use + at, 1, units);
        pool.used += units;
        if (at == pool.lowest)
            pool.lowest = at + units;
        piece = (struct piece *)(void *)(pool.memory + at * UNIT);
        piece->units = (uint32_t)units;
        piece->of_message = depth == 0;
        pool.of_messages += depth == 0 ? units : 0;
    } else if (depth > 0) {
        pool.missed++;
    }
    pthread_mutex_unlock(&pool.lock);
    return piece != NULL ? piece->data : NULL;
}

unsigned secret_memory_failures(void)
{
    return failures;
}

static struct piece *piece_of(void *data)
{
    return (struct piece *)(void *)((uint8_t *)data - HEADER);
}

static size_t size_of(void *data)
{
    return secret_memory_has(data) ? (size_t)piece_of(data)->units * UNIT - HEADER : malloc_usable_size(data);
}

static void give_back(void *data)
{
    struct piece *piece = piece_of(data);
    size_t units = piece->units, at = (size_t)((uint8_t *)piece - pool.memory) / UNIT;
    size_t of_messages = piece->of_message ? units : 0;
    secret_wipe(piece, units * UNIT);
    pthread_mutex_lock(&pool.lock);
    memset(pool.in_use + at, 0, units);
    pool.used -= units;
    pool.of_messages -= of_messages;
    if (at < pool.lowest)
        pool.lowest = at;
    pthread_mutex_unlock(&pool.lock);
}

void *secret_alloc(size_t size)
{
    void *data = take(size); /* zeros: new, or wiped */
    return data != NULL ? data : calloc(1, size);
}

void secret_free(void *data)
{
    if (data == NULL)
        return;
    if (secret_memory_has(data)) {
        give_back(data);
    } else {
        secret_wipe(data, malloc_usable_size(data));
        free(data);
    }
}

/* ---- the hooks: names that BoringSSL and AWS-LC look for ---- */

void *OPENSSL_memory_alloc(size_t size);
void OPENSSL_memory_free(void *data);
size_t OPENSSL_memory_get_size(void *data);
void *OPENSSL_memory_realloc(void *data, size_t size);

void *OPENSSL_memory_alloc(size_t size)
{
    void *data = depth > 0 ? take(size) : NULL;
    /* Never of nothing: whoever asks for its size may be told of an octet, and copy that. */
    if (data == NULL && (data = malloc(size != 0 ? size : 1)) == NULL)
        failures++;
    return data;
}

/* The caller has wiped it. */
void OPENSSL_memory_free(void *data)
{
    if (secret_memory_has(data))
        give_back(data);
    else
        free(data);
}

size_t OPENSSL_memory_get_size(void *data)
{
    return data != NULL ? size_of(data) : 0;
}

void *OPENSSL_memory_realloc(void *data, size_t size)
{
    void *moved = OPENSSL_memory_alloc(size);
    if (moved == NULL || data == NULL)
        return moved;
    size_t before = size_of(data);
    memcpy(moved, data, before < size ? before : size);
    secret_free(data);
    return moved;
}
