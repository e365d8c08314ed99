/* ca_follow.h: a new key and its certificate, which follow those of before, or begin. */
#ifndef CMPD_CTL_CA_FOLLOW_H
#define CMPD_CTL_CA_FOLLOW_H

#include "server/ctl/ctl.h"

enum { CA_DAYS_MAX = 50 * 365 };

/* struct ca_following is a certificate that is to be made. */
struct ca_following {
    enum ctl_role role;
    const struct certificate *like;    /* the one that it follows; NULL: there is none */
    struct bytes name;                 /* whose it is, DER */
    int days;                          /* CA_DAYS_MAX at most; 0: as long as |like|, or as is usual */
    const struct ctl_identity *issuer; /* who signs it; NULL: it signs itself */
    int64_t now;                       /* Unix seconds */
};

/* ca_generate makes a key of |type|, a value of --key-type; NULL: as that of |like|, or, without one, P-256.
 * Returns it, or NULL with a fault printed. */
struct private_key *ca_generate(const char *type, const struct certificate *like);

/* ca_may_issue returns 1 if |cert|, which is in the file |path|, may certify what has |role|; 0 with a fault
 * printed. */
int ca_may_issue(const struct certificate *cert, const char *path, enum ctl_role role);

/* ca_issue makes the certificate of the key |spki|. |own| is that key, where it signs itself. It ends with
 * its issuer at the latest. 1 with |der| in |arena|, or 0 with a fault printed. */
int ca_issue(struct bytes *der, struct arena *arena, const struct ca_following *following, struct bytes spki,
             const struct private_key *own);

#endif
