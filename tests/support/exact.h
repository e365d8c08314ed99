/* exact.h: octets in memory that ends with them: AddressSanitizer sees a look at the one behind the last,
 * which in a text of the test's own would be its final zero. */
#ifndef CMPD_TESTS_SUPPORT_EXACT_H
#define CMPD_TESTS_SUPPORT_EXACT_H

#include <stdlib.h>
#include <string.h>

#include "server/base/bytes.h"
#include "tests/support/must.h"

/* exact returns a copy of |octets| behind and before which nothing may be read, also if there are none. */
static inline struct bytes exact(struct bytes octets)
{
    size_t room = octets.len > 0 ? octets.len : 1;
    uint8_t *copy = malloc(room);

    must(copy != NULL);
    if (octets.len > 0)
        memcpy(copy, octets.data, octets.len);
    return bytes_of(copy + (room - octets.len), octets.len);
}

/* exact_free frees it. */
static inline void exact_free(struct bytes copy)
{
    free((void *)(uintptr_t)(copy.len > 0 ? copy.data : copy.data - 1));
}

#endif
