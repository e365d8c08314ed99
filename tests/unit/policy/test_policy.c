/* policy.c: loading, sharing and replacing. What is refused with which text, tests/server/test_cmpctl.sh
 * shows. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include "server/base/file.h"
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

TestSuite(policy, .init = set_up, .fini = tear_down);

Test(policy, the_hash_tells_what_nodes_must_have_in_common)
{
    struct config_fault fault;
    char before[POLICY_HASH_TEXT];

    strcpy(before, policy_hash(demo.policy));
    cr_assert_eq(strlen(before), 64);
    cr_assert(demo_edit(&demo, &fault, "log: info", "log: warn"));
    cr_assert(demo_edit(&demo, &fault, "  workers: 0", "  workers: 1"));
    cr_assert_str_eq(before, policy_hash(demo.policy), "what is a node's own");
    cr_assert(demo_edit(&demo, &fault, "validity_days: 365", "validity_days: 364"));
    cr_assert_str_neq(before, policy_hash(demo.policy));
    cr_assert(demo_edit(&demo, &fault, "validity_days: 364", "validity_days: 365"));
    cr_assert_str_eq(before, policy_hash(demo.policy));
    cr_assert(demo_edit(&demo, &fault, "# The CA:", "# Our CA:"));
    cr_assert_str_eq(before, policy_hash(demo.policy), "a comment");
}

/* Reads the same configuration again, with what is in its files by now. */
static const char *hash_again(char out[POLICY_HASH_TEXT])
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "log: info", "log: info"), "%s", fault.text);
    return strcpy(out, policy_hash(demo.policy));
}

static void replace_file(const char *name, const char *with, size_t len)
{
    char path[DEMO_PATH_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", demo.dir, name);
    cr_assert(file_write(path, with, len, 0600, 0));
}

/* One octet of a certificate, or of what seals secrets, and nodes do not serve alike any more. */
Test(policy, the_hash_covers_what_is_in_the_files)
{
    static const char *const copies[][2] = {{"ca/root.pem", "demo/vendor-root.pem"},
                                            {"ca/cmp.pem", "demo/device-chain.pem"}};
    struct config_fault fault;
    char path[DEMO_PATH_MAX + 32], before[POLICY_HASH_TEXT], after[POLICY_HASH_TEXT], digits[65];
    uint8_t *data;
    size_t len;

    cr_assert(demo_edit(&demo, &fault, "[demo/vendor-intermediate.pem]", "[]"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "extra_certs: []", "extra_certs: [demo/device-chain.pem]"), "%s",
              fault.text);
    hash_again(before);
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", demo.dir, copies[i][0]);
        cr_assert(file_read(&data, &len, path, 1024 * 1024));
        replace_file(copies[i][1], (const char *)data, len);
        file_free(data, len);
        cr_assert_str_neq(hash_again(after), before, "%s", copies[i][1]);
        strcpy(before, after);
    }
    memset(digits, 'a', sizeof digits);
    replace_file("ca/seal.key", digits, 64);
    cr_assert_str_neq(hash_again(after), before);
    strcpy(before, after);
    digits[63] = 'b';
    replace_file("ca/seal.key", digits, 64);
    cr_assert_str_neq(hash_again(after), before);
}

Test(policy, the_last_user_frees_it)
{
    /* Under the sanitizers a use after free or a leak ends the test. */
    struct policy *second = policy_acquire(demo.policy);

    policy_release(demo.policy);
    cr_assert_str_eq(policy_settings(second)->default_profile->config->name, "demo");
    demo.policy = second;
    policy_release(NULL);
}

/* RFC 9483 3.4: "For signature-based protection, it MUST have a private key and the corresponding certificate
 * along with its chain." */
Test(policy, a_chain_must_reach_the_root)
{
    struct config_fault fault;

    cr_assert_not(demo_edit(&demo, &fault, "chain: [ca/root.pem]", "chain: []"));
    cr_assert_not_null(strstr(fault.text, "does not reach a root"), "%s", fault.text);
}

Test(policy, authorities_are_found_by_name)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, "issuing");

    cr_assert_not_null(ca);
    cr_assert_eq(ca, policy_authority(demo.policy, NULL));
    cr_assert_null(policy_authority(demo.policy, "nobody"));
}

/* RFC 9483 3.3: "The first certificate in this field MUST be the CMP protection certificate followed by
 * its chain, where each element should directly certify the one immediately preceding it."
 * RFC 9483 3.3: "MUST be present in ip, cp, and kup messages and contain the chain of a newly issued
 * certificate."
 * RFC 9483 3.3, too: "Self-signed certificates should be omitted from extraCerts" */
Test(policy, extraCerts_of_answers_are_prepared)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, NULL);

    cr_assert_eq(ca->signed_extra_cert_count, 2);
    cr_assert(bytes_equal(ca->signed_extra_certs[0], ca->cmp_cert.der));
    cr_assert(bytes_equal(ca->signed_extra_certs[1], ca->cert.der));
    cr_assert_eq(ca->mac_extra_cert_count, 1);
    cr_assert(bytes_equal(ca->mac_extra_certs[0], ca->cert.der));
    cr_assert_neq(ca->root.len, 0);
}

Test(policy, configured_intermediates_are_trusted_without_being_anchors)
{
    const struct trust *trust = policy_settings(demo.policy)->default_profile->trust;
    size_t anchors = 0;

    cr_assert_eq(trust->count, 3); /* vendor root, vendor intermediate, the CA itself */
    for (size_t i = 0; i < trust->count; i++)
        anchors += trust->items[i].is_anchor != 0;
    cr_assert_eq(anchors, 2);
}

Test(policy, an_expired_CA_is_a_fault)
{
    enum { DAY = 86400 };
    struct config_fault fault;

    cr_assert_null(policy_load_file(&fault, demo.config, time(NULL) + (int64_t)30 * 365 * DAY));
    cr_assert_not_null(strstr(fault.text, "expired"), "%s", fault.text);
    cr_assert_null(policy_load_file(&fault, demo.config, time(NULL) - DAY));
    cr_assert_not_null(strstr(fault.text, "not valid yet"), "%s", fault.text);
}
