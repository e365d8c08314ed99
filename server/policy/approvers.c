/* Approvers: whose word lets a request go on that waits (approvers, and approve of a profile). */
#include <stdio.h>

#include "crypto/name_patterns.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

static int load_approver(struct config_fault *fault, struct policy *policy, size_t a)
{
    const struct config_approver *config = &policy->config->approvers[a];
    struct cmp_approver *approver = &policy->approvers[a];
    struct bytes der;
    char key[SETTING];

    snprintf(key, sizeof key, "approvers[%zu].certificate", a);
    if (!policy_read_certificate(fault, policy, key, config->certificate, &der))
        return 0;
    if (!certificate_parse(&approver->cert, der) ||
        (approver->key = policy->approver_keys[a] = public_key_parse(approver->cert.spki)) == NULL)
        return config_fault_at(fault, policy->config, key, "the key in %s is not supported",
                               config->certificate);
    approver->config = config;
    digest_compute(approver->key_hash, DIGEST_SHA256, approver->cert.spki);
    /* Two approvals are to be two people's. */
    for (size_t b = 0; b < a; b++)
        if (bytes_equal(policy->approvers[b].cert.spki, approver->cert.spki))
            return config_fault_at(fault, policy->config, key,
                                   "approver \"%s\" has the same key; give each approver a key of their own",
                                   policy->approvers[b].config->name);
    return 1;
}

static int check_names(struct config_fault *fault, const struct policy *policy, size_t i)
{
    const struct config_list *names = &policy->config->profiles[i].approve.names;
    char key[SETTING];

    for (size_t n = 0; n < names->count; n++) {
        snprintf(key, sizeof key, "profiles[%zu].approve.names[%zu]", i, n);
        if (!name_pattern_is_good(names->items[n]))
            return config_fault_at(fault, policy->config, key,
                                   "'%s' is no pattern of a name; write ATTRIBUTE=VALUE such as "
                                   "\"CN=*.gnb.example\", DNS:VALUE, URI:VALUE, email:VALUE or IP:ADDRESS, "
                                   "with one * or none",
                                   names->items[n]);
    }
    return 1;
}

int policy_load_approvers(struct config_fault *fault, struct policy *policy)
{
    const struct config *config = policy->config;

    for (size_t a = 0; a < config->approver_count; a++)
        if (!load_approver(fault, policy, a))
            return 0;
    for (size_t i = 0; i < config->profile_count; i++)
        if (!check_names(fault, policy, i))
            return 0;
    policy->settings.approvers = policy->approvers;
    policy->settings.approver_count = config->approver_count;
    return 1;
}

void policy_free_approvers(struct policy *policy)
{
    for (size_t a = 0; a < BOUND_APPROVERS; a++)
        public_key_free(policy->approver_keys[a]);
}
