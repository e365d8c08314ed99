/* confirmation.h: CertConfirmContent (RFC 9810 5.3.18). */
#ifndef CMPD_PKI_CONFIRMATION_H
#define CMPD_PKI_CONFIRMATION_H

#include "server/base/bounds.h"
#include "server/pki/status.h"

struct cert_status {
    struct bytes cert_hash;
    int64_t cert_req_id;
    int has_status;
    struct pki_status_info status;
    struct bytes hash_alg; /* AlgorithmIdentifier, or empty */
};

/* pki_decode_cert_conf reads CertConfirmContent (RFC 9810 5.3.18): up to BOUND_SEVERAL entries. */
int pki_decode_cert_conf(struct cert_status *out, size_t *count, struct bytes body);

/* pki_encode_cert_conf writes CertConfirmContent with one entry. */
int pki_encode_cert_conf(struct bytes *out, struct arena *arena, const struct cert_status *status);

#endif
