/* differences.h: what a certificate has otherwise than a template says. */
#ifndef CMPD_PKI_DIFFERENCES_H
#define CMPD_PKI_DIFFERENCES_H

#include "server/pki/request.h"

/* pki_differences returns the names of the fields and extensions of |tmpl| that |cert| does not have as they
 * stand there ("subject, keyUsage"), in |arena|, or NULL if it has them all. What is absent in the template,
 * and the NULL-DN as a subject (RFC 9483 4.1.1), says nothing. Names are compared by RFC 5280 7.1, keyUsage
 * by its bits, extendedKeyUsage as a set. */
const char *pki_differences(struct arena *arena, const struct cert_template *tmpl,
                            const struct certificate *cert);

#endif
