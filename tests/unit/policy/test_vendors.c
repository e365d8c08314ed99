/* vendors.c: whom a profile trusts is who it names, and a fault is told of the file that has it. What makes
 * an intermediate one is in test_policy.c and test_authority.c. */
#include "server/ctl/ctl.h"
#include "tests/unit/policy/faults.h"

TestSuite(vendors, .init = set_up, .fini = tear_down);

/* A second vendor, before the profiles. */
static const char from[] = "\nprofiles:\n";
#define SECOND(anchors, intermediates)                                                                       \
    "\n  - name: second\n    anchors:\n" anchors "    intermediates:\n" intermediates "\nprofiles:\n"
#define ROOT "      - ca/root.pem\n"
#define ISSUING "      - ca/issuing.pem\n"

static const struct trust *trust(void)
{
    return policy_settings(demo.policy)->default_profile->trust;
}

Test(vendors, a_profile_trusts_those_that_it_names)
{
    edit(from, SECOND(ROOT, ISSUING));
    edit("own_certificates: true", "own_certificates: false");
    cr_assert_eq(trust()->count, 2);
    cr_assert_not(bytes_equal(trust()->items[0].cert.der, policy_authority(demo.policy, NULL)->root));
    edit("vendors: [demo]", "vendors: [second]");
    cr_assert_eq(trust()->count, 2);
    cr_assert(bytes_equal(trust()->items[0].cert.der, policy_authority(demo.policy, NULL)->root));
    cr_assert(trust()->items[0].is_anchor && !trust()->items[1].is_anchor);
    cr_assert_str_eq(trust()->items[1].owner, "second");
    edit("vendors: [second]", "vendors: [second, demo]");
    cr_assert_eq(trust()->count, 4);
    cr_assert_str_eq(trust()->items[1].owner, "second");
    cr_assert_str_eq(trust()->items[2].owner, "demo");
    edit("own_certificates: false", "own_certificates: true");
    cr_assert_null(trust()->items[4].owner, "the CA is no vendor");
}

Test(vendors, a_fault_is_told_in_the_line_of_its_file)
{
    static const uint8_t curve[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
    struct bytes root, ders[2];
    size_t len, device_len;
    char *issuing = take_file("ca/issuing.pem", &len, 4096),
         *device = take_file("demo/device.pem", &device_len, 0);

    edit(from, SECOND(ROOT, ISSUING));
    edit("vendors: [demo]", "vendors: [demo, second]");
    refuse_at(ROOT, ROOT "      - nowhere.pem\n", "- nowhere", "cannot read");
    refuse_at(ISSUING, ISSUING "      - nowhere.pem\n", "- nowhere", "cannot read");
    refuse_at(ISSUING, ISSUING "      - demo/device.pem\n", "- demo/device",
              "certificate 1 was not issued by");
    memcpy(issuing + len, device, device_len);
    put_file("two.pem", issuing, len + device_len, 0644);
    refuse_at(ISSUING, ISSUING "      - two.pem\n", "- two", "certificate 2 was not issued by");
    /* RFC 5480 2.1.1.1: secp192r1, which no engine has */
    root = ders[0] = policy_authority(demo.policy, NULL)->root;
    uint8_t *damaged = malloc(root.len);
    memcpy(damaged, root.data, root.len);
    uint8_t *oid = memmem(damaged, root.len, curve, sizeof curve);
    oid[sizeof curve - 1] = 1;
    ders[1] = bytes_of(damaged, root.len);
    cr_assert(ctl_write_certs(demo.dir, "odd.pem", ders, 2));
    refuse_at(ROOT, ROOT "      - odd.pem\n", "- odd", "certificate 2 has a key that is not supported");
    free(issuing);
    free(device);
    free(damaged);
}
