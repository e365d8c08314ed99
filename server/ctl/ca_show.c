/* ca show: what the certificates of CAs are, of files or of the configuration. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/algorithms.h"
#include "crypto/name.h"
#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/base/log.h"
#include "server/ctl/ca.h"
#include "server/ctl/ca_files.h"
#include "server/ctl/cert.h"

enum { FILE_LIMIT = 1024 * 1024, HEX = 128 };

struct showing {
    int as_json;
    const char *ca, *role, *file;
};

static const char *kind_of(struct certificate *cert)
{
    if (!cert->is_ca)
        return "no CA";
    if (certificate_is_signed_by(cert, cert))
        return "root";
    return certificate_self_issued(cert) ? "link" : "CA";
}

static const char *key_of(const struct certificate *cert)
{
    struct public_key *key = public_key_parse(cert->spki);
    const char *name = key != NULL ? key_algorithm(public_key_kind(key))->name : "unknown";

    public_key_free(key);
    return name;
}

static void show_json(const struct showing *showing, struct certificate *cert,
                      const uint8_t id[STORE_ISSUER_ID])
{
    char text[NAME_TEXT_MAX], at[CTL_TIME_MAX], hex[HEX];
    json_t *row = json_object();

    if (showing->ca != NULL)
        ctl_json_set(row, "ca", ctl_json_text(bytes_str(showing->ca)));
    if (showing->role != NULL)
        ctl_json_set(row, "role", json_string(showing->role));
    ctl_json_set(row, "file", ctl_json_text(bytes_str(showing->file)));
    ctl_json_set(row, "kind", json_string(kind_of(cert)));
    ctl_json_set(row, "subject", ctl_json_text(bytes_str(name_text(text, sizeof text, cert->subject))));
    ctl_json_set(row, "issuer", ctl_json_text(bytes_str(name_text(text, sizeof text, cert->issuer))));
    ctl_json_set(row, "serial", json_string(log_hex(hex, sizeof hex, cert->serial)));
    ctl_json_set(row, "key", json_string(key_of(cert)));
    ctl_json_set(row, "key_id", json_string(log_hex(hex, sizeof hex, cert->key_id)));
    ctl_json_set(row, "issuer_key_id", json_string(log_hex(hex, sizeof hex, cert->issuer_key_id)));
    ctl_json_set(row, "store", json_string(log_hex(hex, sizeof hex, bytes_of(id, STORE_ISSUER_ID))));
    ctl_json_set(row, "not_before", json_string(ctl_time(at, cert->not_before)));
    ctl_json_set(row, "not_after", json_string(ctl_time(at, cert->not_after)));
    ctl_json_print(row);
}

static void put_name(const char *before, struct bytes name)
{
    char text[NAME_TEXT_MAX];

    printf("%s", before);
    cert_put_text(bytes_str(name_text(text, sizeof text, name)), 0);
}

static void show_text(const struct showing *showing, struct certificate *cert,
                      const uint8_t id[STORE_ISSUER_ID])
{
    char from[CTL_TIME_MAX], to[CTL_TIME_MAX], hex[HEX];

    if (showing->ca != NULL)
        printf("%s, %s: ", showing->ca, showing->role);
    printf("%s, ", kind_of(cert));
    put_name("", cert->subject);
    printf("\n  file %s", showing->file);
    put_name("\n  issued by ", cert->issuer);
    printf("\n  valid from %s to %s\n", ctl_time(from, cert->not_before), ctl_time(to, cert->not_after));
    printf("  key %s, id %s", key_of(cert), log_hex(hex, sizeof hex, cert->key_id));
    printf(", signed by id %s\n", log_hex(hex, sizeof hex, cert->issuer_key_id));
    printf("  in the store as %s\n", log_hex(hex, sizeof hex, bytes_of(id, STORE_ISSUER_ID)));
}

static int show(void *arg, struct bytes der)
{
    const struct showing *showing = arg;
    struct certificate cert;
    uint8_t id[STORE_ISSUER_ID];

    if (!certificate_parse(&cert, der))
        return 0;
    policy_issuer_id(id, &cert);
    (showing->as_json ? show_json : show_text)(showing, &cert, id);
    return 1;
}

static int show_file(void *arg, const char *ca, const char *role, const char *file)
{
    struct showing showing = *(const struct showing *)arg;
    uint8_t *text;
    size_t len, given;

    showing.ca = ca, showing.role = role, showing.file = file;
    if (!file_read(&text, &len, file, FILE_LIMIT))
        return !ctl_fault("cannot read %s: %s", file, strerror(errno));
    given = pem_each_certificate(bytes_of(text, len), show, &showing);
    free(text);
    return given != 0 || !ctl_fault("%s holds no certificate in PEM", file);
}

static int run(const struct ctl_call *call)
{
    struct showing showing = {.as_json = ctl_value(call, "json") != NULL};
    struct ctl_opened opened;
    int status = CTL_OK;

    for (size_t i = 0; status == CTL_OK && i < call->argument_count; i++)
        status = show_file(&showing, NULL, NULL, call->arguments[i]) ? CTL_OK : CTL_FAULT;
    if (call->argument_count != 0)
        return status;
    if (ctl_value(call, "config") == NULL && config_place(NULL) == NULL)
        return ctl_wrong_call(call->command, CTL_WANTS_CONFIG "; or FILE", call->command->name);
    if ((status = ctl_open(&opened, call, 0)) != CTL_OK)
        return status;
    for (size_t i = 0; status == CTL_OK && i < opened.config->ca_count; i++)
        status = ca_each_file(&opened.config->cas[i], CA_FILES_ALL, show_file, &showing) ? CTL_OK : CTL_FAULT;
    ctl_close(&opened);
    return status;
}

/* Files need no configuration. */
static const struct ctl_option options[] = {
    {"config", "FILE", CTL_ONCE,
     "the configuration; else CMPD_CONFIG of the environment, or /etc/cmpd/cmpd.yaml"},
    CTL_OPTION_JSON,
    {NULL, NULL, 0, NULL}};

const struct ctl_command ctl_ca_show = {
    .name = "ca show",
    .arguments = "[FILE...]",
    .least = 0,
    .most = 64,
    .options = options,
    .says = "show what the certificates of CAs are, of the configuration or of files",
    .more =
        "A link holds the key of one root, signed by another of the same name. The store keeps what a CA has "
        "issued by the hash of the CA's key: certificates with the same key share it, a new key begins anew.",
    .run = run,
};
