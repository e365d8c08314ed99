/* hex.h: octets written down in a test as hexadecimal text. */
#ifndef CMPD_TESTS_SUPPORT_HEX_H
#define CMPD_TESTS_SUPPORT_HEX_H

#include "server/base/arena.h"
#include "tests/support/must.h"

/* hex reads pairs of hexadecimal digits, blanks between them ignored, into |arena|. */
static inline struct bytes hex(struct arena *arena, const char *text)
{
    size_t len = 0, room = strlen(text) / 2 + 1;
    uint8_t *out = arena_alloc(arena, room);
    unsigned octet;
    int used;

    must(out != NULL);
    for (; *text != 0; text += used) {
        used = 1;
        if (*text == ' ')
            continue;
        must(sscanf(text, "%2x", &octet) == 1);
        out[len++] = (uint8_t)octet;
        used = 2;
    }
    return bytes_of(out, len);
}

/* file_in_tests reads a file below tests/data into |arena|. */
static inline struct bytes file_in_tests(struct arena *arena, const char *directory, const char *name)
{
    char path[1024];
    uint8_t *out = arena_alloc(arena, 65536);
    FILE *file;
    size_t len;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    must(out != NULL && (file = fopen(path, "rb")) != NULL);
    len = fread(out, 1, 65536, file);
    must(len > 0 && len < 65536);
    fclose(file);
    return bytes_of(out, len);
}

#endif
