/* bundle.h: certificates in one file without a signature (RFC 5652 5.1, "certs-only"). */
#ifndef CMPD_CRYPTO_BUNDLE_H
#define CMPD_CRYPTO_BUNDLE_H

#include "server/base/arena.h"
#include "server/base/bytes.h"

/* bundle_certificates writes the |n| certificates |certs| (DER) as a degenerate SignedData into |arena|.
 * Returns 1, or 0 without memory. */
int bundle_certificates(struct bytes *out, struct arena *arena, const struct bytes *certs, size_t n);

#endif
