/* cert_read.c: serials, transactionIDs and times as they are given. */
#include <criterion/criterion.h>

#include "server/ctl/cert.h"

#define DIGITS_28 "0123456789abcdefABCDEF012345"

Test(cert_read, a_serial_is_32_hexadecimal_digits)
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
        cr_assert(cert_read_serial(serial, right[i]), "'%s'", right[i]);
        cr_assert_arr_eq(serial, expected, sizeof expected);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(cert_read_serial(serial, wrong[i]), "'%s'", wrong[i]);
}

/* A list is what cert list prints, or what a person has written. */
Test(cert_read, a_line_of_a_list_has_a_word_or_none)
{
    char lines[][64] = {"SERIAL                           STATUS\n",
                        "\n",
                        "# gone",
                        "  01",
                        "01ff revoked 2026-12-01\n",
                        "01ff\r\n",
                        "01ff#why",
                        "SERIALS\n"};
    static const char *const words[] = {NULL, NULL, NULL, NULL, "01ff", "01ff", "01ff", "SERIALS"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        cr_assert_eq(cert_read_line(lines[i]), words[i] != NULL, "%zu", i);
        if (words[i] != NULL)
            cr_assert_str_eq(lines[i], words[i]);
    }
}

Test(cert_read, a_transactionID_is_whole_octets)
{
    static const char *const wrong[] = {"", "1", "123", "1g", "12 34", "0x12", "+1", "1234567890"};
    uint8_t octets[4] = {0};

    cr_assert_eq(cert_read_hex(octets, sizeof octets, "01aBcDeF"), 4);
    cr_assert_arr_eq(octets, "\x01\xab\xcd\xef", 4);
    cr_assert_eq(cert_read_hex(octets, sizeof octets, "7f"), 1);
    cr_assert_eq(octets[0], 0x7f);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_eq(cert_read_hex(octets, sizeof octets, wrong[i]), 0, "'%s'", wrong[i]);
}

/* RFC 3339 5.6, "full-date" and "date-time" in UTC. The seconds are those of date(1). */
Test(cert_read, a_time_is_a_date_or_UTC)
{
    static const struct {
        const char *text;
        int64_t at;
    } right[] = {{"2026-11-29T05:00:00Z", 1795928400},
                 {"2026-11-29", 1795910400},
                 {"2024-02-29", 1709164800},
                 {"1999-12-31T23:59:59Z", 946684799},
                 {"2040-01-01", 2208988800}};
    static const char *const wrong[] = {"",
                                        "now",
                                        "2026-11-29T05:00:00",
                                        "2026-11-29 05:00:00Z",
                                        "2026-11-29T05:00:00+01:00",
                                        "2026-11-29T05:00:00.5Z",
                                        "2026-11-29T05:00Z",
                                        "2026-11-29T24:00:00Z",
                                        "2026-11-29T05:00:00Z ",
                                        " 2026-11-29",
                                        "2026-11-9",
                                        "2026-02-30",
                                        "2026-13-01",
                                        "2025-02-29",
                                        "29.11.2026",
                                        "2026-11-2x",
                                        "99999-01-01T00:00:00Z",
                                        "2026-11-29T05:00:00Z2026-11-29T05:00:00Z"};
    int64_t at;

    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
        cr_assert(cert_read_time(&at, right[i].text), "%s", right[i].text);
        cr_expect_eq(at, right[i].at, "%s: %lld", right[i].text, (long long)at);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_not(cert_read_time(&at, wrong[i]), "'%s'", wrong[i]);
}
