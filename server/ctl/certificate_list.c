/* certificate list: what the configuration names and ends, and what renews it. */
#include <stdlib.h>
#include <time.h>

#include "crypto/name.h"
#include "server/ctl/cert.h"
#include "server/ctl/json.h"
#include "server/ctl/open.h"
#include "server/policy/expiry.h"

enum { DAY = 24 * 3600 };

static const char *renewed_by(const struct expiry *expiry)
{
    return expiry->is_own ? "cmpd" : expiry->kind->is_followed ? "who makes it" : "hand";
}

static void print_json(const struct expiry *expiry, int64_t now)
{
    char at[CTL_TIME_MAX], subject[NAME_TEXT_MAX];
    json_t *json = json_object();

    ctl_json_set(json, "name", ctl_json_text(bytes_str(expiry->name)));
    ctl_json_set(json, "kind", json_string(expiry->kind->name));
    ctl_json_set(json, "file", ctl_json_text(bytes_str(expiry->file)));
    ctl_json_set(json, "subject",
                 ctl_json_text(bytes_str(name_text(subject, sizeof subject, expiry->subject))));
    ctl_json_set(json, "not_before", json_string(ctl_time(at, expiry->not_before)));
    ctl_json_set(json, "not_after", json_string(ctl_time(at, expiry->not_after)));
    ctl_json_set(json, "has_ended", json_boolean(now > expiry->not_after));
    ctl_json_set(json, "in_use", json_string(expiry->is_from_store ? "store" : "file"));
    ctl_json_set(json, "renewed_by", json_string(renewed_by(expiry)));
    ctl_json_print(json);
}

static void print(const struct expiry *expiry, int64_t now)
{
    char at[CTL_TIME_MAX], subject[NAME_TEXT_MAX];

    printf("%-28s  %s  %5lld days  %-5s  %-12s  %-26s  ", expiry->name, ctl_time(at, expiry->not_after),
           (long long)((expiry->not_after - now) / DAY), expiry->is_from_store ? "store" : "file",
           renewed_by(expiry), expiry->kind->name);
    cert_put_text(bytes_str(name_text(subject, sizeof subject, expiry->subject)), 0);
    printf("\n");
}

/* All of them, the first that ends first. */
static int print_all(const struct ctl_call *call, const struct policy *policy)
{
    const struct expiry **all;
    size_t count;
    int64_t now = time(NULL);

    policy_expiries(policy, &count);
    if ((all = calloc(count + 1, sizeof(const struct expiry *))) == NULL)
        return ctl_fault("out of memory");
    count = policy_next_expiries(all, count, policy);
    if (ctl_value(call, "json") == NULL)
        printf("%-28s  %-20s  %10s  %-5s  %-12s  %-26s  SUBJECT\n", "NAME", "ENDS", "IN", "USED",
               "RENEWED BY", "WHAT IT IS");
    for (size_t i = 0; i < count; i++)
        if (ctl_value(call, "json") != NULL)
            print_json(all[i], now);
        else
            print(all[i], now);
    free(all);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_POLICY | CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    opened.policy = ctl_renewed(opened.policy, ctl_value(call, "config"), opened.store);
    status = print_all(call, opened.policy);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_certificate_list = {
    .name = "certificate list",
    .options = options,
    .says = "list certificates and CRLs of the configuration by their ends",
    .more =
        "Each has its setting, its end, the days until then, whether the one in the file is in use or one "
        "that was renewed since and is in the store, what renews it, what it is, and its subject. What cmpd "
        "renews, it renews at the last third of its validity, or by certificate renew. Certificates of "
        "stations are listed by cert list.",
    .run = run,
};
