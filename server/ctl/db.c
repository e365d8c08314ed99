/* db migrate, db status, db check: the tables below, taken forward, described, and held against each other.
 */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "server/ctl/ctl.h"
#include "server/ctl/json.h"
#include "server/ctl/open.h"
#include "storage/admin.h"

/* Who works on tables needs no more than the store's URL. */
#define CONFIG_OR                                                                                            \
    {                                                                                                        \
        "config", "FILE", 0, "the configuration, whose store it is"                                          \
    }
#define OR_STORE                                                                                             \
    {                                                                                                        \
        "store", "URL", 0, "the store; one of both must be given"                                            \
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

static int run_check(const struct ctl_call *call)
{
    struct ctl_opened opened;
    struct checking checking = {.now = time(NULL)};
    const struct store_check check = {.may_lack_tx = may_lack_tx, .found = found, .arg = &checking};
    char fault[STORE_FAULT_MAX];
    int status = ctl_open(&opened, call, 0);

    if (status != CTL_OK)
        return status;
    checking.config = opened.config;
    if (!store_check(fault, opened.url, &check))
        status = ctl_fault("%s", fault);
    else if (checking.found == 0)
        printf("all is well\n");
    else
        printf("NOT WELL, %" PRIu64 " findings\n", checking.found);
    ctl_close(&opened);
    return checking.found == 0 ? status : CTL_FAULT;
}

static const struct ctl_option check_options[] = {CTL_OPTION_CONFIG, CTL_OPTION_STORE, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_db_check = {
    .name = "db check",
    .options = check_options,
    .says = "find out whether all that is in the store fits together",
    .run = run_check,
};
