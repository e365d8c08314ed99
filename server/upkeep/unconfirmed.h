/* unconfirmed.h: certificates whose certConf never came (RFC 9483 4.1.1: to be handled "like a rejection by
 * the EE").
 *
 * Any node may run this at any time: whoever ends the transaction's row in the store has claimed it. */
#ifndef CMPD_UPKEEP_UNCONFIRMED_H
#define CMPD_UPKEEP_UNCONFIRMED_H

#include "server/policy/policy.h"
#include "server/upkeep/job.h"

/* struct unconfirmed is the job's state on this node; all zero at first. */
struct unconfirmed {
    int64_t minute_begin; /* Unix seconds */
    unsigned count;       /* certificates revoked or held since then */
    int stopped;          /* 1: there were more than confirm_revoke_max; somebody has to look */
};

/* unconfirmed_run ends every transaction of |policy|'s CAs whose deadline is before |now| (Unix seconds), and
 * does with its certificate as its profile says (one that is gone: revoke); but what somebody has revoked,
 * held or released in the meantime stays as it is, and is not counted. Waits for |store|. Returns how many
 * were ended by this call. Stops for good, with an alarm in the log, when one more comes after
 * confirm_revoke_max were revoked or held within a minute, before it is looked at: then the fault is likelier
 * with the network than with the devices. */
unsigned unconfirmed_run(struct unconfirmed *job, const struct policy *policy, struct store *store,
                         int64_t now);

/* unconfirmed_job does so each second (upkeep.c). */
extern const struct upkeep_job unconfirmed_job;

#endif
