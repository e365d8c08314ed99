/* cert count: how many certificates were issued a day, under each profile, or are in each state. */
#include <time.h>

#include "server/ctl/cert.h"
#include "server/ctl/groups.h"

enum { KEY_MAX = STORE_NAME_MAX + 1 };

struct counting {
    int64_t now;
    void (*key_of)(char key[KEY_MAX], const struct store_cert *cert, int64_t now);
    struct ctl_groups groups;
};

/* ---- by what ---- */

static void put_day(char key[KEY_MAX], const struct store_cert *cert, int64_t now)
{
    enum { DATE = sizeof "2026-11-29" };
    char at[CTL_TIME_MAX];

    (void)now;
    snprintf(key, DATE, "%s", ctl_time(at, cert->issued_at));
}

static void put_profile(char key[KEY_MAX], const struct store_cert *cert, int64_t now)
{
    (void)now;
    snprintf(key, KEY_MAX, "%.*s", (int)cert->profile.len, (const char *)cert->profile.data);
}

static void put_status(char key[KEY_MAX], const struct store_cert *cert, int64_t now)
{
    snprintf(key, KEY_MAX, "%s", cert_status_name(cert, now));
}

static const struct {
    const char *name;
    void (*key_of)(char key[KEY_MAX], const struct store_cert *cert, int64_t now);
} ways[] = {{"day", put_day}, {"profile", put_profile}, {"status", put_status}};

/* ---- counting ---- */

static int count_one(void *arg, const void *row)
{
    struct counting *counting = arg;
    char key[KEY_MAX] = "";

    counting->key_of(key, row, counting->now);
    return ctl_groups_count(&counting->groups, bytes_str(key));
}

static int count(struct counting *counting, const struct ctl_call *call, const char *by)
{
    char fault[STORE_FAULT_MAX] = "";
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    if (!store_each(opened.store, fault, STORE_CERTIFICATES, bytes_of(NULL, 0), count_one, counting))
        status = ctl_fault("%s", fault);
    else if (counting->groups.failed)
        status = ctl_fault("out of memory");
    else
        ctl_groups_print(&counting->groups, ctl_value(call, "json") != NULL ? by : NULL);
    ctl_groups_free(&counting->groups);
    ctl_close(&opened);
    return status;
}

static int run(const struct ctl_call *call)
{
    const char *by = ctl_value(call, "by");

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (strcmp(by, ways[i].name) == 0)
            return count(&(struct counting){.now = time(NULL), .key_of = ways[i].key_of}, call, by);
    return ctl_fault("--by is day, profile or status, not '%s'", by);
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,     CTL_OPTION_STORE,
    CTL_OPTION_JSON,       {"by", "WHAT", CTL_REQUIRED, "day (of issue, in UTC), profile or status"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_cert_count = {
    .name = "cert count",
    .options = options,
    .says = "count the certificates in the store",
    .more = "A line is: how many, and of what. It reads all certificates.",
    .run = run,
};
