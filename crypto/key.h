/* key.h: public and private keys. */
#ifndef CMPD_CRYPTO_KEY_H
#define CMPD_CRYPTO_KEY_H

#include "crypto/algorithms.h"

struct public_key;
struct private_key;

/* public_key_parse reads a SubjectPublicKeyInfo: a supported algorithm, a point on its curve, an RSA modulus
 * of 1024 to 8192 bits with an odd exponent of at most 17 bits. Returns a key freed by public_key_free, or
 * NULL. */
struct public_key *public_key_parse(struct bytes spki);

/* spki_fault returns what is wrong with a SubjectPublicKeyInfo that public_key_parse refused, in |arena|:
 * "its point is compressed: …". */
const char *spki_fault(struct arena *arena, struct bytes spki);

/* public_key_free frees |key|. NULL is allowed. */
void public_key_free(struct public_key *key);

/* spki_verify_us prices one verification with the key in |spki| without parsing it; 0 if its algorithm is not
 * supported.
 */
unsigned spki_verify_us(struct bytes spki);

enum key_kind public_key_kind(const struct public_key *key);

/* public_key_bits returns the size of the modulus or of the curve's field. */
unsigned public_key_bits(const struct public_key *key);

/* public_key_signature_max returns how many octets a signature by the key can have. */
size_t public_key_signature_max(const struct public_key *key);

/* public_key_verify_us prices one verification with the key, in microseconds. */
unsigned public_key_verify_us(const struct public_key *key);

/* private_key_generate makes a key of |kind|; |rsa_bits| for RSA only. NULL on failure. */
struct private_key *private_key_generate(enum key_kind kind, unsigned rsa_bits);

/* private_key_from_pem reads an unencrypted PKCS #8, SEC 1 or PKCS #1 key in PEM; NULL if it is none that is
 * supported. */
struct private_key *private_key_from_pem(struct bytes pem);

/* private_key_is_encrypted returns 1 if the first private key in |pem| is an encrypted PKCS #8 one (RFC 5958
 * 3). private_key_from_encrypted_pem reads that, by |passphrase|: PBES2 of RFC 8018, or the older schemes of
 * PKCS #12, as far as BoringSSL has them. NULL if it is none, or if the passphrase does not open it. */
int private_key_is_encrypted(struct bytes pem);
struct private_key *private_key_from_encrypted_pem(struct bytes pem, struct bytes passphrase);

/* private_key_from_pkcs8 reads an unencrypted PKCS #8 key in DER; NULL likewise. */
struct private_key *private_key_from_pkcs8(struct bytes der);

/* private_key_to_pem writes PKCS #8 in PEM into malloc'ed |*out|, which the caller wipes and frees. 1, or 0:
 * also for a key that is remote. */
int private_key_to_pem(uint8_t **out, size_t *out_len, const struct private_key *key);

/* private_key_to_encrypted_pem writes it encrypted by |passphrase|: PBES2 with AES-256-CBC (RFC 8018). */
int private_key_to_encrypted_pem(uint8_t **out, size_t *out_len, const struct private_key *key,
                                 struct bytes passphrase);

/* private_key_free frees |key|. NULL is allowed. */
void private_key_free(struct private_key *key);

enum key_kind private_key_kind(const struct private_key *key);

/* private_key_signature_max returns how many octets a signature by |key| can have. */
size_t private_key_signature_max(const struct private_key *key);

/* private_key_is_remote returns 1 if |key| signs elsewhere (crypto/remote.h): signing with it takes its time.
 */
int private_key_is_remote(const struct private_key *key);

/* private_key_spki returns the SubjectPublicKeyInfo that belongs to |key|; it lives as long as |key|. */
struct bytes private_key_spki(const struct private_key *key);

#endif
