/* algorithms.c: AlgorithmIdentifiers (RFC 9481; RFC 5754, RFC 5758, RFC 4055, RFC 8410, RFC 5480). */
#include <criterion/criterion.h>

#include "crypto/algorithms.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(algorithms, .init = set_up, .fini = tear_down);

static const struct signature_algorithm *signature(const char *der)
{
    CBS cbs = cbs_of(hex(arena, der));

    return signature_parse(&cbs);
}

/* RFC 5754 section 2: parameters absent, NULL accepted; RFC 9688 section 2 and RFC 8702 3.1: absent */
Test(algorithms, digests_are_told_by_their_OID)
{
    static const struct {
        const char *der;
        enum digest_id id;
    } cases[] = {
        {"30 07 06 05 2b 0e 03 02 1a", DIGEST_SHA1},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 04", DIGEST_SHA224},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 01", DIGEST_SHA256},
        {"30 0d 06 09 60 86 48 01 65 03 04 02 02 05 00", DIGEST_SHA384},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 03", DIGEST_SHA512},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 07", DIGEST_SHA3_224},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 08", DIGEST_SHA3_256},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 09", DIGEST_SHA3_384},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 0a", DIGEST_SHA3_512},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 0b", DIGEST_SHAKE128},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 0c", DIGEST_SHAKE256},
        {"30 0d 06 09 60 86 48 01 65 03 04 02 08 05 00", DIGEST_NONE},
        {"30 0d 06 09 60 86 48 01 65 03 04 02 0b 05 00", DIGEST_NONE},
        {"30 0a 06 08 2a 86 48 86 f7 0d 02 05", DIGEST_NONE},          /* MD5 */
        {"30 0d 06 09 60 86 48 01 65 03 04 02 01 30 00", DIGEST_NONE}, /* other parameters */
        {"30 02 05 00", DIGEST_NONE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CBS cbs = cbs_of(hex(arena, cases[i].der));
        const struct digest_algorithm *digest = digest_parse(&cbs);
        cr_assert_eq(digest == NULL ? DIGEST_NONE : digest->id, cases[i].id, "case %zu", i);
    }
}

/* FIPS 180-4 and FIPS 202, "abc", as hashlib of Python 3 has it. RFC 9481 2.2: "When SHAKE is used in CMP as
 * a message digest algorithm, the output length MUST be 256 bits for SHAKE128 and 512 bits for SHAKE256." */
Test(algorithms, digests_are_computed)
{
    uint8_t out[DIGEST_MAX];

    cr_assert_eq(digest_compute(out, DIGEST_SHA1, bytes_str("abc")), 20);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "a9 99 3e 36 47 06 81 6a")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA256, bytes_str("abc")), 32);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "ba 78 16 bf 8f 01 cf ea")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA384, bytes_str("abc")), 48);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "cb 00 75 3f 45 a3 5e 8b")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA512, bytes_str("abc")), 64);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "dd af 35 a1 93 61 7a ba")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA224, bytes_str("abc")), 28);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "23 09 7d 22 34 05 d8 22")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA3_224, bytes_str("abc")), 28);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "e6 42 82 4c 3f 8c f2 4a")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA3_256, bytes_str("abc")), 32);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "3a 98 5d a7 4f e2 25 b2")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA3_384, bytes_str("abc")), 48);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "ec 01 49 82 88 51 6f c9")));
    cr_assert_eq(digest_compute(out, DIGEST_SHA3_512, bytes_str("abc")), 64);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "b7 51 85 0b 1a 57 16 8a")));
    cr_assert_eq(digest_compute(out, DIGEST_SHAKE128, bytes_str("abc")), 32);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "58 81 09 2d d8 18 bf 5c")));
    cr_assert(bytes_equal(bytes_of(out + 24, 8), hex(arena, "97 b8 33 51 94 0f 2c c8")));
    cr_assert_eq(digest_compute(out, DIGEST_SHAKE256, bytes_str("abc")), 64);
    cr_assert(bytes_equal(bytes_of(out, 8), hex(arena, "48 33 66 60 13 60 a8 77")));
    cr_assert(bytes_equal(bytes_of(out + 56, 8), hex(arena, "eb 06 bd 88 01 e7 51 e4")));
    cr_assert_eq(digest_compute(out, DIGEST_NONE, bytes_str("abc")), 0);
}

Test(algorithms, every_digest_has_its_length_and_no_other_row)
{
    uint8_t out[DIGEST_MAX];

    for (enum digest_id id = DIGEST_SHA1; id < DIGEST_COUNT; id++) {
        cr_assert_eq(digest_algorithm(id)->id, id);
        cr_assert_eq(digest_algorithm(id)->len, digest_compute(out, id, bytes_str("")));
    }
    cr_assert_null(digest_algorithm(DIGEST_NONE));
    cr_assert_null(digest_algorithm(DIGEST_COUNT));
}

/* RFC 5758 3.2, RFC 8410 section 3: absent. NULL is what devices were seen to write. */
Test(algorithms, lenient_is_about_NULL_alone)
{
    static const struct {
        const char *der;
        int strict, lenient;
    } cases[] = {
        {"30 0a 06 08 2a 86 48 ce 3d 04 03 02", 1, 1},
        {"30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00", 0, 1},
        {"30 0c 06 08 2a 86 48 ce 3d 04 03 04 05 00", 0, 1},
        {"30 07 06 03 2b 65 70 05 00", 0, 1},
        {"30 0d 06 09 60 86 48 01 65 03 04 03 0a 05 00", 0, 1},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 0e", 0, 0}, /* RFC 9688 3.1: NULL */
        {"30 0c 06 08 2a 86 48 ce 3d 04 03 02 30 00", 0, 0},
        {"30 0e 06 08 2a 86 48 ce 3d 04 03 02 05 00 05 00", 0, 0},
        {"30 0d 06 08 2a 86 48 ce 3d 04 03 02 05 01 00", 0, 0},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00", 1, 1},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0a 05 00", 0, 0}, /* RSASSA-PSS needs parameters */
        {"30 09 06 07 2a 86 48 ce 3d 04 01", 0, 0},             /* ecdsa-with-SHA1 */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CBS strict = cbs_of(hex(arena, cases[i].der)), lenient = strict;
        cr_expect_eq(signature_parse(&strict) != NULL, cases[i].strict, "case %zu", i);
        cr_expect_eq(signature_parse_lenient(&lenient) != NULL, cases[i].lenient, "case %zu, lenient", i);
    }
}

/* RFC 9481 7.1 Deprecated: "Algorithms from [RFC4210] that SHOULD NOT be used any more": combinations with
 * SHA-1. RFC 3279 2.2.1 and 2.2.3: told where they are asked for, and found by nothing that signs or reads
 * certificates. */
Test(algorithms, SHA_1_stands_by_itself)
{
    static const struct {
        const char *der, *name;
        enum signature_family family;
    } cases[] = {
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00", "sha1WithRSAEncryption", FAMILY_RSA_PKCS1},
        {"30 0b 06 09 2a 86 48 86 f7 0d 01 01 05", "sha1WithRSAEncryption", FAMILY_RSA_PKCS1},
        {"30 09 06 07 2a 86 48 ce 3d 04 01", "ecdsa-with-SHA1", FAMILY_ECDSA},
        {"30 0b 06 07 2a 86 48 ce 3d 04 01 05 00", NULL, FAMILY_ECDSA},
        {"30 0a 06 08 2a 86 48 ce 3d 04 03 02", NULL, FAMILY_ECDSA},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00", NULL, FAMILY_RSA_PKCS1},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0a 30 00", NULL, FAMILY_RSA_PSS},
        {"30 00", NULL, FAMILY_RSA_PSS},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CBS sha1 = cbs_of(hex(arena, cases[i].der));
        const struct signature_algorithm *row = signature_parse_sha1(&sha1);
        cr_expect_eq(row != NULL, cases[i].name != NULL, "case %zu", i);
        if (row == NULL)
            continue;
        cr_expect_str_eq(row->name, cases[i].name);
        cr_expect(row->family == cases[i].family && row->digest == DIGEST_SHA1);
        cr_expect_null(signature(cases[i].der));
        cr_expect_null(signature_named(row->name));
        cr_expect_null(signature_with_oid(row->oid));
    }
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++)
        cr_expect_neq(signature_for_key((enum key_kind)kind)->digest, DIGEST_SHA1);
}

#define PSS(hash, mgf_hash, salt)                                                                            \
    "30 41 06 09 2a 86 48 86 f7 0d 01 01 0a 30 34 a0 0f 30 0d 06 09 60 86 48 01 65 03 04 02 " hash           \
    " 05 00 a1 1c 30 1a 06 09 2a 86 48 86 f7 0d 01 01 08 30 0d 06 09 60 86 48 01 65 03 04 02 " mgf_hash      \
    " 05 00 a2 03 02 01 " salt

/* RFC 9481 3.1 to 3.3, RFC 9688 3.1 and 3.2; certHash has the hash of the signature. RFC 9481 3.3: "Note: The
 * hash algorithm used to calculate the certHash in certConf messages MUST be SHA512 if the certificate to be
 * confirmed has been signed using Ed25519 […]" */
Test(algorithms, signatures_are_told_by_OID_and_parameters)
{
    static const struct {
        const char *der;
        enum signature_family family;
        enum digest_id digest, cert_hash;
    } cases[] = {
        {"30 0a 06 08 2a 86 48 ce 3d 04 03 02", FAMILY_ECDSA, DIGEST_SHA256, DIGEST_SHA256},
        {"30 0a 06 08 2a 86 48 ce 3d 04 03 03", FAMILY_ECDSA, DIGEST_SHA384, DIGEST_SHA384},
        {"30 0a 06 08 2a 86 48 ce 3d 04 03 04", FAMILY_ECDSA, DIGEST_SHA512, DIGEST_SHA512},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00", FAMILY_RSA_PKCS1, DIGEST_SHA256, DIGEST_SHA256},
        {"30 0b 06 09 2a 86 48 86 f7 0d 01 01 0b", FAMILY_RSA_PKCS1, DIGEST_SHA256, DIGEST_SHA256},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0d 05 00", FAMILY_RSA_PKCS1, DIGEST_SHA512, DIGEST_SHA512},
        {PSS("01", "01", "20"), FAMILY_RSA_PSS, DIGEST_SHA256, DIGEST_SHA256},
        {PSS("02", "02", "30"), FAMILY_RSA_PSS, DIGEST_SHA384, DIGEST_SHA384},
        {PSS("03", "03", "40"), FAMILY_RSA_PSS, DIGEST_SHA512, DIGEST_SHA512},
        {"30 05 06 03 2b 65 70", FAMILY_ED25519, DIGEST_NONE, DIGEST_SHA512},
        {PSS("04", "04", "1c"), FAMILY_RSA_PSS, DIGEST_SHA224, DIGEST_SHA224},
        {"30 0a 06 08 2b 06 01 05 05 07 06 20", FAMILY_ECDSA, DIGEST_SHAKE128, DIGEST_SHAKE128},
        {"30 0a 06 08 2b 06 01 05 05 07 06 21", FAMILY_ECDSA, DIGEST_SHAKE256, DIGEST_SHAKE256},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 09", FAMILY_ECDSA, DIGEST_SHA3_224, DIGEST_SHA3_224},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 0a", FAMILY_ECDSA, DIGEST_SHA3_256, DIGEST_SHA3_256},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 0b", FAMILY_ECDSA, DIGEST_SHA3_384, DIGEST_SHA3_384},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 0c", FAMILY_ECDSA, DIGEST_SHA3_512, DIGEST_SHA3_512},
        {"30 0d 06 09 60 86 48 01 65 03 04 03 0d 05 00", FAMILY_RSA_PKCS1, DIGEST_SHA3_224, DIGEST_SHA3_224},
        {"30 0d 06 09 60 86 48 01 65 03 04 03 0e 05 00", FAMILY_RSA_PKCS1, DIGEST_SHA3_256, DIGEST_SHA3_256},
        {"30 0d 06 09 60 86 48 01 65 03 04 03 0f 05 00", FAMILY_RSA_PKCS1, DIGEST_SHA3_384, DIGEST_SHA3_384},
        {"30 0d 06 09 60 86 48 01 65 03 04 03 10 05 00", FAMILY_RSA_PKCS1, DIGEST_SHA3_512, DIGEST_SHA3_512},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct signature_algorithm *row = signature(cases[i].der);
        cr_assert_not_null(row, "case %zu", i);
        cr_assert_eq(row->family, cases[i].family);
        cr_assert_eq(row->digest, cases[i].digest);
        cr_assert_eq(row->cert_hash, cases[i].cert_hash);
        if (i != 4) /* without NULL: read, not written (RFC 4055 section 5) */
            cr_assert(bytes_equal(row->encoded, hex(arena, cases[i].der)), "case %zu", i);
    }
}

Test(algorithms, weak_unknown_and_malformed_signatures_are_refused)
{
    static const char *const bad[] = {
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00", /* sha1WithRSAEncryption */
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 04 05 00", /* md5WithRSAEncryption */
        "30 09 06 07 2a 86 48 ce 3d 04 01",             /* ecdsa-with-SHA1 */
        "30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00",    /* RFC 5758 3.2: parameters absent */
        "30 07 06 03 2b 65 70 05 00",                   /* RFC 8410 section 3: parameters absent */
        "30 0f 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00 05 00",
        PSS("01", "02", "20"), /* MGF1 with another hash */
        PSS("01", "01", "14"), /* a salt of another length */
        PSS("01", "01", "00"),
        "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0a 30 00", /* the defaults: SHA-1 */
        "30 0b 06 09 2a 86 48 86 f7 0d 01 01 0a",
        "30 00",
        "05 00",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_null(signature(bad[i]), "case %zu", i);
}

/* RFC 9481 section 7, tables 1 and 2; of RSA with 1024 bits NIST SP 800-57 part 1, table 2 */
Test(algorithms, bits_of_security_are_those_of_the_RFC)
{
    static const struct {
        const char *name;
        unsigned strength;
    } cases[] = {
        {"ecdsa-with-SHA224", 112},
        {"sha256WithRSAEncryption", 128},
        {"RSASSA-PSS-SHA384", 192},
        {"ecdsa-with-SHA512", 256},
        {"Ed25519", 128},
        {"ecdsa-with-shake128", 128},
        {"ecdsa-with-shake256", 256},
        {"ecdsa-with-sha3-384", 192},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(signature_strength(signature_named(cases[i].name)), cases[i].strength, "%s",
                     cases[i].name);
    cr_expect_eq(key_strength(KEY_P256, 256), 128);
    cr_expect_eq(key_strength(KEY_P384, 384), 192);
    cr_expect_eq(key_strength(KEY_P521, 521), 256);
    cr_expect_eq(key_strength(KEY_ED25519, 256), 128);
    cr_expect_eq(key_strength(KEY_RSA, 1024), 80);
    cr_expect_eq(key_strength(KEY_RSA, 2047), 80);
    cr_expect_eq(key_strength(KEY_RSA, 2048), 112);
    cr_expect_eq(key_strength(KEY_RSA, 3072), 128);
    cr_expect_eq(key_strength(KEY_RSA, 4096), 128);
    cr_expect_eq(key_strength(KEY_RSA, 8192), 192);
}

/* Policies name rows by their numbers. */
Test(algorithms, rows_have_numbers_and_names_of_their_own)
{
    CBS sha1 = cbs_of(hex(arena, "30 09 06 07 2a 86 48 ce 3d 04 01"));
    size_t count = 0;

    for (const struct signature_algorithm *row; (row = signature_row(count)) != NULL; count++) {
        cr_expect_eq(signature_number(row), count);
        cr_expect_eq(signature_named(row->name), row);
    }
    cr_expect_eq(count, 23);
    cr_expect_eq(signature_number(signature_parse_sha1(&sha1)), count);
}

Test(algorithms, we_sign_with_what_fits_the_key)
{
    static const struct {
        enum key_kind kind;
        const char *name, *algorithm;
    } cases[] = {
        {KEY_P256, "P-256", "30 0a 06 08 2a 86 48 ce 3d 04 03 02"},
        {KEY_P384, "P-384", "30 0a 06 08 2a 86 48 ce 3d 04 03 03"},
        {KEY_P521, "P-521", "30 0a 06 08 2a 86 48 ce 3d 04 03 04"},
        {KEY_RSA, "RSA", "30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 05 00"},
        {KEY_ED25519, "Ed25519", "30 05 06 03 2b 65 70"},
    };

    for (size_t i = 0; i < 5; i++) {
        const struct signature_algorithm *algorithm = signature_for_key(cases[i].kind);
        cr_assert(bytes_equal(algorithm->encoded, hex(arena, cases[i].algorithm)));
        cr_assert_eq(key_algorithm_named(cases[i].name), key_algorithm(cases[i].kind));
        for (size_t j = 0; j < 5; j++)
            cr_assert_eq(signature_fits(algorithm, cases[j].kind), i == j || (i < 3 && j < 3));
    }
    cr_assert_null(signature_for_key(KEY_NONE));
    cr_assert_null(key_algorithm(KEY_NONE));
    cr_assert_null(key_algorithm_named("P-224"));
}

/* RFC 3279 2.2.3: two INTEGERs, each with an octet for its sign, in a SEQUENCE; RFC 8032 5.1.6: 64 octets; of
 * RSA it is the key that decides. */
Test(algorithms, signatures_are_no_longer_than_this)
{
    const size_t number = 2 + 1;

    cr_assert_eq(key_algorithm(KEY_P256)->signature_max, 2 + 2 * (number + 32));
    cr_assert_eq(key_algorithm(KEY_P384)->signature_max, 2 + 2 * (number + 48));
    cr_assert_eq(key_algorithm(KEY_P521)->signature_max, 3 + 2 * (number + 66));
    cr_assert_eq(key_algorithm(KEY_ED25519)->signature_max, 64);
    cr_assert_eq(key_algorithm(KEY_RSA)->signature_max, 0);
}

/* Engines are tried in this order: none costs more than the next, and who computes nothing costs nothing. */
Test(algorithms, the_first_choice_is_the_cheapest)
{
    for (int kind = KEY_NONE + 1; kind < KEY_KIND_COUNT; kind++) {
        const struct engine_price *engines = key_algorithm((enum key_kind)kind)->engines;
        unsigned seen = 0;
        for (size_t i = 0; i < ENGINE_COUNT; i++) {
            unsigned lanes = engines[i].engine == ENGINE_CRYPTO_MB ? 8 : 1; /* of AVX-512 */
            seen |= 1u << engines[i].engine;
            cr_assert_eq(engine_price((enum key_kind)kind, engines[i].engine), &engines[i]);
            if (engines[i].engine == ENGINE_CRYPTO_MB && kind != KEY_P256 && kind != KEY_P384) {
                cr_assert_eq(engines[i].verify_us + engines[i].sign_us, 0);
                continue;
            }
            cr_assert(engines[i].verify_us > 0 && engines[i].sign_us > 0);
            if (i + 1 < ENGINE_COUNT && engines[i + 1].verify_us != 0)
                cr_assert(engines[i].verify_us <= lanes * engines[i + 1].verify_us &&
                          engines[i].sign_us <= lanes * engines[i + 1].sign_us);
        }
        cr_assert_eq(seen, (1u << ENGINE_COUNT) - 1);
    }
}

/* RFC 5480 2.1.1, RFC 3279 2.3.1 (NULL "MUST" be there), RFC 8410 section 3 */
Test(algorithms, keys_are_told_by_OID_and_curve)
{
    static const struct {
        const char *der;
        enum key_kind kind;
    } cases[] = {
        {"30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07", KEY_P256},
        {"30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 22", KEY_P384},
        {"30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 23", KEY_P521},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00", KEY_RSA},
        {"30 05 06 03 2b 65 70", KEY_ED25519},
        {"30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 21", KEY_NONE}, /* P-224 */
        {"30 0b 06 09 2a 86 48 86 f7 0d 01 01 01", KEY_NONE},
        {"30 07 06 03 2b 65 70 05 00", KEY_NONE},
        {"30 05 06 03 2b 65 71", KEY_NONE}, /* Ed448 */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CBS cbs = cbs_of(hex(arena, cases[i].der));
        const struct key_algorithm *row = key_algorithm_parse(&cbs);
        cr_assert_eq(row == NULL ? KEY_NONE : row->kind, cases[i].kind, "case %zu", i);
    }
}
