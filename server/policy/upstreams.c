/* Upstreams: CAs whose announcements are taken (upstream). */
#include <stdio.h>

#include "server/policy/internal.h"

enum { SETTING = 96 };

static int add(struct config_fault *fault, struct policy *policy, const char *key, const char *file,
               const char *name, struct bytes der)
{
    struct cmp_settings *settings = &policy->settings;
    const struct cmp_upstream *known = policy->upstreams;
    struct certificate cert;

    for (size_t i = 0; i < settings->upstream_count; i++)
        if (bytes_equal(known[i].certificate, der))
            return config_fault_at(fault, policy->config, key,
                                   "%s holds a certificate that upstream has already; name it once", file);
    if (!certificate_parse(&cert, der) || !trust_add(&policy->upstream_trust, der, 1))
        return config_fault_at(fault, policy->config, key, "the key in %s is not supported", file);
    if (cert.has_key_usage && (cert.key_usage & KEY_USAGE_DIGITAL_SIGNATURE) == 0)
        return config_fault_at(fault, policy->config, key,
                               "keyUsage of the certificate in %s lacks digitalSignature; name the one that "
                               "signs the messages of this CA",
                               file);
    policy->upstreams[settings->upstream_count++] = (struct cmp_upstream){name, der};
    return 1;
}

static int load(struct config_fault *fault, struct policy *policy, size_t u)
{
    const struct config_upstream *config = &policy->config->upstreams[u];
    struct bytes der;
    char key[SETTING];

    for (size_t f = 0; f < config->certificates.count; f++) {
        const char *file = config->certificates.items[f];
        snprintf(key, sizeof key, "upstream[%zu].certificates[%zu]", u, f);
        if (policy->settings.upstream_count == BOUND_UPSTREAM_CERTIFICATES)
            return config_fault_at(fault, policy->config, key,
                                   "upstream has more than %d certificates in all; name fewer",
                                   BOUND_UPSTREAM_CERTIFICATES);
        if (!policy_read_certificate(fault, policy, key, file, &der) ||
            !add(fault, policy, key, file, config->name, der))
            return 0;
    }
    return 1;
}

int policy_load_upstreams(struct config_fault *fault, struct policy *policy)
{
    for (size_t u = 0; u < policy->config->upstream_count; u++)
        if (!load(fault, policy, u))
            return 0;
    policy->settings.upstreams = policy->upstreams;
    policy->settings.upstream_trust = &policy->upstream_trust;
    return 1;
}
