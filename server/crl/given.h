/* given.h: CRLs of the CAs above ours, which their operators make: published as they are, and watched. */
#ifndef CMPD_CRL_GIVEN_H
#define CMPD_CRL_GIVEN_H

#include "server/crl/published.h"
#include "server/policy/policy.h"

/* struct given is what is published of them. All zero at first. */
struct given {
    char names[BOUND_CRL_FILES][PUBLISHED_PATH_MAX];
    size_t count;
    int64_t told_at; /* Unix seconds: when the log said that one ends soon; 0: none does */
};

/* given_publish publishes those of |policy|, and ends what was published before of others. */
void given_publish(struct given *given, const struct policy *policy, struct publication *publication);

/* given_ends_soon returns 1 if less than a quarter of the time of |crl| is left at |now| (Unix seconds). */
int given_ends_soon(const struct cmp_crl *crl, int64_t now);

/* given_tell tells in the log, once a day, which of them end soon or have ended, and when one ends. */
void given_tell(struct given *given, const struct policy *policy, int64_t now);

#endif
