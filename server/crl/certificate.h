/* certificate.h: the CA's certificate, published for who follows caIssuers (RFC 5280 4.2.2.1). */
#ifndef CMPD_CRL_CERTIFICATE_H
#define CMPD_CRL_CERTIFICATE_H

#include "server/cmp/cmp.h"
#include "server/crl/published.h"

/* crl_certificate_publish publishes the certificate of |ca|, and its chain. What there is no memory for is
 * not published. */
void crl_certificate_publish(const struct cmp_authority *ca, struct publication *publication);

/* crl_certificate_withdraw ends what is published of the CA called |ca|. */
void crl_certificate_withdraw(const char *ca, struct publication *publication);

#endif
