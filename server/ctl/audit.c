/* The audit log: whether it is whole, and what it says. Needs no keys: an auditor may run it with a copy of
 * the configuration and of the certificates that it names. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/ctl.h"
#include "storage/audit_verify.h"

enum { CERTIFICATES_MAX = 1024 * 1024, SHOWN_MAX = 100, WHERE_MAX = CTL_PATH_MAX + 32 };

/* ---- verify ---- */

struct files {
    const char **names;
    size_t count;
};

static void show_fault(void *arg, const char *text)
{
    size_t *shown = arg;

    if (++*shown <= SHOWN_MAX)
        ctl_fault("%s", text);
    if (*shown == SHOWN_MAX)
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

    if (!certificate_parse(&certificate, der) || !audit_verify_key(reader->verify, certificate.spki))
        reader->failed = 1;
    return reader->all && !reader->failed;
}

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
    if (sum->before != 0)
        printf("%" PRIu64 " records are from before there were chains: nothing proves them\n", sum->before);
    return sum->faults == 0 ? CTL_OK : CTL_FAULT;
}

static int verify(struct store *store, const struct config *config, const struct files *logs,
                  const struct files *certificates)
{
    size_t shown = 0;
    struct audit_verify *verify = audit_verify_new(show_fault, &shown);
    char fault[STORE_FAULT_MAX] = "";
    struct audit_summary sum;
    int ok = verify != NULL, status = CTL_FAULT;

    if (!ok)
        return ctl_fault("out of memory");
    for (size_t i = 0; ok && i < config->ca_count; i++)
        ok = add_keys(verify, config->cas[i].cmp_certificate, 0);
    for (size_t i = 0; ok && i < certificates->count; i++)
        ok = add_keys(verify, certificates->names[i], 1);
    for (size_t i = 0; ok && i < logs->count; i++)
        ok = read_log(verify, logs->names[i]);
    /* Seals first: a node that goes on meanwhile adds entries that are not in them, never the other way
     * round. */
    if (ok)
        ok = (store_each_seal(store, fault, audit_verify_seal, verify) &&
              store_each_entry(store, fault, audit_verify_entry, verify)) ||
             !ctl_fault("%s", fault);
    if (ok) {
        audit_verify_end(verify, &sum);
        status = show_summary(&sum);
    }
    audit_verify_free(verify);
    return status;
}

/* ---- list ---- */

/* Cuts the next line, without its end, off |*text|. */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    struct bytes line = bytes_of(text->data, end != NULL ? (size_t)(end - text->data) : text->len);
    size_t used = line.len + (end != NULL);

    *text = bytes_of(text->data + used, text->len - used);
    return line;
}

static int print_json(void *arg, const struct store_entry *entry)
{
    char chain[2 * STORE_CHAIN_ID + 1];
    struct bytes rest = entry->records;

    (void)arg;
    log_hex(chain, sizeof chain, bytes_of(entry->chain, STORE_CHAIN_ID));
    while (rest.len != 0) {
        struct bytes line = take_line(&rest);
        putchar('{');
        ctl_put_json("chain", bytes_str(entry->seq != 0 ? chain : ""));
        printf(",\"seq\":%lld,\"committed_at\":%lld,", (long long)entry->seq, (long long)entry->at);
        ctl_put_json("node", entry->node);
        if (line.len > 2) /* its members, and its own end */
            printf(",%.*s", (int)line.len - 1, (const char *)line.data + 1);
        putchar('\n');
    }
    return 1;
}

/* The value of |name| as it is written, with its escapes: what is in the store may be anybody's. */
static struct bytes value_of(struct bytes line, const char *name)
{
    const uint8_t *at = memmem(line.data, line.len, name, strlen(name));
    size_t len = 0, room = at != NULL ? line.len - (size_t)(at - line.data) - strlen(name) : 0;

    if (at == NULL)
        return bytes_str("?");
    at += strlen(name);
    while (len < room && at[len] != '"')
        len += at[len] == '\\' && len + 1 < room ? 2 : 1;
    return bytes_of(at, len);
}

static void print_value(struct bytes line, const char *name)
{
    struct bytes value = value_of(line, name);

    printf("  %.*s", (int)value.len, (const char *)value.data);
}

static int print_lines(void *arg, const struct store_entry *entry)
{
    static const char *const names[] = {"{\"event\":\"", "\"outcome\":\"", "\"who\":\"", "\"serial\":\"",
                                        "\"detail\":\""};
    struct bytes rest = entry->records;
    char at[CTL_TIME_MAX];

    (void)arg;
    while (rest.len != 0) {
        struct bytes line = take_line(&rest);
        printf("%s  %.*s", ctl_time(at, entry->at / 1000), (int)entry->node.len,
               (const char *)entry->node.data);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            print_value(line, names[i]);
        putchar('\n');
    }
    return 1;
}

static int list(struct store *store, int json)
{
    char fault[STORE_FAULT_MAX] = "";

    return store_each_entry(store, fault, json ? print_json : print_lines, NULL) ? CTL_OK
                                                                                 : ctl_fault("%s", fault);
}

/* ---- the command ---- */

struct call {
    int is_list, json;
    const char *config, *url; /* |url| NULL: the configuration's */
    struct files logs, certificates;
};

static int read_call(struct call *call, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"store", required_argument, NULL, 's'},
        {"log", required_argument, NULL, 'l'},    {"certificate", required_argument, NULL, 'k'},
        {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            call->config = optarg;
        else if (option == 's')
            call->url = optarg;
        else if (option == 'j' && call->is_list)
            call->json = 1;
        else if (option == 'l' && !call->is_list)
            call->logs.names[call->logs.count++] = optarg;
        else if (option == 'k' && !call->is_list)
            call->certificates.names[call->certificates.count++] = optarg;
        else
            return 0;
    }
    return call->config != NULL && optind == argc;
}

static int run(const struct call *call)
{
    char store_fault[STORE_FAULT_MAX] = "";
    struct config_fault fault;
    struct config *config;
    struct store *store;
    int status;

    if (call->url != NULL && !ctl_refuse_secret(call->url))
        return CTL_FAULT;
    if ((config = config_load(&fault, call->config)) == NULL)
        return ctl_fault("%s", fault.text);
    store = store_open_to_read(store_fault, call->url != NULL ? call->url : config->store, config->node);
    if (store == NULL)
        status = ctl_fault("%s", store_fault);
    else
        status =
            call->is_list ? list(store, call->json) : verify(store, config, &call->logs, &call->certificates);
    store_close(store);
    config_free(config);
    return status;
}

int ctl_audit(int argc, char **argv)
{
    static const char *const usage =
        "audit verify --config FILE [--store URL] [--log FILE]... [--certificate FILE]... | "
        "audit list --config FILE [--store URL] [--json]";
    const char *action = argc > 1 ? argv[1] : "";
    struct call call = {.is_list = strcmp(action, "list") == 0};
    int status;

    if (!call.is_list && strcmp(action, "verify") != 0)
        return ctl_usage(usage);
    call.logs.names = calloc((size_t)argc, sizeof *call.logs.names);
    call.certificates.names = calloc((size_t)argc, sizeof *call.certificates.names);
    if (call.logs.names == NULL || call.certificates.names == NULL)
        status = ctl_fault("out of memory");
    else
        status = read_call(&call, argc - 1, argv + 1) ? run(&call) : ctl_usage(usage);
    free(call.logs.names);
    free(call.certificates.names);
    return status;
}
