/* revocation.h: what asks for a revocation and what answers it (RFC 9810 5.3.9 and 5.3.10). */
#ifndef CMPD_PKI_REVOCATION_H
#define CMPD_PKI_REVOCATION_H

#include "server/pki/request.h"
#include "server/pki/status.h"

/* struct rev_details asks for one certificate to be revoked (RFC 9810 5.3.9). */
struct rev_details {
    struct cert_template cert_details;
    int has_reason;       /* crlEntryDetails has a reasonCode (RFC 5280 5.3.1) */
    int64_t reason;       /* CRLReason */
    int unknown_critical; /* another extension there is critical */
};

/* pki_decode_rev_req reads RevReqContent into |out|, the first of its RevDetails, and |*count|, how many
 * there are. 1, or 0 with |*why| set. */
int pki_decode_rev_req(struct rev_details *out, size_t *count, struct arena *arena, const char **why,
                       struct bytes body);

/* pki_encode_rev_req writes RevReqContent for the certificate |serial| (content octets) of |issuer| (DER of
 * Name); |reason| -1 leaves crlEntryDetails out. */
int pki_encode_rev_req(struct bytes *out, struct arena *arena, struct bytes issuer, struct bytes serial,
                       int64_t reason);

/* pki_encode_rev_rep writes RevRepContent (RFC 9810 5.3.10) with one status. */
int pki_encode_rev_rep(struct bytes *out, struct arena *arena, const struct pki_status_info *status);

/* pki_decode_rev_rep reads a RevRepContent with one status. */
int pki_decode_rev_rep(struct pki_status_info *out, struct bytes body);

#endif
