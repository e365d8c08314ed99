#include "server/policy/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/engine.h"
#include "crypto/pem.h"
#include "crypto/random.h"
#include "crypto/token.h"
#include "server/base/file.h"
#include "server/policy/internal.h"

enum { FILE_LIMIT = 1024 * 1024, ARENA_LIMIT = 256 * 1024 * 1024 };

struct pem_list {
    struct policy *policy;
    struct bytes *out;
    size_t count, max;
    int failed;
};

static int keep_certificate(void *arg, struct bytes der)
{
    struct pem_list *list = arg;

    if (list->count == list->max)
        return 0;
    list->out[list->count] = arena_copy(list->policy->arena, der);
    if (list->out[list->count].data == NULL) {
        list->failed = 1;
        return 0;
    }
    list->count++;
    return 1;
}

size_t policy_read_pem(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                       struct bytes *out, size_t max)
{
    struct pem_list list = {policy, out, 0, max, 0};
    struct certificate parsed;
    uint8_t *text;
    size_t len, given;

    if (!file_read(&text, &len, path, FILE_LIMIT)) {
        config_fault_at(fault, policy->config, key, "cannot read %s: %s; name a PEM file of certificates",
                        path, strerror(errno));
        return 0;
    }
    given = pem_each_certificate(bytes_of(text, len), keep_certificate, &list);
    free(text);
    if (given == 0 || list.count == 0 || list.failed) {
        config_fault_at(fault, policy->config, key,
                        "%s holds no certificate, or a damaged one; name a PEM file of certificates", path);
        return 0;
    }
    /* Of one that is asked for, a chain may follow; of a list, none may be left out in silence. */
    if (max > 1 && given > max) {
        config_fault_at(fault, policy->config, key, "%s holds more than %zu certificates; split it", path,
                        max);
        return 0;
    }
    for (size_t i = 0; i < list.count; i++)
        if (!certificate_parse(&parsed, out[i])) {
            config_fault_at(fault, policy->config, key, "certificate %zu of %s is malformed; replace it",
                            i + 1, path);
            return 0;
        }
    for (size_t i = 0; i < list.count; i++)
        policy_hash_file(policy, out[i]);
    return list.count;
}

/* A key that others can read is no secret any more: refused, not warned about. */
static int read_private(struct config_fault *fault, struct policy *policy, const char *key, const char *path,
                        uint8_t **text, size_t *len)
{
    if (!file_read(text, len, path, FILE_LIMIT)) {
        config_fault_at(fault, policy->config, key, "cannot read %s: %s", path, strerror(errno));
        return 0;
    }
    errno = 0;
    if (!file_is_private(path)) {
        config_fault_at(fault, policy->config, key, "others can read %s; run chmod 600 on it", path);
        secret_wipe(*text, *len);
        free(*text);
        return 0;
    }
    return 1;
}

struct private_key *policy_read_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *path)
{
    struct private_key *parsed;
    uint8_t *text;
    size_t len;

    if (!read_private(fault, policy, key, path, &text, &len))
        return NULL;
    parsed = private_key_from_pem(bytes_of(text, len));
    secret_wipe(text, len);
    free(text);
    if (parsed == NULL)
        config_fault_at(fault, policy->config, key,
                        "%s is no unencrypted private key in PEM (EC P-256, P-384, P-521, RSA or Ed25519)",
                        path);
    return parsed;
}

struct private_key *policy_open_key(struct config_fault *fault, struct policy *policy, const char *key,
                                    const char *name, struct bytes spki, const char *certificate)
{
    struct private_key *opened;
    char why[TOKEN_FAULT_MAX];

    if (config_is_token(name)) {
        opened = token_open(why, name, spki, policy->config->threads.token);
        if (opened == NULL)
            config_fault_at(fault, policy->config, key, "%s", why);
        return opened;
    }
    opened = policy_read_key(fault, policy, key, name);
    if (opened != NULL && !bytes_equal(private_key_spki(opened), spki)) {
        config_fault_at(fault, policy->config, key, "the key does not belong to %s", certificate);
        private_key_free(opened);
        return NULL;
    }
    return opened;
}

static int load_seal_key(struct config_fault *fault, struct policy *policy)
{
    const char *path = policy->config->seal_key;
    uint8_t *text;
    size_t len;

    if (path == NULL)
        return 1;
    if (!read_private(fault, policy, "seal_key", path, &text, &len))
        return 0;
    policy->seal_key = seal_key_parse(bytes_of(text, len));
    secret_wipe(text, len);
    free(text);
    return policy->seal_key != NULL ||
           config_fault_at(fault, policy->config, "seal_key",
                           "%s must hold 64 hexadecimal digits; make one with: openssl rand -hex 32", path);
}

static int load(struct config_fault *fault, struct policy *policy, int64_t now)
{
    const struct config *config = policy->config;

    if (!load_seal_key(fault, policy))
        return 0;
    for (size_t i = 0; i < config->listener_count; i++)
        if (!policy_check_listener(fault, policy, i, now))
            return 0;
    memset(policy->digest, 0, sizeof policy->digest); /* what was read for listeners is the node's own */
    for (size_t i = 0; i < config->ca_count; i++)
        if (!policy_load_authority(fault, policy, i, now))
            return 0;
    for (size_t i = 0; i < config->profile_count; i++) {
        if (!policy_load_profile(fault, policy, i, now))
            return 0;
        policy->profile_list[i] = &policy->profiles[i].cmp;
        if (strcmp(config->default_profile, config->profiles[i].name) == 0)
            policy->settings.default_profile = policy->profile_list[i];
    }
    policy->settings.profiles = policy->profile_list;
    policy->settings.profile_count = config->profile_count;
    policy->settings.seal_key = policy->seal_key;
    return 1;
}

static void policy_free(struct policy *policy)
{
    for (size_t i = 0; policy->authorities != NULL && i < policy->config->ca_count; i++) {
        private_key_free(policy->authorities[i].key);
        private_key_free(policy->authorities[i].cmp_key);
    }
    for (size_t i = 0; policy->profiles != NULL && i < policy->config->profile_count; i++) {
        trust_cleanup(&policy->profiles[i].trust);
        trust_cleanup(&policy->profiles[i].ras);
    }
    free(policy->authorities);
    free(policy->profiles);
    free(policy->profile_list);
    seal_key_free(policy->seal_key);
    arena_free(policy->arena);
    config_free(policy->config);
    free(policy);
}

struct policy *policy_load(struct config_fault *fault, struct config *config, int64_t now)
{
    struct policy *policy = calloc(1, sizeof *policy);

    snprintf(fault->text, sizeof fault->text, "out of memory");
    if (policy == NULL) {
        config_free(config);
        return NULL;
    }
    atomic_init(&policy->users, 1);
    policy->config = config;
    policy->arena = arena_new(ARENA_LIMIT);
    policy->authorities = calloc(config->ca_count, sizeof *policy->authorities);
    policy->profiles = calloc(config->profile_count, sizeof *policy->profiles);
    policy->profile_list = calloc(config->profile_count, sizeof(const struct cmp_profile *));
    if (policy->arena == NULL || policy->authorities == NULL || policy->profiles == NULL ||
        policy->profile_list == NULL || !load(fault, policy, now)) {
        policy_free(policy);
        return NULL;
    }
    policy_hash_finish(policy);
    return policy;
}

struct policy *policy_load_file(struct config_fault *fault, const char *path, int64_t now)
{
    struct config *config = config_load(fault, path);
    char text[ENGINE_FAULT_MAX];

    if (config == NULL)
        return NULL;
    if (!engines_start(text, config->engines.items, config->engines.count)) {
        config_fault_at(fault, config, "engines", "%s", text);
        config_free(config);
        return NULL;
    }
    return policy_load(fault, config, now);
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

const struct cmp_authority *policy_authority(const struct policy *policy, const char *name)
{
    if (name == NULL)
        return policy->settings.default_profile->ca;
    for (size_t i = 0; i < policy->config->ca_count; i++)
        if (strcmp(policy->config->cas[i].name, name) == 0)
            return &policy->authorities[i].cmp;
    return NULL;
}
