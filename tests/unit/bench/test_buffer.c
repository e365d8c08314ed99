/* buffer.c: what is appended comes out in its order. */
#include <criterion/criterion.h>
#include <string.h>

#include "bench/buffer.h"

/* Under the sanitizers a step beyond the end, or a leak, ends the test. */
Test(buffer, grows_and_is_taken_from_the_front)
{
    struct buffer buffer = {.data = NULL};
    uint8_t next = 0, first = 0;
    uint8_t *was;

    cr_assert(buffer_append(&buffer, NULL, 0));
    cr_assert_eq(buffer.len, 0);
    for (size_t round = 1; round <= 60; round++) {
        uint8_t octets[64];
        for (size_t i = 0; i < round; i++)
            octets[i] = next++;
        cr_assert(buffer_append(&buffer, octets, round));
        buffer_take(&buffer, round / 2);
        first = (uint8_t)(first + round / 2);
        for (size_t i = 0; i < buffer.len; i++)
            cr_assert_eq(buffer.data[i], (uint8_t)(first + i));
    }
    cr_assert_eq(buffer.len, 60 * 61 / 2 - 30 * 30);
    buffer_take(&buffer, buffer.len);
    cr_assert_eq(buffer.len, 0);
    was = buffer.data; /* what it holds once, it holds again without asking for more */
    for (size_t i = 0, size = buffer.size; i < size; i++)
        cr_assert(buffer_append(&buffer, "x", 1));
    cr_assert_eq(buffer.data, was);
    buffer_cleanup(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer.len + buffer.size, 0);
}
