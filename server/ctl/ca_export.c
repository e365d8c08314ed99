/* ca export: the certificates of a CA in one PEM file, for stations and for who checks them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/ca_files.h"
#include "server/ctl/open.h"

enum { FILE_LIMIT = 1024 * 1024 };

/* struct exporting is what is written: of the chain the root alone, or all of it. */
struct exporting {
    int roots_alone;
    int failed; /* a fault is printed */
};

static int put(void *arg, struct bytes der)
{
    struct exporting *exporting = arg;
    struct certificate cert;
    char *pem;
    size_t len;

    if (!certificate_parse(&cert, der))
        return 0;
    if (exporting->roots_alone && !certificate_is_signed_by(&cert, &cert))
        return 1;
    if (!pem_certificate(&pem, &len, der)) {
        exporting->failed = ctl_fault("out of memory");
        return 0;
    }
    fwrite(pem, 1, len, stdout);
    free(pem);
    return 1;
}

static int put_file(void *arg, const char *ca, const char *role, const char *file)
{
    struct exporting *exporting = arg;
    uint8_t *text;
    size_t len, given;

    (void)ca, (void)role;
    if (!file_read(&text, &len, file, FILE_LIMIT))
        return !ctl_fault("cannot read %s: %s", file, strerror(errno));
    given = pem_each_certificate(bytes_of(text, len), put, exporting);
    free(text);
    if (given == 0)
        return !ctl_fault("%s holds no certificate in PEM", file);
    return !exporting->failed;
}

static const struct config_ca *ca_named(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->ca_count; i++)
        if (strcmp(config->cas[i].name, name) == 0)
            return &config->cas[i];
    ctl_fault("the configuration has no CA named '%s'", name);
    return NULL;
}

static int run(const struct ctl_call *call)
{
    int roots = ctl_value(call, "roots") != NULL, links = ctl_value(call, "links") != NULL;
    unsigned wanted = links ? CA_FILES_LINKS : roots ? CA_FILES_CHAIN | CA_FILES_ROOTS : CA_FILES_CHAIN;
    struct exporting exporting = {.roots_alone = roots};
    const struct config_ca *ca;
    struct ctl_opened opened;
    int status;

    if (roots && links)
        return ctl_wrong_call(call->command, "--roots and --links are two files: call it twice");
    if ((status = ctl_open(&opened, call, 0)) != CTL_OK)
        return status;
    ca = ca_named(opened.config, call->arguments[0]);
    if (ca == NULL || !ca_each_file(ca, wanted, put_file, &exporting))
        status = CTL_FAULT;
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {
    CTL_OPTION_CONFIG,
    {"roots", NULL, 0, "the root, and those before and after it that the configuration names: whom to trust"},
    {"links", NULL, 0, "what leads from one root to the next, both ways"},
    {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_ca_export = {
    .name = "ca export",
    .arguments = "CA",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "print the chain of a CA in PEM, or its roots, or the links between them",
    .more = "CA is its name in the configuration. The chain begins with the certificate of the CA and ends "
            "with its "
            "root.",
    .run = run,
};
