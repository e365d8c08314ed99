/* vendor_crls.c: CRLs of vendors are read once, and a fault is told of the file that has it. Whom they refuse
 * is in refusals/table_vendor_crls.c and server/test_vendor_crl.sh. */
#include "crypto/crl_set.h"
#include "tests/unit/policy/faults.h"

TestSuite(vendor_crls, .init = set_up, .fini = tear_down);

/* The demo's own root with a CRL that cmpctl init has made: a vendor before the profiles. */
static const char from[] = "\nprofiles:\n";
#define VENDOR(name, rest)                                                                                   \
    "\n  - name: " name "\n    anchors: [ca/root.pem]\n    intermediates: [ca/issuing.pem]\n" rest
#define CRLS "    crls:\n"
#define ROOT_CRL "      - ca/root.crl\n"
#define SECOND VENDOR("second", CRLS ROOT_CRL) "\nprofiles:\n"

static const struct trust *trust(void)
{
    return policy_settings(demo.policy)->default_profile->trust;
}

Test(vendor_crls, they_are_asked_where_the_vendor_is_named)
{
    edit(from, SECOND);
    edit("own_certificates: true", "own_certificates: false");
    cr_expect_null(trust()->items[0].crls, "the demo's vendor has none");
    edit("vendors: [demo]", "vendors: [demo, second]");
    cr_expect_null(trust()->items[0].crls);
    cr_assert_not_null(trust()->items[2].crls);
    cr_expect_eq(trust()->items[2].crls->count, 1);
    cr_expect_eq(trust()->items[2].crls->stale_seconds, 0);
    edit("ras: []", "ras: [second]");
    cr_expect_eq(policy_settings(demo.policy)->default_profile->ras->items[0].crls, trust()->items[2].crls,
                 "read once");
    edit(ROOT_CRL, ROOT_CRL "    crl_stale_hours: 2\n");
    cr_expect_eq(trust()->items[2].crls->stale_seconds, 7200);
}

Test(vendor_crls, a_fault_is_told_in_the_line_of_its_file)
{
    edit(from, SECOND);
    refuse_at(ROOT_CRL, ROOT_CRL "      - nowhere.crl\n", "- nowhere", "cannot read");
    refuse_at(ROOT_CRL, ROOT_CRL "      - ca/root.pem\n", "- ca/root.pem", "holds no CRL");
    refuse_at("anchors: [ca/root.pem]\n    intermediates: [ca/issuing.pem]",
              "anchors: [demo/vendor-root.pem]\n    intermediates: []", "- ca/root.crl",
              "no anchor and no intermediate");
}

/* Else the one without CRLs would let in whom the other refuses. */
Test(vendor_crls, an_anchor_has_them_in_all_vendors_of_a_profile_or_in_none)
{
    struct config_fault fault;

    edit(from, VENDOR("third", "") SECOND);
    edit("vendors: [demo]", "vendors: [demo, second]");
    cr_assert_not(demo_edit(&demo, &fault, "vendors: [demo, second]", "vendors: [third, second]"));
    cr_expect_not_null(strstr(fault.text, "an anchor in common"), "%s", fault.text);
    cr_assert(demo_edit(&demo, &fault, "vendors: [third, second]", "vendors: [demo, third]"), "%s",
              fault.text);
}
