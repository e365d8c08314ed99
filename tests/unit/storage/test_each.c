/* test_each.c: all rows of a table, a page at a time (storage/sqlite/each.c), when a page has little room. */
#include "server/base/arena.h"

static size_t page_room; /* octets of a page's arena; 0: as it is */

static struct arena *arena_of_page(size_t size)
{
    return arena_new(page_room != 0 ? page_room : size);
}

#define arena_new arena_of_page
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "storage/sqlite/each.c"
#undef arena_new

#include "units.h"

TestSuite(each, .init = make_url, .fini = remove_folder, .timeout = 60);

enum { ROWS = 5 };

static size_t enough = SIZE_MAX; /* rows */

static int count_row(void *arg, const void *row)
{
    size_t *count = arg;

    (void)row;
    return ++*count < enough;
}

/* Returns how many were found. */
static size_t count_all(char *fault, int *ok)
{
    struct store *store = must_open(test_url);
    size_t count = 0;

    for (uint32_t n = 0; n < ROWS; n++)
        cr_assert_eq(commit_one(store, 1, n), STORE_DONE);
    *ok = sqlite_each(store, fault, STORE_CERTIFICATES, test_issuer(), count_row, &count);
    store_close(store);
    return count;
}

/* What the rows of a page take before one is read. */
static size_t room_of_rows(void)
{
    return SQLITE_PAGE_ROWS * store_tables[STORE_CERTIFICATES].row_size;
}

/* Rows that were left out would pass for rows that are not there. */
Test(each, a_page_that_holds_no_row_is_a_fault)
{
    char fault[STORE_FAULT_MAX] = "";
    int ok;

    page_room = room_of_rows() + 64;
    cr_assert_eq(count_all(fault, &ok), 0);
    cr_assert_not(ok);
    cr_assert_not_null(strstr(fault, "reading table certificates: out of memory (7)"), "%s", fault);
    cr_assert_not_null(strstr(fault, test_path), "%s", fault);
}

Test(each, a_page_without_room_for_its_rows_is_a_fault)
{
    char fault[STORE_FAULT_MAX] = "";
    int ok;

    page_room = room_of_rows() - 1;
    cr_assert_eq(count_all(fault, &ok), 0);
    cr_assert_not(ok);
    cr_assert_not_null(strstr(fault, "reading table certificates"), "%s", fault);
}

/* It ends early, and the next one goes on behind it. */
Test(each, a_page_with_room_for_few_rows_loses_none)
{
    enum { FEW = 2 * 1024 };
    char fault[STORE_FAULT_MAX] = "";
    int ok;

    page_room = room_of_rows() + FEW;
    cr_assert_eq(count_all(fault, &ok), ROWS);
    cr_assert(ok, "%s", fault);
}

Test(each, whoever_has_had_enough_gets_no_more)
{
    char fault[STORE_FAULT_MAX] = "";
    int ok;

    enough = 2;
    cr_assert_eq(count_all(fault, &ok), 2);
    cr_assert(ok, "%s", fault);
}
