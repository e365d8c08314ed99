/* A policy from its loading to its last user: keys and CAs first, then listeners and profiles, then its hash.
 */
#include "server/policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crl_set.h"
#include "crypto/engine.h"
#include "crypto/pem.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "server/base/file.h"
#include "server/policy/internal.h"

enum { ARENA_LIMIT = 256 * 1024 * 1024 };

static int load_seal_key(struct config_fault *fault, struct policy *policy)
{
    const char *path = policy->config->seal_key;
    uint8_t *text;
    size_t len;

    if (path == NULL)
        return 1;
    if (!policy_read_private(fault, policy, "seal_key", path, &text, &len))
        return 0;
    policy->seal_key = seal_key_parse(bytes_of(text, len));
    secret_wipe(text, len);
    free(text);
    return policy->seal_key != NULL ||
           config_fault_at(fault, policy->config, "seal_key",
                           "%s must hold 64 hexadecimal digits; make one with: openssl rand -hex 32", path);
}

/* |serving|: what listeners go on with where their files cannot be used; NULL: they have to be. */
static int load(struct config_fault *fault, struct policy *policy, const struct policy *serving, int64_t now)
{
    const struct config *config = policy->config;

    if (!load_seal_key(fault, policy) || !policy_check_operator(fault, policy))
        return 0;
    if (!policy_load_listeners(fault, policy, now)) {
        if (serving == NULL)
            return 0;
        policy->tls_stamp = serving->tls_stamp;
    }
    memset(policy->digest, 0, sizeof policy->digest); /* what was read for listeners is the node's own */
    for (size_t i = 0; i < config->ca_count; i++)
        if (!policy_load_authority(fault, policy, i, now))
            return 0;
    if (!policy_check_identities(fault, policy) || !policy_load_crls(fault, policy) ||
        !policy_load_blocked(fault, policy) || !policy_load_vendor_crls(fault, policy, now) ||
        !policy_load_approvers(fault, policy) || !policy_load_upstreams(fault, policy))
        return 0;
    for (size_t i = 0; i < config->profile_count; i++) {
        if (!policy_load_profile(fault, policy, i, now))
            return 0;
        policy->profiles[i].cmp.counts = tolerance_counts_of(TOLERANCE_OF_PROFILE, config->profiles[i].name);
        policy->profiles[i].cmp.number = metric_name_number(&cmp_profile_names, config->profiles[i].name);
        policy->profile_list[i] = &policy->profiles[i].cmp;
        if (strcmp(config->default_profile, config->profiles[i].name) == 0)
            policy->settings.default_profile = policy->profile_list[i];
    }
    policy_link_profiles(policy);
    for (size_t v = 0; v < config->vendor_count; v++)
        policy->vendor_counts[v] = tolerance_counts_of(TOLERANCE_OF_VENDOR, config->vendors[v].name);
    policy->settings.vendor_counts = policy->vendor_counts;
    policy->settings.profiles = policy->profile_list;
    policy->settings.profile_count = config->profile_count;
    policy->settings.vendors = config->vendors;
    policy->settings.vendor_count = config->vendor_count;
    policy->settings.seal_key = policy->seal_key;
    return policy_note_crls(policy) || config_fault_at(fault, config, "crl", "out of memory");
}

static void policy_free(struct policy *policy)
{
    for (size_t i = 0; policy->authorities != NULL && i < policy->config->ca_count; i++) {
        private_key_free(policy->authorities[i].key);
        private_key_free(policy->authorities[i].cmp_key);
        private_key_free(policy->authorities[i].crl_key);
        private_key_free(policy->authorities[i].former_key);
    }
    for (size_t i = 0; policy->profiles != NULL && i < policy->config->profile_count; i++) {
        trust_cleanup(&policy->profiles[i].trust);
        trust_cleanup(&policy->profiles[i].ras);
        trust_cleanup(&policy->profiles[i].agent_trust);
        policy_free_authorizer(&policy->profiles[i]);
    }
    for (size_t i = 0; policy->vendor_crls != NULL && i < policy->config->vendor_count; i++)
        crl_set_free(policy->vendor_crls[i]);
    policy_free_approvers(policy);
    trust_cleanup(&policy->upstream_trust);
    free(policy->vendor_crls);
    free(policy->vendor_counts);
    free(policy->expiries);
    policy_renewals_release(policy->renewals);
    cmp_recorded_free(policy->settings.recorded);
    free(policy->authorities);
    free(policy->profiles);
    free(policy->profile_list);
    seal_key_free(policy->seal_key);
    arena_free(policy->arena);
    config_free(policy->config);
    free(policy);
}

static struct policy *load_with(struct config_fault *fault, struct config *config,
                                struct policy_renewals *renewals, const struct policy *serving, int64_t now)
{
    struct policy *policy = calloc(1, sizeof *policy);

    snprintf(fault->text, sizeof fault->text, "out of memory");
    if (policy == NULL) {
        config_free(config);
        return NULL;
    }
    atomic_init(&policy->users, 1);
    policy->config = config;
    policy->renewals = policy_renewals_acquire(renewals);
    policy->loaded_at = now;
    policy->arena = arena_new(ARENA_LIMIT);
    policy->authorities = calloc(config->ca_count, sizeof *policy->authorities);
    policy->profiles = calloc(config->profile_count, sizeof *policy->profiles);
    policy->profile_list = calloc(config->profile_count, sizeof(const struct cmp_profile *));
    policy->vendor_crls = calloc(config->vendor_count + 1, sizeof(struct crl_set *));
    policy->vendor_counts = calloc(config->vendor_count + 1, sizeof(struct tolerance_counts *));
    policy->settings.recorded = cmp_recorded_new();
    if (policy->settings.recorded == NULL || policy->vendor_crls == NULL || policy->vendor_counts == NULL ||
        policy->arena == NULL || policy->authorities == NULL || policy->profiles == NULL ||
        policy->profile_list == NULL || !load(fault, policy, serving, now)) {
        policy_free(policy);
        return NULL;
    }
    policy_hash_finish(policy);
    return policy;
}

struct policy *policy_load(struct config_fault *fault, struct config *config, int64_t now)
{
    return load_with(fault, config, NULL, NULL, now);
}

static struct policy *start_with(struct config_fault *fault, struct config *config,
                                 struct policy_renewals *renewals, int64_t now)
{
    char text[ENGINE_FAULT_MAX];

    if (!engines_start(text, config->engines.items, config->engines.count)) {
        config_fault_at(fault, config, "engines", "%s", text);
        config_free(config);
        return NULL;
    }
    return load_with(fault, config, renewals, NULL, now);
}

struct policy *policy_start(struct config_fault *fault, struct config *config, int64_t now)
{
    return start_with(fault, config, NULL, now);
}

struct policy *policy_load_file(struct config_fault *fault, const char *path, int64_t now)
{
    struct config *config = config_load(fault, path);

    return config != NULL ? policy_start(fault, config, now) : NULL;
}

struct policy *policy_load_next(struct config_fault *fault, const struct policy *policy, const char *path,
                                int64_t now)
{
    struct config *config = config_load(fault, path);

    return config != NULL ? start_with(fault, config, policy->renewals, now) : NULL;
}

static struct policy *load_text(struct config_fault *fault, const struct policy *policy, const char *path,
                                struct policy_renewals *renewals, const struct policy *serving, int64_t now)
{
    struct config *config;
    const char *text;
    size_t len;

    config_text(policy->config, &text, &len);
    config = config_load_text(fault, path, text, len);
    return config != NULL ? load_with(fault, config, renewals, serving, now) : NULL;
}

struct policy *policy_load_again(struct config_fault *fault, const struct policy *policy, const char *path,
                                 int64_t now)
{
    return load_text(fault, policy, path, policy->renewals, policy, now);
}

/* Where another file has become unusable since |policy| was loaded, it is judged as of then. If that is not
 * why it does not load, the fault of today is told. */
static struct policy *load_now_or_then(struct config_fault *fault, const struct policy *policy,
                                       const char *path, struct policy_renewals *renewals,
                                       const struct policy *serving, int64_t now)
{
    struct policy *newer = load_text(fault, policy, path, renewals, serving, now);
    struct config_fault then;

    return newer != NULL ? newer : load_text(&then, policy, path, renewals, serving, policy->loaded_at);
}

struct policy *policy_load_renewed(struct config_fault *fault, const struct policy *policy, const char *path,
                                   struct policy_renewals *renewals, int64_t now)
{
    return load_now_or_then(fault, policy, path, renewals, policy, now);
}

struct policy *policy_load_tls(struct config_fault *fault, const struct policy *policy, const char *path,
                               int64_t now)
{
    return load_now_or_then(fault, policy, path, policy->renewals, NULL, now);
}

struct policy *policy_acquire(struct policy *policy)
{
    atomic_fetch_add_explicit(&policy->users, 1, memory_order_relaxed);
    return policy;
}

void policy_release(struct policy *policy)
{
    if (policy != NULL && atomic_fetch_sub_explicit(&policy->users, 1, memory_order_acq_rel) == 1)
        policy_free(policy);
}

const struct config *policy_config(const struct policy *policy)
{
    return policy->config;
}

const char *policy_hash(const struct policy *policy)
{
    return policy->hash;
}

const struct cmp_settings *policy_settings(const struct policy *policy)
{
    return &policy->settings;
}
