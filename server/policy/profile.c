/* A profile from the configuration: whom it trusts, and what its certificates contain. */
#include <stdio.h>

#include "crypto/extension_names.h"
#include "server/base/shard.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

/* id-kp (RFC 5280 4.2.1.12, RFC 4945 5.1.3.12, RFC 9480 2.2, RFC 9509), and IKE intermediate, which older
 * gateways want; by the names that the configuration uses. */
static const struct {
    const char *name, *oid;
} purposes[] = {
    {"serverAuth", "1.3.6.1.5.5.7.3.1"},
    {"clientAuth", "1.3.6.1.5.5.7.3.2"},
    {"codeSigning", "1.3.6.1.5.5.7.3.3"},
    {"emailProtection", "1.3.6.1.5.5.7.3.4"},
    {"ipsecEndSystem", "1.3.6.1.5.5.7.3.5"},
    {"timeStamping", "1.3.6.1.5.5.7.3.8"},
    {"ocspSigning", "1.3.6.1.5.5.7.3.9"},
    {"ipsecIKE", "1.3.6.1.5.5.7.3.17"},
    {"cmcCA", "1.3.6.1.5.5.7.3.27"},
    {"cmcRA", "1.3.6.1.5.5.7.3.28"},
    {"jwt", "1.3.6.1.5.5.7.3.37"},
    {"httpContentEncrypt", "1.3.6.1.5.5.7.3.38"},
    {"oauthAccessTokenSigning", "1.3.6.1.5.5.7.3.39"},
    {"ikeIntermediate", "1.3.6.1.5.5.8.2.2"},
};

static int load_usage(struct config_fault *fault, struct policy *policy, struct profile *profile, size_t i)
{
    const struct config_list *usages = &profile->cmp.config->certificate.key_usage;
    char key[SETTING];

    for (size_t u = 0; u < usages->count; u++) {
        unsigned bit = key_usage_named(usages->items[u]);
        snprintf(key, sizeof key, "profiles[%zu].certificate.key_usage[%zu]", i, u);
        if (bit == 0)
            return config_fault_at(fault, policy->config, key,
                                   "unknown key usage '%s'; write one of RFC 5280 4.2.1.3, "
                                   "such as digitalSignature",
                                   usages->items[u]);
        if ((bit & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)) != 0)
            return config_fault_at(fault, policy->config, key,
                                   "'%s' is for CAs, and profiles issue to devices; remove it",
                                   usages->items[u]);
        profile->key_usage |= bit;
    }
    return 1;
}

static int load_purposes(struct config_fault *fault, struct policy *policy, struct profile *profile, size_t i)
{
    const struct config_list *names = &profile->cmp.config->certificate.extended_key_usage;
    char key[SETTING];

    for (size_t p = 0; p < names->count; p++) {
        const char *text = names->items[p];
        size_t len = POLICY_OID_MAX;
        snprintf(key, sizeof key, "profiles[%zu].certificate.extended_key_usage[%zu]", i, p);
        for (size_t n = 0; n < sizeof purposes / sizeof purposes[0]; n++)
            if (strcmp(text, purposes[n].name) == 0)
                text = purposes[n].oid;
        if (p == POLICY_PURPOSES_MAX || !der_oid_parse(profile->purpose_oids[p], &len, text))
            return config_fault_at(
                fault, policy->config, key,
                "unknown purpose '%s'; write serverAuth, clientAuth, ipsecIKE or a dotted OID, at "
                "most %d of them",
                text, POLICY_PURPOSES_MAX);
        profile->purposes[profile->purpose_count++] = bytes_of(profile->purpose_oids[p], len);
    }
    return 1;
}

/* What RFC 5280 lets a profile choose; of the others it says how they are. */
static const struct {
    enum extension extension;
    const char *forbidden; /* by which clause; NULL: it may be critical */
} criticalities[] = {
    {EXTENSION_BASIC_CONSTRAINTS, NULL},
    {EXTENSION_KEY_USAGE, NULL},
    {EXTENSION_EXTENDED_KEY_USAGE, NULL},
    {EXTENSION_SUBJECT_ALT_NAME, NULL},
    {EXTENSION_AUTHORITY_KEY_IDENTIFIER, "RFC 5280 4.2.1.1 forbids it to be"},
    {EXTENSION_SUBJECT_KEY_IDENTIFIER, "RFC 5280 4.2.1.2 forbids it to be"},
    {EXTENSION_AUTHORITY_INFO_ACCESS, "RFC 5280 4.2.2.1 forbids it to be"},
    {EXTENSION_CRL_DISTRIBUTION_POINTS, "by RFC 5280 4.2.1.13 it should not be"},
    {EXTENSION_CERTIFICATE_POLICIES, "it is what the request that asks for it says"},
};

static int load_criticality(struct config_fault *fault, struct policy *policy, struct profile *profile,
                            size_t i)
{
    enum { COUNT = sizeof criticalities / sizeof criticalities[0] };
    const struct config_list *names = &profile->cmp.config->certificate.critical;
    unsigned critical = 0;
    char key[SETTING];

    for (size_t n = 0; n < names->count; n++) {
        enum extension extension = extension_named(names->items[n]);
        size_t c = 0;
        snprintf(key, sizeof key, "profiles[%zu].certificate.critical[%zu]", i, n);
        while (c < COUNT && criticalities[c].extension != extension)
            c++;
        if (c < COUNT && criticalities[c].forbidden != NULL)
            return config_fault_at(fault, policy->config, key, "%s cannot be made critical: %s; remove it",
                                   names->items[n], criticalities[c].forbidden);
        if (c == COUNT)
            return config_fault_at(fault, policy->config, key,
                                   "'%s' is no extension that a profile may mark critical; write "
                                   "basicConstraints, keyUsage, extendedKeyUsage or subjectAltName",
                                   names->items[n]);
        critical |= 1u << extension;
    }
    profile->criticality = critical ^ CERTIFICATE_CRITICAL;
    return 1;
}

static int load_key_types(struct config_fault *fault, struct policy *policy, struct profile *profile,
                          size_t i)
{
    const struct config_list *types = &profile->cmp.config->keys.types;
    char key[SETTING];

    for (size_t k = 0; k < types->count; k++) {
        const struct key_algorithm *algorithm = key_algorithm_named(types->items[k]);
        snprintf(key, sizeof key, "profiles[%zu].keys.types[%zu]", i, k);
        if (algorithm == NULL)
            return config_fault_at(fault, policy->config, key,
                                   "unknown key type '%s'; write P-256, P-384, P-521, RSA or Ed25519",
                                   types->items[k]);
        profile->key_kinds |= 1u << algorithm->kind;
    }
    return 1;
}

static int prepare_urls(struct bytes *out, struct arena *arena, const struct config_urls *config,
                        unsigned shard)
{
    const char **crl = arena_alloc(arena, (config->crl.count + 1) * sizeof *crl);
    const struct certificate_urls urls = {
        .crl = crl,
        .crl_count = config->crl.count,
        .delta_crl = config->delta_crl.items,
        .delta_crl_count = config->delta_crl.count,
        .ocsp = config->ocsp.items,
        .ocsp_count = config->ocsp.count,
        .issuer = config->issuer.items,
        .issuer_count = config->issuer.count,
        .no_rev_avail = config->no_rev_avail,
    };

    if (crl == NULL)
        return 0;
    for (size_t i = 0; i < config->crl.count; i++) {
        struct bytes url;
        if (!shard_url(&url, arena, bytes_str(config->crl.items[i]), shard))
            return 0;
        crl[i] = (const char *)url.data;
    }
    return certificate_prepare_urls(out, arena, &urls);
}

/* No request can change these: they are encoded once. */
static int load_urls(struct config_fault *fault, struct policy *policy, struct profile *profile)
{
    const struct config_list *crl = &profile->cmp.config->urls.crl;
    unsigned first, last;

    profile->shards = crl->count != 0 && shard_is_named(crl->items[0]) ? policy->config->crl.shards : 0;
    first = profile->shards != 0;
    last = profile->shards;
    profile->urls = arena_alloc(policy->arena, (last + 1) * sizeof *profile->urls);
    for (unsigned shard = first; profile->urls != NULL && shard <= last; shard++)
        if (!prepare_urls(&profile->urls[shard], policy->arena, &profile->cmp.config->urls, shard))
            profile->urls = NULL;
    return profile->urls != NULL || config_fault_at(fault, policy->config, "profiles", "out of memory");
}

/* What stands in extraCerts after the CA's own chain. */
static int load_extra_certs(struct config_fault *fault, struct policy *policy, struct profile *profile,
                            size_t i)
{
    const struct config_list *files = &profile->cmp.config->answer.extra_certs;
    char key[SETTING];

    for (size_t n = 0; n < files->count; n++) {
        size_t room = BOUND_EXTRA_CERTS - profile->extra_cert_count;
        snprintf(key, sizeof key, "profiles[%zu].answer.extra_certs[%zu]", i, n);
        if (room == 0)
            return config_fault_at(fault, policy->config, key, "more than %d certificates; name fewer",
                                   BOUND_EXTRA_CERTS);
        size_t count = policy_read_pem(fault, policy, key, files->items[n],
                                       profile->extra_certs + profile->extra_cert_count, room);
        if (count == 0)
            return 0;
        profile->extra_cert_count += count;
    }
    return 1;
}

int policy_load_profile(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_profile *config = &policy->config->profiles[i];
    struct profile *profile = &policy->profiles[i];
    char key[SETTING];

    profile->cmp.config = config;
    if (!load_usage(fault, policy, profile, i) || !load_purposes(fault, policy, profile, i) ||
        !load_criticality(fault, policy, profile, i) || !load_key_types(fault, policy, profile, i) ||
        !policy_load_names(fault, policy, i) || !policy_load_requests(fault, policy, i) ||
        !policy_load_nf_types(fault, policy, i) || !policy_load_authorizer(fault, policy, i) ||
        !load_urls(fault, policy, profile) || !load_extra_certs(fault, policy, profile, i) ||
        !policy_load_vendors(fault, policy, &profile->trust, &config->accept.vendors, now) ||
        !policy_load_vendors(fault, policy, &profile->ras, &config->accept.ras, now) ||
        !policy_check_devices(fault, policy, i))
        return 0;
    if (config->mac.allowed && policy->seal_key == NULL) {
        snprintf(key, sizeof key, "profiles[%zu].mac.allowed", i);
        return config_fault_at(fault, policy->config, key,
                               "shared secrets are sealed in the store; name a file in seal_key");
    }
    if (config->accept.find_signer && config->accept.header == CONFIG_HEADER_RFC9483) {
        snprintf(key, sizeof key, "profiles[%zu].accept.find_signer", i);
        return config_fault_at(fault, policy->config, key,
                               "header: rfc9483 wants the protecting certificate in extraCerts (RFC 9483 "
                               "3.3); write find_signer: false, or header: rfc9810");
    }
    /* A unit swaps one claim. */
    if (config->update.by_request && config->mac.open != 0) {
        snprintf(key, sizeof key, "profiles[%zu].mac.open", i);
        return config_fault_at(fault, policy->config, key,
                               "a certificate of a shared secret is counted by open or found again by its "
                               "names (update.by_request), not both; write open: 0, or by_request: false");
    }
    /* Whoever never confirms would keep both. */
    if (config->update.predecessor == CONFIG_PREDECESSOR_REVOKE &&
        config->confirm.unconfirmed == CONFIG_UNCONFIRMED_KEEP) {
        snprintf(key, sizeof key, "profiles[%zu].update.predecessor", i);
        return config_fault_at(
            fault, policy->config, key,
            "'revoke' waits for the certConf that confirm.unconfirmed: keep does not wait for; "
            "write unconfirmed: revoke or hold, or predecessor: keep");
    }
    profile->cmp = (struct cmp_profile){
        .config = config,
        .ca = policy_authority(policy, config->ca),
        .trust = &profile->trust,
        .ras = config->accept.ras.count != 0 ? &profile->ras : NULL,
        .agent_trust = &profile->agent_trust,
        .authorizer = profile->authorizer.config != NULL ? &profile->authorizer : NULL,
        .extra_certs = profile->extra_certs,
        .extra_cert_count = profile->extra_cert_count,
    };
    /* The CA's own certificates end at the CA: trusted for this profile, and looked up in the store besides.
     * What CAs have issued that this one has certified is none of its own. */
    if (config->accept.own_certificates && !trust_add_direct(&profile->trust, profile->cmp.ca->cert.der))
        return config_fault_at(fault, policy->config, "profiles", "out of memory");
    return policy_load_algorithms(fault, policy, i) && policy_load_agents(fault, policy, i) &&
           policy_load_cross(fault, policy, i) && policy_load_general(fault, policy, i, now);
}

void policy_link_profiles(struct policy *policy)
{
    const struct config *config = policy->config;

    for (size_t i = 0; i < config->profile_count; i++)
        for (size_t j = 0; config->profiles[i].former != NULL && j < config->profile_count; j++)
            if (strcmp(config->profiles[i].former, config->profiles[j].name) == 0)
                policy->profiles[i].cmp.former = &policy->profiles[j].cmp;
}
