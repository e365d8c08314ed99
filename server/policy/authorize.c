/* Whom a profile asks before it issues: the key that signs questions, and who vouches for the server. */
#include <stdio.h>
#include <stdlib.h>

#include "crypto/hex_key.h"
#include "crypto/random.h"
#include "server/policy/internal.h"

enum { SETTING = 96 };

static int load_key(struct config_fault *fault, struct policy *policy, struct profile *profile,
                    const char *key, const char *path)
{
    uint8_t *text;
    size_t len;

    if (!policy_read_private(fault, policy, key, path, &text, &len))
        return 0;
    profile->authorizer_key = hmac_key_parse(bytes_of(text, len));
    secret_wipe(text, len);
    free(text);
    return profile->authorizer_key != NULL ||
           config_fault_at(fault, policy->config, key,
                           "%s must hold 64 hexadecimal digits; make one with: openssl rand -hex 32", path);
}

int policy_load_authorizer(struct config_fault *fault, struct policy *policy, size_t i)
{
    const struct config_authorize *config = policy->config->profiles[i].authorize;
    struct profile *profile = &policy->profiles[i];
    struct bytes ca;
    char key[SETTING];

    if (config == NULL)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].authorize.key", i);
    if (!load_key(fault, policy, profile, key, config->key))
        return 0;
    snprintf(key, sizeof key, "profiles[%zu].authorize.ca", i);
    /* libcurl reads the file for each connection; that it can be read is found out now. */
    if (config->ca != NULL && !policy_read_certificate(fault, policy, key, config->ca, &ca))
        return 0;
    profile->authorizer = (struct cmp_authorizer){config, profile->authorizer_key, &profile->parked};
    return 1;
}

void policy_free_authorizer(struct profile *profile)
{
    hmac_key_free(profile->authorizer_key);
}
