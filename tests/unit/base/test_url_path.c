/* url_path.c: URL paths in their normal form (RFC 3986 6.2.2). */
#include <criterion/criterion.h>

#include "server/base/url_path.h"
#include "tests/support/exact.h"

/* The normal form of |path|, behind which nothing is read or written; "" with |*why| set if there is none. */
static const char *normal_of(char *text, const char **why, struct bytes path)
{
    struct bytes in = exact(path), out = exact(path);
    size_t len = url_path_normalize((char *)(uintptr_t)out.data, why, in);

    cr_assert_leq(len, path.len);
    memcpy(text, out.data, len);
    text[len] = '\0';
    exact_free(in);
    exact_free(out);
    return text;
}

static void expect(const char *path, const char *normal)
{
    char text[256], again[256];
    const char *why = NULL;

    cr_assert_str_eq(normal_of(text, &why, bytes_str(path)), normal, "%s: %s", path, text);
    cr_assert_null(why);
    cr_assert_str_eq(normal_of(again, &why, bytes_str(text)), normal, "%s again: %s", path, again);
}

static void expect_none(struct bytes path, const char *because)
{
    char text[256];
    const char *why = NULL;

    cr_assert_str_eq(normal_of(text, &why, path), "", "%s", text);
    cr_assert_not_null(strstr(why, because), "%s", why);
}

/* RFC 3986 6.2.2.1: "the hexadecimal digits within a percent-encoding triplet […] should be normalized to use
 * uppercase letters"; the other characters of a path are case-sensitive. */
Test(url_path, codes_are_in_upper_case_and_nothing_else_is)
{
    expect("/a%3a%c3%a9", "/a%3A%C3%A9");
    expect("/CaSe", "/CaSe");
}

/* RFC 3986 6.2.2.2: "These URIs should be normalized by decoding any percent-encoded octet that corresponds
 * to an unreserved character, as described in Section 2.3." 2.4: "Implementations must not percent-encode or
 * decode the same string more than once". */
Test(url_path, codes_of_unreserved_characters_are_decoded_once)
{
    expect("/%61%7A%41%5a%30%39%2d%2E%5f%7e", "/azAZ09-._~");
    expect("/%40%5B%60%7B", "/%40%5B%60%7B");
    expect("/%2541", "/%2541");
    expect("/%252E%252e/x", "/%252E%252e/x");
    expect("/%3Fq%23f", "/%3Fq%23f");
}

/* RFC 3986 5.4, of the paths of its examples those that begin with a slash; and 6.2.2.3. */
Test(url_path, dot_segments_go_and_none_leads_above_the_root)
{
    expect("/a/b/c/./../../g", "/a/g");
    expect("/./g", "/g");
    expect("/../g", "/g");
    expect("/../../../g", "/g");
    expect("/b/c/g.", "/b/c/g.");
    expect("/b/c/..g", "/b/c/..g");
    expect("/b/c/...", "/b/c/...");
    expect("/b/c/g/../h", "/b/c/h");
    expect("/..", "/");
    expect("/.", "/");
    expect("/a/..", "/");
    expect("/a/../", "/");
    expect("/a/%2e%2E/b", "/b");
    expect("/a/.%2e/%2e/b", "/b");
}

/* First RFC 3986, in which an empty segment is one, then ours. */
Test(url_path, empty_segments_go_after_the_dots)
{
    expect("/", "/");
    expect("//", "/");
    expect("/a/", "/a");
    expect("/a///", "/a");
    expect("//a//b", "/a/b");
    expect("/a//../b", "/a/b");
    expect("/a/./", "/a");
}

Test(url_path, a_code_that_is_broken_has_no_normal_form)
{
    static const char *const paths[] = {"/%", "/a%2", "/%%", "/%2", "/%g1", "/%1g", "/%-1", "/% 1", "/a%"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
        expect_none(bytes_str(paths[i]), "two hexadecimal digits");
}

Test(url_path, a_coded_slash_or_nul_has_no_normal_form)
{
    expect_none(bytes_str("/a%2Fb"), "%2F or %00");
    expect_none(bytes_str("/a%2fb"), "%2F or %00");
    expect_none(bytes_str("/a%00"), "%2F or %00");
}

Test(url_path, a_path_begins_with_a_slash)
{
    expect_none(bytes_str(""), "begin with /");
    expect_none(bytes_str("*"), "begin with /");
    expect_none(bytes_str("%2e/a"), "begin with /");
}
