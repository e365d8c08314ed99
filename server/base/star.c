/* star.c: see star.h. */
#include "star.h"

uint8_t star_small(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static int same(const uint8_t *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (star_small(a[i]) != star_small((uint8_t)b[i]))
            return 0;
    return 1;
}

int star_equal(struct bytes text, const char *pattern)
{
    return text.len == strlen(pattern) && same(text.data, pattern, text.len);
}

struct bytes star_of(struct bytes text, const char *pattern)
{
    const char *star = strchr(pattern, '*');
    size_t before = (size_t)(star - pattern), after = strlen(star + 1);

    if (text.len <= before + after || !same(text.data, pattern, before) ||
        !same(text.data + text.len - after, star + 1, after))
        return bytes_of(NULL, 0);
    return bytes_of(text.data + before, text.len - before - after);
}
