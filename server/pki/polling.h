/* polling.h: PollReqContent and PollRepContent (RFC 9810 5.3.22). */
#ifndef CMPD_PKI_POLLING_H
#define CMPD_PKI_POLLING_H

#include "crypto/der.h"

enum { PKI_POLL_WHOLE = -1 }; /* certReqId that stands for the whole response */

/* pki_decode_poll_req reads PollReqContent, the content of a body: one certReqId or more, of which the first
 * is written to |*cert_req_id|, and how many there are to |*count|. 1 or 0. */
int pki_decode_poll_req(int64_t *cert_req_id, size_t *count, struct bytes body);

/* pki_encode_poll_req writes PollReqContent with one certReqId (for clients). */
int pki_encode_poll_req(struct bytes *out, struct arena *arena, int64_t cert_req_id);

/* pki_encode_poll_rep writes PollRepContent with one entry: to ask again after |check_after| seconds, and
 * why; an empty |reason| is left out. */
int pki_encode_poll_rep(struct bytes *out, struct arena *arena, int64_t cert_req_id, int64_t check_after,
                        struct bytes reason);

/* pki_decode_poll_rep reads PollRepContent with one entry (for clients); the reason is not looked at. 1 or 0.
 */
int pki_decode_poll_rep(int64_t *cert_req_id, int64_t *check_after, struct bytes body);

#endif
