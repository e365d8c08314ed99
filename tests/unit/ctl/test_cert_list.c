/* cert_list.c: what a line says, and what fits a terminal. Which are shown: test_cert_filter.c. */
#include <criterion/criterion.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/cert_list.c"
#include "tests/unit/ctl/cert_fixture.h"

TestSuite(cert_list, .init = set_up, .fini = tear_down, .timeout = 60);

static struct enrollment revoked_one(void)
{
    struct enrollment e = make(1);

    e.cert.status = STORE_CERT_REVOKED;
    e.cert.reason = 9;
    e.cert.issued_at = 1795928400; /* 2026-11-29T05:00:00Z */
    e.cert.revoked_at = 1795928401;
    return e;
}

Test(cert_list, a_header_and_a_line_for_each)
{
    struct enrollment e = revoked_one(), valid = make(2);
    char expected[512];

    add(&e);
    valid.cert.issued_at = 1795928400;
    add(&valid);
    cr_assert_eq(with_config("cert list"), CTL_OK, "%s", call_err);
    snprintf(expected, sizeof expected,
             "SERIAL                           STATUS      ISSUED     EXPIRES    SUBJECT\n"
             "%s revoked privilegeWithdrawn 2026-11-29 2040-01-01 CN=gnb-1\n"
             "%s valid       2026-11-29 2040-01-01 CN=gnb-2\n",
             serial(1), serial(2));
    cr_assert_str_eq(call_out, expected);
}

/* In JSON all of the row, and no header. */
Test(cert_list, json_has_the_reason)
{
    struct enrollment e = revoked_one(), valid = make(2);

    add(&e);
    add(&valid);
    cr_assert_eq(with_config("cert list --json"), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "{\"serial\":\"", 11), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out,
                              ",\"status\":\"revoked\",\"reason\":\"privilegeWithdrawn\",\"issued_at\":"
                              "\"2026-11-29T05:00:00Z\","),
                       "%s", call_out);
    cr_expect_not_null(strstr(call_out, ",\"revoked_at\":\"2026-11-29T05:00:01Z\","), "%s", call_out);
    cr_expect_not_null(strstr(call_out, ",\"status\":\"valid\",\"reason\":\"\","), "%s", call_out);
    cr_expect_not_null(strstr(call_out, ",\"profile\":\"demo\",\"shard\":0,\"vendor\":\"\"}\n"), "%s",
                       call_out);
}

static const char *line_at(size_t width, const struct store_cert *cert)
{
    static char shown[256];
    struct listing listing = {.filter = {.now = NOW,
                                         .issued = {INT64_MIN, INT64_MAX},
                                         .expires = {INT64_MIN, INT64_MAX},
                                         .revoked = {INT64_MIN, INT64_MAX}},
                              .width = width};
    FILE *out = stdout;

    memset(shown, 0, sizeof shown);
    stdout = fmemopen(shown, sizeof shown, "w");
    cr_assert(print_line(&listing, cert));
    fclose(stdout);
    stdout = out;
    shown[strcspn(shown, "\n")] = 0;
    return shown;
}

Test(cert_list, on_a_terminal_the_subject_is_cut)
{
    static const uint8_t octets[STORE_SERIAL];
    struct store_cert cert = {.serial = bytes_of(octets, sizeof octets),
                              .status = STORE_CERT_VALID,
                              .issued_at = NOW,
                              .not_after = FAR,
                              .subject_text = bytes_str("CN=gnb-1,OU=Radio,O=Example Mobile")};

    cr_expect_eq(strlen(line_at(0, &cert)), 67 + 34);
    cr_expect_eq(strlen(line_at(67 + 34, &cert)), 67 + 34);
    cr_expect_eq(strlen(line_at(67 + 33, &cert)), 67 + 32 + strlen("…"));
    cr_expect_eq(strlen(line_at(80, &cert)), 67 + 12 + strlen("…"));
    /* Where there is no room, some of it all the same. */
    cr_expect_eq(strlen(line_at(40, &cert)), 67 + 11 + strlen("…"));
}
