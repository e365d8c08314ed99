/* response.h: CertRepMessage and ErrorMsgContent (RFC 9810 5.3.4 and 5.3.21). */
#ifndef CMPD_PKI_RESPONSE_H
#define CMPD_PKI_RESPONSE_H

#include "server/pki/status.h"

/* struct cert_response is one CertResponse. */
struct cert_response {
    int64_t cert_req_id;
    struct pki_status_info status;
    struct bytes certificate; /* empty: no certifiedKeyPair */
};

/* pki_encode_cert_rep writes CertRepMessage (RFC 9810 5.3.4) with one response; |ca_pubs| as given. */
int pki_encode_cert_rep(struct bytes *out, struct arena *arena, const struct bytes *ca_pubs,
                        size_t ca_pub_count, const struct cert_response *response);

/* pki_decode_cert_rep reads a CertRepMessage with one response. */
int pki_decode_cert_rep(struct cert_response *out, struct bytes body);

/* pki_decode_error reads ErrorMsgContent (RFC 9810 5.3.21). */
int pki_decode_error(struct pki_status_info *out, struct bytes body);

/* pki_encode_error writes ErrorMsgContent. */
int pki_encode_error(struct bytes *out, struct arena *arena, const struct pki_status_info *status);

#endif
