/* own_key.h: keys of a CA's own certificates that the store has: sealed by seal_key, for all nodes. What is
 * sealed is the key as PKCS #8 in PEM, or the pkcs11: URI of one in a token. Who has not the seal_key can put
 * none of his own there, nor have one opened elsewhere than where it belongs. */
#ifndef CMPD_POLICY_OWN_KEY_H
#define CMPD_POLICY_OWN_KEY_H

#include "server/policy/renewals.h"

enum { OWN_KEY_WHY_MAX = 512 };

/* policy_make_own_key makes a key of the kind and size of |item|'s, where that is: in the token that the
 * configuration names for it, or to be sealed. Writes the |*box| for a row of |item|, and the key's
 * SubjectPublicKeyInfo, into |arena|. Waits for the token. 1, or 0 with |why| (OWN_KEY_WHY_MAX octets). */
int policy_make_own_key(char *why, struct bytes *box, struct bytes *spki, struct arena *arena,
                        const struct policy *policy, const struct policy_renewable *item);

/* policy_open_own_key opens the |box| of a row of |ca| with the key |renewal|, for the certificate with
 * |spki|, in the |setting|. The caller frees it. NULL with |fault| written. */
struct private_key *policy_open_own_key(struct config_fault *fault, const struct policy *policy,
                                        const char *setting, const struct cmp_authority *ca,
                                        struct bytes renewal, struct bytes box, struct bytes spki);

#endif
