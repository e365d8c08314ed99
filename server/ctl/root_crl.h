/* root_crl.h: the CRL of a CA whose key is in a file, and lies elsewhere most of the time: a root's. */
#ifndef CMPD_CTL_ROOT_CRL_H
#define CMPD_CTL_ROOT_CRL_H

#include "server/ctl/ctl.h"

/* struct root_crl_revoked is a certificate that the next CRL lists. */
struct root_crl_revoked {
    struct certificate cert;
    int reason; /* CRLReason */
};

enum { ROOT_CRL_NEW_MAX = 64, ROOT_CRL_DAYS = 365 /* the usual time until nextUpdate */ };

/* struct root_crl is what is to be made. */
struct root_crl {
    const struct ctl_identity *ca;
    struct bytes former; /* DER of the last one, whose entries stay and whose number the next one follows;
                          * empty: there is none */
    const struct root_crl_revoked *revoked;
    size_t revoked_count; /* ROOT_CRL_NEW_MAX at most */
    int days;             /* until nextUpdate */
    int64_t now;          /* Unix seconds */
};

/* root_crl_make makes it. Returns 1 with |der| to be freed by free and its |*number|, or 0 with a fault
 * printed. */
int root_crl_make(struct bytes *der, int64_t *number, const struct root_crl *plan);

/* root_crl_save writes |der| to |path|, as PEM if the name ends so; |must_be_new| as file_write. Returns 1,
 * or 0 with a fault printed. */
int root_crl_save(const char *path, struct bytes der, int must_be_new);

/* root_crl_begin makes the first CRL of |ca| at |now| and saves it to |path|, which must be new. It lists
 * nothing: whoever checks the certificates that |ca| has issued finds one. Returns 1, or 0 with a fault
 * printed. */
int root_crl_begin(const char *path, const struct ctl_identity *ca, int64_t now);

#endif
