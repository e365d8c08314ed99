/* How devices are told apart, and which a profile is for: what of the configuration has to fit together. */
#include <stdio.h>

#include "server/policy/internal.h"

enum { SETTING = 96 };

int policy_check_identities(struct config_fault *fault, const struct policy *policy)
{
    char key[SETTING];

    for (size_t v = 0; v < policy->config->vendor_count; v++) {
        const struct config_vendor *vendor = &policy->config->vendors[v];
        const char *pattern = vendor->identity_pattern;
        snprintf(key, sizeof key, "vendors[%zu].identity_pattern", v);
        if (pattern == NULL)
            continue;
        if (vendor->identity == CONFIG_IDENTITY_NONE)
            return config_fault_at(fault, policy->config, key,
                                   "it says how an identity looks, and none is read; write identity, too: "
                                   "serialNumber, CN, DNS, URI or hardwareModuleName");
        if (strchr(pattern, '*') == NULL || strchr(pattern, '*') != strrchr(pattern, '*'))
            return config_fault_at(fault, policy->config, key,
                                   "'%s' has no * or several; write one where the identity stands, as in "
                                   "ENB-*.acme.example",
                                   pattern);
    }
    return 1;
}

int policy_check_devices(struct config_fault *fault, const struct policy *policy, size_t i)
{
    const struct config_profile *config = &policy->config->profiles[i];
    const struct config_list *names = &config->accept.vendors;
    char key[SETTING];

    if (config->devices == CONFIG_DEVICES_OPEN)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].devices", i);
    for (size_t n = 0; n < names->count; n++) {
        const struct config_vendor *vendor = config_vendor_named(
            policy->config->vendors, policy->config->vendor_count, bytes_str(names->items[n]));
        if (vendor != NULL && vendor->identity == CONFIG_IDENTITY_NONE)
            return config_fault_at(fault, policy->config, key,
                                   "devices of vendor \"%s\" cannot be told apart; write identity there, or "
                                   "devices: open",
                                   vendor->name);
    }
    /* What never was confirmed would be kept, and give way all the same. */
    snprintf(key, sizeof key, "profiles[%zu].confirm.unconfirmed", i);
    if (config->confirm.unconfirmed == CONFIG_UNCONFIRMED_KEEP)
        return config_fault_at(fault, policy->config, key,
                               "a certificate that is not confirmed gives way to the next one, and "
                               "confirm.unconfirmed: keep would have it stay; write unconfirmed: revoke or "
                               "hold, or devices: open");
    return 1;
}
