/* policies.c: RFC 5280 6.1.2 to 6.1.5 as RFC 9618 updates them. */
#include <criterion/criterion.h>

#include "crypto/policies.h"
#include "tests/support/hex.h"
#include "tests/support/must.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(64 * 1024 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(policies, .init = set_up, .fini = tear_down);

/* ---- paths in short ---- */

/* A policy is a letter, and anyPolicy "*". */
static struct bytes policy(char letter)
{
    uint8_t *oid = arena_alloc(arena, 4);

    if (letter == '*')
        return hex(arena, "55 1d 20 00");
    memcpy(oid, "\x2a\x03\x04", 3);
    oid[3] = (uint8_t)(letter & 0x7f);
    return bytes_of(oid, 4);
}

enum { NONE = -1, CERTS_MAX = 12 };

/* What a certificate says: "AB*", "A>B B>C", and numbers of certificates. */
struct said {
    const char *policies, *mappings;                     /* NULL: no extension */
    char require_explicit, inhibit_mapping, inhibit_any; /* a digit, or 0: no extension */
    int self_issued;
};

#define SAYS(...) ((struct said){__VA_ARGS__})

static struct bytes policies_of(const char *letters)
{
    CBB cbb, sequence, info;
    struct bytes out = bytes_of(NULL, 0);

    if (letters == NULL)
        return out;
    must(CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE));
    for (; *letters != 0; letters++)
        must(CBB_add_asn1(&sequence, &info, CBS_ASN1_SEQUENCE) && der_add_oid(&info, policy(*letters)) &&
             CBB_flush(&sequence));
    must(der_finish(&out, arena, &cbb, CBB_flush(&cbb)));
    return out;
}

static struct bytes mappings_of(const char *pairs)
{
    CBB cbb, sequence, pair;
    struct bytes out = bytes_of(NULL, 0);

    if (pairs == NULL)
        return out;
    must(CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE));
    for (; *pairs != 0; pairs += pairs[3] == ' ' ? 4 : 3)
        must(CBB_add_asn1(&sequence, &pair, CBS_ASN1_SEQUENCE) && der_add_oid(&pair, policy(pairs[0])) &&
             der_add_oid(&pair, policy(pairs[2])) && CBB_flush(&sequence));
    must(der_finish(&out, arena, &cbb, CBB_flush(&cbb)));
    return out;
}

static struct bytes constraints_of(const struct said *said)
{
    CBB cbb, sequence;
    struct bytes out = bytes_of(NULL, 0);
    uint8_t require = (uint8_t)(said->require_explicit - '0'),
            inhibit = (uint8_t)(said->inhibit_mapping - '0');

    if (!said->require_explicit && !said->inhibit_mapping)
        return out;
    must(CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE));
    must(!said->require_explicit ||
         der_add_octets(&sequence, CBS_ASN1_CONTEXT_SPECIFIC | 0, bytes_of(&require, 1)));
    must(!said->inhibit_mapping ||
         der_add_octets(&sequence, CBS_ASN1_CONTEXT_SPECIFIC | 1, bytes_of(&inhibit, 1)));
    must(der_finish(&out, arena, &cbb, CBB_flush(&cbb)));
    return out;
}

static struct certificate certificate_of(const struct said *said)
{
    CBB cbb;
    struct certificate out = {.policies = policies_of(said->policies),
                              .policy_mappings = mappings_of(said->mappings),
                              .policy_constraints = constraints_of(said)};

    if (said->inhibit_any)
        must(CBB_init(&cbb, 8) &&
             der_finish(&out.inhibit_any_policy, arena, &cbb, der_add_int64(&cbb, said->inhibit_any - '0')));
    return out;
}

/* Returns NULL if the path is valid. */
static const char *judge(const struct policy_settings *settings, const struct said *path, size_t count)
{
    struct policies policies;
    const char *fault = NULL;

    policies_begin(&policies, settings, count);
    for (size_t i = 0; i < count && fault == NULL; i++) {
        struct certificate cert = certificate_of(&path[i]);
        int is_target = i == count - 1;
        fault = policies_check(&policies, &cert, path[i].self_issued && !is_target);
        if (fault == NULL)
            fault = is_target ? policies_end(&policies, &cert)
                              : policies_prepare(&policies, &cert, path[i].self_issued);
    }
    return fault;
}

static const struct policy_settings none, explicit_policy = {.require_explicit = 1};

#define JUDGE(settings, ...)                                                                                 \
    judge(settings, (const struct said[]){__VA_ARGS__},                                                      \
          sizeof((const struct said[]){__VA_ARGS__}) / sizeof(struct said))

static int says(const char *fault, const char *part)
{
    return fault != NULL && strstr(fault, part) != NULL;
}

/* ---- 6.1.3 (d) to (f) ---- */

/* The defaults of the server: any policy, and none required. */
Test(policies, nothing_is_required_unless_somebody_requires_it)
{
    cr_expect_null(JUDGE(&none, SAYS(.policies = "A"), SAYS(.policies = "B")));
    cr_expect_null(JUDGE(&none, SAYS(.policies = NULL), SAYS(.policies = "B")));
    cr_expect_null(JUDGE(&none, SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&none, SAYS(.policies = NULL)));
}

/* (f): "either explicit_policy is greater than 0 or the valid_policy_graph is not equal to NULL" */
Test(policies, a_policy_must_stand_in_each_certificate_where_one_is_required)
{
    cr_expect_null(
        JUDGE(&explicit_policy, SAYS(.policies = "AB"), SAYS(.policies = "BC"), SAYS(.policies = "B")));
    cr_expect(says(JUDGE(&explicit_policy, SAYS(.policies = "A"), SAYS(.policies = "B")),
                   "has none that is valid there"));
    cr_expect(says(JUDGE(&explicit_policy, SAYS(.policies = "A"), SAYS(.policies = NULL)),
                   "it has no certificatePolicies"));
    /* (e): what is lost stays lost. */
    cr_expect(JUDGE(&explicit_policy, SAYS(.policies = "A"), SAYS(.policies = NULL), SAYS(.policies = "A")));
    cr_expect(JUDGE(&none, SAYS(.policies = NULL, .require_explicit = '0'), SAYS(.policies = "A")));
    /* A and B, one after the other, are none together. */
    cr_expect(JUDGE(&explicit_policy, SAYS(.policies = "AB"), SAYS(.policies = "A"), SAYS(.policies = "B")));
}

/* (d) (1) (ii), (2): anyPolicy leads to any, and stands for what is expected. */
Test(policies, anyPolicy_stands_for_every_policy)
{
    cr_expect_null(
        JUDGE(&explicit_policy, SAYS(.policies = "*"), SAYS(.policies = "A"), SAYS(.policies = "*")));
    cr_expect_null(
        JUDGE(&explicit_policy, SAYS(.policies = "A"), SAYS(.policies = "*"), SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&explicit_policy, SAYS(.policies = "*"), SAYS(.policies = "*")));
    cr_expect(JUDGE(&explicit_policy, SAYS(.policies = "A"), SAYS(.policies = "*"), SAYS(.policies = "B")));
    cr_expect_null(JUDGE(&explicit_policy, SAYS(.policies = "A*"), SAYS(.policies = "B")));
}

/* (d) (2): "either (a) inhibit_anyPolicy is greater than 0 or (b) i<n and the certificate is self-issued" */
Test(policies, anyPolicy_may_be_inhibited)
{
    static const struct policy_settings inhibited = {.require_explicit = 1, .inhibit_any = 1};
    const struct said inhibits = SAYS(.policies = "A", .require_explicit = '0', .inhibit_any = '1');

    cr_expect(JUDGE(&inhibited, SAYS(.policies = "*"), SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&inhibited, SAYS(.policies = "A"), SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&none, inhibits, SAYS(.policies = "*"), SAYS(.policies = "A")));
    cr_expect(JUDGE(&none, inhibits, SAYS(.policies = "A"), SAYS(.policies = "*")));
    cr_expect_null(JUDGE(&none, inhibits, SAYS(.policies = "*", .self_issued = 1), SAYS(.policies = "*"),
                         SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&inhibited, SAYS(.policies = "*", .self_issued = 1), SAYS(.policies = "A")));
    cr_expect(JUDGE(&inhibited, SAYS(.policies = "A"), SAYS(.policies = "*", .self_issued = 1)),
              "the target");
    /* 6.1.4 (j): "is less than inhibit_anyPolicy" */
    cr_expect(JUDGE(&none, inhibits, SAYS(.policies = "A", .inhibit_any = '5'), SAYS(.policies = "*")));
}

/* ---- 6.1.4 (a), (b) ---- */

Test(policies, a_mapped_policy_goes_on_under_its_other_name)
{
    const struct said maps = SAYS(.policies = "AC", .mappings = "A>B");

    cr_expect_null(JUDGE(&explicit_policy, maps, SAYS(.policies = "B")));
    cr_expect(JUDGE(&explicit_policy, maps, SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&explicit_policy, maps, SAYS(.policies = "C")), "it is not mapped");
    cr_expect_null(
        JUDGE(&explicit_policy, SAYS(.policies = "A", .mappings = "A>B A>C"), SAYS(.policies = "C")));
    cr_expect(JUDGE(&explicit_policy, SAYS(.policies = "A", .mappings = "C>B"), SAYS(.policies = "B")),
              "C does not stand there");
    cr_expect_null(JUDGE(&explicit_policy, SAYS(.policies = "A", .mappings = "A>B"),
                         SAYS(.policies = "B", .mappings = "B>C"), SAYS(.policies = "C")));
    cr_expect_null(
        JUDGE(&explicit_policy, SAYS(.policies = "AB", .mappings = "A>B B>A"), SAYS(.policies = "A")));
    cr_expect_null(
        JUDGE(&explicit_policy, SAYS(.policies = "A", .mappings = "A>A A>B"), SAYS(.policies = "A")));
    /* (b) (2): anyPolicy stands for what is mapped. */
    cr_expect_null(JUDGE(&explicit_policy, SAYS(.policies = "*", .mappings = "A>B", .inhibit_any = '0'),
                         SAYS(.policies = "B")));
    /* The target's mapping is nobody's. */
    cr_expect_null(JUDGE(&explicit_policy, SAYS(.policies = "A", .mappings = "A>B")));
}

/* (a): "verify that the special value anyPolicy does not appear as an issuerDomainPolicy or a
 * subjectDomainPolicy", whether or not a policy is required. */
Test(policies, anyPolicy_is_not_mapped)
{
    static const char *const mappings[] = {"*>A", "A>*", "*>*", "A>B B>*", "A>B *>C"};

    for (size_t i = 0; i < sizeof mappings / sizeof mappings[0]; i++)
        cr_expect(says(JUDGE(&none, SAYS(.policies = "A*", .mappings = mappings[i]), SAYS(.policies = "A")),
                       "policyMappings maps anyPolicy"),
                  "%s", mappings[i]);
}

/* (b) (3): "If the policy_mapping variable is equal to 0": what would be mapped is deleted. */
Test(policies, mapping_may_be_inhibited)
{
    static const struct policy_settings inhibited = {.require_explicit = 1, .inhibit_mapping = 1};
    const struct said maps = SAYS(.policies = "A", .mappings = "A>B");
    const struct said inhibits = SAYS(.policies = "A", .require_explicit = '0', .inhibit_mapping = '1');

    cr_expect(JUDGE(&inhibited, maps, SAYS(.policies = "B")));
    cr_expect(JUDGE(&inhibited, maps, SAYS(.policies = "A")));
    cr_expect_null(JUDGE(&inhibited, SAYS(.policies = "AC", .mappings = "A>B"), SAYS(.policies = "C")));
    cr_expect_null(JUDGE(&none, inhibits, maps, SAYS(.policies = "B")));
    cr_expect(JUDGE(&none, inhibits, SAYS(.policies = "A"), maps, SAYS(.policies = "B")));
    /* (h): what is self-issued does not count. */
    cr_expect_null(
        JUDGE(&none, inhibits, SAYS(.policies = "A", .self_issued = 1), maps, SAYS(.policies = "B")));
    cr_expect(JUDGE(&none, SAYS(.policies = "A", .require_explicit = '0', .inhibit_mapping = '0'),
                    SAYS(.policies = "A", .mappings = "A>B", .inhibit_mapping = '5'), SAYS(.policies = "B")),
              "(i) (2)");
}

/* ---- 6.1.4 (h), (i); 6.1.5 (a), (b) ---- */

/* SkipCerts is "the number of additional certificates that may appear in the path before an explicit policy
 * is required" (4.2.1.11). */
Test(policies, requireExplicitPolicy_counts_certificates)
{
    const struct said issuer = SAYS(.policies = NULL), rolled = SAYS(.policies = NULL, .self_issued = 1);

    for (int skip = 0; skip <= 4; skip++) {
        const struct said first = SAYS(.policies = NULL, .require_explicit = (char)('0' + skip));
        cr_expect_eq(JUDGE(&none, first, issuer, SAYS(.policies = NULL)) == NULL, skip > 2, "%d", skip);
        cr_expect_eq(JUDGE(&none, first, rolled, SAYS(.policies = NULL)) == NULL, skip > 1, "%d", skip);
        /* 6.1.5 (a) counts the target, self-issued or not. */
        cr_expect_eq(JUDGE(&none, first, rolled) == NULL, skip > 1, "%d", skip);
    }
    /* 6.1.5 (b): "If a policy constraints extension is included in the certificate and requireExplicitPolicy
     * is present and has a value of 0, set the explicit_policy state variable to 0." */
    cr_expect(
        says(JUDGE(&none, SAYS(.policies = NULL, .require_explicit = '0')), "none is valid along the path"));
    cr_expect_null(JUDGE(&none, SAYS(.policies = NULL, .require_explicit = '1')));
    cr_expect_null(JUDGE(&none, SAYS(.policies = NULL, .inhibit_mapping = '0')));
    cr_expect_null(JUDGE(&none, SAYS(.policies = "A", .require_explicit = '0')));
    /* (i) (1): nobody below can take it back. */
    cr_expect(JUDGE(&none, SAYS(.policies = "A", .require_explicit = '0'),
                    SAYS(.policies = "A", .require_explicit = '5'), SAYS(.policies = "B")));
}

/* SkipCerts ::= INTEGER (0..MAX), here of two octets. */
Test(policies, skipped_certificates_are_counted_beyond_one_octet)
{
    enum { SKIPPED = 0x0101 };
    struct certificate first = {.policies = policies_of("A"),
                                .inhibit_any_policy = hex(arena, "02 02 01 01")},
                       next = {.policies = policies_of("*")};
    struct policies policies;

    policies_begin(&policies, &explicit_policy, 2 * SKIPPED);
    cr_assert_null(policies_check(&policies, &first, 0));
    cr_assert_null(policies_prepare(&policies, &first, 0));
    for (int i = 0; i < SKIPPED; i++) {
        cr_assert_null(policies_check(&policies, &next, 0), "%d", i);
        cr_assert_null(policies_prepare(&policies, &next, 0));
    }
    cr_assert_not_null(policies_check(&policies, &next, 0));
    /* Nothing of one path is left in the next. */
    policies_begin(&policies, &explicit_policy, 2);
    cr_assert_null(policies_check(&policies, &first, 0));
    policies_begin(&policies, &explicit_policy, 2);
    cr_assert_eq(policies.count, 0);
}

/* ---- 6.1.5 (g) ---- */

/* (c) of 6.1.1: what the user wants is meant as the first certificate of a chain of mappings names it. */
Test(policies, what_the_user_wants_is_what_a_policy_was_first_called)
{
    const struct bytes wanted[] = {policy('A'), policy('D')};
    const struct policy_settings user = {.initial = wanted, .initial_count = 2, .require_explicit = 1};
    const struct said maps = SAYS(.policies = "AB", .mappings = "A>X B>Y");

    cr_expect_null(JUDGE(&user, SAYS(.policies = "AB"), SAYS(.policies = "AB")));
    cr_expect(
        says(JUDGE(&user, SAYS(.policies = "AB"), SAYS(.policies = "B")), "none is valid along the path"));
    cr_expect_null(JUDGE(&user, maps, SAYS(.policies = "X")));
    cr_expect(JUDGE(&user, maps, SAYS(.policies = "Y")));
    cr_expect_null(JUDGE(&user, SAYS(.policies = "AB", .mappings = "A>X B>X"), SAYS(.policies = "X")),
                   "from both");
    cr_expect_null(JUDGE(&user, SAYS(.policies = "*"), SAYS(.policies = "*")), "any of them would do");
    cr_expect_null(JUDGE(&user, SAYS(.policies = "*"), SAYS(.policies = "D")));
    cr_expect(JUDGE(&user, SAYS(.policies = "*"), SAYS(.policies = "B")));
    cr_expect_null(JUDGE(&user, SAYS(.policies = "*", .mappings = "A>X"), SAYS(.policies = "X")));
    cr_expect(JUDGE(&user, SAYS(.policies = "*", .mappings = "B>X"), SAYS(.policies = "X")));
    /* (d) (1) (ii), "If there was no match in step (i)": what B is mapped to is B's, though the user calls
     * something else so, and anyPolicy would lead there. */
    cr_expect(JUDGE(&user, SAYS(.policies = "B*", .mappings = "B>A"), SAYS(.policies = "A")));
    /* Not required: whatever it is. */
    cr_expect_null(
        JUDGE(&((struct policy_settings){.initial = wanted, .initial_count = 2}), SAYS(.policies = "B")));
}

/* ---- what is read ---- */

static const char *check_alone(const char *policies, int critical)
{
    struct policies state;
    struct certificate cert = {.policies = hex(arena, policies), .policies_critical = critical};

    policies_begin(&state, &none, 1);
    return policies_check(&state, &cert, 0);
}

#define CPS "30 10 30 0e 06 08 2b 06 01 05 05 07 02 01 16 02 61 62"
#define NOTICE "30 0e 30 0c 06 08 2b 06 01 05 05 07 02 02 30 00"
#define OTHER "30 0e 30 0c 06 08 2b 06 01 05 05 07 02 03 30 00"

/* 4.2.1.4: "If this extension is critical, the path validation software MUST be able to interpret this
 * extension (including the optional qualifier), or MUST reject the certificate." */
Test(policies, qualifiers_matter_only_if_they_are_critical_and_unknown)
{
    for (int critical = 0; critical <= 1; critical++) {
        cr_expect_null(check_alone("30 19 30 17 06 03 2a 03 04 " CPS, critical));
        cr_expect_null(check_alone("30 17 30 15 06 03 2a 03 04 " NOTICE, critical));
        cr_expect_eq(says(check_alone("30 17 30 15 06 03 2a 03 04 " OTHER, critical),
                          "critical, and has a qualifier that is not supported"),
                     critical);
        cr_expect_eq(
            says(check_alone("30 1e 30 05 06 03 2a 03 05 30 15 06 03 2a 03 04 " OTHER, critical), "critical"),
            critical);
    }
}

Test(policies, extensions_that_are_malformed_are_refused)
{
    static const struct {
        const char *policies, *mappings, *constraints, *any, *fault;
    } cases[] = {
        {"31 00", NULL, NULL, NULL, "certificatePolicies is malformed"},
        {"30 00", NULL, NULL, NULL, "certificatePolicies is malformed"}, /* SIZE (1..MAX) */
        {"30 07 30 05 06 03 2a 03 04 00", NULL, NULL, NULL, "certificatePolicies is malformed"},
        {"30 02 30 00", NULL, NULL, NULL, "certificatePolicies is malformed"},
        {"30 09 30 07 06 03 2a 03 04 05 00", NULL, NULL, NULL, "certificatePolicies is malformed"},
        {"30 0b 30 09 06 03 2a 03 04 30 00 05 00", NULL, NULL, NULL, "certificatePolicies is malformed"},
        {NULL, "30 00", NULL, NULL, "policyMappings is malformed"},
        {NULL, "31 0c 30 0a 06 03 2a 03 04 06 03 2a 03 05", NULL, NULL, "policyMappings is malformed"},
        {NULL, "30 07 30 05 06 03 2a 03 04", NULL, NULL, "policyMappings is malformed"},
        {NULL, "30 0e 30 0c 06 03 2a 03 04 06 03 2a 03 05 05 00", NULL, NULL, "policyMappings is malformed"},
        {NULL, "30 0c 30 0a 06 03 2a 03 04 06 03 2a 03 05 00", NULL, NULL, "policyMappings is malformed"},
        /* 4.2.1.11: "Conforming CAs MUST NOT issue certificates where policy constraints is an empty
           sequence." */
        {NULL, NULL, "30 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 03 82 01 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 03 80 01 ff", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 02 80 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 02 81 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 06 81 01 00 80 01 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 03 80 01 00 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 0b 80 09 01 00 00 00 00 00 00 00 00", NULL, "policyConstraints is malformed"},
        {NULL, NULL, "30 0a 80 08 01 00 00 00 00 00 00 00", NULL, "nothing"},
        {NULL, NULL, "30 06 80 01 01 81 01 00", NULL, "nothing"},
        {NULL, NULL, NULL, "30 00", "inhibitAnyPolicy is malformed"},
        {NULL, NULL, NULL, "02 01 7f", "nothing"},
        {NULL, NULL, NULL, "02 00", "inhibitAnyPolicy is malformed"},
        {NULL, NULL, NULL, "02 01 80", "inhibitAnyPolicy is malformed"},
        {NULL, NULL, NULL, "02 01 00 00", "inhibitAnyPolicy is malformed"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct policies state;
        struct certificate cert = {.path_len = -1};
        const char *fault, *end = NULL;
        if (cases[i].policies != NULL)
            cert.policies = hex(arena, cases[i].policies);
        if (cases[i].mappings != NULL)
            cert.policy_mappings = hex(arena, cases[i].mappings);
        if (cases[i].constraints != NULL)
            cert.policy_constraints = hex(arena, cases[i].constraints);
        if (cases[i].any != NULL)
            cert.inhibit_any_policy = hex(arena, cases[i].any);
        policies_begin(&state, &none, 2);
        if ((fault = policies_check(&state, &cert, 0)) == NULL) {
            end = policies_end(&state, &cert);
            policies_begin(&state, &none, 2);
            fault = policies_prepare(&state, &cert, 0);
        }
        cr_expect_str_eq(fault != NULL ? fault : "nothing", cases[i].fault, "case %zu", i);
        cr_expect_eq(end != NULL, cases[i].constraints != NULL && fault != NULL,
                     "case %zu: so is the target's", i);
    }
}

/* ---- bounds ---- */

/* RFC 9618 3.2, figure 2: each certificate maps each policy to each, and the tree of RFC 5280 has 2^n leaves.
 */
Test(policies, a_chain_that_doubles_its_tree_keeps_a_row_of_two)
{
    enum { LENGTH = 200 };
    const struct said doubles = SAYS(.policies = "AB", .mappings = "A>A A>B B>A B>B");
    struct certificate cert = certificate_of(&doubles);
    struct policies policies;

    policies_begin(&policies, &explicit_policy, LENGTH);
    for (int i = 0; i < LENGTH; i++) {
        cr_assert_null(policies_check(&policies, &cert, 0));
        cr_assert_null(policies_prepare(&policies, &cert, 0));
        cr_assert_eq(policies.count, 2);
    }
}

static struct bytes many(size_t count, int mapped)
{
    CBB cbb, sequence, info;
    uint8_t oid[] = {0x2a, 0x81, 0x00, 0x00};
    struct bytes out;

    must(CBB_init(&cbb, 64) && CBB_add_asn1(&cbb, &sequence, CBS_ASN1_SEQUENCE));
    for (size_t i = 0; i < count; i++) {
        oid[2] = (uint8_t)(0x80 | i >> 7);
        oid[3] = (uint8_t)(i & 0x7f);
        must(CBB_add_asn1(&sequence, &info, CBS_ASN1_SEQUENCE) &&
             der_add_oid(&info, mapped ? policy('A') : bytes_of(oid, 4)) &&
             (!mapped || der_add_oid(&info, bytes_of(oid, 4))) && CBB_flush(&sequence));
    }
    must(der_finish(&out, arena, &cbb, CBB_flush(&cbb)));
    return out;
}

/* A certificate with more policies or mappings than are followed is refused, and says so. */
Test(policies, more_policies_than_are_followed_are_refused)
{
    struct policies policies;

    for (size_t more = 0; more <= 1; more++) {
        struct certificate cert = {.policies = many(BOUND_POLICIES + more, 0)};
        policies_begin(&policies, &none, 3);
        cr_expect_eq(says(policies_check(&policies, &cert, 0), "more policies than are followed"), more != 0);
        cert = (struct certificate){.policies = policies_of("AB"),
                                    .policy_mappings = many(BOUND_POLICIES + more, 1)};
        policies_begin(&policies, &none, 3);
        cr_expect_null(policies_check(&policies, &cert, 0));
        cr_expect(says(policies_prepare(&policies, &cert, 0), "more policies than are followed"),
                  "B is there, too");
        cert.policies = policies_of("A");
        policies_begin(&policies, &none, 3);
        cr_expect_null(policies_check(&policies, &cert, 0));
        cr_expect_eq(says(policies_prepare(&policies, &cert, 0), "more policies than are followed"),
                     more != 0);
    }
}

/* ---- against the tree of RFC 5280 ---- */

/* The algorithm as RFC 5280 has it before RFC 9618, word by word, for short chains of four policies: bits of
 * a set are 'A' to 'D', and anyPolicy. */
enum { ANY = 4, LETTERS = 4, NODES_MAX = 20000 };

struct node {
    int policy, depth, parent, alive;
    unsigned expected;
};

static struct node tree[NODES_MAX];
static int node_count;

static void grow(int policy, int depth, int parent, unsigned expected)
{
    must(node_count < NODES_MAX);
    tree[node_count++] = (struct node){policy, depth, parent, 1, expected};
}

/* The next living node of |depth| after |i|, or NONE; from NONE on. */
static int next_of(int depth, int i)
{
    while (++i < node_count)
        if (tree[i].alive && tree[i].depth == depth)
            return i;
    return NONE;
}

static int any_of(int depth)
{
    for (int i = NONE; (i = next_of(depth, i)) != NONE;)
        if (tree[i].policy == ANY)
            return i;
    return NONE;
}

static int has_child(int i)
{
    for (int j = i + 1; j < node_count; j++)
        if (tree[j].alive && tree[j].parent == i)
            return 1;
    return 0;
}

/* "If there is a node in the valid_policy_tree of depth i-1 or less without any child nodes, delete that
 * node." */
static void prune(int depth)
{
    for (int i = node_count - 1; i >= 0; i--)
        if (tree[i].alive && tree[i].depth < depth && !has_child(i))
            tree[i].alive = 0;
}

static unsigned set_of(const char *letters)
{
    unsigned set = 0;

    for (; letters != NULL && *letters != 0; letters++)
        set |= 1u << (*letters == '*' ? ANY : *letters - 'A');
    return set;
}

static unsigned mapped_to(const char *mappings, int policy)
{
    unsigned to = 0;

    for (; mappings != NULL && *mappings != 0; mappings += mappings[3] == ' ' ? 4 : 3)
        if (mappings[0] - 'A' == policy)
            to |= 1u << (mappings[2] - 'A');
    return to;
}

/* 6.1.3 (d) */
static void tree_policies(int depth, const char *letters, int any_allowed)
{
    unsigned set = set_of(letters);
    int any = any_of(depth - 1);

    for (int p = 0; p < LETTERS; p++) {
        int matched = 0;
        if ((set >> p & 1) == 0)
            continue;
        for (int i = NONE; (i = next_of(depth - 1, i)) != NONE;)
            if (tree[i].expected >> p & 1) {
                grow(p, depth, i, 1u << p);
                matched = 1;
            }
        if (!matched && any != NONE)
            grow(p, depth, any, 1u << p);
    }
    for (int i = NONE; (set >> ANY & 1) != 0 && any_allowed && (i = next_of(depth - 1, i)) != NONE;)
        for (int p = 0; p <= ANY; p++) {
            int there = 0;
            for (int j = NONE; (j = next_of(depth, j)) != NONE;)
                there |= tree[j].parent == i && tree[j].policy == p;
            if ((tree[i].expected >> p & 1) != 0 && !there)
                grow(p, depth, i, 1u << p);
        }
    prune(depth);
}

/* 6.1.4 (b) */
static void tree_mappings(int depth, const char *mappings, int allowed)
{
    int any = any_of(depth);

    for (int p = 0; p < LETTERS; p++) {
        unsigned to = mapped_to(mappings, p);
        int found = 0;
        if (to == 0)
            continue;
        for (int i = NONE; (i = next_of(depth, i)) != NONE;)
            if (tree[i].policy == p) {
                tree[i].expected = to;
                tree[i].alive = allowed;
                found = 1;
            }
        if (!found && allowed && any != NONE)
            grow(p, depth, tree[any].parent, to);
    }
    if (!allowed)
        prune(depth);
}

/* 6.1.5 (g) (iii); |user| 0: any-policy */
static void tree_intersect(int depth, unsigned user)
{
    unsigned found = 0;
    int any = any_of(depth);

    for (int i = 1; user != 0 && i < node_count; i++) {
        if (!tree[tree[i].parent].alive)
            tree[i].alive = 0;
        if (!tree[i].alive || tree[tree[i].parent].policy != ANY || tree[i].policy == ANY)
            continue;
        found |= 1u << tree[i].policy;
        tree[i].alive = user >> tree[i].policy & 1;
    }
    if (user != 0 && any != NONE) {
        for (int p = 0; p < LETTERS; p++)
            if ((user & ~found) >> p & 1)
                grow(p, depth, tree[any].parent, 1u << p);
        tree[any].alive = 0;
    }
    prune(depth);
}

static int lower(int value, char said)
{
    return said != 0 && said - '0' < value ? said - '0' : value;
}

static int tree_judges(const struct policy_settings *settings, unsigned user, const struct said *path,
                       int count)
{
    int required = settings->require_explicit ? 0 : count + 1,
        mapping = settings->inhibit_mapping ? 0 : count + 1;
    int inhibit = settings->inhibit_any ? 0 : count + 1;

    node_count = 0;
    grow(ANY, 0, 0, 1u << ANY);
    for (int i = 1; i <= count; i++) {
        const struct said *said = &path[i - 1];
        tree_policies(i, said->policies, inhibit > 0 || (i < count && said->self_issued));
        if (required == 0 && next_of(i, NONE) == NONE)
            return 0;
        if (i == count)
            break;
        tree_mappings(i, said->mappings, mapping > 0);
        if (!said->self_issued) {
            required -= required > 0;
            mapping -= mapping > 0;
            inhibit -= inhibit > 0;
        }
        required = lower(required, said->require_explicit);
        mapping = lower(mapping, said->inhibit_mapping);
        inhibit = lower(inhibit, said->inhibit_any);
    }
    required -= required > 0;
    if (path[count - 1].require_explicit == '0')
        required = 0;
    tree_intersect(count, user);
    return required > 0 || next_of(count, NONE) != NONE;
}

static uint32_t state;

static unsigned below(unsigned bound)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % bound;
}

static struct said random_said(void)
{
    static const char *const sets[] = {NULL, "A",  "B",   "AB", "ABC",  "*",
                                       "*",  "A*", "BD*", "CD", "ABCD", "D*"};
    static const char *const maps[] = {NULL,  NULL,      "A>B",     "A>B B>A", "A>A A>B B>A B>B",
                                       "C>D", "D>A A>C", "B>C B>D", "A>D B>D", "D>B"};
    struct said out = SAYS(.policies = sets[below(12)], .mappings = maps[below(10)]);

    if (below(4) == 0)
        out.require_explicit = (char)('0' + below(3));
    if (below(6) == 0)
        out.inhibit_mapping = (char)('0' + below(3));
    if (below(6) == 0)
        out.inhibit_any = (char)('0' + below(3));
    out.self_issued = below(5) == 0;
    return out;
}

/* RFC 9618 4.1: "The policy tree in [RFC5280] is the tree of all paths from the root to a leaf in the policy
 * graph, so no information is lost in the graph representation." Nor is the verdict in its lowest row. */
Test(policies, a_row_has_the_verdict_of_the_tree)
{
    enum { PATHS = 30000 };
    unsigned valid = 0;

    for (int n = 0; n < PATHS; n++) {
        struct said path[5];
        struct bytes initial[LETTERS];
        int count = 1 + (int)below(5);
        unsigned user = below(3) == 0 ? 0 : below(1u << LETTERS);
        struct policy_settings settings = {.initial = initial,
                                           .require_explicit = below(3) != 0,
                                           .inhibit_mapping = below(10) == 0,
                                           .inhibit_any = below(10) == 0};
        for (int p = 0; p < LETTERS; p++)
            if (user >> p & 1)
                initial[settings.initial_count++] = policy((char)('A' + p));
        for (int i = 0; i < count; i++)
            path[i] = random_said();
        int expected = tree_judges(&settings, user, path, count);
        const char *fault = judge(&settings, path, (size_t)count);
        cr_assert_eq(fault == NULL, expected, "path %d: %s", n, fault);
        valid += fault == NULL;
        if (n % 1000 == 0) {
            arena_free(arena);
            arena = arena_new(64 * 1024 * 1024);
        }
    }
    cr_assert(valid > PATHS / 10 && valid < PATHS - PATHS / 10, "%u", valid);
}
