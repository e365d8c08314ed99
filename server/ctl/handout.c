/* handout: what a vendor's engineer types into base stations, so that they find the CA and know it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/ctl/handout.h"
#include "server/ctl/lines.h"
#include "server/ctl/open.h"
#include "server/ctl/profile.h"

enum { ARENA = 1024 * 1024, URL_USUAL = 128, HOST = 256, FOLDER_MODE = 0755 };

static void add(json_t *list, json_t *value)
{
    if (json_array_append_new(list, value) != 0)
        exit(ctl_fault("out of memory"));
}

static void set_text(json_t *row, const char *key, const char *text)
{
    if (text == NULL)
        exit(ctl_fault("out of memory"));
    ctl_json_set(row, key, ctl_json_text(bytes_str(text)));
}

/* ---- where ---- */

/* The listener that serves CMP, one with TLS first of all. */
static const struct config_listener *listener_of(const struct config *config)
{
    const struct config_listener *found = NULL;

    for (size_t i = 0; i < config->listener_count; i++) {
        const struct config_listener *listener = &config->listeners[i];
        if ((listener->serves & CONFIG_SERVE_CMP) != 0 &&
            (found == NULL || (found->tls == NULL && listener->tls != NULL)))
            found = listener;
    }
    return found;
}

/* An address that stands for every one of this machine has its name in a URL. */
static const char *host_of(struct arena *arena, const char *address)
{
    static const char *const any[] = {":", "0.0.0.0:", "[::]:"};
    char name[HOST];

    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++)
        if (strncmp(address, any[i], strlen(any[i])) == 0)
            return gethostname(name, sizeof name) == 0
                       ? arena_printf(arena, "%s:%s", name, address + strlen(any[i]))
                       : NULL;
    return address;
}

static int is_http(const char *url)
{
    static const char *const schemes[] = {"http://", "https://"};

    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url[strlen(schemes[i])] != 0 && strpbrk(url, "?# ") == NULL;
    return 0;
}

/* NULL with a fault printed. */
static const char *base_of(struct arena *arena, const struct ctl_call *call, const struct config *config)
{
    const struct config_listener *listener = listener_of(config);
    const char *given = ctl_value(call, "url"), *host;
    size_t len;

    if (given != NULL && !is_http(given)) {
        ctl_fault("--url %s: begin it with http:// or https://, and leave query and fragment out", given);
        return NULL;
    }
    if (given != NULL) {
        for (len = strlen(given); len != 0 && given[len - 1] == '/'; len--)
            ;
        return arena_printf(arena, "%.*s", (int)len, given);
    }
    if (listener == NULL || (host = host_of(arena, listener->address)) == NULL) {
        ctl_fault("no listener serves CMP: say by --url where stations reach this CA");
        return NULL;
    }
    return arena_printf(arena, "%s://%s", listener->tls != NULL ? "https" : "http", host);
}

/* The paths of its own first: they are made for stations that can take no other. */
static void put_urls(json_t *row, struct arena *arena, const char *base, const struct config_profile *profile)
{
    json_t *list = json_array(), *paths = json_array();

    for (size_t i = 0; i <= profile->paths.count; i++) {
        const char *path = i < profile->paths.count
                               ? profile->paths.items[i]
                               : arena_printf(arena, "/.well-known/cmp/p/%s", profile->name);
        const char *url = path != NULL ? arena_printf(arena, "%s%s", base, path) : NULL;
        if (url == NULL)
            exit(ctl_fault("out of memory"));
        if (strlen(url) > URL_USUAL)
            fprintf(stderr,
                    "cmpctl: warning: %s has %zu characters, and some stations take no more than %d: add a "
                    "shorter one to paths of the profile\n",
                    url, strlen(url), URL_USUAL);
        add(list, ctl_json_text(bytes_str(url)));
        add(paths, ctl_json_text(bytes_str(path)));
    }
    ctl_json_set(row, "url", list);
    ctl_json_set(row, "path", paths);
}

/* ---- whom ---- */

static void put_name(json_t *row, struct arena *arena, const char *who, struct bytes name)
{
    static const struct {
        const char *key;
        enum handout_order order;
    } orders[] = {
        {"", HANDOUT_LAST_FIRST}, {"_reversed", HANDOUT_FIRST_FIRST}, {"_slashes", HANDOUT_SLASHES}};
    char key[64];

    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        snprintf(key, sizeof key, "%s%s", who, orders[i].key);
        set_text(row, key, handout_name(arena, name, orders[i].order));
    }
}

static void put_fingerprints(json_t *row, struct arena *arena, const char *whose, struct bytes der)
{
    char key[64];

    snprintf(key, sizeof key, "%s_sha1", whose);
    set_text(row, key, handout_fingerprint(arena, DIGEST_SHA1, der));
    snprintf(key, sizeof key, "%s_sha256", whose);
    set_text(row, key, handout_fingerprint(arena, DIGEST_SHA256, der));
}

static json_t *describe(struct arena *arena, const char *base, const char *vendor,
                        const struct cmp_profile *profile)
{
    const struct cmp_authority *ca = profile->ca;
    const struct certificate *signer = cmp_answering_certificate(profile);
    json_t *row = json_object();

    set_text(row, "vendor", vendor);
    put_urls(row, arena, base, profile->config);
    set_text(row, "cert_profile", profile->config->name);
    put_name(row, arena, "recipient", ca->cert.subject);
    if (!bytes_equal(ca->cert.subject, signer->subject))
        put_name(row, arena, "answers_by", signer->subject);
    put_fingerprints(row, arena, "root", ca->root);
    put_fingerprints(row, arena, "ca", ca->cert.der);
    put_fingerprints(row, arena, "signer", signer->der);
    set_text(row, "dhcp",
             "Stations that learn it by DHCP (option 43) are told host, port and scheme of url, path, and "
             "recipient: type these in at the DHCP server, in the form that the vendor's manual has");
    return row;
}

/* ---- files ---- */

/* What stands between: the issuing certificate, and those above it without the root. */
static int write_files(const struct cmp_profile *profile, const char *dir)
{
    const struct cmp_authority *ca = profile->ca;

    if (mkdir(dir, FOLDER_MODE) != 0 && errno != EEXIST)
        return !ctl_fault("cannot make %s: %s", dir, strerror(errno));
    return ctl_write_certs(dir, "root.pem", &ca->root, 1) &&
           ctl_write_certs(dir, "ca.pem", &ca->cert.der, 1) &&
           ctl_write_certs(dir, "signer.pem", &cmp_answering_certificate(profile)->der, 1) &&
           ctl_write_certs(dir, "chain.pem", ca->mac_extra_certs, ca->mac_extra_cert_count);
}

/* ---- the call ---- */

static int takes_vendor(const struct config_profile *profile, const char *vendor)
{
    for (size_t i = 0; i < profile->accept.vendors.count; i++)
        if (strcmp(profile->accept.vendors.items[i], vendor) == 0)
            return 1;
    return 0;
}

/* By shared secrets alone: then stations of any vendor enroll. */
static int takes_secrets_alone(const struct config_profile *profile)
{
    return profile->mac.allowed && profile->accept.vendors.count == 0;
}

/* The one that the call names, or the only one that takes the vendor's certificates. -1 with a fault printed.
 */
static int choose(const struct config *config, const char *vendor, const char *name)
{
    int found = -1;

    if (name != NULL) {
        if ((found = profile_index(config, name)) < 0 || takes_vendor(&config->profiles[found], vendor) ||
            takes_secrets_alone(&config->profiles[found]))
            return found;
        ctl_fault("the profile %s takes no certificates of %s: name it in accept.vendors", name, vendor);
        return -1;
    }
    for (size_t i = 0; i < config->profile_count; i++) {
        if (!takes_vendor(&config->profiles[i], vendor))
            continue;
        if (found >= 0) {
            ctl_fault("several profiles take certificates of %s: say by --profile which", vendor);
            return -1;
        }
        found = (int)i;
    }
    if (found < 0)
        ctl_fault("no profile takes certificates of %s: name it in accept.vendors of one, or say by "
                  "--profile which takes shared secrets alone",
                  vendor);
    return found;
}

static int hand_out(const struct ctl_call *call, const struct ctl_opened *opened, struct arena *arena)
{
    const char *vendor = call->arguments[0], *out = ctl_value(call, "out"), *base;
    const struct cmp_profile *profile;
    json_t *row;
    int i;

    if (vendor_index(opened->config, vendor) < 0 ||
        (i = choose(opened->config, vendor, ctl_value(call, "profile"))) < 0)
        return CTL_FAULT;
    if ((base = base_of(arena, call, opened->config)) == NULL)
        return CTL_FAULT;
    profile = policy_settings(opened->policy)->profiles[i];
    if (out != NULL && !write_files(profile, out))
        return CTL_FAULT;
    row = describe(arena, base, vendor, profile);
    if (ctl_value(call, "json") != NULL)
        ctl_json_print(row);
    else
        ctl_put_lines(row, NULL);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct ctl_opened opened;
    struct arena *arena;
    int status = ctl_open(&opened, call, CTL_NEEDS_POLICY);

    if (status != CTL_OK)
        return status;
    arena = arena_new(ARENA);
    status = arena != NULL ? hand_out(call, &opened, arena) : ctl_fault("out of memory");
    arena_free(arena);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_JSON,
    {"profile", "NAME", CTL_ONCE,
     "the profile; may be left out if one alone takes the vendor's certificates"},
    {"url", "URL", CTL_ONCE, "where stations reach this CA, without a path: https://ca.example"},
    {"out", "DIR", CTL_ONCE, "where root.pem, ca.pem, signer.pem and chain.pem are written"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_handout = {
    .name = "handout",
    .arguments = "VENDOR",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "tell what a vendor's engineer types into base stations",
    .more =
        "Without --url, the address is that of a listener which serves CMP, one with TLS if there is one: "
        "load balancers have another. Names are in the order of RFC 4514, in that of the certificate, and "
        "with slashes. In DIR, chain.pem is what stands below the root; no file is overwritten.",
    .run = run,
};
