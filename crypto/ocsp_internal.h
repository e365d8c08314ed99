/* ocsp_internal.h: what requests and responses of OCSP have in common. */
#ifndef CMPD_CRYPTO_OCSP_INTERNAL_H
#define CMPD_CRYPTO_OCSP_INTERNAL_H

#include "crypto/ocsp.h"

enum { OCSP_CONTEXT = CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED };

/* Last octets of OIDs of id-pkix-ocsp (RFC 6960 B). */
enum { OCSP_BASIC = 1, OCSP_NONCE = 2, OCSP_ARCHIVE_CUTOFF = 6, OCSP_EXTENDED_REVOKE = 9 };

/* ocsp_add_oid appends { id-pkix-ocsp last }. */
int ocsp_add_oid(CBB *cbb, uint8_t last);

/* ocsp_is_oid returns 1 if |oid| is { id-pkix-ocsp last }. */
int ocsp_is_oid(const CBS *oid, uint8_t last);

/* ocsp_add_nonce appends the extension with |nonce| to |list|. */
int ocsp_add_nonce(CBB *list, struct bytes nonce);

/* ocsp_read_extensions reads |extensions|, an Extensions, and takes the nonce out of it where |nonce| is not
 * NULL: empty if there is none. Returns 0 if it is malformed, or has another one that is critical. */
int ocsp_read_extensions(struct bytes *nonce, CBS extensions);

/* ocsp_key_octets returns the octets of subjectPublicKey in |spki|; empty if that is malformed. */
struct bytes ocsp_key_octets(struct bytes spki);

/* ocsp_parse_cert_id reads a CertID off |cbs|. 1 or 0. */
int ocsp_parse_cert_id(struct ocsp_cert_id *out, CBS *cbs);

#endif
