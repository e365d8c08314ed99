/* profile test: what a request would get, or which rule refuses it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "server/base/file.h"
#include "server/ctl/cert.h"
#include "server/ctl/cert_names.h"
#include "server/ctl/decode.h"
#include "server/ctl/lines.h"
#include "server/ctl/profile.h"

enum { ARENA = 16 * 1024 * 1024, MODE = 0644 };

/* ---- what is told ---- */

static void put_text(json_t *row, const char *key, const char *text)
{
    if (text != NULL && *text != 0)
        ctl_json_set(row, key, ctl_json_text(bytes_str(text)));
}

static void put_time(json_t *row, const char *key, int64_t at)
{
    char text[CTL_TIME_MAX];

    put_text(row, key, ctl_time(text, at));
}

static void add(json_t *list, const char *text)
{
    if (json_array_append_new(list, ctl_json_text(bytes_str(text))) != 0)
        exit(ctl_fault("out of memory"));
}

static int add_name(void *list, const char *kind, const char *name)
{
    char whole[CERT_NAME_MAX];

    snprintf(whole, sizeof whole, "%s:%s", kind, name);
    add(list, whole);
    return 0;
}

static json_t *extensions_of(struct arena *arena, const struct certificate *cert)
{
    CBS all = cbs_of(cert->extensions), extension, oid;
    json_t *list = json_array();

    while (CBS_get_asn1(&all, &extension, CBS_ASN1_SEQUENCE) &&
           CBS_get_asn1(&extension, &oid, CBS_ASN1_OBJECT)) {
        const char *name = extension_name(arena, bytes_of_cbs(&oid));
        int critical = 0;
        if (CBS_peek_asn1_tag(&extension, CBS_ASN1_BOOLEAN))
            CBS_get_asn1_bool(&extension, &critical);
        add(list, critical ? arena_printf(arena, "%s, critical", name) : name);
    }
    return list;
}

static void put_certificate(json_t *row, struct arena *arena, const struct store_cert *stored)
{
    struct certificate cert;
    json_t *names = json_array();

    put_text(row, "subject", stored->subject_text.len != 0 ? (const char *)stored->subject_text.data : "");
    cert_each_name(stored->certificate, add_name, names);
    ctl_json_set(row, "san", names);
    put_time(row, "not_before", stored->not_before);
    put_time(row, "not_after", stored->not_after);
    if (certificate_parse(&cert, stored->certificate))
        ctl_json_set(row, "extensions", extensions_of(arena, &cert));
}

static const char *outcome_of(const struct profile_trial *trial)
{
    return trial->result.refused ? "refused"
           : trial->row != NULL  ? "granted"
           : trial->commits      ? "done"
                                 : "answered as before: the store has an answer to this message";
}

static json_t *describe(const struct profile_trial *trial, struct arena *arena, const struct config *config)
{
    const struct cmp_result *result = &trial->result;
    json_t *row = json_object();

    put_text(row, "outcome", outcome_of(trial));
    put_text(row, "request", result->request_body >= 0 ? pki_body_name(result->request_body) : NULL);
    put_text(row, "profile", result->profile);
    put_text(row, "device", result->device);
    if (result->refused) {
        put_text(row, "fail_info", pki_failure_name(result->fail_info));
        put_text(row, "text", result->text);
    }
    put_text(row, "detail", result->detail);
    if (result->refused && result->setting != NULL)
        ctl_json_set(row, "setting", profile_place(config, result->setting));
    put_text(row, "warning", result->warning);
    if (trial->asks)
        put_text(row, "authorize", "would be asked first; it was not, and taken to allow this");
    if (trial->row != NULL && !result->refused)
        put_certificate(row, arena, trial->row);
    return row;
}

/* ---- the call ---- */

/* struct asked is what the call gives. */
struct asked {
    const struct ctl_call *call;
    struct arena *arena;
    struct ctl_opened opened;
    struct bytes request;
    int64_t at_ms;
};

/* accept.vendors as the call has it. Returns 0 with a fault printed. */
static int suppose(const struct asked *asked, struct config *config)
{
    const char *name = ctl_value(asked->call, "profile");
    int profile = profile_index(config, name != NULL ? name : config->default_profile);
    struct config_list vendors = {.count = 0};
    const char **items;

    while (ctl_nth(asked->call, "vendor", vendors.count) != NULL)
        vendors.count++;
    items = arena_alloc(asked->arena, vendors.count * sizeof *items);
    for (size_t i = 0; items != NULL && i < vendors.count; i++)
        if (vendor_index(config, items[i] = ctl_nth(asked->call, "vendor", i)) < 0)
            return 0;
    vendors.items = items;
    if (profile < 0)
        return 0;
    return (items != NULL && config_suppose_vendors(config, (size_t)profile, &vendors)) ||
           !ctl_fault("out of memory");
}

static int open_supposed(struct asked *asked)
{
    const char *path = ctl_value(asked->call, "config"), *url = ctl_value(asked->call, "store");
    char text[STORE_FAULT_MAX] = "";
    struct config_fault fault;
    struct config *config = config_load(&fault, path);

    if (config == NULL)
        return ctl_fault("%s", fault.text);
    if (!suppose(asked, config)) {
        config_free(config);
        return CTL_FAULT;
    }
    if ((asked->opened.policy = policy_start(&fault, config, time(NULL))) == NULL)
        return ctl_fault("%s", fault.text);
    asked->opened.config = policy_config(asked->opened.policy);
    asked->opened.url = url != NULL ? url : asked->opened.config->store;
    asked->opened.store = store_open_to_read(text, asked->opened.url, asked->opened.config->node);
    if (asked->opened.store != NULL)
        return CTL_OK;
    ctl_close(&asked->opened);
    return ctl_fault("%s", text);
}

static int open_all(struct asked *asked)
{
    const char *url = ctl_value(asked->call, "store");

    if (ctl_value(asked->call, "vendor") == NULL)
        return ctl_open(&asked->opened, asked->call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ);
    if (url != NULL && !ctl_refuse_secret(url))
        return CTL_FAULT;
    return open_supposed(asked);
}

static int write_tbs(const struct profile_trial *trial, const char *path)
{
    struct bytes tbs = trial->decision->tbs;

    return file_write(path, tbs.data, tbs.len, MODE, 0) ||
           !ctl_fault("cannot write %s: %s", path, strerror(errno));
}

static int tell(const struct asked *asked, const struct profile_trial *trial)
{
    const char *out = ctl_value(asked->call, "out");
    json_t *row = describe(trial, asked->arena, asked->opened.config);
    int is_granted = trial->row != NULL && !trial->result.refused;

    if (ctl_value(asked->call, "json") != NULL) {
        ctl_json_print(row);
    } else {
        ctl_put_lines(row, NULL);
        if (is_granted) {
            puts("\nThe certificate as it would be, but for its serial number, which differs each time, and "
                 "its signature, which is zeros here:");
            decode_write(stdout, trial->row->certificate);
        }
    }
    if (is_granted && out != NULL && !write_tbs(trial, out))
        return CTL_FAULT;
    return trial->result.refused ? CTL_FAULT : CTL_OK;
}

static int try(struct asked *asked)
{
    const char *name = ctl_value(asked->call, "profile");
    const struct cmp_settings *settings = policy_settings(asked->opened.policy);
    struct cmp_route route = {.body = -1};
    struct profile_trial trial;
    int profile = 0, status;

    if (name != NULL && (profile = profile_index(asked->opened.config, name)) < 0)
        return CTL_FAULT;
    if (name != NULL)
        route.profile = settings->profiles[profile];
    if (!profile_try(&trial, asked->arena, asked->opened.store, settings, &route, asked->request,
                     asked->at_ms))
        return ctl_fault("out of memory");
    status = tell(asked, &trial);
    cmp_end(trial.message);
    return status;
}

static int read_call(struct asked *asked, const char **why)
{
    const char *path = asked->call->arguments[0], *at = ctl_value(asked->call, "at");
    struct decode_input input;
    struct bytes text;
    int64_t seconds;
    uint8_t *octets;
    size_t len;

    asked->at_ms = ctl_now_ms();
    *why = "--at is a time such as 2026-11-29T05:00:00Z";
    if (at != NULL && !cert_read_time(&seconds, at))
        return 0;
    if (at != NULL)
        asked->at_ms = seconds * 1000;
    if (!file_read(&octets, &len, path, DECODE_INPUT_MAX)) {
        *why = arena_printf(asked->arena, "%s cannot be read: %s", path, strerror(errno));
        return 0;
    }
    text = arena_copy(asked->arena, bytes_of(octets, len));
    free(octets);
    if (text.len != len || !decode_input_read(&input, asked->arena, why, text))
        return 0;
    asked->request = input.der;
    return 1;
}

static int run(const struct ctl_call *call)
{
    struct asked asked = {.call = call, .arena = arena_new(ARENA)};
    const char *why;
    int status;

    if (asked.arena == NULL)
        return ctl_fault("out of memory");
    if (!read_call(&asked, &why))
        status = ctl_wrong_call(call->command, "%s", why);
    else if ((status = open_all(&asked)) == CTL_OK) {
        status = try(&asked);
        ctl_close(&asked.opened);
    }
    arena_free(asked.arena);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    CTL_OPTION_JSON,
    {"profile", "NAME", CTL_ONCE, "as if it came by the path of this profile"},
    {"vendor", "NAME", CTL_SEVERAL,
     "as if accept.vendors of that profile, or of the default one, were these"},
    {"at", "TIME", CTL_ONCE, "as if it came then: 2026-11-29T05:00:00Z; if not given, now"},
    {"out", "FILE", CTL_ONCE, "where the TBSCertificate is written, if one would be issued"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_profile_test = {
    .name = "profile test",
    .arguments = "REQUEST",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "tell what a request would get, or which rule refuses it",
    .more =
        "REQUEST is a file with a PKIMessage in DER, PEM, base64 or hexadecimal, as a client has sent it. "
        "The code of the server looks at it, with the store as it is now. Nothing is written there, and "
        "nothing signed. A request that is older than accept.message_time_seconds wants --at. For one that "
        "was answered before, nothing is decided again.",
    .statuses =
        "Exit status: 0 if it would be granted, 1 if it would be refused or for another fault, 2 for a "
        "wrong call.",
    .run = run,
};
