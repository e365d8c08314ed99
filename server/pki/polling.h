/* polling.h: PollReqContent (RFC 9810 5.3.22). */
#ifndef CMPD_PKI_POLLING_H
#define CMPD_PKI_POLLING_H

#include "crypto/der.h"

/* pki_decode_poll_req reads PollReqContent, the content of a body: one certReqId or more, which are not
 * looked at. 1 or 0. */
int pki_decode_poll_req(struct bytes body);

/* pki_encode_poll_req writes PollReqContent with one certReqId (for clients). */
int pki_encode_poll_req(struct bytes *out, struct arena *arena, int64_t cert_req_id);

#endif
