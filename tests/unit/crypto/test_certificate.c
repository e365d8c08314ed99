/* certificate.c: certificates read (RFC 5280 section 4). */
#include <criterion/criterion.h>

#include "crypto/pem.h"
#include "tests/support/hex.h"
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

TestSuite(certificate, .init = set_up, .fini = tear_down);

static int parse_into(void *arg, struct bytes der)
{
    return certificate_parse(arg, arena_copy(arena, der));
}

/* What "openssl x509 -text" shows of the file (tests/data/cmp/README.md) */
Test(certificate, a_certificate_of_another_implementation_is_read)
{
    struct certificate cert;
    char text[NAME_TEXT_MAX];

    cr_assert_eq(
        pem_each_certificate(file_in_tests(arena, CMPD_TEST_DATA, "cmp/intermediate.pem"), parse_into, &cert),
        1);
    cr_assert_str_eq(name_text(text, sizeof text, cert.subject), "CN=ZwischenCA");
    cr_assert_str_eq(name_text(text, sizeof text, cert.issuer), "CN=Root CA");
    cr_assert(bytes_equal(cert.serial, hex(arena, "05")));
    cr_assert_eq(cert.not_before, 1510157040); /* date -u -d '2017-11-08 16:04' +%s */
    cr_assert_eq(cert.not_after, 1541675940);  /* date -u -d '2018-11-08 11:19' +%s */
    cr_assert(cert.is_ca);
    cr_assert_eq(cert.path_len, -1);
    cr_assert_str_eq(cert.algorithm->name, "sha512WithRSAEncryption");
    cr_assert_not(certificate_self_issued(&cert));
    /* SHA-1 signs nothing any more, yet the root can be read */
    cr_assert_eq(
        pem_each_certificate(file_in_tests(arena, CMPD_TEST_DATA, "cmp/root.pem"), parse_into, &cert), 1);
    cr_assert(certificate_self_issued(&cert));
    cr_assert_null(cert.algorithm);
}

/* A certificate with |extensions| (the content of their SEQUENCE), |version| and both algorithms as given. */
static struct bytes made(const char *version, const char *inner, const char *outer, const char *extensions)
{
    struct bytes tbs, der, list = hex(arena, extensions);
    CBB cbb, sequence, field;
    int ok;

    must(CBB_init(&cbb, 256));
    ok =
        CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, hex(arena, version)) &&
        der_add_bytes(&sequence, hex(arena, "02 01 07")) && der_add_bytes(&sequence, hex(arena, inner)) &&
        der_add_bytes(&sequence,
                      hex(arena, "30 00 30 1e 17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a 17 0d 32 37 30 31 "
                                 "31 35 30 38 30 30 30 31 5a 30 00 30 0b 30 05 06 03 2b 65 70 03 02 00 aa"));
    if (list.len != 0)
        ok = ok && CBB_add_asn1(&sequence, &field, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 3) &&
             der_add_octets(&field, CBS_ASN1_SEQUENCE, list);
    must(der_finish(&tbs, arena, &cbb, ok));
    must(CBB_init(&cbb, 256));
    must(der_finish(&der, arena, &cbb,
                    CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE) && der_add_bytes(&sequence, tbs) &&
                        der_add_bytes(&sequence, hex(arena, outer)) &&
                        der_add_bit_string(&sequence, bytes_of("\xbb", 1))));
    return der;
}

#define V3 "a0 03 02 01 02"
#define ED "30 05 06 03 2b 65 70"

static int with_extensions(struct certificate *out, const char *extensions)
{
    return certificate_parse(out, made(V3, ED, ED, extensions));
}

#define KEY_ID "30 0a 06 03 55 1d 0e 04 03 04 01 aa "
#define KEY_USAGE "30 0e 06 03 55 1d 0f 01 01 ff 04 04 03 02 07 80 "
#define BASIC "30 12 06 03 55 1d 13 01 01 ff 04 08 30 06 01 01 ff 02 01 03 "
#define ISSUER_KEY_ID "30 0c 06 03 55 1d 23 04 05 30 03 80 01 bb "
#define PURPOSES "30 0e 06 03 55 1d 25 04 07 30 05 06 03 2a 03 04 "
#define SAN "30 0c 06 03 55 1d 11 04 05 30 03 82 01 61 "

/* RFC 5280 4.2.1 */
Test(certificate, extensions_are_read)
{
    struct certificate cert;

    cr_assert(with_extensions(&cert, KEY_ID KEY_USAGE BASIC ISSUER_KEY_ID PURPOSES SAN));
    cr_assert(bytes_equal(cert.key_id, hex(arena, "aa")));
    cr_assert(cert.has_key_usage);
    cr_assert_eq(cert.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    cr_assert(cert.is_ca);
    cr_assert_eq(cert.path_len, 3);
    cr_assert(bytes_equal(cert.issuer_key_id, hex(arena, "bb")));
    cr_assert(bytes_equal(cert.san, hex(arena, "30 03 82 01 61")));
    cr_assert(certificate_has_purpose(&cert, hex(arena, "2a 03 04")));
    cr_assert_not(certificate_has_purpose(&cert, hex(arena, "2a 03 05")));
    cr_assert_eq(cert.unknown_critical.len, 0);

    cr_assert(certificate_parse(&cert, made(V3, ED, ED, "")));
    cr_assert_not(cert.has_key_usage || cert.is_ca);
    cr_assert_eq(cert.path_len, -1);
    cr_assert(certificate_has_purpose(&cert, hex(arena, "2a 03 05"))); /* absent: any */
}

/* RFC 5280 4.2: a "system MUST reject the certificate if it encounters a critical extension it does not
 * recognize" */
Test(certificate, an_unknown_extension_matters_only_if_it_is_critical)
{
    struct certificate cert;

    cr_assert(with_extensions(&cert, "30 09 06 03 2a 03 04 04 02 05 00"));
    cr_assert_eq(cert.unknown_critical.len, 0);
    cr_assert(with_extensions(&cert, "30 0c 06 03 2a 03 04 01 01 ff 04 02 05 00"));
    cr_assert(bytes_equal(cert.unknown_critical, hex(arena, "2a 03 04")), "a refusal names it");
    /* It is there, although its name is not: none passes for absent. */
    cr_assert_not(with_extensions(&cert, "30 09 06 00 01 01 ff 04 02 05 00"));
}

/* RFC 5280 6.1.3, 6.1.4: kept for whoever holds a path against them. */
Test(certificate, what_is_said_of_a_path_is_kept_critical_or_not)
{
    static const struct {
        const char *last;
        size_t field;
    } extensions[] = {
        {"1e", offsetof(struct certificate, name_constraints)},
        {"20", offsetof(struct certificate, policies)},
        {"21", offsetof(struct certificate, policy_mappings)},
        {"24", offsetof(struct certificate, policy_constraints)},
        {"36", offsetof(struct certificate, inhibit_any_policy)},
    };
    struct certificate cert;
    struct bytes kept;
    char text[96];

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        for (int critical = 0; critical <= 1; critical++) {
            snprintf(text, sizeof text, "30 %s 06 03 55 1d %s %s 04 02 30 00", critical ? "0c" : "09",
                     extensions[i].last, critical ? "01 01 ff" : "");
            cr_assert(with_extensions(&cert, text));
            memcpy(&kept, (const uint8_t *)&cert + extensions[i].field, sizeof kept);
            cr_assert(bytes_equal(kept, hex(arena, "30 00")), "%s", extensions[i].last);
            cr_assert_eq(cert.unknown_critical.len, 0);
            cr_assert_eq(cert.policies_critical, critical && strcmp(extensions[i].last, "20") == 0);
        }
        /* An empty one must not pass for an absent one. */
        snprintf(text, sizeof text, "30 07 06 03 55 1d %s 04 00", extensions[i].last);
        cr_assert_not(with_extensions(&cert, text));
    }
}

/* RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
Test(certificate, an_extension_twice_is_malformed)
{
    static const char *const extensions[] = {KEY_ID, KEY_USAGE, BASIC, ISSUER_KEY_ID, PURPOSES, SAN};
    struct certificate cert;
    char twice[256];

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        snprintf(twice, sizeof twice, "%s%s", extensions[i], extensions[i]);
        cr_assert(with_extensions(&cert, extensions[i]), "%zu", i);
        cr_assert_not(with_extensions(&cert, twice), "%zu", i);
    }
}

Test(certificate, malformed_extensions_are_refused)
{
    static const char *const bad[] = {
        "05 00",
        "30 00",
        "30 05 06 03 55 1d 0e",                               /* no value */
        "30 09 06 03 55 1d 0e 04 02 05 00",                   /* a key identifier that is no OCTET STRING */
        "30 09 06 03 55 1d 0f 04 02 05 00",                   /* keyUsage */
        "30 0b 06 03 55 1d 0f 04 04 03 02 08 80",             /* its BIT STRING */
        "30 09 06 03 55 1d 13 04 02 05 00",                   /* basicConstraints */
        "30 0c 06 03 55 1d 13 04 05 30 03 01 01 01",          /* X.690 11.1 */
        "30 0f 06 03 55 1d 13 04 08 30 06 01 01 ff 02 01 ff", /* pathLenConstraint (0..MAX) */
        "30 09 06 03 55 1d 25 04 02 30 00",                   /* extKeyUsage SIZE (1..MAX) */
        "30 07 06 03 55 1d 25 04 00",                         /* an empty one is not an absent one */
        "30 0b 06 03 55 1d 25 04 04 30 02 05 00",
        "30 0d 06 03 55 1d 0e 01 01 01 04 03 04 01 aa",
    };
    struct certificate cert;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(with_extensions(&cert, bad[i]), "case %zu", i);
}

Test(certificate, version_and_algorithm_must_agree_with_the_rest)
{
    struct certificate cert;

    cr_assert(certificate_parse(&cert, made(V3, ED, ED, KEY_ID)));
    /* RFC 5280 4.1.1.2: "MUST contain the same algorithm identifier as the signature field" */
    cr_assert_not(certificate_parse(&cert, made(V3, ED, "30 0a 06 08 2a 86 48 ce 3d 04 03 02", KEY_ID)));
    /* 4.1.2.1: extensions make it version 3 */
    cr_assert_not(certificate_parse(&cert, made("a0 03 02 01 01", ED, ED, KEY_ID)));
    cr_assert_not(certificate_parse(&cert, made("", ED, ED, KEY_ID)));
    cr_assert(certificate_parse(&cert, made("", ED, ED, "")));
    cr_assert_not(certificate_parse(&cert, made("a0 03 02 01 03", ED, ED, "")));
}

Test(certificate, cut_and_prolonged_certificates_are_refused)
{
    struct bytes der = made(V3, ED, ED, KEY_ID KEY_USAGE BASIC);
    uint8_t *more = arena_alloc(arena, der.len + 1);
    struct certificate cert;

    memcpy(more, der.data, der.len);
    cr_assert_not(certificate_parse(&cert, bytes_of(more, der.len + 1)));
    for (size_t len = 0; len < der.len; len++)
        cr_assert_not(certificate_parse(&cert, bytes_of(der.data, len)));
}

/* RFC 5280 4.2.1.2 (1): "the 160-bit SHA-1 hash of the value of the BIT STRING subjectPublicKey (excluding
 * the tag, length, and number of unused bits)"; printf a | sha1sum */
Test(certificate, a_key_identifier_is_the_SHA1_of_the_key)
{
    uint8_t id[20];

    cr_assert(spki_key_id(id, DIGEST_SHA1, hex(arena, "30 0b 30 05 06 03 2b 65 70 03 02 00 61")));
    cr_assert(bytes_equal(bytes_of(id, 20),
                          hex(arena, "86 f7 e4 37 fa a5 a7 fc e1 5d 1d dc b9 ea ea ea 37 76 67 b8")));
    cr_assert_not(spki_key_id(id, DIGEST_SHA1, hex(arena, "30 00")));
}

/* RFC 7093 section 2, method 1: "the leftmost 160-bits of the SHA-256 hash"; printf a | sha256sum */
Test(certificate, or_the_beginning_of_the_SHA256_of_the_key)
{
    uint8_t id[20];

    cr_assert(spki_key_id(id, DIGEST_SHA256, hex(arena, "30 0b 30 05 06 03 2b 65 70 03 02 00 61")));
    cr_assert(bytes_equal(bytes_of(id, 20),
                          hex(arena, "ca 97 81 12 ca 1b bd ca fa c2 31 b3 9a 23 dc 4d a7 86 ef f8")));
}

/* RFC 5280 4.2.1.3: names and bits */
Test(certificate, key_usages_have_the_names_of_the_RFC)
{
    cr_assert_eq(key_usage_named("digitalSignature"), 1 << 0);
    cr_assert_eq(key_usage_named("keyCertSign"), 1 << 5);
    cr_assert_eq(key_usage_named("cRLSign"), 1 << 6);
    cr_assert_eq(key_usage_named("decipherOnly"), 1 << 8);
    cr_assert_eq(key_usage_named("DigitalSignature"), 0);
}
