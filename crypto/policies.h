/* policies.h: certificate policies along a path (RFC 5280 6.1, as RFC 9618 section 5 updates it). The
 * certificates of a path are handed over from the anchor's, whose word counts (RFC 5937), to the target. */
#ifndef CMPD_CRYPTO_POLICIES_H
#define CMPD_CRYPTO_POLICIES_H

#include "crypto/certificate.h"
#include "server/base/bounds.h"

/* struct policy_settings are the inputs (c), (e), (f) and (g) of RFC 5280 6.1.1. Zeroed: any policy is
 * acceptable, and none need be there. */
struct policy_settings {
    const struct bytes *initial; /* user-initial-policy-set: content octets of OIDs … */
    size_t initial_count;        /* … 0: any-policy */
    int inhibit_mapping;
    int require_explicit;
    int inhibit_any;
};

/* struct policy_expected is a policy that may stand in the next certificate. */
struct policy_expected {
    struct bytes oid;
    int wanted; /* 1: it goes back to a policy of user-initial-policy-set */
};

/* struct policies are the state variables of RFC 5280 6.1.2 (a) and (d) to (f). Of the graph of RFC 9618 only
 * the lowest row is kept: each policy stands in it once, whatever led there, so a path costs what its
 * certificates hold. */
struct policies {
    const struct policy_settings *settings;
    int64_t explicit_policy, inhibit_any, policy_mapping;
    struct policy_expected row[BOUND_POLICIES];
    size_t count;
    int any; /* anyPolicy stands in it, too */
};

/* policies_begin sets |policies| up (6.1.2) for a path of |length| certificates, the anchor not counted. */
void policies_begin(struct policies *policies, const struct policy_settings *settings, size_t length);

/* policies_check processes certificatePolicies of |cert| (6.1.3 (d) to (f)). |skips|: it is self-issued and
 * not the target. Returns NULL, or what is wrong. */
const char *policies_check(struct policies *policies, const struct certificate *cert, int skips);

/* policies_prepare processes what |cert| says of those below it (6.1.4 (a), (b), (h) to (j)). Returns NULL,
 * or what is wrong. */
const char *policies_prepare(struct policies *policies, const struct certificate *cert, int self_issued);

/* policies_end wraps up (6.1.5 (a), (b), (g)) after the target |cert| was checked. Returns NULL, or what is
 * wrong. */
const char *policies_end(struct policies *policies, const struct certificate *cert);

/* policies_are_well_formed returns 1 if |value| is the content of certificatePolicies (RFC 5280 4.2.1.4):
 * neither it nor a list of qualifiers is empty, and no policy stands twice. */
int policies_are_well_formed(struct bytes value);

#endif
