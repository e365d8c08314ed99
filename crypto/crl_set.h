/* crl_set.h: CRLs of one trust, kept for questions: each is signed by a certificate of that trust. Built
 * once, then only read. Whether they are current, and their signers not revoked themselves, is a question of
 * the moment (crypto/revocation.h). */
#ifndef CMPD_CRYPTO_CRL_SET_H
#define CMPD_CRYPTO_CRL_SET_H

#include "crypto/crl_index.h"
#include "crypto/crl_scope.h"
#include "crypto/path.h"

struct crl_set_item {
    const char *file; /* where it is from, for who tells of it */
    struct bytes der; /* malloc'ed */
    struct crl crl;
    struct name_cache issuer;
    struct crl_scope scope;
    struct crl_index index;
    size_t signer; /* which of the trust */
};

struct crl_set {
    struct trust trust;    /* anchors, and what may sign CRLs below them; filled before the first CRL */
    int64_t stale_seconds; /* for which a CRL still counts after its nextUpdate */
    struct arena *arena;
    struct crl_set_item items[BOUND_VENDOR_CRLS]; /* the newest first */
    size_t count;
    size_t octets; /* of all of them */
};

/* crl_set_new returns an empty set, or NULL without memory. crl_set_free takes NULL, too. */
struct crl_set *crl_set_new(int64_t stale_seconds);
void crl_set_free(struct crl_set *set);

/* crl_set_add takes |der|, the malloc'ed DER of a CRL, over, also on failure; |file|, where it is from, is
 * only kept. Its signature is verified by a certificate of the trust with its issuer's name that may sign
 * CRLs (RFC 5280 6.3.3 (f), (g)), before its entries are looked at. Returns NULL, or why it is of no use. */
const char *crl_set_add(struct crl_set *set, const char *file, struct bytes der);

/* crl_set_try tells whether crl_set_add would take |der|, which stays the caller's, and reads it into |crl|.
 * Any number of threads at once. Returns NULL, or why not. */
const char *crl_set_try(const struct crl_set *set, struct crl *crl, struct bytes der);

#endif
