/* version.h: which cryptographic libraries are linked in. */
#ifndef CMPD_CRYPTO_VERSION_H
#define CMPD_CRYPTO_VERSION_H

/* crypto_versions returns one line. */
const char *crypto_versions(void);

#endif
