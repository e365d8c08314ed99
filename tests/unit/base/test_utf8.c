/* utf8.c: what of a peer's text may be shown (RFC 3629 section 4). */
#include <criterion/criterion.h>
#include <string.h>

#include "server/base/utf8.h"

static size_t shown(const char *text)
{
    return utf8_shown((const uint8_t *)text, strlen(text));
}

Test(utf8, characters_of_each_length)
{
    cr_assert_eq(shown("a"), 1);
    cr_assert_eq(shown("\x7e!"), 1);
    cr_assert_eq(shown("\xc3\xbc!"), 2);
    cr_assert_eq(shown("\xdf\xbf"), 2);
    cr_assert_eq(shown("\xe0\xa0\x80"), 3);
    cr_assert_eq(shown("\xe2\x82\xac"), 3);
    cr_assert_eq(shown("\xef\xbf\xbd"), 3);
    cr_assert_eq(shown("\xf0\x90\x80\x80"), 4);
    cr_assert_eq(shown("\xf4\x8f\xbf\xbd"), 4);
}

/* RFC 3629 section 3: no overlong forms, no surrogates, nothing beyond U+10FFFF */
Test(utf8, what_is_malformed)
{
    static const char *const malformed[] = {
        "\x80",         "\xbf",         "\xc3",     "\xc3(",        "\xc0\xaf",         "\xc1\xbf",
        "\xe0\x80\xaf", "\xe0\x9f\xbf", "\xe2\x82", "\xed\xa0\x80", "\xed\xbf\xbf",     "\xf0\x8f\xbf\xbf",
        "\xf0\x90\x80", "\xf8\x88\x80", "\xff",     "\xe2(\xac",    "\xf4\x90\x80\x80", "\xf7\xbf\xbf\xbf",
    };

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        cr_assert_eq(shown(malformed[i]), 0, "%zu", i);
}

Test(utf8, what_a_terminal_would_obey_or_not_show)
{
    static const char *const hidden[] = {
        "\x1f",         "\x7f",         "\xc2\x80",     "\xc2\x9f",     "\xc2\xad",         "\xd8\x9c",
        "\xe2\x80\x8b", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xaa", "\xe2\x80\xae",     "\xe2\x81\xa6",
        "\xe2\x81\xa9", "\xef\xbb\xbf", "\xef\xbf\xb9", "\xe1\xa0\x8e", "\xf3\xa0\x80\x81",
    };

    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        cr_assert_eq(shown(hidden[i]), 0, "%zu", i);
    cr_assert_eq(utf8_shown((const uint8_t *)"\0", 1), 0);
    cr_assert_eq(shown("\xc2\xa0"), 2);
    cr_assert_eq(shown("\xe2\x80\x90"), 3);
}
