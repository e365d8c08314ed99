/* cert_names.h: the subjectAltName of a certificate, as text. */
#ifndef CMPD_CTL_CERT_NAMES_H
#define CMPD_CTL_CERT_NAMES_H

#include "crypto/name.h"

enum { CERT_NAME_MAX = NAME_TEXT_MAX + 32 };

/* cert_each_name calls |each| for every name in the subjectAltName (RFC 5280 4.2.1.6) of the certificate that
 * |der| holds, until it returns 1: with its kind, as the configuration calls it ("DNS", "IP", "URI",
 * "email"), and "DirName", "RID" or "other"; and with the name, cut to NAME_TEXT_MAX. What is not text is in
 * hexadecimal. Returns what |each| returned last, 0 if there is no name. */
typedef int cert_name_found(void *arg, const char *kind, const char *name);
int cert_each_name(struct bytes der, cert_name_found *each, void *arg);

#endif
