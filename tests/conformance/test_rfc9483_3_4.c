/* RFC 9483 3.4: what a server needs before it serves, and does not start without. */
#include <criterion/criterion.h>

#include "crypto/name.h"
#include "tests/support/demo.h"

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(rfc9483_3_4, .init = set_up, .fini = tear_down);

/* With |to| in the place of |from| the configuration is refused with |word| in the reason. */
static void expect_fault(const char *from, const char *to, const char *word)
{
    struct config_fault fault;

    cr_assert_not(demo_edit(&demo, &fault, from, to), "%s", to);
    cr_assert_not_null(strstr(fault.text, word), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, to, from));
}

static void replace(const char *from, const char *to)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
}

/* RFC 9483 3.4: "Each PKI entity MUST have credentials to authenticate itself."
 * RFC 9483 3.4: "For signature-based protection, it MUST have a private key and the corresponding
 * certificate along with its chain." */
Test(rfc9483_3_4, a_CA_has_a_key_and_a_certificate_and_its_chain_to_protect_answers_with)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, NULL);

    cr_assert(bytes_equal(private_key_spki(ca->cmp_key), ca->cmp_cert.spki));
    cr_assert(bytes_equal(ca->signed_extra_certs[0], ca->cmp_cert.der));
    cr_assert(bytes_equal(ca->cmp_cert.issuer, ca->cert.subject));
    cr_assert(bytes_equal(ca->signed_extra_certs[1], ca->cert.der));
    cr_assert_gt(ca->root.len, 0);

    expect_fault("    cmp_key: ", "    # cmp_key: ", "lacks \"cmp_key\"");
    expect_fault("    cmp_certificate: ", "    # cmp_certificate: ", "lacks \"cmp_certificate\"");
    expect_fault("cmp_key: ca/cmp.key", "cmp_key: ca/root.key", "does not belong");
    expect_fault("cmp_certificate: ca/cmp.pem", "cmp_certificate: demo/device.pem", "not issued");
    expect_fault("chain: [ca/root.pem]", "chain: [demo/vendor-root.pem]", "did not issue");
}

static int trusts(const char *subject)
{
    const struct trust *trust = policy_settings(demo.policy)->default_profile->trust;
    int found = 0;

    for (size_t i = 0; i < trust->count; i++) {
        char text[256];
        name_text(text, sizeof text, trust->items[i].cert.subject);
        found |= trust->items[i].is_anchor && strstr(text, subject) != NULL;
    }
    return found;
}

/* RFC 9483 2: "Note: The owner or operator using the manufacturer-issued device certificate for
 * authenticating the device during initial enrollment of operational certificates MUST trust the
 * respective trust anchor provided by the manufacturer."
 * RFC 9483 3.4: "When signature-based protection is used, it MUST have the trust anchor(s) and any
 * certificate status information needed to perform path validation of CMP protection certificates used for
 * signature-based protection."
 * RFC 9483 4.1.1: "The PKI management entity MUST have the trust anchor of the external PKI." */
Test(rfc9483_3_4, a_vendor_has_trust_anchors)
{
    cr_assert(trusts("Vendor"));
    expect_fault("anchors: [demo/vendor-root.pem]", "anchors: []", "anchors is empty");
    expect_fault("anchors: [demo/vendor-root.pem]", "# no anchors", "lacks \"anchors\"");
}

static int trusts_own_ca(void)
{
    return trust_holds(policy_settings(demo.policy)->default_profile->trust,
                       policy_authority(demo.policy, NULL)->cert.der);
}

/* RFC 9483 3.4: "Each PKI management entity MUST have sufficient information to be able to authorize the
 * downstream PKI entity requesting the PKI management operation."
 * Whom a profile does not name may nothing in it. */
Test(rfc9483_3_4, a_profile_says_who_may_ask)
{
    replace("vendors: [demo]", "vendors: []");
    cr_assert_not(trusts("Vendor"));
    cr_assert(policy_settings(demo.policy)->default_profile->config->mac.allowed);
    replace("allowed: true ", "allowed: false ");
    cr_assert_not(policy_settings(demo.policy)->default_profile->config->mac.allowed);
    cr_assert(trusts_own_ca());
    replace("own_certificates: true ", "own_certificates: false ");
    cr_assert_not(trusts_own_ca());
}
