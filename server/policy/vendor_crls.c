/* CRLs of vendors: read once for all profiles that name the vendor, and held against its own certificates. */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "crypto/revocation.h"
#include "server/policy/internal.h"

enum { SETTING = 96, TEXT = 512, TIME_TEXT = 32, HOUR = 3600 };

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
    return 1;
}

/* What a file that was replaced or written to has otherwise. */
static uint64_t stamp_of(uint64_t stamp, const char *path)
{
    struct stat st = {.st_size = 0};

    if (stat(path, &st) != 0)
        st.st_size = -1;
    const uint64_t parts[] = {(uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_size,
                              (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        stamp = (stamp ^ parts[i]) * UINT64_C(0x100000001b3); /* FNV-1a, a word at a time */
    return stamp;
}

static uint64_t stamp_of_all(const struct config *config)
{
    uint64_t stamp = UINT64_C(0xcbf29ce484222325);

    for (size_t v = 0; v < config->vendor_count; v++)
        for (size_t i = 0; i < config->vendors[v].crls.count; i++)
            stamp = stamp_of(stamp, config->vendors[v].crls.items[i]);
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
    policy->vendor_crl_stamp = stamp_of_all(policy->config);
    for (size_t v = 0; v < policy->config->vendor_count; v++)
        if (policy->config->vendors[v].crls.count != 0 && !load_vendor(fault, policy, v, now))
            return 0;
    return 1;
}

/* ---- what will have stations refused ---- */

static const char *time_text(char out[TIME_TEXT], int64_t at)
{
    time_t seconds = (time_t)at;
    struct tm utc;

    if (gmtime_r(&seconds, &utc) == NULL || strftime(out, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &utc) == 0)
        out[0] = 0;
    return out;
}

static void warn_of_times(const struct crl_set *set, int64_t now, const char *key, policy_warning *warn,
                          void *arg)
{
    char text[TEXT], when[TIME_TEXT];

    for (size_t i = 0; i < set->count; i++) {
        const struct crl_set_item *item = &set->items[i];
        if (item->crl.this_update > now)
            snprintf(text, sizeof text, "%s is not valid before %s: until then it counts for nothing",
                     item->file, time_text(when, item->crl.this_update));
        else if (item->crl.next_update < now)
            snprintf(text, sizeof text, "%s is stale, its nextUpdate was %s: %s", item->file,
                     time_text(when, item->crl.next_update),
                     now - item->crl.next_update > set->stale_seconds
                         ? "stations that it speaks of are refused; get a newer one"
                         : "it counts for as long as crl_stale_hours allows; get a newer one");
        else
            continue;
        warn(arg, key, text);
    }
}

static void warn_of_intermediates(const struct crl_set *set, int64_t now, const char *key,
                                  policy_warning *warn, void *arg)
{
    for (size_t i = 0; i < set->trust.count; i++) {
        const struct trusted *item = &set->trust.items[i], *anchor = trust_anchor_of(&set->trust, item);
        struct arena *arena = arena_new(BOUND_JOB_ARENA);
        struct path_refusal refusal;
        char text[TEXT];
        if (arena != NULL && item->depth != 0 &&
            revocation_of(&refusal, set, &item->cert, anchor->cert.der, now, arena) != PATH_OK) {
            snprintf(text, sizeof text, "%s: stations below it are refused",
                     path_refusal_text(arena, &refusal));
            warn(arg, key, text);
        }
        arena_free(arena);
    }
}

void policy_warn_of_crls(const struct policy *policy, int64_t now, policy_warning *warn, void *arg)
{
    char key[SETTING];

    for (size_t v = 0; v < policy->config->vendor_count; v++) {
        if (policy->vendor_crls[v] == NULL)
            continue;
        snprintf(key, sizeof key, "vendors[%zu].crls", v);
        warn_of_times(policy->vendor_crls[v], now, key, warn, arg);
        warn_of_intermediates(policy->vendor_crls[v], now, key, warn, arg);
    }
}
