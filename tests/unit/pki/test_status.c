/* status.c: PKIStatusInfo and PKIFailureInfo (RFC 9810 5.2.3). */
#include <criterion/criterion.h>

#include "server/pki/status.h"
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

TestSuite(status, .init = set_up, .fini = tear_down);

static struct bytes encoded(const struct pki_status_info *info)
{
    struct bytes out;
    CBB cbb;

    cr_assert(CBB_init(&cbb, 64));
    cr_assert(der_finish(&out, arena, &cbb, pki_status_add(&cbb, info)));
    return out;
}

static int decoded(struct pki_status_info *out, const char *text)
{
    CBS cbs = cbs_of(hex(arena, text));

    return pki_status_get(&cbs, out) && CBS_len(&cbs) == 0;
}

/* RFC 9810 5.2.3: PKIStatusInfo ::= SEQUENCE { status PKIStatus, statusString PKIFreeText OPTIONAL, failInfo
 * PKIFailureInfo OPTIONAL } */
Test(status, optional_fields_are_left_out_when_empty)
{
    struct pki_status_info info = {.status = PKI_ACCEPTED};

    cr_assert(bytes_equal(encoded(&info), hex(arena, "30 03 02 01 00")));
}

/* X.690 11.2.2: trailing zero bits of a named bit list are cut: badAlg(0) is 1 bit, systemUnavail(24) is 25.
 */
Test(status, failInfo_is_a_named_bit_list_without_trailing_zeros)
{
    struct pki_status_info info = {.status = PKI_REJECTION, .fail_info = 1u << PKI_BAD_ALG};
    cr_assert(bytes_equal(encoded(&info), hex(arena, "30 07 02 01 02 03 02 07 80")));

    info.fail_info = 1u << PKI_SYSTEM_UNAVAIL;
    info.text = bytes_str("no");
    cr_assert(
        bytes_equal(encoded(&info), hex(arena, "30 10 02 01 02 30 04 0c 02 6e 6f 03 05 07 00 00 00 80")));
}

Test(status, what_was_written_is_read_back)
{
    const struct pki_status_info info = {
        .status = PKI_REJECTION,
        .text = bytes_str("zu sp\xc3\xa4t"),
        .fail_info = 1u << PKI_BAD_TIME | 1u << PKI_DUPLICATE_CERT_REQ,
    };
    struct pki_status_info back;
    CBS cbs = cbs_of(encoded(&info));

    cr_assert(pki_status_get(&cbs, &back));
    cr_assert_eq(back.status, info.status);
    cr_assert_eq(back.fail_info, info.fail_info);
    cr_assert(bytes_equal(back.text, info.text));
}

/* PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String */
Test(status, the_first_of_several_texts_is_kept)
{
    struct pki_status_info info;

    cr_assert(decoded(&info, "30 0b 02 01 03 30 06 0c 01 61 0c 01 62"));
    cr_assert_eq(info.status, PKI_WAITING);
    cr_assert(bytes_equal(info.text, bytes_str("a")));
    cr_assert_eq(info.fail_info, 0);
}

Test(status, malformed_status_is_refused)
{
    static const char *const bad[] = {
        "30 00",                                     /* no status */
        "31 03 02 01 00",                            /* no SEQUENCE */
        "30 03 0a 01 00",                            /* status ENUMERATED */
        "30 05 02 01 02 30 00",                      /* an empty PKIFreeText */
        "30 08 02 01 02 30 03 13 01 61",             /* PrintableString in it */
        "30 07 02 01 02 04 02 07 80",                /* failInfo OCTET STRING */
        "30 07 02 01 02 03 02 08 80",                /* 8 unused bits */
        "30 07 02 01 02 03 02 07 c0",                /* unused bits set */
        "30 09 02 01 02 03 02 07 80 05 00",          /* more after failInfo */
        "30 0c 02 01 02 03 02 07 80 30 03 0c 01 61", /* wrong order */
        "30 0b 02 09 01 00 00 00 00 00 00 00 00",    /* status beyond 64 bits */
    };
    struct pki_status_info info;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(decoded(&info, bad[i]), "case %zu", i);
}

/* RFC 9810 5.2.3, PKIFailureInfo: names and numbers as they stand there. */
Test(status, every_bit_has_the_name_of_the_RFC)
{
    static const char *const names[] = {
        "badAlg",
        "badMessageCheck",
        "badRequest",
        "badTime",
        "badCertId",
        "badDataFormat",
        "wrongAuthority",
        "incorrectData",
        "missingTimeStamp",
        "badPOP",
        "certRevoked",
        "certConfirmed",
        "wrongIntegrity",
        "badRecipientNonce",
        "timeNotAvailable",
        "unacceptedPolicy",
        "unacceptedExtension",
        "addInfoNotAvailable",
        "badSenderNonce",
        "badCertTemplate",
        "signerNotTrusted",
        "transactionIdInUse",
        "unsupportedVersion",
        "notAuthorized",
        "systemUnavail",
        "systemFailure",
        "duplicateCertReq",
    };

    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        cr_assert_str_eq(pki_failure_name(i), names[i]);
    cr_assert_str_eq(pki_failure_name(27), "?");
    cr_assert_str_eq(pki_failure_name(UINT32_MAX), "?");
    cr_assert_eq(PKI_BAD_POP, 9);
    cr_assert_eq(PKI_BAD_CERT_TEMPLATE, 19);
    cr_assert_eq(PKI_DUPLICATE_CERT_REQ, 26);
}
