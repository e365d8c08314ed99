/* upkeep.h: what a node does by itself, beside serving: a table of jobs (job.h), each second. */
#ifndef CMPD_UPKEEP_UPKEEP_H
#define CMPD_UPKEEP_UPKEEP_H

#include "server/upkeep/expiring.h"
#include "server/upkeep/inventory.h"
#include "server/upkeep/nodes.h"

struct upkeep;

/* upkeep_new starts its threads; from now on this node says that it serves. |policy| is acquired; |store|
 * and |guesses| (NULL: none are shared with other nodes) must outlive it. Returns NULL without memory or
 * threads. */
struct upkeep *upkeep_new(struct policy *policy, struct store *store, struct guesses *guesses);

/* upkeep_set_policy makes |policy| the one in use. What its jobs have found so far stays. */
void upkeep_set_policy(struct upkeep *upkeep, struct policy *policy);

/* upkeep_resume: somebody has looked (SIGHUP). Jobs begin anew; one that had stopped with an alarm goes on.
 * Never because of what others bring about, such as a vendor with a new CRL. */
void upkeep_resume(struct upkeep *upkeep);

/* upkeep_has_alarm returns 1 while a job stands still because somebody has to look. Any thread; NULL is
 * allowed. */
int upkeep_has_alarm(const struct upkeep *upkeep);

/* upkeep_alarm returns 1 if upkeep_jobs[|i|] does so; 0 for one that never does. Any thread. */
int upkeep_alarm(const struct upkeep *upkeep, size_t i);

/* upkeep_nodes writes what is known of the nodes that serve (nodes.h: nodes_text). Any thread. */
void upkeep_nodes(struct upkeep *upkeep, char out[NODES_TEXT_MAX], int *differ);

/* upkeep_overdue returns how many certificates are overdue, and how many of them have expired (overdue.h:
 * overdue_counted), and when they were counted (Unix seconds). Any thread. */
int upkeep_overdue(struct upkeep *upkeep, int64_t *count, int64_t *expired, int64_t *at);

/* upkeep_inventory returns 1 with how many certificates there are as counted last, or 0 if it is not this
 * node's to tell (inventory.h: inventory_told). Any thread. */
int upkeep_inventory(struct upkeep *upkeep, struct inventory_counts *out);

/* upkeep_expiries writes what ends next, and what has ended so that nothing can be issued (expiring.h:
 * expiring_text), of the policy in use. Returns 1 if nothing has. Any thread. */
int upkeep_expiries(struct upkeep *upkeep, char out[EXPIRING_TEXT_MAX], char reason[EXPIRING_REASON_MAX]);

/* upkeep_has_renewed returns 1 while the store has a renewed certificate that the policy in use lacks
 * (renewal.h). Any thread. */
int upkeep_has_renewed(const struct upkeep *upkeep);

/* upkeep_new_tls returns the stamp (policy_tls_stamp_now) of TLS files of listeners that are others than
 * those in use, and that can be used (tls_files.h); 0 while there are none. Any thread. */
uint64_t upkeep_new_tls(const struct upkeep *upkeep);

/* upkeep_free ends the threads, whose last act is to seal the audit log, and frees |upkeep|: to be called
 * after the last commit. NULL is allowed. */
void upkeep_free(struct upkeep *upkeep);

#endif
