/* ca_follow.c: see ca_follow.h. */
#include "server/ctl/ca_follow.h"

#include "server/ctl/ca.h"

struct private_key *ca_generate(const char *type, const struct certificate *like)
{
    enum key_kind kind = KEY_P256;
    unsigned bits = CTL_RSA_BITS;
    struct public_key *former = like != NULL ? public_key_parse(like->spki) : NULL;
    struct private_key *key;

    if (former != NULL)
        kind = public_key_kind(former);
    if (kind == KEY_RSA && type == NULL)
        bits = public_key_bits(former);
    public_key_free(former);
    if (type != NULL && !ctl_take_kind(&kind, "--key-type", type))
        return NULL;
    if ((key = private_key_generate(kind, bits)) == NULL)
        ctl_fault("no key could be made");
    return key;
}

int ca_may_issue(const struct certificate *cert, const char *path, enum ctl_role role)
{
    return role != CTL_CA || cert->path_len != 0 ||
           !ctl_fault("%s may have no CA below it (pathLenConstraint 0)", path);
}

static int64_t path_len(const struct ca_following *following)
{
    if (following->role == CTL_CMP_SIGNER)
        return -1;
    if (following->like != NULL && following->like->is_ca)
        return following->like->path_len;
    return following->role == CTL_ROOT ? 1 : 0;
}

static int64_t end_of(const struct ca_following *following)
{
    static const int usual[] = {[CTL_ROOT] = 20 * 365, [CTL_CA] = 10 * 365, [CTL_CMP_SIGNER] = 3 * 365};
    const struct certificate *like = following->like;
    int64_t days = following->days, end;

    if (days == 0 && like != NULL)
        days = (like->not_after - like->not_before) / CA_DAY;
    if (days <= 0 || days > CA_DAYS_MAX)
        days = usual[following->role];
    end = following->now + days * CA_DAY;
    return following->issuer != NULL && following->issuer->cert.not_after < end
               ? following->issuer->cert.not_after
               : end;
}

/* A CA whose own certificate signs its answers (answer.signed_by) goes on to do so. */
static unsigned more_usage(const struct ca_following *following)
{
    const struct certificate *like = following->like;

    return like != NULL && like->has_key_usage ? like->key_usage & KEY_USAGE_DIGITAL_SIGNATURE : 0;
}

int ca_issue(struct bytes *der, struct arena *arena, const struct ca_following *following, struct bytes spki,
             const struct private_key *own)
{
    const struct ctl_identity *issuer = following->issuer;
    const struct ctl_certified whom = {
        .role = following->role,
        .name = following->name,
        .spki = spki,
        .more_usage = more_usage(following),
        .path_len = path_len(following),
        .not_after = end_of(following),
    };

    return ctl_certify(der, arena, &whom, issuer != NULL ? &issuer->cert : NULL,
                       issuer != NULL ? issuer->key : own, following->now) ||
           !ctl_fault("the key did not sign");
}
