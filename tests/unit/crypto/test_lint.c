/* lint.c: what cannot be read is one fault, and never another. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "crypto/lint.h"
#include "tests/support/hex.h"
#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct private_key *key;
static struct certificate cert;

static void set_up(void)
{
    arena = arena_new(16 * 1024 * 1024);
    key = private_key_generate(KEY_P256, 0);
    struct certificate_plan plan = {.issuer = name_of(arena, "CA"),
                                    .subject = name_of(arena, "gnb-1"),
                                    .issuer_key_id = bytes_str("id"),
                                    .spki = private_key_spki(key),
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE,
                                    .path_len = -1};
    cr_assert(certificate_parse(&cert, sign_plan(arena, plan, key)));
}

static void tear_down(void)
{
    private_key_free(key);
    arena_free(arena);
}

TestSuite(lint, .init = set_up, .fini = tear_down);

Test(lint, what_is_cut_off_cannot_be_read)
{
    cr_assert_eq(certificate_lint(arena, cert.tbs, LINT_ALL), 0);
    for (size_t len = 0; len < cert.tbs.len; len++)
        cr_expect_eq(certificate_lint(arena, bytes_of(cert.tbs.data, len), LINT_ALL), 1);
}

/* Every octet changed in each of its bits: it says something, and reads nothing beyond (ASan). */
Test(lint, no_octet_makes_it_fall)
{
    uint8_t *copy = malloc(cert.tbs.len);
    uint64_t seen = 0;

    for (size_t i = 0; i < cert.tbs.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, cert.tbs.data, cert.tbs.len);
            copy[i] ^= (uint8_t)(1 << bit);
            seen |= certificate_lint(arena, bytes_of(copy, cert.tbs.len), LINT_ALL);
        }
    free(copy);
    cr_expect_neq(seen & 1, 0);
    cr_expect_gt(__builtin_popcountll(seen), 5);
}

Test(lint, a_text_has_the_section_of_each_rule)
{
    const char *text = lint_text(arena, 1 | UINT64_C(1) << 2);

    cr_expect_eq(strncmp(text, "RFC 5280 4.1 (encoding: ", 24), 0, "%s", text);
    cr_expect_not_null(strstr(text, ", RFC 5280 4.1.2.2 (serialNumber: "), "%s", text);
    cr_expect_str_eq(lint_text(arena, 0), "");
}

Test(lint, rules_have_names_of_their_own)
{
    for (size_t i = 0; i < lint_count(); i++)
        for (size_t j = 0; j < i; j++)
            cr_expect_str_neq(lint_rule(i)->name, lint_rule(j)->name);
}
