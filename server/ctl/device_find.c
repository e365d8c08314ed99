/* device_find.c: a device by its vendor and identity, at one CA of the configuration (device.h). */
#include "server/cmp/cmp.h"
#include "server/ctl/device.h"

/* ---- what a call works on ---- */

static const struct config_ca *find_ca(const struct config *config, const char *name)
{
    if (name == NULL && config->ca_count == 1)
        return &config->cas[0];
    for (size_t i = 0; name != NULL && i < config->ca_count; i++)
        if (strcmp(config->cas[i].name, name) == 0)
            return &config->cas[i];
    if (name == NULL)
        ctl_fault("there are %zu CAs: say by --ca which one", config->ca_count);
    else
        ctl_fault("--ca: cmpd.yaml has no CA of this name");
    return NULL;
}

static int open_store(struct device_store *at, const struct ctl_call *call, unsigned needs)
{
    int status = ctl_open(&at->opened, call, needs);

    if (status != CTL_OK)
        return status;
    at->ca = find_ca(at->opened.config, ctl_value(call, "ca"));
    if (at->ca != NULL && cert_issuer(at->issuer, at->ca->certificate))
        return CTL_OK;
    ctl_close(&at->opened);
    return CTL_FAULT;
}

int device_run(const struct ctl_call *call, unsigned needs, device_work *work, void *arg)
{
    struct device_store at;
    struct arena *arena;
    int status = open_store(&at, call, needs);

    if (status != CTL_OK)
        return status;
    arena = arena_new(DEVICE_ARENA);
    status = arena != NULL ? work(arg, call, &at, arena) : ctl_fault("out of memory");
    arena_free(arena);
    if ((needs & CTL_NEEDS_TO_CHANGE) != 0)
        ctl_seal(at.opened.store, at.opened.policy);
    ctl_close(&at.opened);
    return status;
}

int device_each(const struct device_store *at, store_row_found *each, void *arg)
{
    char fault[STORE_FAULT_MAX] = "";

    return store_each(at->opened.store, fault, STORE_DEVICES, bytes_of(at->issuer, STORE_ISSUER_ID), each,
                      arg) ||
           !ctl_fault("%s", fault);
}

/* ---- which device ---- */

int device_look(struct device_named *device, const struct device_store *at, struct arena *arena,
                const struct ctl_call *call)
{
    const void *row, *blocked;
    struct bytes id;

    *device = (struct device_named){.vendor = bytes_str(call->arguments[0]),
                                    .identity = device_trimmed(bytes_str(call->arguments[1]))};
    id = cmp_device_id(device->id, bytes_of(at->issuer, STORE_ISSUER_ID), device->vendor, device->identity);
    if (id.len == 0 || device->vendor.len == 0 || device->identity.len == 0)
        return !ctl_fault("no device has such a vendor or identity: one of them is empty, or too long");
    if (!cert_fetch(&row, at->opened.store, arena, STORE_DEVICES, at->issuer, id) ||
        !cert_fetch(&blocked, at->opened.store, arena, STORE_BLOCKED_KEYS, at->issuer, id))
        return 0;
    device->row = row;
    device->blocked = blocked;
    return 1;
}

void device_warn_of_vendor(const struct device_store *at, const struct device_named *device)
{
    const struct config_vendor *vendor = NULL;
    const struct config *config = at->opened.config;

    for (size_t i = 0; vendor == NULL && i < config->vendor_count; i++)
        if (bytes_equal(bytes_str(config->vendors[i].name), device->vendor))
            vendor = &config->vendors[i];
    if (vendor == NULL)
        fprintf(stderr,
                "cmpctl: cmpd.yaml has no vendor of this name (capitals count): see cmpctl vendor list\n");
    else if (vendor->identity == CONFIG_IDENTITY_NONE)
        fprintf(stderr,
                "cmpctl: the vendor %s has identity: none in cmpd.yaml: no enrollment is known to be of this "
                "device\n",
                vendor->name);
}

int device_is_blocked(const struct device_named *device)
{
    return device->blocked != NULL || (device->row != NULL && device->row->state == STORE_DEVICE_BLOCKED);
}

int device_unknown(const struct device_named *device)
{
    char text[DEVICE_TEXT];

    return ctl_fault("%s is not listed: see cmpctl device list",
                     device_text(text, device->vendor, device->identity));
}
