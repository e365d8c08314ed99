/* ocsp.h: the messages of OCSP, requests read and responses written (RFC 6960, in the profile of RFC 9919;
 * the nonce by RFC 9654). Whoever asks writes requests and reads responses with it, too. */
#ifndef CMPD_CRYPTO_OCSP_H
#define CMPD_CRYPTO_OCSP_H

#include "crypto/certificate.h"
#include "server/base/bounds.h"

/* OCSPResponseStatus (RFC 6960 4.2.1). */
enum ocsp_status {
    OCSP_SUCCESSFUL = 0,
    OCSP_MALFORMED_REQUEST = 1,
    OCSP_INTERNAL_ERROR = 2,
    OCSP_TRY_LATER = 3,
    OCSP_SIG_REQUIRED = 5,
    OCSP_UNAUTHORIZED = 6,
};

/* CertStatus (RFC 6960 4.2.1): the tags of its choices. */
enum ocsp_cert_status { OCSP_GOOD = 0, OCSP_REVOKED = 1, OCSP_UNKNOWN = 2 };

/* struct ocsp_cert_id is a CertID: views into the message. */
struct ocsp_cert_id {
    struct bytes der;              /* all of it: a response has the same octets */
    enum digest_id digest;         /* DIGEST_NONE: one that is not supported */
    struct bytes issuer_name_hash; /* of the DER of the issuer's name */
    struct bytes issuer_key_hash;  /* of the octets of the issuer's subjectPublicKey */
    struct bytes serial;           /* content octets of the INTEGER */
};

struct ocsp_request {
    struct ocsp_cert_id ids[BOUND_OCSP_REQUESTS];
    size_t count;       /* at least 1 */
    struct bytes nonce; /* the octets of the Nonce, 1 to BOUND_OCSP_NONCE; empty: there is none */
};

/* ocsp_request_parse reads the OCSPRequest that |der| holds, all of it (RFC 6960 4.1). Returns 1, or 0 if it
 * is no strict DER, is longer than BOUND_OCSP_OCTETS, asks for more than BOUND_OCSP_REQUESTS certificates,
 * has a nonce of another length (RFC 9654 2.1), or an extension that is critical and not the nonce (RFC
 * 6960 4.4). Its requestorName and its signature are not looked at beyond their form: RFC 9919 3.1.2 lets a
 * responder do so. */
int ocsp_request_parse(struct ocsp_request *out, struct bytes der);

/* ocsp_request_plain finds the CertID of the plainest OCSPRequest, that of RFC 9919 3.1.1: one certificate,
 * no extension, every length in one octet. Returns 1 with |cert_id| and |serial| as in struct ocsp_cert_id,
 * or 0 if |der| is another one. It looks at nothing else: |cert_id| is of use only to be compared with one
 * that ocsp_request_parse has read. */
int ocsp_request_plain(struct bytes *cert_id, struct bytes *serial, struct bytes der);

/* ocsp_id_is_of returns 1 if |id| names the issuer whose name is |name| (DER) and whose SubjectPublicKeyInfo
 * is |spki|. */
int ocsp_id_is_of(const struct ocsp_cert_id *id, struct bytes name, struct bytes spki);

/* ocsp_request_write writes an OCSPRequest, unsigned, for certificate |serial| (unsigned big-endian) of that
 * issuer into |arena|; an empty |nonce| is left out. Returns 1 or 0. */
int ocsp_request_write(struct bytes *out, struct arena *arena, enum digest_id digest, struct bytes name,
                       struct bytes spki, struct bytes serial, struct bytes nonce);

/* struct ocsp_single is what is said of one certificate (SingleResponse). */
struct ocsp_single {
    struct bytes cert_id; /* DER of the CertID */
    enum ocsp_cert_status status;
    int64_t revoked_at;               /* Unix seconds, if revoked */
    int reason;                       /* CRLReason, if revoked; unspecified is left out */
    int64_t this_update, next_update; /* Unix seconds */
    int64_t archive_cutoff;           /* Unix seconds (RFC 6960 4.4.4); 0: left out */
};

/* struct ocsp_plan is what a ResponseData is to say. */
struct ocsp_plan {
    struct bytes responder_id; /* DER, by ocsp_responder_by_key or ocsp_responder_by_name */
    int64_t produced_at;       /* Unix seconds */
    const struct ocsp_single *singles;
    size_t count;
    struct bytes nonce;  /* of the request; empty: left out */
    int extended_revoke; /* 1: with id-pkix-ocsp-extended-revoke (RFC 6960 4.4.8) */
};

/* ocsp_response_data writes the ResponseData of |plan|, which is to be signed, into |arena|; then
 * ocsp_response_assemble makes the OCSPResponse of |data|, its signature, and the responder's certificate.
 * Both return 1 or 0. */
int ocsp_response_data(struct bytes *data, struct arena *arena, const struct ocsp_plan *plan);
int ocsp_response_assemble(struct bytes *der, struct arena *arena, struct bytes data,
                           const struct signature_algorithm *algorithm, struct bytes signature,
                           struct bytes certificate);

/* ocsp_error returns the OCSPResponse that says |status|, which is not OCSP_SUCCESSFUL, and nothing else. */
struct bytes ocsp_error(enum ocsp_status status);

/* ocsp_responder_by_key writes the ResponderID of who has the key |spki| into |arena|; ocsp_responder_by_name
 * that of who has the name |subject| (DER). 1 or 0. */
int ocsp_responder_by_key(struct bytes *out, struct arena *arena, struct bytes spki);
int ocsp_responder_by_name(struct bytes *out, struct arena *arena, struct bytes subject);

/* struct ocsp_response is a response as its reader finds it: views into its DER. Of several SingleResponses
 * it has the first. */
struct ocsp_response {
    enum ocsp_status status;
    struct bytes
        data; /* ResponseData, the octets that are signed; from here on empty unless it is successful */
    const struct signature_algorithm *algorithm; /* NULL: not supported */
    struct bytes signature;
    struct bytes certificate; /* the first that came along, or empty */
    struct bytes nonce;       /* as in struct ocsp_request */
    struct ocsp_single first;
};

/* ocsp_response_parse reads the OCSPResponse that |der| holds, all of it. Returns 1, or 0 if it is malformed.
 */
int ocsp_response_parse(struct ocsp_response *out, struct bytes der);

/* ocsp_may_respond returns 1 if |cert| says that the CA |ca| has delegated responses to it (RFC
 * 6960 4.2.2.2). That the CA has signed it, and that it is valid, is for who asks. */
int ocsp_may_respond(const struct certificate *cert, const struct certificate *ca);

/* ocsp_response_is_of returns 1 if |response| was signed by |ca|, or by who was delegated to by the
 * certificate that came along and that is valid at |now| (Unix seconds; RFC 6960 3.2). */
int ocsp_response_is_of(const struct ocsp_response *response, const struct certificate *ca, int64_t now);

#endif
