/* pem.c: certificates in files (RFC 7468). */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "crypto/pem.h"
#include "tests/support/hex.h"

static size_t given;
static struct bytes last;
static struct arena *arena;
static size_t stop_after;

static void set_up(void)
{
    arena = arena_new(1024 * 1024);
    given = 0;
    stop_after = 99;
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(pem, .init = set_up, .fini = tear_down);

static int keep(void *arg, struct bytes der)
{
    must(arg == &given);
    last = arena_copy(arena, der);
    return ++given < stop_after;
}

static size_t each(const char *text)
{
    given = 0;
    return pem_each_certificate(bytes_str(text), keep, &given);
}

/* base64 of 30 03 02 01 07 is MAMCAQc= */
#define BLOCK "-----BEGIN CERTIFICATE-----\nMAMCAQc=\n-----END CERTIFICATE-----\n"
#define OTHER "-----BEGIN X509 CRL-----\nMAMCAQc=\n-----END X509 CRL-----\n"

Test(pem, every_certificate_is_given_in_order)
{
    cr_assert_eq(each(BLOCK BLOCK), 2);
    cr_assert_eq(given, 2);
    cr_assert(bytes_equal(last, hex(arena, "30 03 02 01 07")));
}

/* RFC 7468 section 2, 5.2: text around the blocks is passed over; so are blocks of another label. */
Test(pem, text_and_other_labels_are_passed_over)
{
    cr_assert_eq(each("a root\n" BLOCK "subject: x\n" OTHER BLOCK "the end\n"), 2);
    cr_assert_eq(each(OTHER), 0);
    cr_assert_eq(each(""), 0);
    cr_assert_eq(each("no PEM\n"), 0);
}

Test(pem, it_stops_when_told_to)
{
    stop_after = 1;
    cr_assert_eq(each(BLOCK BLOCK), 1);
    cr_assert_eq(given, 1);
}

/* A trust file that was cut must not be taken for a shorter one. */
Test(pem, a_damaged_block_makes_the_whole_invalid)
{
    cr_assert_eq(each(BLOCK "-----BEGIN CERTIFICATE-----\nMAMCAQc=\n"), 0);
    cr_assert_eq(each(BLOCK "-----BEGIN CERTIFICATE-----\nMAM!AQc=\n-----END CERTIFICATE-----\n" BLOCK), 0);
    cr_assert_eq(each(BLOCK "-----BEGIN CERTIFICATE-----\nMAMCAQc=\n-----END X509 CRL-----\n"), 0);
}

Test(pem, what_is_written_is_read_back)
{
    struct bytes der = file_in_tests(arena, CMPD_TEST_DATA, "cmp/IP_PBM.der"); /* any octets do */
    size_t len;
    char *text;

    cr_assert(pem_certificate(&text, &len, der));
    cr_assert_eq(strlen(text), len);
    cr_assert_eq(strncmp(text, "-----BEGIN CERTIFICATE-----\n", 28), 0);
    cr_assert_eq(each(text), 1);
    cr_assert(bytes_equal(last, der));
    free(text);
}
