/* vendor list, vendor show: whom a configuration trusts to vouch for devices, and with what. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/crl_set.h"
#include "crypto/name.h"
#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/base/log.h"
#include "server/ctl/lines.h"
#include "server/ctl/open.h"
#include "server/ctl/profile.h"
#include "server/ctl/tolerated.h"

enum { FILE_LIMIT = 1024 * 1024, TEXT = 2048 };

static void add(json_t *list, json_t *value)
{
    if (json_array_append_new(list, value) != 0)
        exit(ctl_fault("out of memory"));
}

static void set_text(json_t *row, const char *key, const char *text)
{
    if (text != NULL)
        ctl_json_set(row, key, ctl_json_text(bytes_str(text)));
}

static void set_time(json_t *row, const char *key, int64_t at)
{
    char text[CTL_TIME_MAX];

    set_text(row, key, ctl_time(text, at));
}

static json_t *line_of(const struct config_vendor *vendor)
{
    json_t *row = json_object();

    set_text(row, "name", vendor->name);
    set_text(row, "identity", config_identity_name(vendor->identity));
    set_text(row, "identity_pattern", vendor->identity_pattern);
    return row;
}

/* ---- certificates ---- */

static int add_certificate(void *list, struct bytes der)
{
    char subject[NAME_TEXT_MAX], hex[LOG_HEX_MAX];
    uint8_t hash[DIGEST_MAX];
    struct certificate cert;
    json_t *row = json_object();

    if (!certificate_parse(&cert, der)) {
        json_decref(row);
        return 1;
    }
    digest_compute(hash, DIGEST_SHA256, der);
    set_text(row, "subject", name_text(subject, sizeof subject, cert.subject));
    set_time(row, "not_before", cert.not_before);
    set_time(row, "not_after", cert.not_after);
    set_text(row, "sha256", log_hex(hex, sizeof hex, bytes_of(hash, STORE_HASH)));
    add(list, row);
    return 1;
}

/* The policy has read them: they are certificates. */
static json_t *certificates(const struct config_list *files)
{
    json_t *list = json_array();
    uint8_t *text;
    size_t len;

    for (size_t i = 0; i < files->count; i++)
        if (file_read(&text, &len, files->items[i], FILE_LIMIT)) {
            pem_each_certificate(bytes_of(text, len), add_certificate, list);
            free(text);
        }
    return list;
}

/* ---- CRLs ---- */

static const char *state_of(const struct crl_set *set, const struct crl *crl, int64_t now)
{
    return crl->this_update > now                         ? "not valid yet"
           : crl->next_update >= now                      ? "current"
           : now - crl->next_update <= set->stale_seconds ? "stale, and counts still"
                                                          : "stale";
}

static json_t *crls(const struct crl_set *set, int64_t now)
{
    char issuer[NAME_TEXT_MAX];
    json_t *list = json_array(), *row;

    for (size_t i = 0; set != NULL && i < set->count; i++) {
        const struct crl *crl = &set->items[i].crl;
        row = json_object();
        set_text(row, "file", set->items[i].file);
        set_text(row, "issuer", name_text(issuer, sizeof issuer, crl->issuer));
        set_time(row, "this_update", crl->this_update);
        set_time(row, "next_update", crl->next_update);
        set_text(row, "state", state_of(set, crl, now));
        add(list, row);
    }
    return list;
}

/* ---- devices ---- */

struct counting {
    struct bytes vendor;
    json_int_t devices, blocked;
};

static int count_one(void *arg, const void *found)
{
    const struct store_device *row = found;
    struct counting *counting = arg;
    int is_of = bytes_equal(row->vendor, counting->vendor);

    counting->devices += is_of;
    counting->blocked += is_of && row->state == STORE_DEVICE_BLOCKED;
    return 1;
}

static int count_devices(json_t *row, const struct ctl_opened *opened, const char *vendor)
{
    struct counting counting = {.vendor = bytes_str(vendor)};
    char fault[STORE_FAULT_MAX] = "";

    if (!store_each(opened->store, fault, STORE_DEVICES, bytes_of(NULL, 0), count_one, &counting))
        return !ctl_fault("%s", fault);
    ctl_json_set(row, "devices", json_integer(counting.devices));
    ctl_json_set(row, "devices_blocked", json_integer(counting.blocked));
    return 1;
}

static json_t *profiles_of(const struct config *config, const char *vendor)
{
    json_t *list = json_array();

    for (size_t i = 0; i < config->profile_count; i++)
        for (size_t v = 0; v < config->profiles[i].accept.vendors.count; v++)
            if (strcmp(config->profiles[i].accept.vendors.items[v], vendor) == 0)
                add(list, ctl_json_text(bytes_str(config->profiles[i].name)));
    return list;
}

/* ---- the commands ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void put_object(const char *label, const json_t *object)
{
    char text[TEXT];

    if (json_object_get(object, "since") != NULL) {
        tolerated_print(label, object);
        return;
    }
    if (json_object_get(object, "file") != NULL)
        snprintf(text, sizeof text, "%s of %s, %s to %s: %s", text_of(object, "file"),
                 text_of(object, "issuer"), text_of(object, "this_update"), text_of(object, "next_update"),
                 text_of(object, "state"));
    else
        snprintf(text, sizeof text, "%s, %s to %s, SHA-256 %s", text_of(object, "subject"),
                 text_of(object, "not_before"), text_of(object, "not_after"), text_of(object, "sha256"));
    ctl_put_line(label, bytes_str(text));
}

static int print(const struct ctl_call *call, const struct ctl_opened *opened, size_t v)
{
    const struct config_vendor *vendor = &opened->config->vendors[v];
    json_t *row = line_of(vendor);
    char key[32];

    snprintf(key, sizeof key, "vendors[%zu]", v);
    ctl_json_set(row, "place", profile_place(opened->config, key));
    ctl_json_set(row, "profiles", profiles_of(opened->config, vendor->name));
    ctl_json_set(row, "anchors", certificates(&vendor->anchors));
    ctl_json_set(row, "intermediates", certificates(&vendor->intermediates));
    ctl_json_set(row, "blocked", certificates(&vendor->blocked));
    ctl_json_set(row, "blocked_fingerprints", profile_list(&vendor->blocked_fingerprints));
    ctl_json_set(row, "crls", crls(policy_vendor_crls(opened->policy, v), time(NULL)));
    ctl_json_set(row, "crl_urls", profile_list(&vendor->crl_urls));
    if (vendor->late_days > 0)
        ctl_json_set(row, "late_days", json_integer(vendor->late_days));
    ctl_json_set(row, "tolerate", profile_list(&vendor->tolerate));
    tolerated_put(row, opened->config, TOLERANCE_OF_VENDOR, vendor->name);
    if (!count_devices(row, opened, vendor->name)) {
        json_decref(row);
        return CTL_FAULT;
    }
    if (ctl_value(call, "json") != NULL)
        ctl_json_print(row);
    else
        ctl_put_lines(row, put_object);
    return CTL_OK;
}

static int show(const struct ctl_call *call)
{
    struct ctl_opened opened;
    int v, status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    v = vendor_index(opened.config, call->arguments[0]);
    status = v >= 0 ? print(call, &opened, (size_t)v) : CTL_FAULT;
    ctl_close(&opened);
    return status;
}

static int list(const struct ctl_call *call)
{
    struct config_fault fault;
    struct config *config = config_load(&fault, ctl_value(call, "config"));

    if (config == NULL)
        return ctl_fault("%s", fault.text);
    if (ctl_value(call, "json") == NULL)
        printf("%-20s  IDENTITY\n", "VENDOR");
    for (size_t v = 0; v < config->vendor_count; v++) {
        const struct config_vendor *vendor = &config->vendors[v];
        if (ctl_value(call, "json") != NULL)
            ctl_json_print(line_of(vendor));
        else
            printf("%-20s  %s%s%s\n", vendor->name, config_identity_name(vendor->identity),
                   vendor->identity_pattern != NULL ? "  " : "",
                   vendor->identity_pattern != NULL ? vendor->identity_pattern : "");
    }
    config_free(config);
    return CTL_OK;
}

static const struct ctl_option list_options[] = {CTL_OPTION_CONFIG, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_vendor_list = {
    .name = "vendor list",
    .options = list_options,
    .says = "list the vendors of a configuration, and what tells their devices apart",
    .run = list,
};

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_vendor_show = {
    .name = "vendor show",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "show a vendor's certificates and CRLs, and what it blocks, count its devices",
    .more = "It reads all devices. CRLs that were fetched are among the others. How often its tolerances "
            "were made "
            "use of is asked of the node, if it runs and serves admin.",
    .run = show,
};
