#include "crypto/version.h"

#include <openssl/base.h>
#include <openssl/crypto.h>

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

const char *crypto_versions(void)
{
    return "BoringSSL (API version " TEXT(BORINGSSL_API_VERSION) ")";
}
