/* test_secret_memory.c: where keys are. What is looked for is looked for in all memory of the process. */
#define _GNU_SOURCE 1 /* memmem */
#include "crypto/secret_memory.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/key.h"
#include "crypto/random.h"

enum { SECRET = 32, FILE_MAX = 4096 };

static uint8_t needle[SECRET]; /* the only copy that may be found outside */

/* How often |needle| is in memory that can be written, but for itself and the pool. */
static unsigned copies_outside(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], rights[8];
    unsigned count = 0;
    unsigned long begin, end;
    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps) != NULL) {
        if (sscanf(line, "%lx-%lx %7s", &begin, &end, rights) != 3 || strncmp(rights, "rw", 2) != 0)
            continue;
        const uint8_t *at = (const uint8_t *)begin, *limit = (const uint8_t *)end;
        while ((at = memmem(at, (size_t)(limit - at), needle, SECRET)) != NULL) {
            count += at != needle && !secret_memory_has(at);
            at++;
        }
    }
    fclose(maps);
    return count;
}

static void turn_round(void)
{
    for (size_t i = 0; i < SECRET / 2; i++) {
        uint8_t kept = needle[i];
        needle[i] = needle[SECRET - 1 - i];
        needle[SECRET - 1 - i] = kept;
    }
}

/* What base64 says in |needle|, but for its first |skipped| octets. */
static void decode(const char *text, size_t skipped)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    size_t count = 0, octets = 0;
    for (; octets < skipped + SECRET; text++) {
        const char *digit = *text != '\n' ? strchr(digits, *text) : NULL;
        if (digit == NULL)
            continue;
        bits = bits << 6 | (uint32_t)(digit - digits);
        if (++count % 4 == 1)
            continue;
        if (octets >= skipped)
            needle[octets - skipped] = (uint8_t)(bits >> (6 - 2 * ((count - 1) % 4)));
        octets++;
    }
}

/* A key as a file has it, with its secret number in |needle|. It is made by a child, so that nothing else of
 * it is left in this process. */
static uint8_t *make_file(size_t *len, enum key_kind kind, size_t secret_at)
{
    int ends[2], status;
    uint8_t *pem = calloc(1, FILE_MAX);
    cr_assert_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        struct private_key *key = private_key_generate(kind, 0);
        if (key == NULL || !private_key_to_pem(&pem, len, key))
            _exit(1);
        decode(strchr((const char *)pem, '\n'), secret_at);
        _exit(write(ends[1], needle, SECRET) != SECRET || write(ends[1], pem, *len) != (ssize_t)*len);
    }
    waitpid(child, &status, 0);
    cr_assert_eq(status, 0);
    close(ends[1]);
    cr_assert_eq(read(ends[0], needle, SECRET), SECRET);
    *len = (size_t)read(ends[0], pem, FILE_MAX - 1);
    close(ends[0]);
    return pem;
}

/* What is made once and stays: curves, generators of random numbers. */
static size_t warm_up(enum key_kind kind)
{
    private_key_free(private_key_generate(kind, 2048));
    return secret_memory_used();
}

static void stays_inside(enum key_kind kind, size_t secret_at)
{
    size_t len;
    uint8_t *pem = make_file(&len, kind, secret_at);
    cr_assert(secret_memory_lock());
    size_t before = warm_up(kind);
    struct private_key *key = private_key_from_pem(bytes_of(pem, len));
    secret_wipe(pem, len);
    free(pem);
    cr_assert_not_null(key);
    cr_expect_gt(secret_memory_used(), before);
    cr_expect_eq(copies_outside(), 0, "kind %d", kind);
    turn_round(); /* as numbers are kept */
    cr_expect_eq(copies_outside(), 0, "kind %d", kind);
    private_key_free(key);
    cr_expect_eq(secret_memory_used(), before);
}

Test(secret_memory, keys_are_there_and_nowhere_else)
{
    enum { P256_AT = 36 };
    stays_inside(KEY_P256, P256_AT);
}

Test(secret_memory, so_are_those_of_ed25519)
{
    enum { SEED_AT = 16 };
    stays_inside(KEY_ED25519, SEED_AT);
}

/* The trial above finds what it looks for. */
Test(secret_memory, a_copy_outside_is_found)
{
    size_t len;
    uint8_t *pem = make_file(&len, KEY_P256, 36), *copy = malloc(SECRET);
    cr_assert_eq(copies_outside(), 0);
    memcpy(copy, needle, SECRET);
    cr_assert_eq(copies_outside(), 1);
    free(copy);
    free(pem);
}

Test(secret_memory, rsa_keys_are_there_with_what_they_compute)
{
    cr_assert(secret_memory_lock());
    size_t before = warm_up(KEY_RSA);
    struct private_key *key = private_key_generate(KEY_RSA, 2048);
    cr_assert_not_null(key);
    cr_assert_gt(secret_memory_used(), before + 2048);
    private_key_free(key);
    cr_assert_eq(secret_memory_used(), before);
}

static long status_kib(const char *name)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long value = -1;
    while (fgets(line, sizeof line, status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    fclose(status);
    return value;
}

static int has_flags(const void *address, const char *first, const char *second)
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    char line[512];
    unsigned long begin, end, at = (unsigned long)address;
    int here = 0, ok = 0;
    while (fgets(line, sizeof line, smaps) != NULL) {
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            here = at >= begin && at < end;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            ok = strstr(line, first) != NULL && strstr(line, second) != NULL;
    }
    fclose(smaps);
    return ok;
}

Test(secret_memory, it_is_locked_and_left_out_of_core_files)
{
    cr_assert(secret_memory_lock());
    void *data = secret_alloc(1);
    cr_assert(secret_memory_has(data));
    cr_assert_geq(status_kib("VmLck:"), SECRET_MEMORY / 1024);
    cr_assert(has_flags(data, " lo", " dd"));
    secret_free(data);
}

Test(secret_memory, pieces_are_zero_and_apart_and_come_back)
{
    enum { PIECES = 300 };
    uint8_t *pieces[PIECES];
    cr_assert(secret_memory_lock());
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < PIECES; i++) {
            pieces[i] = secret_alloc(i * 37 % 1500 + 1);
            for (size_t k = 0; k < i * 37 % 1500 + 1; k++)
                cr_assert_eq(pieces[i][k], 0);
            memset(pieces[i], (int)i | 1, i * 37 % 1500 + 1);
        }
        for (size_t i = 0; i < PIECES; i++) {
            for (size_t k = 0; k < i * 37 % 1500 + 1; k++)
                cr_assert_eq(pieces[i][k], (uint8_t)(i | 1));
            if (i % 2 == 0)
                secret_free(pieces[i]);
        }
        for (size_t i = 1; i < PIECES; i += 2)
            secret_free(pieces[i]);
        cr_assert_eq(secret_memory_used(), 0);
    }
    secret_free(NULL);
}

Test(secret_memory, what_does_not_fit_is_ordinary_memory)
{
    cr_assert(secret_memory_lock());
    secret_memory_begin();
    void *all = secret_alloc(SECRET_MEMORY - 16), *more = secret_alloc(100),
         *large = secret_alloc(2 * SECRET_MEMORY);
    cr_assert(secret_memory_has(all));
    cr_assert_not_null(more);
    cr_assert_not(secret_memory_has(more));
    cr_assert_not_null(large);
    struct private_key *key = private_key_generate(KEY_P256, 0);
    cr_assert_not_null(key, "keys are loaded all the same");
    private_key_free(key);
    secret_free(all);
    secret_free(more);
    secret_free(large);
    secret_memory_end();
}

/* Messages with shared secrets are as many as strangers like. */
Test(secret_memory, messages_leave_half_to_keys)
{
    cr_assert(secret_memory_lock());
    void *half = secret_alloc(SECRET_MEMORY / 2 - 16), *more = secret_alloc(1);
    cr_assert(secret_memory_has(half));
    cr_assert_not(secret_memory_has(more));
    cr_assert_eq(secret_memory_missed(), 0, "no key missed it");
    secret_memory_begin();
    void *key = secret_alloc(SECRET_MEMORY / 2 - 16);
    secret_memory_end();
    cr_assert(secret_memory_has(key));
    secret_free(half);
    secret_free(more);
    secret_free(key);
    cr_assert_eq(secret_memory_used(), 0);
}

enum { FILLERS = 256 };

/* Takes all of the pool, in pieces that become smaller. */
static size_t fill(void *pieces[FILLERS])
{
    size_t count = 0;
    for (size_t size = SECRET_MEMORY; size > 0;) {
        void *piece = secret_alloc(size);
        if (secret_memory_has(piece)) {
            cr_assert_lt(count, FILLERS);
            pieces[count++] = piece;
        } else {
            secret_free(piece);
            size /= 2;
        }
    }
    return count;
}

Test(secret_memory, what_did_not_fit_is_told_once)
{
    void *pieces[FILLERS];
    cr_assert(secret_memory_lock());
    struct private_key *key = private_key_generate(KEY_P256, 0);
    cr_assert_eq(secret_memory_missed(), 0, "there was room");
    private_key_free(key);
    secret_memory_begin();
    size_t count = fill(pieces);
    cr_assert_gt(secret_memory_missed(), 0);
    key = private_key_generate(KEY_P256, 0);
    cr_assert_not_null(key);
    cr_assert_gt(secret_memory_missed(), 0);
    cr_assert_eq(secret_memory_missed(), 0, "it was told");
    private_key_free(key);
    secret_free(secret_alloc(2 * SECRET_MEMORY));
    cr_assert_eq(secret_memory_missed(), 1);
    while (count > 0)
        secret_free(pieces[--count]);
    secret_memory_end();
}

Test(secret_memory, a_limit_that_is_too_small_is_told)
{
    if (geteuid() == 0) { /* root may lock as much as it likes */
        int status;
        pid_t child = fork();
        if (child == 0) {
            setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0});
            if (setuid(65534) != 0)
                _exit(2);
            _exit(secret_memory_lock() == 0 && secret_alloc(1) != NULL ? 0 : 1);
        }
        waitpid(child, &status, 0);
        cr_assert_eq(status, 0);
    } else {
        setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0});
        cr_assert_not(secret_memory_lock());
        cr_assert_not_null(secret_alloc(1));
    }
}

/* A hole that is too small for one piece is there for the next, wherever it is. */
Test(secret_memory, no_hole_is_lost)
{
    enum { PIECES = 6 };
    void *pieces[PIECES], *large;
    cr_assert(secret_memory_lock());
    for (size_t hole = 0; hole < PIECES; hole++) {
        for (size_t i = 0; i < PIECES; i++)
            pieces[i] = secret_alloc(1);
        secret_free(pieces[hole]);
        large = secret_alloc(1000); /* beyond the last, or in its place and beyond it */
        cr_assert_eq(large == pieces[hole], hole == PIECES - 1);
        void *again = secret_alloc(1);
        cr_assert_eq(again == pieces[hole], hole != PIECES - 1);
        secret_free(large);
        secret_free(again);
        for (size_t i = 0; i < PIECES; i++)
            if (i != hole)
                secret_free(pieces[i]);
        cr_assert_eq(secret_memory_used(), 0);
    }
}

/* Units of 64 octets, 16 of which are the piece's own. */
Test(secret_memory, pieces_take_what_they_need)
{
    static const struct {
        size_t size, used;
    } cases[] = {{0, 64}, {1, 64}, {48, 64}, {49, 128}, {112, 128}, {113, 192}};
    cr_assert(secret_memory_lock());
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *piece = secret_alloc(cases[i].size);
        cr_assert(secret_memory_has(piece));
        cr_assert_eq(secret_memory_used(), cases[i].used, "%zu octets", cases[i].size);
        secret_free(piece);
    }
    void *all = NULL;
    secret_memory_begin();
    for (size_t more = 0; more <= 1; more++) {
        all = secret_alloc(SECRET_MEMORY - 16 + more);
        cr_assert_eq(secret_memory_has(all), !more);
        secret_free(all);
    }
    secret_memory_end();
}

/* What BoringSSL and AWS-LC call. */
void *OPENSSL_memory_alloc(size_t size);
void OPENSSL_memory_free(void *data);
size_t OPENSSL_memory_get_size(void *data);
void *OPENSSL_memory_realloc(void *data, size_t size);

/* What grows or shrinks keeps what is in it, inside and outside, and leaves nothing behind. */
Test(secret_memory, what_grows_keeps_what_is_in_it)
{
    cr_assert(secret_memory_lock());
    for (int inside = 0; inside <= 1; inside++) {
        if (inside)
            secret_memory_begin();
        uint8_t *data = OPENSSL_memory_realloc(NULL, 40);
        cr_assert_eq(secret_memory_has(data), inside);
        cr_assert_geq(OPENSSL_memory_get_size(data), 40);
        memset(data, 7, 40);
        uint8_t *larger = OPENSSL_memory_realloc(data, 400);
        cr_assert_geq(OPENSSL_memory_get_size(larger), 400);
        for (size_t i = 0; i < 40; i++) {
            cr_assert_eq(larger[i], 7);
            cr_assert(!inside || data[i] == 0, "the old place is wiped");
        }
        uint8_t *smaller = OPENSSL_memory_realloc(larger, 3);
        cr_assert(smaller[0] == 7 && smaller[2] == 7);
        OPENSSL_memory_free(smaller);
        if (inside)
            secret_memory_end();
        cr_assert_eq(secret_memory_used(), 0);
    }
    cr_assert_eq(OPENSSL_memory_get_size(NULL), 0);
    /* An octet at least, for whoever asks for nothing. */
    void *nothing = OPENSSL_memory_alloc(0);
    cr_assert_not_null(nothing);
    cr_assert_geq(OPENSSL_memory_get_size(nothing), 1);
    OPENSSL_memory_free(nothing);
    secret_memory_begin();
    void *unit = OPENSSL_memory_alloc(48);
    cr_assert_eq(OPENSSL_memory_get_size(unit), 48);
    OPENSSL_memory_free(unit);
    secret_memory_end();
}

/* What cannot be had is counted, for whoever has to know that a verdict is none. */
Test(secret_memory, failures_are_counted)
{
    unsigned before = secret_memory_failures();
    void *ordinary = OPENSSL_memory_alloc(100);
    cr_assert_eq(secret_memory_failures(), before);
    cr_assert_null(OPENSSL_memory_alloc(SIZE_MAX / 2));
    cr_assert_eq(secret_memory_failures(), before + 1);
    OPENSSL_memory_free(ordinary);
}

/* Between the outermost begin and its end, and not a moment longer. */
Test(secret_memory, only_what_is_enclosed_is_inside)
{
    cr_assert(secret_memory_lock());
    for (int depth_wanted = 0; depth_wanted <= 2; depth_wanted++) {
        for (int i = 0; i < depth_wanted; i++)
            secret_memory_begin();
        for (int left = depth_wanted; left >= 0; left--) {
            void *data = OPENSSL_memory_alloc(10);
            cr_assert_eq(secret_memory_has(data), left > 0);
            OPENSSL_memory_free(data);
            if (left > 0)
                secret_memory_end();
        }
    }
}
