/* profile_kinds.c: what the ready-made profiles are, as cmpctl tells it. */
#include <criterion/criterion.h>
#include <string.h>

#include "server/base/config.h"
#include "server/ctl/ctl.h"
#include "tests/support/call.h"

Test(profile_kinds, a_line_each)
{
    size_t count, lines = 0;

    config_kinds(&count);
    cr_assert_eq(call("profile kinds"), CTL_OK, "%s", call_err);
    for (const char *at = call_out; *at != 0; at++)
        lines += *at == '\n';
    cr_expect_eq(lines, count);
    cr_expect_eq(strncmp(call_out, "gnb-ipsec  a gNB towards a security gateway (", 45), 0, "%s", call_out);
}

/* What is shown is what a profile takes. */
Test(profile_kinds, one_as_it_is_written)
{
    cr_assert_eq(call("profile kinds nf-oauth"), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "# nf-oauth: a network function", 30), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\ncertificate:\n  key_usage: [digitalSignature]\n"), "%s", call_out);
    cr_assert_eq(call("profile kinds oam --json"), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "{\"name\":\"oam\",\"follows\":\"", 25), 0, "%s", call_out);
}

Test(profile_kinds, one_that_is_not_there)
{
    cr_expect_eq(call("profile kinds gnb"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "there is no kind 'gnb': cmpctl profile kinds lists them"), "%s",
                       call_err);
}
