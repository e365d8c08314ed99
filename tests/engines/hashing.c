/* Holds digests, HMAC and PBKDF2 of crypto/ against the lines that hashing.py writes, read from standard
 * input. Prints how many of each there were; ends with 1 at the first that is wrong. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/mac.h"

enum { LINE = 256 * 1024, FIELDS = 6, ARENA = 1024 * 1024 };

static struct arena *arena;

static struct bytes octets_of(const char *hex)
{
    size_t len = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *out = arena_alloc(arena, len + 1);

    if (out == NULL)
        abort();
    for (size_t i = 0; i < len; i++) {
        unsigned octet;
        if (sscanf(hex + 2 * i, "%2x", &octet) != 1)
            abort();
        out[i] = (uint8_t)octet;
    }
    return bytes_of(out, len);
}

static enum digest_id digest_named(const char *name)
{
    for (int id = DIGEST_NONE + 1; id < DIGEST_COUNT; id++)
        if (strcmp(name, digest_algorithm((enum digest_id)id)->name) == 0)
            return (enum digest_id)id;
    abort();
}

static int digest_is_right(char **field)
{
    uint8_t out[DIGEST_MAX];
    size_t len = digest_compute(out, digest_named(field[1]), octets_of(field[2]));

    return bytes_equal(bytes_of(out, len), octets_of(field[3]));
}

/* A MAC that is shorter is the beginning of the whole. */
static int hmac_is_right(char **field)
{
    struct mac_algorithm algorithm = {.scheme = MAC_HMAC, .mac = digest_named(field[1])};
    struct bytes secret = octets_of(field[2]), expected = octets_of(field[5]);
    uint8_t out[DIGEST_MAX];
    struct mac_key key;
    size_t len;

    /* Nobody has a secret of no octets: HMAC pads it with zeros, as it does this one. */
    if (secret.len == 0)
        secret = bytes_of("\0", 1);
    if (!mac_derive(&key, &algorithm, secret))
        abort();
    len = mac_apply(out, &algorithm, &key, octets_of(field[3]));
    return expected.len <= len &&
           bytes_equal(bytes_of(out, expected.len), expected) == (strcmp(field[4], "valid") == 0);
}

static int pbkdf2_is_right(char **field)
{
    struct bytes expected = octets_of(field[5]);
    struct mac_algorithm algorithm = {.scheme = MAC_PBMAC1,
                                      .owf = digest_named(field[1]),
                                      .salt = octets_of(field[3]),
                                      .iterations = (uint32_t)strtoul(field[4], NULL, 10),
                                      .key_len = expected.len};
    struct mac_key key;

    return mac_derive(&key, &algorithm, octets_of(field[2])) &&
           bytes_equal(bytes_of(key.octets, key.len), expected);
}

static const struct {
    const char *name;
    size_t fields;
    int (*is_right)(char **field);
} kinds[] = {{"digest", 4, digest_is_right}, {"hmac", 6, hmac_is_right}, {"pbkdf2", 6, pbkdf2_is_right}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

int main(void)
{
    size_t counts[KINDS] = {0};
    char *line = malloc(LINE);

    while (line != NULL && fgets(line, LINE, stdin) != NULL) {
        char *field[FIELDS];
        size_t count = 0, k = 0;
        arena = arena_new(ARENA);
        for (char *word = strtok(line, " \n"); word != NULL && count < FIELDS; word = strtok(NULL, " \n"))
            field[count++] = word;
        while (k < KINDS && (count == 0 || strcmp(field[0], kinds[k].name) != 0))
            k++;
        if (k == KINDS || count != kinds[k].fields)
            abort();
        if (!kinds[k].is_right(field)) {
            printf("wrong: %s %s %s\n", field[0], field[1], field[2]);
            return 1;
        }
        counts[k]++;
        arena_free(arena);
    }
    free(line);
    for (size_t k = 0; k < KINDS; k++)
        printf("%s: %zu\n", kinds[k].name, counts[k]);
    return 0;
}
