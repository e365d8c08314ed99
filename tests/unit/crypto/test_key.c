/* key.c, key_types.c: SubjectPublicKeyInfo (RFC 5480, RFC 3279 2.3.1, RFC 8410) and private keys in PEM. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/batch.h"
#include "crypto/price.h"
#include "crypto/random.h"
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

TestSuite(key, .init = set_up, .fini = tear_down);

Test(key, keys_of_every_kind_are_made_and_read)
{
    static const unsigned bits[KEY_KIND_COUNT] = {
        [KEY_P256] = 256, [KEY_P384] = 384, [KEY_P521] = 521, [KEY_RSA] = 2048};

    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        struct private_key *private = private_key_generate((enum key_kind)kind, 2048);
        cr_assert_not_null(private);
        cr_assert_eq(private_key_kind(private), (enum key_kind)kind);
        struct public_key *public = public_key_parse(private_key_spki(private));
        cr_assert_not_null(public);
        cr_assert_eq(public_key_kind(public), (enum key_kind)kind);
        if (bits[kind] != 0)
            cr_assert_eq(public_key_bits(public), bits[kind]);
        cr_assert_gt(public_key_verify_us(public), 0);
        public_key_free(public);
        private_key_free(private);
    }
    cr_assert_null(private_key_generate(KEY_NONE, 0));
}

/* X9.62 signatures: a SEQUENCE of two INTEGERs of the order's size; RFC 8017: as long as the modulus. */
Test(key, a_key_says_how_long_its_signatures_can_be)
{
    static const struct {
        enum key_kind kind;
        unsigned rsa_bits;
        size_t least, most;
    } cases[] = {{KEY_P256, 0, 72, 72},     {KEY_P384, 0, 104, 104},   {KEY_P521, 0, 139, 141},
                 {KEY_RSA, 1024, 128, 128}, {KEY_RSA, 2048, 256, 256}, {KEY_ED25519, 0, 64, 64}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct private_key *private = private_key_generate(cases[i].kind, cases[i].rsa_bits);
        struct public_key *public = public_key_parse(private_key_spki(private));
        size_t most = private_key_signature_max(private);

        cr_assert(most >= cases[i].least && most <= cases[i].most, "case %zu: %zu", i, most);
        cr_assert_eq(public_key_signature_max(public), most);
        public_key_free(public);
        private_key_free(private);
    }
}

Test(key, a_key_goes_to_PEM_and_back)
{
    for (int kind = KEY_P256; kind < KEY_KIND_COUNT; kind++) {
        struct private_key *first = private_key_generate((enum key_kind)kind, 2048), *second;
        uint8_t *pem;
        size_t len;
        cr_assert(private_key_to_pem(&pem, &len, first));
        cr_assert_eq(strncmp((const char *)pem, "-----BEGIN PRIVATE KEY-----\n", 28),
                     0); /* RFC 7468 section 10 */
        cr_assert_not_null(second = private_key_from_pem(bytes_of(pem, len)));
        cr_assert(bytes_equal(private_key_spki(first), private_key_spki(second)));
        free(pem);
        private_key_free(first);
        private_key_free(second);
    }
}

Test(key, what_is_no_private_key_is_refused)
{
    cr_assert_null(private_key_from_pem(bytes_of(NULL, 0)));
    cr_assert_null(private_key_from_pem(
        bytes_str("-----BEGIN PRIVATE KEY-----\nMAMCAQc=\n-----END PRIVATE KEY-----\n")));
    cr_assert_null(private_key_from_pem(
        bytes_str("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAMCAQc=\n-----END ENCRYPTED PRIVATE KEY-----\n")));
}

/* The same key in the forms that tools write: SEC 1 behind the parameters of its curve, and PKCS #8. */
#define SEC1                                                                                                 \
    "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"                         \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                                       \
    "MHcCAQEEIAhyYimnwe2Crkey6WMZq9YjdWmj0SauOC83tF4vaJU/oAoGCCqGSM49\n"                                     \
    "AwEHoUQDQgAE98j5ZalQg7Dpuz5jTbSQVWrFIa6ZtKJVx8wPREsak6Of15+YMnDp\n"                                     \
    "gr7Nrl531e9rgbM4S3i0WTDm3OmzzBicug==\n"                                                                 \
    "-----END EC PRIVATE KEY-----\n"
#define PKCS8                                                                                                \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCHJiKafB7YKuR7Lp\n"                                     \
    "Yxmr1iN1aaPRJq44Lze0Xi9olT+hRANCAAT3yPllqVCDsOm7PmNNtJBVasUhrpm0\n"                                     \
    "olXHzA9ESxqTo5/Xn5gycOmCvs2uXnfV72uBszhLeLRZMObc6bPMGJy6\n"                                             \
    "-----END PRIVATE KEY-----\n"
/* Of another curve, secp256k1; for agreeing upon keys, X25519; encrypted. */
#define SECP256K1                                                                                            \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                                       \
    "MHQCAQEEIAK7MxdoelfllChrA6BLWq2pEV8qyS0/CtDhaGwqhvQ2oAcGBSuBBAAK\n"                                     \
    "oUQDQgAEZfr6avhcPQGDcNZlr8SLZxvzWhYPlYEMdFf7/PprPQlvfIpdi87yJSOQ\n"                                     \
    "AgLhwK0wzDxG0XDQ6P1jz48iOarSIQ==\n"                                                                     \
    "-----END EC PRIVATE KEY-----\n"
#define X25519                                                                                               \
    "-----BEGIN PRIVATE KEY-----\n"                                                                          \
    "MC4CAQAwBQYDK2VuBCIEINBv8E59ei0yFsgDsQ/wSp5j9Fgfx+VmC0b1I0Z93l5K\n"                                     \
    "-----END PRIVATE KEY-----\n"
#define ENCRYPTED                                                                                            \
    "-----BEGIN EC PRIVATE KEY-----\n"                                                                       \
    "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,BF91CA13E6CCD765336F1041956FCE76\n\n"                     \
    "/TgfWzUBehG/MmmmRipH5gywWKDNH7rhsQasNOJ0JvystsCbtCMOzd23kzTtunkfC\n"                                    \
    "PGf/tt9VUBD194DqPcQx6iKXYdZkxPlcXZjzt/0etC43L+Dh4AGDFsi9hQF3cON+\n"                                     \
    "gIV6/bDjwyIb3i/CovWj5HZXUa2+nzl/yiuPKUJYTLc=\n"                                                         \
    "-----END EC PRIVATE KEY-----\n"

Test(key, older_forms_of_private_keys_are_read)
{
    static const char pkcs1[] = "-----BEGIN RSA PRIVATE KEY-----\n"
                                "MIICXAIBAAKBgQDdiDNgc6JjrJiMAUfF0aQFtO0KdTpMvwtA5IiDR5fFhgeivX+u\n"
                                "iefxBTb6+tm7N2LmE9Q2bVkvCc8e6gbVvAlzg2pdlR+y5i86wQSmQTOVH5QSf7oj\n"
                                "OSgzOnT8rkVNpEL5Kel6DXhXHJrmkXII35JqPJBcsi+oTnpMpFvvz2GTfwIDAQAB\n"
                                "AoGARji0QHCnGv1M5aRKQfRwD7cIJHaAYm90e791XlfFTkFsDjQPUx43vXivsuLt\n"
                                "PaES4meKry3+RSDQ3LXGMN4ICFRy836k/Yg16ZhzGAZvW3CtKJZMEajTTlqorZXm\n"
                                "LA7u3L3l+IMIgx+ed/1WeJ+womvaa74bhmbmckvKYaG7EAECQQD8zWBujRYwJHnj\n"
                                "aWiGcBedGUioxopGXJW813BsxntuSsSPEa5VmT1cTBAOXaf+lJ5xbqvHpHDlstYv\n"
                                "IIbCqyd/AkEA4FWQnSO6DMdfgjwG7BaZSRiOy0kraONVvv0yXTNhMcSy7o6qXA1C\n"
                                "z2V+G8gfo28xG6PtMbsloleagyxobp+UAQJBAPd+ldcFd2CAhXg3fSaI3QVneHQL\n"
                                "k9oY0FvFy4IiuzqaJl8u3y9cS+9tZBa8aDjcBVZmE/TrL8AhWoFe5a/14j8CQHcQ\n"
                                "8xB0RetCZo7ZDVOBKxqAzklXLJMfFgOon3KYMp4XqGC1l/YDk9JALA7SyPgVrBrf\n"
                                "hqU+j1r65Cd7CnKsgAECQDlrKeqkIF65lmkv9YNlreSa18Mb5LZHHO+UGIlqZxTo\n"
                                "RAWRp4sNL+DbYFluNHELPyXYjl88IeZdu8txbcmxcZs=\n"
                                "-----END RSA PRIVATE KEY-----\n";
    struct private_key *sec1 = private_key_from_pem(bytes_str(SEC1));
    struct private_key *pkcs8 = private_key_from_pem(bytes_str(PKCS8));
    struct private_key *rsa_key = private_key_from_pem(bytes_str(pkcs1));

    cr_assert(sec1 != NULL && pkcs8 != NULL && rsa_key != NULL);
    cr_assert_eq(private_key_kind(sec1), KEY_P256);
    cr_assert(bytes_equal(private_key_spki(sec1), private_key_spki(pkcs8)));
    cr_assert_eq(private_key_kind(rsa_key), KEY_RSA);
    cr_assert_eq(private_key_signature_max(rsa_key), 128);
    private_key_free(sec1);
    private_key_free(pkcs8);
    private_key_free(rsa_key);
}

Test(key, a_private_key_of_another_kind_or_encrypted_is_refused)
{
    cr_assert_null(private_key_from_pem(bytes_str(SECP256K1)));
    cr_assert_null(private_key_from_pem(bytes_str(X25519)));
    cr_assert_null(private_key_from_pem(bytes_str(ENCRYPTED)));
    /* The first one counts, also if another would do. */
    cr_assert_null(private_key_from_pem(bytes_str(X25519 PKCS8)));
    cr_assert_null(private_key_from_pem(bytes_str(ENCRYPTED SEC1)));
}

/* |pem| as openssl encrypts it; |how| are its options. */
static struct bytes encrypted(char out[4096], const char *pem, const char *how)
{
    char command[256];
    FILE *in, *read;
    char file[] = "/tmp/cmpd-key-XXXXXX", result[64];
    int fd = mkstemp(file);

    cr_assert_geq(fd, 0);
    close(fd);
    snprintf(result, sizeof result, "%s.enc", file);
    in = fopen(file, "w");
    fputs(pem, in);
    fclose(in);
    snprintf(command, sizeof command, "openssl pkcs8 -topk8 %s -in %s -out %s -passout pass:words", how, file,
             result);
    cr_assert_eq(system(command), 0, "%s", command);
    cr_assert_not_null(read = fopen(result, "r"));
    size_t len = fread(out, 1, 4095, read);
    fclose(read);
    out[len] = 0;
    unlink(file);
    unlink(result);
    return bytes_of((uint8_t *)out, len);
}

Test(key, a_key_is_written_encrypted_for_its_passphrase_alone)
{
    struct private_key *key = private_key_from_pem(bytes_str(PKCS8)), *opened;
    uint8_t *pem;
    size_t len;

    cr_assert(private_key_to_encrypted_pem(&pem, &len, key, bytes_str("words")));
    cr_expect(private_key_is_encrypted(bytes_of(pem, len)));
    cr_expect_null(private_key_from_encrypted_pem(bytes_of(pem, len), bytes_str("other")));
    cr_assert_not_null(opened = private_key_from_encrypted_pem(bytes_of(pem, len), bytes_str("words")));
    cr_expect(bytes_equal(private_key_spki(opened), private_key_spki(key)));
    private_key_free(opened);
    private_key_free(key);
    free(pem);
}

/* RFC 5958 3, RFC 8018 6.2: PBES2 as OpenSSL writes it, with both ciphers that it is used with. */
Test(key, an_encrypted_key_is_opened_by_its_passphrase_alone)
{
    static const char *const hows[] = {"-v2 aes-256-cbc", "-v2 aes-128-cbc -iter 3000", "-v2 des3"};
    struct private_key *plain = private_key_from_pem(bytes_str(PKCS8)), *opened;
    char text[4096];

    cr_assert_not(private_key_is_encrypted(bytes_str(PKCS8)));
    cr_assert_not(private_key_is_encrypted(bytes_str(ENCRYPTED)), "that is no PKCS #8");
    cr_assert_not(private_key_is_encrypted(bytes_str("no key")));
    cr_assert_null(private_key_from_encrypted_pem(bytes_str(ENCRYPTED), bytes_str("words")));
    for (size_t i = 0; i < sizeof hows / sizeof hows[0]; i++) {
        struct bytes pem = encrypted(text, PKCS8, hows[i]);
        cr_assert(private_key_is_encrypted(pem), "%s", hows[i]);
        cr_assert_null(private_key_from_pem(pem), "%s", hows[i]);
        cr_assert_null(private_key_from_encrypted_pem(pem, bytes_str("other")), "%s", hows[i]);
        cr_assert_null(private_key_from_encrypted_pem(pem, bytes_of(NULL, 0)), "%s", hows[i]);
        cr_assert_not_null(opened = private_key_from_encrypted_pem(pem, bytes_str("words")), "%s", hows[i]);
        cr_assert(bytes_equal(private_key_spki(opened), private_key_spki(plain)), "%s", hows[i]);
        private_key_free(opened);
        /* Every octet counts: cut anywhere, it is no key and no fault of memory. */
        for (size_t cut = 30; cut < pem.len; cut += 17)
            private_key_free(private_key_from_encrypted_pem(bytes_of(pem.data, cut), bytes_str("words")));
    }
    private_key_free(plain);
}

/* The generator of P-256 (SEC 2 version 2, 2.4.2) as a public key: that of the private key 1. */
#define P256_ALG "30 13 06 07 2a 86 48 ce 3d 02 01 06 08 2a 86 48 ce 3d 03 01 07"
#define P256_X                                                                                               \
    "6b 17 d1 f2 e1 2c 42 47 f8 bc e6 e5 63 a4 40 f2 77 03 7d 81 2d eb 33 a0 f4 a1 39 45 d8 98 c2 96 "
#define P256_Y                                                                                               \
    "4f e3 42 e2 fe 1a 7f 9b 8e e7 eb 4a 7c 0f 9e 16 2b ce 33 57 6b 31 5e ce cb b6 40 68 37 bf 51 f5"

Test(key, a_point_must_be_on_its_curve)
{
    struct public_key *key = public_key_parse(hex(arena, "30 59 " P256_ALG " 03 42 00 04 " P256_X P256_Y));

    cr_assert_not_null(key);
    cr_assert_eq(public_key_kind(key), KEY_P256);
    public_key_free(key);
    uint8_t *off = (uint8_t *)(uintptr_t)hex(arena, "30 59 " P256_ALG " 03 42 00 04 " P256_X P256_Y).data;
    off[90] ^= 1;
    cr_assert_null(public_key_parse(bytes_of(off, 91)));
}

/* RFC 5480 2.1.1: "implicitCurve and specifiedCurve MUST NOT be used in PKIX"; parameters "MUST be present"
 */
Test(key, malformed_or_unsupported_keys_are_refused)
{
    static const char *const bad[] = {
        "",
        "05 00",
        "30 00",
        "30 4f 30 09 06 07 2a 86 48 ce 3d 02 01 03 42 00 04 " P256_X P256_Y,       /* no curve */
        "30 51 30 0b 06 07 2a 86 48 ce 3d 02 01 05 00 03 42 00 04 " P256_X P256_Y, /* implicitCurve */
        "30 56 30 10 06 07 2a 86 48 ce 3d 02 01 06 05 2b 81 04 00 0a 03 42 00 04 " P256_X
            P256_Y,                                            /* secp256k1 */
        "30 59 " P256_ALG " 03 42 00 04 " P256_X P256_Y " 00", /* octets after it */
        "30 19 " P256_ALG " 03 02 00 00",                      /* the point at infinity */
        "30 2a 30 05 06 03 2b 65 6e 03 21 00 " P256_X,         /* X25519 cannot sign */
        "30 29 30 05 06 03 2b 65 70 03 20 00 6b 17 d1 f2 e1 2c 42 47 f8 bc e6 e5 63 a4 40 f2 77 03 7d 81 2d "
        "eb 33 a0 f4 a1 "
        "39 45 d8 98 c2", /* Ed25519 with 31 octets */
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_null(public_key_parse(hex(arena, bad[i])), "case %zu", i);
}

/* An RSA key whose modulus is the octet |first|, then |len| - 1 octets of FF. */
static struct public_key *rsa(size_t len, uint8_t first, int64_t exponent)
{
    uint8_t *modulus = arena_alloc(arena, len);
    struct bytes der, content;
    CBB cbb, spki, algorithm, key;

    memset(modulus, 0xff, len);
    modulus[0] = first;
    must(CBB_init(&cbb, 64));
    must(der_finish(&content, arena, &cbb,
                    CBB_add_asn1(&cbb, &key, CBS_ASN1_SEQUENCE) &&
                        der_add_uint(&key, bytes_of(modulus, len)) && der_add_int64(&key, exponent)));
    must(CBB_init(&cbb, 64));
    must(der_finish(&der, arena, &cbb,
                    CBB_add_asn1(&cbb, &spki, CBS_ASN1_SEQUENCE) &&
                        CBB_add_asn1(&spki, &algorithm, CBS_ASN1_SEQUENCE) &&
                        der_add_oid(&algorithm, hex(arena, "2a 86 48 86 f7 0d 01 01 01")) &&
                        der_add_octets(&algorithm, CBS_ASN1_NULL, bytes_of(NULL, 0)) &&
                        der_add_bit_string(&spki, content)));
    return public_key_parse(der);
}

Test(key, RSA_has_1024_to_8192_bits_and_an_odd_exponent)
{
    static const struct {
        size_t len;
        uint8_t first;
        int64_t exponent;
        int good;
    } cases[] = {
        {128, 0x80, 65537, 1},
        {128, 0x7f, 65537, 0},
        {1024, 0x80, 65537, 1},
        {1025, 0x01, 65537, 0},
        {256, 0x80, 3, 1},
        {256, 0x80, 4, 0},
        {256, 0x80, 1, 0},
        {256, 0x80, INT64_MAX, 0},
        /* What a verification costs is the exponent's doing: beyond 17 bits a key is not taken. */
        {256, 0x80, 131071, 1},
        {256, 0x80, 131073, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct public_key *key = rsa(cases[i].len, cases[i].first, cases[i].exponent);
        cr_assert_eq(key != NULL, cases[i].good, "case %zu", i);
        if (key != NULL && cases[i].len == 1024)
            cr_assert_gt(public_key_verify_us(key), 4 * key_verify_us(KEY_RSA)); /* dearer than 2048 bits */
        public_key_free(key);
    }
    public_key_free(NULL);
    private_key_free(NULL);
}
