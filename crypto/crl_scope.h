/* crl_scope.h: which certificates a CRL speaks of: issuingDistributionPoint of the CRL, held against
 * cRLDistributionPoints of a certificate (RFC 5280 4.2.1.13, 5.2.5, 6.3.3 (b)). */
#ifndef CMPD_CRYPTO_CRL_SCOPE_H
#define CMPD_CRYPTO_CRL_SCOPE_H

#include "crypto/certificate.h"
#include "server/base/bounds.h"

/* ReasonFlags (RFC 5280 4.2.1.13), a bit each from keyCompromise to aACompromise: a status is known once all
 * are covered. */
enum { CRL_REASONS_ALL = 0x1fe };

/* struct crl_names is a DistributionPointName, or cRLIssuer: GeneralNames. A nameRelativeToCRLIssuer is there
 * as the directoryName that it stands for. */
struct crl_names {
    int present;
    struct bytes names[BOUND_CRL_NAMES]; /* DER of each; what is beyond is as if it were not there */
    size_t count;
};

/* struct crl_scope is an issuingDistributionPoint. */
struct crl_scope {
    struct crl_names names;
    int only_users, only_cas, only_attributes, is_indirect;
    unsigned reasons; /* CRL_REASONS_ALL without onlySomeReasons */
};

/* struct crl_point is a DistributionPoint of a certificate. */
struct crl_point {
    struct crl_names names, issuer; /* |issuer|: cRLIssuer */
    unsigned reasons;               /* CRL_REASONS_ALL without reasons */
};

/* crl_scope_parse reads |der|, the issuingDistributionPoint of a CRL of |issuer| (DER of its name); empty: of
 * a CRL without one. Names are in |arena| and in |der|. Returns 1, or 0 if it is malformed or says that it
 * contains two kinds of certificates only, or without memory. */
int crl_scope_parse(struct crl_scope *out, struct arena *arena, struct bytes der, struct bytes issuer);

/* crl_point_next reads the next of |points|, which it leaves behind that, of a certificate that |issuer| has
 * issued. Returns 1, or 0 if there is none, it is malformed (then |points| is not empty), or without memory.
 */
int crl_point_next(struct crl_point *out, struct arena *arena, CBS *points, struct bytes issuer);

/* crl_points returns the points that |der| has, a cRLDistributionPoints or a freshestCRL; none if it is empty
 * or malformed. */
CBS crl_points(struct bytes der);

/* crl_point_url returns the first uniformResourceIdentifier of |point|, or nothing. */
struct bytes crl_point_url(const struct crl_point *point);

/* crl_point_implied is what RFC 5280 6.3.3 assumes for CRLs that no point names: the name of the issuer of
 * |cert|. Returns 1, or 0 without memory. */
int crl_point_implied(struct crl_point *out, struct arena *arena, const struct certificate *cert);

/* crl_scope_covers returns 1 if a CRL of |scope| may speak of |cert| by |point| (RFC 5280 6.3.3 (b) (2)). */
int crl_scope_covers(const struct crl_scope *scope, const struct crl_point *point,
                     const struct certificate *cert);

/* crl_names_have returns 1 if the directoryName |name| is one of |names|. */
int crl_names_have(const struct crl_names *names, struct bytes name);

#endif
