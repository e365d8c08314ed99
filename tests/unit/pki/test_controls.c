/* controls.c: controls and regInfo of CRMF (RFC 4211 sections 6 and 7). */
#include "tests/support/der_text.h"
#include "tests/unit/pki/crmf.h"

TestSuite(controls, .init = set_up, .fini = tear_down);

#define TEMPLATE "a6 0b 30 05 06 03 2b 65 70 03 02 00 aa"
#define CONTROL(number, value) "30{(1.3.6.1.5.5.7.5.1." number ") " value "}"
#define REG_INFO(number, value) "30{(1.3.6.1.5.5.7.5.2." number ") " value "}"
#define RAISED_TEMPLATE "30{a5{30{31{30{(2.5.4.3) 0c{'RA'}}}}} a6{30{(1.3.101.112)} 03{00 aa}}}"

static struct bytes text(const char *notation)
{
    return notation != NULL ? wrap(0x30, der_text(arena, notation, bytes_of(NULL, 0))) : bytes_of(NULL, 0);
}

/* A CertReqMsg with these |controls|, and this |reg_info|; NULL: without. */
static int decode_with(struct cert_request *out, const char **why, const char *controls, const char *reg_info)
{
    struct bytes request = join(hex(arena, "02 01 00"), wrap(0x30, hex(arena, TEMPLATE)));
    struct bytes message = join(wrap(0x30, join(request, text(controls))), text(reg_info));
    size_t count;

    *why = NULL;
    return pki_decode_cert_requests(out, &count, arena, why, wrap(0x30, wrap(0x30, message)));
}

static void expect_fault(const char *controls, const char *reg_info, const char *beginning)
{
    struct cert_request request;
    const char *why;

    cr_assert_not(decode_with(&request, &why, controls, reg_info), "%s %s", controls, reg_info);
    cr_assert_eq(strncmp(why, beginning, strlen(beginning)), 0, "%s is told of %s %s", why, controls,
                 reg_info);
}

Test(controls, those_that_are_not_known_are_left_alone)
{
    struct cert_request request;
    const char *why;

    /* an OID of somebody's own; protocolEncrKey (6.6); one beyond those of the RFC */
    cr_assert(decode_with(&request, &why, "30{(1.2.3)}" CONTROL("6", "30{}") CONTROL("99", "05{}"), NULL));
    cr_assert(request.old_cert_issuer.len == 0 && request.reg_token.len == 0 && !request.archives_key);
    expect_fault("", NULL, "controls are malformed");
    expect_fault("30{}", NULL, "controls are malformed");
    expect_fault("30{02{01}}", NULL, "controls are malformed");
    expect_fault("05{}", NULL, "controls are malformed");
}

/* RFC 4211 6.1: "The encoding of regToken SHALL be UTF8String."
 * RFC 4211 6.2: "The encoding of authenticator SHALL be UTF8String." */
Test(controls, regToken_and_authenticator_are_text)
{
    struct cert_request request;
    const char *why;

    cr_assert(decode_with(&request, &why, CONTROL("1", "0c{'once'}") CONTROL("2", "0c{'again'}"), NULL));
    cr_assert(bytes_equal(request.reg_token, bytes_str("once")));
    cr_assert(bytes_equal(request.authenticator, bytes_str("again")));
    expect_fault(CONTROL("1", "13{'once'}"), NULL, "regToken");
    expect_fault(CONTROL("1", "0c{'once'} 05{}"), NULL, "regToken");
    expect_fault(CONTROL("1", "0c{}"), NULL, "regToken");
    expect_fault(CONTROL("1", ""), NULL, "regToken");
    expect_fault(CONTROL("1", "0c{c3 28}"), NULL, "regToken");
    expect_fault(CONTROL("1", "0c{'a'}") CONTROL("1", "0c{'b'}"), NULL, "regToken");
    expect_fault(CONTROL("2", "04{'again'}"), NULL, "authenticator");
    expect_fault(CONTROL("2", "0c{'a'}") CONTROL("2", "0c{'a'}"), NULL, "authenticator");
}

Test(controls, a_text_has_a_bound)
{
    char notation[BOUND_REG_TEXT + 64] = "30{(1.3.6.1.5.5.7.5.1.1) 0c{'";
    size_t len = strlen(notation);
    struct cert_request request;
    const char *why;

    memset(notation + len, 'a', BOUND_REG_TEXT);
    strcpy(notation + len + BOUND_REG_TEXT, "'}}");
    cr_assert(decode_with(&request, &why, notation, NULL));
    cr_assert_eq(request.reg_token.len, BOUND_REG_TEXT);
    strcpy(notation + len + BOUND_REG_TEXT, "a'}}");
    expect_fault(notation, NULL, "regToken");
}

/* RFC 4211 6.3: "If dontPublish is used, the pubInfos field MUST be omitted." */
Test(controls, pkiPublicationInfo)
{
    static const char *const good[] = {"30{02{00}}", "30{02{01}}", "30{02{01} 30{30{02{00}}}}",
                                       "30{02{01} 30{30{02{03} 86{'ldap://x'}} 30{02{00}}}}"};
    static const char *const bad[] = {
        "30{02{00} 30{30{02{00}}}}",
        "30{02{02}}",
        "30{02{ff}}",
        "30{02{01} 30{}}",
        "30{}",
        "05{}",
        "30{02{01} 30{30{02{04}}}}",
        "30{02{01} 30{05{}}}",
        "30{02{01} 05{}}",
    };
    char notation[128];
    struct cert_request request;
    const char *why;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(notation, sizeof notation, CONTROL("3", "%s"), good[i]);
        cr_assert(decode_with(&request, &why, notation, NULL), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(notation, sizeof notation, CONTROL("3", "%s"), bad[i]);
        expect_fault(notation, NULL, "pkiPublicationInfo");
    }
}

/* RFC 4211 6.4: of its three choices the last one, if FALSE, wants nothing kept. */
Test(controls, pkiArchiveOptions_want_a_key_kept)
{
    struct cert_request request;
    const char *why;

    cr_assert(decode_with(&request, &why, CONTROL("4", "82{00}"), NULL));
    cr_assert_not(request.archives_key);
    cr_assert(decode_with(&request, &why, CONTROL("4", "82{ff}"), NULL) && request.archives_key);
    cr_assert(decode_with(&request, &why, CONTROL("4", "81{00}"), NULL) && request.archives_key);
    cr_assert(decode_with(&request, &why, CONTROL("4", "a0{a0{}}"), NULL) && request.archives_key);
    expect_fault(CONTROL("4", "82{01}"), NULL, "pkiArchiveOptions");
    expect_fault(CONTROL("4", "82{}"), NULL, "pkiArchiveOptions");
    expect_fault(CONTROL("4", "83{00}"), NULL, "pkiArchiveOptions");
    expect_fault(CONTROL("4", "82{00}") CONTROL("4", "82{00}"), NULL, "pkiArchiveOptions");
}

#define OLD_CERT_ID(id) CONTROL("5", id)

/* RFC 4211 6.5: CertId ::= SEQUENCE { issuer GeneralName, serialNumber INTEGER }
 * RFC 9483 4.1.3 issuer: "REQUIRED"
 * RFC 9483 4.1.3 serialNumber: "REQUIRED" */
Test(controls, an_oldCertID_has_issuer_and_serialNumber)
{
    struct cert_request request;
    const char *why;

    cr_assert(decode_with(&request, &why, OLD_CERT_ID("30{a4{30{}} 02{07}}"), NULL));
    cr_assert(bytes_equal(request.old_cert_issuer, hex(arena, "30 00")));
    cr_assert(bytes_equal(request.old_cert_serial, hex(arena, "07")));
    expect_fault(OLD_CERT_ID("30{02{07}}"), NULL, "oldCertID");
    expect_fault(OLD_CERT_ID("30{a4{30{}}}"), NULL, "oldCertID");
    expect_fault(OLD_CERT_ID("30{a4{30{}} 02{07}} 05{}"), NULL, "oldCertID");
    expect_fault(OLD_CERT_ID("30{a4{30{}} 02{07}}") OLD_CERT_ID("30{a4{30{}} 02{07}}"), NULL, "oldCertID");
}

/* RFC 4211 7.1: "This control can appear multiple times in the regInfo structure." */
Test(controls, utf8Pairs_are_kept_as_they_are)
{
#define PAIR REG_INFO("1", "0c{'version?1%'}")
    struct cert_request request;
    const char *why;

    cr_assert(decode_with(&request, &why, NULL, PAIR "30{(1.2.3) 05{}}" PAIR PAIR PAIR));
    cr_assert_eq(request.utf8_pair_count, BOUND_REG_INFO);
    cr_assert(bytes_equal(request.utf8_pairs[BOUND_REG_INFO - 1], bytes_str("version?1%")));
    expect_fault(NULL, PAIR PAIR PAIR PAIR PAIR, "utf8Pairs");
    expect_fault(NULL, REG_INFO("1", "13{'version?1%'}"), "utf8Pairs");
    expect_fault(NULL, "", "regInfo is malformed");
    expect_fault(NULL, "30{}", "regInfo is malformed");
    expect_fault(NULL, "0c{'x'}", "regInfo is malformed");
}

/* RFC 4211 7.2: "has […] the structure CertRequest. There can only be one instance of this attribute" */
Test(controls, certReq_is_a_template_of_an_RA)
{
#define CERT_REQ REG_INFO("2", "30{02{00} " RAISED_TEMPLATE "}")
    struct cert_request request;
    const char *why;

    cr_assert(decode_with(&request, &why, NULL, CERT_REQ));
    cr_assert_not_null(request.substitute);
    cr_assert(request.substitute->subject.len != 0 && request.tmpl.subject.len == 0);
    cr_assert(bytes_equal(request.substitute->spki, request.tmpl.spki));
    expect_fault(NULL, CERT_REQ CERT_REQ, "certReq in regInfo");
    expect_fault(NULL, REG_INFO("2", "30{02{01} " RAISED_TEMPLATE "}"), "certReq in regInfo");
    expect_fault(NULL, REG_INFO("2", "30{02{00} 05{}}"), "certReq in regInfo");
    expect_fault(NULL, REG_INFO("2", "30{02{00} " RAISED_TEMPLATE "} 05{}"), "certReq in regInfo");
    expect_fault(NULL, REG_INFO("2", ""), "certReq in regInfo");
}
