/* expiry.c: what ends is on one list, and is told in time. */
#include <time.h>

#include "server/policy/expiry.h"
#include "server/policy/internal.h"
#include "tests/unit/policy/faults.h"

TestSuite(expiry, .init = set_up, .fini = tear_down);

enum { DAY = 24 * 3600 };

static const struct expiry *named(const char *name)
{
    size_t count;
    const struct expiry *all = policy_expiries(demo.policy, &count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

static void holds(const char *name, const char *kind, const char *file, int64_t not_after)
{
    const struct expiry *expiry = named(name);

    cr_assert_not_null(expiry, "%s", name);
    cr_expect_str_eq(expiry->kind->name, kind);
    cr_expect_not_null(strstr(expiry->file, file), "%s", expiry->file);
    if (not_after != 0)
        cr_expect_eq(expiry->not_after, not_after);
}

/* What a demo names: its CA up to the root, who answers, and its vendor. */
Test(expiry, all_that_the_configuration_names_is_on_the_list)
{
    const struct cmp_authority *ca = policy_authority(demo.policy, NULL);
    size_t count;

    holds("cas[0].certificate", "CA certificate", "ca/issuing.pem", ca->cert.not_after);
    holds("cas[0].chain[0]", "certificate above the CA", "ca/root.pem", 0);
    holds("cas[0].cmp_certificate", "CMP certificate", "ca/cmp.pem", ca->cmp_cert.not_after);
    holds("vendors[0].anchors[0]", "anchor of a vendor", "demo/vendor-root.pem", 0);
    holds("vendors[0].intermediates[0]", "intermediate of a vendor", "demo/vendor-intermediate.pem", 0);
    policy_expiries(demo.policy, &count);
    cr_expect_eq(count, 6, "%zu", count); /* and crl.files, the root's CRL */
    holds("crl.files[0]", "CRL of a CA above", "ca/root.crl", 0);
}

/* Two profiles that name one vendor have its files read twice. */
Test(expiry, nothing_is_on_it_twice)
{
    size_t before, count;

    policy_expiries(demo.policy, &before);
    edit("\nprofiles:\n",
         "\n  - name: second\n    anchors: [demo/vendor-root.pem]\n    crls: []\nprofiles:\n");
    policy_expiries(demo.policy, &count);
    cr_expect_eq(count, before); /* nobody takes devices of it */
    edit("\nprofiles:\n", "\nprofiles:\n  - name: another\n    accept:\n      vendors: [demo]\n");
    policy_expiries(demo.policy, &count);
    cr_expect_eq(count, before);
    edit("vendors: [demo]\n", "vendors: [demo, second]\n");
    policy_expiries(demo.policy, &count);
    cr_expect_eq(count, before + 1); /* now somebody does, and it has a name of its own */
}

/* A threshold before which less lies than behind it would be no warning. */
Test(expiry, thresholds_are_as_near_as_the_validity_is_long)
{
    struct expiry expiry = {.not_before = 0, .not_after = 100 * (int64_t)DAY};

    cr_expect_eq(expiry_level(&expiry, expiry.not_after - 30 * DAY - 1), EXPIRY_FAR);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after - 30 * DAY), EXPIRY_FIRST);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after - 7 * DAY - 1), EXPIRY_FIRST);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after - 7 * DAY), EXPIRY_SECOND);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after - DAY), EXPIRY_LAST);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after), EXPIRY_LAST);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after + 1), EXPIRY_OVER);
    expiry.not_before = expiry.not_after - 14 * DAY;
    cr_expect_eq(expiry_level(&expiry, expiry.not_before), EXPIRY_FAR);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after - 7 * DAY), EXPIRY_SECOND);
    expiry.not_before = expiry.not_after - DAY;
    cr_expect_eq(expiry_level(&expiry, expiry.not_after), EXPIRY_FAR);
    cr_expect_eq(expiry_level(&expiry, expiry.not_after + 1), EXPIRY_OVER);
}

struct told {
    size_t count;
    char key[64], text[EXPIRY_TEXT_MAX];
};

static void keep(void *arg, const char *key, const char *text)
{
    struct told *told = arg;

    told->count++;
    if (strstr(key, "cmp_certificate") == NULL)
        return;
    snprintf(told->key, sizeof told->key, "%s", key);
    snprintf(told->text, sizeof told->text, "%s", text);
}

Test(expiry, a_warning_names_the_setting_the_file_the_day_and_what_to_do)
{
    const struct certificate *cert = &policy_authority(demo.policy, NULL)->cmp_cert;
    struct told told = {.count = 0};
    time_t end = (time_t)cert->not_after;
    char day[16];
    struct tm utc;

    policy_warn_of_expiries(demo.policy, time(NULL), keep, &told);
    cr_expect_eq(told.count, 0);
    policy_warn_of_expiries(demo.policy, cert->not_after - 3 * DAY, keep, &told);
    cr_expect_str_eq(told.key, "cas[0].cmp_certificate");
    strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&end, &utc));
    cr_expect_not_null(strstr(told.text, day), "%s", told.text);
    cr_expect_not_null(strstr(told.text, "in 3 days"), "%s", told.text);
    cr_expect_not_null(strstr(told.text, "ca/cmp.pem"), "%s", told.text);
    cr_expect_not_null(strstr(told.text, "cmpctl certificate renew"), "%s", told.text);
    policy_warn_of_expiries(demo.policy, cert->not_after + 1, keep, &told);
    cr_expect_not_null(strstr(told.text, "has ended"), "%s", told.text);
}

Test(expiry, what_ends_next_comes_first)
{
    const struct expiry *next[3];

    cr_assert_eq(policy_next_expiries(next, 3, demo.policy), 3);
    cr_expect_str_eq(next[0]->name, "crl.files[0]");
    cr_expect_str_eq(next[1]->name, "cas[0].cmp_certificate");
    cr_expect(next[1]->not_after <= next[2]->not_after);
    cr_expect_eq(policy_next_expiries(next, 1, demo.policy), 1);
    cr_expect_str_eq(next[0]->name, "crl.files[0]");
}

Test(expiry, nothing_is_issued_after_the_end_of_what_signs)
{
    int64_t end = policy_authority(demo.policy, NULL)->cmp_cert.not_after;

    cr_expect_null(policy_stopped(demo.policy, end));
    cr_assert_not_null(policy_stopped(demo.policy, end + 1));
    cr_expect_str_eq(policy_stopped(demo.policy, end + 1)->name, "cas[0].cmp_certificate");
}

/* Where the CA signs answers, the certificate that would have is of no matter. */
Test(expiry, what_signs_nothing_stops_nothing)
{
    int64_t end = policy_authority(demo.policy, NULL)->cmp_cert.not_after,
            ca = policy_authority(demo.policy, NULL)->cert.not_after;

    edit("signed_by: cmp", "signed_by: ca");
    cr_expect_null(policy_stopped(demo.policy, end + 1));
    cr_assert_not_null(policy_stopped(demo.policy, ca + 1));
    cr_expect_str_eq(policy_stopped(demo.policy, ca + 1)->name, "cas[0].certificate");
}
