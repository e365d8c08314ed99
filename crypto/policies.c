/* Certificate policies: one row of the graph of RFC 9618 section 4, carried from certificate to certificate.
 */
#include "crypto/policies.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }

static const struct bytes any_policy = BYTES("\x55\x1d\x20\x00"); /* RFC 5280 4.2.1.4 */

static const char too_many[] = "it holds more policies than are followed";
static const char malformed_policies[] = "certificatePolicies is malformed";

static int is_any(struct bytes oid)
{
    return bytes_equal(oid, any_policy);
}

/* ---- rows ---- */

/* |count| if it is not there. */
static size_t find(const struct policy_expected *row, size_t count, struct bytes oid)
{
    size_t i = 0;

    while (i < count && !bytes_equal(row[i].oid, oid))
        i++;
    return i;
}

/* Each policy once: it is wanted if one that led to it was. Returns 0 if there is no room. */
static int add(struct policy_expected *row, size_t *count, struct bytes oid, int wanted)
{
    size_t known = find(row, *count, oid);

    if (known < *count) {
        row[known].wanted |= wanted;
        return 1;
    }
    if (*count == BOUND_POLICIES)
        return 0;
    row[(*count)++] = (struct policy_expected){oid, wanted};
    return 1;
}

static void replace_row(struct policies *policies, const struct policy_expected *row, size_t count)
{
    memcpy(policies->row, row, count * sizeof row[0]);
    policies->count = count;
}

/* 6.1.1 (c): what an anyPolicy leads to is wanted if the user wants it by this name. */
static int is_initial(const struct policies *policies, struct bytes oid)
{
    const struct policy_settings *settings = policies->settings;

    for (size_t i = 0; i < settings->initial_count; i++)
        if (bytes_equal(settings->initial[i], oid))
            return 1;
    return settings->initial_count == 0;
}

void policies_begin(struct policies *policies, const struct policy_settings *settings, size_t length)
{
    int64_t never = (int64_t)length + 1;

    policies->settings = settings;
    policies->explicit_policy = settings->require_explicit ? 0 : never;
    policies->inhibit_any = settings->inhibit_any ? 0 : never;
    policies->policy_mapping = settings->inhibit_mapping ? 0 : never;
    policies->count = 0;
    policies->any = 1;
}

/* Adds |to| if |from| stands in the row at hand. AnyPolicy there stands for what is not there itself (6.1.3
 * (d) (1) (ii), 6.1.4 (b) (2)). Returns 0 if there is no room. */
static int lead_to(const struct policies *policies, struct policy_expected *row, size_t *count,
                   struct bytes from, struct bytes to)
{
    size_t i = find(policies->row, policies->count, from);

    if (i < policies->count)
        return add(row, count, to, policies->row[i].wanted);
    return !policies->any || add(row, count, to, is_initial(policies, from));
}

/* ---- the policies of a certificate: 6.1.3 ---- */

/* RFC 5280 4.2.1.4: "If this extension is critical, the path validation software MUST be able to interpret
 * this extension (including the optional qualifier), or MUST reject the certificate." */
static int qualifiers_are_known(CBS qualifiers)
{
    static const struct bytes cps = BYTES("\x2b\x06\x01\x05\x05\x07\x02\x01"),
                              user_notice = BYTES("\x2b\x06\x01\x05\x05\x07\x02\x02");
    CBS info, oid;

    while (CBS_get_asn1(&qualifiers, &info, CBS_ASN1_SEQUENCE) && CBS_get_asn1(&info, &oid, CBS_ASN1_OBJECT))
        if (!bytes_equal(bytes_of_cbs(&oid), cps) && !bytes_equal(bytes_of_cbs(&oid), user_notice))
            return 0;
    return 1;
}

/* Takes the next PolicyInformation off |list|. */
static const char *take_policy(struct bytes *oid, CBS *list, int critical)
{
    CBS info, id, qualifiers;

    if (!CBS_get_asn1(list, &info, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&info, &id, CBS_ASN1_OBJECT))
        return malformed_policies;
    *oid = bytes_of_cbs(&id);
    if (CBS_len(&info) == 0)
        return NULL;
    if (!CBS_get_asn1(&info, &qualifiers, CBS_ASN1_SEQUENCE) || CBS_len(&info) != 0)
        return malformed_policies;
    return critical && !qualifiers_are_known(qualifiers)
               ? "certificatePolicies is critical, and has a qualifier that is not supported"
               : NULL;
}

/* 6.1.3 (d) (1): the policies of the certificate that the row at hand leads to. */
static const char *match(const struct policies *policies, const struct certificate *cert,
                         struct policy_expected *row, size_t *count, int *has_any)
{
    CBS value = cbs_of(cert->policies), list;
    struct bytes oid;
    const char *fault;

    if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 || CBS_len(&list) == 0)
        return malformed_policies;
    while (CBS_len(&list) != 0) {
        if ((fault = take_policy(&oid, &list, cert->policies_critical)) != NULL)
            return fault;
        if (is_any(oid)) {
            *has_any = 1;
            continue;
        }
        if (!lead_to(policies, row, count, oid, oid))
            return too_many;
    }
    return NULL;
}

const char *policies_check(struct policies *policies, const struct certificate *cert, int skips)
{
    struct policy_expected row[BOUND_POLICIES];
    size_t count = 0;
    int has_any = 0;
    const char *fault;

    if (cert->policies.len != 0 && (fault = match(policies, cert, row, &count, &has_any)) != NULL)
        return fault;
    /* (d) (2): what was expected is there by anyPolicy; (e) */
    if (has_any && (policies->inhibit_any > 0 || skips)) {
        for (size_t i = 0; i < policies->count; i++)
            if (!add(row, &count, policies->row[i].oid, policies->row[i].wanted))
                return too_many;
    } else {
        policies->any = 0;
    }
    replace_row(policies, row, count);
    /* (f) */
    if (policies->explicit_policy == 0 && count == 0 && !policies->any)
        return cert->policies.len == 0
                   ? "a policy is required above it (policyConstraints), and it has no certificatePolicies"
                   : "a policy is required above it (policyConstraints), and its certificatePolicies has "
                     "none "
                     "that is valid there";
    return NULL;
}

/* ---- what an issuer says of those below it: 6.1.4 ---- */

static int take_mapping(CBS *list, struct bytes *issuer_domain, struct bytes *subject_domain)
{
    CBS mapping, from, to;

    if (!CBS_get_asn1(list, &mapping, CBS_ASN1_SEQUENCE) || !CBS_get_asn1(&mapping, &from, CBS_ASN1_OBJECT) ||
        !CBS_get_asn1(&mapping, &to, CBS_ASN1_OBJECT) || CBS_len(&mapping) != 0)
        return 0;
    *issuer_domain = bytes_of_cbs(&from);
    *subject_domain = bytes_of_cbs(&to);
    return 1;
}

/* (a) and (b): a row without the policies that are mapped, and with what they are mapped to. */
static const char *map_policies(struct policies *policies, struct bytes extension)
{
    CBS value = cbs_of(extension), list, copy;
    struct policy_expected row[BOUND_POLICIES];
    size_t count = 0, mappings = 0;
    struct bytes from[BOUND_POLICIES], to[BOUND_POLICIES];

    if (!CBS_get_asn1(&value, &list, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 || CBS_len(&list) == 0)
        return "policyMappings is malformed";
    for (copy = list; CBS_len(&copy) != 0; mappings++) {
        if (mappings == BOUND_POLICIES)
            return too_many;
        if (!take_mapping(&copy, &from[mappings], &to[mappings]))
            return "policyMappings is malformed";
        if (is_any(from[mappings]) || is_any(to[mappings]))
            return "policyMappings maps anyPolicy";
    }
    for (size_t i = 0; i < policies->count; i++) {
        int mapped = 0;
        for (size_t j = 0; j < mappings && !mapped; j++)
            mapped = bytes_equal(policies->row[i].oid, from[j]);
        if (!mapped)
            add(row, &count, policies->row[i].oid, policies->row[i].wanted);
    }
    for (size_t j = 0; j < mappings && policies->policy_mapping > 0; j++)
        if (!lead_to(policies, row, &count, from[j], to[j]))
            return too_many;
    replace_row(policies, row, count);
    return NULL;
}

/* SkipCerts ::= INTEGER (0..MAX) */
static int take_skip_certs(CBS *cbs, CBS_ASN1_TAG tag, int64_t *limit)
{
    CBS content;
    int64_t skip = 0;

    if (!CBS_get_asn1(cbs, &content, tag) || CBS_len(&content) == 0)
        return 0;
    if ((CBS_data(&content)[0] & 0x80) != 0 || CBS_len(&content) > 8) /* negative, or absurd */
        return 0;
    for (size_t i = 0; i < CBS_len(&content); i++)
        skip = skip << 8 | CBS_data(&content)[i];
    if (skip < *limit)
        *limit = skip;
    return 1;
}

enum {
    REQUIRE_EXPLICIT = (int)CBS_ASN1_CONTEXT_SPECIFIC,
    INHIBIT_MAPPING = (int)CBS_ASN1_CONTEXT_SPECIFIC | 1
};

/* RFC 5280 4.2.1.11. Both are there if they say less than |*explicit_policy| and |*policy_mapping|. */
static int take_constraints(struct bytes extension, int64_t *explicit_policy, int64_t *policy_mapping)
{
    CBS value = cbs_of(extension), sequence;

    if (!CBS_get_asn1(&value, &sequence, CBS_ASN1_SEQUENCE) || CBS_len(&value) != 0 ||
        CBS_len(&sequence) == 0)
        return 0;
    if (CBS_peek_asn1_tag(&sequence, REQUIRE_EXPLICIT) &&
        !take_skip_certs(&sequence, REQUIRE_EXPLICIT, explicit_policy))
        return 0;
    if (CBS_peek_asn1_tag(&sequence, INHIBIT_MAPPING) &&
        !take_skip_certs(&sequence, INHIBIT_MAPPING, policy_mapping))
        return 0;
    return CBS_len(&sequence) == 0;
}

static void count_down(int64_t *left)
{
    *left -= *left > 0;
}

const char *policies_prepare(struct policies *policies, const struct certificate *cert, int self_issued)
{
    CBS any = cbs_of(cert->inhibit_any_policy);
    const char *fault;

    if (cert->policy_mappings.len != 0 && (fault = map_policies(policies, cert->policy_mappings)) != NULL)
        return fault;
    if (!self_issued) { /* (h) */
        count_down(&policies->explicit_policy);
        count_down(&policies->policy_mapping);
        count_down(&policies->inhibit_any);
    }
    if (cert->policy_constraints.len != 0 && /* (i) */
        !take_constraints(cert->policy_constraints, &policies->explicit_policy, &policies->policy_mapping))
        return "policyConstraints is malformed";
    if (cert->inhibit_any_policy.len != 0 && /* (j) */
        (!take_skip_certs(&any, CBS_ASN1_INTEGER, &policies->inhibit_any) || CBS_len(&any) != 0))
        return "inhibitAnyPolicy is malformed";
    return NULL;
}

/* ---- the end: 6.1.5 ---- */

const char *policies_end(struct policies *policies, const struct certificate *cert)
{
    int64_t required = 1, mapping = 0;

    count_down(&policies->explicit_policy); /* (a) */
    if (cert->policy_constraints.len != 0) {
        if (!take_constraints(cert->policy_constraints, &required, &mapping))
            return "policyConstraints is malformed";
        if (required == 0) /* (b) */
            policies->explicit_policy = 0;
    }
    if (policies->explicit_policy > 0 || policies->any)
        return NULL;
    for (size_t i = 0; i < policies->count; i++) /* (g) */
        if (policies->row[i].wanted)
            return NULL;
    return "a policy is required (policyConstraints), and none is valid along the path";
}

/* Whatever reads the certificate refuses another. */
int policies_are_well_formed(struct bytes value)
{
    CBS cbs = cbs_of(value), list, information, oid, qualifiers, qualifier, earlier, one, other;

    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&list) == 0)
        return 0;
    for (earlier = list; CBS_len(&list) != 0;) {
        const uint8_t *begin = CBS_data(&list);
        if (!CBS_get_asn1(&list, &information, CBS_ASN1_SEQUENCE) ||
            !CBS_get_asn1(&information, &oid, CBS_ASN1_OBJECT))
            return 0;
        for (CBS before = earlier; CBS_data(&before) != begin;)
            if (!CBS_get_asn1(&before, &one, CBS_ASN1_SEQUENCE) ||
                !CBS_get_asn1(&one, &other, CBS_ASN1_OBJECT) ||
                bytes_equal(bytes_of_cbs(&other), bytes_of_cbs(&oid)))
                return 0;
        if (CBS_len(&information) == 0)
            continue;
        if (!CBS_get_asn1(&information, &qualifiers, CBS_ASN1_SEQUENCE) || CBS_len(&information) != 0 ||
            CBS_len(&qualifiers) == 0)
            return 0;
        while (CBS_len(&qualifiers) != 0)
            if (!CBS_get_asn1(&qualifiers, &qualifier, CBS_ASN1_SEQUENCE) ||
                !CBS_get_asn1(&qualifier, &oid, CBS_ASN1_OBJECT) ||
                !CBS_get_any_asn1_element(&qualifier, &one, NULL, NULL) || CBS_len(&qualifier) != 0)
                return 0;
    }
    return 1;
}
