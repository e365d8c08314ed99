/* The database below: which commands there are, and its tables taken forward. */
#include "server/ctl/db.h"

#include <getopt.h>
#include <string.h>

int ctl_refuse_secret(const char *url)
{
    return !store_url_has_secret(url) ||
           !ctl_fault(
               "--store holds a password, which every user of this machine can read while this runs; "
               "leave it out and put it into a passfile (~/.pgpass, or ?passfile=FILE), or use a service");
}

static int migrate(const struct db_call *call)
{
    char fault[STORE_FAULT_MAX];
    int from, to;

    if (!store_migrate(fault, call->url, &from, &to))
        return ctl_fault("%s", fault);
    if (from == to)
        printf("the schema is of version %d already\n", to);
    else
        printf("the schema is of version %d now; it was of version %d\n", to, from);
    return CTL_OK;
}

static const struct action {
    const char *name;
    int (*run)(const struct db_call *call);
    int needs_config;
} actions[] = {
    {"migrate", migrate, 0}, {"status", db_status, 0}, {"check", db_check, 1}, {"purge", db_purge, 1}};

static const struct action *find_action(const char *name)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (strcmp(actions[i].name, name) == 0)
            return &actions[i];
    return NULL;
}

static int read_call(struct db_call *call, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"store", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            call->path = optarg;
        else if (option == 's')
            call->url = optarg;
        else if (option == 'j')
            call->json = 1;
        else
            return 0;
    }
    return optind == argc;
}

int ctl_db(int argc, char **argv)
{
    static const char *const usage = "db migrate|status [--json] --config FILE | --store URL\n"
                                     "       cmpctl db check|purge --config FILE [--store URL]";
    const struct action *action = argc > 1 ? find_action(argv[1]) : NULL;
    struct db_call call = {.json = 0};
    struct config_fault fault;
    struct config *config = NULL;
    int status;

    if (action == NULL || !read_call(&call, argc - 1, argv + 1) ||
        (call.path == NULL && (call.url == NULL || action->needs_config)) ||
        (call.json && action->run != db_status))
        return ctl_usage(usage);
    if (call.url != NULL && !ctl_refuse_secret(call.url))
        return CTL_FAULT;
    if (call.path != NULL && (config = config_load(&fault, call.path)) == NULL)
        return ctl_fault("%s", fault.text);
    if (call.url == NULL)
        call.url = config->store;
    call.config = config;
    status = action->run(&call);
    config_free(config);
    return status;
}
