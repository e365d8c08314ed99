/* The database below: its tables taken forward. */
#include <getopt.h>
#include <string.h>

#include "server/ctl/ctl.h"
#include "storage/store.h"

int ctl_refuse_secret(const char *url)
{
    return !store_url_has_secret(url) ||
           !ctl_fault(
               "--store holds a password, which every user of this machine can read while this runs; "
               "leave it out and put it into a passfile (~/.pgpass, or ?passfile=FILE), or use a service");
}

static int migrate(const char *url)
{
    char fault[STORE_FAULT_MAX];
    int from, to;

    if (!store_migrate(fault, url, &from, &to))
        return ctl_fault("%s", fault);
    if (from == to)
        printf("the schema is of version %d already\n", to);
    else
        printf("the schema is of version %d now; it was of version %d\n", to, from);
    return CTL_OK;
}

int ctl_db(int argc, char **argv)
{
    static const char *const usage = "db migrate --config FILE | --store URL";
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"store", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    const char *action = argc > 1 ? argv[1] : "", *path = NULL, *url = NULL;
    struct config *config = NULL;
    struct config_fault fault;
    int option, status;

    if (strcmp(action, "migrate") != 0)
        return ctl_usage(usage);
    argc--, argv++;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == 's')
            url = optarg;
        else
            return ctl_usage(usage);
    }
    if ((path == NULL) == (url == NULL) || argc != optind)
        return ctl_usage(usage);
    if (url != NULL && !ctl_refuse_secret(url))
        return CTL_FAULT;
    if (url == NULL && (config = config_load(&fault, path)) == NULL)
        return ctl_fault("%s", fault.text);
    status = migrate(url != NULL ? url : config->store);
    config_free(config);
    return status;
}
