/* windows.h: has another thread's step happen between any two steps of the code under test.
 *
 * A test includes this, then the .c file that it tests. Each atomic operation of that file is then a window:
 * just before it, the test may have something done, at the window that it names. So every place between a
 * look and a sleep can be tried in turn, and none by chance. The file itself has no hook, and the program is
 * built without any.
 *
 * What the file calls to sleep is no atomic operation. The test puts a function of its own in its place,
 * which calls window() too. */
#ifndef CMPD_TESTS_SUPPORT_WINDOWS_H
#define CMPD_TESTS_SUPPORT_WINDOWS_H

#include <stdatomic.h>

static void (*window_open)(void);          /* what is done at the window */
static _Thread_local unsigned window_left; /* windows of this thread until that one; 0: none */

/* window is where something may come in between. In what is done there, it does nothing. */
static inline void window(void)
{
    if (window_left != 0 && --window_left == 0)
        window_open();
}

/* window_last is the window of a test's own sleep: what has not been done by then is done now. Returns 1 if
 * it was: the test has tried all windows that there are. */
static inline int window_last(void)
{
    window();
    if (window_left == 0)
        return 0;
    window_left = 0;
    window_open();
    return 1;
}

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_store_explicit
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_weak
#undef atomic_compare_exchange_weak_explicit
#undef atomic_thread_fence

#ifdef __clang__
#define WINDOW_LOAD __c11_atomic_load
#define WINDOW_STORE __c11_atomic_store
#define WINDOW_EXCHANGE __c11_atomic_exchange
#define WINDOW_ADD __c11_atomic_fetch_add
#define WINDOW_SUB __c11_atomic_fetch_sub
#define WINDOW_CAS __c11_atomic_compare_exchange_weak
#define WINDOW_FENCE __c11_atomic_thread_fence
#else
#define WINDOW_LOAD __atomic_load_n
#define WINDOW_STORE __atomic_store_n
#define WINDOW_EXCHANGE __atomic_exchange_n
#define WINDOW_ADD __atomic_fetch_add
#define WINDOW_SUB __atomic_fetch_sub
#define WINDOW_CAS(object, expected, desired, success, failure)                                              \
    __atomic_compare_exchange_n(object, expected, desired, 1, success, failure)
#define WINDOW_FENCE __atomic_thread_fence
#endif

#define atomic_load_explicit(object, order) (window(), WINDOW_LOAD(object, order))
#define atomic_store_explicit(object, value, order) (window(), WINDOW_STORE(object, value, order))
#define atomic_exchange_explicit(object, value, order) (window(), WINDOW_EXCHANGE(object, value, order))
#define atomic_fetch_add_explicit(object, value, order) (window(), WINDOW_ADD(object, value, order))
#define atomic_fetch_sub_explicit(object, value, order) (window(), WINDOW_SUB(object, value, order))
#define atomic_compare_exchange_weak_explicit(object, expected, desired, success, failure)                   \
    (window(), WINDOW_CAS(object, expected, desired, success, failure))
#define atomic_thread_fence(order) (window(), WINDOW_FENCE(order))
#define atomic_load(object) atomic_load_explicit(object, memory_order_seq_cst)
#define atomic_store(object, value) atomic_store_explicit(object, value, memory_order_seq_cst)
#define atomic_exchange(object, value) atomic_exchange_explicit(object, value, memory_order_seq_cst)
#define atomic_fetch_add(object, value) atomic_fetch_add_explicit(object, value, memory_order_seq_cst)
#define atomic_fetch_sub(object, value) atomic_fetch_sub_explicit(object, value, memory_order_seq_cst)
#define atomic_compare_exchange_weak(object, expected, desired)                                              \
    atomic_compare_exchange_weak_explicit(object, expected, desired, memory_order_seq_cst,                   \
                                          memory_order_seq_cst)

#endif
