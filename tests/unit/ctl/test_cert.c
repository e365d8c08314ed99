/* test_cert.c: which certificate is asked for, and what is said where there is none (server/ctl/cert.c). */
#include <criterion/criterion.h>

#include "tests/support/capture.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its text is under test */
#include "server/ctl/cert.c"

#define DIGITS_28 "0123456789abcdefABCDEF012345"

Test(cert, a_serial_is_32_hexadecimal_digits)
{
    static const uint8_t expected[STORE_SERIAL] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef,
                                                   0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x6f, 0x70};
    static const char *const wrong[] = {"", DIGITS_28 "6f7", DIGITS_28 "6f700", DIGITS_28 "6f70g",
                                        DIGITS_28 "6f7g", DIGITS_28 "g0f7", DIGITS_28 "0x6f",
                                        /* which strtoul would take */
                                        DIGITS_28 "6f 7", DIGITS_28 "6f+7", DIGITS_28 "6f-7",
                                        /* blanks between octets alone, and one each */
                                        ":" DIGITS_28 "6f70", DIGITS_28 "6f70:", DIGITS_28 "6:f70",
                                        DIGITS_28 ":: 6f70", DIGITS_28 "6f::70",
                                        DIGITS_28 "6f:", "0x0x" DIGITS_28 "6f70", "serial=", "0x"};
    static const char *const right[] = {DIGITS_28 "6f70",
                                        "0123456789ABCDEFABCDEF0123456F70",
                                        "serial=0123456789ABCDEFABCDEF0123456F70",
                                        "01:23:45:67:89:ab:cd:ef:ab:cd:ef:01:23:45:6f:70",
                                        "01 23 45 67 89 AB CD EF AB CD EF 01 23 45 6F 70",
                                        "0x0123456789abcdefabcdef0123456f70",
                                        "0X0123456789ABCDEFABCDEF0123456F70"};
    uint8_t serial[STORE_SERIAL];

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        memset(serial, 0, sizeof serial);
        cr_assert(parse_serial(serial, right[i]), "'%s'", right[i]);
        cr_assert_arr_eq(serial, expected, sizeof expected);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(parse_serial(serial, wrong[i]), "'%s'", wrong[i]);
}

static void no_issuer(const char *path, const char *because)
{
    struct issuer issuer = {.found = 1};
    int ok;

    CAPTURE(ok = read_issuer(&issuer, path));
    cr_assert_not(ok);
    cr_assert_not(issuer.found);
    cr_assert_not_null(strstr(logged, because), "%s", logged);
    cr_assert_not_null(strstr(logged, path), "%s", logged);
}

Test(cert, an_issuer_without_a_certificate_is_told)
{
    static const char *const texts[] = {"nothing\n",
                                        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"};
    char path[] = "/tmp/cmpd-cert-XXXXXX";
    struct issuer issuer;

    close(mkstemp(path));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        cr_assert(file_write(path, texts[i], strlen(texts[i]), 0600, 0));
        no_issuer(path, "holds no certificate in PEM");
    }
    unlink(path);
    no_issuer(path, "No such file or directory");
    cr_assert(read_issuer(&issuer, CMPD_TEST_DATA "/cmp/intermediate.pem"));
}

Test(cert, each_status_has_its_name)
{
    static const struct {
        enum store_cert_status status;
        const char *name;
    } rows[] = {{STORE_CERT_UNCONFIRMED, "unconfirmed"},
                {STORE_CERT_VALID, "valid"},
                {STORE_CERT_REVOKED, "revoked"},
                {STORE_CERT_HOLD, "hold"},
                {(enum store_cert_status)99, "?"}}; /* somebody has been at the store */

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_str_eq(status_name(rows[i].status), rows[i].name);
}
