/* device remove: a device leaves the list, and with it what is known of how often it enrolled. */
#include <time.h>

#include "server/ctl/device.h"

/* struct removal is a unit on its way: some claims, and at last the device itself. */
struct removal {
    const struct device_store *at;
    const struct device_named *device;
    int64_t now;
    int is_forced;
    size_t good; /* claims whose certificate may be in service */
    struct store_unit unit;
    struct store_claim claims[STORE_WRITES_MAX];
    uint8_t keys[STORE_WRITES_MAX][STORE_CLAIM_KEY_MAX];
    size_t count, removed;
    enum store_outcome outcome;
};

static int count_good(void *arg, const struct device_claim *claim)
{
    struct removal *removal = arg;
    char hex[CERT_HEX_MAX];

    if (!device_claim_is_good(claim, removal->now))
        return 1;
    if (!removal->is_forced)
        ctl_fault("it has %s, which is %s, until that is revoked or expires",
                  log_hex(hex, sizeof hex, claim->row->serial), cert_status_name(claim->cert, removal->now));
    removal->good++;
    return 1;
}

/* Nobody has blocked it since it was read. */
static enum store_outcome commit(struct removal *removal)
{
    static const struct device_act act = {"device remove", "removed", ""};
    enum store_outcome outcome;

    removal->unit.device_unblocked = bytes_of(removal->device->id, STORE_HASH);
    outcome = device_commit(removal->at, &removal->unit, removal->device, &act);
    removal->unit = (struct store_unit){.write_count = 0};
    removal->count = 0;
    return outcome;
}

static int remove_claim(void *arg, const struct device_claim *claim)
{
    struct removal *removal = arg;
    struct store_claim *row = &removal->claims[removal->count];
    struct bytes key = claim->row->claim;

    if (key.len > STORE_CLAIM_KEY_MAX)
        return 1;
    memcpy(removal->keys[removal->count], key.data, key.len);
    *row = (struct store_claim){.claim = bytes_of(removal->keys[removal->count], key.len)};
    store_unit_write(&removal->unit, STORE_REMOVE, STORE_CLAIMS, row);
    removal->removed++;
    if (++removal->count == STORE_WRITES_MAX)
        removal->outcome = commit(removal);
    return removal->outcome == STORE_DONE;
}

static enum store_outcome remove_all(struct removal *removal)
{
    const struct store_device row = {.device = bytes_of(removal->device->id, STORE_HASH)};

    removal->outcome = STORE_DONE;
    if (!device_each_claim(removal->at, removal->device->id, remove_claim, removal))
        return STORE_UNAVAILABLE;
    if (removal->outcome != STORE_DONE)
        return removal->outcome;
    if (removal->device->row == NULL && removal->removed == 0) {
        device_unknown(removal->device);
        return STORE_UNAVAILABLE;
    }
    store_unit_write(&removal->unit, STORE_REMOVE, STORE_DEVICES, &row);
    if ((removal->outcome = commit(removal)) == STORE_DONE)
        device_say(removal->device, "removed");
    return removal->outcome;
}

static enum store_outcome try_remove(void *arg, const struct device_store *at, struct arena *arena,
                                     const struct device_named *device)
{
    struct removal removal = {.at = at, .device = device, .now = time(NULL), .is_forced = *(const int *)arg};
    char text[DEVICE_TEXT];

    (void)arena;
    device_warn_of_vendor(at, device);
    device_text(text, device->vendor, device->identity);
    if (device_is_blocked(device)) {
        ctl_fault("%s is blocked, which would be forgotten: device unblock first", text);
        return STORE_UNAVAILABLE;
    }
    if (!device_each_claim(at, device->id, count_good, &removal))
        return STORE_UNAVAILABLE;
    if (removal.good != 0 && !removal.is_forced) {
        ctl_fault("%s has a certificate that may be in service: revoke it, or remove with --force", text);
        return STORE_UNAVAILABLE;
    }
    return remove_all(&removal);
}

static int run(const struct ctl_call *call)
{
    int is_forced = ctl_value(call, "force") != NULL;

    return device_change(call, try_remove, &is_forced);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,     CTL_OPTION_STORE,
    DEVICE_OPTION_CA,      {"force", NULL, 0, "also one that has a certificate which may be in service"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_remove = {
    .name = "device remove",
    .arguments = "VENDOR IDENTITY",
    .least = 2,
    .most = 2,
    .options = options,
    .says = "take a device off the list",
    .more = "With its claims: under a profile that records devices it may enroll as a new one. Its "
            "certificates stay as they are. Of one that is blocked that would be forgotten: it is refused.",
    .run = run,
};
