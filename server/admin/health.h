/* health.h: /healthz and /readyz, for load balancers and for whoever watches. */
#ifndef CMPD_ADMIN_HEALTH_H
#define CMPD_ADMIN_HEALTH_H

#include <stdatomic.h>

#include "server/base/bytes.h"
#include "server/crl/crl.h"
#include "server/ocsp/ocsp.h"
#include "server/pipeline/pipeline.h"
#include "server/upkeep/upkeep.h"

/* struct health is what readiness is made of. */
struct health {
    const struct pipeline *pipeline;
    struct store *store;
    struct upkeep *upkeep;     /* NULL: not running */
    struct crl_service *crl;   /* NULL: not running */
    struct ocsp_service *ocsp; /* NULL: it is not served */
    atomic_int draining;       /* 1 from SIGTERM on */
};

enum { OCSP_TEXT_OF_ONE = 256, OCSP_TEXT_MAX = OCSP_TEXT_OF_ONE * BOUND_AUTHORITIES + 16 };
enum {
    HEALTH_TEXT_MAX =
        NODES_TEXT_MAX + CRL_TEXT_MAX + OCSP_TEXT_MAX + EXPIRING_TEXT_MAX + EXPIRING_REASON_MAX + 512
};

/* health_live writes the answer of /healthz: 200 as long as the process answers at all. Returns the HTTP
 * status. */
int health_live(const struct health *health, char text[HEALTH_TEXT_MAX]);

/* health_ready writes the answer of /readyz as one JSON object. Returns 200 when the store answers, the queue
 * has room, no token with signing keys is lost, no certificate has ended without which nothing can be issued
 * (the reason is told), and the node is not draining; else 503. What ends next, whether upkeep stands
 * still with an alarm, whether a CRL or an OCSP responder is late, how many
 * certificates are overdue (null: not counted yet), and which configuration each node has, is told, and
 * changes nothing. */
int health_ready(const struct health *health, char text[HEALTH_TEXT_MAX]);

#endif
