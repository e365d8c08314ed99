/* The sandbox of cmpd: files before there are threads, system calls once all are there. */
#include "server/confine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/front/transport.h"
#include "server/sandbox/sandbox.h"
#include "server/service/notify.h"
#include "storage/store.h"

struct confine {
    struct sandbox *sandbox; /* NULL: there is none */
    unsigned parts;          /* that it has room for */
};

static int add_file(void *arg, const char *file)
{
    return sandbox_add_file(arg, file, 0);
}

static int add_store(void *arg, const char *path, enum store_file_use use)
{
    return use == STORE_FILE_READ ? sandbox_add_folder(arg, path, 0)
                                  : sandbox_add_file(arg, path, use == STORE_FILE_WRITTEN);
}

/* A port by name, or one that the kernel chooses, is none that could be named beforehand. */
static int add_ports(struct sandbox *sandbox, const struct config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const char *colon = strrchr(config->listeners[i].address, ':');
        char *end;
        unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
        if (!sandbox_add_port(sandbox, colon != NULL && *end == 0 && port <= UINT16_MAX ? (uint16_t)port : 0))
            return 0;
    }
    return 1;
}

static int fetches(const struct config *config)
{
    for (size_t i = 0; i < config->profile_count; i++)
        if (config->profiles[i].authorize != NULL)
            return 1;
    for (size_t v = 0; v < config->vendor_count; v++)
        if (config->vendors[v].crl_urls.count != 0)
            return 1;
    for (size_t i = 0; i < config->ca_count; i++)
        if (config->cas[i].announce != NULL)
            return 1;
    return 0;
}

static unsigned parts_of(const struct config *config)
{
    unsigned parts = SANDBOX_ALL;

    parts |= strcmp(front_backend(), "io_uring") == 0 ? SANDBOX_URING : SANDBOX_EPOLL;
    parts |= strncmp(config->store, "sqlite:", strlen("sqlite:")) == 0 ? SANDBOX_SQLITE : SANDBOX_POSTGRES;
    parts |= config->crl.ldap != NULL ? SANDBOX_DIRECTORY : 0;
    parts |= fetches(config) ? SANDBOX_FETCH : 0;
    parts |= config->log_to == CONFIG_LOG_JOURNALD || notify_is_wanted() ? SANDBOX_SERVICE : 0;
    return parts | (config_has_token(config) ? SANDBOX_TOKEN : 0);
}

/* |folder| is NULL where there is none. */
static int add_written(struct sandbox *sandbox, const char *folder)
{
    return folder == NULL || sandbox_add_folder(sandbox, folder, 1);
}

static struct sandbox *make_sandbox(const struct config *config, const char *path)
{
    struct sandbox *sandbox = sandbox_new(parts_of(config));

    if (sandbox != NULL && sandbox_add_file(sandbox, path, 0) &&
        config_each_file(config, add_file, sandbox) && add_written(sandbox, config->crl.folder) &&
        add_written(sandbox, config->vendor_crl_folder) &&
        sandbox_add_file(sandbox, config->audit_seal_file, 1) &&
        (config->log_file == NULL || sandbox_add_file(sandbox, config->log_file, 1)) &&
        store_each_file(config->store, add_store, sandbox) && add_ports(sandbox, config))
        return sandbox;
    sandbox_free(sandbox);
    return NULL;
}

struct confine *confine_files(const struct config *config, const char *path)
{
    struct confine *confine = calloc(1, sizeof *confine);
    char why[256];

    if (confine == NULL || config->hardening == CONFIG_HARDENING_OFF)
        return confine;
    if (!sandbox_is_possible()) {
        log_line(LOG_INFO, "no sandbox", log_text("text", "this build has sanitizers"));
        return confine;
    }
    confine->parts = parts_of(config);
    confine->sandbox = make_sandbox(config, path);
    if (confine->sandbox == NULL) {
        confine_free(confine);
        return NULL;
    }
    if (!sandbox_confine_files(confine->sandbox, why, sizeof why))
        log_line(LOG_WARN, "files are not confined", log_text("why", why));
    return confine;
}

void confine_calls(struct confine *confine)
{
    char why[256];

    if (confine->sandbox != NULL && !sandbox_confine_calls(confine->sandbox, why, sizeof why))
        log_line(LOG_WARN, "system calls are not confined", log_text("why", why));
}

struct check {
    const struct sandbox *sandbox;
    const char *outside;
};

static int check_file(void *arg, const char *file)
{
    struct check *check = arg;

    if (sandbox_has_file(check->sandbox, file))
        return 1;
    check->outside = file;
    return 0;
}

/* A folder that is written to was named at start, or lies in one that was. */
static int is_folder_allowed(struct check *check, const struct confine *confine, const char *folder)
{
    if (folder == NULL || (confine->parts & SANDBOX_TOKEN) != 0 ||
        sandbox_writes_folder(confine->sandbox, folder))
        return 1;
    check->outside = folder;
    return 0;
}

/* Returns 1 if |part|, which |what| needs, was there at start. */
static int is_part_allowed(struct config_fault *fault, const struct confine *confine, unsigned part,
                           const char *what)
{
    if ((confine->parts & (part | SANDBOX_TOKEN)) != 0)
        return 1;
    snprintf(fault->text, sizeof fault->text,
             "%s, and this process was confined at start to what does without: restart to use it", what);
    return 0;
}

int confine_allows(struct config_fault *fault, const struct confine *confine, const struct config *config)
{
    struct check check = {confine->sandbox, NULL};
    int files_allowed; /* 1: what is outside is a folder to be written, which cannot be beside the
                          configuration */

    if (confine->sandbox == NULL)
        return 1;
    if ((config_has_token(config) &&
         !is_part_allowed(fault, confine, SANDBOX_TOKEN, "a key is in a token, which needs its module")) ||
        (config->crl.ldap != NULL &&
         !is_part_allowed(fault, confine, SANDBOX_DIRECTORY, "crl.ldap names a directory")) ||
        (fetches(config) &&
         !is_part_allowed(fault, confine, SANDBOX_FETCH,
                          "crl_urls of a vendor, authorize of a profile, or announce of a CA, name servers")))
        return 0;
    files_allowed = config_each_file(config, check_file, &check);
    if (files_allowed && is_folder_allowed(&check, confine, config->crl.folder) &&
        is_folder_allowed(&check, confine, config->vendor_crl_folder))
        return 1;
    snprintf(fault->text, sizeof fault->text,
             "%s is in none of the folders that this process was confined to at start: restart to use it%s",
             check.outside, files_allowed ? "" : ", or put it beside the configuration");
    return 0;
}

void confine_free(struct confine *confine)
{
    if (confine != NULL)
        sandbox_free(confine->sandbox);
    free(confine);
}
