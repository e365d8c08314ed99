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

/* struct status_memory has hashes of answers, and of responders' certificates, whose signatures were right:
 * the same octets are not verified again, so that those who ask for what is kept are not busy with that. Of
 * one thread; all zero at first. */
enum { STATUS_PLACES = 256 };
struct status_memory {
    uint8_t places[STATUS_PLACES][DIGEST_MAX];
};

/* status_check judges |reply|, the answer to |request|, which is one of OCSP or of a CRL: it speaks now, of
 * what was asked for, and a certificate is good. With |deep| its signatures become items of |check|, but for
 * those that |memory| knows. Views point into |reply|. After check_verdict, check_cleanup frees the rest. */
void status_check(struct check *check, const struct status_memory *memory, const struct setup *setup,
                  const struct request *request, struct bytes reply, int deep);

/* status_remember takes what |check|, whose verdict is BENCH_OK, has verified. */
void status_remember(struct status_memory *memory, const struct check *check);

#endif
