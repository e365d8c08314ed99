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

static int run(const struct ctl_call *call)
{
    struct device_store at;
    int status = device_open(&at, call, CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    for (int i = 0; i < DEVICE_COLUMNS; i++)
        printf("%s%s", i != 0 ? "," : "", device_column_name((enum device_column)i));
    putchar('\n');
    if (!device_each(&at, print_row, NULL))
        status = CTL_FAULT;
    else if (fflush(stdout) != 0 || ferror(stdout))
        status = ctl_fault("the list could not be written whole");
    device_close(&at);
    return status;
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
