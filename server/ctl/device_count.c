/* device count: how many devices there are of each vendor, at each site, or in each state. */
#include "server/ctl/device.h"
#include "server/ctl/groups.h"

struct counting {
    struct bytes (*key_of)(const struct store_device *row);
    struct ctl_groups groups;
};

static struct bytes vendor_of(const struct store_device *row)
{
    return row->vendor;
}

static struct bytes site_of(const struct store_device *row)
{
    return row->site;
}

static struct bytes state_of(const struct store_device *row)
{
    return bytes_str(device_state_name(row->state));
}

static const struct {
    const char *name;
    struct bytes (*key_of)(const struct store_device *row);
} ways[] = {{"vendor", vendor_of}, {"site", site_of}, {"state", state_of}};

static int count_one(void *arg, const void *row)
{
    struct counting *counting = arg;

    return ctl_groups_count(&counting->groups, counting->key_of(row));
}

static int count(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *arena)
{
    struct counting *counting = arg;
    int status = CTL_OK;

    (void)arena;
    if (!device_each(at, count_one, counting))
        status = CTL_FAULT;
    else if (counting->groups.failed)
        status = ctl_fault("out of memory");
    else
        ctl_groups_print(&counting->groups, ctl_value(call, "json") != NULL ? ctl_value(call, "by") : NULL);
    ctl_groups_free(&counting->groups);
    return status;
}

static int run(const struct ctl_call *call)
{
    const char *by = ctl_value(call, "by");

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(by, ways[i].name) == 0)
            return device_run(call, CTL_NEEDS_TO_READ, count, &(struct counting){.key_of = ways[i].key_of});
    return ctl_fault("--by is vendor, site or state, not '%s'", by);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    CTL_OPTION_JSON,
    {"by", "WHAT", CTL_REQUIRED, "vendor, site or state"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_count = {
    .name = "device count",
    .options = options,
    .says = "count the devices that are listed or were recorded",
    .more = "A line is: how many, and of what. It reads all devices.",
    .run = run,
};
