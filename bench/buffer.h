/* buffer.h: octets that grow at the end and are taken from the front. */
#ifndef CMPD_BENCH_BUFFER_H
#define CMPD_BENCH_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
    uint8_t *data;
    size_t len, size;
};

/* buffer_append adds |len| octets. 1, or 0 without memory. */
int buffer_append(struct buffer *buffer, const void *data, size_t len);

/* buffer_take drops the first |len| octets. */
void buffer_take(struct buffer *buffer, size_t len);

/* buffer_cleanup frees what it holds; it is empty and usable afterwards. */
void buffer_cleanup(struct buffer *buffer);

#endif
