/* ca cross: the two certificates by which stations get from one root to the next (RFC 9810 4.4.1). */
#include <time.h>

#include "server/ctl/ca.h"

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
    const char *subject;                   /* the option of whose key is signed */
};

static const struct link links[] = {
    {"new-with-old", "old", "old-key", "old-passphrase-file", "new"},
    {"old-with-new", "new", "new-key", "new-passphrase-file", "old"},
};
enum { LINKS = sizeof links / sizeof links[0] };

static int read_root(struct certificate *out, struct arena *arena, const char *path)
{
    if (!ctl_load_certificate(out, arena, path))
        return 0;
    if (!out->is_ca || !certificate_is_signed_by(out, out))
        return !ctl_fault("%s is no root: it is not a CA's, or not signed by its own key", path);
    return (out->name_constraints.len == 0 && out->policies.len == 0 && out->policy_constraints.len == 0) ||
           !ctl_fault(
               "%s has policies or name constraints, which a link would have to repeat: make that by hand",
               path);
}

/* RFC 9810 4.4.1: a link begins with the root that it leads to, and ends with the one that it leads from, at
 * the latest; never after the end of either. */
static int check_times(struct certificate_plan *plan, const struct certificate *subject,
                       const struct certificate *issuer, const char *path, int64_t now)
{
    char at[CTL_TIME_MAX];

    plan->not_before = subject->not_before;
    plan->not_after = subject->not_after < issuer->not_after ? subject->not_after : issuer->not_after;
    return (now < plan->not_after && plan->not_before < plan->not_after) ||
           !ctl_fault("%s would have ended on %s: one of the roots ends then", path,
                      ctl_time(at, plan->not_after));
}

static int make_link(const struct ctl_call *call, const struct link *link, struct arena *arena, int64_t now)
{
    const char *path = ctl_value(call, link->out), *key = ctl_value(call, link->key);
    struct ctl_identity issuer = {.key = NULL};
    struct certificate subject;
    struct certificate_plan plan;
    struct bytes der;
    uint8_t room[20], id[20];
    int ok;

    if (key == NULL)
        return !ctl_fault("--%s is signed by the key of --%s: name it by --%s", link->out, link->issuer,
                          link->key);
    ok = read_root(&subject, arena, ctl_value(call, link->subject)) &&
         ca_read_signer(&issuer, arena, ctl_value(call, link->issuer), key, ctl_value(call, link->passphrase),
                        now);
    if (ok) {
        plan = (struct certificate_plan){
            .issuer = issuer.cert.subject,
            .subject = subject.subject,
            .spki = subject.spki,
            .key_id_is_sha256 = subject.key_id.len == sizeof id &&
                                spki_key_id(id, DIGEST_SHA256, subject.spki) &&
                                bytes_equal(subject.key_id, bytes_of(id, sizeof id)),
            .issuer_key_id = ca_key_id(room, &issuer.cert),
            .is_ca = 1,
            .path_len = subject.path_len,
            .key_usage =
                subject.has_key_usage ? subject.key_usage : KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN,
        };
        ok = check_times(&plan, &subject, &issuer.cert, path, now) &&
             (ctl_issue(&der, arena, &plan, issuer.key) || !ctl_fault("the key %s did not sign", key)) &&
             ca_write(path, der) && ca_tell(path, der);
    }
    ctl_identity_cleanup(&issuer);
    return ok;
}

/* Both are looked at before anything is written. */
static int make(const struct ctl_call *call, struct arena *arena)
{
    struct certificate older, newer;
    int64_t now = time(NULL);
    int wanted = 0;

    if (!read_root(&older, arena, ctl_value(call, "old")) ||
        !read_root(&newer, arena, ctl_value(call, "new")))
        return 0;
    if (bytes_equal(older.spki, newer.spki))
        return !ctl_fault("both roots have the same key: nothing leads from one to the other");
    if (newer.not_before < older.not_before)
        return !ctl_fault("the root of --new began before that of --old: they are the wrong way round");
    for (int i = 0; i < LINKS; i++) {
        if (ctl_value(call, links[i].out) == NULL)
            continue;
        wanted++;
        if (!make_link(call, &links[i], arena, now))
            return 0;
    }
    return wanted != 0 ||
           !ctl_fault("nothing is to be made: name a file by --new-with-old, --old-with-new, or both");
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
