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
    int64_t id;
    size_t count;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(pki_decode_poll_req(&id, &count, hex(arena, cases[i].der)), cases[i].ok, "case %zu", i);
    cr_assert(pki_decode_poll_req(&id, &count, hex(arena, "30 0a 30 03 02 01 07 30 03 02 01 01")));
    cr_expect(id == 7 && count == 2);
    arena_free(arena);
}

/* RFC 9810 5.3.22: PollRepContent */
Test(polling, an_answer_is_written_and_read)
{
    struct arena *arena = arena_new(4096);
    int64_t id, after;
    struct bytes der;

    cr_assert(pki_encode_poll_rep(&der, arena, -1, 60, bytes_of(NULL, 0)));
    cr_expect(bytes_equal(der, hex(arena, "30 08 30 06 02 01 ff 02 01 3c")));
    cr_assert(pki_encode_poll_rep(&der, arena, 0, 300, bytes_str("hm")));
    cr_expect(bytes_equal(der, hex(arena, "30 0f 30 0d 02 01 00 02 02 01 2c 30 04 0c 02 68 6d")));
    cr_expect(pki_decode_poll_rep(&id, &after, der) && id == 0 && after == 300);
    cr_expect_not(pki_decode_poll_rep(&id, &after, hex(arena, "30 05 30 03 02 01 00")));
    cr_expect_not(pki_decode_poll_rep(&id, &after, hex(arena, "30 00")));
    cr_expect_not(pki_decode_poll_rep(&id, &after, hex(arena, "30 09 30 07 02 01 ff 02 01 3c 00")));
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
