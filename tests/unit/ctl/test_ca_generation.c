/* ca_generation.c: what keys and certificates are called that follow others. */
#include "server/ctl/ca_generation.h"

#include <criterion/criterion.h>

#include "tests/support/capture.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(64 * 1024);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(ca_generation, .init = set_up, .fini = tear_down);

Test(ca_generation, the_next_number)
{
    static const struct {
        const char *name, *between, *next;
    } rows[] = {
        {"root", "-", "root-2"},
        {"root-2", "-", "root-3"},
        {"root-9", "-", "root-10"},
        {"root2", "-", "root-3"},
        {"root-2026", "-", "root-2027"},
        {"issuing", "", "issuing2"},
        {"issuing2", "", "issuing3"},
        {"issuing-2", "", "issuing3"}, /* not issuing-3: that is what a shard is called */
        {"ran5g-north", "", "ran5g-north2"},
        {"2026", "-", "2026-2"},
        {"-2", "-", "--3"},
        {"a999999999", "-", "a-1000000000"},
        {"a1999999999", "-", "a1-1000000000"}, /* no more digits are a number */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(ca_next_name(arena, rows[i].name, rows[i].between), rows[i].next);
}

Test(ca_generation, what_would_be_no_name)
{
    char longest[64 + 1];
    const char *next;

    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    CAPTURE(next = ca_next_name(arena, longest, "-"));
    cr_expect_null(next);
    cr_expect_not_null(strstr(logged, "cannot be followed"));
}

Test(ca_generation, the_name_of_a_file)
{
    cr_expect_str_eq(ca_stem(arena, "ca/root.pem"), "root");
    cr_expect_str_eq(ca_stem(arena, "/a.b/root"), "root");
    cr_expect_str_eq(ca_stem(arena, "root.v1.crt"), "root.v1");
}

/* It stands in paths of the configuration. */
Test(ca_generation, a_file_without_a_name_for_that)
{
    static const char *const paths[] = {"",          "ca/",          "ca/.pem",      "my root.pem",
                                        "root.p em", "ca/root].pem", "r\xc3\xb6.pem"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        const char *stem;
        CAPTURE(stem = ca_stem(arena, paths[i]));
        cr_expect_null(stem, "%s", paths[i]);
        cr_expect_not_null(strstr(logged, "does not suit"));
    }
}
