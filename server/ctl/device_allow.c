/* device allow: a device may enroll once more, whatever became of the certificate that it has. */
#include <stdlib.h>

#include "server/ctl/device.h"

enum { DETAIL_MAX = STORE_NAME_MAX + 128 };

struct allowing {
    const struct device_store *at;
    const struct device_named *device;
    const char *profile; /* NULL: any */
    int slot;            /* 0: any */
    size_t found;
    enum store_outcome outcome; /* of the last */
};

static enum store_outcome swap(const struct allowing *allowing, const struct device_claim *claim)
{
    struct store_claim row = *claim->row;
    char detail[DETAIL_MAX], hex[CERT_HEX_MAX];
    const struct device_act act = {"device allow", "allowed once more", detail};
    struct store_unit unit = {.write_count = 0};

    row.former = row.serial; /* if it is still that */
    row.allowed = 1;
    snprintf(detail, sizeof detail, "profile=%.*s slot=%d serial=%s", (int)claim->profile.len,
             (const char *)claim->profile.data, claim->slot, log_hex(hex, sizeof hex, row.serial));
    store_unit_write(&unit, STORE_SWAP, STORE_CLAIMS, &row);
    return device_commit(allowing->at, &unit, allowing->device, &act);
}

static int allow_one(void *arg, const struct device_claim *claim)
{
    struct allowing *allowing = arg;

    if ((allowing->profile != NULL && !bytes_equal(bytes_str(allowing->profile), claim->profile)) ||
        (allowing->slot != 0 && allowing->slot != claim->slot))
        return 1;
    allowing->found++;
    if (!claim->row->allowed) /* else whoever looks again has done it already */
        allowing->outcome = swap(allowing, claim);
    if (allowing->outcome != STORE_DONE)
        return 0;
    printf("profile ");
    cert_put_text(claim->profile, 0);
    printf(", slot %d: ", claim->slot);
    device_say(allowing->device, "is allowed once more");
    return 1;
}

static enum store_outcome allow(void *arg, const struct device_store *at, struct arena *arena,
                                const struct device_named *device)
{
    struct allowing *allowing = arg;
    char text[DEVICE_TEXT];

    (void)arena;
    device_warn_of_vendor(at, device);
    device_text(text, device->vendor, device->identity);
    allowing->at = at;
    allowing->device = device;
    allowing->found = 0;
    allowing->outcome = STORE_DONE;
    if (device_is_blocked(device)) {
        ctl_fault("%s is blocked: device unblock lifts that", text);
        return STORE_UNAVAILABLE;
    }
    if (!device_each_claim(at, device->id, allow_one, allowing))
        return STORE_UNAVAILABLE;
    if (allowing->found == 0) {
        ctl_fault("%s has no such claim: nothing has to make room; see device show", text);
        return STORE_UNAVAILABLE;
    }
    return allowing->outcome;
}

static int read_slot(int *slot, const char *text)
{
    char *end;
    long value = text != NULL ? strtol(text, &end, 10) : 0;

    *slot = (int)value;
    return text == NULL ||
           (text[0] >= '0' && text[0] <= '9' && *end == 0 && value >= 1 && value <= UINT8_MAX + 1) ||
           !ctl_fault("--slot wants a number as device show has it, not '%s'", text);
}

static int run(const struct ctl_call *call)
{
    struct allowing allowing = {.profile = ctl_value(call, "profile")};

    if (!read_slot(&allowing.slot, ctl_value(call, "slot")))
        return CTL_FAULT;
    return device_change(call, allow, &allowing);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    DEVICE_OPTION_CA,
    {"profile", "NAME", 0, "under this profile alone"},
    {"slot", "N", 0, "in this slot alone, as device show has it"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_device_allow = {
    .name = "device allow",
    .arguments = "VENDOR IDENTITY",
    .least = 2,
    .most = 2,
    .options = options,
    .says = "let a device enroll once more",
    .more = "For a station that lost its key, or was replaced: the next certificate that it gets takes the "
            "place of the one that it has there, whatever became of that. Until it enrolls, once.per_day "
            "counts as before.",
    .run = run,
};
