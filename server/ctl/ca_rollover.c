/* ca rollover: all keys and certificates of a CA's next generation, and of its root's, in one folder. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "server/base/file.h"
#include "server/ctl/ca.h"
#include "server/ctl/ca_follow.h"
#include "server/ctl/ca_generation.h"
#include "server/ctl/ca_link.h"
#include "server/ctl/ca_rollover_steps.h"
#include "server/ctl/folder.h"
#include "server/ctl/root_crl.h"

enum { CERTIFICATES = 5, KEYS = 3 };

static const struct ctl_option options[] = {
    {"root", "FILE", CTL_REQUIRED, "PEM file: the certificate of the root, as it is"},
    {"root-key", "FILE", CTL_REQUIRED, "its key: a PEM file, or a pkcs11: URI"},
    {"root-passphrase-file", "FILE", CTL_ONCE, "its first line opens that key, if it is encrypted"},
    {"issuing", "FILE", CTL_REQUIRED, "PEM file: the certificate of the issuing CA, as it is"},
    {"cmp", "FILE", CTL_REQUIRED, "PEM file: the certificate that protects its answers, as it is"},
    {"next-root", NULL, CTL_ONCE,
     "make the next root, too, and what leads to it and back; the new issuing CA is below that"},
    {"next-root-passphrase-file", "FILE", CTL_ONCE, "its first line encrypts the key of the next root"},
    {"node-passphrase-file", "FILE", CTL_ONCE,
     "its first line encrypts the keys for the nodes, which have it as key_passphrase_file"},
    {"name", "ATTRIBUTE=VALUE", CTL_SEVERAL,
     "another name of the new issuing CA, an option for each part, the widest first; default: the same"},
    {"key-type", "TYPE", CTL_ONCE,
     "of all new keys: P-256, P-384, P-521, RSA (3072 bits) or Ed25519; default: as those before"},
    {"ca", "NAME", CTL_ONCE,
     "the issuing CA in cmpd.yaml, as it is; default: as the file of --issuing, without its ending"},
    {"profile", "NAME", CTL_SEVERAL, "a profile of it in cmpd.yaml; default: base-station"},
    {NULL, NULL, 0, NULL}};

/* struct certificate_file is a certificate that is to be written. */
struct certificate_file {
    const char *file; /* in the folder */
    struct bytes der;
};

/* struct key_file is such a key. */
struct key_file {
    const char *file;
    const struct private_key *key;
    const char *passphrase_file; /* encrypts it; NULL: nothing does */
};

struct rollover {
    const struct ctl_call *call;
    struct arena *arena;
    int64_t now;
    const char *dir; /* the folder to be */
    struct ca_rollover_names names;
    struct ctl_identity root;        /* as it is */
    struct certificate issuing, cmp; /* likewise */
    struct ctl_identity next_root, next_issuing, next_cmp;
    struct certificate_file certificates[CERTIFICATES];
    struct key_file keys[KEYS];
    size_t certificate_count, key_count;
};

static const char *given(const struct rollover *rollover, const char *option)
{
    return ctl_value(rollover->call, option);
}

/* ---- what is there ---- */

/* DIR, without a slash at its end. */
static int read_dir(struct rollover *rollover)
{
    const char *dir = rollover->call->arguments[0];
    size_t len = strlen(dir);
    struct stat st;

    while (len > 1 && dir[len - 1] == '/')
        len--;
    if ((rollover->dir = arena_printf(rollover->arena, "%.*s", (int)len, dir)) == NULL)
        return !ctl_fault("out of memory");
    if (lstat(rollover->dir, &st) == 0)
        return !ctl_fault("%s is there already: name a new folder", rollover->dir);
    return errno == ENOENT || !ctl_fault("cannot make the folder %s: %s", rollover->dir, strerror(errno));
}

static int read_profiles(struct ca_rollover_names *names, struct rollover *rollover)
{
    const char *name =
        given(rollover, "profile") != NULL ? ctl_nth(rollover->call, "profile", 0) : "base-station";

    for (size_t i = 0; name != NULL; name = ctl_nth(rollover->call, "profile", ++i)) {
        if (i == CA_ROLLOVER_PROFILES)
            return !ctl_fault("more than %d profiles at once", CA_ROLLOVER_PROFILES);
        if (!config_is_name(name))
            return !ctl_fault("--profile is '%s', which is no name of the configuration", name);
        names->profiles[i] = name;
        if ((names->next_profiles[i] = ca_next_name(rollover->arena, name, "-")) == NULL)
            return 0;
        names->profile_count = i + 1;
    }
    return 1;
}

/* The CA's number comes without a dash: issuing-2 is what a shard of issuing is called. */
static int read_names(struct rollover *rollover)
{
    struct ca_rollover_names *names = &rollover->names;
    const char *root = given(rollover, "root"), *slash = strrchr(root, '/'), *ca = given(rollover, "ca");

    if (ca != NULL && !config_is_name(ca))
        return !ctl_fault("--ca is '%s', which is no name of the configuration", ca);
    names->root_file = slash != NULL ? slash + 1 : root;
    names->is_encrypted = given(rollover, "node-passphrase-file") != NULL;
    return (names->root = ca_stem(rollover->arena, root)) != NULL &&
           (given(rollover, "next-root") == NULL ||
            (names->next_root = ca_next_name(rollover->arena, names->root, "-")) != NULL) &&
           (names->ca = ca != NULL ? ca : ca_stem(rollover->arena, given(rollover, "issuing"))) != NULL &&
           (names->next_ca = ca_next_name(rollover->arena, names->ca, "")) != NULL &&
           ((names->next_cmp = arena_printf(rollover->arena, "cmp-%s", names->next_ca)) != NULL ||
            !ctl_fault("out of memory")) &&
           read_profiles(names, rollover);
}

/* Whoever mixes up two CAs' files is told before a key is made. */
static int read_certificates(struct rollover *rollover)
{
    const char *root = given(rollover, "root"), *issuing = given(rollover, "issuing"),
               *cmp = given(rollover, "cmp");
    struct certificate above;

    if (!ca_read_root(&above, rollover->arena, root) ||
        !ctl_load_certificate(&rollover->issuing, rollover->arena, issuing) ||
        !ctl_load_certificate(&rollover->cmp, rollover->arena, cmp))
        return 0;
    if (!rollover->issuing.is_ca || !certificate_is_signed_by(&rollover->issuing, &above))
        return !ctl_fault("%s is no CA that %s has certified", issuing, root);
    if (rollover->cmp.is_ca || !(certificate_is_signed_by(&rollover->cmp, &rollover->issuing) ||
                                 certificate_is_signed_by(&rollover->cmp, &above)))
        return !ctl_fault("%s does not answer for %s: that, or its root, has not issued it", cmp, issuing);
    return ca_is_repeatable(&rollover->issuing, issuing) && ca_is_repeatable(&rollover->cmp, cmp) &&
           (given(rollover, "next-root") == NULL || ca_is_repeatable(&above, root)) &&
           ca_may_issue(&above, root, CTL_CA) &&
           ca_read_signer(&rollover->root, rollover->arena, root, given(rollover, "root-key"),
                          given(rollover, "root-passphrase-file"), rollover->now);
}

/* ---- what follows it ---- */

static int add_certificate(struct rollover *rollover, const char *file, struct bytes der)
{
    rollover->certificates[rollover->certificate_count++] = (struct certificate_file){file, der};
    return file != NULL || !ctl_fault("out of memory");
}

static int add_key(struct rollover *rollover, const char *file, const struct private_key *key,
                   const char *passphrase_option)
{
    rollover->keys[rollover->key_count++] = (struct key_file){file, key, given(rollover, passphrase_option)};
    return file != NULL || !ctl_fault("out of memory");
}

/* Makes the key and the certificate of what follows |like|, signed by |issuer|, or by itself. */
static int follow(struct ctl_identity *out, struct rollover *rollover, enum ctl_role role,
                  const struct certificate *like, struct bytes name, const struct ctl_identity *issuer)
{
    const struct ca_following what = {
        .role = role, .like = like, .name = name, .issuer = issuer, .now = rollover->now};

    if ((out->key = ca_generate(given(rollover, "key-type"), like)) == NULL)
        return 0;
    return ca_issue(&out->cert_der, rollover->arena, &what, private_key_spki(out->key), out->key) &&
           (certificate_parse(&out->cert, out->cert_der) || !ctl_fault("out of memory"));
}

/* The link to the root |subject|, called |to|, from |issuer|. */
static int add_link(struct rollover *rollover, const struct ctl_identity *subject, const char *to,
                    const struct ctl_identity *issuer, const char *from)
{
    const char *file = arena_printf(rollover->arena, "ca/%s-by-%s.pem", to, from);
    struct bytes der;

    if (file == NULL)
        return !ctl_fault("out of memory");
    return ca_link(&der, rollover->arena, &subject->cert, issuer, file, rollover->now) &&
           add_certificate(rollover, file, der);
}

static int make_next_root(struct rollover *rollover)
{
    struct ctl_identity *root = &rollover->root, *next = &rollover->next_root;
    const struct ca_rollover_names *names = &rollover->names;

    return follow(next, rollover, CTL_ROOT, &root->cert, root->cert.subject, NULL) &&
           ca_are_in_order(&root->cert, &next->cert) &&
           add_key(rollover, arena_printf(rollover->arena, "%s.key", names->next_root), next->key,
                   "next-root-passphrase-file") &&
           add_certificate(rollover, arena_printf(rollover->arena, "ca/%s.pem", names->next_root),
                           next->cert_der) &&
           add_link(rollover, next, names->next_root, root, names->root) &&
           add_link(rollover, root, names->root, next, names->next_root);
}

/* What a node has of it: the key and the certificate, called |name|. */
static int add_for_node(struct rollover *rollover, const struct ctl_identity *made, const char *name)
{
    return add_key(rollover, arena_printf(rollover->arena, "ca/%s.key", name), made->key,
                   "node-passphrase-file") &&
           add_certificate(rollover, arena_printf(rollover->arena, "ca/%s.pem", name), made->cert_der);
}

static int make_issuing(struct rollover *rollover)
{
    const struct ctl_identity *above =
        rollover->names.next_root != NULL ? &rollover->next_root : &rollover->root;
    struct bytes name = rollover->issuing.subject;

    return (given(rollover, "name") == NULL || ca_read_name(&name, rollover->arena, rollover->call)) &&
           follow(&rollover->next_issuing, rollover, CTL_CA, &rollover->issuing, name, above) &&
           follow(&rollover->next_cmp, rollover, CTL_CMP_SIGNER, &rollover->cmp, rollover->cmp.subject,
                  &rollover->next_issuing) &&
           add_for_node(rollover, &rollover->next_issuing, rollover->names.next_ca) &&
           add_for_node(rollover, &rollover->next_cmp, rollover->names.next_cmp);
}

/* ---- the folder ---- */

static const char *path_of(char out[CTL_PATH_MAX], const char *dir, const char *file)
{
    if (ctl_path(out, dir, file))
        return out;
    ctl_fault("the path %s/%s is too long", dir, file);
    return NULL;
}

static int write_steps(const struct rollover *rollover, const char *path)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    int ok;

    if (out == NULL)
        return !ctl_fault("out of memory");
    ca_rollover_steps(out, &rollover->names);
    ok = fclose(out) == 0 ? file_write(path, text, len, 0644, 1) ||
                                !ctl_fault("cannot write %s: %s", path, strerror(errno))
                          : !ctl_fault("out of memory");
    free(text);
    return ok;
}

static int write_crl(const struct rollover *rollover, const char *dir)
{
    const char *file;
    char path[CTL_PATH_MAX];

    if (rollover->names.next_root == NULL)
        return 1;
    if ((file = arena_printf(rollover->arena, "ca/%s.crl", rollover->names.next_root)) == NULL)
        return !ctl_fault("out of memory");
    return path_of(path, dir, file) != NULL && root_crl_begin(path, &rollover->next_root, rollover->now);
}

static int write_files(const struct rollover *rollover, const char *dir)
{
    char path[CTL_PATH_MAX];

    if (path_of(path, dir, "ca") == NULL)
        return 0;
    if (mkdir(path, 0700) != 0)
        return !ctl_fault("cannot make the folder %s: %s", path, strerror(errno));
    for (size_t i = 0; i < rollover->key_count; i++) {
        const struct key_file *key = &rollover->keys[i];
        if (path_of(path, dir, key->file) == NULL || !ctl_write_key(path, key->key, key->passphrase_file))
            return 0;
    }
    for (size_t i = 0; i < rollover->certificate_count; i++)
        if (path_of(path, dir, rollover->certificates[i].file) == NULL ||
            !ca_write(path, rollover->certificates[i].der))
            return 0;
    return write_crl(rollover, dir) && path_of(path, dir, "steps.yaml") != NULL &&
           write_steps(rollover, path);
}

static void remove_folder(const char *dir)
{
    char ca[CTL_PATH_MAX];

    if (ctl_path(ca, dir, "ca"))
        folder_remove(ca);
    folder_remove(dir);
}

/* All of it is there under the name that was asked for, or nothing is. An empty folder that somebody made
 * meanwhile may be taken; anything else of that name stays (rename(2)). */
static int write_folder(const struct rollover *rollover)
{
    char *making = arena_printf(rollover->arena, "%s.unfinished-XXXXXX", rollover->dir);
    int is_renamed;

    if (making == NULL)
        return !ctl_fault("out of memory");
    if (mkdtemp(making) == NULL)
        return !ctl_fault("cannot make a folder beside %s: %s", rollover->dir, strerror(errno));
    if (!write_files(rollover, making)) {
        remove_folder(making);
        return 0;
    }
    is_renamed = rename(making, rollover->dir) == 0;
    if (is_renamed && file_sync_folder(rollover->dir))
        return 1;
    ctl_fault("cannot make the folder %s: %s", rollover->dir, strerror(errno));
    remove_folder(is_renamed ? rollover->dir : making);
    return 0;
}

/* ---- the command ---- */

static int tell(const struct rollover *rollover)
{
    char path[CTL_PATH_MAX];

    for (size_t i = 0; i < rollover->certificate_count; i++)
        if (path_of(path, rollover->dir, rollover->certificates[i].file) == NULL ||
            !ca_tell(path, rollover->certificates[i].der))
            return 0;
    printf("%s/steps.yaml:\n\n", rollover->dir);
    ca_rollover_steps(stdout, &rollover->names);
    return 1;
}

static int make(struct rollover *rollover)
{
    return read_dir(rollover) && read_names(rollover) && read_certificates(rollover) &&
           (rollover->names.next_root == NULL || make_next_root(rollover)) && make_issuing(rollover) &&
           write_folder(rollover) && tell(rollover);
}

static int run(const struct ctl_call *call)
{
    struct rollover rollover = {.call = call, .now = time(NULL)};
    int ok;

    if (ctl_value(call, "next-root-passphrase-file") != NULL && ctl_value(call, "next-root") == NULL)
        return ctl_wrong_call(call->command, "--next-root-passphrase-file goes with --next-root");
    ok = (rollover.arena = arena_new(CA_ARENA)) != NULL && make(&rollover);
    ctl_identity_cleanup(&rollover.root);
    ctl_identity_cleanup(&rollover.next_root);
    ctl_identity_cleanup(&rollover.next_issuing);
    ctl_identity_cleanup(&rollover.next_cmp);
    arena_free(rollover.arena);
    return ok ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_ca_rollover = {
    .name = "ca rollover",
    .arguments = "DIR",
    .least = 1,
    .most = 1,
    .options = options,
    .says = "make the next keys and certificates of a CA, in a new folder",
    .more =
        "DIR is the folder to be made: with all that is in it, or not at all. What goes to the nodes is in "
        "its "
        "ca/; beside that is the key of the next root, which never does. steps.yaml, which is printed, too, "
        "says which file goes where, and what to add to cmpd.yaml at each step of deploy/manual/rollover.md. "
        "Call it where the key of the root is; no node and no configuration is needed there. What follows "
        "has the next number: root-2 comes after root, issuing2 after issuing. Where the key of the new "
        "issuing CA is to be made on a node or in a token, or other CAs are between it and the root, make "
        "them one by one: ca create, ca cross, ca crl.",
    .run = run,
};
