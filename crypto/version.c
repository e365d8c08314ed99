/* One line with the cryptographic libraries that are linked in. */
#include "crypto/version.h"

#include "versions.h"

const char *crypto_versions(void)
{
    return "BoringSSL " CMPD_BORINGSSL_VERSION ", p11-kit " CMPD_P11_KIT_VERSION;
}
