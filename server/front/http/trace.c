/* trace.c: see trace.h. */
#include "server/front/http/trace.h"

/* Each digit of "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" stands at its place. */
enum { VERSION = 0, TRACE_ID = 3, PARENT_ID = 36, FLAGS = 53, LENGTH = 55 };

/* Digits are in lower case (3.2.2.2). */
static int is_hex(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((at[i] >= '0' && at[i] <= '9') || (at[i] >= 'a' && at[i] <= 'f')))
            return 0;
    return 1;
}

static int is_all(const uint8_t *at, size_t len, char c)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != (uint8_t)c)
            return 0;
    return 1;
}

struct bytes trace_parent(struct bytes field)
{
    const uint8_t *at = field.data;
    const struct bytes none = {NULL, 0};

    if (field.len < LENGTH || at[TRACE_ID - 1] != '-' || at[PARENT_ID - 1] != '-' || at[FLAGS - 1] != '-')
        return none;
    if (!is_hex(at + VERSION, TRACE_ID - 1 - VERSION) || !is_hex(at + TRACE_ID, PARENT_ID - 1 - TRACE_ID) ||
        !is_hex(at + PARENT_ID, FLAGS - 1 - PARENT_ID) || !is_hex(at + FLAGS, LENGTH - FLAGS))
        return none;
    if (is_all(at + VERSION, TRACE_ID - 1 - VERSION, 'f') ||
        is_all(at + TRACE_ID, PARENT_ID - 1 - TRACE_ID, '0') ||
        is_all(at + PARENT_ID, FLAGS - 1 - PARENT_ID, '0'))
        return none;
    if (field.len > LENGTH && (is_all(at + VERSION, TRACE_ID - 1 - VERSION, '0') || at[LENGTH] != '-'))
        return none; /* version 00 ends here, a later one goes on behind a mark (4.3) */
    return bytes_of(at, LENGTH);
}
