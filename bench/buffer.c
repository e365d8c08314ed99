/* Octets that grow at the end and are taken from the front. */
#include "bench/buffer.h"

#include <stdlib.h>
#include <string.h>

int buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    if (len > buffer->size - buffer->len) {
        size_t size = 2 * (buffer->len + len);
        uint8_t *grown = realloc(buffer->data, size);
        if (grown == NULL)
            return 0;
        buffer->data = grown;
        buffer->size = size;
    }
    if (len != 0)
        memcpy(buffer->data + buffer->len, data, len);
    buffer->len += len;
    return 1;
}

void buffer_take(struct buffer *buffer, size_t len)
{
    buffer->len -= len;
    if (buffer->len != 0)
        memmove(buffer->data, buffer->data + len, buffer->len);
}

void buffer_cleanup(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.data = NULL};
}
