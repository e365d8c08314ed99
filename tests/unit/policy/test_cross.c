/* cross.c: profiles that certify other CAs: what their certificates say (RFC 5280 4.2.1.3, 4.2.1.4, 4.2.1.9,
 * 4.2.1.10), and what a configuration may not say. */
#include "crypto/extension_names.h"
#include "server/policy/internal.h"
#include "tests/support/hex.h"
#include "tests/unit/policy/decision.h"

static struct config_cross cross;
static struct profile *own;

/* The demo's CA may have no other below it: here it may. */
static void set_up_cross(void)
{
    struct policy *policy;

    set_up();
    policy = demo.policy;
    own = &policy->profiles[0];
    ((struct config_profile *)(uintptr_t)own->cmp.config)->cross = &cross;
    policy->authorities[0].cmp.cert.path_len = -1;
    cross = (struct config_cross){.path_length = 1};
    own->cross_count = 0;
}

TestSuite(cross, .init = set_up_cross, .fini = tear_down);

static const char *load(void)
{
    static struct config_fault fault;

    own->cross_count = 0;
    return policy_load_cross(&fault, demo.policy, 0) ? NULL : fault.text;
}

static void expect_fault(const char *what)
{
    const char *fault = load();

    cr_assert_not_null(fault, "%s", what);
    cr_expect_not_null(strstr(fault, what), "'%s' does not say '%s'", fault, what);
}

Test(cross, the_certificate_is_a_cas)
{
    static const char *const permitted[] = {"DNS:partner.example", "C=DE, O=Partner"};
    static const char *const policies[] = {"1.3.6.1.4.1.99999.1"};
    struct certificate cert;

    cross.permitted = (struct config_list){permitted, 2};
    cross.policies = (struct config_list){policies, 1};
    cr_assert_null(load());
    cert = granted();
    cr_expect(cert.is_ca);
    cr_expect_eq(cert.path_len, 1);
    cr_expect_eq(cert.key_usage, (unsigned)(KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN));
    cr_expect(bytes_equal(cert.name_constraints,
                          hex(arena, "30 3a a0 38"
                                     "30 11 82 0f 70 61 72 74 6e 65 72 2e 65 78 61 6d 70 6c 65"
                                     "30 23 a4 21 30 1f 31 0b 30 09 06 03 55 04 06 13 02 44 45"
                                     "31 10 30 0e 06 03 55 04 0a 0c 07 50 61 72 74 6e 65 72")));
    cr_expect(bytes_equal(cert.policies, hex(arena, "30 0d 30 0b 06 09 2b 06 01 04 01 86 8d 1f 01")));
    cr_expect(policy_fits_profile(own, &cert));
}

Test(cross, without_more_it_says_how_many_may_stand_below_it)
{
    struct certificate cert;

    cross.path_length = 0;
    cr_assert_null(load());
    cert = granted();
    cr_expect(cert.is_ca && cert.path_len == 0 && cert.name_constraints.len == 0 && cert.policies.len == 0);
}

/* RFC 9810 D.6: "a requesting CA must propose values for all extensions that it requires": it may ask to be
 * one. */
Test(cross, whoever_asks_to_be_a_ca_is_not_refused_for_that)
{
    static const uint8_t is_ca[] = {0x30, 0x03, 0x01, 0x01, 0xff};

    request.tmpl.extensions[0] = (struct certificate_extension){extension_oid(EXTENSION_BASIC_CONSTRAINTS), 1,
                                                                bytes_of(is_ca, sizeof is_ca)};
    request.tmpl.extension_count = 1;
    cr_assert_null(load());
    cr_expect(granted().is_ca);
    ((struct config_profile *)(uintptr_t)own->cmp.config)->cross = NULL;
    decide();
    cr_expect(!decision.granted || !granted().is_ca);
}

/* What was approved is held against the profile: the row may be anything. */
Test(cross, what_does_not_fit_is_not_issued)
{
    static const char *const permitted[] = {"DNS:partner.example"};
    struct certificate cert;

    cr_assert_null(load());
    cert = granted();
    cross.path_length = 0;
    cr_expect_not(policy_fits_profile(own, &cert), "longer than the profile lets it be");
    cross.path_length = 1;
    cross.permitted = (struct config_list){permitted, 1};
    cr_assert_null(load());
    cr_expect_not(policy_fits_profile(own, &cert), "without constraints");
    ((struct config_profile *)(uintptr_t)own->cmp.config)->cross = NULL;
    cr_expect_not(policy_fits_profile(own, &cert), "where stations alone are certified");
    cert = granted();
    cr_expect(policy_fits_profile(own, &cert));
    ((struct config_profile *)(uintptr_t)own->cmp.config)->cross = &cross;
    cr_expect_not(policy_fits_profile(own, &cert), "a station, where CAs alone are");
}

Test(cross, names_and_policies_that_are_none)
{
    static const char *const bad[] = {"DNS:", "DNS:a b", "IP:10.0.0.1", "partner", "O=", "X=y", "O=a,,", "",
                                      /* of other forms, by which nothing would be constrained */
                                      "DNS:*.a.example", "DNS:.a.example", "DNS:a..example", "DNS:a.example.",
                                      "DNS:10.0.0.1", "email:*@a.example", "email:@a.example", "email:a@",
                                      "email:a@.a.example", "URI:http://a.example", "URI:a.example/x",
                                      "URI:10.0.0.1", "URI:*.a.example", "URI:a.example:80"};
    static const char *const good[] = {
        "DNS:a",         "DNS:a-1.example", "email:a.example", "email:.a.example", "email:o.m@a.example",
        "URI:a.example", "URI:.a.example"};
    static const char *const no_policy[] = {"any"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *fault;
        cross.permitted = (struct config_list){&bad[i], 1};
        fault = load();
        cr_expect(fault != NULL && strstr(fault, "is no subtree of names") != NULL, "'%s': %s", bad[i],
                  fault);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cross.permitted = (struct config_list){&good[i], 1};
        cr_expect_null(load(), "%s", good[i]);
    }
    cross.permitted.count = 0;
    cross.excluded = (struct config_list){&bad[0], 1};
    expect_fault("is no subtree of names");
    cross.excluded.count = 0;
    cross.policies = (struct config_list){no_policy, 1};
    expect_fault("'any' is no policy");
}

/* RFC 5280 4.2.1.9 */
Test(cross, no_more_than_the_ca_itself_may)
{
    struct policy *policy = demo.policy;

    policy->authorities[0].cmp.cert.path_len = 0;
    expect_fault("no CA may stand below it");
    policy->authorities[0].cmp.cert.path_len = 1;
    expect_fault("write a path_length below that");
    cross.path_length = 0;
    cr_expect_null(load());
}
