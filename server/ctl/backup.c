/* backup, restore: a copy of the embedded store, and one put back; and what else has to be kept to have the
 * CA again. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/ctl/open.h"
#include "server/upkeep/last_seal.h"
#include "storage/admin.h"

enum { PERCENT = 100 };

/* How far it is, on a terminal; SIGINT ends the process, which leaves a file with another name, and no
 * backup. */
static int show(void *arg, uint64_t done, uint64_t total)
{
    (void)arg;
    if (isatty(STDERR_FILENO) && total != 0)
        fprintf(stderr, "\r%3" PRIu64 " %%%s", done * PERCENT / total, done == total ? "\r     \r" : "");
    return 1;
}

static int list(void *arg, const char *file)
{
    (void)arg;
    printf("  %s\n", file);
    return 1;
}

/* Who restores has to have all of it; the store alone is no CA. */
static void tell_what_else(const struct ctl_call *call, const struct config *config)
{
    printf("Keep besides, in another place, for whoever has both has the CA:\n");
    list(NULL, ctl_value(call, "config"));
    config_each_file(config, list, NULL);
    if (config_has_token(config))
        printf("and the keys in tokens, by the means of their vendor.\n");
    printf("Do not keep %s.last with them: it tells that a store is older.\n", config->audit_seal_file);
}

static int run_backup(const struct ctl_call *call)
{
    const char *file = call->arguments[0];
    struct ctl_opened opened;
    char fault[STORE_FAULT_MAX];
    int status = ctl_open(&opened, call, 0);

    if (status != CTL_OK)
        return status;
    if (store_backup(fault, opened.url, file, show, NULL)) {
        printf("%s has all of the store.\n", file);
        tell_what_else(call, opened.config);
    } else {
        status = ctl_fault("%s", fault);
    }
    ctl_close(&opened);
    return status;
}

/* Whether the node takes it; what it says if not is no fault of the restore. */
static void tell_age(const struct ctl_opened *opened)
{
    char text[STORE_FAULT_MAX], why[LAST_SEAL_TEXT];
    struct store *store = store_open_to_read(text, opened->url, opened->config->node);

    if (store != NULL && last_seal_check(why, opened->config->audit_seal_file, store) != LAST_SEAL_HELD)
        printf("cmpd will not start with it: %s\n", why);
    store_close(store);
}

static int run_restore(const struct ctl_call *call)
{
    const char *file = call->arguments[0];
    char fault[STORE_FAULT_MAX], *kept = NULL;
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, 0);

    if (status != CTL_OK)
        return status;
    if (store_restore(fault, opened.url, file, &kept, show, NULL)) {
        printf("%s is the store now.\n", file);
        tell_age(&opened);
    } else {
        status = ctl_fault("%s", fault);
    }
    if (kept != NULL && kept[0] != 0)
        printf("What was there before is kept: %s\n", kept);
    free(kept);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_backup = {
    .name = "backup",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "copy the embedded store into a new file, while nodes serve",
    .more = "The copy is the store at one moment, and was read back. It tells which files have to be kept "
            "besides: configuration, "
            "certificates and keys. Never copy the store's files by hand while cmpd runs: what is in "
            "cmpd.db-wal belongs to "
            "it. A PostgreSQL database is saved by deploy/postgres/backup.",
    .run = run_backup,
};

const struct ctl_command ctl_restore = {
    .name = "restore",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "put a copy that backup made in the place of the embedded store",
    .more = "No process may have the store open. What is there is kept under another name. The node notices "
            "that the store is older than "
            "what it has sealed, and does not start before cmpctl db check --accept-older was run.",
    .run = run_restore,
};
