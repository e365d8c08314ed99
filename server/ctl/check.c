/* The same validation as cmpd makes when it starts. */
#include <time.h>

#include "server/ctl/ctl.h"

int ctl_check(int argc, char **argv)
{
    struct config_fault fault;
    struct policy *policy;
    const struct config *config;

    if (argc != 2)
        return ctl_usage("check FILE");
    policy = policy_load_file(&fault, argv[1], time(NULL));
    if (policy == NULL)
        return ctl_fault("%s", fault.text);
    config = policy_config(policy);
    printf("%s is right: %zu listeners, %zu CAs, %zu vendors, %zu profiles; hash %s\n", argv[1],
           config->listener_count, config->ca_count, config->vendor_count, config->profile_count,
           policy_hash(policy));
    policy_release(policy);
    return CTL_OK;
}
