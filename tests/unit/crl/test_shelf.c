/* shelf.c: CRLs in the store, in pieces. */
#include "server/crl/shelf.h"

#include "tests/unit/crl/fixture.h"

TestSuite(shelf, .init = set_up, .fini = tear_down, .timeout = 300);

static const struct store_lease held = {"crl", {(const uint8_t *)"a", 1}, 0, 0};

static void take_lease(const char *holder)
{
    struct store_lease lease = {"crl", bytes_str(holder), 600, 0};
    struct store_unit unit = {.lease = &lease};

    cr_assert(store_commit_wait(store, &unit));
    cr_assert_eq(unit.outcome, STORE_DONE);
}

/* Octets that are no CRL: the shelf does not look into them. */
static struct bytes octets(size_t len, unsigned seed)
{
    uint8_t *out = malloc(len);

    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(seed = seed * 1103515245u + 12345u);
    return bytes_of(out, len);
}

/* The newest one in the store; number 0: there is none. */
static struct store_crl newest(void)
{
    struct arena *rows = arena_new(SHELF_ARENA);
    const struct store_crl *heads = NULL;
    struct store_crl head = {.number = 0};
    size_t count;

    cr_assert_eq(shelf_look(&heads, &count, rows, store, test_issuer()), SHELF_DONE);
    cr_assert_leq(count, 1);
    if (count == 1) {
        same(heads[0].scope, bytes_str("full"), "scope");
        head = heads[0];
        head.scope = bytes_str("full");
    }
    arena_free(rows);
    return head;
}

static enum shelf_outcome put(int64_t number, const struct store_crl *former, struct bytes der,
                              struct store_crl *head)
{
    *head =
        (struct store_crl){.number = number, .this_update = NOW, .next_update = NOW + 10, .position = number};
    return shelve(head, "full", former, der, &held);
}

Test(shelf, what_is_put_is_found_and_taken)
{
    static const size_t sizes[] = {1, STORE_CRL_PIECE - 1, STORE_CRL_PIECE, STORE_CRL_PIECE + 1,
                                   3 * STORE_CRL_PIECE + 7};
    struct store_crl head, found, former = {.number = 0};

    take_lease("a");
    cr_assert_eq(newest().number, 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bytes der = octets(sizes[i], (unsigned)i), taken;
        cr_assert_eq(put((int64_t)i + 1, i != 0 ? &former : NULL, der, &head), SHELF_DONE);
        found = newest();
        cr_assert_eq(found.number, (int64_t)i + 1);
        cr_assert_eq(found.slot, (int)(i % 2), "by turns");
        cr_assert_eq(shelf_take(&taken, store, test_issuer(), &found), SHELF_DONE);
        same(taken, der, "octets");
        former = found;
        free((void *)(uintptr_t)der.data);
        free((void *)(uintptr_t)taken.data);
    }
}

Test(shelf, who_has_no_lease_puts_nothing)
{
    struct bytes der = octets(100, 1);
    struct store_crl head;

    take_lease("b");
    cr_assert_eq(put(1, NULL, der, &head), SHELF_LOST);
    cr_assert_eq(newest().number, 0);
    free((void *)(uintptr_t)der.data);
}

/* The former one can still be read while the next is written; the one before it can not, and is not taken for
 * another. */
Test(shelf, who_reads_while_others_write_gets_a_whole_one_or_none)
{
    struct bytes ders[3] = {octets(5000, 1), octets(5000, 2), octets(5000, 3)}, taken;
    struct store_crl heads[3];

    take_lease("a");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(put(i + 1, i != 0 ? &heads[i - 1] : NULL, ders[i], &heads[i]), SHELF_DONE);
        if (i != 0) {
            cr_assert_eq(shelf_take(&taken, store, test_issuer(), &heads[i - 1]), SHELF_DONE);
            same(taken, ders[i - 1], "the former one");
            free((void *)(uintptr_t)taken.data);
        }
    }
    cr_assert_eq(shelf_take(&taken, store, test_issuer(), &heads[0]), SHELF_LOST);
    for (int i = 0; i < 3; i++)
        free((void *)(uintptr_t)ders[i].data);
}
