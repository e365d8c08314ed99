/* cert_find.c: a certificate by its serial, at whichever CA of the configuration. */
#include <errno.h>

#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/cert.h"

enum { CERTIFICATE_MAX = 1024 * 1024 };

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

int cert_issuer(uint8_t id[STORE_ISSUER_ID], const char *path)
{
    struct issuer issuer = {.found = 0};
    uint8_t *data;
    size_t len;

    if (!file_read(&data, &len, path, CERTIFICATE_MAX))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    pem_each_certificate(bytes_of(data, len), take_issuer, &issuer);
    file_free(data, len);
    memcpy(id, issuer.id, STORE_ISSUER_ID);
    return issuer.found || !ctl_fault("%s holds no certificate in PEM", path);
}

int cert_fetch(const void **row, struct store *store, struct arena *arena, enum store_kind kind,
               const uint8_t issuer[STORE_ISSUER_ID], struct bytes key)
{
    struct store_fetch fetch = {
        .kind = kind, .issuer = bytes_of(issuer, STORE_ISSUER_ID), .key = key, .arena = arena};

    *row = NULL;
    if (!store_fetch_wait(store, &fetch) || fetch.outcome == STORE_FETCH_UNAVAILABLE)
        return !ctl_fault("the store does not answer");
    if (fetch.outcome == STORE_FOUND)
        *row = fetch.rows;
    return 1;
}

int cert_find(struct cert_found *found, const struct ctl_opened *opened, struct arena *arena,
              const uint8_t serial[STORE_SERIAL])
{
    const struct config *config = opened->config;
    const void *row = NULL;

    *found = (struct cert_found){.cert = NULL};
    for (size_t i = 0; row == NULL && i < config->ca_count; i++) {
        if (!cert_issuer(found->issuer, config->cas[i].certificate) ||
            !cert_fetch(&row, opened->store, arena, STORE_CERTIFICATES, found->issuer,
                        bytes_of(serial, STORE_SERIAL)))
            return 0;
        found->ca = config->cas[i].name;
    }
    found->cert = row;
    return 1;
}

int cert_unknown(const uint8_t serial[STORE_SERIAL])
{
    char hex[CERT_HEX_MAX];

    return ctl_fault("no certificate has the serial %s",
                     log_hex(hex, sizeof hex, bytes_of(serial, STORE_SERIAL)));
}

int cert_find_given(struct cert_found *found, struct ctl_opened *opened, struct arena **arena,
                    const struct ctl_call *call)
{
    uint8_t serial[STORE_SERIAL];
    int status;

    if (!cert_read_serial(serial, call->arguments[0]))
        return CTL_FAULT;
    if ((status = ctl_open(opened, call, CTL_NEEDS_TO_READ)) != CTL_OK)
        return status;
    if ((*arena = arena_new(CERT_ARENA)) == NULL)
        status = ctl_fault("out of memory");
    else if (!cert_find(found, opened, *arena, serial))
        status = CTL_FAULT;
    else if (found->cert == NULL)
        status = cert_unknown(serial);
    if (status != CTL_OK) {
        arena_free(*arena);
        ctl_close(opened);
    }
    return status;
}
