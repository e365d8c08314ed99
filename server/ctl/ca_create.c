/* ca create: a key and its certificate, for a CA or what answers for one, beside those that there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "crypto/name.h"
#include "crypto/pem.h"
#include "crypto/token.h"
#include "server/base/file.h"
#include "server/ctl/ca.h"

enum { NAMES_MAX = 16, DAYS_MAX = 50 * 365, BACKDATE = 300, FILE_LIMIT = 64 * 1024 };

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
    int64_t now;
    enum ctl_role role;
    struct certificate like;    /* without DER: there is none */
    struct ctl_identity issuer; /* without a key: it signs itself */
    struct private_key *key;    /* NULL: it is elsewhere, and does not sign */
    int is_key_new;             /* 1: |key| was made, and is to be written */
    struct bytes spki, name;
    int days;
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

    creating->role = creating->like.der.len != 0 && !creating->like.is_ca ? CTL_CMP_SIGNER
                     : is_self_signed                                     ? CTL_ROOT
                                                                          : CTL_CA;
    for (size_t i = 0; name != NULL; i++) {
        if (i == sizeof roles / sizeof roles[0])
            return !ctl_fault("--role is root, ca or cmp, not '%s'", name);
        if (strcmp(roles[i].name, name) == 0) {
            creating->role = roles[i].role;
            break;
        }
    }
    return is_self_signed == (creating->role == CTL_ROOT) ||
           !ctl_fault(is_self_signed ? "a CA above signs it: name that by --issuer and --issuer-key"
                                     : "a root signs itself: leave --issuer and --issuer-key out");
}

static int read_name(struct creating *creating)
{
    const char *pairs[2 * NAMES_MAX + 1] = {NULL}, *text;

    if (given(creating, "name") == NULL) {
        creating->name = creating->like.subject;
        return 1;
    }
    for (size_t i = 0; (text = ctl_nth(creating->call, "name", i)) != NULL; i++) {
        const char *equals = strchr(text, '=');
        if (i == NAMES_MAX)
            return !ctl_fault("a name has %d parts at most", NAMES_MAX);
        if (equals == NULL)
            return !ctl_fault("--name '%s' has no '=': write O=Operator or CN=Root", text);
        if ((pairs[2 * i] = arena_printf(creating->arena, "%.*s", (int)(equals - text), text)) == NULL)
            return !ctl_fault("out of memory");
        pairs[2 * i + 1] = equals + 1;
    }
    return name_build(&creating->name, creating->arena, pairs) ||
           !ctl_fault(
               "--name has an attribute that is not known, or a value that it cannot have: write C, O, OU, "
               "CN or another short name of RFC 4514");
}

/* What --like would be followed in but is not: whoever relies on it must not find it gone. */
static int check_like(const struct creating *creating)
{
    const struct certificate *like = &creating->like;

    return (like->name_constraints.len == 0 && like->policies.len == 0 &&
            like->policy_constraints.len == 0) ||
           !ctl_fault("%s has policies or name constraints, which would be left out: make that one by hand",
                      given(creating, "like"));
}

static int read_days(struct creating *creating)
{
    static const int usual[] = {[CTL_ROOT] = 20 * 365, [CTL_CA] = 10 * 365, [CTL_CMP_SIGNER] = 3 * 365};
    const char *text = given(creating, "days");
    char *end;
    long days = text != NULL ? strtol(text, &end, 10) : 0;

    if (text != NULL && (days < 1 || days > DAYS_MAX || *text == 0 || *end != 0))
        return !ctl_fault("--days is '%s': write a number from 1 to %d", text, DAYS_MAX);
    if (days == 0 && creating->like.der.len != 0)
        days = (long)((creating->like.not_after - creating->like.not_before) / CA_DAY);
    creating->days = days > 0 && days <= DAYS_MAX ? (int)days : usual[creating->role];
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
    const char *type = given(creating, "key-type");
    enum key_kind kind = KEY_P256;
    unsigned bits = CTL_RSA_BITS;
    struct public_key *former = creating->like.der.len != 0 ? public_key_parse(creating->like.spki) : NULL;

    if (former != NULL)
        kind = public_key_kind(former);
    if (kind == KEY_RSA && type == NULL)
        bits = public_key_bits(former);
    public_key_free(former);
    if (type != NULL && !ctl_take_kind(&kind, "--key-type", type))
        return 0;
    creating->key = private_key_generate(kind, bits);
    if (creating->key == NULL)
        return !ctl_fault("no key could be made");
    creating->is_key_new = 1;
    creating->spki = private_key_spki(creating->key);
    return 1;
}

static int write_key(const struct creating *creating)
{
    const char *path = given(creating, "key"), *file = given(creating, "passphrase-file");
    uint8_t *passphrase = NULL, *pem = NULL;
    size_t passphrase_len = 0, len = 0, line;
    int ok;

    if (file == NULL) {
        ok = private_key_to_pem(&pem, &len, creating->key) || !ctl_fault("out of memory");
    } else if (!file_read(&passphrase, &passphrase_len, file, FILE_LIMIT)) {
        ok = !ctl_fault("cannot read %s: %s", file, strerror(errno));
    } else if ((line = file_first_line(passphrase)) == 0) {
        ok = !ctl_fault("the first line of %s is empty: write the passphrase there", file);
    } else {
        ok = private_key_to_encrypted_pem(&pem, &len, creating->key, bytes_of(passphrase, line)) ||
             !ctl_fault("out of memory");
    }
    if (ok && !file_write(path, pem, len, 0600, 1))
        ok = !ctl_fault("cannot write %s: %s", path, strerror(errno));
    file_free(passphrase, passphrase_len);
    file_free(pem, len);
    return ok;
}

/* ---- the certificate ---- */

static int64_t path_len(const struct creating *creating)
{
    if (creating->role == CTL_CMP_SIGNER)
        return -1;
    if (creating->like.der.len != 0 && creating->like.is_ca)
        return creating->like.path_len;
    return creating->role == CTL_ROOT ? 1 : 0;
}

static int64_t end_of(const struct creating *creating)
{
    int64_t end = creating->now + (int64_t)creating->days * CA_DAY;

    return creating->issuer.key != NULL && creating->issuer.cert.not_after < end
               ? creating->issuer.cert.not_after
               : end;
}

static int issue(struct bytes *der, struct creating *creating)
{
    const struct ctl_identity *issuer = &creating->issuer;
    int is_self_signed = issuer->key == NULL;
    uint8_t room[20];
    struct certificate_plan plan = {
        .issuer = is_self_signed ? creating->name : issuer->cert.subject,
        .subject = creating->name,
        .not_before = creating->now - BACKDATE,
        .not_after = end_of(creating),
        .spki = creating->spki,
        .is_ca = creating->role != CTL_CMP_SIGNER,
        .path_len = path_len(creating),
        .key_usage = ctl_usage_of(creating->role),
    };

    plan.extended_key_usage = ctl_purposes_of(creating->role, &plan.extended_key_usage_count);
    if (!is_self_signed)
        plan.issuer_key_id = ca_key_id(room, &issuer->cert);
    else if (spki_key_id(room, DIGEST_SHA1, creating->spki))
        plan.issuer_key_id = bytes_of(room, sizeof room);
    return ctl_issue(der, creating->arena, &plan, is_self_signed ? creating->key : issuer->key) ||
           !ctl_fault("the key did not sign");
}

static int read_all(struct creating *creating)
{
    const char *like = given(creating, "like"), *issuer = given(creating, "issuer");

    if (!check_call(creating) ||
        (like != NULL &&
         (!ctl_load_certificate(&creating->like, creating->arena, like) || !check_like(creating))) ||
        !read_role(creating) || !read_name(creating) || !read_days(creating))
        return 0;
    if (issuer != NULL &&
        !ca_read_signer(&creating->issuer, creating->arena, issuer, given(creating, "issuer-key"),
                        given(creating, "issuer-passphrase-file"), creating->now))
        return 0;
    if (creating->role == CTL_CA && creating->issuer.cert.path_len == 0)
        return !ctl_fault("%s may have no CA below it (pathLenConstraint 0)", issuer);
    return given(creating, "public-key") != NULL ? find_key(creating) : make_key(creating);
}

static int make(struct creating *creating)
{
    const char *path = creating->call->arguments[0];
    struct bytes der;

    if (!read_all(creating) || !issue(&der, creating) || (creating->is_key_new && !write_key(creating)))
        return 0;
    if (ca_write(path, der))
        return ca_tell(path, der);
    /* A key without a certificate would be in the way of the next attempt. */
    if (creating->is_key_new)
        unlink(given(creating, "key"));
    return 0;
}

static int run(const struct ctl_call *call)
{
    struct creating creating = {.call = call, .arena = arena_new(CA_ARENA), .now = time(NULL)};
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
