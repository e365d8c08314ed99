/* vendor_crls.h: CRLs of vendors are fetched from where the configuration says (crl_urls), and it is told
 * ahead which CRLs will have stations refused.
 *
 * Each node fetches for itself. What it gets goes into files (policy_keep_crl), and is in use once cmpd has
 * seen that they changed. */
#ifndef CMPD_UPKEEP_VENDOR_CRLS_H
#define CMPD_UPKEEP_VENDOR_CRLS_H

#include "server/policy/policy.h"
#include "server/upkeep/job.h"

/* struct vendor_crls is what is known of each URL. All zero at first; vendor_crls_end frees it. */
struct vendor_crls {
    struct vendor_crl *of;
    size_t count;
    int64_t reminded; /* when it was last told what will have stations refused, Unix seconds; 0: not yet */
    int64_t kept;     /* when something new was kept last, likewise */
    int alarm;        /* 1: what there is of one of them has ended, or there is nothing */
};

/* vendor_crls_run fetches what is due at |now| (Unix seconds), and returns soon after the first second: what
 * is due still, the next run fetches. Waits for a server BOUND_VENDOR_CRL_FETCH seconds at most; |ends| gives
 * it up. */
void vendor_crls_run(struct vendor_crls *job, const struct policy *policy, int64_t now,
                     const atomic_int *ends);

void vendor_crls_end(struct vendor_crls *job);

/* vendor_crls_job does so each second (upkeep.c). */
extern const struct upkeep_job vendor_crls_job;

#endif
