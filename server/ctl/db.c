/* db migrate, db status, db check: the tables below, taken forward, described, and held against each other.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "server/ctl/ctl.h"
#include "server/ctl/json.h"
#include "server/ctl/open.h"
#include "server/upkeep/last_seal.h"
#include "storage/admin.h"

/* Who works on tables needs no more than the store's URL. */
#define CONFIG_OR                                                                                            \
    {                                                                                                        \
        "config", "FILE", 0,                                                                                 \
            "the configuration, whose store it is; found as by other commands, if neither is given"          \
    }
#define OR_STORE                                                                                             \
    {                                                                                                        \
        "store", "URL", 0, "the store; no configuration is needed then"                                      \
    }

/* ---- migrate ---- */

static int run_migrate(const struct ctl_call *call)
{
    struct ctl_opened opened;
    char fault[STORE_FAULT_MAX];
    int from, to, status = ctl_open(&opened, call, 0);

    if (status != CTL_OK)
        return status;
    if (!store_migrate(fault, opened.url, &from, &to))
        status = ctl_fault("%s", fault);
    else if (from == to)
        printf("the schema is of version %d already\n", to);
    else
        printf("the schema is of version %d now; it was of version %d\n", to, from);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option migrate_options[] = {CONFIG_OR, OR_STORE, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_db_migrate = {
    .name = "db migrate",
    .options = migrate_options,
    .says = "take the store's schema forward",
    .more = "In PostgreSQL as the tables' owner, while nodes serve.",
    .run = run_migrate,
};

/* ---- status ---- */

static void say_json(void *arg, const char *what, const struct store_fact *facts, size_t n)
{
    json_t *row = json_object();

    (void)arg;
    ctl_json_set(row, "about", json_string(what));
    for (size_t i = 0; i < n; i++)
        ctl_json_set(row, facts[i].name,
                     facts[i].is_number ? ctl_json_read(facts[i].value) : ctl_json_text(facts[i].value));
    ctl_json_print(row);
}

/* What is in the database may be anybody's: it is written with its escapes. */
static void say_line(void *arg, const char *what, const struct store_fact *facts, size_t n)
{
    char text[1024];

    (void)arg;
    printf("%s:", what);
    for (size_t i = 0; i < n; i++)
        if (facts[i].is_number)
            printf(" %s=%.*s", facts[i].name, (int)facts[i].value.len, (const char *)facts[i].value.data);
        else
            printf(" %s=%s", facts[i].name, log_quote(text, sizeof text, facts[i].value));
    putchar('\n');
}

static int run_status(const struct ctl_call *call)
{
    struct ctl_opened opened;
    char fault[STORE_FAULT_MAX];
    int status = ctl_open(&opened, call, 0);

    if (status != CTL_OK)
        return status;
    if (!store_status(fault, opened.url, ctl_value(call, "json") != NULL ? say_json : say_line, NULL))
        status = ctl_fault("%s", fault);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option status_options[] = {
    CONFIG_OR, OR_STORE, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_db_status = {
    .name = "db status",
    .options = status_options,
    .says = "show version, sizes, partitions, nodes and replicas of the store",
    .run = run_status,
};

/* ---- check ---- */

enum { SHOWN_MAX = 100, DAY = 24 * 3600 };

struct checking {
    const struct config *config;
    int64_t now;
    uint64_t found;
};

static int may_lack_tx(void *arg, struct bytes profile, int64_t issued_at)
{
    const struct checking *checking = arg;

    for (size_t i = 0; i < checking->config->profile_count; i++) {
        const struct config_profile *p = &checking->config->profiles[i];
        if (bytes_equal(bytes_str(p->name), profile))
            return p->retain.transactions_days != 0 &&
                   issued_at < checking->now - (int64_t)p->retain.transactions_days * DAY;
    }
    return 0;
}

static void found(void *arg, const char *text)
{
    struct checking *checking = arg;

    if (++checking->found <= SHOWN_MAX)
        printf("%s\n", text);
    if (checking->found == SHOWN_MAX + 1)
        printf("more is counted, and not shown\n");
}

/* What the operator says to a store that is older: recorded there, and sealed, so that nodes take it from now
 * on. */
static int accept_older(const struct ctl_opened *opened, const char *why)
{
    char who[CTL_WHO_MAX];
    const struct store_audit audit = {.at = ctl_now_ms(),
                                      .event = "store",
                                      .outcome = "older-accepted",
                                      .who = bytes_str(ctl_who(who)),
                                      .detail = bytes_str(why)};
    struct store_unit unit = {.audit = &audit};

    if (!store_commit_wait(opened->store, &unit) || unit.outcome != STORE_DONE)
        return ctl_fault("the store did not take the record: nothing is accepted; try again");
    if (!ctl_seal(opened->store, opened->policy))
        return ctl_fault("it is recorded, and could not be sealed: no node starts before it is; try again");
    printf("accepted, and recorded in the audit log: the store is older than what this node had sealed\n");
    return CTL_OK;
}

/* Only the configuration's own store can be older than what its node sealed. One that cannot be opened is not
 * well for other reasons, which were found. */
static void check_last_seal(const struct ctl_opened *opened, struct checking *checking)
{
    char fault[STORE_FAULT_MAX], text[LAST_SEAL_TEXT];
    struct store *store = store_open_to_read(fault, opened->url, opened->config->node);

    if (store == NULL && checking->found == 0)
        found(checking, fault);
    if (store != NULL && last_seal_check(text, opened->config->audit_seal_file, store) != LAST_SEAL_HELD)
        found(checking, text);
    store_close(store);
}

static int take_older(const struct ctl_opened *opened)
{
    char text[LAST_SEAL_TEXT];

    switch (last_seal_check(text, opened->config->audit_seal_file, opened->store)) {
    case LAST_SEAL_HELD:
        printf("the store is as new as what this node sealed: there is nothing to accept\n");
        return CTL_OK;
    case LAST_SEAL_LOST:
        return accept_older(opened, text);
    default:
        return ctl_fault("%s", text);
    }
}

static int run_check(const struct ctl_call *call)
{
    int accepts = ctl_value(call, "accept-older") != NULL, is_other = ctl_value(call, "store") != NULL;
    struct ctl_opened opened;
    struct checking checking = {.now = time(NULL)};
    const struct store_check check = {.may_lack_tx = may_lack_tx, .found = found, .arg = &checking};
    char fault[STORE_FAULT_MAX];
    int status;

    if (accepts && is_other)
        return ctl_wrong_call(call->command,
                              "--accept-older is about the configuration's store: leave out --store");
    status = ctl_open(&opened, call, accepts ? CTL_NEEDS_POLICY | CTL_NEEDS_TO_CHANGE | CTL_TAKES_OLDER : 0);
    if (status != CTL_OK)
        return status;
    checking.config = opened.config;
    if (accepts)
        status = take_older(&opened);
    if (status == CTL_OK && !store_check(fault, opened.url, &check))
        status = ctl_fault("%s", fault);
    if (status == CTL_OK && !is_other)
        check_last_seal(&opened, &checking);
    if (status == CTL_OK && checking.found == 0)
        printf("all is well\n");
    else if (status == CTL_OK)
        printf("NOT WELL, %" PRIu64 " findings\n", checking.found);
    ctl_close(&opened);
    return checking.found == 0 ? status : CTL_FAULT;
}

static const struct ctl_option check_options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    {"accept-older", NULL, CTL_ONCE,
     "take a store that is older than what this node sealed last; the audit log has who did so"},
    {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_db_check = {
    .name = "db check",
    .options = check_options,
    .says = "find out whether all that is in the store fits together",
    .more = "And whether it is as new as what this node sealed last. One that was restored or copied back is "
            "not, and no node starts with it "
            "until a newer one is in its place, or --accept-older was given: certificates and revocations "
            "are missing in it then.",
    .run = run_check,
};
