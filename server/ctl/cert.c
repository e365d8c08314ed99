/* What the store holds. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/pem.h"
#include "server/ctl/ctl.h"

enum { ARENA = 1024 * 1024, HEX_MAX = 2 * BOUND_TRANSACTION_ID + 1 };

static const char *status_name(enum store_cert_status status)
{
    switch (status) {
    case STORE_CERT_UNCONFIRMED:
        return "unconfirmed";
    case STORE_CERT_VALID:
        return "valid";
    case STORE_CERT_REVOKED:
        return "revoked";
    case STORE_CERT_HOLD:
        return "hold";
    }
    return "?";
}

static int print_json(void *arg, const struct store_cert *cert)
{
    char hex[HEX_MAX], at[CTL_TIME_MAX];

    (void)arg;
    putchar('{');
    ctl_put_json("serial", bytes_str(log_hex(hex, sizeof hex, cert->serial)));
    putchar(',');
    ctl_put_json("subject", cert->subject_text);
    putchar(',');
    ctl_put_json("status", bytes_str(status_name(cert->status)));
    putchar(',');
    ctl_put_json("issued_at", bytes_str(ctl_time(at, cert->issued_at)));
    putchar(',');
    ctl_put_json("not_before", bytes_str(ctl_time(at, cert->not_before)));
    putchar(',');
    ctl_put_json("not_after", bytes_str(ctl_time(at, cert->not_after)));
    putchar(',');
    ctl_put_json("revoked_at", bytes_str(ctl_time(at, cert->revoked_at)));
    putchar(',');
    ctl_put_json("transactionID", bytes_str(log_hex(hex, sizeof hex, cert->transaction_id)));
    putchar(',');
    ctl_put_json("profile", cert->profile);
    printf("}\n");
    return 1;
}

static int print_line(void *arg, const struct store_cert *cert)
{
    char hex[HEX_MAX], at[CTL_TIME_MAX];

    (void)arg;
    printf("%s  %-11s  %s  %.*s\n", log_hex(hex, sizeof hex, cert->serial), status_name(cert->status),
           ctl_time(at, cert->issued_at), (int)cert->subject_text.len, (const char *)cert->subject_text.data);
    return 1;
}

static int list(struct store *store, const struct policy *policy, int json)
{
    char fault[STORE_FAULT_MAX] = "";

    (void)policy;
    return store_each_cert(store, fault, bytes_of(NULL, 0), json ? print_json : print_line, NULL)
               ? CTL_OK
               : ctl_fault("%s", fault);
}

static int parse_serial(uint8_t out[STORE_SERIAL], const char *hex)
{
    if (strlen(hex) != (size_t)2 * STORE_SERIAL)
        return 0;
    for (size_t i = 0; i < STORE_SERIAL; i++) {
        char digits[3] = {hex[2 * i], hex[2 * i + 1], 0}, *end;
        out[i] = (uint8_t)strtoul(digits, &end, 16);
        if (end != digits + 2)
            return 0;
    }
    return 1;
}

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

/* The serial is looked for at every CA of the configuration. */
static int export(struct store *store, const struct policy *policy, const char *serial_hex)
{
    const struct config *config = policy_config(policy);
    struct arena *arena = arena_new(ARENA);
    uint8_t serial[STORE_SERIAL];
    int status = -1;

    if (arena == NULL)
        return ctl_fault("out of memory");
    if (!parse_serial(serial, serial_hex))
        status =
            ctl_fault("'%s' is no serial: write the 32 hexadecimal digits that cert list shows", serial_hex);
    for (size_t i = 0; status < 0 && i < config->ca_count; i++) {
        struct store_fetch fetch = {
            .kind = STORE_FETCH_CERT,
            .issuer = bytes_of(policy_authority(policy, config->cas[i].name)->id, STORE_ISSUER_ID),
            .key = bytes_of(serial, STORE_SERIAL),
            .arena = arena,
        };
        if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
            status = ctl_fault("the store does not answer");
        else if (fetch.outcome == STORE_FOUND)
            status = print_pem(fetch.row.cert.certificate);
    }
    if (status < 0)
        status = ctl_fault("no certificate has the serial %s", serial_hex);
    arena_free(arena);
    return status;
}

int ctl_cert(int argc, char **argv)
{
    static const char *const usage = "cert list --config FILE [--store URL] [--json] | "
                                     "cert export --config FILE [--store URL] SERIAL";
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"store", required_argument, NULL, 's'},
                                            {"json", no_argument, NULL, 'j'},
                                            {NULL, 0, NULL, 0}};
    const char *action = argc > 1 ? argv[1] : "", *path = NULL, *url = NULL;
    char store_fault[STORE_FAULT_MAX] = "";
    struct config_fault fault;
    struct policy *policy;
    struct store *store;
    int option, json = 0, status, is_list = strcmp(action, "list") == 0,
                is_export = strcmp(action, "export") == 0;

    if (!is_list && !is_export)
        return ctl_usage(usage);
    argc--, argv++;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            path = optarg;
        else if (option == 's')
            url = optarg;
        else if (option == 'j' && is_list)
            json = 1;
        else
            return ctl_usage(usage);
    }
    if (path == NULL || argc - optind != is_export)
        return ctl_usage(usage);
    if (url != NULL && !ctl_refuse_secret(url))
        return CTL_FAULT;
    if ((policy = policy_load_file(&fault, path, time(NULL))) == NULL)
        return ctl_fault("%s", fault.text);
    if (url == NULL)
        url = policy_config(policy)->store;
    store = store_open_to_read(store_fault, url, policy_config(policy)->node);
    if (store == NULL)
        status = ctl_fault("%s", store_fault);
    else
        status = is_list ? list(store, policy, json) : export(store, policy, argv[optind]);
    store_close(store);
    policy_release(policy);
    return status;
}
