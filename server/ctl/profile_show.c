/* profile list, profile show: the profiles of a configuration, and what one of them decides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"
#include "server/ctl/lines.h"
#include "server/ctl/profile.h"
#include "server/ctl/tolerated.h"

static void set_text(json_t *row, const char *key, const char *text)
{
    if (text != NULL)
        ctl_json_set(row, key, ctl_json_text(bytes_str(text)));
}

static json_t *line_of(const struct config *config, const struct config_profile *profile)
{
    json_t *row = json_object();

    set_text(row, "name", profile->name);
    set_text(row, "ca", profile->ca);
    set_text(row, "kind", profile->kind);
    ctl_json_set(row, "paths", profile_list(&profile->paths));
    ctl_json_set(row, "default", json_boolean(strcmp(config->default_profile, profile->name) == 0));
    return row;
}

/* ---- one of them ---- */

/* Each in a line: which certificates are its own, how many it gets, and for whom. */
static json_t *agents_of(const struct config_accept *accept)
{
    json_t *array = json_array();

    for (size_t i = 0; i < accept->agent_count; i++) {
        const struct config_agent *agent = &accept->agents[i];
        char *line = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&line, &len);
        if (out == NULL)
            exit(ctl_fault("out of memory"));
        fprintf(out, "%s: %s %s, ", agent->name,
                agent->certificate != NULL ? "certificate" : "certificates of profile",
                agent->certificate != NULL ? agent->certificate : agent->profile);
        if (agent->per_day != 0)
            fprintf(out, "%u a day, for", agent->per_day);
        else
            fputs("any number a day, for", out);
        for (size_t n = 0; n < agent->names.count; n++)
            fprintf(out, "%s %s", n != 0 ? "," : "", agent->names.items[n]);
        fclose(out);
        if (line == NULL || json_array_append_new(array, ctl_json_text(bytes_of(line, len))) != 0)
            exit(ctl_fault("out of memory"));
        free(line);
    }
    return array;
}

static void put_accepted(json_t *row, const struct config_profile *profile)
{
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {{"secret", CONFIG_BY_SECRET},
                 {"vendor", CONFIG_BY_VENDOR},
                 {"own", CONFIG_BY_OWN},
                 {"ra", CONFIG_BY_RA},
                 {"agent", CONFIG_BY_AGENT}};
    const unsigned by[] = {profile->accept.ir_by, profile->accept.cr_by, profile->accept.p10cr_by};
    static const char *const keys[] = {"ir_by", "cr_by", "p10cr_by"};

    ctl_json_set(row, "vendors", profile_list(&profile->accept.vendors));
    ctl_json_set(row, "ras", profile_list(&profile->accept.ras));
    ctl_json_set(row, "agents", agents_of(&profile->accept));
    ctl_json_set(row, "own_certificates", json_string(profile->accept.own_certificates ? "yes" : "no"));
    ctl_json_set(row, "find_signer", json_string(profile->accept.find_signer ? "yes" : "no"));
    ctl_json_set(row, "own_profiles", profile_list(&profile->accept.own_profiles));
    ctl_json_set(row, "shared_secrets", json_string(profile->mac.allowed ? "yes" : "no"));
    for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
        json_t *list = json_array();
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if ((by[i] & words[w].bit) != 0)
                json_array_append_new(list, json_string(words[w].word));
        ctl_json_set(row, keys[i], list);
    }
}

static void put_devices(json_t *row, const struct config_profile *profile)
{
    set_text(row, "devices", config_devices_name(profile->devices));
    if (profile->devices == CONFIG_DEVICES_OPEN)
        return;
    ctl_json_set(row, "slots", json_integer(profile->once.slots));
    ctl_json_set(row, "per_day", json_integer(profile->once.per_day));
}

static void put_contents(json_t *row, const struct config_profile *profile)
{
    const struct config_certificate *certificate = &profile->certificate;

    ctl_json_set(row, "subject", profile_list(&profile->names.subject));
    ctl_json_set(row, "subject_bound", json_string(profile->names.subject_bound ? "yes" : "no"));
    ctl_json_set(row, "san", profile_list(&profile->names.san));
    ctl_json_set(row, "key_types", profile_list(&profile->keys.types));
    ctl_json_set(row, "validity_days", json_integer(certificate->validity_days));
    ctl_json_set(row, "jitter_percent", json_integer(certificate->validity_jitter_percent));
    ctl_json_set(row, "key_usage", profile_list(&certificate->key_usage));
    ctl_json_set(row, "extended_key_usage", profile_list(&certificate->extended_key_usage));
    ctl_json_set(row, "critical", profile_list(&certificate->critical));
    ctl_json_set(row, "nf_types", profile_list(&certificate->nf_types));
    ctl_json_set(row, "honour", profile_list(&profile->request.honour));
    ctl_json_set(row, "refuse", profile_list(&profile->request.refuse));
    set_text(row, "lint", profile->lint == CONFIG_LINT_WARN ? "warn" : "refuse");
}

static json_t *all_of(const struct config *config, size_t i)
{
    const struct config_profile *profile = &config->profiles[i];
    json_t *row = line_of(config, profile);
    char key[32];

    snprintf(key, sizeof key, "profiles[%zu]", i);
    ctl_json_set(row, "place", profile_place(config, key));
    put_accepted(row, profile);
    put_devices(row, profile);
    put_contents(row, profile);
    ctl_json_set(row, "signatures", profile_list(&profile->accept.signatures));
    ctl_json_set(row, "macs", profile_list(&profile->accept.macs));
    ctl_json_set(row, "min_strength", json_integer(profile->accept.min_strength));
    ctl_json_set(row, "deprecated", profile_list(&profile->accept.deprecated));
    ctl_json_set(row, "general_unprotected", json_string(profile->general.unprotected ? "yes" : "no"));
    ctl_json_set(row, "tolerate", profile_list(&profile->tolerate));
    tolerated_put(row, config, TOLERANCE_OF_PROFILE, profile->name);
    return row;
}

/* ---- the commands ---- */

static struct config *load(const struct ctl_call *call)
{
    struct config_fault fault;
    struct config *config = config_load(&fault, ctl_value(call, "config"));

    if (config == NULL)
        ctl_fault("%s", fault.text);
    return config;
}

static int list(const struct ctl_call *call)
{
    struct config *config = load(call);

    if (config == NULL)
        return CTL_FAULT;
    if (ctl_value(call, "json") == NULL)
        printf("%-20s  %-20s  KIND\n", "PROFILE", "CA");
    for (size_t i = 0; i < config->profile_count; i++) {
        const struct config_profile *profile = &config->profiles[i];
        if (ctl_value(call, "json") != NULL)
            ctl_json_print(line_of(config, profile));
        else
            printf("%-20s  %-20s  %s%s\n", profile->name, profile->ca,
                   profile->kind != NULL ? profile->kind : "-",
                   strcmp(config->default_profile, profile->name) == 0 ? "  default" : "");
    }
    config_free(config);
    return CTL_OK;
}

static int show(const struct ctl_call *call)
{
    struct config *config = load(call);
    int i = config != NULL ? profile_index(config, call->arguments[0]) : -1;

    if (i >= 0 && ctl_value(call, "json") != NULL)
        ctl_json_print(all_of(config, (size_t)i));
    else if (i >= 0)
        ctl_put_lines(all_of(config, (size_t)i), tolerated_print);
    config_free(config);
    return i >= 0 ? CTL_OK : CTL_FAULT;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_profile_list = {
    .name = "profile list",
    .options = options,
    .says = "list the profiles of a configuration",
    .run = list,
};

const struct ctl_command ctl_profile_show = {
    .name = "profile show",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "show what a profile decides, its kind and defaults included",
    .more = "All settings stand in cmpd.yaml; these are those that decide who gets what. How often its "
            "tolerances were made use of is asked of the node, if it runs and serves admin.",
    .run = show,
};
