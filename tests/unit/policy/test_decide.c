/* decide.c: what is granted, and what the certificate contains (RFC 5280 section 4). */
#include "tests/support/hex.h"
#include "tests/support/spelling.h"
#include "tests/unit/policy/decision.h"

TestSuite(decide, .init = set_up, .fini = tear_down);

/* RFC 4211 5: "CA/RA SHOULD use the template fields if possible." */
Test(decide, subject_and_key_are_those_of_the_request)
{
    struct certificate cert = granted();

    cr_assert(bytes_equal(cert.subject, request.tmpl.subject));
    cr_assert(bytes_equal(cert.spki, request.tmpl.spki));
    cr_assert(bytes_equal(cert.issuer, profile()->ca->cert.subject));
    cr_assert(bytes_equal(cert.issuer_key_id, profile()->ca->cert.key_id));
    cr_assert_not(cert.is_ca);
    cr_assert_eq(cert.unknown_critical.len, 0);
}

/* A serial is 16 octets: four of time since 2020, whose top bit is 0, twelve random. */
Test(decide, serials_follow_the_clock_and_never_repeat)
{
    static const int64_t year_2020 = 1577836800;
    uint8_t first[STORE_SERIAL];
    uint32_t seconds;

    decide();
    cr_assert_eq(decision.serial.len, STORE_SERIAL);
    memcpy(first, decision.serial.data, STORE_SERIAL);
    seconds = (uint32_t)first[0] << 24 | (uint32_t)first[1] << 16 | (uint32_t)first[2] << 8 | first[3];
    cr_assert_eq(seconds, (uint32_t)(decision.now - year_2020));
    decide();
    cr_assert_neq(memcmp(first + 4, decision.serial.data + 4, STORE_SERIAL - 4), 0);
}

Test(decide, validity_is_the_profiles_and_never_longer_than_the_CAs)
{
    enum { DAY = 86400 };
    struct certificate cert = granted();

    cr_assert_eq(cert.not_after, decision.now + 365 * DAY - 1);
    edit("validity_days: 365", "validity_days: 36525");
    cert = granted();
    cr_assert_eq(cert.not_after, profile()->ca->cert.not_after);
}

/* Up to so much is taken off, never the same for all. */
Test(decide, validity_may_be_spread)
{
    enum { DAY = 86400, TRIES = 200 };
    int64_t least = INT64_MAX, most = 0;

    edit("validity_jitter_percent: 0", "validity_jitter_percent: 10");
    for (int i = 0; i < TRIES; i++) {
        int64_t length = granted().not_after - decision.now + 1;
        cr_assert(length <= 365 * DAY && length > 365 * DAY * 9 / 10, "%lld", (long long)length);
        least = length < least ? length : least;
        most = length > most ? length : most;
        cr_assert_eq(decision.not_after, decision.now + length - 1);
    }
    /* 36.5 days: that 200 of them lie within a third has a chance below 1 in 10^90. */
    cr_assert_gt(most - least, 12 * DAY);
}

/* How |cert| has the extension of id-ce with the last octet |last|: 1 critical, 0 not, -1 it has none. */
static int criticality(const struct certificate *cert, uint8_t last)
{
    const uint8_t oid[] = {6, 3, 0x55, 0x1d, last};
    const uint8_t *found = memmem(cert->extensions.data, cert->extensions.len, oid, sizeof oid);

    return found != NULL ? found[sizeof oid] == 1 : -1;
}

/* RFC 5280 4.2.1.3, 4.2.1.6, 4.2.1.9, 4.2.1.12 */
Test(decide, extensions_are_critical_as_the_profile_says)
{
    static const char *const settings[] = {
        "critical: [basicConstraints, keyUsage]", "critical: []",
        "critical: [basicConstraints, keyUsage, extendedKeyUsage, subjectAltName]",
        "critical: [subjectAltName]"};
    static const uint8_t last[] = {19, 15, 37, 17};
    static const int expected[][4] = {{1, 1, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 1}, {0, 0, 0, 1}};

    request.tmpl.san = hex(arena, "30 03 82 01 61");
    for (size_t i = 0; i < 4; i++) {
        if (i != 0)
            edit(settings[i - 1], settings[i]);
        struct certificate cert = granted();
        for (size_t e = 0; e < 4; e++)
            cr_expect_eq(criticality(&cert, last[e]), expected[i][e], "%s: %d", settings[i], last[e]);
    }
    edit(settings[3], settings[1]);
    request.tmpl.subject = name_empty();
    struct certificate cert = granted();
    cr_assert_eq(criticality(&cert, 17), 1);
}

/* RFC 5280 4.2.1.8: "Conforming CAs MUST mark this extension as non-critical." */
Test(decide, what_would_break_RFC_5280_is_not_signed)
{
    struct config_fault fault;

    edit("honour: [subjectAltName]", "honour: [2.5.29.9]");
    request.tmpl.extensions[0] = (struct certificate_extension){
        .oid = hex(arena, "55 1d 09"), .critical = 1, .value = hex(arena, "30 00")};
    request.tmpl.extension_count = 1;
    refused(PKI_BAD_CERT_TEMPLATE);
    cr_expect_str_eq(decision.text, "the certificate would break RFC 5280 4.2.1.8: ask for it without that");
    cr_expect_not_null(strstr(decision.detail, "(subjectDirectoryAttributes: it is not critical)"), "%s",
                       decision.detail);
    cr_assert(demo_edit(&demo, &fault, "lint: refuse", "lint: warn  "), "%s", fault.text);
    granted();
    cr_expect_not_null(strstr(decision.detail, "4.2.1.8"), "%s", decision.detail);
    request.tmpl.extensions[0].critical = 0;
    granted();
    cr_expect_null(decision.detail);
}

/* RFC 7093 section 2. */
Test(decide, the_key_identifier_is_made_as_the_profile_says)
{
    uint8_t id[20];

    edit("key_identifier: sha1", "key_identifier: sha256");
    struct certificate cert = granted();
    cr_assert(spki_key_id(id, DIGEST_SHA256, cert.spki));
    cr_assert(bytes_equal(cert.key_id, bytes_of(id, 20)));
}

/* RFC 9608 section 3. */
Test(decide, noRevAvail_stands_where_nobody_is_to_ask)
{
    static const uint8_t oid[] = {0x55, 0x1d, 56}, null[] = {5, 0};
    struct config_fault fault;

    cr_assert_not(demo_edit(&demo, &fault, "no_rev_avail: false", "no_rev_avail: true"));
    cr_assert_not_null(strstr(fault.text, "remove crl"), "%s", fault.text);
    edit("no_rev_avail: true", "no_rev_avail: false");
    struct certificate cert = granted();
    cr_assert_not(certificate_has_extension(&cert, bytes_of(oid, 3), bytes_of(null, 2)));
    edit("crl: [\"http://127.0.0.1:8829/crl/issuing.crl\"]", "crl: []");
    edit("delta_crl: [\"http://127.0.0.1:8829/crl/issuing-delta.crl\"]", "delta_crl: []");
    edit("ocsp: [\"http://127.0.0.1:8829/ocsp\"]", "ocsp: []");
    edit("no_rev_avail: false", "no_rev_avail: true");
    cert = granted();
    cr_assert(certificate_has_extension(&cert, bytes_of(oid, 3), bytes_of(null, 2)));
    cr_assert_eq(cert.crl_points.len, 0);
}

/* backdate_seconds is 300: while the CA is younger than that, notBefore is the CA's own. */
Test(decide, notBefore_is_backdated_but_not_to_before_the_CA)
{
    const struct certificate *ca = &profile()->ca->cert;

    for (int64_t age = 0; age <= 302; age += age == 0 ? 299 : 1) {
        at = ca->not_before + age;
        cr_assert_eq(granted().not_before, age <= 300 ? ca->not_before : at - 300, "age %lld",
                     (long long)age);
        cr_assert_eq(decision.not_before, age <= 300 ? ca->not_before : at - 300);
    }
}

/* RFC 5280 4.1.2.5: the CA's last second is within its validity. */
Test(decide, a_CA_issues_up_to_its_last_second)
{
    const struct certificate *ca = &profile()->ca->cert;

    at = ca->not_after - 1;
    cr_assert_eq(granted().not_after, ca->not_after);
    at = ca->not_after;
    cr_assert_eq(granted().not_after, ca->not_after);
    cr_assert_eq(decision.not_after, ca->not_after);
    at = ca->not_after + 1;
    refused(PKI_SYSTEM_FAILURE);
}

Test(decide, key_usage_is_the_profiles_without_what_the_key_cannot_do)
{
    edit("key_usage: [digitalSignature, keyAgreement]",
         "key_usage: [digitalSignature, keyAgreement, keyEncipherment]");
    cr_assert_eq(granted().key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_AGREEMENT);
    use_key(KEY_RSA, 2048);
    cr_assert_eq(granted().key_usage, KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_KEY_ENCIPHERMENT);
    use_key(KEY_ED25519, 0);
    cr_assert_eq(granted().key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
}

/* RFC 8813 section 3, RFC 9295 section 3, RFC 5280 4.2.1.3: of every bit that a device may have. */
Test(decide, each_kind_of_key_gets_the_bits_that_it_can_live_up_to)
{
    const unsigned signs = KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_NON_REPUDIATION;
    const unsigned agrees = KEY_USAGE_KEY_AGREEMENT | KEY_USAGE_ENCIPHER_ONLY | KEY_USAGE_DECIPHER_ONLY;
    const unsigned enciphers = KEY_USAGE_KEY_ENCIPHERMENT | KEY_USAGE_DATA_ENCIPHERMENT;
    const struct {
        enum key_kind kind;
        unsigned usage;
    } cases[] = {{KEY_P256, signs | agrees},
                 {KEY_P384, signs | agrees},
                 {KEY_P521, signs | agrees},
                 {KEY_RSA, signs | enciphers},
                 {KEY_ED25519, signs}};

    edit("key_usage: [digitalSignature, keyAgreement]",
         "key_usage: [digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement, "
         "encipherOnly, decipherOnly]");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        use_key(cases[i].kind, 2048);
        cr_assert_eq(granted().key_usage, cases[i].usage, "kind %d", cases[i].kind);
    }
}

Test(decide, extended_key_usage_is_the_profiles)
{
    /* id-kp-clientAuth 1.3.6.1.5.5.7.3.2, id-kp-codeSigning ….3 (RFC 5280 4.2.1.12) */
    static const uint8_t client[] = {0x2b, 6, 1, 5, 5, 7, 3, 2}, code[] = {0x2b, 6, 1, 5, 5, 7, 3, 3};
    struct certificate cert = granted();

    cr_assert(certificate_has_purpose(&cert, bytes_of(client, sizeof client)));
    cr_assert_not(certificate_has_purpose(&cert, bytes_of(code, sizeof code)));
}

Test(decide, subjectAltName_is_taken_only_where_the_profile_says_so)
{
    static const uint8_t san[] = {0x30, 0x07, 0x82, 0x05, 'g', '.', 'e', 'x', 'a'};

    request.tmpl.san = bytes_of(san, sizeof san);
    cr_assert(bytes_equal(granted().san, request.tmpl.san));
    edit("honour: [subjectAltName]", "honour: []");
    cr_assert_eq(granted().san.len, 0);
}

static int holds(struct bytes haystack, const char *needle)
{
    return memmem(haystack.data, haystack.len, needle, strlen(needle)) != NULL;
}

/* RFC 5280 4.2.1.13 and 4.2.2.1 */
Test(decide, CRL_and_authority_information_are_the_profiles)
{
    static const uint8_t crl_oid[] = {0x55, 0x1d, 31}, info_oid[] = {0x2b, 6, 1, 5, 5, 7, 1, 1};
    struct certificate cert;

    edit("crl: [\"http://127.0.0.1:8829/crl/issuing.crl\"]", "crl: []");
    edit("issuer: [\"http://127.0.0.1:8829/ca/issuing.cer\"]", "issuer: []");
    edit("ocsp: [\"http://127.0.0.1:8829/ocsp\"]", "ocsp: []");
    cert = granted();
    cr_assert_null(memmem(cert.tbs.data, cert.tbs.len, crl_oid, sizeof crl_oid));
    cr_assert_null(memmem(cert.tbs.data, cert.tbs.len, info_oid, sizeof info_oid));
    edit("crl: []", "crl: [\"http://a.example/1.crl\", \"http://b.example/1.crl\"]");
    edit("issuer: []", "issuer: [\"http://a.example/ca.cer\"]");
    edit("ocsp: []", "ocsp: [\"http://ocsp.example\"]");
    cert = granted();
    cr_assert_not_null(memmem(cert.tbs.data, cert.tbs.len, crl_oid, sizeof crl_oid));
    cr_assert_not_null(memmem(cert.tbs.data, cert.tbs.len, info_oid, sizeof info_oid));
    cr_assert(holds(cert.tbs, "http://a.example/1.crl") && holds(cert.tbs, "http://b.example/1.crl"));
    cr_assert(holds(cert.tbs, "http://a.example/ca.cer") && holds(cert.tbs, "http://ocsp.example"));
}

Test(decide, a_key_of_another_type_or_size_is_refused)
{
    edit("types: [P-256, P-384, P-521, RSA, Ed25519]", "types: [P-384, RSA]");
    refused(PKI_BAD_CERT_TEMPLATE);
    cr_expect_str_eq(decision.setting, "keys.types");
    use_key(KEY_P384, 0);
    granted();
    use_key(KEY_RSA, 1024);
    refused(PKI_BAD_CERT_TEMPLATE);
    cr_expect_str_eq(decision.setting, "keys.rsa_bits_min");
    use_key(KEY_RSA, 2048);
    granted();
    edit("rsa_bits_min: 2048", "rsa_bits_min: 3072");
    refused(PKI_BAD_CERT_TEMPLATE);
    edit("rsa_bits_min: 3072", "rsa_bits_min: 2048");
    edit("rsa_bits_max: 4096", "rsa_bits_max: 2048");
    granted();
    use_key(KEY_RSA, 2176);
    refused(PKI_BAD_CERT_TEMPLATE);
}

/* RFC 9483 4.1.1: "The EE's identity MUST be carried in the subject field and/or the subjectAltName
 * extension."
 * RFC 9483 4.1.4: "The EE subject name MUST be carried in the subject field and/or the subjectAltName
 * extension." */
Test(decide, a_request_must_name_the_device)
{
    static const uint8_t empty[2] = {0x30, 0}, san[] = {0x30, 0x07, 0x82, 0x05, 'g', '.', 'e', 'x', 'a'};

    request.tmpl.subject = bytes_of(NULL, 0);
    refused(PKI_BAD_CERT_TEMPLATE);
    request.tmpl.subject = bytes_of(empty, sizeof empty);
    refused(PKI_BAD_CERT_TEMPLATE);
    request.tmpl.san = bytes_of(san, sizeof san);
    cr_assert(name_is_empty(granted().subject));
}

/* RFC 4211 section 5: all fields of certTemplate may be left out. Absent is what NULL-DN is, and not modified
 * by it. */
Test(decide, a_subject_may_be_absent_beside_a_subjectAltName)
{
    static const uint8_t san[] = {0x30, 0x07, 0x82, 0x05, 'g', '.', 'e', 'x', 'a'};
    struct certificate cert;

    request.tmpl.subject = bytes_of(NULL, 0);
    request.tmpl.san = bytes_of(san, sizeof san);
    cert = granted();
    cr_expect(name_is_empty(cert.subject));
    cr_expect(bytes_equal(cert.san, request.tmpl.san));
    is_modified(NULL);
}

/* RFC 5280 4.1.2.6: what the profile makes, no device need ask for. */
Test(decide, a_subject_that_the_profile_makes_need_not_be_asked_for)
{
    request.tmpl.subject = bytes_of(NULL, 0);
    edit("subject: [] ", "subject: [\"CN=fixed\"] ");
    cr_expect(bytes_equal(name_attribute(arena, granted().subject, "CN"), bytes_str("fixed")));
}

Test(decide, a_malformed_or_overlong_subject_is_refused)
{
    static const uint8_t malformed[] = {0x30, 0x03, 0x31, 0x01, 0x00};
    char *name = arena_alloc(arena, BOUND_SUBJECT + 1);

    request.tmpl.subject = bytes_of(malformed, sizeof malformed);
    refused(PKI_BAD_CERT_TEMPLATE);
    memset(name, 'x', BOUND_SUBJECT);
    cr_assert(name_build(&request.tmpl.subject, arena, (const char *const[]){"CN", name, NULL}));
    refused(PKI_BAD_CERT_TEMPLATE);
}

/* BOUND_SUBJECT octets of an encoded name, and not one more. */
Test(decide, a_subject_has_a_bound)
{
    char *text = arena_alloc(arena, BOUND_SUBJECT + 1);

    memset(text, 'x', BOUND_SUBJECT);
    for (size_t i = 0; i < 3; i++) {
        /* 30 82 … … 31 82 … … 30 82 … … 06 03 55 04 2a 0c 82 … … */
        text[BOUND_SUBJECT - 21 - 1 + i] = 0;
        cr_assert(name_build(&request.tmpl.subject, arena, (const char *const[]){"GN", text, NULL}));
        cr_assert_eq(request.tmpl.subject.len, BOUND_SUBJECT - 1 + i);
        if (i < 2)
            granted();
        else
            refused(PKI_BAD_CERT_TEMPLATE);
        text[BOUND_SUBJECT - 21 - 1 + i] = 'x';
    }
}

Test(decide, nobody_gets_the_name_of_the_CA)
{
    request.tmpl.subject = profile()->ca->cert.subject;
    refused(PKI_BAD_CERT_TEMPLATE);
}

/* RFC 9483 4.1.3: names "without modifications". Those that were certified before there was a rule stay good.
 */
Test(decide, an_update_keeps_names_that_nobody_gets_any_more)
{
    struct certificate old = {.subject = hex(arena, "30 0f 31 0d 30 0b 06 03 55 04 03 13 04 61 5f 63 64"),
                              .san = hex(arena, "30 05 82 03 61 5f 62")};

    request.tmpl.subject = old.subject;
    request.tmpl.san = old.san;
    refused(PKI_BAD_CERT_TEMPLATE);
    update = &old;
    cr_expect(bytes_equal(granted().subject, old.subject));
    old.subject = profile()->ca->cert.subject;
    refused(PKI_BAD_CERT_TEMPLATE);
    update = NULL;
}

/* RFC 5280 7.1: in another spelling it is still the CA's name. */
Test(decide, nobody_gets_the_name_of_the_CA_in_another_spelling)
{
    request.tmpl.subject = spelled_otherwise(arena, profile()->ca->cert.subject);
    refused(PKI_BAD_CERT_TEMPLATE);
}

Test(decide, without_memory_nothing_is_granted)
{
    struct arena *small = arena_new(64);

    decision = (struct cmp_decision){
        .profile = profile(), .request = &request, .key = public, .now = time(NULL), .arena = small};
    policy_decide(&decision);
    cr_assert_not(decision.granted);
    cr_assert_eq(decision.fail_info, PKI_SYSTEM_FAILURE);
    arena_free(small);
}
