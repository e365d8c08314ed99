/* test_open.c: what tools open, and that nothing stays open where one of it cannot be (server/ctl/open.c). */
#include "tests/support/call.h"
#include "tests/support/demo.h"

#include "server/ctl/ctl.h"

static struct demo demo;
static char words[512];

static void set_up(void)
{
    demo_new(&demo);
}

static void tear_down(void)
{
    demo_free(&demo);
}

TestSuite(open, .init = set_up, .fini = tear_down, .timeout = 60);

static int with_config(const char *command)
{
    snprintf(words, sizeof words, "%s --config %s", command, demo.config);
    return call(words);
}

/* To read, to change, with and without the policy; a leak is a fault in a build that looks for one. */
Test(open, without_a_store_nothing_is_left_open)
{
    static const char *const commands[] = {"cert list", "audit list", "audit verify", "db purge"};

    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        cr_expect_eq(with_config(commands[i]), CTL_OK, "%s: %s", commands[i], call_err);
    cr_assert_eq(unlink(strchr(policy_config(demo.policy)->store, ':') + 1), 0);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        cr_expect_eq(with_config(commands[i]), CTL_FAULT, "%s", commands[i]);
        cr_expect_not_null(strstr(call_err, "there is no store at "), "%s: %s", commands[i], call_err);
    }
}

/* Another store than the configuration's; its password is not for a command line. */
Test(open, a_store_that_is_named_is_taken)
{
    snprintf(words, sizeof words, "cert list --config %s --store sqlite:/no/such.db", demo.config);
    cr_expect_eq(call(words), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "/no/such.db"), "%s", call_err);
    snprintf(words, sizeof words, "cert list --config %s --store postgres://h/d?password=hidden",
             demo.config);
    cr_expect_eq(call(words), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "leave it out and put it into a passfile"), "%s", call_err);
    cr_expect_null(strstr(call_err, "hidden"), "%s", call_err);
}

/* Who changes something needs the keys; who looks does not. */
Test(open, keys_are_loaded_where_they_are_needed)
{
    char key[512];

    snprintf(key, sizeof key, "%s/ca/issuing.key", demo.dir);
    cr_assert_eq(unlink(key), 0);
    cr_expect_eq(with_config("cert list"), CTL_OK, "%s", call_err);
    cr_expect_eq(with_config("db purge"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "issuing.key"), "%s", call_err);
}
