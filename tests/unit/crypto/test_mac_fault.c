/* mac_fault.c: what is said of a MAC that is refused (RFC 9481 section 6, RFC 9810 5.1.3.1). */
#include <criterion/criterion.h>

#include "crypto/mac.h"
#include "tests/support/hex.h"

#define PBM "06 09 2a 86 48 86 f6 7d 07 42 0d "
#define SALT "04 08 31 32 33 34 35 36 37 38 "
#define SHA256 "30 0b 06 09 60 86 48 01 65 03 04 02 01 "
#define HMAC_SHA256 "30 0a 06 08 2a 86 48 86 f7 0d 02 09"
#define PBMAC1 "06 09 2a 86 48 86 f7 0d 01 05 0e "
#define PBKDF2 "30 1c 06 09 2a 86 48 86 f7 0d 01 05 0c 30 0f " SALT "02 01 64 30 00 "

Test(mac_fault, each_is_named_and_advice_given)
{
    static const struct {
        const char *algorithm;
        const char *words[2];
    } rows[] = {
        {"30 0b 06 09 60 86 48 01 65 03 04 02 13", {"KMACWithSHAKE128 is not supported", "PBMAC1"}},
        {"30 0b 06 09 60 86 48 01 65 03 04 02 14", {"KMACWithSHAKE256 is not supported", "no library"}},
        {"30 0b 06 09 2a 86 48 86 f6 7d 07 42 1e", {"DHBasedMac is not supported", "PBMAC1"}},
        {"30 0a 06 08 2b 06 01 05 05 08 01 01", {"hmac-MD5 is not supported", "hmacWithSHA256"}},
        {"30 0b 06 09 60 86 48 01 65 03 04 01 31", {"aes256-GMAC by itself", "PBMAC1"}},
        {"30 0b 06 09 60 86 48 01 65 03 04 01 2a", {"2.16.840.1.101.3.4.1.42 is not supported", "PBMAC1"}},
        {"30 0d 06 09 60 86 48 01 65 03 04 02 0e 05 00", {"parameters of hmacWithSHA3-256"}},
        {"30 0b " PBM, {"parameters of PasswordBasedMac are malformed"}},
        {"30 0d " PBM "05 00", {"parameters of PasswordBasedMac are malformed"}},
        /* owf MD5; mac KMAC, HMAC-MD5, AES-GMAC without its parameters */
        {"30 32 " PBM "30 25 " SALT "30 0a 06 08 2a 86 48 86 f7 0d 02 05 02 01 64 " HMAC_SHA256,
         {"1.2.840.113549.2.5 is not supported", "SHA-256"}},
        {"30 34 " PBM "30 27 " SALT SHA256 "02 01 64 30 0b 06 09 60 86 48 01 65 03 04 02 13",
         {"KMACWithSHAKE128 is not supported"}},
        {"30 34 " PBM "30 27 " SALT SHA256 "02 01 64 30 0b 06 09 60 86 48 01 65 03 04 01 09",
         {"AES-GMAC", "12 octets"}},
        {"30 38 " PBMAC1 "30 2b " PBKDF2 "30 0b 06 09 60 86 48 01 65 03 04 02 14",
         {"KMACWithSHAKE256 is not supported"}},
        {"30 37 " PBMAC1 "30 2a " PBKDF2 HMAC_SHA256, {"parameters of PBMAC1 are malformed"}},
        {"30 00", {"malformed"}},
        {"05 00", {"malformed"}},
    };
    struct arena *arena = arena_new(65536), *small = arena_new(1);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes algorithm = hex(arena, rows[i].algorithm);
        struct mac_algorithm parsed;
        CBS cbs = cbs_of(algorithm);
        const char *text = mac_fault(arena, algorithm);
        cr_expect_not(mac_parse(&parsed, &cbs), "row %zu", i);
        for (size_t w = 0; w < 2 && rows[i].words[w] != NULL; w++)
            cr_expect_not_null(strstr(text, rows[i].words[w]), "row %zu: %s", i, text);
        cr_expect_not_null(mac_fault(small, algorithm));
    }
    arena_free(small);
    arena_free(arena);
}
