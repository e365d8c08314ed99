/* cert export: a certificate in PEM. It needs no key. */
#include <stdlib.h>

#include "crypto/pem.h"
#include "server/ctl/cert.h"

static int print_pem(struct bytes der)
{
    char *pem;
    size_t len;

    if (!pem_certificate(&pem, &len, der))
        return ctl_fault("out of memory");
    fwrite(pem, 1, len, stdout);
    free(pem);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    struct ctl_opened opened;
    struct cert_found found;
    struct arena *arena;
    int status = cert_find_given(&found, &opened, &arena, call);

    if (status != CTL_OK)
        return status;
    status = print_pem(found.cert->certificate);
    arena_free(arena);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option options[] = {CTL_OPTION_CONFIG, CTL_OPTION_STORE, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_cert_export = {
    .name = "cert export",
    .arguments = "SERIAL",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "print a certificate in PEM",
    .more =
        "SERIAL is as cert list shows it, or as other tools do, with colons, blanks, capitals or 0x; it is "
        "looked for at every CA of the configuration.",
    .run = run,
};
