/* codec.h: PKIMessage between DER and C (RFC 9810 5.1). Knows syntax only: what is allowed is decided
 * elsewhere. Used by the server, by the bench tool's clients, and by tests. */
#ifndef CMPD_CMP_CODEC_H
#define CMPD_CMP_CODEC_H

#include "crypto/certificate.h"
#include "server/base/bounds.h"
#include "server/cmp/status.h"

/* Tags of PKIBody (RFC 9810 5.1.2). */
enum pki_body {
    PKI_IR = 0,
    PKI_IP = 1,
    PKI_CR = 2,
    PKI_CP = 3,
    PKI_P10CR = 4,
    PKI_POPDECC = 5,
    PKI_POPDECR = 6,
    PKI_KUR = 7,
    PKI_KUP = 8,
    PKI_KRR = 9,
    PKI_KRP = 10,
    PKI_RR = 11,
    PKI_RP = 12,
    PKI_CCR = 13,
    PKI_CCP = 14,
    PKI_CKUANN = 15,
    PKI_CANN = 16,
    PKI_RANN = 17,
    PKI_CRLANN = 18,
    PKI_PKICONF = 19,
    PKI_NESTED = 20,
    PKI_GENM = 21,
    PKI_GENP = 22,
    PKI_ERROR = 23,
    PKI_CERTCONF = 24,
    PKI_POLLREQ = 25,
    PKI_POLLREP = 26,
    PKI_BODY_COUNT = 27
};

/* pki_body_name returns "ir", "ip", …, or "?". */
const char *pki_body_name(int body);

enum { PKI_CMP2000 = 2, PKI_CMP2021 = 3 };

struct pki_header {
    int64_t pvno;
    struct bytes sender;      /* GeneralName, whole element */
    struct bytes sender_name; /* DER of its Name if it is a directoryName, else empty */
    struct bytes recipient;   /* GeneralName, whole element */
    int has_message_time;
    int64_t message_time;        /* Unix seconds */
    struct bytes protection_alg; /* AlgorithmIdentifier, whole element, or empty */
    struct bytes sender_kid, recip_kid;
    struct bytes transaction_id;
    struct bytes sender_nonce, recip_nonce;
    int implicit_confirm;      /* id-it-implicitConfirm is there (RFC 9810 5.1.1.1) */
    int implicit_confirm_bare; /* 1: without its NULL */
    int64_t confirm_wait_time; /* id-it-confirmWaitTime (RFC 9810 5.1.1.2), Unix seconds; 0: absent */
    struct bytes cert_profile; /* first name of id-it-certProfile (RFC 9810 5.1.1.4), or empty */
    size_t cert_profile_count;
    int general_info_malformed; /* 1: an entry that matters here could not be read */
};

struct pki_message {
    struct bytes der;
    struct pki_header header;
    int body_type;     /* enum pki_body */
    struct bytes body; /* content below the body's tag: one element */
    struct bytes
        protected_part; /* header and body, as they stand: the content of ProtectedPart (RFC 9810 5.1.3) */
    int has_protection;
    struct bytes protection; /* octets of the BIT STRING */
    struct bytes extra_certs[BOUND_EXTRA_CERTS];
    size_t extra_cert_count;
};

enum pki_decoded {
    PKI_UNREADABLE,  /* not even the header could be read */
    PKI_HEADER_ONLY, /* header and body type are there, the rest is malformed or not strict DER */
    PKI_WHOLE,
};

/* pki_message_decode reads |der|. On PKI_HEADER_ONLY, |why| (if not NULL) is set to a reason for an operator.
 * Views point into |der|. */
enum pki_decoded pki_message_decode(struct pki_message *out, const char **why, struct bytes der);

/* pki_protected_part writes ProtectedPart, the octets that protection covers, into |arena|: SEQUENCE {
 * header, body }.
 */
int pki_protected_part(struct bytes *out, struct arena *arena, const struct pki_message *message);

/* pki_encode_protected_part writes ProtectedPart of a message to be sent: |header| and a body of |body_type|
 * whose content is |body|. */
int pki_encode_protected_part(struct bytes *out, struct arena *arena, const struct pki_header *header,
                              int body_type, struct bytes body);

/* pki_encode_message joins |protected_part|, a protection (empty: none), and |extra_certs| into a PKIMessage.
 */
int pki_encode_message(struct bytes *out, struct arena *arena, struct bytes protected_part,
                       struct bytes protection, const struct bytes *extra_certs, size_t extra_cert_count);

/* pki_directory_name writes GeneralName directoryName of |name|. */
int pki_directory_name(struct bytes *out, struct arena *arena, struct bytes name);

/* ---- bodies ---- */

enum pki_pop { PKI_POP_NONE, PKI_POP_RA_VERIFIED, PKI_POP_SIGNATURE, PKI_POP_OTHER };

/* struct cert_template is CertTemplate (RFC 4211 section 5), or what PKCS #10 has of it: what is asked for,
 * and in a revocation request which certificate is meant. Absent fields are empty. */
struct cert_template {
    int64_t version;     /* -1: absent */
    struct bytes serial; /* content octets of serialNumber */
    struct bytes issuer; /* DER of Name */
    int has_omitted;     /* signingAlg, issuerUID or subjectUID: RFC 4211 section 5, "MUST be omitted" */
    int has_validity;    /* then not_before and not_after count */
    int64_t not_before;  /* Unix seconds; TEMPLATE_NO_TIME: absent */
    int64_t not_after;
    struct bytes subject; /* DER of Name */
    struct bytes spki;    /* DER of SubjectPublicKeyInfo */
    struct certificate_extension extensions[BOUND_EXTENSIONS];
    size_t extension_count;
    struct bytes san; /* GeneralNames of the subjectAltName among the extensions */
};

#define TEMPLATE_NO_TIME INT64_MIN

/* struct cert_request is one request for a certificate, from CRMF or PKCS #10. */
struct cert_request {
    int64_t cert_req_id; /* -1 for PKCS #10 */
    struct cert_template tmpl;
    struct bytes old_cert_issuer; /* DER of the Name in the oldCertID control (RFC 4211 6.5), or empty */
    struct bytes old_cert_serial; /* content octets of its serialNumber */
    enum pki_pop pop;
    struct bytes pop_message;   /* what the proof of possession signs */
    struct bytes pop_algorithm; /* AlgorithmIdentifier */
    struct bytes pop_signature;
    int pop_has_input; /* poposkInput is there */
};

/* pki_decode_cert_requests reads CertReqMessages (RFC 4211 section 3) into |out|, the first request, and
 * |*count|, how many there are. Rebuilt pieces go into |arena|. Returns 1, or 0 with |*why| set. */
int pki_decode_cert_requests(struct cert_request *out, size_t *count, struct arena *arena, const char **why,
                             struct bytes body);

/* pki_decode_pkcs10 reads a CertificationRequest (RFC 2986). */
int pki_decode_pkcs10(struct cert_request *out, struct arena *arena, const char **why, struct bytes body);

/* struct rev_details asks for one certificate to be revoked (RFC 9810 5.3.9). */
struct rev_details {
    struct cert_template cert_details;
    int has_reason;       /* crlEntryDetails has a reasonCode (RFC 5280 5.3.1) */
    int64_t reason;       /* CRLReason */
    int unknown_critical; /* another extension there is critical */
};

/* pki_decode_rev_req reads RevReqContent into |out|, the first of its RevDetails, and |*count|, how many
 * there are. 1, or 0 with |*why| set. */
int pki_decode_rev_req(struct rev_details *out, size_t *count, struct arena *arena, const char **why,
                       struct bytes body);

/* pki_encode_rev_req writes RevReqContent for the certificate |serial| (content octets) of |issuer| (DER of
 * Name); |reason| -1 leaves crlEntryDetails out. */
int pki_encode_rev_req(struct bytes *out, struct arena *arena, struct bytes issuer, struct bytes serial,
                       int64_t reason);

/* pki_encode_rev_rep writes RevRepContent (RFC 9810 5.3.10) with one status. */
int pki_encode_rev_rep(struct bytes *out, struct arena *arena, const struct pki_status_info *status);

/* pki_decode_rev_rep reads a RevRepContent with one status. */
int pki_decode_rev_rep(struct pki_status_info *out, struct bytes body);

struct cert_status {
    struct bytes cert_hash;
    int64_t cert_req_id;
    int has_status;
    struct pki_status_info status;
    struct bytes hash_alg; /* AlgorithmIdentifier, or empty */
};

/* pki_decode_cert_conf reads CertConfirmContent (RFC 9810 5.3.18): up to BOUND_CERT_STATUS entries. */
int pki_decode_cert_conf(struct cert_status *out, size_t *count, struct bytes body);

/* pki_decode_error reads ErrorMsgContent (RFC 9810 5.3.21). */
int pki_decode_error(struct pki_status_info *out, struct bytes body);

/* struct cert_response is one CertResponse. */
struct cert_response {
    int64_t cert_req_id;
    struct pki_status_info status;
    struct bytes certificate; /* empty: no certifiedKeyPair */
};

/* pki_encode_cert_rep writes CertRepMessage (RFC 9810 5.3.4) with one response; |ca_pubs| as given. */
int pki_encode_cert_rep(struct bytes *out, struct arena *arena, const struct bytes *ca_pubs,
                        size_t ca_pub_count, const struct cert_response *response);

/* pki_decode_cert_rep reads a CertRepMessage with one response. */
int pki_decode_cert_rep(struct cert_response *out, struct bytes body);

/* pki_encode_error writes ErrorMsgContent. */
int pki_encode_error(struct bytes *out, struct arena *arena, const struct pki_status_info *status);

/* pki_encode_cert_conf writes CertConfirmContent with one entry. */
int pki_encode_cert_conf(struct bytes *out, struct arena *arena, const struct cert_status *status);

/* pki_encode_cert_request writes CertRequest (RFC 4211 section 5), what POPOSigningKey signs: certReqId, the
 * template as far as it is filled in (of the subjectAltName only what stands in |extensions|), and oldCertID
 * if it is there. */
int pki_encode_cert_request(struct bytes *out, struct arena *arena, const struct cert_request *request);

/* pki_encode_cert_requests writes CertReqMessages with one CertReqMsg, its proof of possession a signature.
 */
int pki_encode_cert_requests(struct bytes *out, struct arena *arena, struct bytes cert_request,
                             struct bytes algorithm, struct bytes signature);

#endif
