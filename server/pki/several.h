/* several.h: bodies that hold several of a kind, taken apart into bodies that hold one each, and put together
 * again. */
#ifndef CMPD_PKI_SEVERAL_H
#define CMPD_PKI_SEVERAL_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

/* pki_split writes a body with one element for each one of |body|, a SEQUENCE OF SEQUENCE, up to |max|:
 * CertReqMessages (RFC 4211 3), RevReqContent (RFC 9810 5.3.9), CertConfirmContent (RFC 9810 5.3.18).
 * |*count| is how many there are, which may be more. 1, or 0: it is none such, or there is no memory. */
int pki_split(struct bytes *out, size_t *count, size_t max, struct arena *arena, struct bytes body);

/* pki_split_cert_rep does that to CertRepMessage (RFC 9810 5.3.4); caPubs are left out. */
int pki_split_cert_rep(struct bytes *out, size_t *count, size_t max, struct arena *arena, struct bytes body);

/* pki_join_cert_reps makes one CertRepMessage of the |n| |bodies|, in their order; caPubs are those of the
 * first that has some. 1, or 0: one of them is none, or there is no memory. */
int pki_join_cert_reps(struct bytes *out, struct arena *arena, const struct bytes *bodies, size_t n);

/* pki_join_rev_reps makes one RevRepContent (RFC 9810 5.3.10) of those with a status alone, likewise. */
int pki_join_rev_reps(struct bytes *out, struct arena *arena, const struct bytes *bodies, size_t n);

#endif
