/* ca_link.c: see ca_link.h. */
#include "server/ctl/ca_link.h"

int ca_read_root(struct certificate *out, struct arena *arena, const char *path)
{
    return ctl_load_certificate(out, arena, path) &&
           ((out->is_ca && certificate_is_signed_by(out, out)) ||
            !ctl_fault("%s is no root: it is not a CA's, or not signed by its own key", path));
}

int ca_are_in_order(const struct certificate *older, const struct certificate *newer)
{
    if (bytes_equal(older->spki, newer->spki))
        return !ctl_fault("both roots have the same key: nothing leads from one to the other");
    return newer->not_before >= older->not_before ||
           !ctl_fault("the newer root began before the older one: they are the wrong way round");
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

int ca_link(struct bytes *der, struct arena *arena, const struct certificate *subject,
            const struct ctl_identity *issuer, const char *path, int64_t now)
{
    uint8_t room[CTL_KEY_ID], id[CTL_KEY_ID];
    struct certificate_plan plan = {
        .issuer = issuer->cert.subject,
        .subject = subject->subject,
        .spki = subject->spki,
        .key_id_is_sha256 = subject->key_id.len == sizeof id &&
                            spki_key_id(id, DIGEST_SHA256, subject->spki) &&
                            bytes_equal(subject->key_id, bytes_of(id, sizeof id)),
        .issuer_key_id = ctl_key_id(room, &issuer->cert),
        .is_ca = 1,
        .path_len = subject->path_len,
        .key_usage =
            subject->has_key_usage ? subject->key_usage : KEY_USAGE_KEY_CERT_SIGN | KEY_USAGE_CRL_SIGN,
    };

    return check_times(&plan, subject, &issuer->cert, path, now) &&
           (ctl_issue(der, arena, &plan, issuer->key) || !ctl_fault("the key did not sign"));
}
