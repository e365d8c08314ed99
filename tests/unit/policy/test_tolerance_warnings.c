/* tolerance_warnings.c: the end of a tolerance is told before stations are refused, and after. */
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

TestSuite(tolerance_warnings, .init = set_up, .fini = tear_down);

enum { DAY = 24 * 3600, JUNE_30_2027 = 1814313600 }; /* date -ud 2027-06-30 +%s */

struct told {
    size_t count;
    char key[64], text[512];
};

static void keep(void *arg, const char *key, const char *text)
{
    struct told *told = arg;

    snprintf(told->key, sizeof told->key, "%s", key);
    snprintf(told->text, sizeof told->text, "%s", text);
    told->count++;
}

static struct told told_at(int64_t now)
{
    struct told told = {.count = 0};

    policy_warn_of_tolerances(demo.policy, now, keep, &told);
    return told;
}

Test(tolerance_warnings, a_month_ahead_and_from_its_day_on)
{
    int64_t ahead = (int64_t)BOUND_TOLERANCE_WARNING_DAYS * DAY;
    struct told told;

    edit("    tolerate: []", "    tolerate: [name-order, nonce-length until 2027-06-30]");
    cr_expect_eq(told_at(JUNE_30_2027 - ahead - 1).count, 0);
    told = told_at(JUNE_30_2027 - ahead);
    cr_expect_eq(told.count, 1);
    cr_expect_str_eq(told.key, "profiles[0].tolerate");
    cr_expect_not_null(strstr(told.text, "nonce-length ends on 2027-06-30"), "%s", told.text);
    cr_expect_not_null(strstr(told_at(JUNE_30_2027 - 1).text, "ends on"));
    cr_expect_not_null(strstr(told_at(JUNE_30_2027).text, "has ended on 2027-06-30"));
}

Test(tolerance_warnings, a_vendor_s_too)
{
    edit("\nprofiles:\n", "\n  - name: second\n    anchors: [ca/root.pem]\n"
                          "    tolerate: [clock-off until 2027-06-30]\n\nprofiles:\n");
    struct told told = told_at(JUNE_30_2027);
    cr_expect_eq(told.count, 1);
    cr_expect_str_eq(told.key, "vendors[1].tolerate");
}

/* What is refused by default and what common clients send by default are the same. */
Test(tolerance_warnings, who_takes_secrets_hears_of_HMAC_SHA1)
{
    struct told told = {.count = 0};

    edit("    tolerate: []", "    tolerate: [sha1-mac]");
    policy_note_macs(demo.policy, keep, &told);
    cr_expect_eq(told.count, 0);
    edit("    tolerate: [sha1-mac]", "    tolerate: []");
    policy_note_macs(demo.policy, keep, &told);
    cr_expect_eq(told.count, 1);
    cr_expect_str_eq(told.key, "profiles[0].mac");
    cr_expect_not_null(strstr(told.text, "sha1-mac"), "%s", told.text);
}
