/* cert_lint.c: what in the store breaks RFC 5280. */
#include <criterion/criterion.h>

#include "server/ctl/ctl.h"
#include "tests/support/hex.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_lint, .init = set_up, .fini = tear_down, .timeout = 60);

/* A certificate with the subjectAltName |san|; one that holds no name breaks a rule. */
static void add_with(uint32_t n, const char *san)
{
    struct arena *arena = arena_new(65536);
    struct enrollment e = make(n);

    e.cert.certificate = certificate_with(arena, hex(arena, san));
    add(&e);
    arena_free(arena);
}

Test(cert_lint, those_that_break_a_rule_are_told_and_counted)
{
    char expected[512];

    add_with(1, "30 03 82 01 61");
    cr_assert_eq(with_config("cert lint"), CTL_OK, "%s%s", call_out, call_err);
    cr_expect_str_eq(call_out, "1 certificates, 0 break a rule\n");
    add_with(2, "30 00");
    add_with(3, "30 00");
    cr_assert_eq(with_config("cert lint"), CTL_FAULT, "%s", call_err);
    snprintf(expected, sizeof expected,
             "%s subjectAltName\n%s subjectAltName\n"
             "         2 subjectAltName (RFC 5280 4.2.1.6): there is a name, and each is of its form\n"
             "3 certificates, 2 break a rule\n",
             serial(2), serial(3));
    cr_expect_str_eq(call_out, expected);
    cr_assert_eq(with_config("cert lint --json --show 1"), CTL_FAULT, "%s", call_err);
    snprintf(expected, sizeof expected,
             "{\"serial\":\"%s\",\"profile\":\"demo\",\"breaks\":[\"subjectAltName\"]}\n"
             "{\"rule\":\"subjectAltName\",\"section\":\"RFC 5280 4.2.1.6\",\"count\":2}\n",
             serial(2));
    cr_expect_str_eq(call_out, expected);
}

/* What the fixture has are no certificates at all. */
Test(cert_lint, what_cannot_be_read_breaks_the_first_rule)
{
    struct enrollment e = make(1);

    add(&e);
    cr_assert_eq(with_config("cert lint --show 0"), CTL_FAULT, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "         1 encoding (RFC 5280 4.1)", 34), 0, "%s", call_out);
}

Test(cert_lint, a_number_is_one)
{
    cr_expect_eq(with_config("cert lint --show many"), CTL_USAGE);
    cr_expect_eq(with_config("cert lint --show -1"), CTL_USAGE);
    cr_expect_eq(with_config("cert lint --show 1000001"), CTL_USAGE);
}
