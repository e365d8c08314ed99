/* crl_set.c: which CRLs are taken (RFC 5280 5.2, 6.3.3 (f), (g)). */
#include "crypto/crl_set.h"

#include <criterion/criterion.h>

#include "tests/unit/crypto/crls.h"

TestSuite(crl_set, .init = crls_set_up, .fini = crls_tear_down);

static void expect_refused(struct bytes der, const char *what)
{
    const char *why = add(der);

    cr_assert_not_null(why, "%s", what);
    cr_expect_not_null(strstr(why, what), "'%s' does not say '%s'", why, what);
    cr_expect_eq(set->count, 0);
}

Test(crl_set, a_CRL_of_an_anchor_or_an_intermediate_is_taken)
{
    cr_expect_null(add(crl_of("Root", root_key, NULL, 0)));
    cr_expect_null(add(crl_of("Factory", factory_key, NULL, 0)));
    cr_expect_eq(set->count, 2);
}

/* One vendor does not take the memory of all. */
Test(crl_set, all_of_them_have_a_bound)
{
    struct bytes der = crl_of("Root", root_key, NULL, 0);

    set->octets = BOUND_VENDOR_CRLS_OCTETS - der.len + 1;
    expect_refused(der, "more than 128 MiB");
    set->octets--;
    cr_expect_null(add(der));
    cr_expect_eq(set->octets, BOUND_VENDOR_CRLS_OCTETS);
}

/* RFC 5280 6.3.3 (g): "Validate the signature on the complete CRL" */
Test(crl_set, a_CRL_that_somebody_else_has_signed_is_not)
{
    uint8_t *damaged;
    struct bytes der = crl_of("Factory", factory_key, NULL, 0);

    expect_refused(crl_of("Factory", root_key, NULL, 0), "signature is wrong");
    expect_refused(crl_of("Stranger", factory_key, NULL, 0), "no anchor and no intermediate");
    damaged = (uint8_t *)(uintptr_t)arena_copy(arena, der).data;
    damaged[der.len - 1] ^= 1;
    expect_refused(bytes_of(damaged, der.len), "signature is wrong");
    expect_refused(bytes_of(der.data, der.len - 1), "malformed");
    expect_refused(bytes_of(NULL, 0), "malformed");
}

/* RFC 5280 6.3.3 (f): "If a key usage extension is present in the CRL issuer's certificate, verify that the
 * cRLSign bit is set." */
Test(crl_set, its_signer_must_be_one_of_CRLs)
{
    struct bytes der =
        cert_of("Other", "Root", private_key_spki(factory_key),
                (struct certificate_plan){.is_ca = 1, .path_len = -1, .key_usage = KEY_USAGE_KEY_CERT_SIGN},
                root_key);

    must(trust_add_issued(&set->trust, der, &set->trust.items[0]));
    expect_refused(crl_of("Other", factory_key, NULL, 0), "may sign CRLs");
}

/* RFC 5280 6.1.4 (m): who issues nothing stands between nobody. */
Test(crl_set, a_signer_that_is_no_CA_needs_no_pathLenConstraint)
{
    struct bytes der =
        cert_of("Factory", "Factory", private_key_spki(root_key),
                (struct certificate_plan){.path_len = -1, .key_usage = KEY_USAGE_CRL_SIGN}, factory_key);

    cr_assert_eq(set->trust.items[1].path_len, 0);
    cr_assert(trust_add_issued(&set->trust, der, &set->trust.items[1]));
    cr_expect_null(add(crl_of("Factory", root_key, NULL, 0)));
    cr_expect_eq(set->items[0].signer, 2);
}

/* RFC 5280 5.1.2.5: "This profile requires inclusion of nextUpdate in all CRLs" */
Test(crl_set, what_cannot_be_judged_is_refused)
{
    struct crl_plan plan = plan_of("Root", root_key);

    plan.issuing_point = bytes_of("\x31", 2);
    expect_refused(crl_by(&plan, NULL, 0), "issuingDistributionPoint");
    plan = plan_of("Root", root_key);
    plan.next_update = 0;
    expect_refused(crl_by(&plan, NULL, 0), "nextUpdate");
}

Test(crl_set, the_newest_come_first)
{
    struct crl_plan plan = plan_of("Root", root_key);

    for (int i = 0; i < 3; i++) {
        plan.number = (int64_t[]){2, 3, 1}[i];
        plan.this_update = CERTS_NOW - 100 + plan.number;
        cr_assert_null(add(crl_by(&plan, NULL, 0)));
    }
    plan.number = 7;
    cr_assert_null(add(crl_by(&plan, NULL, 0)));
    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(set->items[i].crl.number, ((int64_t[]){3, 2, 7, 1})[i], "%zu", i);
}

Test(crl_set, there_is_an_end_to_them)
{
    for (size_t i = 0; i < BOUND_VENDOR_CRLS; i++)
        cr_assert_null(add(crl_of("Root", root_key, NULL, 0)));
    cr_assert_not_null(add(crl_of("Root", root_key, NULL, 0)));
    cr_assert_eq(set->count, BOUND_VENDOR_CRLS);
}
