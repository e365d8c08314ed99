/* kinds.h: what kinds of keys, digests and signatures there are: the words in which the facade and its
 * engines speak with each other. */
#ifndef CMPD_CRYPTO_KINDS_H
#define CMPD_CRYPTO_KINDS_H

enum digest_id {
    DIGEST_NONE,
    DIGEST_SHA1, /* where a profile tolerates it, and in key identifiers */
    DIGEST_SHA224,
    DIGEST_SHA256,
    DIGEST_SHA384,
    DIGEST_SHA512,
    DIGEST_SHA3_224,
    DIGEST_SHA3_256,
    DIGEST_SHA3_384,
    DIGEST_SHA3_512,
    DIGEST_SHAKE128, /* 256 bits of it (RFC 9481 2.2) */
    DIGEST_SHAKE256, /* 512 bits of it */
    DIGEST_COUNT
};

enum { DIGEST_MAX = 64 }; /* octets of the longest digest */

/* key_kind tells which keys a key belongs with: the curve of an EC key is part of it. */
enum key_kind { KEY_NONE, KEY_P256, KEY_P384, KEY_P521, KEY_RSA, KEY_ED25519, KEY_KIND_COUNT };

enum signature_family { FAMILY_ECDSA, FAMILY_RSA_PKCS1, FAMILY_RSA_PSS, FAMILY_ED25519 };

/* engine_id names what computes signatures. */
enum engine_id { ENGINE_BORINGSSL, ENGINE_AWS_LC, ENGINE_CRYPTO_MB, ENGINE_COUNT };

/* Octets: what is longer is no signature of any kind. Nobody makes room for so many: how many one can have is
 * its key's to say (private_key_signature_max). */
enum { SIGNATURE_MAX = 64 * 1024 };

#endif
