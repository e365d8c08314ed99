/* cert list, cert export: the certificates in the store. Neither needs a key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/ctl.h"
#include "server/ctl/json.h"
#include "server/ctl/open.h"

enum { ARENA = 1024 * 1024, CERTIFICATE_MAX = 1024 * 1024, HEX_MAX = 2 * BOUND_TRANSACTION_ID + 1 };

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

static int print_json(void *arg, const void *stored)
{
    const struct store_cert *cert = stored;
    char hex[HEX_MAX], at[CTL_TIME_MAX];
    json_t *row = json_object();

    (void)arg;
    ctl_json_set(row, "serial", json_string(log_hex(hex, sizeof hex, cert->serial)));
    ctl_json_set(row, "subject", ctl_json_text(cert->subject_text));
    ctl_json_set(row, "status", json_string(status_name(cert->status)));
    ctl_json_set(row, "issued_at", json_string(ctl_time(at, cert->issued_at)));
    ctl_json_set(row, "not_before", json_string(ctl_time(at, cert->not_before)));
    ctl_json_set(row, "not_after", json_string(ctl_time(at, cert->not_after)));
    ctl_json_set(row, "revoked_at", json_string(ctl_time(at, cert->revoked_at)));
    ctl_json_set(row, "transactionID", json_string(log_hex(hex, sizeof hex, cert->transaction_id)));
    ctl_json_set(row, "profile", ctl_json_text(cert->profile));
    ctl_json_print(row);
    return 1;
}

static int print_line(void *arg, const void *row)
{
    const struct store_cert *cert = row;
    char hex[HEX_MAX], at[CTL_TIME_MAX];

    (void)arg;
    printf("%s  %-11s  %s  %.*s\n", log_hex(hex, sizeof hex, cert->serial), status_name(cert->status),
           ctl_time(at, cert->issued_at), (int)cert->subject_text.len, (const char *)cert->subject_text.data);
    return 1;
}

static int run_list(const struct ctl_call *call)
{
    char fault[STORE_FAULT_MAX] = "";
    struct ctl_opened opened;
    int status = ctl_open(&opened, call, CTL_NEEDS_TO_READ);

    if (status != CTL_OK)
        return status;
    if (!store_each(opened.store, fault, STORE_CERTIFICATES, bytes_of(NULL, 0),
                    ctl_value(call, "json") != NULL ? print_json : print_line, NULL))
        status = ctl_fault("%s", fault);
    ctl_close(&opened);
    return status;
}

/* Reads a serial as tools print it: cert list, the log and openssl x509 -serial ("serial=189C…"), openssl
 * x509 -text ("18:9c:…"), Windows and browsers ("18 9C …"), programs ("0x189c…"). */
static int parse_serial(uint8_t out[STORE_SERIAL], const char *text)
{
    static const char digits[] = "0123456789abcdefABCDEF";

    if (strncmp(text, "serial=", strlen("serial=")) == 0)
        text += strlen("serial=");
    if (strncasecmp(text, "0x", 2) == 0)
        text += 2;
    for (size_t i = 0; i < STORE_SERIAL; i++) {
        if (i > 0 && *text != '\0' && strchr(": ", *text) != NULL)
            text++;
        if (strspn(text, digits) < 2) /* strtoul would take blanks and signs, too */
            return 0;
        out[i] = (uint8_t)strtoul((const char[]){text[0], text[1], 0}, NULL, 16);
        text += 2;
    }
    return *text == '\0';
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

struct issuer {
    uint8_t id[STORE_ISSUER_ID];
    int found;
};

static int take_issuer(void *arg, struct bytes der)
{
    struct issuer *issuer = arg;
    struct certificate certificate;

    issuer->found = certificate_parse(&certificate, der);
    if (issuer->found)
        policy_issuer_id(issuer->id, &certificate);
    return 0;
}

/* By its certificate alone: who looks at the store needs none of the CA's keys. */
static int read_issuer(struct issuer *issuer, const char *path)
{
    uint8_t *data;
    size_t len;

    issuer->found = 0;
    if (!file_read(&data, &len, path, CERTIFICATE_MAX))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    pem_each_certificate(bytes_of(data, len), take_issuer, issuer);
    file_free(data, len);
    return issuer->found || !ctl_fault("%s holds no certificate in PEM", path);
}

/* Prints the certificate |serial| of |issuer|. Returns an exit status, or -1: there is none. */
static int export_of(struct store *store, struct arena *arena, const struct issuer *issuer,
                     const uint8_t serial[STORE_SERIAL])
{
    struct store_fetch fetch = {
        .kind = STORE_CERTIFICATES,
        .issuer = bytes_of(issuer->id, STORE_ISSUER_ID),
        .key = bytes_of(serial, STORE_SERIAL),
        .arena = arena,
    };

    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return ctl_fault("the store does not answer");
    return fetch.outcome == STORE_FOUND ? print_pem(((const struct store_cert *)fetch.rows)->certificate)
                                        : -1;
}

static int run_export(const struct ctl_call *call)
{
    const char *text = call->arguments[0];
    char hex[HEX_MAX];
    struct ctl_opened opened;
    struct arena *arena;
    uint8_t serial[STORE_SERIAL];
    int status = -1;

    if (!parse_serial(serial, text))
        return ctl_fault("'%s' is no serial: write the 32 hexadecimal digits that cert list shows", text);
    if (ctl_open(&opened, call, CTL_NEEDS_TO_READ) != CTL_OK)
        return CTL_FAULT;
    if ((arena = arena_new(ARENA)) == NULL)
        status = ctl_fault("out of memory");
    for (size_t i = 0; status < 0 && i < opened.config->ca_count; i++) {
        struct issuer issuer;
        status = read_issuer(&issuer, opened.config->cas[i].certificate)
                     ? export_of(opened.store, arena, &issuer, serial)
                     : CTL_FAULT;
    }
    if (status < 0)
        status = ctl_fault("no certificate has the serial %s",
                           log_hex(hex, sizeof hex, bytes_of(serial, sizeof serial)));
    arena_free(arena);
    ctl_close(&opened);
    return status;
}

static const struct ctl_option list_options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, CTL_OPTION_JSON, {NULL, NULL, 0, NULL}};
static const struct ctl_option export_options[] = {
    CTL_OPTION_CONFIG, CTL_OPTION_STORE, {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_cert_list = {
    .name = "cert list",
    .options = list_options,
    .says = "show the certificates in the store",
    .more = "A line is: serial, status, when it was issued, subject. --json tells more.",
    .run = run_list,
};

const struct ctl_command ctl_cert_export = {
    .name = "cert export",
    .arguments = "SERIAL",
    .least = 1,
    .most = 1,
    .options = export_options,
    .says = "print a certificate in PEM",
    .more =
        "SERIAL is as cert list shows it, or as other tools do, with colons, blanks, capitals or 0x; it is "
        "looked for at every CA of the configuration.",
    .run = run_export,
};
