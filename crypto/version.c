#include "crypto/version.h"

#include "versions.h"

const char *crypto_versions(void)
{
    return "BoringSSL " CMPD_BORINGSSL_VERSION;
}
