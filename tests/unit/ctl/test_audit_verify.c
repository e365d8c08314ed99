/* test_audit_verify.c: what audit verify says of what it cannot read (server/ctl/audit_verify.c). */
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sys/stat.h>

#include "tests/support/capture.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/audit_verify.c"

static char folder[64], path[128];
static struct audit_verify *verify;

static void nothing_is_wrong(void *arg, const char *text)
{
    (void)arg;
    cr_expect_fail("%s", text);
}

static void set_up(void)
{
    snprintf(folder, sizeof folder, "/tmp/cmpd-audit-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    verify = audit_verify_new(nothing_is_wrong, NULL);
}

static void tear_down(void)
{
    audit_verify_free(verify);
    unlink(path);
    rmdir(folder);
}

TestSuite(audit_verify, .init = set_up, .fini = tear_down, .timeout = 60);

static void write_text(const char *text)
{
    cr_assert(file_write(path, text, strlen(text), 0600, 0));
}

static size_t lines(const char *text)
{
    size_t count = 0;

    for (; *text != 0; text++)
        count += *text == '\n';
    return count;
}

/* A store that somebody has been at may have any number of them. */
Test(audit_verify, so_many_faults_are_shown_and_no_more)
{
    size_t shown = 0;

    CAPTURE(for (int i = 0; i < SHOWN_MAX; i++) show_fault(&shown, "f"));
    cr_assert_eq(lines(logged), SHOWN_MAX);
    cr_assert_null(strstr(logged, "not shown"), "there are no more");
    CAPTURE(show_fault(&shown, "one more"); show_fault(&shown, "f"));
    cr_assert_eq(lines(logged), 1, "%s", logged);
    cr_assert_not_null(strstr(logged, "more faults are counted, and not shown"), "%s", logged);
    cr_assert_eq(shown, SHOWN_MAX + 2);
}

static void no_keys(const char *because)
{
    int ok;

    CAPTURE(ok = add_keys(verify, path, 1));
    cr_assert_not(ok);
    cr_assert_not_null(strstr(logged, because), "%s", logged);
    cr_assert_not_null(strstr(logged, path), "%s", logged);
}

/* Without its keys a verification would find everything forged. */
Test(audit_verify, a_file_without_certificates_is_told)
{
    static const char broken[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    uint8_t *good;
    char *both;
    size_t len;

    no_keys("No such file or directory");
    write_text("nothing\n");
    no_keys("holds no certificate in PEM that can be used");
    write_text(broken);
    no_keys("holds no certificate in PEM that can be used");

    cr_assert(file_read(&good, &len, CMPD_TEST_DATA "/vectors/openssl/insta_ca.cert.pem", CERTIFICATES_MAX));
    cr_assert_gt(asprintf(&both, "%s%s", (char *)good, broken), 0);
    write_text((char *)good);
    CAPTURE(cr_expect(add_keys(verify, path, 1)));
    cr_assert_str_empty(logged);
    write_text(both);
    no_keys("holds no certificate in PEM that can be used");
    CAPTURE(cr_expect(add_keys(verify, path, 0), "only the first of them counts"));
    cr_assert_str_empty(logged);
    free(both);
    file_free(good, len);
}

Test(audit_verify, a_log_that_cannot_be_read_is_told)
{
    int ok;

    CAPTURE(ok = read_log(verify, path));
    cr_assert_not(ok);
    cr_assert_not_null(strstr(logged, "/file: No such file or directory"), "%s", logged);
    CAPTURE(ok = read_log(verify, folder));
    cr_assert_not(ok, "what was read of it is not all");
    cr_assert_not_null(strstr(logged, ": Is a directory"), "%s", logged);
}

Test(audit_verify, a_log_without_seals_has_none)
{
    int ok;

    cr_redirect_stdout();
    write_text("time=2026-01-01T00:00:00.000Z level=info event=start\n\nno line");
    ok = read_log(verify, path);
    fflush(stdout);
    cr_assert(ok);
    char expected[256];
    snprintf(expected, sizeof expected, "%s: 0 seals\n", path);
    cr_assert_stdout_eq_str(expected);
}
