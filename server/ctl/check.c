/* check: whether cmpd would start, and whether anybody could enroll then. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/shard.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/ctl/open.h"
#include "server/policy/expiry.h"
#include "server/upkeep/last_seal.h"
#include "storage/store.h"

enum { ARENA = 64 * 1024 };

/* What may protect a first message of |profile|, of enum config_credential. */
static unsigned begun_by(const struct config_profile *profile)
{
    const struct config_accept *accept = &profile->accept;

    return accept->ir_by | accept->cr_by | accept->p10cr_by;
}

/* Others are enrolled under another profile first. */
static int has_agent_of_file(const struct config_profile *profile)
{
    for (size_t i = 0; i < profile->accept.agent_count; i++)
        if (profile->accept.agents[i].certificate != NULL)
            return 1;
    return 0;
}

static int may_begin_by_certificate(const struct config_profile *profile)
{
    unsigned by = begun_by(profile);

    return (profile->accept.vendors.count != 0 && (by & CONFIG_BY_VENDOR) != 0) ||
           (profile->accept.ras.count != 0 && (by & CONFIG_BY_RA) != 0) ||
           (has_agent_of_file(profile) && (by & CONFIG_BY_AGENT) != 0);
}

static int may_begin_by_secret(const struct config_profile *profile)
{
    return profile->mac.allowed && (begun_by(profile) & CONFIG_BY_SECRET) != 0;
}

static int may_begin(const struct config_profile *profile)
{
    return may_begin_by_certificate(profile) || may_begin_by_secret(profile);
}

/* Is the profile |name| reachable? */
static int is_reachable(const char *name, const int *reachable, const struct config *config)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (reachable[i] && strcmp(name, config->profiles[i].name) == 0)
            return 1;
    return 0;
}

/* Can it be come to from a reachable one, with the certificate of that, or by an agent that is enrolled
 * there?
 */
static int leads_from_reachable(const struct config_profile *profile, const int *reachable,
                                const struct config *config)
{
    const struct config_accept *accept = &profile->accept;
    unsigned by = begun_by(profile);

    for (size_t i = 0;
         accept->own_certificates && (by & CONFIG_BY_OWN) != 0 && i < accept->own_profiles.count; i++)
        if (is_reachable(accept->own_profiles.items[i], reachable, config))
            return 1;
    for (size_t i = 0; i < accept->agent_count; i++)
        if (accept->agents[i].profile != NULL && is_reachable(accept->agents[i].profile, reachable, config))
            return 1;
    return 0;
}

/* Notes which profiles a device can come to: with what a vendor or the operator gave it, or with a
 * certificate of another profile that it can come to. */
static void find_reachable(int *reachable, const struct config *config)
{
    int found = 1;

    for (size_t i = 0; i < config->profile_count; i++)
        reachable[i] = may_begin(&config->profiles[i]);
    while (found) {
        found = 0;
        for (size_t i = 0; i < config->profile_count; i++)
            if (!reachable[i] && leads_from_reachable(&config->profiles[i], reachable, config))
                reachable[i] = found = 1;
    }
}

/* What lets somebody in: either nothing may begin, or what may begin is in none of the lists of requests. */
static const char *remedy_for(const struct config_profile *profile)
{
    return profile->accept.vendors.count != 0 || profile->accept.ras.count != 0 || profile->mac.allowed
               ? "ir_by, cr_by and p10cr_by in accept leave out the vendors, ras or secrets that it takes: "
                 "add "
                 "vendor, ra or secret to one of them"
               : "name vendors (or ras) in accept, or write allowed: true into mac and add secrets with "
                 "cmpctl "
                 "secret add";
}

/* It is no fault: a new CA is like that, and certificates of before can still be updated and revoked. */
static size_t warn_of_unreachable(const struct config *config)
{
    int *reachable = calloc(config->profile_count, sizeof *reachable);
    struct config_fault warning;
    char key[64];
    size_t count = 0;

    if (reachable == NULL)
        return 0;
    find_reachable(reachable, config);
    for (size_t i = 0; i < config->profile_count; i++) {
        if (reachable[i])
            continue;
        snprintf(key, sizeof key, "profiles[%zu].accept", i);
        config_fault_at(&warning, config, key, "nobody can enroll under profile \"%s\": %s",
                        config->profiles[i].name, remedy_for(&config->profiles[i]));
        fprintf(stderr, "cmpctl: warning: %s\n", warning.text);
        count++;
    }
    free(reachable);
    return count;
}

/* A store that does not tell is no reason to warn: whoever only looks need not see secrets. */
static int lacks_secrets(struct store *store, const struct cmp_authority *ca, struct arena *arena)
{
    struct store_fetch fetch = {.kind = STORE_SECRETS,
                                .index = STORE_ALL_SECRETS,
                                .issuer = bytes_of(ca->id, STORE_ISSUER_ID),
                                .arena = arena};

    return store_fetch_wait(store, &fetch) && fetch.outcome == STORE_ABSENT;
}

/* Where secrets alone begin, and there is none. */
static size_t warn_of_no_secrets(const struct policy *policy, struct store *store)
{
    const struct config *config = policy_config(policy);
    struct arena *arena = arena_new(ARENA);
    struct config_fault warning;
    char key[64];
    size_t count = 0;

    for (size_t i = 0; arena != NULL && i < config->profile_count; i++) {
        const struct config_profile *profile = &config->profiles[i];
        if (may_begin_by_certificate(profile) || !may_begin_by_secret(profile) ||
            !lacks_secrets(store, policy_authority(policy, profile->ca), arena))
            continue;
        snprintf(key, sizeof key, "profiles[%zu].mac", i);
        config_fault_at(&warning, config, key,
                        "nobody can enroll under profile \"%s\" yet: the store has no shared secret, add one "
                        "with cmpctl secret add",
                        profile->name);
        fprintf(stderr, "cmpctl: warning: %s\n", warning.text);
        count++;
    }
    arena_free(arena);
    return count;
}

struct warnings {
    const struct config *config;
    size_t count;
};

static void warn(void *arg, const char *key, const char *text)
{
    struct warnings *warnings = arg;
    struct config_fault warning;

    config_fault_at(&warning, warnings->config, key, "%s", text);
    fprintf(stderr, "cmpctl: warning: %s\n", warning.text);
    warnings->count++;
}

/* What is as it should be, and surprises some stations. */
static void note(void *config, const char *key, const char *text)
{
    struct config_fault place;

    config_fault_at(&place, *(const struct config **)config, key, "%s", text);
    printf("note: %s\n", place.text);
}

static int names_shards(const struct config_profile *profile)
{
    return profile->urls.crl.count != 0 && shard_is_named(profile->urls.crl.items[0]);
}

static void warn_of_shards(const struct config *config, struct warnings *warnings)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (names_shards(&config->profiles[i]))
            return;
    if (config->crl.shards != 0)
        warn(warnings, "crl.shards",
             "no profile has " SHARD_NAMED " in urls.crl: no certificate falls into a shard");
}

static int names_have(const struct config_profile *profile, const char *variable)
{
    const struct config_list *lists[] = {&profile->names.subject, &profile->names.san};

    for (size_t l = 0; l < 2; l++)
        for (size_t i = 0; i < lists[l]->count; i++)
            if (strstr(lists[l]->items[i], variable) != NULL)
                return 1;
    return 0;
}

/* An identity is what a vendor says: of two vendors each could name a device like one of the other's. */
static void warn_of_device_names(const struct config *config, struct warnings *warnings)
{
    char key[64], text[512];

    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_profile *profile = &config->profiles[i];
        const struct config_list *vendors = &profile->accept.vendors;
        int by_identity =
            names_have(profile, "${device.identity}") || names_have(profile, "${device.serial}");
        snprintf(key, sizeof key, "profiles[%zu].accept.vendors", i);
        if (by_identity && vendors->count > 1 && !names_have(profile, "${vendor}") &&
            !names_have(profile, "${device.fqdn}"))
            warn(warnings, key,
                 "names of this profile are made of identities, and it has several vendors: two devices of "
                 "them "
                 "may get one name; add ${vendor} to names, or make a profile for each vendor");
        for (size_t v = 0; v < vendors->count; v++) {
            const struct config_vendor *vendor =
                config_vendor_named(config->vendors, config->vendor_count, bytes_str(vendors->items[v]));
            if (vendor == NULL || vendor->identity != CONFIG_IDENTITY_NONE ||
                !names_have(profile, "${device."))
                continue;
            snprintf(
                text, sizeof text,
                "names of this profile are made of the device, and of vendor \"%s\" it is not known which "
                "one asks: write identity there",
                vendor->name);
            warn(warnings, key, text);
        }
    }
}

/* Of what is recorded for devices nothing is, where any may come as often as it likes. */
static void warn_of_rules(const struct config *config, struct warnings *warnings)
{
    char key[96];

    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_profile *profile = &config->profiles[i];
        if ((profile->approve.when & CONFIG_APPROVE_SECOND_CERTIFICATE) == 0 ||
            profile->devices != CONFIG_DEVICES_OPEN)
            continue;
        snprintf(key, sizeof key, "profiles[%zu].approve.when", i);
        warn(warnings, key,
             "second-certificate never applies: with devices: open nobody counts certificates; write "
             "devices: listed or record");
    }
}

/* ---- what a profile has in place of its kind's ---- */

static const char *text_of_kind(const char *name)
{
    size_t count;
    const struct config_ready_made *kinds = config_kinds(&count);

    for (size_t i = 0; i < count; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return kinds[i].text;
    return "";
}

static int is_of_kind(const struct config_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strstr(text, list->items[i]) == NULL)
            return 0;
    return list->count != 0;
}

/* It may be meant so. But init writes every setting into the file, and whoever adds kind there gets none of
 * it. */
static void note_kinds(const struct config *config)
{
    char key[64], text[512];

    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_profile *profile = &config->profiles[i];
        const char *kind = profile->kind != NULL ? text_of_kind(profile->kind) : NULL;
        int names = kind != NULL && !is_of_kind(&profile->names.subject, kind);
        int purposes = kind != NULL && !is_of_kind(&profile->certificate.extended_key_usage, kind);
        if (!names && !purposes)
            continue;
        snprintf(key, sizeof key, "profiles[%zu].kind", i);
        snprintf(text, sizeof text,
                 "profile \"%s\" has %s%s%s of its own in place of those of %s: remove what the kind is to "
                 "decide; cmpctl profile kinds %s shows its settings",
                 profile->name, names ? "names.subject" : "", names && purposes ? " and " : "",
                 purposes ? "certificate.extended_key_usage" : "", profile->kind, profile->kind);
        note(&config, key, text);
    }
}

static size_t warn_of_all(const struct policy *policy, int64_t now)
{
    struct warnings warnings = {policy_config(policy), 0};

    policy_warn_of_crls(policy, now, warn, &warnings);
    policy_warn_of_tolerances(policy, now, warn, &warnings);
    policy_warn_of_answers(policy, warn, &warnings);
    policy_warn_of_expiries(policy, now, warn, &warnings);
    warn_of_shards(policy_config(policy), &warnings);
    warn_of_device_names(policy_config(policy), &warnings);
    warn_of_rules(policy_config(policy), &warnings);
    return warnings.count;
}

/* Returns the store, or NULL with |fault|. */
static struct store *open_store(struct config_fault *fault, const struct config *config)
{
    char text[STORE_FAULT_MAX], last[LAST_SEAL_TEXT];
    struct store *store = store_open_to_read(text, config->store, config->node);

    if (store == NULL) {
        config_fault_at(fault, config, "store", "%s", text);
    } else if (last_seal_check(last, config->audit_seal_file, store) != LAST_SEAL_HELD) {
        config_fault_at(fault, config, "store", "%s", last);
        store_close(store);
        store = NULL;
    }
    return store;
}

static int run(const struct ctl_call *call)
{
    const char *path = config_place(call->argument_count != 0 ? call->arguments[0] : NULL);
    struct config_fault fault;
    struct policy *policy;
    const struct config *config;
    struct store *store;
    size_t warnings;
    int status = CTL_OK;

    if (path == NULL)
        return ctl_wrong_call(call->command,
                              "%s wants FILE: CMPD_CONFIG is not set, and there is no " CONFIG_PLACE_DEFAULT,
                              call->command->name);
    if ((policy = policy_load_file(&fault, path, time(NULL))) == NULL)
        return ctl_fault("%s", fault.text);
    if ((store = open_store(&fault, policy_config(policy))) != NULL)
        policy = ctl_renewed(policy, path, store);
    config = policy_config(policy);
    warnings = warn_of_unreachable(config) + warn_of_all(policy, time(NULL));
    if (store != NULL) {
        warnings += warn_of_no_secrets(policy, store);
        policy_note_answers(policy, note, &config);
        policy_note_macs(policy, note, &config);
        note_kinds(config);
        printf("%s %s: %zu listeners, %zu CAs, %zu vendors, %zu profiles; hash %s\n", path,
               warnings == 0 ? "is right" : "can be served, but see the warnings", config->listener_count,
               config->ca_count, config->vendor_count, config->profile_count, policy_hash(policy));
    } else {
        status = ctl_fault("%s", fault.text);
    }
    store_close(store);
    policy_release(policy);
    return status;
}

const struct ctl_command ctl_check = {
    .name = "check",
    .arguments = "[FILE]",
    .least = 0,
    .most = 1,
    .says = "check a configuration, every file that it names, and its store",
    .more =
        "FILE is found as --config of other commands is. cmpd makes the same checks when it starts, and "
        "before it takes a new configuration. A fault has the "
        "file, the line, and what to write instead. A profile under which nobody can enroll is a "
        "warning, and so is one that takes shared secrets alone where the store has none, a "
        "stale CRL of a vendor, an intermediate that a CRL has revoked or none speaks of, a tolerance that "
        "has ended or will within a month, a CA that signs answers and may not, names that devices of "
        "two vendors could share, or that no device can have, a certificate or a CRL that has ended or will "
        "within 30 days, and a rule of approval that never applies. "
        "A note tells who signs answers for a CA, if that is another name: some stations compare them. "
        "Others tell of a profile whose names or purposes are not those of its kind, and of one "
        "that refuses the MAC which openssl cmp makes by default. The store is opened, "
        "and left as it is. Ports, and what a running cmpd may load "
        "again are not looked at.",
    .run = run,
};
