/* The TLS files of listeners, checked here so that `cmpctl check` finds what would stop the front. */
#include <stdio.h>

#include "server/policy/internal.h"

enum { SETTING = 96, CERTS_MAX = 64 };

static const char *setting(char *out, size_t i, const char *field)
{
    snprintf(out, SETTING, "listeners[%zu].tls.%s", i, field);
    return out;
}

int policy_check_listener(struct config_fault *fault, struct policy *policy, size_t i, int64_t now)
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
