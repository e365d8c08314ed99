/* shard.c: see shard.h. */
#include "shard.h"

#include <string.h>

int shard_is_named(const char *url)
{
    return strstr(url, SHARD_NAMED) != NULL;
}

static const struct bytes named = {(const uint8_t *)SHARD_NAMED, sizeof SHARD_NAMED - 1};

static const uint8_t *find_named(struct bytes url)
{
    return url.len != 0 ? memmem(url.data, url.len, named.data, named.len) : NULL;
}

int shard_url(struct bytes *out, struct arena *arena, struct bytes url, unsigned shard)
{
    const uint8_t *at = find_named(url);
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

/* The digits of a shard, as shard_url writes them; -1: they are none. */
static int number_of(struct bytes digits)
{
    enum { DIGITS = 3 };
    int number = 0;

    if (digits.len == 0 || digits.len > DIGITS || digits.data[0] == '0')
        return -1;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return -1;
        number = 10 * number + (digits.data[i] - '0');
    }
    return number;
}

int shard_in_url(struct bytes template, struct bytes url)
{
    const uint8_t *at = find_named(template);
    size_t before = at != NULL ? (size_t)(at - template.data) : 0;
    size_t after = at != NULL ? template.len - before - named.len : 0;

    if (at == NULL)
        return bytes_equal(template, url) ? 0 : -1;
    if (url.len <= before + after || memcmp(url.data, template.data, before) != 0 ||
        memcmp(url.data + url.len - after, at + named.len, after) != 0)
        return -1;
    return number_of(bytes_of(url.data + before, url.len - before - after));
}

unsigned shard_of(const uint8_t serial_end[4], unsigned shards)
{
    uint32_t number = (uint32_t)serial_end[0] << 24 | (uint32_t)serial_end[1] << 16 |
                      (uint32_t)serial_end[2] << 8 | serial_end[3];

    return number % shards + 1;
}
