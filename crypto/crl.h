/* crl.h: certificate revocation lists, written entry by entry and read as a whole (RFC 5280 section 5).
 *
 * A list may be as long as there are certificates: it is not for an arena. */
#ifndef CMPD_CRYPTO_CRL_H
#define CMPD_CRYPTO_CRL_H

#include "crypto/batch.h"

/* CRLReason (RFC 5280 5.3.1) of those that are no plain revocation. */
enum { CRL_REASON_UNSPECIFIED = 0, CRL_REASON_HOLD = 6, CRL_REASON_REMOVE = 8 };

struct crl_entry {
    struct bytes serial;   /* unsigned big-endian */
    int64_t revoked_at;    /* Unix seconds */
    int reason;            /* CRLReason; unspecified is left out, as RFC 5280 5.3.1 wants it */
    int64_t invalidity_at; /* invalidityDate in Unix seconds; 0: left out */
    /* Read, and never written: */
    struct bytes certificate_issuer; /* content of the extension: GeneralNames; or empty (RFC 5280 5.3.3) */
    struct bytes unknown_critical;   /* OID of a critical extension that is not read here, or empty */
};

/* struct crl_plan says what stands around the entries. */
struct crl_plan {
    const struct signature_algorithm *algorithm;
    const struct private_key *key;    /* signs; a key in a token is waited for */
    struct bytes issuer;              /* DER of the name */
    struct bytes issuer_key_id;       /* for authorityKeyIdentifier; empty: left out */
    int64_t this_update, next_update; /* Unix seconds */
    int64_t number;                   /* cRLNumber, above 0 */
    int64_t base_number;              /* of a delta: BaseCRLNumber (RFC 5280 5.2.4); 0: it is complete */
    struct bytes issuing_point;       /* issuingDistributionPoint by crl_write_point; empty: left out */
};

/* crl_next_entry writes the next entry into |out|. Returns 1, or 0 after the last. What |out| refers to has
 * to last until the next call. */
typedef int crl_next_entry(void *arg, struct crl_entry *out);

/* crl_write writes the CRL of |plan| with all entries that |next| gives, |most| at most, in its order, and
 * signs it. Serials have 32 octets at most. Returns 1 with |der| to be freed by free, or 0 if there is no
 * memory, the key does not sign, or a time has no form. */
int crl_write(struct bytes *der, const struct crl_plan *plan, size_t most, crl_next_entry *next, void *arg);

/* crl_write_point writes the issuingDistributionPoint of a CRL that is at any of |count| |urls| (RFC 5280
 * 5.2.5) into |arena|. Returns 1, or 0 without memory. */
int crl_write_point(struct bytes *out, struct arena *arena, const struct bytes *urls, size_t count);

/* struct crl is a parsed CRL: views into its DER, which must outlive it. */
struct crl {
    struct bytes der;
    struct bytes tbs;
    const struct signature_algorithm *algorithm; /* NULL if not supported: then no signature verifies */
    struct bytes signature;
    struct bytes issuer;              /* DER of the name */
    int64_t this_update, next_update; /* Unix seconds; next_update 0: there is none */
    struct bytes entries;             /* one after the other, or empty */
    struct bytes issuer_key_id;       /* authorityKeyIdentifier.keyIdentifier, or empty */
    int64_t number;                   /* cRLNumber; -1: there is none, or none that 63 bits hold */
    int is_delta;                     /* 1: deltaCRLIndicator is there */
    int64_t base_number;              /* its BaseCRLNumber; -1 as above */
    struct bytes issuing_point;       /* DER of issuingDistributionPoint, see crypto/crl_scope.h; or empty */
    struct bytes freshest;            /* DER of freshestCRL (RFC 5280 5.2.6): where deltas are; or empty */
    struct bytes unknown_critical;    /* OID of a critical extension that is not read here, or empty */
};

/* crl_parse reads the CRL that |der| holds, all of it. Entries are not looked at. Returns 1, or 0 if it is
 * malformed, or has an extension twice. */
int crl_parse(struct crl *out, struct bytes der);

/* crl_is_signed_by returns 1 if |crl| verifies by the key |spki|, 0 if not, or if a part of it is not
 * supported. Whose key that is, and whether it may sign CRLs, is for who asks. */
int crl_is_signed_by(const struct crl *crl, struct bytes spki);

/* crl_read_entry reads the next of |entries|, which it leaves behind that, into |out|. Returns 1, or 0 if
 * there is none or it is malformed: then |entries| is not empty. */
int crl_read_entry(CBS *entries, struct crl_entry *out);

#endif
