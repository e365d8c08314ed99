/* What a request asks for beyond its names: honoured, refused, or ignored. What is ignored the answer
 * tells (server/pki/differences.h). */
#include <stdio.h>

#include "crypto/extension_names.h"
#include "crypto/name_match.h"
#include "crypto/policies.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

/* The CA alone writes these. */
static int is_of_ca(struct bytes oid)
{
    switch (extension_of(oid)) {
    case EXTENSION_SUBJECT_ALT_NAME:
    case EXTENSION_KEY_USAGE:
    case EXTENSION_EXTENDED_KEY_USAGE:
    case EXTENSION_CERTIFICATE_POLICIES:
    case EXTENSION_OTHER:
        return 0;
    default:
        return 1;
    }
}

/* ---- loading ---- */

static int load_rule(struct request_rule *rule, const char *text, int *of_ca)
{
    size_t len = sizeof rule->oid_octets;
    enum extension named = extension_named(text);

    rule->name = text;
    if (named != EXTENSION_OTHER)
        rule->oid = extension_oid(named);
    else if (der_oid_parse(rule->oid_octets, &len, text))
        rule->oid = bytes_of(rule->oid_octets, len);
    *of_ca = is_of_ca(rule->oid);
    return rule->oid.len != 0;
}

static int load_list(struct config_fault *fault, struct policy *policy, const char *setting,
                     struct request_rules *out, const struct config_list *texts, int honour)
{
    char key[SETTING];

    for (size_t n = 0; n < texts->count; n++) {
        const char *text = texts->items[n];
        struct request_rule *rule = &out->rules[out->count];
        int of_ca = 0;
        int word = strcmp(text, "validity") == 0 ||
                   (!honour &&
                    (strcmp(text, "issuer") == 0 || strcmp(text, "other") == 0 || strcmp(text, "ca") == 0));
        snprintf(key, sizeof key, "%s[%zu]", setting, n);
        if (n == POLICY_REQUESTS_MAX)
            return config_fault_at(fault, policy->config, key, "more than %d entries; write fewer",
                                   POLICY_REQUESTS_MAX);
        rule->name = text;
        if (!word && !load_rule(rule, text, &of_ca))
            return config_fault_at(
                fault, policy->config, key,
                "unknown '%s'; write validity, %sthe name of an extension such as keyUsage, or "
                "its dotted OID",
                text, honour ? "" : "issuer, other, ca, ");
        if (honour && of_ca)
            return config_fault_at(fault, policy->config, key,
                                   "'%s' is for the CA to write, not for a request; remove it", text);
        out->count++;
    }
    return 1;
}

int policy_load_requests(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_profile *config = &policy->config->profiles[i];
    struct profile *profile = &policy->profiles[i];
    char key[SETTING];

    snprintf(key, sizeof key, "profiles[%zu].request.honour", i);
    if (!load_list(fault, policy, key, &profile->honour, &config->request.honour, 1))
        return 0;
    snprintf(key, sizeof key, "profiles[%zu].request.refuse", i);
    return load_list(fault, policy, key, &profile->refuse, &config->request.refuse, 0);
}

/* ---- deciding ---- */

static int has_word(const struct request_rules *rules, const char *word)
{
    for (size_t i = 0; i < rules->count; i++)
        if (strcmp(rules->rules[i].name, word) == 0)
            return 1;
    return 0;
}

static int has_oid(const struct request_rules *rules, struct bytes oid)
{
    for (size_t i = 0; i < rules->count; i++)
        if (bytes_equal(rules->rules[i].oid, oid))
            return 1;
    return 0;
}

int policy_honours(const struct profile *profile, struct bytes oid)
{
    return has_oid(&profile->honour, oid);
}

int policy_takes(const struct profile *profile, struct bytes oid)
{
    return !has_oid(&profile->refuse, oid) &&
           (policy_honours(profile, oid) || !has_word(&profile->refuse, "other"));
}

/* Within what the profile would give by itself, and never in the past. */
static int decide_validity(struct cmp_decision *decision, const struct profile *profile,
                           struct policy_certificate *out)
{
    const struct cert_template *tmpl = &decision->request->tmpl;
    int64_t from = tmpl->not_before, to = tmpl->not_after;

    if (!tmpl->has_validity)
        return 1;
    if (has_word(&profile->refuse, "validity"))
        return policy_by(decision, "request.refuse",
                         policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                                       "this profile lets no request choose its validity"));
    if (has_word(&profile->honour, "validity")) {
        if (from != TEMPLATE_NO_TIME && from > out->not_before)
            out->not_before = from;
        if (to != TEMPLATE_NO_TIME && to < out->not_after)
            out->not_after = to;
        if (out->not_after <= decision->now || out->not_before > out->not_after)
            return policy_by(
                decision, "certificate.validity_days",
                policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                              "the validity asked for is over, or outside what this profile grants"));
    }
    return 1;
}

/* What is asked for, as far as the profile has it, too. */
static int decide_key_usage(struct cmp_decision *decision, const struct profile *profile,
                            struct policy_certificate *out, struct bytes value)
{
    CBS cbs = cbs_of(value);
    uint64_t asked;

    if (!der_get_named_bits(&cbs, &asked) || CBS_len(&cbs) != 0)
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, "the keyUsage asked for is malformed");
    if (policy_honours(profile, extension_oid(EXTENSION_KEY_USAGE))) {
        if ((out->key_usage & asked) == 0)
            return policy_by(decision, "certificate.key_usage",
                             policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                                           "this profile grants nothing of the keyUsage asked for"));
        out->key_usage &= (unsigned)asked;
    }
    return 1;
}

static int keep_purposes(struct policy_certificate *out, CBS asked)
{
    struct bytes kept[POLICY_PURPOSES_MAX];
    size_t count = 0;
    CBS oid;

    while (CBS_len(&asked) != 0) {
        int found = 0;
        if (!CBS_get_asn1(&asked, &oid, CBS_ASN1_OBJECT))
            return 0;
        for (size_t i = 0; i < out->purpose_count; i++)
            if (bytes_equal(out->purposes[i], bytes_of_cbs(&oid)))
                found = 1;
        for (size_t i = 0; i < count; i++)
            if (bytes_equal(kept[i], bytes_of_cbs(&oid)))
                found = 0; /* asked for twice */
        if (found)
            kept[count++] = bytes_of_cbs(&oid); /* at most as many as the profile has */
    }
    memcpy(out->purposes, kept, count * sizeof kept[0]);
    out->purpose_count = count;
    return 1;
}

static int decide_purposes(struct cmp_decision *decision, const struct profile *profile,
                           struct policy_certificate *out, struct bytes value)
{
    struct policy_certificate kept = *out;
    CBS cbs = cbs_of(value), list;

    if (!CBS_get_asn1(&cbs, &list, CBS_ASN1_SEQUENCE) || CBS_len(&cbs) != 0 || CBS_len(&list) == 0 ||
        !keep_purposes(&kept, list))
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, "the extendedKeyUsage asked for is malformed");
    if (!policy_honours(profile, extension_oid(EXTENSION_EXTENDED_KEY_USAGE)))
        return 1;
    if (kept.purpose_count == 0)
        return policy_by(decision, "certificate.extended_key_usage",
                         policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                                       "this profile grants nothing of the extendedKeyUsage asked for"));
    *out = kept;
    return 1;
}

/* RFC 5280 4.2.1.9 and 4.2.1.3: whoever asks to be a CA is not told that he is none, but refused. */
static int asks_for_ca(const struct certificate_extension *asked)
{
    CBS cbs = cbs_of(asked->value), sequence;
    uint64_t usage;
    int is_ca;

    switch (extension_of(asked->oid)) {
    case EXTENSION_BASIC_CONSTRAINTS:
        return CBS_get_asn1(&cbs, &sequence, CBS_ASN1_SEQUENCE) && CBS_get_asn1_bool(&sequence, &is_ca) &&
               is_ca;
    case EXTENSION_KEY_USAGE:
        return der_get_named_bits(&cbs, &usage) &&
               (usage & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)) != 0;
    default:
        return 0;
    }
}

static int decide_extension(struct cmp_decision *decision, const struct profile *profile,
                            struct policy_certificate *out, const struct certificate_extension *asked)
{
    int honoured = policy_honours(profile, asked->oid);

    if (profile->cmp.config->cross == NULL && has_word(&profile->refuse, "ca") && asks_for_ca(asked))
        return policy_by(
            decision, "request.refuse",
            policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                          "this profile certifies no CA: leave out cA, keyCertSign and cRLSign"));
    if (!policy_takes(profile, asked->oid))
        return policy_by(decision, "request.refuse",
                         policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                                       arena_printf(decision->arena, "this profile takes no request for %s",
                                                    extension_name(decision->arena, asked->oid))));
    switch (extension_of(asked->oid)) {
    case EXTENSION_SUBJECT_ALT_NAME:
        return 1; /* names.c */
    case EXTENSION_KEY_USAGE:
        if (profile->cmp.config->cross != NULL) /* what is said of a CA is the profile's alone */
            return 1;
        return decide_key_usage(decision, profile, out, asked->value);
    case EXTENSION_EXTENDED_KEY_USAGE:
        return decide_purposes(decision, profile, out, asked->value);
    default:
        break;
    }
    /* What is said of a CA is the profile's alone. */
    if (!honoured ||
        (profile->cmp.config->cross != NULL && extension_of(asked->oid) == EXTENSION_CERTIFICATE_POLICIES))
        return 1;
    if (!der_is_strict(NULL, NULL, asked->value, BOUND_DER_DEPTH))
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE, "an extension asked for is not DER");
    if (extension_of(asked->oid) == EXTENSION_CERTIFICATE_POLICIES && !policies_are_well_formed(asked->value))
        return policy_refuse(decision, PKI_BAD_CERT_TEMPLATE,
                             "the certificatePolicies asked for are malformed");
    out->others[out->other_count++] = *asked;
    return 1;
}

int policy_decide_requests(struct cmp_decision *decision, const struct profile *profile,
                           struct policy_certificate *out)
{
    const struct cert_template *tmpl = &decision->request->tmpl;

    if (tmpl->issuer.len != 0 && has_word(&profile->refuse, "issuer") &&
        !name_equal(tmpl->issuer, profile->cmp.ca->cert.subject))
        return policy_by(
            decision, "request.refuse",
            policy_refuse(decision, PKI_WRONG_AUTHORITY, "issuer in certTemplate is not this CA"));
    if (!decide_validity(decision, profile, out))
        return 0;
    for (size_t i = 0; i < tmpl->extension_count; i++)
        if (!decide_extension(decision, profile, out, &tmpl->extensions[i]))
            return 0;
    return 1;
}
