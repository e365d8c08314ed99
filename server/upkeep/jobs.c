/* The table of jobs, in the order in which the short ones of a second are run. */
#include "server/upkeep/nodes.h"
#include "server/upkeep/purge.h"
#include "server/upkeep/seal.h"
#include "server/upkeep/unconfirmed.h"

const struct upkeep_job *const upkeep_jobs[UPKEEP_JOBS] = {&nodes_job, &seal_heads_job, &unconfirmed_job,
                                                           &purge_job};
