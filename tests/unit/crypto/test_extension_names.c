/* extension_names.c: RFC 5280 4.2 and its appendix A. */
#include <criterion/criterion.h>

#include "crypto/extension_names.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(extension_names, .init = set_up, .fini = tear_down);

/* RFC 5280 4.2.1.1 to 4.2.2.1, RFC 9608 section 2, RFC 9310 section 3 */
Test(extension_names, each_has_its_name_and_OID)
{
    static const struct {
        enum extension extension;
        const char *name, *oid;
    } cases[] = {
        {EXTENSION_AUTHORITY_KEY_IDENTIFIER, "authorityKeyIdentifier", "55 1d 23"},
        {EXTENSION_SUBJECT_KEY_IDENTIFIER, "subjectKeyIdentifier", "55 1d 0e"},
        {EXTENSION_KEY_USAGE, "keyUsage", "55 1d 0f"},
        {EXTENSION_CERTIFICATE_POLICIES, "certificatePolicies", "55 1d 20"},
        {EXTENSION_POLICY_MAPPINGS, "policyMappings", "55 1d 21"},
        {EXTENSION_SUBJECT_ALT_NAME, "subjectAltName", "55 1d 11"},
        {EXTENSION_BASIC_CONSTRAINTS, "basicConstraints", "55 1d 13"},
        {EXTENSION_NAME_CONSTRAINTS, "nameConstraints", "55 1d 1e"},
        {EXTENSION_POLICY_CONSTRAINTS, "policyConstraints", "55 1d 24"},
        {EXTENSION_EXTENDED_KEY_USAGE, "extendedKeyUsage", "55 1d 25"},
        {EXTENSION_CRL_DISTRIBUTION_POINTS, "cRLDistributionPoints", "55 1d 1f"},
        {EXTENSION_INHIBIT_ANY_POLICY, "inhibitAnyPolicy", "55 1d 36"},
        {EXTENSION_AUTHORITY_INFO_ACCESS, "authorityInfoAccess", "2b 06 01 05 05 07 01 01"},
        {EXTENSION_FRESHEST_CRL, "freshestCRL", "55 1d 2e"},
        {EXTENSION_NO_REV_AVAIL, "noRevAvail", "55 1d 38"},
        {EXTENSION_NF_TYPES, "nfTypes", "2b 06 01 05 05 07 01 22"},
    };

    cr_assert_eq(sizeof cases / sizeof cases[0], EXTENSION_OTHER);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes oid = hex(arena, cases[i].oid);
        cr_expect_eq(extension_of(oid), cases[i].extension, "%s", cases[i].name);
        cr_expect_eq(extension_named(cases[i].name), cases[i].extension, "%s", cases[i].name);
        cr_expect(bytes_equal(extension_oid(cases[i].extension), oid), "%s", cases[i].name);
        cr_expect_str_eq(extension_name(arena, oid), cases[i].name);
    }
}

Test(extension_names, others_are_told_by_their_OID)
{
    cr_expect_eq(extension_of(hex(arena, "2a 03 04")), EXTENSION_OTHER);
    cr_expect_eq(extension_of(hex(arena, "55 1d")), EXTENSION_OTHER);
    cr_expect_eq(extension_named("keyusage"), EXTENSION_OTHER);
    cr_expect_str_eq(extension_name(arena, hex(arena, "2a 03 04")), "1.2.3.4");
}

Test(extension_names, without_memory_there_is_a_text_all_the_same)
{
    struct arena *small = arena_new(1);
    const char *text = extension_name(small, hex(arena, "2a 03 04"));

    cr_expect_str_eq(text, "?");
    arena_free(small);
}
