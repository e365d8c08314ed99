/* check: the same validation as cmpd makes when it starts. */
#include <time.h>

#include "server/ctl/command.h"
#include "server/ctl/ctl.h"

static int run(const struct ctl_call *call)
{
    const char *path = call->arguments[0];
    struct config_fault fault;
    struct policy *policy = policy_load_file(&fault, path, time(NULL));
    const struct config *config;

    if (policy == NULL)
        return ctl_fault("%s", fault.text);
    config = policy_config(policy);
    printf("%s is right: %zu listeners, %zu CAs, %zu vendors, %zu profiles; hash %s\n", path,
           config->listener_count, config->ca_count, config->vendor_count, config->profile_count,
           policy_hash(policy));
    policy_release(policy);
    return CTL_OK;
}

const struct ctl_command ctl_check = {
    .name = "check",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .says = "check a configuration, and every file that it names",
    .more =
        "cmpd makes the same checks when it starts, and before it takes a new configuration. A fault has the "
        "file, the line, and what to write instead. The store, ports, and what a running cmpd may load again "
        "are "
        "not looked at.",
    .run = run,
};
