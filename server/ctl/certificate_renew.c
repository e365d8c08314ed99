/* certificate renew: has a CA renew a certificate of its own now. */
#include <string.h>
#include <time.h>

#include "crypto/random.h"
#include "server/ctl/open.h"
#include "server/policy/expiry.h"
#include "server/upkeep/renewal.h"

/* Is |name| the setting, or the file or the end of its path? */
static int is_named(const struct expiry *expiry, const char *name)
{
    size_t len = strlen(expiry->file), end = strlen(name);

    return strcmp(expiry->name, name) == 0 ||
           (end != 0 && end <= len && strcmp(expiry->file + len - end, name) == 0 &&
            (end == len || expiry->file[len - end - 1] == '/'));
}

static const struct expiry *find(const struct policy *policy, const char *name)
{
    size_t count;
    const struct expiry *all = policy_expiries(policy, &count), *found = NULL;

    for (size_t i = 0; i < count; i++) {
        if (!is_named(&all[i], name))
            continue;
        if (found != NULL) {
            ctl_fault("'%s' stands for %s and for %s: name one of them so", name, found->name, all[i].name);
            return NULL;
        }
        found = &all[i];
    }
    if (found == NULL)
        ctl_fault("the configuration has no certificate '%s': cmpctl certificate list has the names", name);
    return found;
}

static int take_item(struct policy_renewable *item, const struct policy *policy, const struct expiry *expiry)
{
    char name[96];

    for (size_t i = 0; i < policy_config(policy)->ca_count; i++)
        for (int use = 0; use < POLICY_USES; use++) {
            if (!policy_renewable(item, policy, i, (enum policy_use)use))
                continue;
            snprintf(name, sizeof name, "cas[%zu].%s", i, item->setting);
            if (strcmp(name, expiry->name) == 0)
                return item->why_not == NULL || !ctl_fault("%s: %s", expiry->name, item->why_not);
        }
    return !ctl_fault("%s: no CA of this configuration renews it: %s", expiry->name, expiry->kind->remedy);
}

static int renew(const struct ctl_call *call, const struct ctl_opened *opened)
{
    const struct expiry *expiry = find(opened->policy, call->arguments[0]);
    struct policy_renewable item;
    uint8_t holder[RENEWAL_HOLDER];
    char why[RENEWAL_WHY_MAX], who[CTL_WHO_MAX];
    const struct renewal_call renewal = {.policy = opened->policy,
                                         .item = &item,
                                         .store = opened->store,
                                         .holder = holder,
                                         .who = ctl_who(who),
                                         .now = time(NULL),
                                         .new_key = ctl_value(call, "new-key") != NULL};

    if (expiry == NULL || !take_item(&item, opened->policy, expiry))
        return CTL_FAULT;
    random_bytes(holder, sizeof holder);
    if (renewal_make(why, &renewal) != RENEWAL_DONE)
        return ctl_fault("%s is not renewed: %s", expiry->name, why);
    printf(
        "%s renewed%s: all nodes sign under it %d seconds from now at the latest; the file stays as it is\n",
        expiry->name, renewal.new_key ? " with a new key" : "", BOUND_RENEWAL_SETTLES);
    ctl_seal(opened->store, opened->policy);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE);

    if (status != CTL_OK)
        return status;
    opened.policy = ctl_renewed(opened.policy, ctl_value(call, "config"), opened.store);
    status = renew(call, &opened);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    {"new-key", NULL, 0, "with a new key, of the same kind"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_certificate_renew = {
    .name = "certificate renew",
    .arguments = "NAME",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "have a CA renew its certificate for answers or CRLs now",
    .more =
        "NAME is the setting, as certificate list shows it (cas[0].cmp_certificate), or the file. The CA "
        "issues the certificate anew, with another serial and validity and all else as it is. It goes into "
        "the store, for all nodes, and precedes the file as long as it ends later. The key stays the same. "
        "With --new-key it is another one of the same kind: made in the token, if the present one is in a "
        "token, which all nodes must reach; else kept in the store, sealed by seal_key. What began under the "
        "former key ends under it.",
    .run = run,
};
