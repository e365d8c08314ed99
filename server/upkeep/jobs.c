/* The table of jobs, in the order in which those of a thread are run and ended. */
#include "server/upkeep/announce.h"
#include "server/upkeep/expiring.h"
#include "server/upkeep/inventory.h"
#include "server/upkeep/nodes.h"
#include "server/upkeep/overdue.h"
#include "server/upkeep/purge.h"
#include "server/upkeep/renewal.h"
#include "server/upkeep/seal.h"
#include "server/upkeep/tls_files.h"
#include "server/upkeep/unconfirmed.h"
#include "server/upkeep/vendor_crls.h"

const struct upkeep_job *const upkeep_jobs[UPKEEP_JOBS] = {
    &nodes_job,    &unconfirmed_job, &seal_heads_job, &purge_job,     &vendor_crls_job, &announce_job,
    &renewing_job, &expiring_job,    &overdue_job,    &inventory_job, &tls_files_job};
