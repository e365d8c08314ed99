/* persona.h: how clients of the field behave, one row each. */
#ifndef CMPD_BENCH_PERSONA_H
#define CMPD_BENCH_PERSONA_H

#include "bench/scenario.h"
#include "crypto/kinds.h"

enum protection { PROTECTION_SIGNATURE, PROTECTION_PBM, PROTECTION_PBMAC1 };

/* The sender that an answer must have for the client to take it. */
enum persona_sender {
    PERSONA_SENDER_SIGNER,    /* RFC 9483 3.1: who protects it */
    PERSONA_SENDER_RECIPIENT, /* also the name to which the request was addressed, the CA's, by RFC 5280 7.1
                               */
    PERSONA_SENDER_RDNS,      /* likewise, its RDNs in whatever order */
};

/* What a client does that heard no answer. */
enum persona_retry {
    PERSONA_RETRY_NEW,  /* it begins again: another transactionID */
    PERSONA_RETRY_SAME, /* it sends the request again, octet by octet */
    PERSONA_RETRY_POLL, /* it sends a pollReq, though nobody has told it to wait (RFC 9810 5.3.22) */
};

/* struct persona says what a client does otherwise than the rest of bench/: zero is what RFC 9483 has a
 * client do, or what options say, for whatever is not known of it. */
struct persona {
    const char *name;   /* the option's word; NULL: nobody in particular */
    const char *client; /* who it is */
    enum scenario enrolls, renews;
    enum protection protection; /* of what enrolls; what renews is signed in any case */
    enum digest_id owf, mac;    /* of MACs; DIGEST_NONE: SHA-256 */
    unsigned mac_iterations;    /* 0: as options say */
    enum key_kind key;          /* of all its keys; KEY_NONE: as options say */
    int signs_sha1;             /* 1: with RSA keys it signs messages and proofs of possession with SHA-1 */
    int null_sender;            /* 1: sender is the NULL-DN where a MAC protects */
    int keeps_key;              /* 1: a kur asks for the key that is certified already */
    int asks_address;           /* 1: CertTemplate has a subjectAltName with one iPAddress */
    int asks_usages;            /* 1: CertTemplate has keyUsage, extendedKeyUsage and a validity */
    int enrolls_others; /* 1: with what it has enrolled it enrolls for others (accept.agents of a profile) */
    int revokes;        /* 1: it revokes what it has, in the end */
    enum persona_sender sender;
    int takes_signed; /* 1: takes a signed answer to a MAC */
    enum persona_retry retry;
    int http10;       /* 1: HTTP/1.0 */
    const char *path; /* for a URL that has none; NULL: it has to have one */
    size_t url_max;   /* octets of its URL, which must be http: then; 0: any */
};

/* persona_named returns the row whose name is |name|, or NULL. */
const struct persona *persona_named(const char *name);

/* persona_at returns the |index|-th row, or NULL behind the last. */
const struct persona *persona_at(size_t index);

#endif
