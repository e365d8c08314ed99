/* key_fault.c: what an operator is told of a public key that is refused (RFC 5480, RFC 4055, RFC 8410). */
#include <criterion/criterion.h>

#include "crypto/key.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(key_fault, .init = set_up, .fini = tear_down);

#define EC "06 07 2a 86 48 ce 3d 02 01"
#define P256 "06 08 2a 86 48 ce 3d 03 01 07"

Test(key_fault, says_what_is_wrong)
{
    static const struct {
        const char *spki, *says;
    } cases[] = {
        {"05 00", "no SubjectPublicKeyInfo"},
        {"30 0b 30 05 06 03 2b 65 70 03 02 00 aa", "Ed25519 key is malformed"},
        /* RFC 9810 5.2.1: no key, to have the server make one */
        {"30 18 30 13 " EC P256 "03 01 00", "central key generation"},
        {"30 19 30 13 " EC P256 "03 02 00 02", "compressed"},
        {"30 19 30 13 " EC P256 "03 02 00 03", "compressed"},
        {"30 19 30 13 " EC P256 "03 02 00 04", "not on the curve"},
        /* secp256k1 */
        {"30 16 30 10 " EC "06 05 2b 81 04 00 0a 03 02 00 04", "curve secp256k1 is not supported"},
        {"30 0f 30 09 " EC "03 02 00 04", "named by an OID"},
        {"30 11 30 0b " EC "30 00 03 02 00 04", "named by an OID"},
        {"30 13 30 0d 06 09 2a 86 48 86 f7 0d 01 01 01 05 00 03 02 00 30", "RSA key is malformed"},
        /* id-dsa; Ed448 */
        {"30 0f 30 09 06 07 2a 86 48 ce 38 04 01 03 02 00 02", "keys of type 1.2.840.10040.4.1"},
        {"30 0b 30 05 06 03 2b 65 71 03 02 00 aa", "keys of type Ed448"},
        /* RFC 5639 section 4: brainpoolP256r1 */
        {"30 1a 30 14 " EC "06 09 2b 24 03 03 02 08 01 01 07 03 02 00 04",
         "curve brainpoolP256r1 is not supported: no library of this server has it: use P-256"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes spki = hex(arena, cases[i].spki);
        const char *told = spki_fault(arena, spki);
        cr_expect_null(public_key_parse(spki), "case %zu", i);
        cr_expect_not_null(strstr(told, cases[i].says), "case %zu: %s", i, told);
    }
}

Test(key_fault, without_memory_there_is_a_text_all_the_same)
{
    struct arena *small = arena_new(1);

    cr_expect_str_eq(spki_fault(small, hex(arena, "30 0b 30 05 06 03 2b 65 71 03 02 00 aa")),
                     "the key is not supported");
    arena_free(small);
}
