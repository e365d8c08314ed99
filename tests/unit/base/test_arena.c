/* test_arena.c: pieces are zeroed, aligned, apart from each other, and bounded in all. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "server/base/arena.h"

Test(arena, pieces_are_zeroed_and_aligned)
{
    struct arena *arena = arena_new(1024 * 1024);
    cr_assert_not_null(arena);
    static const uint8_t zeros[5000];
    for (size_t size = 1; size <= sizeof zeros; size += 37) {
        uint8_t *piece = arena_alloc(arena, size);
        cr_assert_not_null(piece);
        cr_assert_eq((uintptr_t)piece % _Alignof(max_align_t), 0);
        cr_assert_eq(memcmp(piece, zeros, size), 0);
        memset(piece, 0xa5, size); /* would show up in a later piece if they overlapped */
    }
    arena_free(arena);
}

Test(arena, earlier_pieces_keep_their_content)
{
    enum { COUNT = 2000 };
    struct arena *arena = arena_new(8 * 1024 * 1024);
    uint8_t *pieces[COUNT];
    for (int i = 0; i < COUNT; i++) {
        size_t size = i % 100 == 7 ? 70000 : 40; /* large ones among small ones: both ways of allocating */
        pieces[i] = arena_alloc(arena, size);
        if (pieces[i] == NULL)
            break;
        memset(pieces[i], i & 0xff, size);
    }
    for (int i = 0; i < COUNT && pieces[i] != NULL; i++) {
        cr_assert_eq(pieces[i][0], i & 0xff);
        cr_assert_eq(pieces[i][39], i & 0xff);
    }
    arena_free(arena);
}

Test(arena, the_limit_holds)
{
    struct arena *arena = arena_new(1000);
    cr_assert_null(arena_alloc(arena, 1001));
    cr_assert_null(arena_alloc(arena, SIZE_MAX));
    cr_assert_null(arena_alloc(arena, SIZE_MAX - 8));
    size_t got = 0;
    while (arena_alloc(arena, 16) != NULL)
        got += 16;
    cr_assert_eq(got, 1000 / 16 * 16);
    cr_assert_eq(arena_used(arena), got);
    cr_assert_null(arena_printf(arena, "%s", "does not fit"));
    cr_assert_null(arena_copy(arena, bytes_str("nor does this")).data);
    arena_free(arena);
}

Test(arena, nothing_is_a_piece_too)
{
    struct arena *arena = arena_new(1000);
    cr_assert_not_null(arena_alloc(arena, 0));
    cr_assert_eq(arena_copy(arena, bytes_of(NULL, 0)).len, 0);
    arena_free(arena);
    arena_free(NULL);
}

Test(arena, copies_and_texts)
{
    struct arena *arena = arena_new(100000);
    char source[] = "octets";
    struct bytes copy = arena_copy(arena, bytes_of(source, sizeof source));
    memset(source, 0, sizeof source);
    cr_assert_str_eq((const char *)copy.data, "octets");
    cr_assert_str_eq(arena_printf(arena, "%d-%s", 12, "x"), "12-x");
    char *longer = arena_printf(arena, "%050000d", 7);
    cr_assert_eq(strlen(longer), 50000);
    arena_free(arena);
}

Test(arena, what_it_takes_is_counted)
{
    atomic_size_t counter = 0;
    struct arena *one = arena_new(1 << 20), *other = arena_new(1 << 20);
    size_t taken;

    arena_count(one, &counter);
    arena_count(other, &counter);
    cr_assert_eq(atomic_load(&counter), 0);
    arena_alloc(one, 100);
    taken = atomic_load(&counter);
    cr_assert_geq(taken, 100);
    arena_alloc(other, 200000);
    cr_assert_geq(atomic_load(&counter), taken + 200000);
    arena_free(other);
    cr_assert_eq(atomic_load(&counter), taken);
    arena_free(one);
    cr_assert_eq(atomic_load(&counter), 0);
}

Test(arena, one_beside_another_is_counted_where_that_is)
{
    atomic_size_t counter = 0;
    struct arena *arena = arena_new(1000), *beside;

    arena_count(arena, &counter);
    cr_assert_not_null(arena_alloc(arena, 900));
    size_t first = atomic_load(&counter);
    cr_assert_not_null(beside = arena_beside(arena, 2000));
    cr_assert_null(arena_alloc(beside, 2001));
    cr_assert_not_null(arena_alloc(beside, 2000));
    cr_assert_eq(atomic_load(&counter), first + arena_taken(beside));
    arena_free(beside);
    cr_assert_eq(atomic_load(&counter), first);
    arena_free(arena);
    cr_assert_eq(atomic_load(&counter), 0);
}

Test(arena, more_is_handed_out_once_it_is_allowed)
{
    struct arena *arena = arena_new(64);

    cr_assert_not_null(arena_alloc(arena, 64));
    cr_assert_null(arena_alloc(arena, 1));
    arena_allow(arena, 64);
    cr_assert_not_null(arena_alloc(arena, 64));
    cr_assert_null(arena_alloc(arena, 1));
    arena_allow(arena, SIZE_MAX);
    cr_assert_not_null(arena_alloc(arena, 1));
    arena_free(arena);
}
