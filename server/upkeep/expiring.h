/* expiring.h: what ends is told ahead, once at each threshold (server/policy/expiry.h), once a day in the
 * last days, and once a day after its end until somebody has done something about it. A node that starts
 * tells all that is near. */
#ifndef CMPD_UPKEEP_EXPIRING_H
#define CMPD_UPKEEP_EXPIRING_H

#include "server/policy/expiry.h"
#include "server/upkeep/job.h"

/* struct expiring is what was told. All zero at first; expiring_end frees it. */
struct expiring {
    struct expiring_told *of; /* of each expiry of the policy, in its order */
    size_t count;
    int alarm; /* 1: one that somebody depends on has ended, or ends within a day: the log has an error */
};

/* expiring_run tells what is due at |now| (Unix seconds). Without memory it tells nothing until the next run.
 */
void expiring_run(struct expiring *job, const struct policy *policy, int64_t now);
void expiring_end(struct expiring *job);

/* expiring_text writes, for |now|, what of |policy| ends next as a JSON array into |out|, and into |reason|,
 * as a JSON string, what has ended so that nothing can be issued; "null": nothing has. Returns 1 if nothing
 * has. */
enum { EXPIRING_TEXT_MAX = 16 * 1024, EXPIRING_REASON_MAX = 8 * 1024 };
int expiring_text(char out[EXPIRING_TEXT_MAX], char reason[EXPIRING_REASON_MAX], const struct policy *policy,
                  int64_t now);

/* expiring_job does so each second (upkeep.c). */
extern const struct upkeep_job expiring_job;

#endif
