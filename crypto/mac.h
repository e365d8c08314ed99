/* mac.h: message authentication codes made from a shared secret. */
#ifndef CMPD_CRYPTO_MAC_H
#define CMPD_CRYPTO_MAC_H

#include "crypto/mac_terms.h"

enum {
    MAC_KEY_MAX = 64,   /* octets of the longest derived key that is read */
    MAC_KEY_ROOM = 144, /* octets of the longest key that HMAC takes as it is: a block of SHA3-224 */
    MAC_GMAC_NONCE = 12
};

struct mac_algorithm {
    enum mac_scheme scheme;
    struct bytes encoded; /* the AlgorithmIdentifier as received: an answer by HMAC repeats it */
    struct bytes salt;
    enum digest_id owf; /* that stretches the secret: the one-way function, of PBMAC1 the HMAC of PBKDF2 */
    enum digest_id mac; /* HMAC over this digest; DIGEST_NONE: AES-GMAC */
    struct bytes nonce; /* of AES-GMAC, MAC_GMAC_NONCE octets */
    uint32_t iterations;
    size_t key_len; /* octets of the derived key, 1 to MAC_KEY_MAX; 0: of MAC_HMAC, which derives none */
};

/* mac_parse reads an AlgorithmIdentifier. Returns 1, or 0 if it is no MAC that is supported; views point into
 * |cbs|'s octets. Bounds on iterations, salt and key are the caller's: they are a profile's. */
int mac_parse(struct mac_algorithm *out, CBS *cbs);

/* mac_is_mac returns 1 if the AlgorithmIdentifier |encoded| names a MAC, supported or not. */
int mac_is_mac(struct bytes encoded);

/* mac_fault (mac_fault.c) returns why mac_parse has refused |encoded|, a text for an operator that names the
 * algorithm and says what to do, in |arena|. */
const char *mac_fault(struct arena *arena, struct bytes encoded);

/* mac_terms returns the terms (crypto/mac_terms.h) that |algorithm| names, a bit (1 << row) for each: its
 * scheme, its MAC, and the HMAC of PBKDF2. */
uint32_t mac_terms(const struct mac_algorithm *algorithm);

/* mac_strength returns the bits of security of the weakest part of |algorithm| but SHA-1, which is for
 * tolerances to judge. The secret's are its owner's. */
unsigned mac_strength(const struct mac_algorithm *algorithm);

/* struct mac_key is a secret stretched by a MAC's parameters: derived once for a request and its answer.
 * Wiped by its owner. */
struct mac_key {
    uint8_t octets[MAC_KEY_ROOM];
    size_t len;
};

/* mac_derive stretches |secret|: the expensive part, mac_price_us tells how expensive. 1, or 0 on failure. */
int mac_derive(struct mac_key *key, const struct mac_algorithm *algorithm, struct bytes secret);

/* mac_apply writes the MAC of |message| into |out| (DIGEST_MAX octets) and returns its length, or 0 on
 * failure. */
size_t mac_apply(uint8_t *out, const struct mac_algorithm *algorithm, const struct mac_key *key,
                 struct bytes message);

/* mac_answer writes to |*out| what a message by the same key is protected with: |algorithm| itself, or for
 * AES-GMAC, whose nonce must never come again (RFC 9481 6.2.2), the same with the nonce |fresh|
 * (MAC_GMAC_NONCE octets, by chance). In |arena|. 1, or 0 without memory. */
int mac_answer(struct mac_algorithm *out, struct arena *arena, const struct mac_algorithm *algorithm,
               const uint8_t *fresh);

/* mac_price_us returns what one mac_derive costs, in microseconds. */
uint64_t mac_price_us(const struct mac_algorithm *algorithm);

/* mac_pbm_encode writes the AlgorithmIdentifier of PasswordBasedMac with these parameters (for clients). */
int mac_pbm_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id owf,
                   enum digest_id mac, uint32_t iterations);

/* mac_pbmac1_encode writes that of PBMAC1 (for clients); |key_len| 0 leaves keyLength out. */
int mac_pbmac1_encode(struct bytes *out, struct arena *arena, struct bytes salt, enum digest_id prf,
                      enum digest_id mac, uint32_t iterations, size_t key_len);

#endif
