/* pem.h: certificates and revocation lists in files (RFC 7468). */
#ifndef CMPD_CRYPTO_PEM_H
#define CMPD_CRYPTO_PEM_H

#include "server/base/bytes.h"

/* pem_each_certificate calls |each| with the DER of every certificate in |pem|, in order, until it returns 0.
 * The view ends with the call. Returns how many were given; 0 if there is none, or if a block
 * is malformed. */
size_t pem_each_certificate(struct bytes pem, int (*each)(void *arg, struct bytes der), void *arg);

/* pem_first calls |each| with the label and the DER of the first block in |pem|; the views end with the call.
 * Returns what |each| returned, or 0 if there is no block, or a malformed one. */
int pem_first(struct bytes pem, int (*each)(void *arg, const char *label, struct bytes der), void *arg);

/* pem_certificate writes |der| as PEM into malloc'ed |*out| (NUL-terminated). Returns 1 or 0. */
int pem_certificate(char **out, size_t *out_len, struct bytes der);

/* pem_crl does the same for a revocation list. */
int pem_crl(char **out, size_t *out_len, struct bytes der);

/* pem_or_der_crl reads the first revocation list of |text|, which is PEM, or DER as it is, into malloc'ed
 * |*out|. Returns 1; 0 if there is none or it is malformed. It is not looked into. */
int pem_or_der_crl(uint8_t **out, size_t *out_len, struct bytes text);

#endif
