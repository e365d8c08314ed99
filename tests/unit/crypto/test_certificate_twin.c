/* certificate_twin.c: the certificate that says the same under another signature, which anybody can make. */
#include <criterion/criterion.h>

#include "tests/unit/crypto/certs.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(certificate_twin, .init = set_up, .fini = tear_down);

static struct certificate self_signed(const struct private_key *key)
{
    struct certificate_plan plan = {.issuer = name_of(arena, "CA"),
                                    .subject = name_of(arena, "CA"),
                                    .spki = private_key_spki(key),
                                    .path_len = -1};
    struct certificate cert;

    cr_assert(certificate_parse(&cert, sign_plan(arena, plan, key)));
    return cert;
}

static int is_signed_by(const struct certificate *cert, const struct private_key *key)
{
    return verify_signature(private_key_spki(key), cert->algorithm, cert->tbs, cert->signature);
}

/* FIPS 186-5 6.4.2 */
Test(certificate_twin, every_ECDSA_signature_has_another_one)
{
    static const enum key_kind kinds[] = {KEY_P256, KEY_P384, KEY_P521};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct private_key *key = private_key_generate(kinds[i], 0);
        struct certificate cert = self_signed(key), twin;
        struct bytes der, again;
        cr_assert(certificate_twin(&der, arena, &cert, private_key_spki(key)));
        cr_assert(certificate_parse(&twin, der));
        cr_expect_not(bytes_equal(der, cert.der));
        cr_expect(bytes_equal(twin.tbs, cert.tbs));
        cr_expect(is_signed_by(&cert, key));
        cr_expect(is_signed_by(&twin, key));
        cr_assert(certificate_twin(&again, arena, &twin, private_key_spki(key)));
        cr_expect(bytes_equal(again, cert.der));
        private_key_free(key);
    }
}

Test(certificate_twin, no_other_signature_has_one)
{
    static const enum key_kind kinds[] = {KEY_RSA, KEY_ED25519};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct private_key *key = private_key_generate(kinds[i], 2048);
        struct certificate cert = self_signed(key);
        struct bytes der = cert.der;
        cr_assert(certificate_twin(&der, arena, &cert, private_key_spki(key)));
        cr_expect_eq(der.len, 0);
        private_key_free(key);
    }
}

Test(certificate_twin, without_memory_there_is_no_verdict)
{
    struct private_key *key = private_key_generate(KEY_P256, 0);
    struct certificate cert = self_signed(key);
    struct arena *small = arena_new(16);
    struct bytes der;

    cr_expect_not(certificate_twin(&der, small, &cert, private_key_spki(key)));
    arena_free(small);
    private_key_free(key);
}
