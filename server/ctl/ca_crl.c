/* ca crl: the CRL of a root, made where its key is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/name_match.h"
#include "crypto/pem.h"
#include "server/base/file.h"
#include "server/ctl/cert.h"
#include "server/ctl/command.h"
#include "server/ctl/root_crl.h"

enum { ARENA = 4 * 1024 * 1024, FILE_LIMIT = 4 * 1024 * 1024, DAYS_MAX = 3650 };

static const struct ctl_option options[] = {
    {"certificate", "FILE", CTL_REQUIRED, "PEM file: the certificate of the CA"},
    {"key", "FILE", CTL_REQUIRED, "PEM file: its key"},
    CTL_OPTION_PASSPHRASE,
    {"revoke", "FILE", CTL_SEVERAL,
     "PEM file: a certificate that the CA has issued, to be listed from now on"},
    {"reason", "NAME", CTL_ONCE, "why, of those that are revoked now, as in keyCompromise"},
    {"days", "N", CTL_ONCE, "until the next one is there at the latest; default: 365"},
    {NULL, NULL, 0, NULL}};

static int read_ca(struct ctl_identity *out, struct arena *arena, const struct ctl_call *call)
{
    const char *key = ctl_value(call, "key");

    if (!ctl_load_certificate(&out->cert, arena, ctl_value(call, "certificate")))
        return 0;
    if ((out->key = ctl_read_private("", key, ctl_value(call, "passphrase-file"))) == NULL)
        return 0;
    if (!bytes_equal(private_key_spki(out->key), out->cert.spki))
        return !ctl_fault("%s is not the key of %s", key, ctl_value(call, "certificate"));
    return (out->cert.has_key_usage && (out->cert.key_usage & KEY_USAGE_CRL_SIGN) != 0) ||
           !ctl_fault("%s does not have the key usage cRLSign: nobody would believe its CRL",
                      ctl_value(call, "certificate"));
}

static int read_revoked(struct root_crl_revoked *out, size_t *count, struct arena *arena,
                        const struct ctl_call *call, const struct certificate *ca)
{
    const char *name = ctl_value(call, "reason"), *path;
    int reason = name != NULL ? cert_reason(name) : CERT_UNSPECIFIED;

    if (reason < 0 || reason == CERT_RELEASED)
        return !ctl_fault("'%s' is no reason: write one of RFC 5280 5.3.1, as in cACompromise", name);
    if (name != NULL && ctl_value(call, "revoke") == NULL)
        return !ctl_fault("--reason is of what --revoke names: name the certificate, too");
    for (*count = 0; (path = ctl_nth(call, "revoke", *count)) != NULL; (*count)++) {
        if (*count == ROOT_CRL_NEW_MAX)
            return !ctl_fault("more than %d certificates at once; call it again for the rest",
                              ROOT_CRL_NEW_MAX);
        out[*count] = (struct root_crl_revoked){.reason = reason};
        if (!ctl_load_certificate(&out[*count].cert, arena, path))
            return 0;
        if (!name_equal(out[*count].cert.issuer, ca->subject))
            return !ctl_fault("%s was issued by another CA", path);
    }
    return 1;
}

/* A file that is not there is a new one. */
static int read_former(struct bytes *der, const char *path)
{
    uint8_t *text = NULL, *octets = NULL;
    size_t len = 0;
    int ok;

    *der = bytes_of(NULL, 0);
    if (!file_read(&text, &len, path, FILE_LIMIT))
        return errno == ENOENT || !ctl_fault("cannot read %s: %s", path, strerror(errno));
    ok = pem_or_der_crl(&octets, &der->len, bytes_of(text, len));
    free(text);
    if (!ok)
        return !ctl_fault("%s holds no CRL: name the file of the CA's last CRL, or a new one", path);
    der->data = octets;
    return 1;
}

static int read_days(int *days, const struct ctl_call *call)
{
    const char *text = ctl_value(call, "days");
    char *end;
    long given = text != NULL ? strtol(text, &end, 10) : ROOT_CRL_DAYS;

    *days = (int)given;
    return (given >= 1 && given <= DAYS_MAX && (text == NULL || (*text != 0 && *end == 0))) ||
           !ctl_fault("--days is '%s': write a number from 1 to %d", text, DAYS_MAX);
}

static int make(const struct ctl_call *call, struct arena *arena, struct ctl_identity *ca,
                struct bytes *former)
{
    struct root_crl_revoked revoked[ROOT_CRL_NEW_MAX];
    const char *path = call->arguments[0];
    struct root_crl plan = {.ca = ca, .revoked = revoked, .now = time(NULL)};
    char at[CTL_TIME_MAX];
    struct bytes der = bytes_of(NULL, 0);
    int64_t number = 0;
    int ok;

    if (!read_days(&plan.days, call) || !read_ca(ca, arena, call) || !read_former(former, path) ||
        !read_revoked(revoked, &plan.revoked_count, arena, call, &ca->cert))
        return 0;
    plan.former = *former;
    if (!root_crl_make(&der, &number, &plan))
        return 0;
    ok = root_crl_save(path, der, former->len == 0);
    free((void *)(uintptr_t)der.data);
    if (ok)
        printf("%s: CRL %lld, until %s; put it where crl.files of every node names it, and send SIGHUP\n",
               path, (long long)number, ctl_time(at, plan.now + (int64_t)plan.days * 24 * 3600));
    return ok;
}

static int run(const struct ctl_call *call)
{
    struct arena *arena = arena_new(ARENA);
    struct ctl_identity ca = {.key = NULL};
    struct bytes former = bytes_of(NULL, 0);
    int ok = arena != NULL && make(call, arena, &ca, &former);

    free((void *)(uintptr_t)former.data);
    ctl_identity_cleanup(&ca);
    arena_free(arena);
    return ok ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_ca_crl = {
    .name = "ca crl",
    .arguments = "FILE",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "make the CRL of a root where its key is, or the next one",
    .more = "FILE is the CRL: PEM if its name ends with .pem, else DER. If it is there, it is the last one: "
            "what it lists stays listed, its number is followed, and it is replaced. Nodes publish it "
            "(crl.files).",
    .run = run,
};
