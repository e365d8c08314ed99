/* cert count: how many certificates were issued a day, under each profile, or are in each state. */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "server/ctl/cert.h"

enum { KEY_MAX = STORE_NAME_MAX + 1 };

struct group {
    char key[KEY_MAX];
    uint64_t count;
};

struct counting {
    int64_t now;
    void (*key_of)(char key[KEY_MAX], const struct store_cert *cert, int64_t now);
    struct group *groups; /* sorted by their keys */
    size_t count, room;
    int failed; /* out of memory */
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

/* Makes the group |at|, moving those behind it. */
static int insert(struct counting *counting, size_t at, const char key[KEY_MAX])
{
    enum { FEW = 16 };
    struct group *groups = counting->groups;

    if (counting->count == counting->room) {
        size_t room = counting->room == 0 ? FEW : 2 * counting->room;
        groups = realloc(groups, room * sizeof *groups);
        counting->failed |= groups == NULL;
        if (groups == NULL)
            return 0;
        counting->groups = groups;
        counting->room = room;
    }
    memmove(&groups[at + 1], &groups[at], (counting->count++ - at) * sizeof *groups);
    groups[at].count = 0;
    memcpy(groups[at].key, key, KEY_MAX);
    return 1;
}

static int count_one(void *arg, const void *row)
{
    struct counting *counting = arg;
    char key[KEY_MAX] = "";
    size_t low = 0, high = counting->count;

    counting->key_of(key, row, counting->now);
    while (low < high) { /* the first that is not before |key| */
        size_t middle = low + (high - low) / 2;
        if (strcmp(counting->groups[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if ((low == counting->count || strcmp(counting->groups[low].key, key) != 0) &&
        !insert(counting, low, key))
        return 0;
    counting->groups[low].count++;
    return 1;
}

static void print_json(const char *by, const struct group *group)
{
    json_t *row = json_object();

    ctl_json_set(row, by, ctl_json_text(bytes_str(group->key)));
    ctl_json_set(row, "count", json_integer((json_int_t)group->count));
    ctl_json_print(row);
}

static void print_line(const struct group *group)
{
    printf("%10" PRIu64 " ", group->count);
    cert_put_text(bytes_str(group->key), 0);
    putchar('\n');
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
    else if (counting->failed)
        status = ctl_fault("out of memory");
    for (size_t i = 0; status == CTL_OK && i < counting->count; i++)
        if (ctl_value(call, "json") != NULL)
            print_json(by, &counting->groups[i]);
        else
            print_line(&counting->groups[i]);
    free(counting->groups);
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
