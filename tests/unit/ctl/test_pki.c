/* pki.c: certificates of a new CA (RFC 5280 4.2, RFC 9480 2.2). */
#include <criterion/criterion.h>

#include "crypto/path.h"
#include "server/ctl/ctl.h"
#include "tests/support/must.h"

enum { NOW = 1800000000 };

static struct arena *arena;
static struct ctl_identity root, issuing, signer, device;

static void make(struct ctl_identity *out, enum ctl_role role, const char *name, int64_t path_len,
                 const struct ctl_identity *issuer)
{
    const char *const pairs[] = {"CN", name, NULL};
    const struct ctl_cert_spec spec = {role, pairs, KEY_P256, 0, path_len, 100};

    must(ctl_make(out, arena, &spec, issuer, NOW));
}

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    make(&root, CTL_ROOT, "root", 1, NULL);
    make(&issuing, CTL_CA, "issuing", 0, &root);
    make(&signer, CTL_CMP_SIGNER, "cmp", -1, &issuing);
    make(&device, CTL_DEVICE, "device", -1, &issuing);
}

static void tear_down(void)
{
    ctl_identity_cleanup(&root);
    ctl_identity_cleanup(&issuing);
    ctl_identity_cleanup(&signer);
    ctl_identity_cleanup(&device);
    arena_free(arena);
}

TestSuite(pki, .init = set_up, .fini = tear_down);

/* RFC 5280 4.2.1.9, 4.2.1.3 */
Test(pki, CAs_may_issue_and_others_may_not)
{
    cr_assert(root.cert.is_ca);
    cr_assert_eq(root.cert.path_len, 1);
    cr_assert(issuing.cert.is_ca);
    cr_assert_eq(issuing.cert.path_len, 0);
    cr_assert_eq(issuing.cert.key_usage, KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN);
    cr_assert_not(signer.cert.is_ca);
    cr_assert_eq(signer.cert.key_usage, KEY_USAGE_DIGITAL_SIGNATURE);
    cr_assert_not(device.cert.is_ca);
}

/* RFC 9480 2.2: id-kp-cmcCA, 1.3.6.1.5.5.7.3.27, marks who answers for the CA; nobody else has it. */
Test(pki, only_the_signer_of_answers_speaks_for_the_CA)
{
    static const uint8_t cmc_ca[] = {0x2b, 6, 1, 5, 5, 7, 3, 27};

    cr_assert(certificate_has_purpose(&signer.cert, bytes_of(cmc_ca, sizeof cmc_ca)));
    cr_assert_neq(signer.cert.extended_key_usage.len, 0);
    cr_assert_eq(device.cert.extended_key_usage.len, 0);
}

Test(pki, the_chain_is_valid)
{
    struct trust trust = {.count = 0};
    struct path path;
    struct verification *links[BOUND_CHAIN];

    cr_assert(trust_add(&trust, root.cert_der, 1));
    cr_assert_eq(path_build(&path, &trust, &device.cert, &issuing.cert, 1, NOW, 0), PATH_OK);
    cr_assert_eq(path.count, 2);
    for (size_t i = 0; i < path.count; i++)
        links[i] = &path.links[i];
    verify_batch(links, path.count);
    cr_assert(path.links[0].valid && path.links[1].valid);
    path_cleanup(&path);
    trust_cleanup(&trust);
}

Test(pki, serials_and_keys_differ)
{
    cr_assert_not(bytes_equal(signer.cert.serial, device.cert.serial));
    cr_assert_not(bytes_equal(signer.cert.spki, device.cert.spki));
    cr_assert_leq(device.cert.serial.len, 20); /* RFC 5280 4.1.2.2 */
}
