/* wants.c: what a step wants, in any number. */
#include <criterion/criterion.h>

#include "server/cmp/internal.h"

static struct cmp_message *message(struct arena *arena)
{
    struct cmp_message *m = arena_alloc(arena, sizeof *m);

    cr_assert_not_null(m);
    m->arena = arena;
    m->wants_tail = &m->wants;
    return m;
}

Test(wants, a_step_wants_as_many_things_as_it_likes_in_their_order)
{
    enum { COUNT = 1000 };
    struct arena *arena = arena_new(1 << 20);
    struct cmp_message *m = message(arena);
    struct cmp_authority ca = {.name = "x"};
    static struct verification items[COUNT];
    const struct cmp_want *want;
    unsigned count = 0;

    cr_assert_not_null(cmp_want_row(m, &ca, STORE_TRANSACTIONS, bytes_str("id")));
    for (unsigned i = 0; i < COUNT; i++)
        cmp_want_verification(m, &items[i]);
    cr_assert_not(m->starved);
    want = cmp_wants(m);
    cr_assert_eq(want->kind, CMP_WANT_FETCH);
    cr_assert(bytes_equal(want->u.fetch->key, bytes_str("id")));
    for (want = want->next; want != NULL; want = want->next, count++) {
        cr_assert_eq(want->kind, CMP_WANT_VERIFY);
        cr_assert_eq(want->u.verify, &items[count]);
    }
    cr_assert_eq(count, COUNT);
    arena_free(arena);
}

/* The message then ends before another step is taken. */
Test(wants, what_finds_no_memory_is_noted)
{
    struct arena *arena = arena_new(sizeof(struct cmp_message) + 256);
    struct cmp_message *m = message(arena);
    static struct verification item;

    for (unsigned i = 0; i < 16 && !m->starved; i++)
        cmp_want_verification(m, &item);
    cr_assert(m->starved);
    cr_assert_null(cmp_want_unit(m));
    cr_assert_null(cmp_want_decision(m));
    arena_free(arena);
}
