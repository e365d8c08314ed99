/* cert_count.c: how many certificates there are of what. */
#include <criterion/criterion.h>

#include "server/ctl/ctl.h"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_count, .init = set_up, .fini = tear_down, .timeout = 60);

/* 40 days, of which the last has two; more than are made room for at once. */
static void add_many(void)
{
    for (uint32_t n = 0; n < 41; n++) {
        struct enrollment e = make(n);
        e.cert.issued_at = 1795928400 - (n < 40 ? n : 0) * DAY; /* 2026-11-29T05:00:00Z */
        e.cert.profile = bytes_str(n < 30 ? "demo" : "another");
        if (n == 7)
            e.cert.status = STORE_CERT_HOLD;
        if (n == 8 || n == 9)
            e.cert.not_after = NOW;
        add(&e);
    }
}

Test(cert_count, by_each_way)
{
    size_t lines = 0;

    add_many();
    cr_assert_eq(with_config("cert count --by status"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "         2 expired\n"
                               "         1 hold\n"
                               "        38 valid\n");
    cr_assert_eq(with_config("cert count --by profile --json"), CTL_OK, "%s", call_err);
    cr_expect_str_eq(call_out, "{\"profile\":\"another\",\"count\":11}\n"
                               "{\"profile\":\"demo\",\"count\":30}\n");
    cr_assert_eq(with_config("cert count --by day"), CTL_OK, "%s", call_err);
    for (const char *at = call_out; *at != 0; at++)
        lines += *at == '\n';
    cr_expect_eq(lines, 40);
    cr_expect_eq(strncmp(call_out, "         1 2026-10-21\n         1 2026-10-22\n", 44), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "\n         1 2026-11-28\n         2 2026-11-29\n"), "%s", call_out);
}

Test(cert_count, of_nothing_there_is_nothing)
{
    cr_assert_eq(with_config("cert count --by day"), CTL_OK, "%s", call_err);
    cr_expect_str_empty(call_out);
}

Test(cert_count, it_has_to_be_said_by_what)
{
    cr_expect_eq(with_config("cert count"), CTL_USAGE);
    cr_expect_not_null(strstr(call_err, "wants --by WHAT"), "%s", call_err);
    cr_expect_eq(with_config("cert count --by week"), CTL_FAULT);
    cr_expect_not_null(strstr(call_err, "--by is day, profile or status, not 'week'"), "%s", call_err);
}
