/* revocation.h: whether certificates of a path are revoked, by CRLs (RFC 5280 6.3). */
#ifndef CMPD_CRYPTO_REVOCATION_H
#define CMPD_CRYPTO_REVOCATION_H

#include "crypto/crl_set.h"

/* revocation_of tells whether |cert|, which is below the anchor |anchor| (DER), is revoked at |now| (Unix
 * seconds): PATH_OK: it is not; PATH_REVOKED; PATH_UNKNOWN: the CRLs of |set| that are current and trusted do
 * not say so for all reasons; PATH_MEMORY. |refusal| says why. |arena| is for what is read on the way. */
enum path_fault revocation_of(struct path_refusal *refusal, const struct crl_set *set,
                              const struct certificate *cert, struct bytes anchor, int64_t now,
                              struct arena *arena);

/* revocation_check asks so for each certificate of |path| but its anchor, from there down, if the anchor has
 * CRLs. Only once all signatures of the path were verified: what certificates say of CRLs is believed.
 * Without a path, where a key is known from before, nothing is asked. Returns the first fault, and |path| has
 * it. */
enum path_fault revocation_check(struct path *path, const struct trust *trust, int64_t now,
                                 struct arena *arena);

#endif
