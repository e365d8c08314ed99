/* ocsp_exchange.h: OCSP at the front (server/front/transport.h). */
#ifndef CMPD_OCSP_EXCHANGE_H
#define CMPD_OCSP_EXCHANGE_H

#include "server/front/transport.h"
#include "server/ocsp/ocsp.h"

/* ocsp_exchange returns what answers requests of OCSP by |ocsp|, which has to outlive the front. */
struct front_exchange ocsp_exchange(struct ocsp_service *ocsp);

#endif
