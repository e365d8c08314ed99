/* upkeep.h: what a node does by itself, beside serving: a table of jobs (job.h), each second. */
#ifndef CMPD_UPKEEP_UPKEEP_H
#define CMPD_UPKEEP_UPKEEP_H

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

/* upkeep_nodes writes what is known of the nodes that serve (nodes.h: nodes_text). Any thread. */
void upkeep_nodes(struct upkeep *upkeep, char out[NODES_TEXT_MAX], int *differ);

/* upkeep_overdue returns how many certificates are overdue, and how many of them have expired (overdue.h:
 * overdue_counted). Any thread. */
int upkeep_overdue(struct upkeep *upkeep, int64_t *count, int64_t *expired);

/* upkeep_free ends the threads, whose last act is to seal the audit log, and frees |upkeep|: to be called
 * after the last commit. NULL is allowed. */
void upkeep_free(struct upkeep *upkeep);

#endif
