/* CRLs of vendors: read once for all profiles that name the vendor, and held against its own certificates. */
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/crl_set.h"
#include "server/base/file.h"
#include "server/policy/internal.h"

enum { SETTING = 96, HOUR = 3600 };

static int load_file(struct config_fault *fault, struct policy *policy, struct crl_set *set, const char *key,
                     const char *path)
{
    uint8_t *der;
    size_t len;
    const char *why;

    if (!policy_read_crl(fault, policy, key, path, BOUND_VENDOR_CRL_OCTETS, "name a CRL of the vendor", &der,
                         &len))
        return 0;
    why = crl_set_add(set, path, bytes_of(der, len));
    return why == NULL || config_fault_at(fault, policy->config, key,
                                          "%s is of no use: %s; name a CRL of the vendor", path, why);
}

static int load_vendor(struct config_fault *fault, struct policy *policy, size_t v, int64_t now)
{
    const struct config_vendor *vendor = &policy->config->vendors[v];
    struct crl_set *set = crl_set_new((int64_t)vendor->crl_stale_hours * HOUR);
    char key[SETTING];

    snprintf(key, sizeof key, "vendors[%zu].crls", v);
    policy->vendor_crls[v] = set;
    if (set == NULL)
        return config_fault_at(fault, policy->config, key, "out of memory");
    if (!policy_add_vendor(fault, policy, &set->trust, v, now))
        return 0;
    for (size_t i = 0; i < vendor->crls.count; i++) {
        snprintf(key, sizeof key, "vendors[%zu].crls[%zu]", v, i);
        if (!load_file(fault, policy, set, key, vendor->crls.items[i]))
            return 0;
    }
    snprintf(key, sizeof key, "vendors[%zu].crl_urls", v);
    return policy_load_fetched(policy, set, v) ||
           config_fault_at(fault, policy->config, key, "out of memory");
}

static int is_asked_for(const struct config_vendor *vendor)
{
    return vendor->crls.count + vendor->crl_urls.count != 0;
}

static int check_folder(struct config_fault *fault, const struct config *config)
{
    struct stat st;

    return config->vendor_crl_folder == NULL ||
           (stat(config->vendor_crl_folder, &st) == 0 && S_ISDIR(st.st_mode)) ||
           config_fault_at(fault, config, "vendor_crl_folder", "there is no folder %s; make it",
                           config->vendor_crl_folder);
}

static uint64_t stamp_of_all(const struct config *config)
{
    uint64_t stamp = FILE_STAMP;

    for (size_t v = 0; v < config->vendor_count; v++) {
        for (size_t i = 0; i < config->vendors[v].crls.count; i++)
            stamp = file_stamp(stamp, config->vendors[v].crls.items[i]);
        for (size_t i = 0; i < config->vendors[v].crl_urls.count; i++) {
            char *path = policy_fetched_file(config, v, config->vendors[v].crl_urls.items[i]);
            stamp = path != NULL ? file_stamp(stamp, path) : stamp;
            free(path);
        }
    }
    return stamp;
}

int policy_crls_changed(const struct policy *policy, uint64_t *seen)
{
    uint64_t stamp = stamp_of_all(policy->config);

    if (stamp == policy->vendor_crl_stamp || stamp == *seen)
        return 0;
    *seen = stamp;
    return 1;
}

int policy_load_vendor_crls(struct config_fault *fault, struct policy *policy, int64_t now)
{
    if (!check_folder(fault, policy->config))
        return 0;
    policy->vendor_crl_stamp = stamp_of_all(policy->config);
    for (size_t v = 0; v < policy->config->vendor_count; v++)
        if (is_asked_for(&policy->config->vendors[v]) && !load_vendor(fault, policy, v, now))
            return 0;
    return 1;
}

const struct crl_set *policy_vendor_crls(const struct policy *policy, size_t v)
{
    return policy->vendor_crls[v];
}
