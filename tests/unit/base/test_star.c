/* test_star.c: what stands at the star of a pattern. */
#include <criterion/criterion.h>

#include "server/base/star.h"

static struct bytes at(const char *text, const char *pattern)
{
    return star_of(bytes_str(text), pattern);
}

Test(star, what_stands_there_is_found)
{
    cr_expect(bytes_equal(at("gnb-1.example", "gnb-*.example"), bytes_str("1")));
    cr_expect(bytes_equal(at("GNB-A.Example", "gnb-*.EXAMPLE"), bytes_str("A")), "capitals do not count");
    cr_expect(bytes_equal(at("all", "*"), bytes_str("all")));
    cr_expect(bytes_equal(at("abc", "a*"), bytes_str("bc")));
}

Test(star, what_does_not_look_so_has_nothing_there)
{
    cr_expect_eq(at("gnb-.example", "gnb-*.example").len, 0, "nothing stands there");
    cr_expect_eq(at("", "*").len, 0);
    cr_expect_eq(at("aba", "ab*ba").len, 0, "no octet is of both ends");
    cr_expect_eq(at("enb-1.example", "gnb-*.example").len, 0);
    cr_expect_eq(at("gnb-1.example.net", "gnb-*.example").len, 0);
    cr_expect_eq(at("[", "{*").len, 0, "capitals of ASCII alone");
}

Test(star, texts_are_compared_without_capitals)
{
    cr_expect(star_equal(bytes_str("Gnb"), "gNB"));
    cr_expect_not(star_equal(bytes_str("gnb"), "gn"));
    cr_expect_not(star_equal(bytes_str("gn"), "gnb"));
    cr_expect(star_equal(bytes_of(NULL, 0), ""));
}
