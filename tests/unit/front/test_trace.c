/* test_trace.c: which traceparent fields are taken (W3C Trace Context 3.2.2). Each is read from exactly its
 * octets, for the sanitizers. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "server/front/http/trace.h"

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static struct bytes parent(const char *text, size_t len)
{
    static uint8_t *exact;

    free(exact);
    exact = malloc(len + (len == 0));
    cr_assert_not_null(exact);
    memcpy(exact, text, len);
    return trace_parent(bytes_of(exact, len));
}

Test(trace, what_the_standard_has_is_taken)
{
    static const char *const fields[] = {
        GOOD,
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "00-00000000000000000000000000000001-0000000000000001-ff", /* flags that nobody has named yet */
        "cc-12345678901234567890123456789012-1234567890123456-01", /* a later version … */
        "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future=holds", /* … that goes on */
        "cc-12345678901234567890123456789012-1234567890123456-01-",
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        cr_expect(bytes_equal(parent(fields[i], strlen(fields[i])), bytes_of(fields[i], strlen(GOOD))), "%s",
                  fields[i]);
}

Test(trace, anything_else_is_not)
{
    static const char *const fields[] = {
        "",
        "0",
        "00-",
        GOOD " ",
        GOOD "-",
        GOOD "-more",
        " " GOOD,
        "ff-12345678901234567890123456789012-1234567890123456-01", /* the version that is none */
        "cc-12345678901234567890123456789012-1234567890123456-01.what",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01",
        "0X-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
        "00-0af7651916cd43dd8448eb211c80319\n-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319\"-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333=-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0 ",
    };

    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        cr_expect_eq(parent(fields[i], strlen(fields[i])).len, 0, "%s", fields[i]);
    for (size_t len = 0; len < strlen(GOOD); len++)
        cr_expect_eq(parent(GOOD, len).len, 0, "%zu", len);
}

/* Each octet that is put in the place of each of a good one: what is taken then is nothing but digits and
 * marks. */
Test(trace, nothing_else_comes_through)
{
    char field[] = GOOD;

    for (size_t i = 0; i < strlen(GOOD); i++) {
        for (int octet = 0; octet < 256; octet++) {
            field[i] = (char)octet;
            struct bytes taken = parent(field, strlen(GOOD));
            for (size_t j = 0; j < taken.len; j++)
                cr_assert_not_null(memchr("0123456789abcdef-", taken.data[j], 17), "%zu: %d", i, octet);
        }
        field[i] = GOOD[i];
    }
}
