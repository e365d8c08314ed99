/* request.c: CRMF (RFC 4211) and PKCS #10 (RFC 2986). */
#include "tests/unit/pki/crmf.h"

TestSuite(request, .init = set_up, .fini = tear_down);

static int decode_template(struct cert_request *out, const char *tmpl)
{
    return decode(out, cert_req_msg(tmpl, "", ""));
}

/* RFC 4211 section 5 and its module (IMPLICIT TAGS; issuer and subject are a CHOICE, so explicit): */
#define VERSION "80 01 02"
#define SERIAL "81 01 07"
#define SIGNING_ALG "a2 05 06 03 2b 65 70"
#define ISSUER "a3 02 30 00"
#define VALIDITY "a4 11 a1 0f 17 0d 32 37 30 31 31 35 30 38 30 30 30 30 5a"
#define SUBJECT "a5 10 30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 67 6e 62"
#define PUBLIC_KEY "a6 0b 30 05 06 03 2b 65 70 03 02 00 aa"
#define ISSUER_UID "87 02 00 01"
#define SUBJECT_UID "88 02 00 02"
/* subjectAltName, dNSName "a" */
#define SAN_EXTENSION "30 0c 06 03 55 1d 11 04 05 30 03 82 01 61"
#define EXTENSIONS "a9 0e " SAN_EXTENSION

Test(request, an_empty_template_has_nothing)
{
    struct cert_request request;

    cr_assert(decode_template(&request, ""));
    cr_assert_eq(request.tmpl.version, -1);
    cr_assert_eq(request.tmpl.subject.len, 0);
    cr_assert_eq(request.tmpl.spki.len, 0);
    cr_assert_eq(request.tmpl.san.len, 0);
    cr_assert(request.tmpl.serial.len == 0 && request.tmpl.issuer.len == 0 && !request.tmpl.has_validity &&
              request.old_cert_issuer.len == 0);
    cr_assert_eq(request.pop, PKI_POP_NONE);
    cr_assert_eq(request.cert_req_id, 0);
}

Test(request, every_field_of_a_template_is_read)
{
    struct cert_request request;

    cr_assert(decode_template(
        &request,
        VERSION SERIAL SIGNING_ALG ISSUER VALIDITY SUBJECT PUBLIC_KEY ISSUER_UID SUBJECT_UID EXTENSIONS));
    cr_assert_eq(request.tmpl.version, 2);
    cr_assert(bytes_equal(request.tmpl.serial, hex(arena, "07")));
    cr_assert(bytes_equal(request.tmpl.issuer, hex(arena, "30 00")));
    /* 2027-01-15 08:00:00 UTC */
    cr_assert(request.tmpl.has_validity && request.tmpl.not_before == TEMPLATE_NO_TIME);
    cr_assert_eq(request.tmpl.not_after, 1800000000);
    cr_assert(request.tmpl.has_uid);
    cr_assert_neq(request.tmpl.signing_alg.len, 0);
    cr_assert(
        bytes_equal(request.tmpl.subject, hex(arena, "30 0e 31 0c 30 0a 06 03 55 04 03 0c 03 67 6e 62")));
    /* SubjectPublicKeyInfo with the tag of its own, as a certificate has it */
    cr_assert(bytes_equal(request.tmpl.spki, hex(arena, "30 0b 30 05 06 03 2b 65 70 03 02 00 aa")));
    cr_assert(bytes_equal(request.tmpl.san, hex(arena, "30 03 82 01 61")));
}

Test(request, each_field_of_a_template_may_stand_alone_but_not_out_of_order_or_twice)
{
    static const char *const fields[] = {VERSION, SERIAL,     SIGNING_ALG, ISSUER,      VALIDITY,
                                         SUBJECT, PUBLIC_KEY, ISSUER_UID,  SUBJECT_UID, EXTENSIONS};
    struct cert_request request;
    char text[512];

    for (size_t i = 0; i < 10; i++)
        for (size_t j = 0; j < 10; j++) {
            snprintf(text, sizeof text, "%s %s", fields[i], fields[j]);
            cr_assert_eq(decode_template(&request, text), i < j, "%zu before %zu", i, j);
        }
    for (size_t i = 0; i < 10; i++)
        cr_assert(decode_template(&request, fields[i]), "%zu", i);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)" */
Test(request, a_field_of_a_template_in_another_form_is_refused)
{
    static const char *const bad[] = {
        "a0 03 02 01 02",                               /* version under an explicit tag */
        "80 00 05 00",                                  /* not a tag of a template */
        "a5 02 31 00",                                  /* subject that is no SEQUENCE */
        "a5 04 30 00 30 00",                            /* two names */
        "30 00",                                        /* subject under an implicit tag */
        "aa 02 30 00",                                  /* [10] */
        "a9 02 05 00",                                  /* extensions of a NULL */
        "a9 09 30 07 06 03 55 1d 11 0c 00",             /* extnValue no OCTET STRING */
        "a9 0c 30 0a 06 03 55 1d 11 04 03 30 03 82",    /* SAN cut */
        "a9 0b 30 09 06 03 55 1d 11 04 02 30 00",       /* GeneralNames: SIZE (1..MAX) */
        "a9 0d 30 0b 06 03 55 1d 11 04 04 82 02 61 61", /* SAN without its SEQUENCE */
        "a9 10 30 0e 06 03 55 1d 11 04 07 30 03 82 01 61 05 00",
        "a9 0f 30 0d 06 03 55 1d 11 04 06 30 04 82 81 01 61", /* X.690 10.1: BER length */
        "a9 0e 30 0c 06 03 55 1d 11 04 05 30 03 02 01 05",    /* an INTEGER is no GeneralName */
        "a9 0e 30 0c 06 03 55 1d 11 04 05 30 03 89 01 61",    /* GeneralName ends with [8] */
        "a9 0e 30 0c 06 03 55 1d 11 04 05 30 03 a2 01 00",    /* dNSName constructed */
        "a9 0e 30 0c 06 03 55 1d 11 04 05 30 03 84 01 61",    /* directoryName primitive */
    };
    struct cert_request request;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(decode_template(&request, bad[i]), "case %zu", i);
}

/* RFC 4211 section 5: serialNumber, signingAlg, issuerUID and subjectUID "MUST be omitted",
 * each. */
Test(request, what_must_be_omitted_is_noticed_each_by_itself)
{
    struct cert_request request;

    cr_assert(decode_template(&request, VERSION ISSUER VALIDITY SUBJECT PUBLIC_KEY EXTENSIONS));
    cr_assert(!request.tmpl.has_uid && request.tmpl.signing_alg.len == 0 && request.tmpl.serial.len == 0);
    cr_assert(decode_template(&request, SERIAL));
    cr_assert(!request.tmpl.has_uid && request.tmpl.signing_alg.len == 0 && request.tmpl.serial.len != 0);
    cr_assert(decode_template(&request, SIGNING_ALG));
    cr_assert(!request.tmpl.has_uid && request.tmpl.signing_alg.len != 0 && request.tmpl.serial.len == 0);
    cr_assert(decode_template(&request, ISSUER_UID));
    cr_assert(request.tmpl.has_uid);
    cr_assert(decode_template(&request, SUBJECT_UID));
    cr_assert(request.tmpl.has_uid);
    cr_assert_not(decode_template(&request, "81 00"), "a serialNumber of no octets");
}

/* RFC 5280 4.2.1.6: rfc822Name, dNSName and uniformResourceIdentifier are IA5String; what a reader cannot see
 * is none of them here. */
Test(request, names_as_text_hold_what_can_be_seen)
{
    static const struct {
        const char *octet;
        int good;
    } cases[] = {{"1f", 0}, {"20", 1}, {"21", 1}, {"7d", 1}, {"7e", 1}, {"7f", 0}, {"80", 0}, {"00", 0}};
    static const char *const forms[] = {"81", "82", "86"};
    struct cert_request request;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t form = 0; form < 3; form++) {
            char text[128];
            snprintf(text, sizeof text, "a9 10 30 0e 06 03 55 1d 11 04 07 30 05 %s 03 61 %s 61", forms[form],
                     cases[i].octet);
            cr_assert_eq(decode_template(&request, text), cases[i].good, "%s", text);
        }
    cr_assert_not(decode_template(&request, "a9 0d 30 0b 06 03 55 1d 11 04 04 30 02 82 00"), "empty");
}

/* RFC 4211 section 5: version "MUST be 2 if supplied". What does not fit one octet is none of these. */
Test(request, a_version_of_another_value_is_not_taken_for_2)
{
    struct cert_request request;

    cr_assert(decode_template(&request, "80 01 00"));
    cr_assert_eq(request.tmpl.version, 0);
    cr_assert(decode_template(&request, "80 02 01 02"));
    cr_assert_neq(request.tmpl.version, 2);
}

Test(request, other_extensions_are_passed_over_up_to_a_bound)
{
    struct cert_request request;
    struct bytes list = hex(arena, SAN_EXTENSION), other = bytes_of(NULL, 0);

    for (unsigned i = 1; i <= BOUND_EXTENSIONS; i++) {
        char text[64];
        if (i > 1)
            list = join(list, other);
        snprintf(text, sizeof text, "30 0c 06 03 2a 03 %02x 01 01 ff 04 02 05 00", i);
        other = hex(arena, text);
    }
    struct bytes good = wrap(0x30, join(hex(arena, "02 01 00"), wrap(0x30, wrap(0xa9, list))));
    cr_assert(decode(&request, wrap(0x30, good)));
    cr_assert_not(request.tmpl.more_extensions);
    cr_assert_eq(request.tmpl.san.len, 5);
    struct bytes bad = wrap(0x30, join(hex(arena, "02 01 00"), wrap(0x30, wrap(0xa9, join(list, other)))));
    cr_assert(decode(&request, wrap(0x30, bad)));
    cr_assert(request.tmpl.more_extensions && request.tmpl.extension_count == BOUND_EXTENSIONS);
}

/* RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
Test(request, two_subjectAltNames_are_noticed)
{
    struct cert_request request;

    cr_assert(decode_template(&request, "a9 0e " SAN_EXTENSION));
    cr_assert_eq(request.tmpl.repeated_oid.len, 0);
    cr_assert(decode_template(&request, "a9 1c " SAN_EXTENSION SAN_EXTENSION));
    cr_assert(bytes_equal(request.tmpl.repeated_oid, hex(arena, "55 1d 11")));
}

/* GeneralName of each form (RFC 5280 4.2.1.6) */
Test(request, every_form_of_GeneralName_is_taken)
{
    struct cert_request request;

    cr_assert(decode_template(&request,
                              "a9 37 30 35 06 03 55 1d 11 04 2e 30 2c a0 07 06 03 2a 03 04 a0 00 81 01 61 "
                              "82 01 61 a3 02 30 00 a4 02 30 00 a5 02 a1 00 86 01 61 87 04 0a 00 00 01 88 03 "
                              "2a 03 04 81 01 62"));
}

/* ---- proof of possession, RFC 4211 section 4 ---- */

Test(request, a_signature_is_read_with_what_it_signs)
{
    struct cert_request request;

    /* POPOSigningKey ::= SEQUENCE { poposkInput [0] OPTIONAL, algorithmIdentifier, signature BIT STRING }
     * under [1] */
    cr_assert(decode(&request, cert_req_msg(SUBJECT, "", "a1 0b 30 05 06 03 2b 65 70 03 02 00 bb")));
    cr_assert_eq(request.pop, PKI_POP_SIGNATURE);
    cr_assert(bytes_equal(request.pop_algorithm, hex(arena, "30 05 06 03 2b 65 70")));
    cr_assert(bytes_equal(request.pop_signature, hex(arena, "bb")));
    cr_assert_not(request.pop_input.is_there);
    /* RFC 4211 4.1: without poposkInput, certReq is what the signature is over */
    cr_assert(bytes_equal(request.pop_message,
                          wrap(0x30, join(hex(arena, "02 01 00"), wrap(0x30, hex(arena, SUBJECT))))));
}

Test(request, kinds_of_proof_are_told_apart)
{
    static const struct {
        const char *popo;
        enum pki_pop pop;
    } cases[] = {
        {"", PKI_POP_NONE},
        {"80 00", PKI_POP_RA_VERIFIED},
        {"a2 03 81 01 00", PKI_POP_OTHER}, /* keyEncipherment: subsequentMessage */
        {"a3 03 81 01 00", PKI_POP_OTHER}, /* keyAgreement */
    };
    struct cert_request request;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert(decode(&request, cert_req_msg(SUBJECT, "", cases[i].popo)), "case %zu", i);
        cr_assert_eq(request.pop, cases[i].pop, "case %zu", i);
    }
}

/* RFC 4211 4.1: POPOSigningKeyInput under [0] in place of SEQUENCE; the signature is over its own DER. */
Test(request, poposkInput_is_read_with_what_it_signs)
{
    static const struct {
        const char *input, *sender, *mac;
    } cases[] = {
        {"a0 04 a4 02 30 00 30 00", "30 00", ""},
        {"a0 03 82 01 61 30 00", "", ""}, /* no directoryName */
        {"30 0b 30 05 06 03 2b 65 70 03 02 00 cc 30 00", "", "cc"},
    };
    struct cert_request request;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes input = hex(arena, cases[i].input);
        struct bytes popo =
            wrap(0xa1, join(wrap(0xa0, input), hex(arena, "30 05 06 03 2b 65 70 03 02 00 bb")));
        struct bytes cert_req = wrap(0x30, join(hex(arena, "02 01 00"), wrap(0x30, bytes_of(NULL, 0))));
        cr_assert(decode(&request, wrap(0x30, join(cert_req, popo))), "case %zu", i);
        cr_expect(request.pop_input.is_there);
        cr_expect(bytes_equal(request.pop_input.sender_name, hex(arena, cases[i].sender)), "case %zu", i);
        cr_expect(bytes_equal(request.pop_input.mac, hex(arena, cases[i].mac)), "case %zu", i);
        cr_expect_eq(request.pop_input.mac_alg.len != 0, cases[i].mac[0] != 0, "case %zu", i);
        cr_expect(bytes_equal(request.pop_input.spki, hex(arena, "30 00")), "case %zu", i);
        cr_expect(bytes_equal(request.pop_message, wrap(0x30, input)), "case %zu", i);
    }
}

Test(request, poposkInput_in_another_form_is_refused)
{
    static const char *const bad[] = {
        "",                                             /* nothing */
        "a0 04 a4 02 30 00",                            /* no publicKey */
        "30 00",                                        /* no authInfo, or no value of it */
        "a0 00 30 00",                                  /* sender without a name */
        "a0 06 a4 02 30 00 05 00 30 00",                /* two senders */
        "a0 04 a4 02 31 00 30 00",                      /* a name that is no SEQUENCE */
        "a0 06 a4 04 30 00 30 00 30 00",                /* two names */
        "a0 04 a4 02 30 00 31 00",                      /* publicKey that is no SEQUENCE */
        "a0 04 a4 02 30 00 30 00 05 00",                /* octets after it */
        "30 0b 30 05 06 03 2b 65 70 03 02 01 cc 30 00", /* a MAC of 7 bits */
        "30 0a 30 05 06 03 2b 65 70 04 01 cc 30 00",    /* a MAC that is an OCTET STRING */
        "30 0d 30 05 06 03 2b 65 70 03 02 00 cc 05 00 30 00",
    };
    struct cert_request request;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes popo =
            wrap(0xa1, join(wrap(0xa0, hex(arena, bad[i])), hex(arena, "30 05 06 03 2b 65 70 03 02 00 bb")));
        struct bytes cert_req = wrap(0x30, join(hex(arena, "02 01 00"), wrap(0x30, bytes_of(NULL, 0))));
        cr_expect_not(decode(&request, wrap(0x30, join(cert_req, popo))), "case %zu", i);
    }
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)"
 * RFC 9483 5.2.3.2 popo.raVerified: "MUST have the value NULL and indicates that the PKI management entity
 * verified the popo of the original message" */
Test(request, a_malformed_proof_is_refused)
{
    static const char *const bad[] = {
        "a1 00",
        "a1 07 30 05 06 03 2b 65 70",                   /* no signature */
        "a1 0a 30 05 06 03 2b 65 70 03 01 04",          /* signature not of whole octets */
        "a1 0d 30 05 06 03 2b 65 70 03 02 00 bb 05 00", /* more */
        "a1 0d 30 0b 30 05 06 03 2b 65 70 03 02 00 bb", /* an explicit tag over it */
        "a4 02 05 00",                                  /* ProofOfPossession ends with [3] */
        "80 00 80 00",
        "80 01 00", /* raVerified is NULL */
    };
    struct cert_request request;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(decode(&request, cert_req_msg(SUBJECT, "", bad[i])), "case %zu", i);
}

/* ---- CertReqMessages ::= SEQUENCE SIZE (1..MAX) OF CertReqMsg ---- */

Test(request, requests_are_counted_and_the_first_is_read)
{
    struct cert_request request;
    const char *why = NULL;
    size_t count;
    struct bytes one = cert_req_msg(SUBJECT, "", ""), other = cert_req_msg("", "", "");

    cr_assert(pki_decode_cert_requests(&request, &count, arena, &why, wrap(0x30, join(one, other))));
    cr_assert_eq(count, 2);
    cr_assert_gt(request.tmpl.subject.len, 0);
    cr_assert_not(pki_decode_cert_requests(&request, &count, arena, &why, hex(arena, "30 00")));
    cr_assert_not(
        pki_decode_cert_requests(&request, &count, arena, &why, wrap(0x30, join(one, hex(arena, "05 00")))));
    cr_assert_not(
        pki_decode_cert_requests(&request, &count, arena, &why, join(wrap(0x30, one), hex(arena, "05 00"))));
    cr_assert_not(
        pki_decode_cert_requests(&request, &count, arena, &why, one)); /* without the outer SEQUENCE */
}

Test(request, what_a_client_writes_is_read_back)
{
    struct bytes subject = hex(arena, "30 00"), spki = hex(arena, "30 0b 30 05 06 03 2b 65 70 03 02 00 aa"),
                 san = hex(arena, "30 03 82 01 61"), body, messages;
    struct cert_request request;
    const char *why;
    size_t count;

    struct cert_request written = {
        .cert_req_id = 5,
        .tmpl = {.version = 2,
                 .issuer = hex(arena, "30 00"),
                 .has_validity = 1,
                 .not_before = TEMPLATE_NO_TIME,
                 .not_after = 1800000000,
                 .subject = subject,
                 .spki = spki,
                 .extensions = {{hex(arena, "55 1d 11"), 1, san}},
                 .extension_count = 1},
        .old_cert_issuer = hex(arena, "30 00"),
        .old_cert_serial = hex(arena, "01 02"),
    };

    cr_assert(pki_encode_cert_request(&body, arena, &written));
    cr_assert(pki_encode_cert_requests(&messages, arena, body, hex(arena, "30 05 06 03 2b 65 70"),
                                       hex(arena, "bb cc")));
    cr_assert(der_is_strict(NULL, NULL, messages, BOUND_DER_DEPTH));
    cr_assert(pki_decode_cert_requests(&request, &count, arena, &why, messages));
    cr_assert_eq(request.cert_req_id, 5);
    cr_assert(bytes_equal(request.tmpl.subject, subject));
    cr_assert(bytes_equal(request.tmpl.spki, spki));
    cr_assert(bytes_equal(request.tmpl.san, san));
    cr_assert_eq(request.tmpl.version, 2);
    cr_assert(bytes_equal(request.tmpl.issuer, hex(arena, "30 00")));
    cr_assert_eq(request.tmpl.not_before, TEMPLATE_NO_TIME);
    cr_assert_eq(request.tmpl.not_after, 1800000000);
    cr_assert_eq(request.tmpl.extension_count, 1);
    cr_assert(request.tmpl.extensions[0].critical);
    cr_assert(bytes_equal(request.old_cert_issuer, hex(arena, "30 00")));
    cr_assert(bytes_equal(request.old_cert_serial, hex(arena, "01 02")));
    cr_assert(bytes_equal(request.pop_message, body));
    cr_assert(bytes_equal(request.pop_signature, hex(arena, "bb cc")));
    written.tmpl.spki = hex(arena, "05 00");
    cr_assert_not(pki_encode_cert_request(&body, arena, &written));
}

/* ---- PKCS #10 ---- */

#define P10_ALG_AND_SIGNATURE "30 05 06 03 2b 65 70 03 02 00 bb"
#define P10_KEY "30 0b 30 05 06 03 2b 65 70 03 02 00 aa"

static int decode_p10(struct cert_request *out, const char *info)
{
    const char *why = NULL;
    int ok = pki_decode_pkcs10(
        out, arena, &why, wrap(0x30, join(wrap(0x30, hex(arena, info)), hex(arena, P10_ALG_AND_SIGNATURE))));

    cr_assert(ok || why != NULL);
    return ok;
}

/* RFC 2986 4.1, 4.2 */
Test(request, PKCS10_is_read)
{
    struct cert_request request;

    cr_assert(decode_p10(&request, "02 01 00 30 00 " P10_KEY " a0 00"));
    cr_assert_eq(request.cert_req_id, -1); /* RFC 9483 4.1.4 */
    cr_assert_eq(request.pop, PKI_POP_SIGNATURE);
    cr_assert(bytes_equal(request.tmpl.subject, hex(arena, "30 00")));
    cr_assert(bytes_equal(request.tmpl.spki, hex(arena, P10_KEY)));
    cr_assert(bytes_equal(request.pop_message, wrap(0x30, hex(arena, "02 01 00 30 00 " P10_KEY " a0 00"))));
    cr_assert(bytes_equal(request.pop_algorithm, hex(arena, "30 05 06 03 2b 65 70")));
    cr_assert(bytes_equal(request.pop_signature, hex(arena, "bb")));
    cr_assert_eq(request.tmpl.san.len, 0);
}

/* RFC 2985 5.4.2: extensionRequest is SINGLE VALUE TRUE, its syntax Extensions */
Test(request, extensionRequest_of_PKCS10_is_read_and_other_attributes_are_passed_over)
{
    struct cert_request request;

    cr_assert(decode_p10(
        &request,
        "02 01 00 30 00 " P10_KEY " a0 2f 30 0c 06 03 2a 03 04 31 05 30 03 02 01 05"
        " 30 1f 06 09 2a 86 48 86 f7 0d 01 09 0e 31 12 30 10 30 0e 06 03 55 1d 11 04 07 30 05 82 03 67 "
        "6e 62"));
    cr_assert(bytes_equal(request.tmpl.san, hex(arena, "30 05 82 03 67 6e 62")));
}

/* RFC 5280 4.2.1.6: it is the extension that a device's operator can mend, so it is named. */
Test(request, a_malformed_subjectAltName_is_named)
{
    static const char *const bad[] = {
        "30 00",             /* SIZE (1..MAX) */
        "30 03 81 01 ff",    /* IA5String */
        "30 03 82 01 00",    /* a NUL */
        "30 03 89 01 61",    /* GeneralName ends with [8] */
        "30 04 82 81 01 61", /* no DER */
    };
    struct cert_request request;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct bytes value = wrap(0x04, hex(arena, bad[i]));
        struct bytes list = wrap(0x30, join(hex(arena, "06 03 55 1d 11"), value)), attribute;
        struct bytes asked = wrap(0x30, join(hex(arena, "02 01 00"), wrap(0x30, wrap(0xa9, list))));
        const char *why = NULL;
        size_t count;

        cr_assert_not(pki_decode_cert_requests(&request, &count, arena, &why, wrap(0x30, wrap(0x30, asked))));
        cr_expect(strncmp(why, "subjectAltName is malformed", 27) == 0, "case %zu: %s", i, why);
        attribute = wrap(0xa0, wrap(0x30, join(hex(arena, "06 09 2a 86 48 86 f7 0d 01 09 0e"),
                                               wrap(0x31, wrap(0x30, list)))));
        cr_assert_not(pki_decode_pkcs10(
            &request, arena, &why,
            wrap(0x30, join(wrap(0x30, join(hex(arena, "02 01 00 30 00 " P10_KEY), attribute)),
                            hex(arena, P10_ALG_AND_SIGNATURE)))));
        cr_expect(strncmp(why, "subjectAltName is malformed", 27) == 0, "case %zu: %s", i, why);
    }
    cr_assert_not(pki_decode_cert_requests(&request, &(size_t){0}, arena, &(const char *){NULL},
                                           wrap(0x30, cert_req_msg("a9 02 05 00", "", ""))));
    cr_expect_not(request.tmpl.malformed_san);
}

/* RFC 9483 3.5: "The formal ASN.1 syntax of the whole message MUST be compliant with the definitions given
 * in CMP [RFC4210] [RFC9480], CRMF [RFC4211], and CMS [RFC5652] [RFC8933]. (failInfo: badDataFormat)"
 * RFC 9483 4.1.4: "MUST be 0 to indicate PKCS #10 v1.7" */
Test(request, malformed_PKCS10_is_refused)
{
    static const char *const bad[] = {
        "02 01 01 30 00 " P10_KEY " a0 00",       /* RFC 2986 4.1: version "shall be 0" */
        "30 00 " P10_KEY " a0 00",                /* no version */
        "02 01 00 " P10_KEY " a0 00",             /* no subject */
        "02 01 00 30 00 a0 00",                   /* no key */
        "02 01 00 30 00 " P10_KEY " a0 00 a0 00", /* twice */
        "02 01 00 30 00 " P10_KEY " a0 02 05 00",
        "02 01 00 30 00 " P10_KEY " a0 0f 30 0d 06 09 2a 86 48 86 f7 0d 01 09 0e 31 00", /* no value */
        "02 01 00 30 00 " P10_KEY " a0 13 30 11 06 09 2a 86 48 86 f7 0d 01 09 0e 31 04 30 00 30 00", /* two */
    };
    struct cert_request request;
    const char *why;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(decode_p10(&request, bad[i]), "case %zu", i);
    cr_assert_not(pki_decode_pkcs10(&request, arena, &why, hex(arena, "30 00")));
    cr_assert_not(pki_decode_pkcs10(&request, arena, &why, hex(arena, "05 00")));
    cr_assert_eq(request.cert_req_id, -1); /* the refusal, too, says -1 */
}
