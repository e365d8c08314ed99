/* expiry.h: what ends: each certificate that the configuration names, and each CRL that was read for it.
 *
 * The list is made while the files are read, so nothing is in use that is not on it. */
#ifndef CMPD_POLICY_EXPIRY_H
#define CMPD_POLICY_EXPIRY_H

#include "server/policy/policy.h"

/* struct expiry_kind is what all that one setting names have in common. */
struct expiry_kind {
    const char *setting; /* "cas[].cmp_certificate" */
    const char *name;    /* readable: "CMP certificate" */
    const char *remedy;  /* what to do about one that ends */
    enum {
        EXPIRY_REFUSES, /* whoever depends on it is refused once it has ended */
        EXPIRY_STOPS,   /* nothing is issued then */
        EXPIRY_HARMLESS /* it may end: it is told, and nobody has to do anything */
    } effect;
    int is_followed; /* 1: another job reminds of it before it ends */
};

/* struct expiry is one thing that ends. */
struct expiry {
    const char *name; /* its setting: "cas[0].cmp_certificate" */
    const char *file; /* where it is from */
    uint64_t id; /* the first octets of SHA-256 over its DER: the same in a policy that is loaded again */
    const struct expiry_kind *kind;
    struct bytes subject;          /* DER of the name; of a CRL that of its issuer */
    struct bytes issuer, serial;   /* of a certificate; of a CRL both are empty */
    int64_t not_before, not_after; /* Unix seconds; of a CRL thisUpdate and nextUpdate */
    int is_own;                    /* 1: its CA, one of this configuration, renews it */
    int is_from_store;             /* 1: it was renewed, and |file| has a former one */
};

/* policy_expiries returns all of |policy|, |*count| of them, in the order in which they were read. They live
 * as long as |policy|. */
const struct expiry *policy_expiries(const struct policy *policy, size_t *count);

/* How near the end is: BOUND_EXPIRY_DAYS_… has how many days. A threshold counts where at least as much of
 * the validity lies before it as behind: what lives for a day ends without a warning. */
enum expiry_level {
    EXPIRY_FAR,
    EXPIRY_FIRST,
    EXPIRY_SECOND,
    EXPIRY_LAST,
    EXPIRY_OVER, /* it has ended */
};
enum expiry_level expiry_level(const struct expiry *expiry, int64_t now);

/* expiry_text writes into |out| that |expiry| ends, when, and what to do. Returns |out|. */
enum { EXPIRY_TEXT_MAX = 1024, EXPIRY_TIME_MAX = 32 };
const char *expiry_text(char out[EXPIRY_TEXT_MAX], const struct expiry *expiry, int64_t now);

/* expiry_time writes |at| (Unix seconds) as RFC 3339 has it, in UTC. Returns |out|. */
const char *expiry_time(char out[EXPIRY_TIME_MAX], int64_t at);

/* policy_warn_of_expiries calls |warn| for each that is nearer its end than EXPIRY_FAR at |now|, and of which
 * no other warning tells. */
void policy_warn_of_expiries(const struct policy *policy, int64_t now, policy_warning *warn, void *arg);

/* policy_stopped returns what has ended at |now| so that no profile can issue any more; NULL: nothing. */
const struct expiry *policy_stopped(const struct policy *policy, int64_t now);

/* policy_next_expiries writes those that end next into |out|, the first first, at most |max|. Returns how
 * many. */
size_t policy_next_expiries(const struct expiry **out, size_t max, const struct policy *policy);

#endif
