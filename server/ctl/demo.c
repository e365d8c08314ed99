/* demo device: devices of a throw-away vendor. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/random.h"
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

enum { ARENA = 1024 * 1024, DEVICE_DAYS = 3650, SERIAL_DIGITS = 8 };

int ctl_device(const char *dir, const char *name)
{
    struct arena *arena = arena_new(ARENA);
    struct ctl_identity vendor = {.key = NULL}, device = {.key = NULL};
    char demo[CTL_PATH_MAX], chain[CTL_PATH_MAX], serial[2 * SERIAL_DIGITS + 1];
    uint8_t digits[SERIAL_DIGITS];
    int ok =
        arena != NULL && ctl_path(demo, dir, "demo") && ctl_load(&vendor, arena, demo, "vendor-intermediate");

    random_bytes(digits, sizeof digits);
    for (size_t i = 0; i < sizeof digits; i++)
        snprintf(serial + 2 * i, 3, "%02X", digits[i]);
    if (ok) {
        const char *const subject[] = {"O", "Demo Vendor", "serialNumber", serial, "CN", name, NULL};
        const struct ctl_cert_spec spec = {CTL_DEVICE, subject, KEY_P256, 0, -1, DEVICE_DAYS};
        ok = ctl_make(&device, arena, &spec, &vendor, time(NULL)) && ctl_save(&device, demo, name, 1) &&
             snprintf(chain, sizeof chain, "%s-chain.pem", name) < (int)sizeof chain;
    }
    if (ok) {
        const struct bytes certs[] = {device.cert_der, vendor.cert_der};
        ok = ctl_write_certs(demo, chain, certs, 2);
    }
    ctl_identity_cleanup(&vendor);
    ctl_identity_cleanup(&device);
    arena_free(arena);
    return ok;
}

static int run(const struct ctl_call *call)
{
    const char *dir = call->arguments[0], *name = call->arguments[1];

    if (strchr(name, '/') != NULL || name[0] == '.' || name[0] == 0)
        return ctl_fault("'%s' cannot be a device's name: it becomes a file name", name);
    if (!ctl_device(dir, name))
        return CTL_FAULT;
    printf("%s/demo/%s.key, %s.pem, %s-chain.pem\n", dir, name, name, name);
    return CTL_OK;
}

const struct ctl_command ctl_demo_device = {
    .name = "demo device",
    .arguments = "DIR NAME",
    .least = 2,
    .most = 2,
    .says = "make another simulated base station with a vendor certificate",
    .more = "DIR is what 'cmpctl init --demo' made.",
    .run = run,
};
