/* gmac.h: AES-GMAC (RFC 9044 section 4): AES-GCM of nothing, with the message beside it. */
#ifndef CMPD_CRYPTO_GMAC_H
#define CMPD_CRYPTO_GMAC_H

#include "server/base/bytes.h"

enum { GMAC_MAC = 16 }; /* octets: all of it, as RFC 9045 4.4 wants */

/* gmac writes the MAC of |message| into |out|, by a |key| of 16, 24 or 32 octets. One key must never see the
 * same |nonce| twice: whoever has both MACs forges others. 1, or 0 on failure. */
int gmac(uint8_t out[GMAC_MAC], struct bytes key, struct bytes nonce, struct bytes message);

#endif
