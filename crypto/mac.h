/* mac.h: message authentication codes made from a shared secret. */
#ifndef CMPD_CRYPTO_MAC_H
#define CMPD_CRYPTO_MAC_H

#include "crypto/algorithms.h"

enum mac_scheme {
    MAC_NONE,
    MAC_PBM,   /* PasswordBasedMac, RFC 9810 5.1.3.1, RFC 4211 4.4 */
    MAC_PBMAC1 /* RFC 9481 6.1.2, RFC 8018 7.1: PBKDF2 and HMAC */
};

enum { MAC_KEY_MAX = 64 }; /* octets of the longest derived key that is read */

struct mac_algorithm {
    enum mac_scheme scheme;
    struct bytes encoded; /* the AlgorithmIdentifier as received: an answer repeats it */
    struct bytes salt;
    enum digest_id owf; /* that stretches the secret: the one-way function, of PBMAC1 the HMAC of PBKDF2 */
    enum digest_id mac; /* HMAC over this digest */
    uint32_t iterations;
    size_t key_len; /* octets of the derived key, 1 to MAC_KEY_MAX */
};

/* mac_parse reads an AlgorithmIdentifier. Returns 1, or 0 if it is no MAC that is supported; views point into
 * |cbs|'s octets. Bounds on iterations, salt and key are the caller's: they are a profile's. */
int mac_parse(struct mac_algorithm *out, CBS *cbs);

/* mac_is_mac returns 1 if the AlgorithmIdentifier |encoded| names a MAC scheme, supported parameters or not.
 */
int mac_is_mac(struct bytes encoded);

/* struct mac_key is a secret stretched by a MAC's parameters: derived once for a request and its answer.
 * Wiped by its owner. */
struct mac_key {
    uint8_t octets[MAC_KEY_MAX];
    size_t len;
};

/* mac_derive stretches |secret|: the expensive part, mac_price_us tells how expensive. 1, or 0 on failure. */
int mac_derive(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret);

/* mac_apply writes the MAC of |message| into |out| (DIGEST_MAX octets) and returns its length, or 0 on
 * failure. */
size_t mac_apply(uint8_t *out, const struct mac_algorithm *algorithm, const struct mac_key *key,
                 struct bytes message);

/* mac_price_us returns what one mac_derive costs, in microseconds. */
uint64_t mac_price_us(const struct mac_algorithm *algorithm);

/* mac_pbm_encode writes the AlgorithmIdentifier of PasswordBasedMac with these parameters (for clients). */
int mac_pbm_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id owf,
                   enum digest_id mac, uint32_t iterations);

/* mac_pbmac1_encode writes that of PBMAC1 (for clients); |key_len| 0 leaves keyLength out. */
int mac_pbmac1_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id prf,
                      enum digest_id mac, uint32_t iterations, size_t key_len);

#endif
