/* profile.c: what a profile of the configuration becomes, and where it is told what cannot be one. */
#include "crypto/der.h"
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

TestSuite(profile, .init = set_up, .fini = tear_down);

static const struct profile *profile(void)
{
    return (const struct profile *)policy_settings(demo.policy)->default_profile;
}

static const char usage[] = "key_usage: [digitalSignature, keyAgreement]";
static const char purposes[] = "extended_key_usage: [clientAuth, serverAuth]";

/* RFC 5280 4.2.1.12, RFC 4945 5.1.3.12, RFC 9480 2.2, RFC 9509 section 4: id-kp is 1.3.6.1.5.5.7.3 */
Test(profile, purposes_are_those_of_their_names)
{
    static const struct {
        const char *name;
        uint8_t last;
    } cases[] = {{"serverAuth", 1},
                 {"clientAuth", 2},
                 {"codeSigning", 3},
                 {"emailProtection", 4},
                 {"ipsecEndSystem", 5},
                 {"timeStamping", 8},
                 {"ocspSigning", 9},
                 {"ipsecIKE", 17},
                 {"cmcCA", 27},
                 {"cmcRA", 28},
                 {"jwt", 37},
                 {"httpContentEncrypt", 38},
                 {"oauthAccessTokenSigning", 39},
                 {"1.3.6.1.5.5.7.3.99", 99}};
    char text[64], before[64];

    strcpy(before, purposes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint8_t oid[] = {0x2b, 6, 1, 5, 5, 7, 3, cases[i].last};
        snprintf(text, sizeof text, "extended_key_usage: [%s]", cases[i].name);
        edit(before, text);
        strcpy(before, text);
        cr_assert_eq(profile()->purpose_count, 1);
        cr_assert(bytes_equal(profile()->purposes[0], bytes_of(oid, sizeof oid)), "%s", cases[i].name);
    }
}

/* internal.h: 16 purposes, of 32 octets each */
Test(profile, purposes_have_bounds)
{
    char text[512];

    for (int count = POLICY_PURPOSES_MAX; count <= POLICY_PURPOSES_MAX + 1; count++) {
        size_t used = (size_t)snprintf(text, sizeof text, "extended_key_usage: [");
        for (int i = 1; i <= count; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s1.2.%d", i > 1 ? ", " : "", i);
        snprintf(text + used, sizeof text - used, "]");
        if (count > POLICY_PURPOSES_MAX) {
            refuse_at(purposes, text, "extended", "at most 16 of them");
            break;
        }
        edit(purposes, text);
        cr_assert_eq(profile()->purpose_count, POLICY_PURPOSES_MAX);
        edit(text, purposes);
    }
    for (int octets = POLICY_OID_MAX; octets <= POLICY_OID_MAX + 1; octets++) {
        size_t used = (size_t)snprintf(text, sizeof text, "extended_key_usage:\n      - 1.2");
        for (int i = 1; i < octets; i++)
            used += (size_t)snprintf(text + used, sizeof text - used, ".7");
        if (octets > POLICY_OID_MAX)
            refuse_at(purposes, text, "- 1.2", "unknown purpose");
        else
            edit(purposes, text);
        if (octets == POLICY_OID_MAX)
            edit(text, purposes);
    }
}

/* Each fault is told in the line of the entry that it is about. */
Test(profile, what_is_unknown_is_told_where_it_stands)
{
    static const char types[] = "types: [P-256, P-384, P-521, RSA, Ed25519]";

    refuse_at(usage, "key_usage:\n      - digitalSignature\n      - digitalsignature\n      - keyAgreement",
              "- digitalsignature", "unknown key usage 'digitalsignature'; write one of RFC 5280 4.2.1.3");
    refuse_at(usage, "key_usage:\n      - digitalSignature\n      - keyCertSign", "- keyCertSign",
              "remove it");
    refuse_at(usage, "key_usage:\n      - cRLSign\n      - digitalSignature", "- cRLSign", "remove it");
    refuse_at(purposes, "extended_key_usage:\n      - clientAuth\n      - clientauth\n      - cmcRA",
              "- clientauth", "unknown purpose 'clientauth'; write serverAuth");
    refuse_at(types, "types:\n      - P-256\n      - P-255", "- P-255",
              "unknown key type 'P-255'; write P-256, P-384, P-521, RSA or Ed25519");
    refuse_at("extra_certs: []", "extra_certs:\n      - demo/device.pem\n      - nowhere.pem", "- nowhere",
              "cannot read");
}

/* ... and in its own profile, where there are several. */
Test(profile, a_fault_is_told_of_the_profile_that_has_it)
{
    refuse_at("default_profile: demo",
              "  - name: second\n    certificate:\n      key_usage: [nothing]\n"
              "default_profile: demo",
              "key_usage: [nothing]", "unknown key usage");
    refuse_at("default_profile: demo",
              "  - name: second\n    certificate:\n      extended_key_usage: [nothing]\n"
              "default_profile: demo",
              "extended_key_usage: [nothing]", "unknown purpose");
    refuse_at("default_profile: demo",
              "  - name: second\n    keys:\n      types: [nothing]\n"
              "default_profile: demo",
              "types: [nothing]", "unknown key type");
    refuse_at("default_profile: demo",
              "  - name: second\n    answer:\n      extra_certs: [nowhere.pem]\n"
              "default_profile: demo",
              "extra_certs: [nowhere", "cannot read");
}

/* Secrets are sealed with a key, which has to be there. */
Test(profile, secrets_need_a_key_that_seals_them)
{
    refuse_at("seal_key: ca/seal.key", "# none", "allowed: true", "name a file in seal_key");
}

/* Whoever never confirms would keep both certificates. */
Test(profile, a_predecessor_is_revoked_only_where_a_certConf_is_waited_for)
{
    edit("unconfirmed: revoke ", "unconfirmed: keep ");
    refuse_at("predecessor: keep ", "predecessor: revoke ", "predecessor", "unconfirmed: revoke or hold");
    edit("unconfirmed: keep ", "unconfirmed: hold ");
    edit("predecessor: keep ", "predecessor: revoke ");
}

Test(profile, whom_it_trusts)
{
    const struct cmp_profile *cmp = &profile()->cmp;

    cr_assert_null(cmp->ras);
    cr_assert_eq(cmp->trust->count, 3);
    cr_assert_eq(cmp->ca, policy_authority(demo.policy, "issuing"));
    edit("own_certificates: true", "own_certificates: false");
    cr_assert_eq(profile()->cmp.trust->count, 2); /* the CA's own are no more */
    edit("ras: []", "ras: [demo]");
    cr_assert_eq(profile()->cmp.ras->count, 2);
    edit("vendors: [demo]", "vendors: []");
    cr_assert_eq(profile()->cmp.trust->count, 0);
    cr_assert_eq(profile()->cmp.ras->count, 2);
}

Test(profile, what_is_sent_along_is_what_the_files_hold)
{
    struct certificate device;

    cr_assert_eq(profile()->cmp.extra_cert_count, 0);
    edit("extra_certs: []", "extra_certs: [ca/root.pem, demo/device-chain.pem]");
    cr_assert_eq(profile()->cmp.extra_cert_count, 3); /* the root, a device and its issuer */
    cr_assert(bytes_equal(profile()->cmp.extra_certs[0], policy_authority(demo.policy, NULL)->root));
    cr_assert(certificate_parse(&device, profile()->cmp.extra_certs[1]));
    cr_assert_not(device.is_ca);
}

/* RFC 9483 4.1.1: the kinds of keys that are certified */
Test(profile, kinds_of_keys_are_those_that_are_named)
{
    cr_assert_eq(profile()->key_kinds,
                 1u << KEY_P256 | 1u << KEY_P384 | 1u << KEY_P521 | 1u << KEY_RSA | 1u << KEY_ED25519);
    edit("types: [P-256, P-384, P-521, RSA, Ed25519]", "types: [RSA, P-521]");
    cr_assert_eq(profile()->key_kinds, 1u << KEY_P521 | 1u << KEY_RSA);
}

static const char usual_critical[] = "critical: [basicConstraints, keyUsage]";

/* RFC 5280 4.2.1.1, 4.2.1.2, 4.2.1.13, 4.2.2.1 */
Test(profile, what_must_not_be_critical_is_a_fault)
{
    static const char *const bad[][2] = {
        {"authorityKeyIdentifier", "RFC 5280 4.2.1.1 forbids"},
        {"subjectKeyIdentifier", "4.2.1.2 forbids"},
        {"authorityInfoAccess", "4.2.2.1 forbids"},
        {"cRLDistributionPoints", "4.2.1.13"},
        {"certificatePolicies", "the request that asks"},
        {"nameConstraints", "write basicConstraints"},
        {"noSuchThing", "write basicConstraints"},
    };
    char to[80];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(to, sizeof to, "critical: [keyUsage, %s]", bad[i][0]);
        refuse_at(usual_critical, to, bad[i][0], bad[i][1]);
    }
}

Test(profile, what_a_secret_got_is_counted_or_found)
{
    edit("by_request: false", "by_request: true ");
    refuse_at("      open: 0", "      open: 1", "open", "write open: 0, or by_request: false");
}

/* RFC 9483 3.3 wants the protecting certificate in extraCerts. */
Test(profile, to_the_letter_no_signer_is_looked_for)
{
    edit("header: rfc9810", "header: rfc9483");
    refuse_at("find_signer: false", "find_signer: true ", "find_signer",
              "wants the protecting certificate in extraCerts");
}
