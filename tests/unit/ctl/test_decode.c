/* test_decode.c: the command, from a file or standard input to what it says and how it ends
 * (server/ctl/decode.c). */
/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/decode.c"

#include "tests/support/call.h"
#include "tests/unit/ctl/decode_fixture.h"

static char file[] = "/tmp/cmpd-decode-XXXXXX";

static void set_up_file(void)
{
    set_up();
    close(mkstemp(file));
}

static void tear_down_file(void)
{
    unlink(file);
    tear_down();
}

TestSuite(decode, .init = set_up_file, .fini = tear_down_file, .timeout = 60);

static int decode_file(struct bytes text)
{
    char words[64];

    cr_assert(file_write(file, text.data, text.len, 0600, 0));
    snprintf(words, sizeof words, "decode %s", file);
    return call(words);
}

static int decode_stdin(struct bytes text)
{
    cr_assert(file_write(file, text.data, text.len, 0600, 0));
    cr_assert_not_null(freopen(file, "r", stdin));
    return call("decode -");
}

#define WHOLE "b3{05{}}"

Test(decode, a_whole_message_is_shown)
{
    char first[64];

    cr_assert_eq(decode_file(message(WHOLE)), CTL_OK, "%s", call_err);
    cr_expect_eq(strncmp(call_out, "PKIMessage", 10), 0, "%s", call_out);
    snprintf(first, sizeof first, "%zu octets from DER\n", message(WHOLE).len);
    cr_expect_not_null(strstr(call_out, first), "%s", call_out);
    cr_expect_not_null(strstr(call_out, "pkiconf"), "%s", call_out);
    cr_expect_str_empty(call_err);
    cr_assert_eq(decode_stdin(message(WHOLE)), CTL_OK, "%s", call_err);
    cr_expect_not_null(strstr(call_out, first), "%s", call_out);
}

Test(decode, where_a_message_is_broken_is_told)
{
    cr_assert_eq(decode_file(der_text(arena, "30{" HEADER "b3{06{}}}", certificate)), CTL_FAULT);
    cr_expect_not_null(strstr(call_out, "fault at octet "), "%s", call_out);
    cr_assert_eq(decode_file(bytes_str("what is this?")), CTL_FAULT);
    cr_expect_eq(strncmp(call_out, "fault: ", 7), 0, "%s", call_out);
    cr_expect_str_empty(call_err);
}

/* A whole one is known by what it is, a broken one by its label. */
Test(decode, what_is_no_message_is_shown_as_what_it_is)
{
    static const struct {
        const char *label, *type;
    } broken[] = {{"CERTIFICATE", "Certificate "},
                  {"CERTIFICATE REQUEST", "CertificationRequest "},
                  {"X509 CRL", "CertificateList "},
                  {"OTHER", "PKIMessage "}};
    char *pem;
    size_t len;

    cr_assert_eq(decode_file(certificate), CTL_OK);
    cr_expect_eq(strncmp(call_out, "Certificate ", 12), 0, "%s", call_out);
    cr_expect_not_null(strstr(call_out, "(no PKIMessage)"), "%s", call_out);
    cr_expect_null(strstr(call_out, "first of several"));
    cr_assert(pem_certificate(&pem, &len, certificate));
    cr_assert_eq(decode_file(bytes_str(arena_printf(arena, "%s%s", pem, pem))), CTL_OK);
    cr_expect_not_null(strstr(call_out, "from PEM \"CERTIFICATE\" (no PKIMessage) (the first of several: the "
                                        "others are not shown)\n"),
                       "%s", call_out);
    free(pem);
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        const char *label = broken[i].label;
        cr_assert_eq(decode_file(bytes_str(
                         arena_printf(arena, "-----BEGIN %s-----\nMAA=\n-----END %s-----\n", label, label))),
                     CTL_FAULT);
        cr_expect_eq(strncmp(call_out, broken[i].type, strlen(broken[i].type)), 0, "%s", call_out);
    }
}

Test(decode, what_cannot_be_read_is_told)
{
    uint8_t *large = calloc(1, DECODE_INPUT_MAX + 1);
    char words[64];

    cr_assert_not_null(large);
    memset(large, '0', DECODE_INPUT_MAX + 1);
    cr_expect_eq(decode_file(bytes_of(large, DECODE_INPUT_MAX + 1)), CTL_USAGE);
    cr_expect_not_null(strstr(call_err, ": File too large"), "%s", call_err);
    cr_expect_not_null(strstr(call_err, file), "%s", call_err);
    cr_expect_eq(decode_stdin(bytes_of(large, DECODE_INPUT_MAX + 1)), CTL_USAGE);
    cr_expect_str_eq(call_err, "cmpctl: -: File too large\n");
    cr_expect_eq(decode_stdin(bytes_of(large, DECODE_INPUT_MAX)), CTL_FAULT,
                 "that is no message, and was read");
    cr_expect_str_empty(call_err);
    free(large);
    unlink(file);
    snprintf(words, sizeof words, "decode %s", file);
    cr_expect_eq(call(words), CTL_USAGE);
    cr_expect_not_null(strstr(call_err, ": No such file or directory"), "%s", call_err);
}
