/* response.c: CertRepMessage and ErrorMsgContent (RFC 9810 5.3.4 and 5.3.21). */
#include <criterion/criterion.h>

#include "server/pki/response.h"
#include "tests/support/hex.h"

static struct arena *arena;

static void set_up(void)
{
    arena = arena_new(65536);
}

static void tear_down(void)
{
    arena_free(arena);
}

TestSuite(response, .init = set_up, .fini = tear_down);

/* ErrorMsgContent ::= SEQUENCE { pKIStatusInfo PKIStatusInfo, errorCode INTEGER OPTIONAL, errorDetails
 * PKIFreeText OPTIONAL } */
Test(response, error_is_read_with_and_without_its_optional_fields)
{
    static const char *const good[] = {
        "30 05 30 03 02 01 02",
        "30 08 30 03 02 01 02 02 01 07",
        "30 0a 30 03 02 01 02 30 03 0c 01 61",
        "30 0d 30 03 02 01 02 02 01 07 30 03 0c 01 61",
    };
    static const char *const bad[] = {
        "30 00",
        "30 03 02 01 02",
        "30 0d 30 03 02 01 02 30 03 0c 01 61 02 01 07", /* wrong order */
        "30 07 30 03 02 01 02 05 00",
        "30 05 30 03 02 01 02 00",
    };
    struct pki_status_info status;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert(pki_decode_error(&status, hex(arena, good[i])), "case %zu", i);
        cr_assert_eq(status.status, PKI_REJECTION);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(pki_decode_error(&status, hex(arena, bad[i])), "case %zu", i);
}

Test(response, error_is_written_as_the_RFC_has_it)
{
    struct pki_status_info status = {.status = PKI_REJECTION, .fail_info = 1u << PKI_BAD_REQUEST};
    struct bytes out;

    cr_assert(pki_encode_error(&out, arena, &status));
    cr_assert(bytes_equal(out, hex(arena, "30 09 30 07 02 01 02 03 02 05 20")));
}

/* CertRepMessage ::= SEQUENCE { caPubs [1] SEQUENCE OF CMPCertificate OPTIONAL, response SEQUENCE OF
 * CertResponse }; CertResponse ::= SEQUENCE { certReqId, status, certifiedKeyPair OPTIONAL };
 * CertifiedKeyPair's certOrEncCert is a CHOICE { certificate [0] } */
Test(response, CertRepMessage_is_written_as_the_RFC_has_it)
{
    struct bytes certificate = hex(arena, "30 03 02 01 09"), root = hex(arena, "30 03 02 01 08"), out;
    struct cert_response response = {.cert_req_id = 0, .certificate = certificate}, back;

    cr_assert(pki_encode_cert_rep(&out, arena, NULL, 0, &response));
    cr_assert(
        bytes_equal(out, hex(arena, "30 15 30 13 30 11 02 01 00 30 03 02 01 00 30 07 a0 05 30 03 02 01 09")));
    cr_assert(pki_encode_cert_rep(&out, arena, &root, 1, &response));
    cr_assert(
        bytes_equal(out, hex(arena, "30 1e a1 07 30 05 30 03 02 01 08 30 13 30 11 02 01 00 30 03 02 01 00 "
                                    "30 07 a0 05 30 03 02 01 09")));
    cr_assert(pki_decode_cert_rep(&back, out));
    cr_assert(bytes_equal(back.certificate, certificate));
    cr_assert_eq(back.status.status, PKI_ACCEPTED);
}

Test(response, a_rejection_has_no_certifiedKeyPair)
{
    struct cert_response response = {.cert_req_id = -1,
                                     .status = {.status = PKI_REJECTION, .fail_info = 1u << PKI_BAD_POP}},
                         back;
    struct bytes out;

    cr_assert(pki_encode_cert_rep(&out, arena, NULL, 0, &response));
    cr_assert(bytes_equal(out, hex(arena, "30 11 30 0f 30 0d 02 01 ff 30 08 02 01 02 03 03 06 00 40")));
    cr_assert(pki_decode_cert_rep(&back, out));
    cr_assert_eq(back.cert_req_id, -1);
    cr_assert_eq(back.certificate.len, 0);
    cr_assert_eq(back.status.fail_info, 1u << PKI_BAD_POP);
}

Test(response, malformed_CertRepMessage_is_refused)
{
    static const char *const bad[] = {
        "30 00",
        "30 02 30 00",                                                          /* no response */
        "30 15 30 13 30 11 02 01 00 30 03 02 01 00 30 07 a1 05 30 03 02 01 09", /* encryptedCert */
        "30 15 30 13 30 11 02 01 00 30 03 02 01 00 30 07 a0 05 02 03 02 01 09", /* certificate no SEQUENCE */
        "30 17 30 13 30 11 02 01 00 30 03 02 01 00 30 07 a0 05 30 03 02 01 09 05 00",
    };
    struct cert_response out;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(pki_decode_cert_rep(&out, hex(arena, bad[i])), "case %zu", i);
}
