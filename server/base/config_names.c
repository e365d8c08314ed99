/* config_names.c: what one value alone does not tell: names that must be unique or exist, pairs that must
 * agree, and the few texts whose form every room relies on. */
#include "config_internal.h"
#include "server/base/address.h"
#include "server/base/url_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TEXT_MAX = 96,     /* octets of "profiles[255].certificate.extended_key_usage[63]" */
    PATH_LENGTH_MAX = 255, /* octets of a URL path that a profile lists */
};

/* The loaded structures hold names at different offsets: a reader for each array. */
typedef const char *name_at(const struct config *config, size_t i);

static const char *ca_name(const struct config *config, size_t i)
{
    return config->cas[i].name;
}

static const char *vendor_name(const struct config *config, size_t i)
{
    return config->vendors[i].name;
}

static const char *profile_name(const struct config *config, size_t i)
{
    return config->profiles[i].name;
}

static int has_name(const struct config *config, name_at *at, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(at(config, i), name) == 0)
            return 1;
    }
    return 0;
}

static int check_unique(struct config_fault *fault, const struct config *config, const char *list,
                        name_at *at, size_t count)
{
    char key[KEY_TEXT_MAX];
    for (size_t i = 1; i < count; i++) {
        if (has_name(config, at, i, at(config, i))) {
            snprintf(key, sizeof key, "%s[%zu].name", list, i);
            return config_fault_at(fault, config, key,
                                   "%s has two entries named \"%s\"; give each its own name", list,
                                   at(config, i));
        }
    }
    return 1;
}

/* "HOST:PORT": what can be told without a look at the machine's interfaces. */
static int check_address(struct config_fault *fault, const struct config *config, size_t i)
{
    char key[KEY_TEXT_MAX];
    const char *address = config->listeners[i].address;
    const char *colon = strrchr(address, ':');
    const char *port = colon == NULL ? "" : colon + 1;
    size_t digits = strspn(port, "0123456789");
    int good = colon != NULL && digits >= 1 && digits <= 5 && port[digits] == 0;
    unsigned long number = good ? strtoul(port, NULL, 10) : 0;
    good = number >= 1 && number <= 65535;
    /* An IPv6 address has colons of its own: brackets say where it ends. */
    if (good && memchr(address, ':', (size_t)(colon - address)) != NULL)
        good = address[0] == '[' && colon[-1] == ']';
    if (good)
        return 1;
    snprintf(key, sizeof key, "listeners[%zu].address", i);
    return config_fault_at(
        fault, config, key,
        "address is \"%s\"; write HOST:PORT with a port from 1 to 65535, as in 127.0.0.1:8829, "
        "[::1]:8829, or :8829 for every address",
        address);
}

static int check_listeners(struct config_fault *fault, const struct config *config)
{
    char key[KEY_TEXT_MAX];
    unsigned served = 0;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        served |= listener->serves;
        if (!check_address(fault, config, i))
            return 0;
        for (size_t j = 0; j < i; j++) {
            if (strcmp(config->listeners[j].address, listener->address) == 0) {
                snprintf(key, sizeof key, "listeners[%zu].address", i);
                return config_fault_at(fault, config, key,
                                       "two listeners have the address %s; keep one of the two",
                                       listener->address);
            }
        }
        if (listener->tls != NULL && listener->tls->client_required && listener->tls->client_ca == NULL) {
            snprintf(key, sizeof key, "listeners[%zu].tls.client_required", i);
            return config_fault_at(
                fault, config, key,
                "client certificates are required, but none could be checked; write client_ca: "
                "with the file of the anchors to trust");
        }
    }
    return (served & CONFIG_SERVE_CMP) != 0 ||
           config_fault_at(
               fault, config, "listeners",
               "no listener serves cmp, so no base station is served; write serves: [cmp] in one");
}

static int check_proxies(struct config_fault *fault, const struct config *config)
{
    char key[KEY_TEXT_MAX];
    struct address_block block;

    for (size_t i = 0; i < config->trusted_proxies.count; i++) {
        if (address_block_parse(&block, config->trusted_proxies.items[i]))
            continue;
        snprintf(key, sizeof key, "trusted_proxies[%zu]", i);
        return config_fault_at(fault, config, key,
                               "trusted_proxies holds \"%s\"; write an address or a block of them whose last "
                               "bits are zero, as in 192.0.2.10, 192.0.2.0/24 or 2001:db8::/32",
                               config->trusted_proxies.items[i]);
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        if (!config->listeners[i].proxy_protocol || config->trusted_proxies.count > 0)
            continue;
        snprintf(key, sizeof key, "listeners[%zu].proxy_protocol", i);
        return config_fault_at(fault, config, key,
                               "proxy_protocol is true, but no proxy is trusted; write trusted_proxies: with "
                               "the addresses of the proxies, or remove proxy_protocol");
    }
    return 1;
}

/* A path is compared in its normal form with the normal form of what is requested, and written so, but for a
 * slash at its end. */
static int check_path(struct config_fault *fault, const struct config *config, const char *key,
                      const char *path)
{
    char normal[PATH_LENGTH_MAX + 1];
    const char *why = "the path is too long";
    size_t len = strlen(path), size;

    size = len <= PATH_LENGTH_MAX ? url_path_normalize(normal, &why, bytes_str(path)) : 0;
    if (size == 0 || strpbrk(path, "?# ") != NULL)
        return config_fault_at(
            fault, config, key,
            "path \"%s\" cannot be requested%s%s; write one that begins with / and has no ?, # or "
            "space",
            path, size == 0 ? ": " : "", size == 0 ? why : "");
    normal[size] = '\0';
    if (strncmp(path, normal, size) != 0 || strlen(path + size) > 1 ||
        (path[size] != '\0' && path[size] != '/'))
        return config_fault_at(fault, config, key,
                               "path \"%s\" is not written in its normal form (RFC 3986 6.2.2); write \"%s\"",
                               path, normal);
    return 1;
}

/* One may end with a slash, and the other without. */
static int is_same_path(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);

    a_len -= a_len > 1 && a[a_len - 1] == '/';
    b_len -= b_len > 1 && b[b_len - 1] == '/';
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

/* A path selects one profile, so no two may claim it, nor may one claim what the standard paths mean. */
static int check_paths(struct config_fault *fault, const struct config *config, size_t profile)
{
    char key[KEY_TEXT_MAX];
    const struct config_profile *p = &config->profiles[profile];
    for (size_t i = 0; i < p->paths.count; i++) {
        const char *path = p->paths.items[i];
        snprintf(key, sizeof key, "profiles[%zu].paths[%zu]", profile, i);
        if (!check_path(fault, config, key, path))
            return 0;
        if (strncmp(path, "/.well-known/", strlen("/.well-known/")) == 0)
            return config_fault_at(
                fault, config, key,
                "path \"%s\" is served already; profiles are at /.well-known/cmp/p/NAME by "
                "themselves, so remove it",
                path);
        for (size_t other = 0; other <= profile; other++) {
            size_t end = other == profile ? i : config->profiles[other].paths.count;
            for (size_t j = 0; j < end; j++) {
                if (is_same_path(config->profiles[other].paths.items[j], path))
                    return config_fault_at(fault, config, key,
                                           "path \"%s\" is taken by profile \"%s\"; keep it in one place",
                                           path, config->profiles[other].name);
            }
        }
    }
    return 1;
}

static int check_range(struct config_fault *fault, const struct config *config, size_t i, const char *group,
                       const char *name, uint32_t min, uint32_t max)
{
    char key[KEY_TEXT_MAX];

    if (min <= max)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].%s.%s_min", i, group, name);
    return config_fault_at(fault, config, key,
                           "%s_min (%" PRIu32 ") is above %s_max (%" PRIu32 ") in %s; swap or change them",
                           name, min, name, max, group);
}

static int check_ranges(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_keys *keys = &config->profiles[i].keys;
    const struct config_mac *mac = &config->profiles[i].mac;

    return check_range(fault, config, i, "keys", "rsa_bits", keys->rsa_bits_min, keys->rsa_bits_max) &&
           check_range(fault, config, i, "mac", "iterations", mac->iterations_min, mac->iterations_max) &&
           check_range(fault, config, i, "mac", "salt", mac->salt_min, mac->salt_max) &&
           check_range(fault, config, i, "mac", "key", mac->key_min, mac->key_max);
}

static int check_crl(struct config_fault *fault, const struct config *config)
{
    const struct config_crl *crl = &config->crl;

    return crl->every_hours < crl->validity_hours ||
           config_fault_at(fault, config, "crl.every_hours",
                           "every_hours (%" PRIu32 ") is not below validity_hours (%" PRIu32
                           ") in crl: one CRL would end before the next is there; write at most half of it",
                           crl->every_hours, crl->validity_hours);
}

/* Each of |names|, the list |name| of profile |i|, is one of |count| entries of |kind|. */
static int check_names(struct config_fault *fault, const struct config *config, size_t i, const char *name,
                       const struct config_list *names, const char *kind, name_at *at, size_t count)
{
    char key[KEY_TEXT_MAX];

    for (size_t j = 0; j < names->count; j++) {
        if (has_name(config, at, count, names->items[j]))
            continue;
        snprintf(key, sizeof key, "profiles[%zu].accept.%s[%zu]", i, name, j);
        return config_fault_at(fault, config, key, "there is no %s \"%s\"; write the name of an entry of %ss",
                               kind, names->items[j], kind);
    }
    return 1;
}

static int check_agents(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_accept *accept = &config->profiles[i].accept;
    char key[KEY_TEXT_MAX];

    for (size_t a = 0; a < accept->agent_count; a++) {
        const char *name = accept->agents[a].name, *profile = accept->agents[a].profile;
        snprintf(key, sizeof key, "profiles[%zu].accept.agents[%zu].name", i, a);
        for (size_t b = 0; b < a; b++)
            if (strcmp(accept->agents[b].name, name) == 0)
                return config_fault_at(fault, config, key,
                                       "agents has two entries named \"%s\"; give each its own name", name);
        snprintf(key, sizeof key, "profiles[%zu].accept.agents[%zu].profile", i, a);
        if (profile != NULL && !has_name(config, profile_name, config->profile_count, profile))
            return config_fault_at(fault, config, key,
                                   "there is no profile \"%s\"; write the name of an entry of profiles",
                                   profile);
    }
    return 1;
}

static int check_accept(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_accept *accept = &config->profiles[i].accept;

    return check_names(fault, config, i, "own_profiles", &accept->own_profiles, "profile", profile_name,
                       config->profile_count) &&
           check_names(fault, config, i, "vendors", &accept->vendors, "vendor", vendor_name,
                       config->vendor_count) &&
           check_names(fault, config, i, "ras", &accept->ras, "vendor", vendor_name, config->vendor_count) &&
           check_agents(fault, config, i);
}

/* RFC 9483 3.2: "the same kind of protection MUST be used for all messages". */
static int check_answer(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_profile *p = &config->profiles[i];
    char key[KEY_TEXT_MAX];

    snprintf(key, sizeof key, "profiles[%zu].answer.mac_answers", i);
    return p->answer.mac_answers == CONFIG_MAC_ANSWERS_MAC || p->accept.header != CONFIG_HEADER_RFC9483 ||
           config_fault_at(fault, config, key,
                           "mac_answers is signature, and header: rfc9483 in accept holds profile \"%s\" to "
                           "one kind of protection throughout; write mac_answers: mac, or header: rfc9810",
                           p->name);
}

static const struct config_profile *profile_named(const struct config *config, const char *name)
{
    for (size_t i = 0; name != NULL && i < config->profile_count; i++)
        if (strcmp(config->profiles[i].name, name) == 0)
            return &config->profiles[i];
    return NULL;
}

static int check_former(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_profile *p = &config->profiles[i], *former = profile_named(config, p->former);
    char key[KEY_TEXT_MAX];

    if (p->former == NULL)
        return 1;
    snprintf(key, sizeof key, "profiles[%zu].former", i);
    if (former == NULL)
        return config_fault_at(fault, config, key,
                               "there is no profile \"%s\"; write the name of an entry of profiles",
                               p->former);
    if (former->ca != NULL && strcmp(former->ca, p->ca) == 0)
        return config_fault_at(
            fault, config, key,
            "profile \"%s\" is of the same CA: write that of the CA before, or leave it out", p->former);
    /* Who has come back has taken fewer steps than there are profiles; or it came back to the CA by another
     * one. */
    for (size_t steps = 0; former != NULL; steps++, former = profile_named(config, former->former))
        if (former == p || steps == config->profile_count ||
            (former->ca != NULL && strcmp(former->ca, p->ca) == 0))
            return config_fault_at(
                fault, config, key,
                "it leads in a circle: the first CA has none before it, take former out of its "
                "profile");
    return 1;
}

static int check_profile(struct config_fault *fault, const struct config *config, size_t i)
{
    char key[KEY_TEXT_MAX];
    const struct config_profile *p = &config->profiles[i];
    snprintf(key, sizeof key, "profiles[%zu].ca", i);
    if (p->ca == NULL)
        return config_fault_at(
            fault, config, key,
            "profile \"%s\" does not say which CA issues; there are several, so write ca: NAME", p->name);
    if (!has_name(config, ca_name, config->ca_count, p->ca))
        return config_fault_at(fault, config, key, "there is no CA \"%s\"; write the name of an entry of cas",
                               p->ca);
    return check_former(fault, config, i) && check_accept(fault, config, i) &&
           check_answer(fault, config, i) && check_ranges(fault, config, i) &&
           check_paths(fault, config, i) && config_check_urls(fault, config, i) &&
           config_check_authorize(fault, config, i);
}

/* What an accepted message may be sent again for: its messageTime may lie as far ahead as back. A message
 * that is sent to another profile of the CA is of the same transaction. Returns 0 if some profile sets no
 * bound. */
static int check_window(struct config_fault *fault, const struct config *config, const char *ca,
                        const char *key, uint32_t *seconds)
{
    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_profile *p = &config->profiles[i];
        uint32_t window = 2 * p->accept.message_time_seconds;
        if (strcmp(p->ca, ca) != 0)
            continue;
        if (window == 0 || p->tolerances.until[TOLERANCE_CLOCK_OFF] != 0 ||
            p->of_vendors.until[TOLERANCE_CLOCK_OFF] != 0)
            return config_fault_at(fault, config, key,
                                   "messages could be replayed once their transactions are deleted, since "
                                   "profile \"%s\" takes messages of any time; set its "
                                   "message_time_seconds in accept, take clock-off from tolerate of it and "
                                   "its vendors, or write 0 here",
                                   p->name);
        if (window > *seconds)
            *seconds = window;
        if (p->confirm.wait_seconds > *seconds)
            *seconds = p->confirm.wait_seconds;
    }
    return 1;
}

/* A transaction must be known for as long as a message of it may come (RFC 9810 5.1.1: the server may require
 * transactionIDs to be unique). */
static int check_retention(struct config_fault *fault, const struct config *config, size_t i,
                           const char *name, uint32_t days)
{
    enum { DAY = 24 * 3600 };
    char key[KEY_TEXT_MAX];
    uint32_t seconds = 0;

    snprintf(key, sizeof key, "profiles[%zu].retain.%s", i, name);
    if (days == 0)
        return 1;
    if (!check_window(fault, config, config->profiles[i].ca, key, &seconds))
        return 0;
    if (days > seconds / DAY)
        return 1;
    return config_fault_at(
        fault, config, key,
        "%s is %" PRIu32 ", but messages of a transaction are taken for %" PRIu32
        " seconds (twice message_time_seconds in accept, or wait_seconds in confirm, of the profiles of "
        "its CA); write %" PRIu32 " or more",
        name, days, seconds, seconds / DAY + 1);
}

static int check_store(struct config_fault *fault, const struct config *config)
{
    const char *colon = strchr(config->store, ':');
    if (colon != NULL && colon != config->store && colon[1] != 0)
        return 1;
    return config_fault_at(fault, config, "store", "store is \"%s\"; write sqlite:PATH or postgres://…",
                           config->store);
}

static int check_log(struct config_fault *fault, const struct config *config)
{
    if (config->log_to == CONFIG_LOG_FILE && config->log_file == NULL)
        return config_fault_at(fault, config, "log_to",
                               "log_to is file, and log_file names none; write log_file: PATH");
    if (config->log_to != CONFIG_LOG_FILE && config->log_file != NULL)
        return config_fault_at(fault, config, "log_file",
                               "log_file is for log_to: file; write that, or remove log_file");
    if (config->log_to == CONFIG_LOG_JOURNALD && config->log_format != LOG_LOGFMT)
        return config_fault_at(fault, config, "log_format",
                               "journald has a field for each value; remove log_format, or write another "
                               "log_to");
    return 1;
}

int config_check_references(struct config_fault *fault, struct config *config)
{
    if (!check_store(fault, config) || !check_log(fault, config) || !check_listeners(fault, config) ||
        !check_proxies(fault, config) || !check_crl(fault, config) ||
        !check_unique(fault, config, "cas", ca_name, config->ca_count) ||
        !config_check_published(fault, config) ||
        !check_unique(fault, config, "vendors", vendor_name, config->vendor_count) ||
        !config_check_vendor_urls(fault, config) || !config_check_announce(fault, config) ||
        !config_read_tolerances(fault, config) ||
        !check_unique(fault, config, "profiles", profile_name, config->profile_count))
        return 0;
    for (size_t i = 0; i < config->profile_count; i++) {
        if (!check_profile(fault, config, i))
            return 0;
    }
    if (!config_check_approve(fault, config))
        return 0;
    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_profile *p = &config->profiles[i];
        if (!check_retention(fault, config, i, "transactions_days", p->retain.transactions_days) ||
            !check_retention(fault, config, i, "certificates_days", p->retain.certificates_days))
            return 0;
    }
    if (config->default_profile == NULL)
        return config_fault_at(fault, config, "default_profile",
                               "there are several profiles; write default_profile: NAME for requests to "
                               "/.well-known/cmp that name none");
    if (!has_name(config, profile_name, config->profile_count, config->default_profile))
        return config_fault_at(fault, config, "default_profile",
                               "there is no profile \"%s\"; write the name of an entry of profiles",
                               config->default_profile);
    return 1;
}
