/* device overdue: the certificates that their stations should have updated by now. It needs no key. */
#include <time.h>

#include "server/ctl/device.h"
#include "server/ctl/groups.h"
#include "server/upkeep/overdue.h"

struct listing {
    const char *vendor, *site, *profile; /* NULL: any */
    struct bytes (*key_of)(
        const struct overdue *found); /* NULL: each is told, else they are counted by that */
    struct ctl_groups groups;
    int json;
    int64_t now;
};

static struct bytes vendor_of(const struct overdue *found)
{
    return found->cert->vendor;
}

static struct bytes site_of(const struct overdue *found)
{
    return found->device != NULL ? found->device->site : bytes_str("");
}

static struct bytes profile_of(const struct overdue *found)
{
    return found->cert->profile;
}

static const struct {
    const char *name;
    struct bytes (*key_of)(const struct overdue *found);
} ways[] = {{"vendor", vendor_of}, {"site", site_of}, {"profile", profile_of}};

static int is(const char *wanted, struct bytes value)
{
    return wanted == NULL || bytes_equal(bytes_str(wanted), value);
}

static struct bytes identity_of(const struct overdue *found)
{
    return found->device != NULL ? found->device->identity : bytes_str("");
}

static void print_json(const struct overdue *found)
{
    char serial[2 * STORE_SERIAL + 1], at[CTL_TIME_MAX];
    json_t *object = json_object();

    ctl_json_set(object, "serial", json_string(log_hex(serial, sizeof serial, found->cert->serial)));
    ctl_json_set(object, "not_after", json_string(ctl_time(at, found->cert->not_after)));
    ctl_json_set(object, "profile", ctl_json_text(found->cert->profile));
    ctl_json_set(object, "vendor", ctl_json_text(vendor_of(found)));
    ctl_json_set(object, "identity", ctl_json_text(identity_of(found)));
    ctl_json_set(object, "site", ctl_json_text(site_of(found)));
    ctl_json_set(object, "subject", ctl_json_text(found->cert->subject_text));
    ctl_json_print(object);
}

static void print_line(const struct overdue *found, int64_t now)
{
    char serial[2 * STORE_SERIAL + 1], at[CTL_TIME_MAX];

    printf("%-7s  %s  %s  ", found->cert->not_after < now ? "expired" : "ends",
           ctl_time(at, found->cert->not_after), log_hex(serial, sizeof serial, found->cert->serial));
    cert_put_text(found->cert->subject_text, 0);
    printf("  profile ");
    cert_put_text(found->cert->profile, 0);
    if (vendor_of(found).len != 0) {
        printf("  device ");
        cert_put_text(vendor_of(found), 0);
        putchar(' ');
        cert_put_text(identity_of(found), 0);
    }
    if (site_of(found).len != 0) {
        printf("  site ");
        cert_put_text(site_of(found), 0);
    }
    putchar('\n');
}

static int show(void *arg, const struct overdue *found)
{
    struct listing *listing = arg;

    if (!is(listing->vendor, vendor_of(found)) || !is(listing->site, site_of(found)) ||
        !is(listing->profile, profile_of(found)))
        return 1;
    if (listing->key_of != NULL)
        return ctl_groups_count(&listing->groups, listing->key_of(found));
    if (listing->json)
        print_json(found);
    else
        print_line(found, listing->now);
    return 1;
}

static int walk(struct listing *listing, const struct device_store *at)
{
    struct overdue_walk walk = {.config = at->opened.config, .ca = at->ca};
    enum overdue_end end;

    memcpy(walk.issuer, at->issuer, STORE_ISSUER_ID);
    while ((end = overdue_piece(&walk, at->opened.store, listing->now, show, listing)) == OVERDUE_MORE)
        continue;
    if (end == OVERDUE_UNAVAILABLE)
        return ctl_fault("the store does not answer");
    return listing->groups.failed ? ctl_fault("out of memory") : CTL_OK;
}

static int list(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    const char *by = ctl_value(call, "by");
    struct listing *listing = arg;
    int status;

    (void)arena;
    if (by == NULL && !listing->json)
        printf("%-7s  %-20s  %-32s  SUBJECT\n", "STATE", "NOT AFTER", "SERIAL");
    status = walk(listing, at);
    if (status == CTL_OK && by != NULL)
        ctl_groups_print(&listing->groups, listing->json ? by : NULL);
    ctl_groups_free(&listing->groups);
    return status;
}

static int run(const struct ctl_call *call)
{
    const char *by = ctl_value(call, "by");
    struct listing listing = {.vendor = ctl_value(call, "vendor"),
                              .site = ctl_value(call, "site"),
                              .profile = ctl_value(call, "profile"),
                              .json = ctl_value(call, "json") != NULL,
                              .now = time(NULL)};

    for (size_t i = 0; by != NULL && i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(by, ways[i].name) == 0)
            listing.key_of = ways[i].key_of;
    if (by != NULL && listing.key_of == NULL)
        return ctl_fault("--by is vendor, site or profile, not '%s'", by);
    return device_run(call, CTL_NEEDS_TO_READ, list, &listing);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    CTL_OPTION_JSON,
    {"vendor", "NAME", 0, "of this vendor"},
    {"site", "TEXT", 0, "at this site"},
    {"profile", "NAME", 0, "of this profile"},
    {"by", "WHAT", 0, "count them by vendor, site or profile"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_overdue = {
    .name = "device overdue",
    .options = options,
    .says = "show the certificates that their stations should have updated by now",
    .more = "Those of whose validity update.overdue_percent is left, or less, and that no other took the "
            "place of; the one that ends first comes first. What expired more than 30 days ago is left out, "
            "and so are devices that are blocked or removed.",
    .run = run,
};
