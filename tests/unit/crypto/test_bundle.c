/* bundle.c: certificates in a degenerate SignedData (RFC 5652 5.1). OpenSSL reads one in
 * tests/server/test_crl.sh. */
#include "crypto/bundle.h"

#include <criterion/criterion.h>

#include "tests/support/hex.h"

Test(bundle, it_is_SignedData_without_signers)
{
    struct arena *arena = arena_new(65536);
    const struct bytes certs[] = {hex(arena, "30 03 02 01 02"), hex(arena, "30 03 02 01 01")};
    struct bytes out;

    cr_assert(bundle_certificates(&out, arena, certs, 2));
    cr_assert(bytes_equal(out, hex(arena, "30 2f 06 09 2a 86 48 86 f7 0d 01 07 02 a0 22 30 20 02 01 01 31 00 "
                                          "30 0b 06 09 2a 86 48 86 f7 0d 01 07 01 "
                                          "a0 0a 30 03 02 01 01 30 03 02 01 02 31 00")),
              "sorted, as DER wants it");
    cr_assert(bundle_certificates(&out, arena, certs, 0));
    arena_free(arena);
}

Test(bundle, without_memory_there_is_none)
{
    struct arena *arena = arena_new(1), *room = arena_new(65536);
    const struct bytes cert = hex(room, "30 03 02 01 02");
    struct bytes out;

    while (arena_alloc(arena, 4096) != NULL)
        continue;
    cr_assert_not(bundle_certificates(&out, arena, &cert, 1));
    arena_free(arena);
    arena_free(room);
}
