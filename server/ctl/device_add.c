/* device add: one device is listed, or what is known of it is changed. */
#include <time.h>

#include "server/ctl/device.h"
#include "server/ctl/key_read.h"

enum { HEX_MAX = 2 * STORE_HASH + 1 };

struct adding {
    const struct ctl_call *call;
    char expected[HEX_MAX];
};

static int set(struct device_entry *entry, enum device_column column, const char *text,
               const struct device_store *at)
{
    const char *fault = device_set(entry, column, bytes_str(text), at->opened.config, at->ca);

    return fault == NULL || !ctl_fault("%s %s", device_column_name(column), fault);
}

/* The hash, or a file that holds the certificate or key whose hash it is. */
static const char *read_expected(struct adding *adding, const char *text)
{
    uint8_t hash[STORE_HASH];

    if (text[0] == 0)
        return text;
    return ctl_read_key_or_hash(hash, text)
               ? log_hex(adding->expected, sizeof adding->expected, bytes_of(hash, STORE_HASH))
               : NULL;
}

static int fill(struct device_entry *entry, struct adding *adding, const struct device_store *at)
{
    if (!set(entry, DEVICE_VENDOR, adding->call->arguments[0], at) ||
        !set(entry, DEVICE_IDENTITY, adding->call->arguments[1], at))
        return 0;
    for (int i = DEVICE_SITE; i < DEVICE_COLUMNS; i++) {
        enum device_column column = (enum device_column)i;
        const char *text = ctl_value(adding->call, device_column_name(column));
        if (text != NULL && column == DEVICE_EXPECTED && (text = read_expected(adding, text)) == NULL)
            return 0;
        if (text != NULL && !set(entry, column, text, at))
            return 0;
    }
    return 1;
}

static enum store_outcome add(void *arg, const struct device_store *at, struct arena *arena,
                              const struct device_named *device)
{
    static const char *const outcomes[DEVICE_CHANGES] = {"added", "changed", "is so already"};
    struct adding *adding = arg;
    struct device_entry entry = {.given = 0};
    struct store_unit unit = {.write_count = 0};
    struct device_act act = {"device add", "added", ""};
    enum device_change change;
    enum store_outcome outcome = STORE_DONE;

    (void)arena;
    if (!fill(&entry, adding, at))
        return STORE_UNAVAILABLE;
    device_warn_of_vendor(at, device);
    device_identify(&entry, at->issuer);
    change = device_merge(&entry, device->row, time(NULL));
    act.outcome = outcomes[change];
    if (!device_is_blocked(device)) /* nobody has blocked it since it was read */
        unit.device_unblocked = entry.row.device;
    else
        entry.row.state = STORE_DEVICE_BLOCKED;
    store_unit_write(&unit, STORE_PUT, STORE_DEVICES, &entry.row);
    if (change != DEVICE_UNCHANGED)
        outcome = device_commit(at, &unit, device, &act);
    if (outcome == STORE_DONE)
        device_say(device, act.outcome);
    return outcome;
}

static int run(const struct ctl_call *call)
{
    return device_change(call, add, &(struct adding){.call = call});
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    {"site", "TEXT", 0, "where it stands"},
    {"fqdn", "NAME", 0, "its name as a host"},
    {"profiles", "NAMES", 0, "those that it may use, with blanks between; none: any"},
    {"expected", "KEY", 0, "of its factory certificate: a file, or the SHA-256 of certificate or key"},
    {"notes", "TEXT", 0, "for whoever reads the list"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_add = {
    .name = "device add",
    .arguments = "VENDOR IDENTITY",
    .least = 2,
    .most = 2,
    .options = options,
    .says = "list a device, or change what is known of it",
    .more =
        "VENDOR is one of cmpd.yaml, IDENTITY what its setting identity reads in the device's certificate. "
        "What is not given stays as it is; an empty TEXT takes away what was there. A device that is "
        "blocked stays so.",
    .run = run,
};
