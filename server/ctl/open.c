/* open.c: see open.h. In this order: the configuration, the policy if it is needed, the store. */
#include "server/ctl/open.h"

#include <string.h>
#include <time.h>

#include "server/policy/renewals.h"
#include "server/upkeep/last_seal.h"

int ctl_refuse_secret(const char *url)
{
    return !store_url_has_secret(url) ||
           !ctl_fault(
               "--store holds a password, which every user of this machine can read while this runs; "
               "leave it out and put it into a passfile (~/.pgpass, or ?passfile=FILE), or use a service");
}

static int open_config(struct ctl_opened *opened, const char *path, unsigned needs)
{
    struct config_fault fault;

    if ((needs & CTL_NEEDS_POLICY) != 0) {
        if ((opened->policy = policy_load_file(&fault, path, time(NULL))) != NULL)
            opened->config = policy_config(opened->policy);
    } else {
        opened->config = opened->own_config = config_load(&fault, path);
    }
    return opened->config != NULL || !ctl_fault("%s", fault.text);
}

static int open_store(struct ctl_opened *opened, unsigned needs)
{
    char fault[STORE_FAULT_MAX] = "";
    const char *node = opened->config != NULL ? opened->config->node : "";

    if ((needs & CTL_NEEDS_TO_CHANGE) != 0)
        opened->store = store_open(fault, opened->url, node);
    else if ((needs & CTL_NEEDS_TO_READ) != 0)
        opened->store = store_open_to_read(fault, opened->url, node);
    else
        return 1;
    return opened->store != NULL || !ctl_fault("%s", fault);
}

int ctl_refuse_older(const struct config *config, struct store *store)
{
    char text[LAST_SEAL_TEXT];

    return last_seal_check(text, config->audit_seal_file, store) == LAST_SEAL_HELD || !ctl_fault("%s", text);
}

static int takes_option(const struct ctl_command *command, const char *name)
{
    for (const struct ctl_option *option = command->options; option->name != NULL; option++)
        if (strcmp(option->name, name) == 0)
            return 1;
    return 0;
}

int ctl_open(struct ctl_opened *opened, const struct ctl_call *call, unsigned needs)
{
    const char *path = ctl_value(call, "config");
    int is_own;

    *opened =
        (struct ctl_opened){.url = takes_option(call->command, "store") ? ctl_value(call, "store") : NULL};
    if (path == NULL && opened->url == NULL && (path = config_place(NULL)) == NULL)
        return ctl_wrong_call(call->command, CTL_WANTS_CONFIG "; or --store URL", call->command->name);
    if (opened->url != NULL && !ctl_refuse_secret(opened->url))
        return CTL_FAULT;
    if (path != NULL && !open_config(opened, path, needs))
        return CTL_FAULT;
    is_own = opened->url == NULL;
    if (is_own)
        opened->url = opened->config->store;
    if (open_store(opened, needs) &&
        (!is_own || (needs & (CTL_NEEDS_TO_CHANGE | CTL_TAKES_OLDER)) != CTL_NEEDS_TO_CHANGE ||
         ctl_refuse_older(opened->config, opened->store)))
        return CTL_OK;
    ctl_close(opened);
    return CTL_FAULT;
}

void ctl_close(struct ctl_opened *opened)
{
    store_close(opened->store);
    policy_release(opened->policy);
    config_free(opened->own_config);
}

struct policy *ctl_renewed(struct policy *policy, const char *path, struct store *store)
{
    struct policy_renewals *renewals = policy_renewals_read(policy, store, time(NULL));
    struct policy *newer = NULL;
    struct config_fault fault;

    if (renewals != NULL && policy_lacks(policy, renewals) &&
        (newer = policy_load_renewed(&fault, policy, path, renewals, time(NULL))) == NULL)
        ctl_fault("what the store has that was renewed cannot be taken up: %s", fault.text);
    policy_renewals_release(renewals);
    if (newer == NULL)
        return policy;
    policy_release(policy);
    return newer;
}
