/* name_order.c: the same RDNs in whatever order. */
#include <criterion/criterion.h>

#include "crypto/name.h"
#include "crypto/name_match.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(name_order, .init = set_up, .fini = tear_down);

static struct bytes name(const char *const *pairs)
{
    struct bytes out;

    cr_assert(name_build(&out, arena, pairs));
    return out;
}
#define NAME(...) name((const char *const[]){__VA_ARGS__, NULL})

Test(name_order, order_case_and_spaces_make_no_difference)
{
    struct bytes one = NAME("C", "DE", "O", "Example", "CN", "gnb-1");

    cr_expect(name_has_same_rdns(one, one));
    cr_expect(name_has_same_rdns(one, NAME("CN", "gnb-1", "O", "Example", "C", "DE")));
    cr_expect(name_has_same_rdns(NAME("O", "EXAMPLE ", "CN", "gnb-1", "C", "DE"), one));
}

Test(name_order, each_RDN_stands_for_one)
{
    struct bytes one = NAME("O", "Example", "OU", "x", "OU", "x");

    cr_expect_not(name_has_same_rdns(one, NAME("O", "Example", "O", "Example", "OU", "x")));
    cr_expect_not(name_has_same_rdns(NAME("O", "Example", "O", "Example", "OU", "x"), one));
    cr_expect_not(name_has_same_rdns(one, NAME("O", "Example", "OU", "x")));
    cr_expect_not(name_has_same_rdns(NAME("O", "Example", "OU", "x"), one));
    cr_expect_not(name_has_same_rdns(NAME("O", "Example", "CN", "x"), NAME("CN", "Example", "O", "x")));
}

/* What costs more than a look is not looked at: who sends it has proved nothing. */
Test(name_order, what_is_not_plain_or_too_long_is_not_compared)
{
    const char *pairs[2 * 17 + 1] = {NULL};
    struct bytes foreign = NAME("O", "B\xc3\xbcro", "CN", "x");

    cr_expect_not(name_has_same_rdns(foreign, foreign));
    cr_expect_not(name_has_same_rdns(name_empty(), name_empty()));
    for (int i = 0; i < 17; i++) {
        pairs[2 * i] = "OU";
        pairs[2 * i + 1] = "x";
    }
    cr_expect_not(name_has_same_rdns(name(pairs), name(pairs)));
    pairs[2 * 16] = NULL;
    cr_expect(name_has_same_rdns(name(pairs), name(pairs)));
}
