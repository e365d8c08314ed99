/* policy.c: loading, sharing and replacing. What is refused with which text, tests/server/test_cmpctl.sh
 * shows. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#include "crypto/name.h"
#include "server/base/file.h"
#include "server/ctl/ctl.h"
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

/* A certificate of |issuer| and its key, as |stem|, in the folder |name|. */
static void make_below(const char *name, const char *issuer, const char *stem, enum ctl_role role, int days)
{
    const char *const pairs[] = {"O", "Demo", "CN", stem, NULL};
    const struct ctl_cert_spec spec = {role, pairs, KEY_P256, 0, -1, days};
    struct arena *arena = arena_new(1024 * 1024);
    struct ctl_identity above, made;
    char dir[DEMO_PATH_MAX + 8];

    snprintf(dir, sizeof dir, "%s/%s", demo.dir, name);
    cr_assert(ctl_load(&above, arena, dir, issuer));
    cr_assert(ctl_make(&made, arena, &spec, &above, time(NULL)));
    cr_assert(ctl_save(&made, dir, stem, 1));
    ctl_identity_cleanup(&made);
    ctl_identity_cleanup(&above);
    arena_free(arena);
}

/* What its own CA has issued, a node that starts late renews: nothing else keeps it from starting. */
Test(policy, a_certificate_for_answers_that_has_ended_keeps_no_node_from_renewing_it)
{
    const int64_t last = policy_authority(demo.policy, NULL)->cmp_cert.not_after;
    struct config_fault fault;
    struct policy *policy;

    cr_assert(demo_edit(&demo, &fault, "[demo/vendor-intermediate.pem]", "[]"), "%s", fault.text);
    policy = policy_load_file(&fault, demo.config, last + 1);
    cr_assert_not_null(policy, "%s", fault.text);
    cr_expect_eq(cmp_signs_until(policy_settings(policy)->default_profile), last);
    policy_release(policy);
}

/* RFC 5280 4.1.2.5: "The validity period for a certificate is the period of time from notBefore through
 * notAfter, inclusive." */
Test(policy, a_CA_may_be_loaded_from_its_first_second_to_its_last)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, NULL);
    /* The demo may have been made while a second passed: its last certificates begin with the next one. */
    const int64_t first =
        ca->cert.not_before > ca->cmp_cert.not_before ? ca->cert.not_before : ca->cmp_cert.not_before;
    const int64_t last = ca->cert.not_after;
    struct config_fault fault;

    cr_assert_lt(ca->cmp_cert.not_after, last);
    cr_assert(demo_edit(&demo, &fault, "[demo/vendor-intermediate.pem]", "[]"), "%s", fault.text);
    for (int64_t late = -1; late <= 1; late++) {
        struct policy *policy = policy_load_file(&fault, demo.config, first + late);
        cr_assert_eq(policy != NULL, late >= 0, "%s", fault.text);
        cr_assert(late >= 0 || strstr(fault.text, "not valid yet") != NULL, "%s", fault.text);
        policy_release(policy);
    }
    /* With a certificate for its answers that lasts longer, the CA itself. */
    make_below("ca", "issuing", "longer", CTL_CMP_SIGNER, 5000);
    cr_assert_not(demo_edit(&demo, &fault, "cmp_certificate: ca/cmp.pem", "cmp_certificate: ca/longer.pem"));
    cr_assert(demo_edit(&demo, &fault, "cmp_key: ca/cmp.key", "cmp_key: ca/longer.key"), "%s", fault.text);
    for (int64_t late = -1; late <= 1; late++) {
        struct policy *policy = policy_load_file(&fault, demo.config, last + late);
        cr_assert_eq(policy != NULL, late <= 0, "%s", fault.text);
        policy_release(policy);
    }
    cr_assert_not_null(strstr(fault.text, "expired"), "%s", fault.text);
}

/* |count| times the file |from|, as the file |to|. */
static void multiply(const char *from, const char *to, size_t count)
{
    char path[DEMO_PATH_MAX + 32], *all;
    uint8_t *data;
    size_t len;

    snprintf(path, sizeof path, "%s/%s", demo.dir, from);
    cr_assert(file_read(&data, &len, path, 1024 * 1024));
    all = malloc(count * len + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(all + i * len, data, len);
    replace_file(to, all, count * len);
    free(all);
    file_free(data, len);
}

/* The setting |from| with |count| files |each|, and then |last|; NULL: nothing. */
static int load_list(struct config_fault *fault, const char *from, const char *name, const char *each,
                     size_t count, const char *last)
{
    char text[1024];
    size_t used = (size_t)snprintf(text, sizeof text, "%s: [", name);
    int loaded;

    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i == 0 ? "" : ", ", each);
    if (last != NULL)
        used += (size_t)snprintf(text + used, sizeof text - used, ", %s", last);
    snprintf(text + used, sizeof text - used, "]");
    loaded = demo_edit(&demo, fault, from, text);
    if (loaded) {
        struct config_fault ignored;
        cr_assert(demo_edit(&demo, &ignored, text, from), "%s", ignored.text);
    } else {
        struct config_fault ignored;
        demo_edit(&demo, &ignored, text, from);
    }
    return loaded;
}

/* What a list of files has room for is taken, and of nothing more a part: not even where room is left for
 * one.
 */
Test(policy, of_a_list_of_certificates_none_is_left_out_in_silence)
{
    static const char *const extra[2] = {"extra_certs: []", "extra_certs"};
    static const char *const chain[2] = {"chain: [ca/root.pem]", "chain"};
    struct config_fault fault;

    multiply("demo/device.pem", "demo/two.pem", 2);
    multiply("ca/root.pem", "ca/two.pem", 2);
    cr_assert(load_list(&fault, extra[0], extra[1], "demo/device.pem", BOUND_EXTRA_CERTS, NULL), "%s",
              fault.text);
    cr_assert_not(load_list(&fault, extra[0], extra[1], "demo/device.pem", BOUND_EXTRA_CERTS + 1, NULL));
    cr_assert_not_null(strstr(fault.text, "more than 16"), "%s", fault.text);
    cr_assert(load_list(&fault, extra[0], extra[1], "demo/device.pem", BOUND_EXTRA_CERTS - 2, "demo/two.pem"),
              "%s", fault.text);
    cr_assert_not(
        load_list(&fault, extra[0], extra[1], "demo/device.pem", BOUND_EXTRA_CERTS - 1, "demo/two.pem"));
    cr_assert_not_null(strstr(fault.text, "split it"), "%s", fault.text);
    /* A root issued itself: it may follow itself. */
    cr_assert(load_list(&fault, chain[0], chain[1], "ca/root.pem", BOUND_CHAIN, NULL), "%s", fault.text);
    cr_assert_not(load_list(&fault, chain[0], chain[1], "ca/root.pem", BOUND_CHAIN + 1, NULL));
    cr_assert_not_null(strstr(fault.text, "longer than 8"), "%s", fault.text);
    cr_assert(load_list(&fault, chain[0], chain[1], "ca/root.pem", BOUND_CHAIN - 2, "ca/two.pem"), "%s",
              fault.text);
    cr_assert_not(load_list(&fault, chain[0], chain[1], "ca/root.pem", BOUND_CHAIN - 1, "ca/two.pem"));
    cr_assert_not_null(strstr(fault.text, "split it"), "%s", fault.text);
    /* Behind a certificate that stands for itself its chain may follow. */
    multiply("ca/issuing.pem", "ca/issuing-chain.pem", 2);
    cr_assert(demo_edit(&demo, &fault, "certificate: ca/issuing.pem", "certificate: ca/issuing-chain.pem"),
              "%s", fault.text);
}

Test(policy, a_file_of_a_vendor_holds_64_certificates_at_most)
{
    static const char *const names[] = {"demo/vendor-root.pem", "demo/vendor-intermediate.pem"};
    struct config_fault fault;

    for (size_t i = 0; i < 2; i++)
        for (size_t count = 63; count <= 65; count++) {
            char from[64];
            snprintf(from, sizeof from, "[%s]", names[i]);
            multiply(names[i], "demo/many.pem", count);
            cr_assert_eq(demo_edit(&demo, &fault, from, "[demo/many.pem]"), count <= 64, "%zu", count);
            if (count > 64)
                cr_assert_not_null(strstr(fault.text, "room for: 64"), "%s", fault.text);
            else
                cr_assert_eq(policy_settings(demo.policy)->default_profile->trust->count, 2 + count);
            cr_assert(demo_edit(&demo, &fault, "[demo/many.pem]", from), "%s", fault.text);
        }
}

/* RFC 5280 6.1.4: what is configured as an intermediate was issued as one: by an issuer that may, and that
 * allows one below it. The demo's own allows none. */
Test(policy, an_intermediate_must_be_one)
{
    const char *one = "[demo/vendor-intermediate.pem]";
    struct config_fault fault;

    make_below("demo", "vendor-intermediate", "below", CTL_CA, 100);
    make_below("ca", "root", "device", CTL_DEVICE, 100);
    cr_assert_not(demo_edit(&demo, &fault, one, "[demo/vendor-intermediate.pem, demo/below.pem]"));
    cr_assert_not_null(strstr(fault.text, "below one that does not allow it there (pathLenConstraint"), "%s",
                       fault.text);
    cr_assert(demo_edit(&demo, &fault, "[demo/vendor-intermediate.pem, demo/below.pem]", one));
    cr_assert_not(demo_edit(&demo, &fault, one, "[ca/issuing.pem]")); /* of somebody else's root */
    cr_assert(demo_edit(&demo, &fault, "[ca/issuing.pem]", "[]"));
    cr_assert(demo_edit(&demo, &fault, "[demo/vendor-root.pem]", "[ca/root.pem]"), "%s", fault.text);
    cr_assert_not(demo_edit(&demo, &fault, "intermediates: []", "intermediates: [ca/device.pem]"));
    cr_assert_not_null(strstr(fault.text, "is neither a CA nor"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "intermediates: [ca/device.pem]", "intermediates: [ca/issuing.pem]"),
              "%s", fault.text);
}

static void refuse(const char *from, const char *to, const char *what)
{
    struct config_fault fault, ignored;

    cr_assert_not(demo_edit(&demo, &fault, from, to), "%s", to);
    cr_assert_not_null(strstr(fault.text, what), "%s", fault.text);
    cr_assert(demo_edit(&demo, &ignored, to, from), "%s", ignored.text);
}

/* RFC 5280 4.2.1.3, 4.2.1.9; RFC 9483 3.5 */
Test(policy, certificates_of_a_CA_are_for_what_they_are_used_for)
{
    refuse(" certificate: ca/issuing.pem", " certificate: ca/cmp.pem", "not one of a CA");
    refuse("cmp_certificate: ca/cmp.pem", "cmp_certificate: ca/issuing.pem", "lacks digitalSignature");
    refuse("cmp_certificate: ca/cmp.pem", "cmp_certificate: demo/device.pem", "was not issued by");
    refuse("cmp_key: ca/cmp.key", "cmp_key: ca/root.key", "does not belong to");
    refuse(" key: ca/issuing.key", " key: ca/root.key", "does not belong to");
    refuse("key_usage: [digitalSignature,", "key_usage: [cRLSign, digitalSignature,", "is for CAs");
    refuse("key_usage: [digitalSignature,", "key_usage: [keyCertSign, digitalSignature,", "is for CAs");
}

/* RFC 5280 4.1.2.5 again, for what listeners show. */
Test(policy, a_listeners_certificate_is_good_to_its_last_second)
{
    const char *from = "\"127.0.0.1:8829\"",
               *to = "\"127.0.0.1:8829\"\n    tls: {certificate: ca/tls.pem, key: ca/tls.key}";
    struct arena *arena = arena_new(1024 * 1024);
    struct ctl_identity tls;
    struct config_fault fault;
    char dir[DEMO_PATH_MAX + 8];

    make_below("ca", "issuing", "tls", CTL_DEVICE, 1);
    snprintf(dir, sizeof dir, "%s/ca", demo.dir);
    cr_assert(ctl_load(&tls, arena, dir, "tls"));
    cr_assert(demo_edit(&demo, &fault, from, to), "%s", fault.text);
    for (int64_t late = -1; late <= 1; late++) {
        struct policy *policy = policy_load_file(&fault, demo.config, tls.cert.not_after + late);
        cr_assert_eq(policy != NULL, late <= 0, "%s", fault.text);
        policy_release(policy);
    }
    cr_assert_not_null(strstr(fault.text, "the certificate has expired"), "%s", fault.text);
    refuse("key: ca/tls.key", "key: ca/cmp.key", "does not belong to listeners[0].tls.certificate");
    ctl_identity_cleanup(&tls);
    arena_free(arena);
}
