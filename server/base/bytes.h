/* bytes.h: a view of octets that somebody else owns. */
#ifndef CMPD_BASE_BYTES_H
#define CMPD_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* struct bytes is a borrowed run of octets. |data| may be NULL only if |len| is 0. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* bytes_of returns a view of |len| octets at |data|. */
static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

/* bytes_str returns a view of the NUL-terminated |s|, without its NUL; an empty view for NULL. */
static inline struct bytes bytes_str(const char *s)
{
    return s != NULL ? bytes_of(s, strlen(s)) : bytes_of(NULL, 0);
}

/* bytes_equal returns 1 if both views hold the same octets. Not constant time: never for secrets. */
static inline int bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

#endif
