/* device list: the devices that are listed or were recorded. It needs no key. */
#include <errno.h>
#include <stdlib.h>

#include "server/ctl/device.h"

struct listing {
    const char *vendor, *site; /* NULL: any */
    int state;                 /* 0: any */
    int json;
    unsigned long limit, shown; /* limit 0: none */
};

static int is_wanted(const struct listing *listing, const struct store_device *row)
{
    return (listing->vendor == NULL || bytes_equal(bytes_str(listing->vendor), row->vendor)) &&
           (listing->site == NULL || bytes_equal(bytes_str(listing->site), row->site)) &&
           (listing->state == 0 || listing->state == (int)row->state);
}

static void print_line(const struct store_device *row)
{
    char at[CTL_TIME_MAX];

    printf("%-7s  %-20s  ", device_state_name(row->state), ctl_time(at, row->added_at));
    cert_put_text(row->vendor, 0);
    putchar(' ');
    cert_put_text(row->identity, 0);
    for (int i = DEVICE_SITE; i < DEVICE_COLUMNS; i++) {
        struct bytes value = device_get(row, (enum device_column)i);
        if (i == DEVICE_EXPECTED || value.len == 0)
            continue;
        printf("  %s ", device_column_name((enum device_column)i));
        cert_put_text(value, 0);
    }
    putchar('\n');
}

static int show(void *arg, const void *row)
{
    struct listing *listing = arg;

    if (!is_wanted(listing, row))
        return 1;
    if (listing->json)
        ctl_json_print(device_json(row));
    else
        print_line(row);
    return ++listing->shown != listing->limit;
}

static int read_limit(unsigned long *limit, const char *text)
{
    char *end;

    *limit = 0;
    if (text == NULL)
        return 1;
    errno = 0;
    *limit = strtoul(text, &end, 10);
    return (text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && *limit != 0) ||
           !ctl_fault("--limit wants a number of devices, not '%s'", text);
}

static int read_state(int *state, const char *name)
{
    *state = name != NULL ? device_state(name) : 0;
    return name == NULL || *state != 0 || !ctl_fault("--state is known or blocked, not '%s'", name);
}

static int show_all(void *arg, const struct ctl_call *call, const struct device_store *at,
                    struct arena *arena)
{
    const struct listing *listing = arg;

    (void)call;
    (void)arena;
    if (!listing->json)
        printf("%-7s  %-20s  DEVICE\n", "STATE", "LISTED");
    return device_each(at, show, arg) ? CTL_OK : CTL_FAULT;
}

static int run(const struct ctl_call *call)
{
    struct listing listing = {.vendor = ctl_value(call, "vendor"),
                              .site = ctl_value(call, "site"),
                              .json = ctl_value(call, "json") != NULL};

    if (!read_limit(&listing.limit, ctl_value(call, "limit")) ||
        !read_state(&listing.state, ctl_value(call, "state")))
        return CTL_FAULT;
    return device_run(call, CTL_NEEDS_TO_READ, show_all, &listing);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    CTL_OPTION_JSON,
    {"vendor", "NAME", 0, "of this vendor"},
    {"site", "TEXT", 0, "at this site"},
    {"state", "STATE", 0, "known or blocked"},
    {"limit", "N", 0, "so many of them at most"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_list = {
    .name = "device list",
    .options = options,
    .says = "show the devices that are listed or were recorded",
    .more = "All, or those that are as every option wants them. A line is: state, since when it is listed, "
            "vendor and identity, and what else is known of it.",
    .run = run,
};
