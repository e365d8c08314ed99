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
    /* RFC 9481 6.2: they may stand in protectionAlg by themselves; KMAC is one that nobody computes */
    cr_assert(mac_is_mac(hex(arena, "30 0a 06 08 2a 86 48 86 f7 0d 02 09")));
    cr_assert(mac_is_mac(hex(arena, "30 0a 06 08 2b 06 01 05 05 08 01 02")));
    cr_assert(mac_is_mac(hex(arena, "30 0b 06 09 60 86 48 01 65 03 04 02 0e")));
    cr_assert(mac_is_mac(hex(arena, "30 0b 06 09 60 86 48 01 65 03 04 01 09")));
    cr_assert(mac_is_mac(hex(arena, "30 0b 06 09 60 86 48 01 65 03 04 02 13")));
    cr_assert_not(mac_is_mac(hex(arena, "30 05 06 03 2b 65 71"))); /* Ed448 */
    cr_assert_not(mac_is_mac(hex(arena, "30 0a 06 08 2a 86 48 ce 3d 04 03 02")));
    cr_assert_not(mac_is_mac(hex(arena, "05 00")));
    cr_assert_not(mac_is_mac(bytes_of(NULL, 0)));
}

Test(mac, what_is_written_is_read_back)
{
    struct mac_algorithm algorithm;
    struct bytes der;

    for (enum digest_id id = DIGEST_SHA1; id <= DIGEST_SHA3_512; id++) { /* SHAKE has no HMAC */
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

/* ---- SHA-3, HMAC by itself, AES-GMAC ---- */

static struct bytes mac_of(const char *der, const char *secret, const char *message)
{
    uint8_t *out = arena_alloc(arena, DIGEST_MAX);
    struct mac_algorithm algorithm;
    struct mac_key key;
    CBS cbs = cbs_of(hex(arena, der));

    cr_assert(mac_parse(&algorithm, &cbs), "%s", der);
    cr_assert(mac_derive(&key, &algorithm, bytes_str(secret)));
    return bytes_of(out, mac_apply(out, &algorithm, &key, bytes_str(message)));
}

/* RFC 9688 section 4. Computed by hashlib and hmac of Python 3: PBKDF2 with HMAC-SHA3-256 over b"insta",
 * b"0123456789abcdef", 1000, 32; then HMAC-SHA3-384 over b"message". And SHA3-512 a thousand times over
 * b"insta12345678", then HMAC-SHA3-256. */
Test(mac, SHA_3_stretches_and_protects)
{
    struct bytes der;
    struct mac_algorithm algorithm;
    struct mac_key key;
    uint8_t out[DIGEST_MAX];

    cr_assert(mac_pbmac1_encode(&der, arena, bytes_str("0123456789abcdef"), DIGEST_SHA3_256, DIGEST_SHA3_384,
                                1000, 32));
    CBS cbs = cbs_of(der);
    cr_assert(mac_parse(&algorithm, &cbs) && mac_derive(&key, &algorithm, bytes_str("insta")));
    cr_assert(bytes_equal(bytes_of(key.octets, key.len),
                          hex(arena, "31b73c2b47f96520e8f242a27f6b88ef0b367961a127b44b8abf0e47608cb0db")));
    size_t len = mac_apply(out, &algorithm, &key, bytes_str("message"));
    cr_assert(
        bytes_equal(bytes_of(out, len), hex(arena, "35f8fbca53be39a2e7f4953f47ed56bb17821341a8e40af2"
                                                   "e39b619c2bf568d6382aa3ffc9f6466cff71a7accefa6b06")));
    cr_assert(mac_pbm_encode(&der, arena, bytes_str("12345678"), DIGEST_SHA3_512, DIGEST_SHA3_256, 1000));
    cbs = cbs_of(der);
    cr_assert(mac_parse(&algorithm, &cbs) && mac_derive(&key, &algorithm, bytes_str("insta")));
    len = mac_apply(out, &algorithm, &key, bytes_str("message"));
    cr_assert(bytes_equal(bytes_of(out, len),
                          hex(arena, "803e502e63a59e884ba2bacb08834a1e31dcf15eb10476eab99bed02641f9bff")));
}

/* RFC 9481 2.2: SHAKE may be the owf, with 512 bits of SHAKE256. Computed by hashlib of Python 3. */
Test(mac, SHAKE_stretches)
{
    struct mac_algorithm algorithm = {.scheme = MAC_PBM,
                                      .salt = bytes_str("12345678"),
                                      .owf = DIGEST_SHAKE256,
                                      .mac = DIGEST_SHA256,
                                      .iterations = 1000,
                                      .key_len = 64};
    struct mac_key key;

    cr_assert(mac_derive(&key, &algorithm, bytes_str("insta")));
    cr_assert(bytes_equal(bytes_of(key.octets, key.len),
                          hex(arena, "0219e7ddaa601e42f233f17b36c4eb2c94e7ee9fb49695357bd0bb234726eed3"
                                     "09e9c7e9294dfc2d350bbde58c5ca325501c6498f8dc3092ffd80161d1cb34f3")));
}

/* RFC 9481 6.2.1. RFC 4231 4.3 and 4.7: test cases 2 and 6, whose key is longer than a block of SHA-256 and,
 * with 131 octets, of SHA-512. */
Test(mac, HMAC_by_itself_takes_the_secret_as_it_is)
{
    char key[132];

    memset(key, 0xaa, 131);
    key[131] = 0;
    cr_expect(
        bytes_equal(mac_of("30 0a 06 08 2a 86 48 86 f7 0d 02 09", "Jefe", "what do ya want for nothing?"),
                    hex(arena, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")));
    cr_expect(bytes_equal(mac_of("30 0a 06 08 2a 86 48 86 f7 0d 02 09", key,
                                 "Test Using Larger Than Block-Size Key - Hash Key First"),
                          hex(arena, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")));
    cr_expect(bytes_equal(mac_of("30 0c 06 08 2a 86 48 86 f7 0d 02 0b 05 00", key,
                                 "Test Using Larger Than Block-Size Key - Hash Key First"),
                          hex(arena, "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
                                     "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598")));
}

/* RFC 2104 section 2: longer than any block, "first hash the key"; it is the same for one that we hash. */
Test(mac, HMAC_by_itself_takes_a_secret_of_any_length)
{
    char key[201] = {0}, hashed[33] = {0};
    struct mac_algorithm algorithm = {.scheme = MAC_HMAC, .mac = DIGEST_SHA256};
    struct mac_key both[2];
    uint8_t out[2][DIGEST_MAX];

    memset(key, 'k', 200);
    digest_compute((uint8_t *)hashed, DIGEST_SHA256, bytes_str(key));
    cr_assert(mac_derive(&both[0], &algorithm, bytes_str(key)));
    cr_assert(mac_derive(&both[1], &algorithm, bytes_of((const uint8_t *)hashed, 32)));
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(mac_apply(out[i], &algorithm, &both[i], bytes_str("m")), 32);
    cr_expect_arr_eq(out[0], out[1], 32);
    cr_expect_eq(mac_price_us(&algorithm), 0);
}

#define NONCE "04 0c 00 01 02 03 04 05 06 07 08 09 0a 0b "
#define GMAC(bits, length) "30 1e 06 09 60 86 48 01 65 03 04 01 " bits " 30 11 " NONCE "02 01 " length
#define SALTED "04 08 31 32 33 34 35 36 37 38 "
#define SHA224 "30 0b 06 09 60 86 48 01 65 03 04 02 04 "
#define PBM_GMAC(bits, length) "30 48 " PBM "30 3b " SALTED SHA224 "02 02 03 e8 " GMAC(bits, length)
#define PBMAC1_GMAC(more_1, more_2, more_3, more_4, key_len, bits)                                           \
    "30 " more_1 " " PBMAC1 "30 " more_2 " 30 " more_3 " " PBKDF2 "30 " more_4                               \
    " 04 10 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 02 02 03 e8 " key_len HMAC_SHA256                \
    " " GMAC(bits, "10")

/* RFC 9810 5.1.3.1: "Therefore, when key expansion is required (when K > H), the key expansion defined in the
 * following text MUST be used." All of BASEKEY, then OWF('1' || BASEKEY). Keys by hashlib of Python 3, MACs
 * by "openssl mac … GMAC" of OpenSSL 3.0, IV 000102030405060708090a0b, over "message": 1000 times SHA-224
 * over "insta12345678", 28 octets, and 32 for AES-256. */
Test(mac, the_key_of_AES_GMAC_is_expanded)
{
    struct mac_algorithm algorithm;
    struct mac_key key;
    CBS cbs = cbs_of(hex(arena, PBM_GMAC("31", "10")));

    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert_eq(algorithm.key_len, 32);
    cr_assert_eq(algorithm.mac, DIGEST_NONE);
    cr_assert(mac_derive(&key, &algorithm, bytes_str("insta")));
    cr_expect(bytes_equal(bytes_of(key.octets, key.len),
                          hex(arena, "491bea69afebbce137341cd44977d4f4343364f8bf28eaba5b9bdc69a78f9592")));
    cr_expect(bytes_equal(mac_of(PBM_GMAC("31", "10"), "insta", "message"),
                          hex(arena, "1d541b0b9d26c0408a3a9bc885e58dfc")));
}

/* RFC 9045 4.4: "All implementations SHOULD support AES-GMAC [AES] [GMAC] with a 128-bit key."
 * RFC 9481 6.2.2: PBKDF2 with HMAC, and AES-GMAC beside it; PBKDF2 over "insta", "0123456789abcdef", 1000
 * times, 16 octets. */
Test(mac, AES_GMAC_in_PBMAC1)
{
    cr_expect(bytes_equal(mac_of(PBMAC1_GMAC("5e", "51", "2f", "22", "", "09"), "insta", "message"),
                          hex(arena, "4931a6d5ad0e31b94743e1a77e27246e")));
    cr_expect(bytes_equal(mac_of(PBMAC1_GMAC("61", "54", "32", "25", "02 01 10 ", "09"), "insta", "message"),
                          hex(arena, "4931a6d5ad0e31b94743e1a77e27246e")));
}

/* RFC 9045 4.4: "Within the scope of any GMAC key, the nonce value MUST be unique."
 * RFC 9481 6.2.2: "Note: The AES-GMAC MUST NOT be used twice with the same parameter set, especially the same
 * nonce." */
Test(mac, an_answer_by_AES_GMAC_has_a_nonce_of_its_own)
{
    static const uint8_t fresh[MAC_GMAC_NONCE] = "abcdefghijk";
    struct mac_algorithm algorithm, answer, again;
    struct arena *small = arena_new(1);
    CBS cbs = cbs_of(hex(arena, PBM_GMAC("31", "10")));

    cr_assert(mac_parse(&algorithm, &cbs));
    cr_assert(mac_answer(&answer, arena, &algorithm, fresh));
    cr_expect_eq(answer.encoded.len, algorithm.encoded.len);
    cbs = cbs_of(answer.encoded);
    cr_assert(mac_parse(&again, &cbs));
    cr_expect(bytes_equal(again.nonce, bytes_of(fresh, sizeof fresh)));
    cr_expect(bytes_equal(answer.nonce, again.nonce) && bytes_equal(again.salt, algorithm.salt));
    cr_expect(bytes_equal(algorithm.nonce, hex(arena, "00 01 02 03 04 05 06 07 08 09 0a 0b")));
    while (arena_alloc(small, 16) != NULL)
        ;
    cr_expect_not(mac_answer(&answer, small, &algorithm, fresh));
    arena_free(small);

    cbs = cbs_of(hex(arena, "30 0a 06 08 2a 86 48 86 f7 0d 02 09"));
    cr_assert(mac_parse(&algorithm, &cbs) && mac_answer(&answer, arena, &algorithm, fresh));
    cr_expect(bytes_equal(answer.encoded, algorithm.encoded));
}

/* RFC 9045 4.4: "When this object identifier is used in the ASN.1 algorithm identifier, the parameters
 * MUST be present, and the parameters MUST contain the GMACParameters structure as follows:"
 * RFC 9045 4.4: "The nonce may have any number of bits between 8 and (2^64)-1, but it MUST be a multiple
 * of 8 bits."
 * RFC 9045 4.4: "A nonce value of 12 octets can be processed more efficiently, so that length for the
 * nonce value is RECOMMENDED."
 * RFC 9045 4.4: "However, for use with CRMF, the maximum length of 16 octets MUST be used."
 * RFC 9481 6.2.2: "Therefore, it MUST NOT be used together with PBKDF2." RFC 9481 6.2.2: "When using it with
 * PBMAC1, it MUST be ensured that the AES-GMAC is only used as a message authentication scheme and not for
 * the key derivation function PBKDF2." RFC 9045 4.4: all 16 octets of the MAC; the key is as AES wants it. */
Test(mac, AES_GMAC_is_refused_where_it_is_not_safe)
{
    static const char *const bad[] = {
        GMAC("09", "10"),     /* by itself: nothing keeps nonces of client and server apart */
        PBM_GMAC("31", "0c"), /* a MAC of 12 octets */
        PBM_GMAC("31", "11"), /* of 17 */
        PBMAC1_GMAC("61", "54", "32", "25", "02 01 20 ", "09"), /* keyLength 32 for AES-128 */
        /* prf is AES-GMAC */
        "30 5e " PBMAC1 "30 51 30 43 " PBKDF2
        "30 36 04 10 30313233343536373839616263646566 02 02 03 e8 " GMAC("09", "10") " " HMAC_SHA256,
        /* length absent: 12 */
        "30 45 " PBM "30 38 " SALTED SHA224 "02 02 03 e8 30 1b 06 09 60 86 48 01 65 03 04 01 09 30 0e " NONCE,
        /* a nonce of 8 octets */
        "30 44 " PBM "30 37 " SALTED SHA224
        "02 02 03 e8 30 1a 06 09 60 86 48 01 65 03 04 01 09 30 0d 04 08 0001020304050607 02 01 10",
        /* no parameters */
        "30 35 " PBM "30 28 " SALTED SHA224 "02 02 03 e8 30 0b 06 09 60 86 48 01 65 03 04 01 09",
    };
    struct mac_algorithm algorithm;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CBS cbs = cbs_of(hex(arena, bad[i]));
        cr_expect_not(mac_parse(&algorithm, &cbs), "case %zu", i);
    }
}

/* RFC 9481 section 7, table 2: the weakest part counts. SHA-1 is for tolerances. */
Test(mac, strength_and_terms_are_those_of_the_parts)
{
    struct mac_algorithm algorithm = {
        .scheme = MAC_PBMAC1, .owf = DIGEST_SHA224, .mac = DIGEST_SHA3_256, .key_len = 32};
    const struct mac_term *pbmac1 = mac_term_of_scheme(MAC_PBMAC1), *pbm = mac_term_of_scheme(MAC_PBM);
    uint32_t sha224 = 1U << mac_term_number(mac_term_of_hmac(DIGEST_SHA224)),
             sha3 = 1U << mac_term_number(mac_term_of_hmac(DIGEST_SHA3_256));

    cr_expect_eq(mac_strength(&algorithm), 112);
    cr_expect_eq(mac_terms(&algorithm), 1U << mac_term_number(pbmac1) | sha224 | sha3);
    algorithm.scheme = MAC_PBM; /* whose owf is no HMAC */
    cr_expect_eq(mac_terms(&algorithm), 1U << mac_term_number(pbm) | sha3);
    algorithm.owf = DIGEST_SHA1;
    cr_expect_eq(mac_strength(&algorithm), 128);
    algorithm.mac = DIGEST_SHA1;
    cr_expect_geq(mac_strength(&algorithm), 256);
    cr_expect_eq(mac_terms(&algorithm), 1U << mac_term_number(pbm));
}
