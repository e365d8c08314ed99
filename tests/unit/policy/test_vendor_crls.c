/* vendor_crls.c: CRLs of vendors are read once, a fault is told of the file that has it, and what will have
 * stations refused is told ahead. Whom they refuse is in refusals/table_vendor_crls.c and
 * server/test_vendor_crl.sh. */
#include <time.h>

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

enum { YEAR = 365 * 24 * 3600 };

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

struct told {
    size_t count;
    char text[2][512];
};

static void keep(void *arg, const char *key, const char *text)
{
    struct told *told = arg;

    cr_expect_str_eq(key, "vendors[1].crls");
    if (told->count < 2)
        snprintf(told->text[told->count], sizeof told->text[0], "%s", text);
    told->count++;
}

static struct told told_at(int64_t now)
{
    struct told told = {.count = 0};

    policy_warn_of_crls(demo.policy, now, keep, &told);
    return told;
}

Test(vendor_crls, what_will_have_stations_refused_is_told)
{
    int64_t now = time(NULL);
    struct told told;

    cr_expect_eq(told_at(now).count, 0);
    edit(from, SECOND);
    cr_expect_eq(told_at(now).count, 0);
    told = told_at(now + 2 * (int64_t)YEAR);
    cr_expect_eq(told.count, 2);
    cr_expect_not_null(strstr(told.text[0], "ca/root.crl is stale"), "%s", told.text[0]);
    cr_expect_not_null(strstr(told.text[0], "are refused"));
    cr_expect_not_null(strstr(told.text[1], "Issuing CA"), "%s", told.text[1]);
    told = told_at(now - YEAR);
    cr_expect_eq(told.count, 2);
    cr_expect_not_null(strstr(told.text[0], "is not valid before"), "%s", told.text[0]);
}
