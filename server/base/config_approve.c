/* What the settings of approvals say of each other: who is an approver, and whether there are enough. */
#include <stdio.h>
#include <string.h>

#include "config_internal.h"

enum { KEY = 96 };

static int lists(const struct config_list *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return 1;
    return 0;
}

static int is_profile(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (strcmp(config->profiles[i].name, name) == 0)
            return 1;
    return 0;
}

static int check_approver(struct config_fault *fault, const struct config *config, size_t a)
{
    const struct config_approver *approver = &config->approvers[a];
    char key[KEY];

    snprintf(key, sizeof key, "approvers[%zu].name", a);
    for (size_t b = 0; b < a; b++)
        if (strcmp(config->approvers[b].name, approver->name) == 0)
            return config_fault_at(fault, config, key,
                                   "approvers has two entries named \"%s\"; give each its own name",
                                   approver->name);
    for (size_t i = 0; i < approver->profiles.count; i++) {
        snprintf(key, sizeof key, "approvers[%zu].profiles[%zu]", a, i);
        if (!is_profile(config, approver->profiles.items[i]))
            return config_fault_at(fault, config, key,
                                   "there is no profile \"%s\"; write the name of an entry of profiles",
                                   approver->profiles.items[i]);
    }
    return 1;
}

int config_may_approve(const struct config_approver *approver, const char *profile)
{
    return approver->profiles.count == 0 || lists(&approver->profiles, profile);
}

static int check_rules(struct config_fault *fault, const struct config *config, size_t i)
{
    const struct config_profile *profile = &config->profiles[i];
    const struct config_approve_rules *approve = &profile->approve;
    int by_names = (approve->when & CONFIG_APPROVE_NAMES) != 0;
    size_t approvers = 0;
    char key[KEY];

    for (size_t a = 0; a < config->approver_count; a++)
        approvers += (size_t)config_may_approve(&config->approvers[a], profile->name);
    snprintf(key, sizeof key, "profiles[%zu].approve.%s", i, by_names ? "when" : "names");
    if (by_names != (approve->names.count != 0))
        return config_fault_at(fault, config, key,
                               by_names
                                   ? "when has names, and no names are listed that need no approval; "
                                     "write names: [\"CN=*.example\"], or take names from when"
                                   : "names are listed, and when does not have names; add names to when");
    snprintf(key, sizeof key, "profiles[%zu].cross", i);
    if (profile->cross != NULL && (approve->when & CONFIG_APPROVE_ALWAYS) == 0)
        return config_fault_at(fault, config, key,
                               "profile \"%s\" certifies CAs, and people have to approve each of them; write "
                               "when: [always] in its approve",
                               profile->name);
    snprintf(key, sizeof key, "profiles[%zu].approve.approvals", i);
    return approve->when == 0 || approvers >= approve->approvals ||
           config_fault_at(fault, config, key,
                           "profile \"%s\" wants %u approvals, and approvers has %zu who may give one; add "
                           "entries to approvers",
                           profile->name, approve->approvals, approvers);
}

int config_check_approve(struct config_fault *fault, const struct config *config)
{
    for (size_t a = 0; a < config->approver_count; a++)
        if (!check_approver(fault, config, a))
            return 0;
    for (size_t i = 0; i < config->profile_count; i++)
        if (!check_rules(fault, config, i))
            return 0;
    return 1;
}
