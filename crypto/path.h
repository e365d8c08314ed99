/* path.h: certification paths (RFC 5280 section 6), split so that their signatures can be verified in
 * batches: this module finds a path and makes every check but the signatures, and names those as
 * verifications. */
#ifndef CMPD_CRYPTO_PATH_H
#define CMPD_CRYPTO_PATH_H

#include "crypto/certificate.h"
#include "crypto/remembered.h"
#include "server/base/bounds.h"

/* struct trusted is a certificate whose signature need not be verified again: an anchor, or an intermediate
 * that was verified up to an anchor when the configuration was loaded. */
struct trusted {
    struct certificate cert;
    struct public_key *key;
    int is_anchor;
    int64_t path_len; /* issuers that may stand between it and a target; -1: any number */
};

/* struct trust is a set of trusted certificates. Built once, then only read; but what it remembers of
 * intermediates that devices send along is added by whoever verifies them. */
struct trust {
    struct trusted *items;
    size_t count;
    struct remembered *verified;
};

enum path_fault {
    PATH_OK,
    PATH_NO_ISSUER, /* no trusted or supplied certificate issued it */
    PATH_EXPIRED,   /* a certificate on it is not valid at the time */
    PATH_NOT_CA,    /* an issuer is no CA, lacks keyCertSign, or its path length is exceeded */
    PATH_CRITICAL,  /* a critical extension that is not processed */
    PATH_ALGORITHM, /* a signature algorithm or key that is not supported */
};

/* path_fault_text returns a text for an operator. */
const char *path_fault_text(enum path_fault fault);

struct path {
    struct verification
        links[BOUND_CHAIN]; /* what is to be verified: the target, and issuers that were not before */
    struct fingerprint fingerprints[BOUND_CHAIN]; /* of the links, but the first */
    struct public_key
        *keys[BOUND_CHAIN]; /* keys of supplied certificates on the path: freed by path_cleanup */
    size_t count;
    const struct trusted *end; /* where the path ends */
};

/* path_build finds a path from |target| over |supplied| certificates to |trust|, valid at |now| (Unix
 * seconds). |attempt| (0, 1, …) chooses among several: the next is tried when a signature of the one before
 * did not verify. Prints of names are kept in |target| and |supplied|. Returns PATH_OK with |out| filled, or
 * the fault of the best candidate. |out| is cleaned up by path_cleanup. */
enum path_fault path_build(struct path *out, const struct trust *trust, struct certificate *target,
                           struct certificate *supplied, size_t supplied_count, int64_t now,
                           unsigned attempt);

/* path_remember keeps in |trust| that all links of |path| were verified: the issuers among them need not be
 * again. */
void path_remember(const struct path *path, const struct trust *trust);

/* path_cleanup frees the keys that |path| made. */
void path_cleanup(struct path *path);

/* trust_add parses |der|, which must outlive |trust|, and adds it. Returns 1, or 0 if it is no certificate
 * that can be used so (memory, malformed, unsupported key). */
int trust_add(struct trust *trust, struct bytes der, int is_anchor);

/* trust_add_issued does the same with an intermediate that was verified with |issuer|, one of |trust|: no
 * more issuers may stand below it than |issuer| allows (RFC 5280 6.1.4). 0 also if |issuer| allows none. */
int trust_add_issued(struct trust *trust, struct bytes der, const struct trusted *issuer);

/* trust_holds returns 1 if the certificate |der| is in |trust|. */
int trust_holds(const struct trust *trust, struct bytes der);

/* trust_cleanup frees what |trust| holds. */
void trust_cleanup(struct trust *trust);

#endif
