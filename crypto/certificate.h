/* certificate.h: X.509 certificates read and built (RFC 5280). */
#ifndef CMPD_CRYPTO_CERTIFICATE_H
#define CMPD_CRYPTO_CERTIFICATE_H

#include "crypto/batch.h"
#include "crypto/extension_names.h"
#include "crypto/name_match.h"

/* Bits of the keyUsage extension (RFC 5280 4.2.1.3). */
enum {
    KEY_USAGE_DIGITAL_SIGNATURE = 1 << 0,
    KEY_USAGE_NON_REPUDIATION = 1 << 1,
    KEY_USAGE_KEY_ENCIPHERMENT = 1 << 2,
    KEY_USAGE_DATA_ENCIPHERMENT = 1 << 3,
    KEY_USAGE_KEY_AGREEMENT = 1 << 4,
    KEY_USAGE_KEY_CERT_SIGN = 1 << 5,
    KEY_USAGE_CRL_SIGN = 1 << 6,
    KEY_USAGE_ENCIPHER_ONLY = 1 << 7,
    KEY_USAGE_DECIPHER_ONLY = 1 << 8,
};

/* key_usage_named returns the bit of |name| ("digitalSignature"), or 0. */
unsigned key_usage_named(const char *name);

/* struct certificate is a parsed certificate: views into its DER, which must outlive it. */
struct certificate {
    struct bytes der;
    struct bytes tbs;                            /* TBSCertificate, the octets that are signed */
    const struct signature_algorithm *algorithm; /* NULL if not supported: then no signature verifies */
    struct bytes signature;
    struct bytes serial;             /* content octets of the INTEGER */
    struct bytes issuer;             /* DER of the name */
    struct bytes subject;            /* DER of the name */
    int64_t not_before, not_after;   /* Unix seconds */
    struct bytes spki;               /* DER of SubjectPublicKeyInfo */
    struct bytes key_id;             /* subjectKeyIdentifier, or empty */
    struct bytes issuer_key_id;      /* authorityKeyIdentifier.keyIdentifier, or empty */
    struct bytes san;                /* content of the subjectAltName extension: GeneralNames, or empty */
    struct bytes extensions;         /* one after the other, or empty */
    struct bytes extended_key_usage; /* content of the extension: SEQUENCE OF OID, or empty */
    struct bytes crl_points;         /* content of cRLDistributionPoints (crypto/crl_scope.h), or empty */
    /* Contents of what a path is held against (crypto/policies.h, crypto/name_constraints.h), or empty. */
    struct bytes policies, policy_mappings, policy_constraints, inhibit_any_policy, name_constraints;
    int policies_critical;
    int is_ca;        /* basicConstraints.cA */
    int64_t path_len; /* pathLenConstraint, or -1 */
    int has_key_usage;
    unsigned key_usage;                            /* KEY_USAGE_… */
    struct name_cache issuer_cache, subject_cache; /* for who compares them */
    struct bytes
        unknown_critical; /* OID of a critical extension that this server does not process, or empty */
};

/* certificate_parse reads the certificate that |der| holds, all of it. Returns 1, or 0 if it is malformed. */
int certificate_parse(struct certificate *out, struct bytes der);

/* certificate_self_issued returns 1 if issuer and subject are the same name. */
int certificate_self_issued(struct certificate *cert);

/* certificate_self_signed returns 1 if it also names no other key than its own as its issuer's. RFC 5280
 * 4.2.1.1: only there authorityKeyIdentifier may be omitted. Its signature is not looked at. */
int certificate_self_signed(struct certificate *cert);

/* certificate_is_signed_by returns 1 if |cert| names the subject of |issuer| as its issuer, and the key of
 * |issuer| has signed it. It verifies, at once: not for the hot path. */
int certificate_is_signed_by(const struct certificate *cert, const struct certificate *issuer);

/* certificate_has_extension returns 1 if |cert| has the extension |oid| (content octets) with the content
 * |value|. */
int certificate_has_extension(const struct certificate *cert, struct bytes oid, struct bytes value);

/* certificate_ocsp_url returns the first URL of id-ad-ocsp in authorityInfoAccess (RFC 5280 4.2.2.1), or
 * nothing. */
struct bytes certificate_ocsp_url(const struct certificate *cert);

/* certificate_has_purpose returns 1 if extendedKeyUsage is absent, or holds |oid| (content octets). */
int certificate_has_purpose(const struct certificate *cert, struct bytes oid);

/* struct certificate_extension is one extension by itself. */
struct certificate_extension {
    struct bytes oid; /* content octets */
    int critical;
    struct bytes value; /* content of its OCTET STRING */
};

/* struct certificate_urls says where to find what goes with an issuer's certificates. */
struct certificate_urls {
    const char *const *crl;
    size_t crl_count;
    const char *const *delta_crl;
    size_t delta_crl_count;
    const char *const *ocsp;
    size_t ocsp_count;
    const char *const *issuer; /* its own certificate */
    size_t issuer_count;
    int no_rev_avail; /* 1: noRevAvail (RFC 9608): nowhere; then the first three lists are empty */
};

/* certificate_prepare_urls writes cRLDistributionPoints, freshestCRL, authorityInfoAccess (RFC 5280
 * 4.2.1.13, 4.2.1.15, 4.2.2.1) and noRevAvail (RFC 9608) of |urls| into |arena|, once for many certificates;
 * without URLs there is no extension, and |out| is empty. Returns 1 or 0. */
int certificate_prepare_urls(struct bytes *out, struct arena *arena, const struct certificate_urls *urls);

/* What is marked critical, a bit of each enum extension, as long as a plan does not say otherwise. */
enum {
    CERTIFICATE_CRITICAL = 1 << EXTENSION_BASIC_CONSTRAINTS | 1 << EXTENSION_KEY_USAGE,
};

/* struct certificate_plan says what a certificate is to contain. Empty views and zero counts leave the
 * matching extension out. */
struct certificate_plan {
    struct bytes serial; /* unsigned big-endian */
    const struct signature_algorithm *algorithm;
    struct bytes issuer;  /* DER of the name */
    struct bytes subject; /* DER of the name */
    int64_t not_before, not_after;
    struct bytes spki;          /* DER */
    int key_id_is_sha256;       /* subjectKeyIdentifier by spki_key_id: 1 by SHA-256, 0 by SHA-1 */
    struct bytes issuer_key_id; /* for authorityKeyIdentifier */
    unsigned criticality; /* bit of those that are marked otherwise than by CERTIFICATE_CRITICAL; there may be
                           * basicConstraints, keyUsage, extendedKeyUsage and subjectAltName */
    int is_ca;            /* 1: basicConstraints with cA */
    int64_t path_len;     /* with is_ca: -1 for none */
    unsigned key_usage;
    const struct bytes *extended_key_usage; /* content octets of OIDs */
    size_t extended_key_usage_count;
    struct bytes san;  /* DER of GeneralNames; critical when the subject is empty (RFC 5280 4.2.1.6) */
    struct bytes urls; /* what certificate_prepare_urls wrote */
    const struct certificate_extension *others; /* added as they are; none of the above */
    size_t other_count;
};

/* certificate_build writes the TBSCertificate of |plan| into |arena|. Returns 1 or 0. */
int certificate_build(struct bytes *tbs, struct arena *arena, const struct certificate_plan *plan);

/* certificate_assemble joins |tbs| and |signature| into a certificate. Returns 1 or 0. */
int certificate_assemble(struct bytes *der, struct arena *arena, struct bytes tbs,
                         const struct signature_algorithm *algorithm, struct bytes signature);

/* struct certificate_tbs is a TBSCertificate, taken apart; views of it. */
struct certificate_tbs {
    struct bytes version, algorithm, issuer, subject, spki; /* whole elements */
    struct bytes rest;                                      /* from the public key on, extensions and all */
    int64_t not_before, not_after;
};

/* certificate_read_tbs (certificate_reissue.c) takes |tbs| apart, which has a version. 1, or 0. */
int certificate_read_tbs(struct certificate_tbs *out, struct bytes tbs);

/* certificate_reissue writes |tbs| with another serial and validity, and all else octet for octet. 1, or 0
 * without memory. */
int certificate_reissue(struct bytes *out, struct arena *arena, const struct certificate_tbs *tbs,
                        struct bytes serial, int64_t not_before, int64_t not_after);

/* certificate_rekey puts the key |spki| into |tbs|, and its identifier into subjectKeyIdentifier, if there is
 * one: by the digest that the one before was made with, or by SHA-1 (RFC 5280 4.2.1.2). What it makes is in
 * |arena|. 1, or 0: |tbs| is malformed, or there is no memory. */
int certificate_rekey(struct certificate_tbs *tbs, struct arena *arena, struct bytes spki);

/* certificate_twin (certificate_twin.c) writes the only other certificate that says the same under a
 * signature that anybody can make of |cert|'s, which is right by the key in |issuer_spki|: who is looked for
 * by the hash of a certificate must be looked for by that of its twin. Empty: it has none, for its signature
 * is none of ECDSA. 1, or 0 without memory. */
int certificate_twin(struct bytes *der, struct arena *arena, const struct certificate *cert,
                     struct bytes issuer_spki);

/* spki_key_id writes the first 20 octets of |digest| over the key in |spki| into |out|: by SHA-1 (RFC
 * 5280 4.2.1.2 (1)), or by SHA-256 (RFC 7093 section 2, method 1). 1 or 0. */
int spki_key_id(uint8_t out[20], enum digest_id digest, struct bytes spki);

#endif
