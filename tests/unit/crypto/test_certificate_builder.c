/* certificate_builder.c: what the CA signs (RFC 5280 section 4). */
#include <criterion/criterion.h>

#include "tests/support/hex.h"
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

TestSuite(certificate_builder, .init = set_up, .fini = tear_down);

static struct certificate_plan plan_of(void)
{
    return (struct certificate_plan){.issuer = name_of(arena, "CA"),
                                     .subject = name_of(arena, "gnb-1"),
                                     .spki = private_key_spki(key),
                                     .path_len = -1};
}

static struct certificate built(struct certificate_plan plan)
{
    struct certificate out;
    struct bytes der = sign_plan(arena, plan, key);

    cr_assert(der_is_strict(NULL, NULL, der, 16));
    cr_assert(certificate_parse(&out, der));
    return out;
}

/* How often |der|, an encoded extension, stands in |cert|. */
static size_t occurs(const struct certificate *cert, const char *der)
{
    struct bytes part = hex(arena, der);
    size_t count = 0;

    for (size_t i = 0; i + part.len <= cert->tbs.len; i++)
        count += memcmp(cert->tbs.data + i, part.data, part.len) == 0;
    return count;
}

Test(certificate_builder, what_was_planned_is_read_back)
{
    struct certificate_plan plan = plan_of();
    plan.serial = hex(arena, "00 80 01");
    plan.not_before = CERTS_NOW;
    plan.not_after = CERTS_NOW + 5;
    plan.issuer_key_id = hex(arena, "aa bb");
    struct certificate cert = built(plan);

    cr_assert(bytes_equal(cert.subject, plan.subject));
    cr_assert(bytes_equal(cert.issuer, plan.issuer));
    cr_assert(bytes_equal(cert.spki, plan.spki));
    cr_assert_eq(cert.not_before, CERTS_NOW);
    cr_assert_eq(cert.not_after, CERTS_NOW + 5);
    cr_assert(bytes_equal(cert.issuer_key_id, plan.issuer_key_id));
    /* RFC 5280 4.1.2.2: a positive INTEGER, here without needless zeros (X.690 8.3.2) */
    cr_assert(bytes_equal(cert.serial, hex(arena, "00 80 01")));
    /* 4.1.2.1: version 3 */
    cr_assert_eq(occurs(&cert, "a0 03 02 01 02"), 1);
    cr_assert_eq(cert.unknown_critical.len, 0);
}

/* RFC 5280 4.2.1.9: "Conforming CAs MUST include this extension in all CA certificates [...] and MUST mark
 * the extension as critical"; cA FALSE is the default and not encoded (X.690 11.5). */
Test(certificate_builder, basicConstraints_is_critical)
{
    struct certificate_plan plan = plan_of();
    struct certificate cert = built(plan);
    cr_assert_not(cert.is_ca);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 13 01 01 ff 04 02 30 00"), 1);

    plan.is_ca = 1;
    cert = built(plan);
    cr_assert(cert.is_ca);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 13 01 01 ff 04 05 30 03 01 01 ff"), 1);
    plan.path_len = 0;
    cert = built(plan);
    cr_assert_eq(cert.path_len, 0);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 13 01 01 ff 04 08 30 06 01 01 ff 02 01 00"), 1);
}

/* RFC 5280 4.2.1.3: "When present, conforming CAs SHOULD mark this extension as critical." */
Test(certificate_builder, keyUsage_is_critical_and_left_out_when_empty)
{
    struct certificate_plan plan = plan_of();
    struct certificate cert = built(plan);
    cr_assert_not(cert.has_key_usage);

    plan.key_usage = KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN;
    cert = built(plan);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 0f 01 01 ff 04 04 03 02 01 06"), 1);
    plan.key_usage = KEY_USAGE_DECIPHER_ONLY;
    cert = built(plan);
    cr_assert_eq(cert.key_usage, KEY_USAGE_DECIPHER_ONLY);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 0f 01 01 ff 04 05 03 03 07 00 80"), 1);
}

/* RFC 5280 4.2.1.1, 4.2.1.2: "Conforming CAs MUST mark this extension as non-critical." */
Test(certificate_builder, key_identifiers_are_not_critical)
{
    struct certificate_plan plan = plan_of();
    uint8_t id[20];
    struct certificate cert = built(plan);

    cr_assert(spki_key_id(id, DIGEST_SHA1, plan.spki));
    cr_assert(bytes_equal(cert.key_id, bytes_of(id, 20)));
    cr_assert_eq(occurs(&cert, "06 03 55 1d 0e 04 16 04 14"), 1);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 23"), 0);
    plan.issuer_key_id = hex(arena, "aa bb");
    cert = built(plan);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 23 04 06 30 04 80 02 aa bb"), 1);
    plan.key_id_is_sha256 = 1;
    cert = built(plan);
    cr_assert(spki_key_id(id, DIGEST_SHA256, plan.spki));
    cr_assert(bytes_equal(cert.key_id, bytes_of(id, 20)));
}

/* RFC 9608 section 2: id-ce-noRevAvail is { id-ce 56 }, its syntax NULL. */
Test(certificate_builder, noRevAvail_is_NULL_and_not_critical)
{
    static const char *const issuer[] = {"http://a/"};
    struct certificate_plan plan = plan_of();
    struct certificate cert = built(plan);

    cr_assert_eq(occurs(&cert, "06 03 55 1d 38"), 0);
    cr_assert(certificate_prepare_urls(
        &plan.urls, arena,
        &(struct certificate_urls){.no_rev_avail = 1, .issuer = issuer, .issuer_count = 1}));
    cert = built(plan);
    cr_assert_eq(occurs(&cert, "30 09 06 03 55 1d 38 04 02 05 00"), 1);
}

Test(certificate_builder, extendedKeyUsage_lists_its_purposes)
{
    /* id-kp-serverAuth, id-kp-ipsecIKE */
    const struct bytes purposes[] = {hex(arena, "2b 06 01 05 05 07 03 01"),
                                     hex(arena, "2b 06 01 05 05 07 03 11")};
    struct certificate_plan plan = plan_of();
    struct certificate cert = built(plan);
    cr_assert_eq(cert.extended_key_usage.len, 0);

    plan.extended_key_usage = purposes;
    plan.extended_key_usage_count = 2;
    cert = built(plan);
    cr_assert(certificate_has_purpose(&cert, purposes[0]) && certificate_has_purpose(&cert, purposes[1]));
    cr_assert_eq(occurs(&cert, "06 03 55 1d 25 04 16 30 14 06 08"), 1);
}

/* RFC 5280 4.2.1.6: "If the subject field contains an empty sequence, then the issuing CA MUST include a
 * subjectAltName extension that is marked as critical." */
Test(certificate_builder, subjectAltName_is_critical_only_beside_an_empty_subject)
{
    struct certificate_plan plan = plan_of();
    struct certificate cert = built(plan);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 11"), 0);

    plan.san = hex(arena, "30 03 82 01 61");
    cert = built(plan);
    cr_assert(bytes_equal(cert.san, plan.san));
    cr_assert_eq(occurs(&cert, "06 03 55 1d 11 04 05 30 03 82 01 61"), 1);
    plan.subject = hex(arena, "30 00");
    cert = built(plan);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 11 01 01 ff 04 05 30 03 82 01 61"), 1);
}

/* RFC 5280 4.2.1.13: SEQUENCE OF DistributionPoint { distributionPoint [0] { fullName [0] { uri [6] } } } */
Test(certificate_builder, each_CRL_URL_is_a_distribution_point)
{
    static const char *const urls[] = {"http://a/", "http://b/"};
    struct certificate_plan plan = plan_of();
    cr_assert(
        certificate_prepare_urls(&plan.urls, arena, &(struct certificate_urls){.crl = urls, .crl_count = 2}));
    struct certificate cert = built(plan);

    cr_assert_eq(occurs(&cert, "30 0f a0 0d a0 0b 86 09 68 74 74 70 3a 2f 2f 61 2f"), 1);
    cr_assert_eq(occurs(&cert, "30 0f a0 0d a0 0b 86 09 68 74 74 70 3a 2f 2f 62 2f"), 1);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 1f 04 24 30 22"), 1);
}

/* RFC 5280 4.2.1.15: freshestCRL, not critical, of the same syntax. */
Test(certificate_builder, the_URL_of_a_delta_is_in_freshestCRL)
{
    static const char *const urls[] = {"http://a/"};
    struct certificate_plan plan = plan_of();
    cr_assert(certificate_prepare_urls(&plan.urls, arena,
                                       &(struct certificate_urls){.delta_crl = urls, .delta_crl_count = 1}));
    struct certificate cert = built(plan);

    cr_assert_eq(
        occurs(&cert, "06 03 55 1d 2e 04 13 30 11 30 0f a0 0d a0 0b 86 09 68 74 74 70 3a 2f 2f 61 2f"), 1);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 1f"), 0);
}

/* RFC 5280 4.2.2.1: AccessDescription { accessMethod, accessLocation }; id-ad-ocsp, id-ad-caIssuers */
Test(certificate_builder, authorityInfoAccess_names_OCSP_and_issuer)
{
    static const char *const ocsp[] = {"http://o/"}, *const issuer[] = {"http://i/"};
    struct certificate_plan plan = plan_of();
    struct certificate_urls urls = {NULL};
    cr_assert(certificate_prepare_urls(&plan.urls, arena, &urls));
    cr_assert_eq(plan.urls.len, 0);
    struct certificate cert = built(plan);
    cr_assert_eq(occurs(&cert, "06 08 2b 06 01 05 05 07 01 01"), 0);
    cr_assert_eq(occurs(&cert, "06 03 55 1d 1f"), 0);

    urls = (struct certificate_urls){.ocsp = ocsp, .ocsp_count = 1, .issuer = issuer, .issuer_count = 1};
    cr_assert(certificate_prepare_urls(&plan.urls, arena, &urls));
    cert = built(plan);
    cr_assert_eq(occurs(&cert, "30 15 06 08 2b 06 01 05 05 07 30 01 86 09 68 74 74 70 3a 2f 2f 6f 2f"), 1);
    cr_assert_eq(occurs(&cert, "30 15 06 08 2b 06 01 05 05 07 30 02 86 09 68 74 74 70 3a 2f 2f 69 2f"), 1);
    cr_assert_eq(occurs(&cert, "06 08 2b 06 01 05 05 07 01 01 04 30 30 2e"), 1);
}

Test(certificate_builder, a_key_that_is_none_builds_nothing)
{
    struct certificate_plan plan = plan_of();
    struct bytes tbs;

    plan.spki = hex(arena, "05 00");
    plan.serial = hex(arena, "01");
    plan.algorithm = signature_for_key(KEY_P256);
    plan.not_after = CERTS_NOW;
    cr_assert_not(certificate_build(&tbs, arena, &plan));
}
