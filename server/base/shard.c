/* shard.c: see shard.h. */
#include "shard.h"

#include <string.h>

int shard_is_named(const char *url)
{
    return strstr(url, SHARD_NAMED) != NULL;
}

int shard_url(struct bytes *out, struct arena *arena, struct bytes url, unsigned shard)
{
    static const struct bytes named = {(const uint8_t *)SHARD_NAMED, sizeof SHARD_NAMED - 1};
    const uint8_t *at = url.len != 0 ? memmem(url.data, url.len, named.data, named.len) : NULL;
    size_t before = at != NULL ? (size_t)(at - url.data) : url.len;
    size_t after = at != NULL ? before + named.len : url.len;
    char *text = at == NULL ? arena_printf(arena, "%.*s", (int)url.len, (const char *)url.data)
                            : arena_printf(arena, "%.*s%u%.*s", (int)before, (const char *)url.data, shard,
                                           (int)(url.len - after), (const char *)url.data + after);

    if (text == NULL)
        return 0;
    *out = bytes_str(text);
    return 1;
}

unsigned shard_of(const uint8_t serial_end[4], unsigned shards)
{
    uint32_t number = (uint32_t)serial_end[0] << 24 | (uint32_t)serial_end[1] << 16 |
                      (uint32_t)serial_end[2] << 8 | serial_end[3];

    return number % shards + 1;
}
