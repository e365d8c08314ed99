/* polling.c: PollReqContent (RFC 9810 5.3.22). */
#include "server/pki/polling.h"

#include <criterion/criterion.h>

#include "tests/support/hex.h"

Test(polling, a_sequence_of_certReqIds)
{
    static const struct {
        const char *der;
        int ok;
    } cases[] = {
        {"30 05 30 03 02 01 00", 1},
        {"30 05 30 03 02 01 ff", 1},
        {"30 0a 30 03 02 01 00 30 03 02 01 01", 1},
        {"30 00", 0},
        {"30 02 30 00", 0},
        {"30 05 30 03 02 01 00 00", 0},
        {"30 05 31 03 02 01 00", 0},
        {"31 05 30 03 02 01 00", 0},
        {"30 08 30 06 02 01 00 02 01 00", 0},
        {"30 04 30 02 02 00", 0},
        {"30 05 30 03 04 01 00", 0},
        {"", 0},
    };
    struct arena *arena = arena_new(4096);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(pki_decode_poll_req(hex(arena, cases[i].der)), cases[i].ok, "case %zu", i);
    arena_free(arena);
}

Test(polling, one_certReqId_is_written)
{
    struct arena *arena = arena_new(4096);
    struct bytes der;

    cr_assert(pki_encode_poll_req(&der, arena, 0));
    cr_assert(bytes_equal(der, hex(arena, "30 05 30 03 02 01 00")));
    cr_assert(pki_encode_poll_req(&der, arena, -1));
    cr_assert(bytes_equal(der, hex(arena, "30 05 30 03 02 01 ff")));
    arena_free(arena);
}
