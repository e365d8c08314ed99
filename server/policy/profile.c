/* A profile from the configuration: whom it trusts, and what its certificates contain. */
#include <stdio.h>

#include "server/policy/internal.h"

enum { SETTING = 96, INTERMEDIATES_MAX = 64, ANCHORS_MAX = 64 };

/* id-kp (RFC 5280 4.2.1.12, RFC 4945 5.1.3.12, RFC 9480 2.2), by the names that the configuration uses. */
static const struct {
    const char *name, *oid;
} purposes[] = {
    {"serverAuth", "1.3.6.1.5.5.7.3.1"},     {"clientAuth", "1.3.6.1.5.5.7.3.2"},
    {"codeSigning", "1.3.6.1.5.5.7.3.3"},    {"emailProtection", "1.3.6.1.5.5.7.3.4"},
    {"ipsecEndSystem", "1.3.6.1.5.5.7.3.5"}, {"timeStamping", "1.3.6.1.5.5.7.3.8"},
    {"ocspSigning", "1.3.6.1.5.5.7.3.9"},    {"ipsecIKE", "1.3.6.1.5.5.7.3.17"},
    {"cmcCA", "1.3.6.1.5.5.7.3.27"},         {"cmcRA", "1.3.6.1.5.5.7.3.28"},
};

static int load_usage(struct config_fault *fault, struct policy *policy, struct profile *profile, size_t i)
{
    const struct config_profile *config = profile->config;
    char key[SETTING];

    for (size_t u = 0; u < config->key_usage_count; u++) {
        unsigned bit = key_usage_named(config->key_usage[u]);
        snprintf(key, sizeof key, "profiles[%zu].key_usage[%zu]", i, u);
        if (bit == 0)
            return config_fault_at(fault, policy->config, key,
                                   "unknown key usage '%s'; write one of RFC 5280 4.2.1.3, "
                                   "such as digitalSignature",
                                   config->key_usage[u]);
        if ((bit & (KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN)) != 0)
            return config_fault_at(fault, policy->config, key,
                                   "'%s' is for CAs, and profiles issue to devices; remove it",
                                   config->key_usage[u]);
        profile->key_usage |= bit;
    }
    for (size_t p = 0; p < config->extended_key_usage_count; p++) {
        const char *text = config->extended_key_usage[p];
        size_t len = POLICY_OID_MAX;
        snprintf(key, sizeof key, "profiles[%zu].extended_key_usage[%zu]", i, p);
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
    for (size_t k = 0; k < config->key_type_count; k++) {
        const struct key_algorithm *algorithm = key_algorithm_named(config->key_types[k]);
        snprintf(key, sizeof key, "profiles[%zu].key_types[%zu]", i, k);
        if (algorithm == NULL)
            return config_fault_at(fault, policy->config, key,
                                   "unknown key type '%s'; write P-256, P-384, P-521, RSA or Ed25519",
                                   config->key_types[k]);
        profile->key_kinds |= 1u << algorithm->kind;
    }
    return 1;
}

static size_t find_vendor(const struct config *config, const char *name)
{
    for (size_t v = 0; v < config->vendor_count; v++)
        if (strcmp(config->vendors[v].name, name) == 0)
            return v;
    return SIZE_MAX; /* cannot be: config_load resolved the name */
}

static int add_anchors(struct config_fault *fault, struct policy *policy, struct profile *profile, size_t v)
{
    const struct config_vendor *vendor = &policy->config->vendors[v];
    struct bytes ders[ANCHORS_MAX];
    char key[SETTING];

    for (size_t a = 0; a < vendor->anchor_count; a++) {
        snprintf(key, sizeof key, "vendors[%zu].anchors[%zu]", v, a);
        size_t count = policy_read_pem(fault, policy, key, vendor->anchors[a], ders, ANCHORS_MAX);
        if (count == 0)
            return 0;
        for (size_t c = 0; c < count; c++)
            if (!trust_add(&profile->trust, ders[c], 1))
                return config_fault_at(fault, policy->config, key,
                                       "certificate %zu has a key that is not supported", c + 1);
    }
    return 1;
}

/* Verified here, up to an anchor, so that no message has to do it again. */
static int add_intermediates(struct config_fault *fault, struct policy *policy, struct profile *profile,
                             size_t v, int64_t now)
{
    const struct config_vendor *vendor = &policy->config->vendors[v];
    struct bytes ders[INTERMEDIATES_MAX];
    struct certificate cert;
    struct path path;
    char key[SETTING];

    for (size_t f = 0; f < vendor->intermediate_count; f++) {
        snprintf(key, sizeof key, "vendors[%zu].intermediates[%zu]", v, f);
        size_t count = policy_read_pem(fault, policy, key, vendor->intermediates[f], ders, INTERMEDIATES_MAX);
        if (count == 0)
            return 0;
        for (size_t c = 0; c < count; c++) {
            enum path_fault found;
            int valid = 0;
            certificate_parse(&cert, ders[c]);
            for (unsigned attempt = 0; !valid && attempt < BOUND_PATH_ATTEMPTS; attempt++) {
                struct verification *links[BOUND_CHAIN];
                found = path_build(&path, &profile->trust, &cert, NULL, 0, now, attempt);
                valid = found == PATH_OK;
                for (size_t l = 0; l < path.count; l++)
                    links[l] = &path.links[l];
                verify_batch(links, path.count);
                for (size_t l = 0; l < path.count; l++)
                    valid &= path.links[l].valid;
                path_cleanup(&path);
                if (found != PATH_OK)
                    break;
            }
            if (!valid || !cert.is_ca || !trust_add(&profile->trust, ders[c], 0))
                return config_fault_at(
                    fault, policy->config, key,
                    "certificate %zu was not issued by an anchor of this vendor, is expired, or is "
                    "no CA; list issuers before those they issued",
                    c + 1);
        }
    }
    return 1;
}

int policy_load_profile(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_profile *config = &policy->config->profiles[i];
    struct profile *profile = &policy->profiles[i];
    char key[SETTING];

    profile->config = config;
    if (!load_usage(fault, policy, profile, i))
        return 0;
    for (size_t n = 0; n < config->vendor_count; n++) {
        size_t v = find_vendor(policy->config, config->vendors[n]);
        if (v == SIZE_MAX || !add_anchors(fault, policy, profile, v) ||
            !add_intermediates(fault, policy, profile, v, now))
            return 0;
    }
    if (config->mac && policy->seal_key == NULL) {
        snprintf(key, sizeof key, "profiles[%zu].mac", i);
        return config_fault_at(fault, policy->config, key,
                               "shared secrets are sealed in the store; name a file in seal_key");
    }
    profile->cmp = (struct cmp_profile){
        .name = config->name,
        .ca = policy_authority(policy, config->ca),
        .trust = &profile->trust,
        .own_certificates = config->own_certificates,
        .mac = config->mac,
        .sha1_owf = config->sha1_owf,
        .mac_iterations_min = config->mac_iterations_min,
        .mac_iterations_max = config->mac_iterations_max,
        .implicit_confirm = config->implicit_confirm,
        .confirm_wait_seconds = config->confirm_wait_seconds,
        .message_time_seconds = config->message_time_seconds,
    };
    /* The CA's own certificates end at the CA: trusted for this profile, and looked up in the store besides.
     */
    if (config->own_certificates && !trust_add(&profile->trust, profile->cmp.ca->cert.der, 1))
        return config_fault_at(fault, policy->config, "profiles", "out of memory");
    return 1;
}
