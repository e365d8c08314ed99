/* look.c: requests in URLs (RFC 6960 A.1, RFC 9919 section 6). */
#include "server/ocsp/ocsp.h"

#include <criterion/criterion.h>

#include "tests/support/must.h"

static int read_path(const char *text)
{
    uint8_t octets[OCSP_OF_PATH_MAX];
    size_t len;

    return ocsp_of_path(octets, &len, bytes_str(text)) ? (int)len : -1;
}

Test(ocsp_look, the_example_of_the_rfc)
{
    static const char encoded[] = "MEowSDBGMEQwQjAKBggqhkiG9w0CBQQQ7sp6GTKpL2dAdeGaW267owQQqInESWQD0mGeBArSgv"
                                  "%2FBWQIQLJx%2Fg9xF8oySYzol80Mbpg%3D%3D";
    static const char plain[] = "MEowSDBGMEQwQjAKBggqhkiG9w0CBQQQ7sp6GTKpL2dAdeGaW267owQQqInESWQD0mGeBArSgv"
                                "/BWQIQLJx/g9xF8oySYzol80Mbpg==";
    uint8_t a[OCSP_OF_PATH_MAX], b[OCSP_OF_PATH_MAX];
    size_t a_len, b_len;

    cr_assert(ocsp_of_path(a, &a_len, bytes_str(encoded)));
    cr_assert(ocsp_of_path(b, &b_len, bytes_str(plain)));
    cr_expect_eq(a_len, 76);
    cr_expect(bytes_equal(bytes_of(a, a_len), bytes_of(b, b_len)));
}

Test(ocsp_look, forms)
{
    cr_expect_eq(read_path("MEow"), 3);
    cr_expect_eq(read_path("/MEow"), 3, "a slash too many");
    cr_expect_eq(read_path("%4d%45ow"), 3);
    cr_expect_eq(read_path("%4D%45ow"), 3);
    cr_expect_eq(read_path("MEo%3d"), 2);
    cr_expect_eq(read_path("MEo"), -1, "not padded");
    cr_expect_eq(read_path("ME-_"), -1, "the other alphabet");
    cr_expect_eq(read_path("ME ow"), -1);
    cr_expect_eq(read_path("MEow%"), -1);
    cr_expect_eq(read_path("MEow%2"), -1);
    cr_expect_eq(read_path("MEow%2g"), -1);
    cr_expect_eq(read_path("MEow%00"), -1);
    cr_expect_eq(read_path("%254dEow"), -1, "decoded once");
    cr_expect_eq(read_path(""), -1);
    cr_expect_eq(read_path("///"), -1);
}

Test(ocsp_look, no_more_than_a_request_may_have)
{
    enum { FITS = BOUND_OCSP_OCTETS / 3 * 4 };
    static char text[2 * FITS];

    memset(text, 'A', FITS);
    cr_expect_eq(read_path(text), BOUND_OCSP_OCTETS / 3 * 3);
    memset(text, 'A', FITS + 4);
    cr_expect_eq(read_path(text), -1);
    memset(text, 'A', 2 * FITS - 1);
    cr_expect_eq(read_path(text), -1);
}
