/* audit verify: whether the audit log is whole. Needs no keys: an auditor may run it with a copy of the
 * configuration and of the certificates that it names. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/audit_signers.h"
#include "server/ctl/ctl.h"
#include "server/ctl/open.h"
#include "storage/audit_verify.h"

enum { CERTIFICATES_MAX = 1024 * 1024, SHOWN_MAX = 100, WHERE_MAX = CTL_PATH_MAX + 32 };

static void show_fault(void *arg, const char *text)
{
    size_t *shown = arg;

    if (++*shown <= SHOWN_MAX)
        ctl_fault("%s", text);
    if (*shown == SHOWN_MAX + 1)
        ctl_fault("more faults are counted, and not shown");
}

struct key_reader {
    struct audit_verify *verify;
    int all; /* 0: only the first certificate of a file */
    int failed;
};

static int add_key(void *arg, struct bytes der)
{
    struct key_reader *reader = arg;
    struct certificate certificate;

    if (!certificate_parse(&certificate, der) ||
        !audit_verify_key(reader->verify, certificate.spki, INT64_MIN, INT64_MAX))
        reader->failed = 1;
    return reader->all && !reader->failed;
}

/* Whoever names a certificate vouches for it: it counts for any time. */
static int add_keys(struct audit_verify *verify, const char *path, int all)
{
    struct key_reader reader = {.verify = verify, .all = all};
    uint8_t *data;
    size_t len;

    if (!file_read(&data, &len, path, CERTIFICATES_MAX))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    if (pem_each_certificate(bytes_of(data, len), add_key, &reader) == 0 || reader.failed)
        reader.failed = ctl_fault("%s holds no certificate in PEM that can be used", path);
    file_free(data, len);
    return !reader.failed;
}

static int read_log(struct audit_verify *verify, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL, where[WHERE_MAX];
    size_t room = 0, number = 0, seals = 0;
    ssize_t len;

    if (file == NULL)
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    while ((len = getline(&line, &room, file)) > 0) {
        snprintf(where, sizeof where, "the seal in %s, line %zu,", path, ++number);
        if (line[len - 1] == '\n')
            len--;
        seals += (size_t)audit_verify_line(verify, where, bytes_of(line, (size_t)len));
    }
    free(line);
    if (ferror(file)) {
        fclose(file);
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    }
    fclose(file);
    printf("%s: %zu seals\n", path, seals);
    return 1;
}

static int show_summary(const struct audit_summary *sum)
{
    printf("audit log: %" PRIu64 " records in %" PRIu64 " entries of %" PRIu64 " chains, %" PRIu64 " seals: ",
           sum->records, sum->entries, sum->chains, sum->seals);
    if (sum->faults == 0)
        printf("whole\n");
    else
        printf("NOT WHOLE, %" PRIu64 " faults\n", sum->faults);
    if (sum->unsealed != 0)
        printf("%" PRIu64
               " entries come after the last seal of their chain, and nothing proves that they are "
               "all: they are younger than a minute, their node was killed before it sealed them, or their "
               "seals were "
               "deleted, which the nodes' logs tell (--log)\n",
               sum->unsealed);
    return sum->faults == 0 ? CTL_OK : CTL_FAULT;
}

/* The keys of the configuration, those of the call, and those of the store; then the logs of the call. */
static int add_given(struct audit_verify *verify, const struct ctl_call *call,
                     const struct ctl_opened *opened)
{
    const struct config *config = opened->config;
    const char *path;

    for (size_t i = 0; i < config->ca_count; i++)
        if (!add_keys(verify, config->cas[i].cmp_certificate, 0))
            return 0;
    for (size_t i = 0; (path = ctl_nth(call, "certificate", i)) != NULL; i++)
        if (!add_keys(verify, path, 1))
            return 0;
    if (!audit_signers_add(verify, opened))
        return 0;
    for (size_t i = 0; (path = ctl_nth(call, "log", i)) != NULL; i++)
        if (!read_log(verify, path))
            return 0;
    return 1;
}

static int verify_store(const struct ctl_call *call, const struct ctl_opened *opened)
{
    size_t shown = 0;
    struct audit_verify *verify = audit_verify_new(show_fault, &shown);
    char fault[STORE_FAULT_MAX] = "";
    struct audit_summary sum;
    int status = CTL_FAULT;

    if (verify == NULL)
        return ctl_fault("out of memory");
    /* Seals first: a node that goes on meanwhile adds entries that are not in them, never the other way
     * round. */
    if (add_given(verify, call, opened) &&
        ((store_each(opened->store, fault, STORE_SEALS, bytes_of(NULL, 0), audit_verify_seal, verify) &&
          store_each(opened->store, fault, STORE_ENTRIES, bytes_of(NULL, 0), audit_verify_entry, verify)) ||
         !ctl_fault("%s", fault))) {
        audit_verify_end(verify, &sum);
        status = show_summary(&sum);
    }
    audit_verify_free(verify);
    return status;
}

static int run_verify(const struct ctl_call *call)
{
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    status = verify_store(call, &opened);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option verify_options[] = {
    CTL_OPTION_CONFIG,
    CTL_OPTION_STORE,
    {"log", "FILE", CTL_SEVERAL,
     "a node's log, or a file of seals: what it says of seals is held against the store; may be "
     "given again"},
    {"certificate", "FILE", CTL_SEVERAL,
     "a former CMP certificate, besides those of the configuration and of the store; may be given again"},
    {NULL, NULL, 0, NULL},
};

const struct ctl_command ctl_audit_verify = {
    .name = "audit verify",
    .options = verify_options,
    .says = "find out whether the audit log is whole",
    .more =
        "It is held against its signed seals, and against those in the logs of the nodes. No key is needed.",
    .statuses = "Exit status: 0 if all of it is whole, 1 if not or for another fault, 2 for a wrong call.",
    .run = run_verify,
};
