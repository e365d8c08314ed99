/* algorithm_fault.c: what is said of a signature algorithm that is refused (RFC 9481 section 3, RFC 5758 3.2,
 * RFC 8410). */
#include <criterion/criterion.h>

#include "crypto/algorithms.h"
#include "crypto/der.h"
#include "tests/support/hex.h"

Test(algorithm_fault, each_is_named_and_advice_given)
{
    static const struct {
        const char *algorithm;
        const char *words[3];
    } rows[] = {
        {"30 09 06 07 2a 86 48 ce 3d 04 01", {"ecdsa-with-SHA1", "SHA-1", "SHA-256"}},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 05 05 00", {"sha1WithRSAEncryption", "SHA-1"}},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 04 05 00", {"md5WithRSAEncryption", "MD5"}},
        {"30 09 06 07 2a 86 48 ce 38 04 03", {"dsa-with-sha1", "DSA"}},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00", {"rsaEncryption", "digest"}},
        {"30 09 06 07 2a 86 48 ce 3d 02 01", {"id-ecPublicKey", "digest"}},
        {"30 0c 06 08 2a 86 48 ce 3d 04 03 02 05 00",
         {"ecdsa-with-SHA256", "NULL parameters", "leave them out"}},
        {"30 0c 06 08 2a 86 48 ce 3d 04 03 02 30 00", {"ecdsa-with-SHA256", "unknown parameters"}},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0b 30 00", {"RSA", "unknown parameters", "NULL"}},
        {"30 07 06 03 2b 65 70 05 00", {"25519", "NULL parameters"}},
        {"30 0d 06 09 2a 86 48 86 f7 0d 01 01 0a 30 00", {"PSS", "salt"}},
        {"30 06 06 04 2a 03 04 05", {"1.2.3.4.5", "not supported"}},
        /* RFC 9481 3.3 and 3.1: no library has them, and they are named all the same */
        {"30 05 06 03 2b 65 71", {"Ed448", "no library", "Ed25519"}},
        {"30 0a 06 08 2b 06 01 05 05 07 06 1e", {"RSASSA-PSS-SHAKE128", "no library", "SHA-256"}},
        {"30 0a 06 08 2b 06 01 05 05 07 06 1f", {"RSASSA-PSS-SHAKE256", "no library", "SHA-256"}},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 02", {"dsa-with-sha256", "ECDSA"}},
        /* RFC 9688 3.1 and 3.2, RFC 8692 3.2 */
        {"30 0d 06 09 60 86 48 01 65 03 04 03 0a 05 00",
         {"ecdsa-with-sha3-256", "NULL parameters", "leave them out"}},
        {"30 0c 06 08 2b 06 01 05 05 07 06 20 05 00",
         {"ecdsa-with-shake128", "NULL parameters", "leave them out"}},
        {"30 0b 06 09 60 86 48 01 65 03 04 03 0e",
         {"rsassa-pkcs1-v1-5-with-sha3-256", "no parameters", "use NULL"}},
        {"30 00", {"malformed"}},
        {"05 00", {"malformed"}},
    };
    struct arena *arena = arena_new(65536), *small = arena_new(1);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bytes algorithm = hex(arena, rows[i].algorithm);
        CBS cbs = cbs_of(algorithm);
        const char *text = signature_fault(arena, algorithm);
        cr_expect_null(signature_parse(&cbs), "row %zu", i);
        for (size_t w = 0; w < 3 && rows[i].words[w] != NULL; w++)
            cr_expect_not_null(strstr(text, rows[i].words[w]), "row %zu: %s", i, text);
        cr_expect_not_null(signature_fault(small, algorithm));
    }
    arena_free(small);
    arena_free(arena);
}
