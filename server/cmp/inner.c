/* What came in a message, or is a part of it, from the question whether there is room to its end. */
#include "server/cmp/internal.h"

static enum cmp_turn refuse(struct cmp_message *m)
{
    return cmp_refuse(m, PKI_SYSTEM_UNAVAIL, m->inner->admission.why, NULL);
}

/* Of all that came in one message, at whatever depth, there is a bound. */
enum cmp_turn cmp_count_inner(struct cmp_message *m, size_t count)
{
    struct cmp_message *outermost = m;

    while (outermost->outer != NULL)
        outermost = outermost->outer;
    outermost->carried += count;
    return outermost->carried <= BOUND_NESTED_MESSAGES
               ? CMP_ON
               : cmp_refuse(m, PKI_BAD_REQUEST, CMP_TOO_MANY_NESTED, NULL);
}

/* Before they are started, which takes memory. */
enum cmp_turn cmp_ask_room(struct cmp_message *m)
{
    m->inner->admission = (struct cmp_admission){.count = m->inner->count};
    cmp_want_admission(m, &m->inner->admission);
    return CMP_ON;
}

enum cmp_turn cmp_start_inner(struct cmp_message *m)
{
    return m->inner->admission.why == NULL ? CMP_UNPACKED : refuse(m);
}

/* What they cost is known now, and by whose secrets they are protected. */
enum cmp_turn cmp_ask_admission(struct cmp_message *m)
{
    m->inner->admission = (struct cmp_admission){.messages = m->inner->messages, .count = m->inner->count};
    cmp_want_admission(m, &m->inner->admission);
    return CMP_ON;
}

enum cmp_turn cmp_carry(struct cmp_message *m)
{
    return m->inner->admission.why == NULL ? CMP_CARRIED : refuse(m);
}
