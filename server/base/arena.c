/* arena.c: see arena.h. A chain of chunks; the newest is filled from its start. */
#include "server/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_FIRST_CHUNK = 16 * 1024, /* an ordinary enrollment fits: one malloc for a job */
    ARENA_CHUNK_MAX = 64 * 1024,   /* chunks double up to here */
};

/* The address sanitizer sees no overflow between two pieces of one chunk: under it, each piece is a chunk. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_PIECE_PER_CHUNK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_PIECE_PER_CHUNK 1
#endif
#endif
#ifndef ARENA_PIECE_PER_CHUNK
#define ARENA_PIECE_PER_CHUNK 0
#endif

struct chunk {
    struct chunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct chunk *chunks; /* the first is the one being filled */
    size_t limit, used, next_size;
    size_t taken;           /* octets of all chunks */
    atomic_size_t *counter; /* where they are counted, too, or NULL */
};

struct arena *arena_new(size_t limit)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->limit = limit;
    arena->next_size = ARENA_FIRST_CHUNK;
    return arena;
}

struct arena *arena_beside(const struct arena *arena, size_t limit)
{
    struct arena *other = arena_new(limit);
    if (other != NULL)
        other->counter = arena->counter;
    return other;
}

void arena_allow(struct arena *arena, size_t more)
{
    arena->limit = more <= SIZE_MAX - arena->limit ? arena->limit + more : SIZE_MAX;
}

void arena_count(struct arena *arena, atomic_size_t *counter)
{
    arena->counter = counter;
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    if (arena->counter != NULL)
        atomic_fetch_sub_explicit(arena->counter, arena->taken, memory_order_relaxed);
    for (struct chunk *chunk = arena->chunks, *next; chunk != NULL; chunk = next) {
        next = chunk->next;
        explicit_bzero(chunk->data, chunk->used);
        free(chunk);
    }
    free(arena);
}

static struct chunk *chunk_new(struct arena *arena, size_t size)
{
    struct chunk *chunk = malloc(sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    chunk->next = NULL;
    chunk->used = 0;
    chunk->size = size;
    arena->taken += size;
    if (arena->counter != NULL)
        atomic_fetch_add_explicit(arena->counter, size, memory_order_relaxed);
    return chunk;
}

/* A piece that would waste much of the chunk being filled gets its own, which goes behind that one. */
static void *alloc_alone(struct arena *arena, size_t size)
{
    struct chunk *chunk = chunk_new(arena, size);
    if (chunk == NULL)
        return NULL;
    chunk->used = size;
    if (arena->chunks == NULL) {
        arena->chunks = chunk;
    } else {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    }
    return memset(chunk->data, 0, size);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    enum { ALIGN = _Alignof(max_align_t) };
    if (size > arena->limit)
        return NULL;
    size_t rounded = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (rounded == 0)
        rounded = ALIGN; /* two pointers to nothing differ, as malloc's do */
    if (rounded > arena->limit - arena->used)
        return NULL;

    struct chunk *chunk = arena->chunks;
    void *piece;
    if (chunk != NULL && rounded <= chunk->size - chunk->used) {
        piece = memset(chunk->data + chunk->used, 0, rounded);
        chunk->used += rounded;
    } else if (ARENA_PIECE_PER_CHUNK || rounded > arena->next_size / 4) {
        piece = alloc_alone(arena, ARENA_PIECE_PER_CHUNK ? size : rounded);
    } else {
        chunk = chunk_new(arena, arena->next_size);
        if (chunk == NULL)
            return NULL;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        if (arena->next_size < ARENA_CHUNK_MAX)
            arena->next_size *= 2;
        piece = memset(chunk->data, 0, rounded);
        chunk->used = rounded;
    }
    if (piece != NULL)
        arena->used += rounded;
    return piece;
}

struct bytes arena_copy(struct arena *arena, struct bytes src)
{
    void *copy = arena_alloc(arena, src.len);
    if (copy == NULL)
        return bytes_of(NULL, 0);
    if (src.len > 0)
        memcpy(copy, src.data, src.len);
    return bytes_of(copy, src.len);
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return NULL;
    char *text = arena_alloc(arena, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return text;
}

size_t arena_taken(const struct arena *arena)
{
    return arena->taken;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
