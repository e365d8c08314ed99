/* device_change.c: how a change of a device gets into the store (device.h): judged by what is there, and
 * again when that was another's change. */
#include "server/ctl/device.h"

enum { DETAIL_MAX = 1024 };

enum store_outcome device_commit(const struct device_store *at, struct store_unit *unit,
                                 const struct device_named *device, const struct device_act *act)
{
    char who[CTL_WHO_MAX], detail[DETAIL_MAX], text[DEVICE_TEXT];
    struct store_audit audit = {
        .at = ctl_now_ms(), .event = act->event, .outcome = act->outcome, .who = bytes_str(ctl_who(who))};

    snprintf(detail, sizeof detail, "device=%s%s%s", device_text(text, device->vendor, device->identity),
             act->detail[0] != 0 ? " " : "", act->detail);
    audit.detail = bytes_str(detail);
    unit->issuer = bytes_of(at->issuer, STORE_ISSUER_ID);
    unit->audit = &audit;
    if (!store_commit_wait(at->opened.store, unit) || unit->outcome == STORE_UNAVAILABLE) {
        ctl_fault("the store did not take the change; look at its log");
        return STORE_UNAVAILABLE;
    }
    if (unit->outcome == STORE_UNKNOWN)
        ctl_fault("the connection to the store broke, and it is not known whether this was done; see device "
                  "show, and try again");
    return unit->outcome;
}

int device_contended(const struct device_named *device)
{
    char text[DEVICE_TEXT];

    return ctl_fault("%s is being changed by others: try again",
                     device_text(text, device->vendor, device->identity));
}

void device_say(const struct device_named *device, const char *outcome)
{
    cert_put_text(device->vendor, 0);
    putchar(' ');
    cert_put_text(device->identity, 0);
    printf(" %s\n", outcome);
}

struct changing {
    device_changer *change;
    void *arg;
};

static int change_at(void *arg, const struct ctl_call *call, const struct device_store *at, struct arena *all)
{
    const struct changing *changing = arg;
    enum store_outcome outcome = STORE_CONFLICT;
    struct device_named device = {.row = NULL};

    (void)all; /* each attempt begins with nothing */
    for (int i = 0; outcome == STORE_CONFLICT && i < DEVICE_ATTEMPTS; i++) {
        struct arena *arena = arena_new(CERT_ARENA);
        if (arena == NULL)
            return ctl_fault("out of memory");
        outcome = device_look(&device, at, arena, call) ? changing->change(changing->arg, at, arena, &device)
                                                        : STORE_UNAVAILABLE;
        arena_free(arena);
    }
    if (outcome == STORE_CONFLICT)
        return device_contended(&device);
    return outcome == STORE_DONE ? CTL_OK : CTL_FAULT;
}

int device_change(const struct ctl_call *call, device_changer *change, void *arg)
{
    return device_run(call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE, change_at,
                      &(struct changing){change, arg});
}
