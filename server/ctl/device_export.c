/* device export: the devices as a list that device import reads. */
#include "server/ctl/csv.h"
#include "server/ctl/device.h"

static int print_row(void *arg, const void *found)
{
    const struct store_device *row = found;
    char hex[2 * STORE_HASH + 1];

    (void)arg;
    for (int i = 0; i < DEVICE_COLUMNS; i++) {
        struct bytes value = device_get(row, (enum device_column)i);
        if (i != 0)
            putchar(',');
        csv_put(stdout, i == DEVICE_EXPECTED ? bytes_str(log_hex(hex, sizeof hex, value)) : value);
    }
    putchar('\n');
    return 1;
}

static int print_all(void *arg, const struct ctl_call *call, const struct device_store *at,
                     struct arena *arena)
{
    (void)call;
    (void)arena;
    for (int i = 0; i < DEVICE_COLUMNS; i++)
        printf("%s%s", i != 0 ? "," : "", device_column_name((enum device_column)i));
    putchar('\n');
    if (!device_each(at, print_row, arg))
        return CTL_FAULT;
    return fflush(stdout) == 0 && !ferror(stdout) ? CTL_OK : ctl_fault("the list could not be written whole");
}

static int run(const struct ctl_call *call)
{
    return device_run(call, CTL_NEEDS_TO_READ, print_all, NULL);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, DEVICE_OPTION_CA, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_device_export = {
    .name = "device export",
    .options = options,
    .says = "print the list of devices as CSV",
    .more = "With a header, as device import reads it. Which of them are blocked, device list tells.",
    .run = run,
};
