/* algorithms.h: every algorithm the server knows, one row each. Nobody else switches on an algorithm. */
#ifndef CMPD_CRYPTO_ALGORITHMS_H
#define CMPD_CRYPTO_ALGORITHMS_H

#include "crypto/der.h"

enum digest_id {
    DIGEST_NONE,
    DIGEST_SHA1, /* PasswordBasedMac only, where a profile allows it */
    DIGEST_SHA224,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_COUNT
};

enum { DIGEST_MAX = 64 }; /* octets of the longest digest */

struct digest_algorithm {
    enum digest_id id;
    const char *name;
    struct bytes oid;
    size_t len;        /* octets */
    unsigned block_ns; /* price of one compression */
};

/* digest_algorithm returns the row of |id|, or NULL for DIGEST_NONE. */
const struct digest_algorithm *digest_algorithm(enum digest_id id);

/* digest_parse reads an AlgorithmIdentifier of a digest, parameters absent or NULL; returns its row, or NULL.
 */
const struct digest_algorithm *digest_parse(CBS *cbs);

/* digest_compute writes the digest of |data| into |out| (DIGEST_MAX octets) and returns its length; 0 on
 * failure. */
size_t digest_compute(uint8_t *out, enum digest_id id, struct bytes data);

/* key_kind tells which keys a key belongs with: the curve of an EC key is part of it. */
enum key_kind { KEY_NONE, KEY_P256, KEY_P384, KEY_P521, KEY_RSA, KEY_ED25519, KEY_KIND_COUNT };

struct key_algorithm {
    enum key_kind kind;
    const char *name;      /* as in the configuration: "P-256" */
    struct bytes oid;      /* of SubjectPublicKeyInfo.algorithm */
    struct bytes curve;    /* its namedCurve, or empty */
    enum digest_id digest; /* that goes with signing by such a key */
    unsigned strength;     /* bits, NIST SP 800-57 table 2; of RSA, for 2048 bits */
    unsigned verify_us;    /* price of one verification; of RSA, for 2048 bits */
};

/* key_algorithm returns the row of |kind|, or NULL for KEY_NONE. */
const struct key_algorithm *key_algorithm(enum key_kind kind);

/* key_algorithm_named returns the row whose name is |name|, or NULL. */
const struct key_algorithm *key_algorithm_named(const char *name);

/* key_algorithm_parse reads the AlgorithmIdentifier of a SubjectPublicKeyInfo; returns its row, or NULL. */
const struct key_algorithm *key_algorithm_parse(CBS *cbs);

enum signature_family { FAMILY_ECDSA, FAMILY_RSA_PKCS1, FAMILY_RSA_PSS, FAMILY_ED25519 };

struct signature_algorithm {
    const char *name;
    struct bytes oid;
    struct bytes encoded; /* the whole AlgorithmIdentifier, as we write it */
    enum signature_family family;
    enum digest_id digest;    /* signed over; DIGEST_NONE where the algorithm takes the message itself */
    enum digest_id cert_hash; /* for certHash of a certificate signed so (RFC 9810 5.3.18, RFC 9481 3.3) */
};

/* signature_parse reads an AlgorithmIdentifier (RFC 9481 section 3, RFC 4055, RFC 5758, RFC 8410), parameters
 * checked; returns its row, or NULL if it is none that is supported. */
const struct signature_algorithm *signature_parse(CBS *cbs);

/* signature_fits returns 1 if a key of |kind| can make signatures of |algorithm|. */
int signature_fits(const struct signature_algorithm *algorithm, enum key_kind kind);

/* signature_verify_us prices one verification where the key is not known yet: by the dearest kind of key that
 * goes with |algorithm| and its digest. */
unsigned signature_verify_us(const struct signature_algorithm *algorithm);

/* signature_for_key returns the algorithm that we sign with by a key of |kind|. */
const struct signature_algorithm *signature_for_key(enum key_kind kind);

/* hmac_parse reads an AlgorithmIdentifier of an HMAC (RFC 9481 6.2, both OIDs of HMAC-SHA1); DIGEST_NONE if
 * none. */
enum digest_id hmac_parse(CBS *cbs);

#endif
