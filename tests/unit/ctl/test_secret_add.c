/* secret_add.c: secrets that somebody has chosen, one or a list. */
#include "tests/support/call.h"
#include "tests/support/capture.h"
#include "tests/support/demo.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/secret_add.c"

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(secret_add, .init = set_up, .fini = tear_down, .timeout = 60);

static int told(const char *text)
{
    return strstr(logged, text) != NULL;
}

/* A secret may have spaces; its reference has none. */
Test(secret_add, a_list_has_a_reference_and_a_secret_a_line)
{
    struct ctl_shared_secret *items;
    size_t count;

    items = read_list(&count, "list", bytes_str("a 1\nb  2 3\nc 4"));
    cr_assert_not_null(items);
    cr_assert_eq(count, 3);
    cr_assert(bytes_equal(items[0].reference, bytes_str("a")) &&
              bytes_equal(items[0].secret, bytes_str("1")));
    cr_assert(bytes_equal(items[1].reference, bytes_str("b")) &&
              bytes_equal(items[1].secret, bytes_str(" 2 3")));
    cr_assert(bytes_equal(items[2].reference, bytes_str("c")) &&
              bytes_equal(items[2].secret, bytes_str("4")));
    free(items);
}

Test(secret_add, a_line_that_is_none_is_told_with_its_number)
{
    static const struct {
        const char *list, *says;
    } rows[] = {
        {"a 1\nb\n", "line 2 of list is not REFERENCE SECRET"},
        {"a 1\n\nc 3\n", "line 2 of list"},
        {"a \n", "line 1 of list"},
        {" 1\n", "line 1 of list"},
        {"a 1\nb 2\n\x01 3\n", "line 3 of list"},
    };
    struct ctl_shared_secret *items;
    size_t count;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CAPTURE(items = read_list(&count, "list", bytes_str(rows[i].list)));
        cr_expect_null(items, "%s", rows[i].list);
        cr_expect(told(rows[i].says), "%s", logged);
    }
}

static void put(const char *name, const char *text)
{
    char path[DEMO_PATH_MAX + 32];

    snprintf(path, sizeof path, "%s/%s", demo.dir, name);
    cr_assert(file_write(path, text, strlen(text), 0600, 0));
}

static int add_file(const char *reference, const char *more)
{
    char words[1024];

    snprintf(words, sizeof words, "secret add --config %s --reference %s --secret-file %s/s %s", demo.config,
             reference, demo.dir, more);
    return call(words);
}

static int says(const char *text)
{
    return strstr(call_err, text) != NULL;
}

/* RFC 9483 4.1.5 leaves the MAC's strength to the secret. */
Test(secret_add, a_weak_one_is_taken_from_who_says_so)
{
    put("s", "short\n");
    cr_expect_eq(add_file("gnb", "--profile demo"), CTL_FAULT);
    cr_expect(says("the secret of 'gnb' is weak: it has less than 12 characters"), "%s", call_err);
    cr_expect_eq(add_file("gnb", "--profile demo --weak"), CTL_OK, "%s", call_err);
    put("list", "a k3jd9-fm2x-0qpw\nb password1234\n");
    char words[1024];
    snprintf(words, sizeof words, "secret add --config %s --list %s/list", demo.config, demo.dir);
    cr_expect_eq(call(words), CTL_FAULT);
    cr_expect(says("the secret of 'b' is weak"), "%s", call_err);
    cr_expect(!says("the secret of 'a'"));
}

Test(secret_add, one_that_is_there_is_replaced_by_who_says_so)
{
    put("s", "k3jd9-fm2x-0qpw\n");
    cr_assert_eq(add_file("gnb", "--profile demo"), CTL_OK, "%s", call_err);
    cr_expect_eq(add_file("gnb", "--profile demo"), CTL_FAULT);
    cr_expect(says("there is a secret for 'gnb' already, unused"), "%s", call_err);
    cr_expect_eq(add_file("gnb", "--profile demo --replace"), CTL_OK, "%s", call_err);
}
