/* What ThreadSanitizer is told of Concurrency Kit, in this one place.
 *
 * Built on compiler atomics (CK_USE_CC_BUILTINS), Concurrency Kit reads and writes its indices through
 * volatile accesses between compiler barriers, and orders them by full fences, which ThreadSanitizer does not
 * follow. With tsan-distinguish-volatile the compiler calls these functions for every volatile access: a read
 * acquires, a write releases. That is the hand-over of each ring: what was put in before an index moved may
 * be touched by whoever has seen it move. Nothing of our own is volatile. */
#include <stdatomic.h>
#include <stdint.h>

#define ACCESS(octets, type)                                                                                 \
    void __tsan_volatile_read##octets(void *at);                                                             \
    void __tsan_volatile_write##octets(void *at);                                                            \
    void __tsan_volatile_read##octets(void *at)                                                              \
    {                                                                                                        \
        (void)atomic_load_explicit((_Atomic type *)at, memory_order_acquire);                                \
    }                                                                                                        \
    void __tsan_volatile_write##octets(void *at)                                                             \
    {                                                                                                        \
        atomic_fetch_add_explicit((_Atomic type *)at, 0, memory_order_release);                              \
    }

ACCESS(1, uint8_t)
ACCESS(2, uint16_t)
ACCESS(4, uint32_t)
ACCESS(8, uint64_t)
