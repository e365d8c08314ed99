/* settings: a table of what cmpd.yaml may hold. */
#include "server/ctl/ctl.h"

int ctl_settings(int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return ctl_usage("settings");
    return config_describe(stdout) ? CTL_OK : CTL_FAULT;
}
