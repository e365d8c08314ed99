/* decode_fixture.h: what cmpctl decode says of a message, for tests of its parts. Included once by a test,
 * after which TestSuite takes set_up and tear_down. */
#ifndef CMPD_TESTS_UNIT_CTL_DECODE_FIXTURE_H
#define CMPD_TESTS_UNIT_CTL_DECODE_FIXTURE_H

#include <criterion/criterion.h>

#include "crypto/pem.h"
#include "server/ctl/decode.h"
#include "tests/support/der_text.h"
#include "tests/support/hex.h"

static struct arena *arena;
static struct bytes certificate; /* tests/data/cmp/intermediate.pem, "$" in what is written down */

static int keep_certificate(void *arg, struct bytes der)
{
    (void)arg;
    certificate = arena_copy(arena, der);
    return 0;
}

static void set_up(void)
{
    arena = arena_new(8 * 1024 * 1024);
    must(pem_each_certificate(file_in_tests(arena, CMPD_TEST_DATA, "cmp/intermediate.pem"), keep_certificate,
                              NULL) == 1);
}

static void tear_down(void)
{
    arena_free(arena);
}

/* shown is the text that decode_write makes of |input|, runs of blanks within a line made one; |*ok| what it
 * returned. */
static inline const char *shown(struct bytes input, int *ok)
{
    char *text, *out;
    size_t len, used = 0;
    FILE *file = open_memstream(&text, &len);

    must(file != NULL);
    *ok = decode_write(file, input);
    fclose(file);
    out = arena_alloc(arena, len + 1);
    must(out != NULL);
    for (size_t i = 0; i < len; i++)
        if (text[i] != ' ' || (used != 0 && out[used - 1] != ' ' && out[used - 1] != '\n'))
            out[used++] = text[i];
    free(text);
    return out;
}

/* has_lines checks that |lines|, separated by line feeds, stand in |text| one after another. */
static inline void has_lines(const char *text, const char *lines)
{
    char *all = arena_printf(arena, "\n%s", text), *wanted = arena_printf(arena, "\n%s\n", lines);

    cr_assert_not_null(strstr(all, wanted), "no lines '%s' in:\n%s", lines, text);
}

#define HEADER "30{02{02} a4{30{}} a4{30{}}}"

/* message is a PKIMessage with |body| (der_text) after a header that has nothing but what it must. */
static inline struct bytes message(const char *body)
{
    return der_text(arena, arena_printf(arena, "30{" HEADER "%s}", body), certificate);
}

/* says checks that a message with |body| is whole, and that |lines| are said of it. */
static inline void says(const char *body, const char *lines)
{
    int ok;
    const char *text = shown(message(body), &ok);

    cr_assert(ok, "%s", text);
    has_lines(text, lines);
}

/* broken checks that |input| is broken with |last| as the last line. */
static inline void broken(struct bytes input, const char *last)
{
    int ok;
    const char *text = shown(input, &ok);

    cr_assert_not(ok, "%s", text);
    has_lines(text, last);
    cr_assert(strlen(text) > strlen(last) &&
                  strncmp(text + strlen(text) - strlen(last) - 1, last, strlen(last)) == 0,
              "%s", text);
}

#endif
