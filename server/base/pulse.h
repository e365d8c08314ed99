/* pulse.h: whether a thread still goes round its loop: it is asked, and answers when it comes by. Costs a
 * thread that is not asked one read of what seldom changes. */
#ifndef CMPD_BASE_PULSE_H
#define CMPD_BASE_PULSE_H

#include <stdatomic.h>

/* struct pulse is a thread's; all zero: it was never asked. */
struct pulse {
    atomic_uint asked, answered;
};

/* pulse_ask asks. Whoever does so wakes the thread, which must not sleep while pulse_is_answered returns 0.
 */
static inline void pulse_ask(struct pulse *pulse)
{
    atomic_fetch_add(&pulse->asked, 1);
}

/* pulse_answer is called by the thread, each time round. */
static inline void pulse_answer(struct pulse *pulse)
{
    unsigned asked = atomic_load_explicit(&pulse->asked, memory_order_relaxed);

    if (asked != atomic_load_explicit(&pulse->answered, memory_order_relaxed))
        atomic_store(&pulse->answered, asked);
}

/* pulse_is_answered returns 1 if the thread has come by since it was last asked. Any thread. */
static inline int pulse_is_answered(const struct pulse *pulse)
{
    return atomic_load(&pulse->answered) == atomic_load(&pulse->asked);
}

#endif
