/* metrics.h: what OCSP counts (server/base/metrics.h). */
#ifndef CMPD_OCSP_METRICS_H
#define CMPD_OCSP_METRICS_H

#include "server/base/metrics.h"

enum ocsp_answered { OCSP_BY_KEPT, OCSP_BY_STORE, OCSP_BY_NOBODY, OCSP_ANSWERED_COUNT };

extern struct metric ocsp_looks; /* by who has the answer */

#endif
