/* The TLS files of listeners, checked here so that `cmpctl check` finds what would stop the front. */
#include <stdio.h>
#include <stdlib.h>

#include "server/base/file.h"
#include "server/policy/internal.h"

enum { SETTING = 96, CERTS_MAX = 64, TLS_ARENA = 64 * 1024 * 1024 };

static const char *setting(char *out, size_t i, const char *field)
{
    snprintf(out, SETTING, "listeners[%zu].tls.%s", i, field);
    return out;
}

static int check_listener(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
{
    const struct config_tls *tls = policy->config->listeners[i].tls;
    struct bytes ders[CERTS_MAX];
    struct certificate cert;
    struct private_key *private;
    char key[SETTING];
    int fits;

    if (tls == NULL)
        return 1;
    if (policy_read_pem(fault, policy, setting(key, i, "certificate"), tls->certificate, ders, CERTS_MAX) ==
        0)
        return 0;
    certificate_parse(&cert, ders[0]);
    if (now > cert.not_after)
        return config_fault_at(fault, policy->config, key, "the certificate has expired; renew it");
    if ((private = policy_read_key(fault, policy, setting(key, i, "key"), tls->key)) == NULL)
        return 0;
    fits = bytes_equal(private_key_spki(private), cert.spki);
    private_key_free(private);
    if (!fits)
        return config_fault_at(fault, policy->config, key,
                               "the key does not belong to listeners[%zu].tls.certificate", i);
    return tls->client_ca == NULL ||
           policy_read_pem(fault, policy, setting(key, i, "client_ca"), tls->client_ca, ders, CERTS_MAX) != 0;
}

static uint64_t stamp_of_all(const struct config *config)
{
    uint64_t stamp = FILE_STAMP;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_tls *tls = config->listeners[i].tls;
        if (tls == NULL)
            continue;
        stamp = file_stamp(file_stamp(stamp, tls->certificate), tls->key);
        stamp = tls->client_ca != NULL ? file_stamp(stamp, tls->client_ca) : stamp;
    }
    return stamp;
}

int policy_load_listeners(struct config_fault *fault, struct policy *policy, int64_t now)
{
    /* Before they are read: what is written meanwhile is seen as a change. */
    policy->tls_stamp = stamp_of_all(policy->config);
    for (size_t i = 0; i < policy->config->listener_count; i++)
        if (!check_listener(fault, policy, i, now))
            return 0;
    return 1;
}

uint64_t policy_tls_stamp(const struct policy *policy)
{
    return policy->tls_stamp;
}

uint64_t policy_tls_stamp_now(const struct policy *policy)
{
    return stamp_of_all(policy->config);
}

int policy_check_tls(struct config_fault *fault, const struct policy *policy, int64_t now)
{
    struct policy other = {.config = policy->config, .arena = arena_new(TLS_ARENA)};
    int ok;

    if (other.arena == NULL)
        return config_fault_at(fault, policy->config, "listeners", "out of memory");
    ok = policy_load_listeners(fault, &other, now);
    free(other.expiries);
    arena_free(other.arena);
    return ok;
}
