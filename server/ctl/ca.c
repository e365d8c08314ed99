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

struct bytes ca_key_id(uint8_t room[20], const struct certificate *cert)
{
    if (cert->key_id.len != 0)
        return cert->key_id;
    return bytes_of(room, spki_key_id(room, DIGEST_SHA1, cert->spki) ? 20 : 0);
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
