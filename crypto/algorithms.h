/* algorithms.h: every algorithm the server knows, one row each. Nobody else switches on an algorithm. */
#ifndef CMPD_CRYPTO_ALGORITHMS_H
#define CMPD_CRYPTO_ALGORITHMS_H

#include "crypto/der.h"
#include "crypto/kinds.h"

struct digest_algorithm {
    enum digest_id id;
    const char *name;
    struct bytes oid;
    size_t len;               /* octets */
    unsigned block_ns;        /* price of one compression */
    unsigned strength;        /* bits of security of what is signed over it (RFC 9481 section 7, table 1) */
    int without_parameters;   /* 1: they must be absent (RFC 8702 3.1, RFC 9688 section 2) */
    const struct hashing *by; /* what computes it */
};

/* digest_algorithm returns the row of |id|, or NULL for DIGEST_NONE. */
const struct digest_algorithm *digest_algorithm(enum digest_id id);

/* digest_parse reads an AlgorithmIdentifier of a digest, parameters checked: of SHA-1 and SHA-2 absent or
 * NULL, of SHA-3 and SHAKE absent; returns its row, or NULL. */
const struct digest_algorithm *digest_parse(CBS *cbs);

/* digest_compute writes the digest of |data| into |out| (DIGEST_MAX octets) and returns its length; 0 if |id|
 * is none. It cannot fail otherwise. */
size_t digest_compute(uint8_t *out, enum digest_id id, struct bytes data);

/* struct engine_price is what one call of an engine costs, however many of its lanes are used. */
struct engine_price {
    enum engine_id engine;
    unsigned verify_us, sign_us; /* 0: the engine has no such keys */
};

struct key_algorithm {
    enum key_kind kind;
    const char *name;                          /* as in the configuration: "P-256" */
    struct bytes oid;                          /* of SubjectPublicKeyInfo.algorithm */
    struct bytes curve;                        /* its namedCurve, or empty */
    unsigned strength;                         /* bits of security (RFC 9481 section 7); of RSA by its size */
    enum digest_id digest;                     /* that goes with signing by such a key */
    size_t signature_max;                      /* octets; 0: as many as the key's modulus */
    struct engine_price engines[ENGINE_COUNT]; /* in the order of preference; of RSA, for 2048 bits */
};

/* key_algorithm returns the row of |kind|, or NULL for KEY_NONE. */
const struct key_algorithm *key_algorithm(enum key_kind kind);

/* engine_price returns what |kind| costs with |engine|. */
const struct engine_price *engine_price(enum key_kind kind, enum engine_id engine);

/* key_algorithm_named returns the row whose name is |name|, or NULL. */
const struct key_algorithm *key_algorithm_named(const char *name);

/* key_strength returns the bits of security of a key of |kind|; |bits| is the size of RSA's modulus
 * (RFC 9481 section 7, table 1; NIST SP 800-57 part 1, table 2). */
unsigned key_strength(enum key_kind kind, unsigned bits);

/* key_algorithm_parse reads the AlgorithmIdentifier of a SubjectPublicKeyInfo; returns its row, or NULL. */
const struct key_algorithm *key_algorithm_parse(CBS *cbs);

struct signature_algorithm {
    const char *name;
    struct bytes oid;
    struct bytes encoded; /* the whole AlgorithmIdentifier, as we write it */
    enum signature_family family;
    enum digest_id digest;    /* signed over; DIGEST_NONE where the algorithm takes the message itself */
    enum digest_id cert_hash; /* for certHash of a certificate signed so (RFC 9810 5.3.18, RFC 9481 3.3) */
};

/* signature_parse reads an AlgorithmIdentifier (RFC 9481 section 3, RFC 4055, RFC 5758, RFC 8410, RFC 8692,
 * RFC 9688), parameters checked; returns its row, or NULL if it is none that is supported. */
const struct signature_algorithm *signature_parse(CBS *cbs);

/* signature_parse_lenient takes NULL, too, where parameters are to be absent (RFC 5758 3.2, RFC 8410 section
 * 3): some devices write it so. */
const struct signature_algorithm *signature_parse_lenient(CBS *cbs);

/* signature_parse_sha1 takes sha1WithRSAEncryption and ecdsa-with-SHA1 alone (RFC 3279 2.2), which nobody
 * else here takes or makes: some devices sign their messages so. */
const struct signature_algorithm *signature_parse_sha1(CBS *cbs);

/* signature_fault (algorithm_fault.c) returns why signature_parse has refused |algorithm|, a text for an
 * operator that names it and says what to do, in |arena|. */
const char *signature_fault(struct arena *arena, struct bytes algorithm);

/* signature_with_oid returns the first row whose OID has the content octets |oid|, whatever its parameters;
 * or NULL. */
const struct signature_algorithm *signature_with_oid(struct bytes oid);

/* signature_named returns the row whose name is |name|, or NULL. */
const struct signature_algorithm *signature_named(const char *name);

/* signature_row returns row |i| of the table, or NULL after the last: none is over SHA-1. signature_number
 * returns which row |algorithm| is; one that stands in no table of rows is as many as there are. */
const struct signature_algorithm *signature_row(size_t i);
size_t signature_number(const struct signature_algorithm *algorithm);

/* signature_strength returns the bits of security of |algorithm| with the strongest of keys. */
unsigned signature_strength(const struct signature_algorithm *algorithm);

/* signature_fits returns 1 if a key of |kind| can make signatures of |algorithm|. */
int signature_fits(const struct signature_algorithm *algorithm, enum key_kind kind);

/* signature_for_key returns the algorithm that we sign with by a key of |kind|. */
const struct signature_algorithm *signature_for_key(enum key_kind kind);

#endif
