/* One line with the cryptographic libraries that are linked in. */
#include "crypto/version.h"

#include "versions.h"

const char *crypto_versions(void)
{
    return "BoringSSL " CMPD_BORINGSSL_VERSION ", AWS-LC of aws-lc-sys " CMPD_AWS_LC_VERSION
           ", crypto_mb " CMPD_CRYPTO_MB_VERSION ", p11-kit " CMPD_P11_KIT_VERSION;
}
