/* key_read.h: a public key, or a certificate, as somebody names it to a command. */
#ifndef CMPD_CTL_KEY_READ_H
#define CMPD_CTL_KEY_READ_H

#include "storage/tables.h"

/* ctl_read_key writes SHA-256 of the SubjectPublicKeyInfo of what is in the file |path|: a certificate, a
 * public key or a PKCS #10 request, in PEM or DER. Returns 1, or 0 with a fault printed. */
int ctl_read_key(uint8_t hash[STORE_HASH], const char *path);

/* ctl_read_key_or_hash takes that hash in hexadecimal, too, as cert show and key list print it. */
int ctl_read_key_or_hash(uint8_t hash[STORE_HASH], const char *text);

/* ctl_read_certificate writes SHA-256 of the certificate in the file |path|, in PEM or DER. Returns 1, or 0
 * likewise. */
int ctl_read_certificate(uint8_t hash[STORE_HASH], const char *path);

#endif
