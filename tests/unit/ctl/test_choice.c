/* test_choice.c: which texts are like a pattern (server/ctl/choice.c). The spans are tested with the commands
 * that read them. */
#include <criterion/criterion.h>

#include "server/ctl/choice.h"

Test(choice, a_pattern_is_about_the_whole_text)
{
    static const struct {
        const char *pattern, *text;
        int is_like;
    } rows[] = {
        {"", "", 1},
        {"", "a", 0},
        {"*", "", 1},
        {"*", "anything", 1},
        {"**", "x", 1},
        {"abc", "abc", 1},
        {"aBc", "AbC", 1},
        {"abc", "abcd", 0},
        {"abc", "ab", 0},
        {"a?c", "abc", 1},
        {"a?c", "ac", 0},
        {"a?c", "aüc", 1}, /* a character, whatever its octets */
        {"a??c", "aüc", 0},
        {"?", "", 0},
        {"a*", "a", 1},
        {"*c", "abc", 1},
        {"*c", "abcd", 0},
        {"*gnb-1", "CN=gnb-11,gnb-1", 1}, /* the first that fits is not the one */
        {"*a*b*", "xxbxxa", 0},
        {"*a*b*", "xxaxxb", 1},
        {"*a?c*d", "aacabcd", 1},
        {"a[b]c", "abc", 0}, /* nothing else has a meaning */
        {"a[b]c", "a[b]c", 1},
        {"a\\*", "a\\x", 1},
        {"*ü", "xÜ", 0}, /* of ASCII alone */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(choice_is_like(rows[i].text, rows[i].pattern), rows[i].is_like, "%s %s", rows[i].pattern,
                     rows[i].text);
}
