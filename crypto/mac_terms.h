/* mac_terms.h: what MACs are put together from, a row each. */
#ifndef CMPD_CRYPTO_MAC_TERMS_H
#define CMPD_CRYPTO_MAC_TERMS_H

#include "crypto/algorithms.h"

enum mac_scheme {
    MAC_NONE,
    MAC_PBM,    /* PasswordBasedMac, RFC 9810 5.1.3.1, RFC 4211 4.4 */
    MAC_PBMAC1, /* RFC 9481 6.1.2, RFC 8018 7.1: PBKDF2, and HMAC or AES-GMAC */
    MAC_HMAC    /* RFC 9481 6.2.1: HMAC whose key is the secret itself */
};

/* struct mac_term is a part of a MAC by its name: a scheme, an HMAC, or an AES-GMAC. */
struct mac_term {
    const char *name; /* "PBMAC1", "hmacWithSHA256" */
    struct bytes oid; /* empty: MAC_HMAC has none but that of its HMAC */
    enum mac_scheme scheme;
    enum digest_id digest; /* of an HMAC */
    size_t gmac_key;       /* octets of the key of an AES-GMAC */
    unsigned strength;     /* bits of security (RFC 9481 section 7, table 2); 0: a scheme's are its parts' */
    int by_choice;         /* 1: no policy has it unless it names it */
};

/* mac_term returns row |i| of the table, or NULL after the last. HMAC-SHA1 has no row: a tolerance takes it.
 */
const struct mac_term *mac_term(size_t i);

/* mac_term_with returns the row whose OID has the content octets |oid|, or NULL. */
const struct mac_term *mac_term_with(struct bytes oid);

/* mac_term_of_scheme and mac_term_of_hmac return the row of a scheme, of the HMAC over |digest|; or NULL. */
const struct mac_term *mac_term_of_scheme(enum mac_scheme scheme);
const struct mac_term *mac_term_of_hmac(enum digest_id digest);

/* mac_term_number returns which row |term| is. */
size_t mac_term_number(const struct mac_term *term);

/* hmac_parse reads an AlgorithmIdentifier of an HMAC (RFC 9481 6.2.1, RFC 9688 section 4, both OIDs of
 * HMAC-SHA1); DIGEST_NONE if none. */
enum digest_id hmac_parse(CBS *cbs);

/* hmac_encode writes one, without parameters. 1, or 0 without memory. */
int hmac_encode(CBB *out, enum digest_id digest);

#endif
