/* internal.h: what the files of server/pki share. */
#ifndef CMPD_PKI_INTERNAL_H
#define CMPD_PKI_INTERNAL_H

#include "server/pki/request.h"

/* pki_get_template reads the content of a CertTemplate. What has to be rebuilt goes into |arena|. 1 or 0. */
int pki_get_template(struct cert_template *out, struct arena *arena, CBS tmpl);

/* Why a template cannot be read whose subjectAltName is malformed. */
extern const char pki_malformed_san[];

/* pki_get_cert_request reads the content of a CertRequest (RFC 4211 section 5) into |out|, which is zeroed:
 * its template and controls. 1, or 0 with |*why|. */
int pki_get_cert_request(struct cert_request *out, struct arena *arena, const char **why, CBS request);

/* pki_get_reg_info reads the content of regInfo (RFC 4211 section 7) into |out|, whose CertRequest was read.
 * Likewise. */
int pki_get_reg_info(struct cert_request *out, struct arena *arena, const char **why, CBS list);

/* pki_get_extensions reads the content of Extensions into |out|. 1, or 0 if one is malformed. */
int pki_get_extensions(struct cert_template *out, CBS list);

/* pki_get_extension reads one Extension. */
int pki_get_extension(struct certificate_extension *out, CBS *list);

/* pki_retag_sequence rebuilds an element that came with another tag in place of SEQUENCE (IMPLICIT) with its
 * own, from its |content|. */
int pki_retag_sequence(struct bytes *out, struct arena *arena, struct bytes content);

/* pki_add_template writes a CertTemplate, pki_add_extension one Extension. */
int pki_add_template(CBB *cbb, const struct cert_template *in);
int pki_add_extension(CBB *list, const struct certificate_extension *in);

/* pki_get_entry_details reads crlEntryDetails, or crlDetails: the content of Extensions. |*has_reason| and
 * |*unknown_critical| are 0 at first; |*reason| is that of a reasonCode (RFC 5280 5.3.1). 1, or 0 if they are
 * malformed. pki_add_reason writes a reasonCode into Extensions. */
int pki_get_entry_details(int *has_reason, int64_t *reason, int *unknown_critical, CBS list);
int pki_add_reason(CBB *extensions, int64_t reason);

/* pki_get_general_name reads a GeneralName: |*whole| is its element, |*directory_name| (NULL is allowed) DER
 * of the Name that a directoryName holds, and left alone where it is another. 1 or 0. */
int pki_get_general_name(CBS *cbs, struct bytes *whole, struct bytes *directory_name);

/* pki_get_cert_id reads CertId ::= SEQUENCE { issuer GeneralName, serialNumber INTEGER } (RFC 4211 6.5):
 * |*issuer| is its whole element, |*issuer_name| as above, |*serial| the content octets of the INTEGER. 1 or
 * 0.
 */
int pki_get_cert_id(CBS *cbs, struct bytes *issuer, struct bytes *issuer_name, struct bytes *serial);

#endif
