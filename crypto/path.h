/* path.h: certification paths (RFC 5280 section 6), split so that their signatures can be verified in
 * batches: path_build finds a path and names its signatures as verifications; path_check comes after those,
 * with what certificates say of those below them, which is believed and costs work only once it is signed
 * (RFC 9618 6.1). */
#ifndef CMPD_CRYPTO_PATH_H
#define CMPD_CRYPTO_PATH_H

#include "crypto/certificate.h"
#include "crypto/policies.h"
#include "crypto/remembered.h"
#include "server/base/bounds.h"

struct crl_set;

/* struct trusted is a certificate whose signature need not be verified again: an anchor, or an intermediate
 * that was verified up to an anchor when the configuration was loaded. */
struct trusted {
    struct certificate cert;
    struct public_key *key;
    int is_anchor;
    int is_self_issued;
    size_t issuer;              /* which of the trust it was verified with; its own place: none */
    size_t depth;               /* of those above it */
    const char *owner;          /* whose it is, for whoever added it; NULL: nobody's */
    uint8_t hash[32];           /* SHA-256 of it */
    int64_t path_len;           /* issuers that may stand between it and a target; -1: any number */
    const struct crl_set *crls; /* of an anchor: what says which certificates below it are revoked
                                 * (crypto/revocation.h); NULL: nobody is asked */
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
    PATH_NAMES,     /* name constraints */
    PATH_POLICIES,  /* policies, their mappings and constraints */
    PATH_REVOKED,   /* a certificate on it is revoked */
    PATH_UNKNOWN,   /* no CRL says whether a certificate on it is revoked */
    PATH_BLOCKED,   /* whoever asks takes a certificate on it no more */
    PATH_MEMORY,    /* there was none: no verdict */
};

/* struct path_refusal says why there is no path. */
struct path_refusal {
    enum path_fault fault;
    const struct certificate *cert; /* of which |reason| speaks */
    const char *reason;
};

/* path_refusal_text returns a text for an operator, in |arena|: which certificate, and what of it. */
const char *path_refusal_text(struct arena *arena, const struct path_refusal *refusal);

struct path {
    struct verification
        links[BOUND_CHAIN]; /* what is to be verified: the target, and issuers that were not before */
    struct fingerprint fingerprints[BOUND_CHAIN]; /* of the links, but the first */
    struct public_key
        *keys[BOUND_CHAIN]; /* keys of supplied certificates on the path: freed by path_cleanup */
    size_t count;
    struct certificate *certs[BOUND_CHAIN]; /* all that are not trusted by themselves, the target first */
    size_t cert_count;
    const struct trusted *end;   /* where the path ends */
    struct path_refusal refusal; /* of the last call that refused it */
};

/* path_build finds a path from |target| over |supplied| certificates to |trust|, valid at |now| (Unix
 * seconds). |attempt| (0, 1, …) chooses among several: the next is tried when a signature of the one before
 * did not verify. Prints of names are kept in |target| and |supplied|. Returns PATH_OK with |out| filled, or
 * the fault of the best candidate. |out| is cleaned up by path_cleanup. */
enum path_fault path_build(struct path *out, const struct trust *trust, struct certificate *target,
                           struct certificate *supplied, size_t supplied_count, int64_t now,
                           unsigned attempt);

/* path_check holds |path|, once its signatures were verified, against the policies, the name constraints and
 * |settings| (RFC 5280 6.1.3 (b) to (f), 6.1.4 (a), (b), (g) to (j), 6.1.5). What an anchor's certificate
 * says of those below it counts, too (RFC 5937). Reasons are in |arena|. */
enum path_fault path_check(struct path *path, const struct trust *trust,
                           const struct policy_settings *settings, struct arena *arena);

/* path_refuse makes |refusal| say |fault|, which it returns: |reason|, which outlives it, speaks of |cert|.
 */
enum path_fault path_refuse(struct path_refusal *refusal, enum path_fault fault,
                            const struct certificate *cert, const char *reason);

/* path_remember keeps in |trust| that all links of |path| were verified: the issuers among them need not be
 * again. */
void path_remember(const struct path *path, const struct trust *trust);

/* path_hashes writes SHA-256 of each certificate above the target, from its issuer up to the anchor, into
 * |out| (PATH_HASHES_MAX octets); returns how many octets. */
enum { PATH_HASHES_MAX = 2 * BOUND_CHAIN * 32 };
size_t path_hashes(uint8_t *out, const struct path *path, const struct trust *trust);

/* path_cleanup frees the keys that |path| made. */
void path_cleanup(struct path *path);

/* trust_add parses |der|, which must outlive |trust|, and adds it. Returns 1, or 0 if it is no certificate
 * that can be used so (memory, malformed, unsupported key). */
int trust_add(struct trust *trust, struct bytes der, int is_anchor);

/* trust_add_direct adds an anchor likewise of which only what it has issued itself is trusted: no other CA
 * may stand below it, whatever its certificate says. */
int trust_add_direct(struct trust *trust, struct bytes der);

/* trust_add_issued does the same with an intermediate that was verified with |issuer|, one of |trust|: no
 * more issuers may stand below it than |issuer| allows (RFC 5280 6.1.4). One that is no CA may sign CRLs, and
 * issues nothing. 0 also if |issuer| allows none, or
 * those above it do not allow its names or policies. */
int trust_add_issued(struct trust *trust, struct bytes der, const struct trusted *issuer);

/* trust_anchor_of returns the anchor that |item|, one of |trust|, was verified up to; its own if it is one.
 */
const struct trusted *trust_anchor_of(const struct trust *trust, const struct trusted *item);

/* trust_holds returns 1 if the certificate |der| is in |trust|. */
int trust_holds(const struct trust *trust, struct bytes der);

/* trust_cleanup frees what |trust| holds. */
void trust_cleanup(struct trust *trust);

#endif
