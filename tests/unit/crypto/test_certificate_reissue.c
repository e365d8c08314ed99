/* certificate_reissue.c: a TBSCertificate under another serial and at another time (RFC 5280 4.1). */
#include <criterion/criterion.h>

#include "tests/unit/crypto/certs.h"

static struct arena *arena;
static struct private_key *key;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    key = private_key_generate(KEY_P256, 0);
}

static void tear_down(void)
{
    private_key_free(key);
    arena_free(arena);
}

TestSuite(certificate_reissue, .init = set_up, .fini = tear_down);

static struct certificate certificate(void)
{
    struct certificate_plan plan = {.issuer = name_of(arena, "CA"),
                                    .subject = name_of(arena, "station"),
                                    .spki = private_key_spki(key),
                                    .path_len = -1,
                                    .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
    struct certificate cert;

    cr_assert(certificate_parse(&cert, sign_plan(arena, plan, key)));
    return cert;
}

Test(certificate_reissue, all_but_serial_and_validity_stays_octet_for_octet)
{
    static const uint8_t serial[16] = {0x0c, 1, 2, 3};
    const struct certificate before = certificate();
    struct certificate_tbs parts;
    struct certificate after;
    struct bytes tbs, der;

    cr_assert(certificate_read_tbs(&parts, before.tbs));
    cr_expect(bytes_equal(parts.issuer, before.issuer));
    cr_expect(bytes_equal(parts.subject, before.subject));
    cr_expect(bytes_equal(parts.spki, before.spki));
    cr_expect(parts.not_before == before.not_before && parts.not_after == before.not_after);
    cr_assert(certificate_reissue(&tbs, arena, &parts, bytes_of(serial, sizeof serial), CERTS_NOW + 5,
                                  CERTS_NOW + 2005));
    cr_assert(certificate_assemble(&der, arena, tbs, before.algorithm, before.signature));
    cr_assert(certificate_parse(&after, der));
    cr_expect(bytes_equal(after.serial, bytes_of(serial, sizeof serial)));
    cr_expect(after.not_before == CERTS_NOW + 5 && after.not_after == CERTS_NOW + 2005);
    cr_expect(bytes_equal(after.issuer, before.issuer) && bytes_equal(after.subject, before.subject));
    cr_assert(certificate_read_tbs(&parts, tbs));
    struct certificate_tbs again;
    cr_assert(certificate_read_tbs(&again, before.tbs));
    cr_expect(bytes_equal(parts.rest, again.rest));
    /* With the serial and the times of before it is what it was. */
    cr_assert(certificate_reissue(&tbs, arena, &parts, before.serial, before.not_before, before.not_after));
    cr_expect(bytes_equal(tbs, before.tbs));
}

/* What the store has may be anything. */
Test(certificate_reissue, what_is_cut_off_or_altered_is_none_or_stays_within_its_octets)
{
    const struct certificate cert = certificate();
    struct certificate_tbs parts;

    for (size_t len = 0; len < cert.tbs.len; len++) {
        uint8_t *copy = malloc(len + 1);
        cr_assert_not_null(copy);
        memcpy(copy, cert.tbs.data, len);
        cr_expect_not(certificate_read_tbs(&parts, bytes_of(copy, len)), "%zu", len);
        free(copy);
    }
    for (size_t i = 0; i < cert.tbs.len; i++) {
        uint8_t *copy = malloc(cert.tbs.len);
        cr_assert_not_null(copy);
        memcpy(copy, cert.tbs.data, cert.tbs.len);
        copy[i] ^= 0x81;
        if (certificate_read_tbs(&parts, bytes_of(copy, cert.tbs.len)))
            cr_expect(parts.rest.data >= copy && parts.rest.data + parts.rest.len == copy + cert.tbs.len);
        free(copy);
    }
}

/* RFC 5280 4.2.1.2, RFC 7093 section 2 (1): by the digest that was chosen for the certificate. */
Test(certificate_reissue, with_another_key_its_identifier_is_another_and_all_else_stays)
{
    for (int by_sha256 = 0; by_sha256 <= 1; by_sha256++) {
        struct private_key *next = private_key_generate(KEY_P256, 0);
        struct bytes spki = private_key_spki(next), tbs, der;
        struct certificate_plan plan = {.issuer = name_of(arena, "CA"),
                                        .subject = name_of(arena, "station"),
                                        .spki = private_key_spki(key),
                                        .path_len = -1,
                                        .key_id_is_sha256 = by_sha256,
                                        .key_usage = KEY_USAGE_DIGITAL_SIGNATURE};
        struct certificate before, after, back;
        struct certificate_tbs parts;
        uint8_t key_id[20];

        cr_assert(certificate_parse(&before, sign_plan(arena, plan, key)));
        cr_assert(certificate_read_tbs(&parts, before.tbs));
        cr_assert(certificate_rekey(&parts, arena, spki));
        cr_expect(bytes_equal(parts.spki, spki));
        cr_assert(
            certificate_reissue(&tbs, arena, &parts, before.serial, before.not_before, before.not_after));
        cr_assert(certificate_assemble(&der, arena, tbs, before.algorithm, before.signature));
        cr_assert(certificate_parse(&after, der));
        cr_expect(bytes_equal(after.spki, spki));
        cr_assert(spki_key_id(key_id, by_sha256 ? DIGEST_SHA256 : DIGEST_SHA1, spki));
        cr_expect(bytes_equal(after.key_id, bytes_of(key_id, sizeof key_id)));
        cr_expect_eq(after.key_usage, before.key_usage);
        /* With the key of before it is what it was. */
        cr_assert(certificate_read_tbs(&parts, after.tbs));
        cr_assert(certificate_rekey(&parts, arena, before.spki));
        cr_assert(
            certificate_reissue(&tbs, arena, &parts, before.serial, before.not_before, before.not_after));
        cr_assert(certificate_assemble(&der, arena, tbs, before.algorithm, before.signature));
        cr_assert(certificate_parse(&back, der));
        cr_expect(bytes_equal(back.tbs, before.tbs));
        private_key_free(next);
    }
}
