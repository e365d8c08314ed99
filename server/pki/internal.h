/* internal.h: what the files of server/pki share. */
#ifndef CMPD_PKI_INTERNAL_H
#define CMPD_PKI_INTERNAL_H

#include "server/pki/request.h"

/* pki_get_template reads the content of a CertTemplate. What has to be rebuilt goes into |arena|. 1 or 0. */
int pki_get_template(struct cert_template *out, struct arena *arena, CBS tmpl);

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

#endif
