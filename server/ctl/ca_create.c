/* ca create: a key and its certificate, for a CA or what answers for one, beside those that there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/pem.h"
#include "crypto/token.h"
#include "server/base/file.h"
#include "server/ctl/ca.h"
#include "server/ctl/ca_follow.h"

enum { FILE_LIMIT = 64 * 1024 };

static const struct ctl_option options[] = {
    {"role", "ROLE", CTL_ONCE,
     "root, ca, or cmp (it signs the answers of a CA); default: that of --like, or of a CA"},
    {"like", "FILE", CTL_ONCE,
     "PEM file: the certificate that this one follows, with its name, its kind of key and how long it lasts; "
     "where its CRL is, is not taken over"},
    {"name", "ATTRIBUTE=VALUE", CTL_SEVERAL,
     "another name, an option for each part, the widest first: --name O=Operator --name 'CN=Issuing CA 2'"},
    {"key", "FILE", CTL_ONCE, "where the new key goes, or the pkcs11: URI of a key that signs for itself"},
    {"key-type", "TYPE", CTL_ONCE, "of the new key: P-256, P-384, P-521, RSA (3072 bits) or Ed25519"},
    {"passphrase-file", "FILE", CTL_ONCE, "its first line encrypts the new key"},
    {"public-key", "FILE", CTL_ONCE,
     "PEM file: a public key whose private key is elsewhere, as in a token; no key is made"},
    {"issuer", "FILE", CTL_ONCE, "PEM file: the certificate of the CA above; without it a root signs itself"},
    {"issuer-key", "FILE", CTL_ONCE, "its key: a PEM file, or a pkcs11: URI"},
    {"issuer-passphrase-file", "FILE", CTL_ONCE, "its first line opens that key, if it is encrypted"},
    {"days", "N", CTL_ONCE, "for which it is valid, but not longer than the CA above"},
    {NULL, NULL, 0, NULL}};

/* struct creating is what is to be made. */
struct creating {
    const struct ctl_call *call;
    struct arena *arena;
    struct certificate like;
    struct ctl_identity issuer;
    struct private_key *key; /* NULL: it is elsewhere, and does not sign */
    int is_key_new;          /* 1: |key| was made, and is to be written */
    struct bytes spki;
    struct ca_following what;
};

static const char *given(const struct creating *creating, const char *option)
{
    return ctl_value(creating->call, option);
}

/* What does not go together. */
static int check_call(const struct creating *creating)
{
    const char *key = given(creating, "key");
    int is_token = key != NULL && config_is_token(key);

    if (given(creating, "like") == NULL && given(creating, "name") == NULL)
        return !ctl_fault("whose certificate it is, --name says, or the one that it follows: --like");
    if ((given(creating, "issuer") == NULL) != (given(creating, "issuer-key") == NULL))
        return !ctl_fault("--issuer and --issuer-key belong together; without both it signs itself");
    if (given(creating, "public-key") == NULL)
        return key == NULL ? !ctl_fault("where the new key goes, --key says")
                           : !is_token || !ctl_fault("--key is in a token: say by --public-key which it is");
    if (given(creating, "passphrase-file") != NULL || given(creating, "key-type") != NULL)
        return !ctl_fault(
            "--public-key has a key: none is made that --key-type and --passphrase-file are for");
    if (given(creating, "issuer") == NULL && !is_token)
        return !ctl_fault(
            "a key that signs for itself is in a token: name it by --key, or a CA above by --issuer");
    return given(creating, "issuer") == NULL || key == NULL ||
           !ctl_fault("--issuer signs: --key is not needed beside --public-key");
}

static int read_role(struct creating *creating)
{
    static const struct {
        const char *name;
        enum ctl_role role;
    } roles[] = {{"root", CTL_ROOT}, {"ca", CTL_CA}, {"cmp", CTL_CMP_SIGNER}};
    const char *name = given(creating, "role");
    int is_self_signed = given(creating, "issuer") == NULL;

    creating->what.role = creating->what.like != NULL && !creating->like.is_ca ? CTL_CMP_SIGNER
                          : is_self_signed                                     ? CTL_ROOT
                                                                               : CTL_CA;
    for (size_t i = 0; name != NULL; i++) {
        if (i == sizeof roles / sizeof roles[0])
            return !ctl_fault("--role is root, ca or cmp, not '%s'", name);
        if (strcmp(roles[i].name, name) == 0) {
            creating->what.role = roles[i].role;
            break;
        }
    }
    return is_self_signed == (creating->what.role == CTL_ROOT) ||
           !ctl_fault(is_self_signed ? "a CA above signs it: name that by --issuer and --issuer-key"
                                     : "a root signs itself: leave --issuer and --issuer-key out");
}

static int read_name(struct creating *creating)
{
    if (given(creating, "name") != NULL)
        return ca_read_name(&creating->what.name, creating->arena, creating->call);
    creating->what.name = creating->like.subject;
    return 1;
}

static int read_days(struct creating *creating)
{
    const char *text = given(creating, "days");
    char *end;
    long days = text != NULL ? strtol(text, &end, 10) : 0;

    if (text != NULL && (days < 1 || days > CA_DAYS_MAX || *text == 0 || *end != 0))
        return !ctl_fault("--days is '%s': write a number from 1 to %d", text, CA_DAYS_MAX);
    creating->what.days = (int)days;
    return 1;
}

/* ---- the key ---- */

struct found {
    struct arena *arena;
    struct bytes spki;
};

static int take_public(void *arg, const char *label, struct bytes der)
{
    struct found *found = arg;
    struct public_key *key = public_key_parse(der);

    (void)label;
    if (key != NULL)
        found->spki = arena_copy(found->arena, der);
    public_key_free(key);
    return key != NULL;
}

static int read_public(struct creating *creating, const char *path)
{
    struct found found = {creating->arena, {NULL, 0}};
    uint8_t *text;
    size_t len;

    if (!file_read(&text, &len, path, FILE_LIMIT))
        return !ctl_fault("cannot read %s: %s", path, strerror(errno));
    pem_first(bytes_of(text, len), take_public, &found);
    free(text);
    creating->spki = found.spki;
    return found.spki.len != 0 ||
           !ctl_fault(
               "%s holds no public key in PEM; make it with: openssl req -in REQUEST -verify -noout -pubkey",
               path);
}

static int find_key(struct creating *creating)
{
    const char *path = given(creating, "public-key"), *key = given(creating, "key");
    char why[TOKEN_FAULT_MAX];

    if (!read_public(creating, path))
        return 0;
    if (key == NULL)
        return 1;
    creating->key = token_open(why, key, creating->spki, 1);
    return creating->key != NULL || !ctl_fault("%s", why);
}

static int make_key(struct creating *creating)
{
    creating->key = ca_generate(given(creating, "key-type"), creating->what.like);
    if (creating->key == NULL)
        return 0;
    creating->is_key_new = 1;
    creating->spki = private_key_spki(creating->key);
    return 1;
}

/* ---- the certificate ---- */

static int read_like(struct creating *creating)
{
    const char *path = given(creating, "like");

    if (path == NULL)
        return 1;
    creating->what.like = &creating->like;
    return ctl_load_certificate(&creating->like, creating->arena, path) &&
           ca_is_repeatable(&creating->like, path);
}

static int read_issuer(struct creating *creating)
{
    const char *path = given(creating, "issuer");

    if (path == NULL)
        return 1;
    creating->what.issuer = &creating->issuer;
    return ca_read_signer(&creating->issuer, creating->arena, path, given(creating, "issuer-key"),
                          given(creating, "issuer-passphrase-file"), creating->what.now) &&
           ca_may_issue(&creating->issuer.cert, path, creating->what.role);
}

static int read_all(struct creating *creating)
{
    return check_call(creating) && read_like(creating) && read_role(creating) && read_name(creating) &&
           read_days(creating) && read_issuer(creating) &&
           (given(creating, "public-key") != NULL ? find_key(creating) : make_key(creating));
}

static int make(struct creating *creating)
{
    const char *path = creating->call->arguments[0], *key = given(creating, "key");
    struct bytes der;

    if (!read_all(creating) ||
        !ca_issue(&der, creating->arena, &creating->what, creating->spki, creating->key) ||
        (creating->is_key_new && !ctl_write_key(key, creating->key, given(creating, "passphrase-file"))))
        return 0;
    if (ca_write(path, der))
        return ca_tell(path, der);
    /* A key without a certificate would be in the way of the next attempt. */
    if (creating->is_key_new)
        unlink(key);
    return 0;
}

static int run(const struct ctl_call *call)
{
    struct creating creating = {.call = call, .arena = arena_new(CA_ARENA), .what.now = time(NULL)};
    int ok = creating.arena != NULL && make(&creating);

    private_key_free(creating.key);
    ctl_identity_cleanup(&creating.issuer);
    arena_free(creating.arena);
    return ok ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_ca_create = {
    .name = "ca create",
    .arguments = "CERTIFICATE",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "make a new key of a CA, or of what answers for one, and its certificate",
    .more =
        "CERTIFICATE is the PEM file to be written; nothing that is there is replaced. The key of a root is "
        "needed to sign, and never on a node: call this where it is. What to do with the files, "
        "deploy/manual/rollover.md says.",
    .run = run,
};
