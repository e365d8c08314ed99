/* status.h: what those ask who rely on certificates: whether one is revoked, by OCSP (RFC 6960) or by a CRL.
 */
#ifndef CMPD_BENCH_STATUS_H
#define CMPD_BENCH_STATUS_H

#include "bench/check.h"

/* RFC 9654 2.1: clients "MUST use a length of at least 32 octets". */
enum { STATUS_NONCE = 32 };

/* status_request_make writes the OCSPRequest of |request|, whose scenario is set, about the certificate
 * |serial| (content of an INTEGER) of the setup's CA into |arena|. 1 or 0. */
int status_request_make(struct request *request, struct arena *arena, const struct setup *setup,
                        struct bytes serial);

/* status_check judges |reply|, the answer to |request|, which is one of OCSP or of a CRL: it speaks now, of
 * what was asked for, and a certificate is good. With |deep| its signatures become items of |check|, whose
 * views point into |reply|. */
enum bench_error status_check(struct check *check, const struct setup *setup, const struct request *request,
                              struct bytes reply, int deep);

#endif
