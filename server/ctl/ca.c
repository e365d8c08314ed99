/* ca.c: see ca.h. */
#include "server/ctl/ca.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/name.h"
#include "crypto/pem.h"
#include "crypto/token.h"
#include "server/base/file.h"
#include "server/ctl/cert.h"

enum { NAMES_MAX = 16 };

static struct private_key *open_key(const char *key, struct bytes spki, const char *passphrase_file)
{
    char why[TOKEN_FAULT_MAX];
    struct private_key *opened;

    if (!config_is_token(key))
        return ctl_read_private("", key, passphrase_file);
    if ((opened = token_open(why, key, spki, 1)) == NULL)
        ctl_fault("%s", why);
    return opened;
}

int ca_read_signer(struct ctl_identity *out, struct arena *arena, const char *certificate, const char *key,
                   const char *passphrase_file, int64_t now)
{
    char at[CTL_TIME_MAX];

    *out = (struct ctl_identity){.key = NULL};
    if (!ctl_load_certificate(&out->cert, arena, certificate))
        return 0;
    out->cert_der = out->cert.der;
    if (!out->cert.is_ca || (out->cert.has_key_usage && (out->cert.key_usage & KEY_USAGE_KEY_CERT_SIGN) == 0))
        return !ctl_fault("%s is no certificate of a CA: nobody would believe what it signs", certificate);
    if (now > out->cert.not_after)
        return !ctl_fault("%s has ended on %s", certificate, ctl_time(at, out->cert.not_after));
    if ((out->key = open_key(key, out->cert.spki, passphrase_file)) == NULL)
        return 0;
    return bytes_equal(private_key_spki(out->key), out->cert.spki) ||
           !ctl_fault("%s is not the key of %s", key, certificate);
}

int ca_is_repeatable(const struct certificate *cert, const char *path)
{
    return (cert->name_constraints.len == 0 && cert->policies.len == 0 &&
            cert->policy_constraints.len == 0) ||
           !ctl_fault("%s has policies or name constraints, which the new certificate would lack: make that "
                      "one by hand",
                      path);
}

int ca_read_name(struct bytes *out, struct arena *arena, const struct ctl_call *call)
{
    const char *pairs[2 * NAMES_MAX + 1] = {NULL}, *text;

    for (size_t i = 0; (text = ctl_nth(call, "name", i)) != NULL; i++) {
        const char *equals = strchr(text, '=');
        if (i == NAMES_MAX)
            return !ctl_fault("a name has %d parts at most", NAMES_MAX);
        if (equals == NULL)
            return !ctl_fault("--name '%s' has no '=': write O=Operator or CN=Root", text);
        if ((pairs[2 * i] = arena_printf(arena, "%.*s", (int)(equals - text), text)) == NULL)
            return !ctl_fault("out of memory");
        pairs[2 * i + 1] = equals + 1;
    }
    return name_build(out, arena, pairs) ||
           !ctl_fault(
               "--name has an attribute that is not known, or a value that it cannot have: write C, O, OU, "
               "CN or another short name of RFC 4514");
}

int ca_write(const char *path, struct bytes der)
{
    char *pem;
    size_t len;
    int ok;

    if (!pem_certificate(&pem, &len, der))
        return !ctl_fault("out of memory");
    ok = file_write(path, pem, len, 0644, 1);
    free(pem);
    return ok || !ctl_fault("cannot write %s: %s", path, strerror(errno));
}

int ca_tell(const char *path, struct bytes der)
{
    char subject[NAME_TEXT_MAX], at[CTL_TIME_MAX];
    struct certificate cert;

    if (!certificate_parse(&cert, der))
        return !ctl_fault("out of memory");
    printf("%s: ", path);
    cert_put_text(bytes_str(name_text(subject, sizeof subject, cert.subject)), 0);
    printf(", until %s\n", ctl_time(at, cert.not_after));
    return 1;
}
