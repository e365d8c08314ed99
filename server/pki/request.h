/* request.h: what asks for a certificate: CertReqMessages (RFC 4211) and PKCS #10 (RFC 2986). */
#ifndef CMPD_PKI_REQUEST_H
#define CMPD_PKI_REQUEST_H

#include "crypto/certificate.h"
#include "server/base/bounds.h"

enum pki_pop { PKI_POP_NONE, PKI_POP_RA_VERIFIED, PKI_POP_SIGNATURE, PKI_POP_OTHER };

/* struct cert_template is CertTemplate (RFC 4211 section 5), or what PKCS #10 has of it: what is asked for,
 * and in a revocation request which certificate is meant. Absent fields are empty. */
struct cert_template {
    int64_t version;          /* -1: absent */
    struct bytes serial;      /* content octets of serialNumber */
    struct bytes issuer;      /* DER of Name */
    struct bytes signing_alg; /* content octets of the AlgorithmIdentifier */
    int has_uid;              /* issuerUID or subjectUID is there */
    int has_validity;         /* then not_before and not_after count */
    int64_t not_before;       /* Unix seconds; TEMPLATE_NO_TIME: absent */
    int64_t not_after;
    struct bytes subject; /* DER of Name */
    struct bytes spki;    /* DER of SubjectPublicKeyInfo */
    struct certificate_extension extensions[BOUND_EXTENSIONS];
    size_t extension_count;
    int more_extensions;       /* 1: there are others beyond BOUND_EXTENSIONS */
    struct bytes repeated_oid; /* of an extension that stands twice (RFC 5280 4.2 allows one), or empty */
    int malformed_san;         /* 1: that is what could not be read of the template */
    struct bytes san;          /* GeneralNames of the subjectAltName among the extensions */
};

#define TEMPLATE_NO_TIME INT64_MIN

/* struct pop_input is POPOSigningKeyInput (RFC 4211 4.1): what the proof signs where the template names
 * nobody.
 */
struct pop_input {
    int is_there;
    struct bytes sender_name;  /* of authInfo sender: DER of the Name in a directoryName, or empty */
    struct bytes mac_alg, mac; /* of authInfo publicKeyMAC: AlgorithmIdentifier and value, or empty */
    struct bytes spki;         /* DER of publicKey */
};

/* struct cert_request is one request for a certificate, from CRMF or PKCS #10. */
struct cert_request {
    int64_t cert_req_id; /* -1 for PKCS #10 */
    struct cert_template tmpl;
    struct bytes old_cert_issuer; /* DER of the Name in the oldCertID control (RFC 4211 6.5), or empty */
    struct bytes old_cert_serial; /* content octets of its serialNumber */
    struct bytes reg_token, authenticator; /* of the controls of these names (RFC 4211 6.1, 6.2), or empty */
    int archives_key;                      /* 1: pkiArchiveOptions (6.4) want a private key kept */
    struct bytes utf8_pairs[BOUND_REG_INFO]; /* of regInfo (7.1) */
    size_t utf8_pair_count;
    const struct cert_template *substitute; /* that certReq in regInfo has in place of |tmpl| (7.2); NULL */
    enum pki_pop pop;
    struct bytes pop_message;   /* what the proof of possession signs */
    struct bytes pop_algorithm; /* AlgorithmIdentifier */
    struct bytes pop_signature;
    struct pop_input pop_input;
};

/* pki_decode_cert_requests reads CertReqMessages (RFC 4211 section 3) into |out|, the first request, and
 * |*count|, how many there are. Rebuilt pieces go into |arena|. Returns 1, or 0 with |*why| set. */
int pki_decode_cert_requests(struct cert_request *out, size_t *count, struct arena *arena, const char **why,
                             struct bytes body);

/* pki_peek_cert_req_id reads the certReqId of the first of CertReqMessages. 1 or 0. */
int pki_peek_cert_req_id(int64_t *out, struct bytes body);

/* pki_decode_pkcs10 reads a CertificationRequest (RFC 2986). */
int pki_decode_pkcs10(struct cert_request *out, struct arena *arena, const char **why, struct bytes body);

/* pki_encode_cert_request writes CertRequest (RFC 4211 section 5), what POPOSigningKey signs: certReqId, the
 * template as far as it is filled in (of the subjectAltName only what stands in |extensions|), and oldCertID
 * if it is there. */
int pki_encode_cert_request(struct bytes *out, struct arena *arena, const struct cert_request *request);

/* pki_encode_cert_requests writes CertReqMessages with one CertReqMsg, its proof of possession a signature.
 */
int pki_encode_cert_requests(struct bytes *out, struct arena *arena, struct bytes cert_request,
                             struct bytes algorithm, struct bytes signature);

#endif
