/* audit_signers.h: the CMP certificates of before, which seals of the audit log are signed under, from the
 * store. */
#ifndef CMPD_CTL_AUDIT_SIGNERS_H
#define CMPD_CTL_AUDIT_SIGNERS_H

#include "server/ctl/open.h"
#include "storage/audit_verify.h"

/* audit_is_signer returns 1 if |ca| has issued |cert| so that it answers for it: it has the name of |like|,
 * the CMP certificate in use, and id-kp-cmcCA (RFC 6402 2.10) in its extendedKeyUsage, and |ca| has signed
 * it. Whoever may write into a store can put any certificate there that the CA ever issued, to stations, too,
 * and call it its own: nothing of a row is believed but what the CA has signed. */
int audit_is_signer(const struct certificate *cert, const struct certificate *ca,
                    const struct certificate *like);

/* audit_signers_add gives |verify| the keys of such certificates that the store of |opened| has, of each CA
 * of its configuration, each for as long as the certificate was valid: it may have ended. A key whose
 * certificate is revoked or held, for whatever reason, or that is blocked, is not given: others may have it,
 * and the time of a seal is what its signer says. Waits for the store. Returns 1, or 0 with a fault printed.
 */
int audit_signers_add(struct audit_verify *verify, const struct ctl_opened *opened);

#endif
