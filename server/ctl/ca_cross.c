/* ca cross: the two certificates by which stations get from one root to the next (RFC 9810 4.4.1). */
#include <time.h>

#include "server/ctl/ca.h"
#include "server/ctl/ca_link.h"

static const struct ctl_option options[] = {
    {"old", "FILE", CTL_REQUIRED, "PEM file: the certificate of the older root"},
    {"new", "FILE", CTL_REQUIRED, "PEM file: the certificate of the newer root"},
    {"new-with-old", "FILE", CTL_ONCE,
     "the file to be written: the newer key, signed by the older; takes --old-key"},
    {"old-with-new", "FILE", CTL_ONCE,
     "the file to be written: the older key, signed by the newer; takes --new-key"},
    {"old-key", "FILE", CTL_ONCE, "the key of the older root: a PEM file, or a pkcs11: URI"},
    {"old-passphrase-file", "FILE", CTL_ONCE, "its first line opens that key, if it is encrypted"},
    {"new-key", "FILE", CTL_ONCE, "the key of the newer root: a PEM file, or a pkcs11: URI"},
    {"new-passphrase-file", "FILE", CTL_ONCE, "its first line opens that key, if it is encrypted"},
    {NULL, NULL, 0, NULL}};

/* struct link is one of them, as the options name it. */
struct link {
    const char *out;                       /* the option of the file to be written */
    const char *issuer, *key, *passphrase; /* the options of who signs */
};

static const struct link new_with_old = {"new-with-old", "old", "old-key", "old-passphrase-file"};
static const struct link old_with_new = {"old-with-new", "new", "new-key", "new-passphrase-file"};

static int make_link(const struct ctl_call *call, const struct link *link, struct arena *arena,
                     const struct certificate *subject)
{
    const char *path = ctl_value(call, link->out), *key = ctl_value(call, link->key);
    struct ctl_identity issuer = {.key = NULL};
    int64_t now = time(NULL);
    struct bytes der;
    int ok;

    if (path == NULL)
        return 1;
    if (key == NULL)
        return !ctl_fault("--%s is signed by the key of --%s: name it by --%s", link->out, link->issuer,
                          link->key);
    ok = ca_read_signer(&issuer, arena, ctl_value(call, link->issuer), key, ctl_value(call, link->passphrase),
                        now) &&
         ca_link(&der, arena, subject, &issuer, path, now) && ca_write(path, der) && ca_tell(path, der);
    ctl_identity_cleanup(&issuer);
    return ok;
}

static int read_root(struct certificate *out, struct arena *arena, const char *path)
{
    return ca_read_root(out, arena, path) && ca_is_repeatable(out, path);
}

/* Both are looked at before anything is written. */
static int make(const struct ctl_call *call, struct arena *arena)
{
    struct certificate older, newer;

    if (ctl_value(call, new_with_old.out) == NULL && ctl_value(call, old_with_new.out) == NULL)
        return !ctl_fault("nothing is to be made: name a file by --new-with-old, --old-with-new, or both");
    if (!read_root(&older, arena, ctl_value(call, "old")) ||
        !read_root(&newer, arena, ctl_value(call, "new")))
        return 0;
    return ca_are_in_order(&older, &newer) && make_link(call, &new_with_old, arena, &newer) &&
           make_link(call, &old_with_new, arena, &older);
}

static int run(const struct ctl_call *call)
{
    struct arena *arena = arena_new(CA_ARENA);
    int ok = arena != NULL && make(call, arena);

    arena_free(arena);
    return ok ? CTL_OK : CTL_FAULT;
}

const struct ctl_command ctl_ca_cross = {
    .name = "ca cross",
    .options = options,
    .says = "make the certificates that lead stations from one root to the next",
    .more =
        "Call it where the keys of the roots are, once or, if they are in two places, twice. The "
        "configuration "
        "names the files in next or previous of a CA. Neither is valid after one of the two roots has ended; "
        "new-with-old begins with the newer root, old-with-new with the older (RFC 9810 4.4.1).",
    .run = run,
};
