/* test_secret.c: shared secrets from an operator's hand into the store (server/ctl/secret.c). */
#include "tests/support/capture.h"
#include "tests/support/demo.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/secret.c"

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(secret, .init = set_up, .fini = tear_down, .timeout = 60);

static const struct ctl_shared_secret one[] = {{{(const uint8_t *)"ref", 3}, {(const uint8_t *)"secret", 6}}};

static int add_to(const char *profile)
{
    int ok;

    CAPTURE(ok = ctl_add_secrets(demo.policy, profile, one, 1, 0, 0));
    return ok;
}

static int told(const char *text)
{
    return strstr(logged, text) != NULL;
}

Test(secret, one_is_added_for_any_profile_or_for_one_that_there_is)
{
    cr_assert(add_to(NULL), "%s", logged);
    cr_assert(add_to(policy_settings(demo.policy)->default_profile->config->name), "%s", logged);
    cr_assert_not(add_to("nobody's"));
    cr_assert(told("no profile is named 'nobody's'"), "%s", logged);
}

/* A configuration that takes no MACs may do without one. */
Test(secret, without_a_key_to_seal_them_none_is_stored)
{
    struct config_fault fault;

    cr_assert(demo_edit(&demo, &fault, "allowed: true             # shared", "allowed: false # shared"), "%s",
              fault.text);
    cr_assert(demo_edit(&demo, &fault, "seal_key: ", "# seal_key: "), "%s", fault.text);
    cr_assert_not(add_to(NULL));
    cr_assert(told("the configuration names no seal_key: secrets are stored sealed only"), "%s", logged);
}

Test(secret, a_store_that_is_not_there_is_told)
{
    const char *store = strchr(policy_config(demo.policy)->store, ':') + 1;
    char moved[512];

    snprintf(moved, sizeof moved, "%s.moved", store);
    cr_assert_eq(rename(store, moved), 0);
    cr_assert_not(add_to(NULL));
    cr_assert(told("there is no store at "), "%s", logged);
    cr_assert_eq(rename(moved, store), 0);
    cr_assert(add_to(NULL));
}

/* RFC 5280 A.1: ub-common-name 64 */
Test(secret, a_reference_is_a_common_name)
{
    char text[66];

    memset(text, 'r', sizeof text);
    cr_assert(is_reference(bytes_of(text, 64)));
    cr_assert_not(is_reference(bytes_of(text, 65)));
    cr_assert_not(is_reference(bytes_of(text, 0)));
    cr_assert(is_reference(bytes_str(" ~")));
    cr_assert_not(is_reference(bytes_str("a\x1f")));
    cr_assert_not(is_reference(bytes_str("a\x7f")));
}

Test(secret, how_long_one_is_good_is_a_number_of_seconds)
{
    static const char *const wrong[] = {"", "0", "-1", "1s", " 1", "12345678901", "1e3"};
    int64_t before = time(NULL), expires;

    cr_assert(read_expiry(&expires, NULL));
    cr_assert_eq(expires, 0, "for ever");
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CAPTURE(cr_expect_not(read_expiry(&expires, wrong[i]), "'%s'", wrong[i]));
        cr_expect(told("--expires-in wants a number of seconds"), "%s", logged);
    }
    cr_assert(read_expiry(&expires, "9999999999"));
    cr_assert_geq(expires, before + INT64_C(9999999999));
    cr_assert_leq(expires, time(NULL) + INT64_C(9999999999));
}

/* A secret may have spaces; its reference has none. */
Test(secret, a_list_has_a_reference_and_a_secret_a_line)
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

Test(secret, a_line_that_is_none_is_told_with_its_number)
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
