/* pkcs11_generate.c: keys that are made in a token (PKCS #11 v3.0). */
#include <criterion/criterion.h>

#include "crypto/token.h"
#include "tests/support/hsm.h"

/* SoftHSM 2.6 loses some octets of its OpenSSL with each key that it makes. Ours is another one. The
 * sanitizer's library asks for this by name. NOLINTBEGIN(bugprone-reserved-identifier) */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libcrypto.so.3";
}
/* NOLINTEND(bugprone-reserved-identifier) */

static struct hsm hsm;
static struct arena *arena;
static char uri[HSM_URI_MAX], fault[TOKEN_FAULT_MAX];

static void set_up(void)
{
    struct private_key *other = private_key_generate(KEY_P256, 0);

    arena = arena_new(1024 * 1024);
    hsm_new(&hsm);
    hsm_import(&hsm, other, "other", "01");
    hsm_uri(uri, &hsm, "other");
    private_key_free(other);
}

static void tear_down(void)
{
    arena_free(arena);
    hsm_free(&hsm);
}

TestSuite(pkcs11_generate, .init = set_up, .fini = tear_down, .timeout = 120);

static struct token_pair pair_of(enum key_kind kind)
{
    return (struct token_pair){.kind = kind, .rsa_bits = 2048, .label = "made by a test", .arena = arena};
}

/* token_open has it sign, and verifies that by what was said to be its public key. */
Test(pkcs11_generate, a_key_of_each_kind_signs_for_the_public_key_that_was_told)
{
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        struct token_pair pair = pair_of((enum key_kind)kind);
        struct public_key *public;
        struct private_key *opened;

        cr_assert(token_generate(fault, uri, &pair), "%d: %s", kind, fault);
        public = public_key_parse(pair.spki);
        cr_assert_not_null(public);
        cr_expect_eq(public_key_kind(public), (enum key_kind)kind);
        cr_expect(kind != KEY_RSA || public_key_bits(public) == 2048);
        opened = token_open(fault, pair.uri, pair.spki, 1);
        cr_assert_not_null(opened, "%d: %s", kind, fault);
        private_key_free(opened);
        public_key_free(public);
    }
}

Test(pkcs11_generate, each_is_another_one_with_a_name_of_its_own)
{
    struct token_pair first = pair_of(KEY_P256), second = pair_of(KEY_P256);

    cr_assert(token_generate(fault, uri, &first) && token_generate(fault, uri, &second), "%s", fault);
    cr_expect_not(bytes_equal(first.spki, second.spki));
    cr_expect_str_neq(first.uri, second.uri);
    cr_expect_null(token_open(fault, first.uri, second.spki, 1));
    cr_expect_not_null(strstr(first.uri, "id=%"));
    cr_expect_null(strstr(first.uri, "sesame"));
}

Test(pkcs11_generate, what_is_wrong_is_told)
{
    struct token_pair pair = pair_of(KEY_P256);

    cr_expect_not(token_generate(fault, "pkcs11:token=t", &pair));
    cr_expect_not_null(strstr(fault, "names no module"), "%s", fault);
    hsm_set(&hsm, "lost", "");
    cr_expect_not(token_generate(fault, uri, &pair));
    cr_expect_neq(fault[0], 0);
    cr_expect_null(strstr(fault, "sesame"), "%s", fault);
}

/* 16 MiB is more than what lies above on any stack. */
Test(pkcs11_generate, a_length_that_cannot_be_is_not_believed)
{
    struct token_pair rsa = pair_of(KEY_RSA), ec = pair_of(KEY_P256);

    hsm_set(&hsm, "lie", "16777216");
    cr_expect_not(token_generate(fault, uri, &rsa));
    cr_expect_not_null(strstr(fault, "tells a public key that is none"), "%s", fault);
    cr_expect_not(token_generate(fault, uri, &ec));
}

/* An octet of a point of Ed25519 with another first bit is another point (RFC 8032 5.1.2). */
Test(pkcs11_generate, a_public_key_that_is_not_of_the_private_one_is_not_believed)
{
    struct token_pair pair = pair_of(KEY_ED25519);

    hsm_set(&hsm, "lie", "");
    cr_expect_not(token_generate(fault, uri, &pair));
    cr_expect_neq(fault[0], 0);
}
