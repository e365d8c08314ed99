/* tolerated.h: how often tolerances were made use of, asked of the running node. */
#ifndef CMPD_CTL_TOLERATED_H
#define CMPD_CTL_TOLERATED_H

#include "server/base/config.h"
#include "server/base/tolerance_counts.h"
#include "server/ctl/json.h"

/* tolerated_put adds to |row| what the node of |config|, if it runs and serves admin, has counted of |name|:
 * "tolerated", an object of "since" and a number for each tolerance that was made use of. Else
 * "tolerated_unknown" says why there is none. It waits for two seconds at most. */
void tolerated_put(json_t *row, const struct config *config, enum tolerance_owner owner, const char *name);

/* tolerated_print prints that |object| for a person; a ctl_put_object. */
void tolerated_print(const char *label, const json_t *object);

#endif
