/* arena.h: memory that is handed out in pieces and freed at once.
 *
 * A job has one arena; everything that belongs to the job lives in it. An arena has one owner at a time: a
 * job that is parked (in the store, in a queue) lends its arena to whoever holds the job. */
#ifndef CMPD_BASE_ARENA_H
#define CMPD_BASE_ARENA_H

#include <stdatomic.h>

#include "bytes.h"

struct arena;

/* arena_new returns an empty arena that will hand out at most |limit| octets in all, or NULL without memory.
 */
struct arena *arena_new(size_t limit);

/* arena_beside returns another one, which is counted where |arena| is (arena_count). Each has its own limit
 * and may be lent to another thread. The caller frees it. */
struct arena *arena_beside(const struct arena *arena, size_t limit);

/* arena_allow lets |arena| hand out |more| octets in all. */
void arena_allow(struct arena *arena, size_t more);

/* arena_count adds what |arena|, still empty, takes from the system to |counter|, which must outlive it, and
 * takes it away again when |arena| is freed. */
void arena_count(struct arena *arena, atomic_size_t *counter);

/* arena_free wipes and frees |arena| and all that it handed out. NULL is allowed. */
void arena_free(struct arena *arena);

/* arena_alloc returns |size| zeroed octets, aligned for any type, or NULL when the limit or memory is used
 * up. |size| of 0 gives a valid pointer to nothing. */
void *arena_alloc(struct arena *arena, size_t size);

/* arena_copy returns a copy of |src| in the arena; its data is NULL when memory is used up and |src.len| > 0.
 */
struct bytes arena_copy(struct arena *arena, struct bytes src);

/* arena_printf formats a NUL-terminated string into the arena, or returns NULL. */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* arena_taken returns the octets that |arena| has taken from the system so far. */
size_t arena_taken(const struct arena *arena);

/* arena_used returns the octets handed out so far. */
size_t arena_used(const struct arena *arena);

#endif
