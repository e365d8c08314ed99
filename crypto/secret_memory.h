/* secret_memory.h: memory for keys: locked, so that it is never written to a disk as swapped-out pages, left
 * out of core files, and wiped when it is freed.
 *
 * BoringSSL and AWS-LC ask for memory through hooks. What they ask for while a thread is within
 * secret_memory_begin and _end, it gets from here: all of a key, whatever its kind and engine. The pool has a
 * fixed size; what does not fit is ordinary memory, wiped all the same. */
#ifndef CMPD_CRYPTO_SECRET_MEMORY_H
#define CMPD_CRYPTO_SECRET_MEMORY_H

#include <stddef.h>

/* octets: some hundred RSA keys, each engine with its form of them, and the shared secrets of some thousand
 * messages at once */
enum { SECRET_MEMORY = 2 * 1024 * 1024 };

/* secret_memory_lock makes the pool. To be called at start, before there are keys. Returns 1; or 0 when it
 * cannot be locked, with errno set: then it is there, but may be swapped out. */
int secret_memory_lock(void);

/* secret_memory_begin and _end enclose what makes or loads a key, in one thread; may be nested. */
void secret_memory_begin(void);
void secret_memory_end(void);

/* secret_alloc returns |size| zeroed octets of the pool, or of ordinary memory; NULL without memory. Half of
 * the pool is for what is allocated within secret_memory_begin and _end. secret_free wipes and frees them.
 * NULL is allowed. */
void *secret_alloc(size_t size);
void secret_free(void *data);

/* secret_memory_has returns 1 if |data| is in the pool. secret_memory_used returns how many octets of it are
 * in use; secret_memory_missed how many pieces of keys have found no room in it since it was asked last. */
int secret_memory_has(const void *data);
size_t secret_memory_used(void);
size_t secret_memory_missed(void);

/* secret_memory_failures counts the allocations of the engines for which there was no memory at all, in this
 * thread: whoever compares two counts knows whether a negative result in between means anything. */
unsigned secret_memory_failures(void);

#endif
