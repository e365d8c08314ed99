/* What is to be said about the database, and whether all that is in it fits together. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "server/ctl/db.h"

/* ---- status ---- */

static void say_json(void *arg, const char *what, const struct store_fact *facts, size_t n)
{
    (void)arg;
    putchar('{');
    ctl_put_json("about", bytes_str(what));
    for (size_t i = 0; i < n; i++) {
        putchar(',');
        if (facts[i].is_number)
            printf("\"%s\":%.*s", facts[i].name, (int)facts[i].value.len, (const char *)facts[i].value.data);
        else
            ctl_put_json(facts[i].name, facts[i].value);
    }
    printf("}\n");
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

int db_status(const struct db_call *call)
{
    char fault[STORE_FAULT_MAX];

    return store_status(fault, call->url, call->json ? say_json : say_line, NULL) ? CTL_OK
                                                                                  : ctl_fault("%s", fault);
}

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
    if (checking->found == SHOWN_MAX)
        printf("more is counted, and not shown\n");
}

int db_check(const struct db_call *call)
{
    struct checking checking = {.config = call->config, .now = time(NULL)};
    const struct store_check check = {.may_lack_tx = may_lack_tx, .found = found, .arg = &checking};
    char fault[STORE_FAULT_MAX];

    if (!store_check(fault, call->url, &check))
        return ctl_fault("%s", fault);
    if (checking.found == 0)
        printf("all is well\n");
    else
        printf("NOT WELL, %" PRIu64 " findings\n", checking.found);
    return checking.found == 0 ? CTL_OK : CTL_FAULT;
}
