/* seal.c: secrets at rest. */
#include <criterion/criterion.h>

#include "crypto/seal.h"
#include "crypto/secret_memory.h"
#include "tests/support/hex.h"

static struct arena *arena;
static struct seal_key *key, *other;

static void set_up(void)
{
    static const uint8_t octets[2][SEAL_KEY] = {{1}, {2}};

    arena = arena_new(65536);
    key = seal_key_new(octets[0]);
    other = seal_key_new(octets[1]);
}

static void tear_down(void)
{
    seal_key_free(key);
    seal_key_free(other);
    seal_key_free(NULL);
    arena_free(arena);
}

TestSuite(seal, .init = set_up, .fini = tear_down);

/* opens says whether |box| opens, and to |expected|. */
static int opens(const struct seal_key *with, struct bytes box, struct bytes context, const char *expected)
{
    size_t len;
    uint8_t *plain = secret_alloc(box.len + 1);
    int ok = unseal(plain, &len, with, box, context);

    cr_assert(!ok || bytes_equal(bytes_of(plain, len), bytes_str(expected)));
    secret_free(plain);
    return ok;
}

Test(seal, what_was_sealed_opens_under_its_key_and_context_only)
{
    struct bytes box, context = bytes_str("issuer|station-1");

    cr_assert(seal(&box, arena, key, bytes_str("secret"), context));
    cr_assert_eq(box.len, 6 + SEAL_OVERHEAD);
    cr_assert(opens(key, box, context, "secret"));
    cr_assert_not(opens(other, box, context, "secret"));
    cr_assert_not(opens(key, box, bytes_str("issuer|station-2"), "secret"));
    cr_assert_not(opens(key, box, bytes_of(NULL, 0), "secret"));
}

Test(seal, a_box_with_any_bit_changed_or_cut_does_not_open)
{
    struct bytes box, context = bytes_str("c");

    cr_assert(seal(&box, arena, key, bytes_str("secret"), context));
    uint8_t *copy = (uint8_t *)(uintptr_t)arena_copy(arena, box).data;
    for (size_t i = 0; i < box.len; i++) {
        copy[i] ^= 0x10;
        cr_assert_not(opens(key, bytes_of(copy, box.len), context, "secret"), "octet %zu", i);
        copy[i] ^= 0x10;
        cr_assert_not(opens(key, bytes_of(copy, i), context, "secret"), "%zu octets", i);
    }
    cr_assert(opens(key, box, context, "secret"));
}

Test(seal, two_boxes_of_one_secret_differ)
{
    struct bytes a, b;

    cr_assert(seal(&a, arena, key, bytes_of(NULL, 0), bytes_str("c")));
    cr_assert(seal(&b, arena, key, bytes_of(NULL, 0), bytes_str("c")));
    cr_assert_not(bytes_equal(a, b));
    cr_assert(opens(key, a, bytes_str("c"), ""));
}

/* head -c 32 /dev/zero | sha256sum */
Test(seal, the_id_of_a_key_is_the_start_of_its_SHA256)
{
    static const uint8_t zero[SEAL_KEY];
    struct seal_key *zeros = seal_key_new(zero);

    cr_assert(bytes_equal(seal_key_id(zeros), hex(arena, "66 68 7a ad f8 62 bd 77")));
    cr_assert_not(bytes_equal(seal_key_id(key), seal_key_id(other)));
    seal_key_free(zeros);
}

Test(seal, a_key_file_holds_64_hexadecimal_digits)
{
    static const char good[] = "0100000000000000000000000000000000000000000000000000000000000000\n";
    char bad[sizeof good];
    struct seal_key *parsed = seal_key_parse(bytes_str(good));

    cr_assert_not_null(parsed);
    cr_assert(bytes_equal(seal_key_id(parsed), seal_key_id(key)));
    seal_key_free(parsed);
    parsed = seal_key_parse(bytes_of(good, 64)); /* without the newline */
    cr_assert_not_null(parsed);
    seal_key_free(parsed);

    cr_assert_null(seal_key_parse(bytes_of(good, 63)));
    cr_assert_null(seal_key_parse(bytes_of(NULL, 0)));
    memcpy(bad, good, sizeof good);
    bad[64] = '0';
    cr_assert_null(seal_key_parse(bytes_of(bad, 65)));
    for (const char *c = "g /:@G`\n"; *c != 0; c++) {
        memcpy(bad, good, sizeof good);
        bad[63] = *c;
        cr_assert_null(seal_key_parse(bytes_of(bad, 65)), "%c", *c);
    }
}

Test(seal, nothing_is_sealed_without_memory)
{
    struct arena *small = arena_new(8);
    struct bytes box;

    cr_assert_not(seal(&box, small, key, bytes_str("secret"), bytes_str("c")));
    arena_free(small);
}
