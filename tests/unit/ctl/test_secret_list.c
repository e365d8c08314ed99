/* secret_list.c: which secrets there are, and the end of one. */
#include "server/ctl/secret.h"
#include "tests/support/call.h"
#include "tests/support/demo.h"

static struct demo demo;

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(secret_list, .init = set_up, .fini = tear_down, .timeout = 60);

static int with_config(const char *words)
{
    char text[1024];

    snprintf(text, sizeof text, "%s --config %s", words, demo.config);
    return call(text);
}

static void store_many(size_t count)
{
    struct ctl_shared_secret *items = calloc(count, sizeof *items);
    char(*references)[32] = calloc(count, sizeof *references);

    for (size_t i = 0; i < count; i++) {
        snprintf(references[i], sizeof references[i], "gnb-%04zu", i);
        items[i] = (struct ctl_shared_secret){bytes_str(references[i]), bytes_str("a secret")};
    }
    cr_assert(secret_store_all(demo.policy, &(struct secret_plan){.profile = NULL}, items, count));
    free(items);
    free(references);
}

static size_t lines(void)
{
    size_t count = 0;

    for (const char *c = call_out; *c != 0; c++)
        count += *c == '\n';
    return count;
}

/* More than a page, each once. */
Test(secret_list, all_are_shown_and_none_of_them_told)
{
    store_many(STORE_OLD_MAX + 1);
    cr_assert_eq(with_config("secret list --json"), CTL_OK, "%s", call_err);
    cr_expect_eq(lines(), STORE_OLD_MAX + 2, "the demo's, too");
    cr_expect_not_null(
        strstr(call_out, "{\"reference\":\"gnb-0000\",\"state\":\"unused\",\"ca\":\"issuing\""));
    cr_expect_not_null(strstr(call_out, "\"gnb-0256\""));
    cr_expect_null(strstr(call_out, "a secret"));
    cr_assert_eq(with_config("secret list --reference gnb-025 --json"), CTL_OK);
    cr_expect_eq(lines(), 7, "gnb-0250 to gnb-0256");
    cr_assert_eq(with_config("secret list --state reusable"), CTL_OK);
    cr_expect_eq(lines(), 2, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "demo-base-station"));
    cr_expect_eq(with_config("secret list --state gone"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--state is unused, reusable"));
}

Test(secret_list, one_that_was_withdrawn_stays_so)
{
    store_many(2);
    cr_assert_eq(with_config("secret withdraw gnb-0000"), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, "gnb-0000 withdrawn (it was unused)"), "%s", call_out);
    cr_assert_eq(with_config("secret list --state withdrawn"), CTL_OK);
    cr_expect_eq(lines(), 2);
    cr_expect_eq(with_config("secret withdraw gnb-0001 nobody"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "no secret has the reference 'nobody'"), "%s", call_err);
    cr_assert_eq(with_config("secret list --state withdrawn"), CTL_OK);
    cr_expect_eq(lines(), 3, "the other one is");
    cr_assert_eq(with_config("audit list"), CTL_OK);
    cr_expect_not_null(strstr(call_out, "secret withdrawn"));
}
