/* cert_ocsp.h: a certificate's status as anybody sees it who asks by OCSP (RFC 6960). */
#ifndef CMPD_CTL_CERT_OCSP_H
#define CMPD_CTL_CERT_OCSP_H

#include "server/ctl/ctl.h"

enum { CERT_OCSP_WHY = 512, CERT_OCSP_URL = 1024 };

/* cert_ocsp_url writes the URL in the certificate |der| at which responders are asked. Returns 1, or 0 with
 * "": there is none that can be asked (http:, https:), or it is too long. */
int cert_ocsp_url(char out[CERT_OCSP_URL], struct bytes der);

/* cert_ocsp_status asks at |url| for the status of |serial| (unsigned big-endian), issued by |ca|. Returns it
 * (enum ocsp_cert_status), or -1 with |why|: no answer, or none that the CA stands for. Waits for the
 * responder, a few seconds at most. */
int cert_ocsp_status(const char *url, const struct certificate *ca, struct bytes serial,
                     char why[CERT_OCSP_WHY]);

#endif
