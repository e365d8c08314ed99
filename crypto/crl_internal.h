/* crl_internal.h: what reading and writing a CRL have in common. */
#ifndef CMPD_CRYPTO_CRL_INTERNAL_H
#define CMPD_CRYPTO_CRL_INTERNAL_H

#include <openssl/bytestring.h>

/* Last octets of OIDs of id-ce (RFC 5280 5.2, 5.3). */
enum {
    CRL_NUMBER = 20,
    REASON_CODE = 21,
    INVALIDITY_DATE = 24,
    DELTA_INDICATOR = 27,
    ISSUING_POINT = 28,
    FRESHEST_CRL = 46,
    CERTIFICATE_ISSUER = 29,
    AUTHORITY_KEY_ID = 35
};

enum { VERSION_2 = 1 };

/* crlExtensions [0] of TBSCertList */
#define CRL_EXTENSIONS (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0)

#endif
