/* mac.c: PasswordBasedMac (RFC 9810 5.1.3.1, RFC 4211 4.4), held against messages of another implementation.
 */
#include <criterion/criterion.h>

#include "crypto/mac.h"
#include "server/pki/message.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(mac, .init = set_up, .fini = tear_down);

static int verifies(struct bytes der, const char *secret)
{
    struct pki_message message;
    struct mac_algorithm algorithm;
    struct mac_key key;
    uint8_t out[DIGEST_MAX];
    struct bytes part;
    CBS cbs;

    cr_assert_eq(pki_message_decode(&message, NULL, der), PKI_WHOLE);
    cbs = cbs_of(message.header.protection_alg);
    cr_assert(mac_is_mac(message.header.protection_alg));
    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert(bytes_equal(algorithm.encoded, message.header.protection_alg));
    cr_assert(mac_derive(&key, &algorithm, bytes_str(secret)));
    cr_assert(pki_protected_part(&part, arena, &message));
    return bytes_equal(message.protection, bytes_of(out, mac_apply(out, &algorithm, &key, part)));
}

Test(mac, MACs_of_another_implementation_are_right_with_their_secret_only)
{
    static const struct {
        const char *file, *secret;
    } cases[] = {
        {"cmp/IP_PBM.der", "insta"},
        {"cmp/IP_waitingStatus_PBM.der", "9pp8-b35i-Xd3Q-udNR"},
        {"cmp/CR_protected_PBM_1234.der", "1234"},
    };

    for (size_t i = 0; i < 3; i++) {
        struct bytes der = file_in_tests(arena, CMPD_TEST_DATA, cases[i].file);
        cr_assert(verifies(der, cases[i].secret), "%s", cases[i].file);
        cr_assert_not(verifies(der, "12345"), "%s", cases[i].file);
        cr_assert_not(verifies(der, ""), "%s", cases[i].file);
    }
}

/* What "openssl asn1parse" shows of CR_protected_PBM_1234.der */
Test(mac, parameters_are_read_as_they_stand)
{
    struct bytes der =
        hex(arena, "30 3c 06 09 2a 86 48 86 f6 7d 07 42 0d 30 2f 04 10 9b bf bf 57 61 cd fd cf 3a a4 10 a9 "
                   "0b 5e 4f e7 30 0b 06 09 60 86 48 01 65 03 04 02 01 02 02 01 f4 30 0a 06 08 2b 06 01 05 "
                   "05 08 01 02");
    struct mac_algorithm algorithm;
    CBS cbs = cbs_of(der);

    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert_eq(CBS_len(&cbs), 0);
    cr_assert_eq(algorithm.scheme, MAC_PBM);
    cr_assert_eq(algorithm.owf, DIGEST_SHA256);
    cr_assert_eq(algorithm.mac, DIGEST_SHA1);
    cr_assert_eq(algorithm.iterations, 500);
    cr_assert(bytes_equal(algorithm.salt, hex(arena, "9b bf bf 57 61 cd fd cf 3a a4 10 a9 0b 5e 4f e7")));
}

#define PBM "06 09 2a 86 48 86 f6 7d 07 42 0d "
#define SHA256 "30 0b 06 09 60 86 48 01 65 03 04 02 01 "
#define HMAC_SHA256 "30 0a 06 08 2a 86 48 86 f7 0d 02 09"

Test(mac, malformed_or_unknown_parameters_are_refused)
{
    static const char *const bad[] = {
        "30 0b " PBM,                                                              /* none */
        "30 0d " PBM "05 00",                                                      /* NULL */
        "30 2c " PBM "30 1f 04 01 aa " SHA256 "02 01 00 " HMAC_SHA256,             /* iterationCount 0 */
        "30 2c " PBM "30 1f 04 01 aa " SHA256 "02 01 ff " HMAC_SHA256,             /* and -1 */
        "30 30 " PBM "30 23 04 01 aa " SHA256 "02 05 01 00 00 00 00 " HMAC_SHA256, /* and 2^32 */
        "30 2c " PBM "30 1f 03 01 00 " SHA256 "02 01 64 " HMAC_SHA256,             /* salt BIT STRING */
        "30 2e " PBM "30 21 04 01 aa " SHA256 "02 01 64 " HMAC_SHA256 " 05 00",    /* more */
        "30 2d " PBM
        "30 20 04 01 aa 30 0c 06 08 2a 86 48 86 f7 0d 02 05 05 00 02 01 64 " HMAC_SHA256, /* MD5 */
        "30 2c " PBM "30 1f 04 01 aa " SHA256
        "02 01 64 30 0a 06 08 2a 86 48 86 f7 0d 02 06", /* no HMAC that we know */
    };
    struct mac_algorithm algorithm;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CBS cbs = cbs_of(hex(arena, bad[i]));
        cr_assert_not(mac_parse(&algorithm, &cbs), "case %zu", i);
    }
    CBS good = cbs_of(hex(arena, "30 2c " PBM "30 1f 04 01 aa " SHA256 "02 01 64 " HMAC_SHA256));
    cr_assert(mac_parse(&algorithm, &good));
}

Test(mac, MAC_schemes_are_told_from_signatures)
{
    cr_assert(mac_is_mac(hex(arena, "30 0b " PBM)));
    cr_assert(mac_is_mac(hex(arena, "30 0b 06 09 2a 86 48 86 f7 0d 01 05 0e"))); /* PBMAC1, RFC 8018 A.5 */
    cr_assert_not(mac_is_mac(hex(arena, "30 0a 06 08 2a 86 48 ce 3d 04 03 02")));
    cr_assert_not(mac_is_mac(hex(arena, "05 00")));
    cr_assert_not(mac_is_mac(bytes_of(NULL, 0)));
}

Test(mac, what_is_written_is_read_back)
{
    struct mac_algorithm algorithm;
    struct bytes der;

    for (enum digest_id id = DIGEST_SHA1; id < DIGEST_COUNT; id++) {
        cr_assert(mac_pbm_encode(&der, arena, bytes_str("12345678"), id, id, 1000));
        CBS cbs = cbs_of(der);
        cr_assert(mac_parse(&algorithm, &cbs));
        cr_assert_eq(algorithm.owf, id);
        cr_assert_eq(algorithm.mac, id);
        cr_assert_eq(algorithm.iterations, 1000);
        cr_assert(bytes_equal(algorithm.salt, bytes_str("12345678")));
    }
}

/* RFC 9810 5.1.3.1, of PBMParameter: "the salt value is appended to the shared secret input. The OWF is then
 * applied iterationCount times": with one iteration the key is the digest of both, with two the digest of
 * that. */
Test(mac, the_key_is_the_digest_applied_iterationCount_times)
{
    struct mac_algorithm algorithm = {.scheme = MAC_PBM,
                                      .salt = bytes_str("salt"),
                                      .owf = DIGEST_SHA384,
                                      .mac = DIGEST_SHA384,
                                      .iterations = 1,
                                      .key_len = 48};
    uint8_t once[DIGEST_MAX], twice[DIGEST_MAX];
    struct mac_key key;

    cr_assert_eq(digest_compute(once, DIGEST_SHA384, bytes_str("secretsalt")), 48);
    cr_assert(mac_derive(&key, &algorithm, bytes_str("secret")));
    cr_assert(bytes_equal(bytes_of(key.octets, key.len), bytes_of(once, 48)));
    digest_compute(twice, DIGEST_SHA384, bytes_of(once, 48));
    algorithm.iterations = 2;
    cr_assert(mac_derive(&key, &algorithm, bytes_str("secret")));
    cr_assert(bytes_equal(bytes_of(key.octets, key.len), bytes_of(twice, 48)));
}

Test(mac, the_price_is_proportional_to_the_iterations)
{
    struct mac_algorithm algorithm = {.scheme = MAC_PBM, .owf = DIGEST_SHA256, .iterations = 1000};
    uint64_t thousand = mac_price_us(&algorithm);

    algorithm.iterations = UINT32_MAX;
    cr_assert_gt(thousand, 0);
    cr_assert_geq(mac_price_us(&algorithm), thousand * (UINT32_MAX / 1000));
}

Test(mac, without_a_derived_key_there_is_no_MAC)
{
    struct mac_algorithm algorithm = {
        .scheme = MAC_NONE, .owf = DIGEST_SHA256, .mac = DIGEST_SHA256, .iterations = 1};
    struct mac_key key = {.len = 0};
    uint8_t out[DIGEST_MAX];

    cr_assert_not(mac_derive(&key, &algorithm, bytes_str("secret")));
    cr_assert_eq(mac_apply(out, &algorithm, &key, bytes_str("x")), 0);
}

/* ---- PBMAC1 (RFC 9481 6.1.2; RFC 8018 A.2, A.5, 7.1) ---- */

#define PBMAC1 "06 09 2a 86 48 86 f7 0d 01 05 0e "
#define PBKDF2 "06 09 2a 86 48 86 f7 0d 01 05 0c "
#define HMAC_SHA512 "30 0a 06 08 2a 86 48 86 f7 0d 02 0b "

/* RFC 7914 section 11: PBKDF2-HMAC-SHA-256 (P="passwd", S="salt", c=1, dkLen=64) */
Test(mac, the_key_of_PBMAC1_is_that_of_PBKDF2)
{
    struct mac_algorithm algorithm;
    struct mac_key key;
    CBS cbs = cbs_of(hex(arena, "30 40 " PBMAC1 "30 33 30 25 " PBKDF2
                                "30 18 04 04 73 61 6c 74 02 01 01 02 01 40 " HMAC_SHA256 " " HMAC_SHA512));

    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert_eq(algorithm.scheme, MAC_PBMAC1);
    cr_assert_eq(algorithm.iterations, 1);
    cr_assert_eq(algorithm.key_len, 64);
    cr_assert_eq(algorithm.owf, DIGEST_SHA256);
    cr_assert_eq(algorithm.mac, DIGEST_SHA512);
    cr_assert(bytes_equal(algorithm.salt, bytes_str("salt")));
    cr_assert(mac_derive(&key, &algorithm, bytes_str("passwd")));
    cr_assert(bytes_equal(bytes_of(key.octets, key.len),
                          hex(arena, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                                     "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")));
}

/* Computed by hashlib.pbkdf2_hmac and hmac of Python 3: "sha512", b"insta", b"0123456789abcdef", 1000, 20;
 * then HMAC-SHA-384 over b"message". */
Test(mac, the_MAC_of_PBMAC1_is_HMAC_with_that_key)
{
    struct mac_algorithm algorithm;
    struct bytes der;
    struct mac_key key;
    uint8_t out[DIGEST_MAX];
    CBS cbs;

    cr_assert(mac_pbmac1_encode(&der, arena, bytes_str("0123456789abcdef"), DIGEST_SHA512, DIGEST_SHA384,
                                1000, 20));
    cbs = cbs_of(der);
    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert(mac_derive(&key, &algorithm, bytes_str("insta")));
    cr_assert(
        bytes_equal(bytes_of(key.octets, key.len), hex(arena, "80751f5605cc389cbf858e1ba488b0e901829407")));
    size_t len = mac_apply(out, &algorithm, &key, bytes_str("message"));
    cr_assert(bytes_equal(bytes_of(out, len),
                          hex(arena, "4cf2f9fa2def6029f38914e2830bec46462169bb3bab1e762fac82e9affdab1a"
                                     "1c9ec9381f5099991dddfceef24d266f")));
}

/* RFC 8018 A.2: keyLength is OPTIONAL, prf is hmacWithSHA1 by DEFAULT. */
Test(mac, what_PBMAC1_may_leave_out)
{
    struct mac_algorithm algorithm;
    struct bytes der;
    CBS cbs;

    cr_assert(mac_pbmac1_encode(&der, arena, bytes_str("12345678"), DIGEST_SHA1, DIGEST_SHA384, 10, 0));
    cr_assert(der_is_strict(NULL, NULL, der, 8));
    cbs = cbs_of(der);
    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert_eq(algorithm.owf, DIGEST_SHA1);
    cr_assert_eq(algorithm.key_len, 48);
}

Test(mac, malformed_or_unbounded_PBMAC1_is_refused)
{
    static const char *const bad[] = {
        "30 0b " PBMAC1,
        "30 0d " PBMAC1 "05 00",
        /* keyLength 0, 65, -1 */
        "30 40 " PBMAC1 "30 33 30 25 " PBKDF2 "30 18 04 04 73 61 6c 74 02 01 01 02 01 00 " HMAC_SHA256
        " " HMAC_SHA512,
        "30 40 " PBMAC1 "30 33 30 25 " PBKDF2 "30 18 04 04 73 61 6c 74 02 01 01 02 01 41 " HMAC_SHA256
        " " HMAC_SHA512,
        "30 40 " PBMAC1 "30 33 30 25 " PBKDF2 "30 18 04 04 73 61 6c 74 02 01 01 02 01 ff " HMAC_SHA256
        " " HMAC_SHA512,
        /* iterationCount 0 */
        "30 40 " PBMAC1 "30 33 30 25 " PBKDF2 "30 18 04 04 73 61 6c 74 02 01 00 02 01 40 " HMAC_SHA256
        " " HMAC_SHA512,
        /* salt otherSource */
        "30 40 " PBMAC1 "30 33 30 25 " PBKDF2 "30 18 30 04 06 02 2a 03 02 01 01 02 01 40 " HMAC_SHA256
        " " HMAC_SHA512,
        /* another key derivation than PBKDF2 */
        "30 40 " PBMAC1
        "30 33 30 25 06 09 2a 86 48 86 f7 0d 01 05 0d 30 18 04 04 73 61 6c 74 02 01 01 02 01 40 " HMAC_SHA256
        " " HMAC_SHA512,
        /* no messageAuthScheme */
        "30 36 " PBMAC1 "30 29 30 25 " PBKDF2 "30 18 04 04 73 61 6c 74 02 01 01 02 01 40 " HMAC_SHA256
        " 05 00",
    };
    struct mac_algorithm algorithm;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CBS cbs = cbs_of(hex(arena, bad[i]));
        cr_assert_not(mac_parse(&algorithm, &cbs), "case %zu", i);
    }
}

/* Two compressions an iteration, for each block of the key. */
Test(mac, PBMAC1_is_priced_by_iterations_and_blocks)
{
    struct mac_algorithm algorithm = {
        .scheme = MAC_PBMAC1, .owf = DIGEST_SHA256, .iterations = 10000, .key_len = 32};
    uint64_t one = mac_price_us(&algorithm);

    cr_assert_gt(one, 0);
    algorithm.key_len = 33;
    cr_assert_eq(mac_price_us(&algorithm), 2 * one);
    algorithm.scheme = MAC_PBM;
    cr_assert_eq(mac_price_us(&algorithm), one / 2);
}
