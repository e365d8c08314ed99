/* test_nearest.c: which word was meant, and when none was. */
#include <criterion/criterion.h>

#include "server/base/nearest.h"

static const char *nearest(const char *word)
{
    static const char *const words[] = {"log", "listeners", "node", "limits", "profiles", NULL};
    struct nearest search = nearest_to(word);

    for (size_t i = 0; words[i] != NULL; i++)
        nearest_offer(&search, words[i]);
    return search.best;
}

Test(nearest, the_most_alike_is_found)
{
    cr_assert_str_eq(nearest("listner"), "listeners");
    cr_assert_str_eq(nearest("profile"), "profiles");
    cr_assert_str_eq(nearest("logg"), "log");
    cr_assert_str_eq(nearest("node"), "node");
}

Test(nearest, what_is_not_alike_is_not)
{
    cr_assert_null(nearest("zzzzzzzzzz"));
    cr_assert_null(nearest("lxy"), "two edits of three");
    cr_assert_null(nearest(""));
    cr_assert_null(nearest_to("word").best);
}

Test(nearest, words_of_any_length_may_be_compared)
{
    char word[200];

    memset(word, 'a', sizeof word - 1);
    word[sizeof word - 1] = 0;
    cr_assert_null(nearest(word));
    struct nearest search = nearest_to(word);
    cr_assert_eq(nearest_offer(&search, word), 1);
    cr_assert_eq(nearest_offer(&search, word), 0, "it is no better than the first");
}
