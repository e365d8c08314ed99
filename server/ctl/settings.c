/* settings: a table of what cmpd.yaml may hold. */
#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

static int run(const struct ctl_call *call)
{
    (void)call;
    return config_describe(stdout) ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_settings = {
    .name = "settings",
    .says = "show what a configuration may hold, as a table in Markdown",
    .run = run,
};
