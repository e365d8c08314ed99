/* vendors.c: whom a profile trusts is who it names, and a fault is told of the file that has it. What makes
 * an intermediate one is in test_policy.c and test_authority.c. */
#include "server/ctl/ctl.h"
#include "server/policy/expiry.h"
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

/* What stations that count after their end (late_days) have above them may have ended as well: it is loaded,
 * and is not told of as if all stations were refused. */
Test(vendors, an_intermediate_that_has_ended_is_loaded_where_late_days_lets_it_count)
{
    enum { DAY = 24 * 60 * 60, ENDED_DAYS = 100, ARENA = 1024 * 1024 };
    static const char *const root_name[] = {"CN", "Old Root", NULL}, *const ca_name[] = {"CN", "Old CA",
                                                                                         NULL};
    const struct ctl_cert_spec root = {CTL_ROOT, root_name, KEY_P256, 0, 1, 3650};
    const struct ctl_cert_spec ca = {CTL_CA, ca_name, KEY_P256, 0, 0, 50};
    const struct ctl_cert_spec brief = {CTL_ROOT, root_name, KEY_P256, 0, 1, 500};
    const struct ctl_cert_spec lasting = {CTL_CA, ca_name, KEY_P256, 0, 0, 3650};
    struct arena *arena = arena_new(ARENA);
    struct ctl_identity above, old;
    size_t count, told = 0;

    cr_assert(ctl_make(&above, arena, &root, NULL, time(NULL) - 1000 * (int64_t)DAY));
    cr_assert(ctl_make(&old, arena, &ca, &above, time(NULL) - (50 + ENDED_DAYS) * (int64_t)DAY));
    cr_assert(ctl_write_certs(demo.dir, "old-root.pem", &above.cert_der, 1));
    cr_assert(ctl_write_certs(demo.dir, "old-ca.pem", &old.cert_der, 1));
    edit(from, SECOND("      - old-root.pem\n", "      - old-ca.pem\n    late_days: 101\n"));
    edit("vendors: [demo]", "vendors: [second]");
    cr_assert(bytes_equal(trust()->items[1].cert.der, old.cert_der));
    const struct expiry *all = policy_expiries(demo.policy, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, "vendors[1].intermediates[0]") == 0) {
            told++;
            cr_expect_eq(all[i].kind->effect, EXPIRY_HARMLESS);
        }
    cr_assert_eq(told, 1);
    /* Stations are judged at their own end, whenever that was: late_days bounds that. */
    edit("late_days: 101", "late_days: 1");
    refuse_at("- old-ca.pem\n    late_days: 1\n", "- old-ca.pem\n    late_days: 0\n", "- old-ca",
              "is expired");
    /* Its issuer has ended, and it has not. */
    ctl_identity_cleanup(&above);
    ctl_identity_cleanup(&old);
    cr_assert(ctl_make(&above, arena, &brief, NULL, time(NULL) - 1000 * (int64_t)DAY));
    cr_assert(ctl_make(&old, arena, &lasting, &above, time(NULL) - 990 * (int64_t)DAY));
    cr_assert(ctl_write_certs(demo.dir, "brief-root.pem", &above.cert_der, 1));
    cr_assert(ctl_write_certs(demo.dir, "lasting-ca.pem", &old.cert_der, 1));
    edit("- old-root.pem\n    intermediates:\n      - old-ca.pem\n",
         "- brief-root.pem\n    intermediates:\n      - lasting-ca.pem\n");
    cr_assert(bytes_equal(trust()->items[1].cert.der, old.cert_der));
    ctl_identity_cleanup(&above);
    ctl_identity_cleanup(&old);
    arena_free(arena);
}
