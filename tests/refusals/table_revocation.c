/* rr: RFC 9483 4.2, 5.1.3 and 5.3.2, RFC 9810 5.3.9. A fault in its body is told by rp (RFC 9483 3.6.2). */
#include "tests/refusals/refusal.h"

#define DETAILS "content/0"
#define CERT_DETAILS "content/0/0"
#define SERIAL CERT_DETAILS "/[1]"
#define ISSUER CERT_DETAILS "/[3]"
#define ENTRY_DETAILS "content/0/1"
#define REASON(value) ENTRY_DETAILS " = 30{30{(2.5.29.21) 04{" value "}}}"

/* RFC 9810 5.3.9, Appendix F, badCertId: "no certificate could be found matching the provided criteria" */
#define CONTRADICTS(what, edits)                                                                             \
    {                                                                                                        \
        "RFC 9810 5.3.9", "rr with " what, PKI_RR, 0, edits, IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE \
    }

static void sign_as_the_device(struct scene *scene)
{
    client_sign_by(&scene->device, &scene->world->device, &scene->world->vendor_ca.cert_der, 1);
}

/* Another certificate of the same device, which is not the one that signs. */
static struct bytes another_serial(struct scene *scene)
{
    struct client other;
    struct answer answer, confirmed;
    struct bytes serial;

    client_init(&other, scene->world, 0);
    answer = world_send(scene->world, client_request(&other, PKI_IR));
    confirmed = world_send(scene->world, client_confirm(&other, &answer, -1));
    expect_pkiconf(&confirmed);
    serial = arena_copy(scene->world->arena, answer.cert.serial);
    expect_certificate(&answer, PKI_IP);
    client_cleanup(&other);
    return serial;
}

/* The rr comes from an RA of the profile. */
static void sign_as_an_ra(struct scene *scene)
{
    struct ctl_identity *ra = &scene->made[scene->made_count++];

    issue_ra(scene->world, ra, &scene->trust);
    scene->world->profile.ras = &scene->trust;
    client_sign_by(&scene->device, ra, &scene->world->vendor_ca.cert_der, 1);
}

/* The same certificate, without a profile that has RAs. */
static void sign_as_nobodys_ra(struct scene *scene)
{
    sign_as_an_ra(scene);
    scene->world->profile.ras = NULL;
}

static void revoke_it(struct scene *scene, struct bytes good)
{
    (void)good;
    world_cert_of(scene->world, scene->own.cert.serial)->status = STORE_CERT_REVOKED;
}

static void hold_it(struct scene *scene, struct bytes good)
{
    (void)good;
    world_cert_of(scene->world, scene->own.cert.serial)->status = STORE_CERT_HOLD;
}

static void let_it_expire(struct scene *scene, struct bytes good)
{
    (void)good;
    world_cert_of(scene->world, scene->own.cert.serial)->not_after = scene->world->now - 1;
}

#define BAD_REASON(name, value)                                                                              \
    {                                                                                                        \
        "RFC 5280 5.3.1", name, PKI_RR, 0, REASON("0a{" value "}"), IN_BODY, PKI_BAD_REQUEST                 \
    }

static const struct refusal rows[] = {
    /* "The revocation request message MUST be signed using the certificate that is to be revoked to prove the
     * authorization to revoke."; 3.5 notAuthorized */
    {"RFC 9483 4.2", "rr signed by the vendor's certificate", PKI_RR, 0, "", IN_BODY, PKI_NOT_AUTHORIZED,
     .prepare = sign_as_the_device},
    {"RFC 9483 4.2", "rr for another certificate", PKI_RR, 0, SERIAL " = 81{$}", IN_BODY, PKI_NOT_AUTHORIZED,
     .with = another_serial},
    {"RFC 9483 5.3.2", "rr by an RA of nobody", PKI_RR, 0, "", IN_BODY, PKI_NOT_AUTHORIZED,
     .prepare = sign_as_nobodys_ra},
    /* "It MUST make sure that the referenced certificate exists (failInfo bit: badCertId)". Whether it exists
     * is nothing for who may not revoke it. */
    {"RFC 9483 5.1.3", "rr for a certificate that does not exist", PKI_RR, 0, SERIAL " !", IN_BODY,
     PKI_BAD_CERT_ID, PKI_NOT_AUTHORIZED},
    {"RFC 9483 5.1.3", "rr by an RA for a certificate that does not exist", PKI_RR, 0, SERIAL " !", IN_BODY,
     PKI_BAD_CERT_ID, .prepare = sign_as_an_ra},
    {"RFC 9483 5.1.3", "rr by an RA for serialNumber 1", PKI_RR, 0, SERIAL " = 81{01}", IN_BODY,
     PKI_BAD_CERT_ID, .prepare = sign_as_an_ra},
    /* "has been issued by the addressed CA": RFC 9810 Appendix F, wrongAuthority: "the authority indicated in
     * the request is different from the one creating the response token" */
    {"RFC 9483 5.1.3", "rr for a certificate of another CA", PKI_RR, 0,
     ISSUER " = a3{30{31{30{(2.5.4.3) 0c{'Other CA'}}}}}", IN_BODY, PKI_BAD_CERT_ID, PKI_WRONG_AUTHORITY},
    {"RFC 9483 5.1.3", "rr by an RA for a certificate of another CA", PKI_RR, 0,
     ISSUER " = a3{30{31{30{(2.5.4.3) 0c{'Other CA'}}}}}", IN_BODY, PKI_BAD_CERT_ID, PKI_WRONG_AUTHORITY,
     .prepare = sign_as_an_ra},
    /* RFC 9810 Appendix F, badCertId: "no certificate could be found matching the provided criteria". A
     * serial that was mistyped is another station's. */
    {"RFC 9810 5.3.9", "rr with another subject", PKI_RR, 0,
     ISSUER " > a5{30{31{30{(2.5.4.3) 0c{'gnb-2'}}}}}", IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9810 5.3.9", "rr by an RA with another subject", PKI_RR, 0,
     ISSUER " > a5{30{31{30{(2.5.4.3) 0c{'gnb-2'}}}}}", IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE,
     .prepare = sign_as_an_ra},
    {"RFC 9810 5.3.9", "rr with another publicKey", PKI_RR, 0, ISSUER " > a6{30{(1.2.3)} 03{00}}", IN_BODY,
     PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9810 5.3.9", "rr with another notAfter", PKI_RR, 0, ISSUER " > a4{a1{17{'300101000000Z'}}}",
     IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9810 5.3.9", "rr with another notBefore", PKI_RR, 0, ISSUER " > a4{a0{17{'200101000000Z'}}}",
     IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9810 5.3.9", "rr with an extension that it lacks", PKI_RR, 0,
     ISSUER " > a9{30{(1.2.3.4) 04{0500}}}", IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE},
    {"RFC 9810 5.3.9", "rr with another keyUsage", PKI_RR, 0, ISSUER " > a9{30{(2.5.29.15) 04{03020106}}}",
     IN_BODY, PKI_BAD_CERT_ID, PKI_BAD_CERT_TEMPLATE},
    CONTRADICTS("half its subject", ISSUER " > a5{30{31{30{(2.5.4.10) 0c{'Operator'}}}}}"),
    CONTRADICTS("an RDN more in its subject",
                ISSUER " > a5{30{31{30{(2.5.4.10) 0c{'Operator'}}} 31{30{(2.5.4.3) 0c{'gnb-1'}}}"
                       " 31{30{(2.5.4.5) 13{'1'}}}}}"),
    CONTRADICTS("its subject from behind",
                ISSUER " > a5{30{31{30{(2.5.4.3) 0c{'gnb-1'}}} 31{30{(2.5.4.10) 0c{'Operator'}}}}}"),
    CONTRADICTS("its subject in one RDN",
                ISSUER " > a5{30{31{30{(2.5.4.3) 0c{'gnb-1'}} 30{(2.5.4.10) 0c{'Operator'}}}}}"),
    CONTRADICTS("version 1", SERIAL " < 80{00}"),
    CONTRADICTS("another signingAlg", SERIAL " > a2{(1.3.101.112)}"),
    CONTRADICTS("an issuerUID", ISSUER " > 87{00ff}"),
    CONTRADICTS("a subjectAltName that it lacks", ISSUER " > a9{30{(2.5.29.17) 04{30078205676e622d32}}}"),
    CONTRADICTS("another extendedKeyUsage", ISSUER " > a9{30{(2.5.29.37) 04{300a06082b06010505070309}}}"),
    CONTRADICTS("cA", ISSUER " > a9{30{(2.5.29.19) 04{30030101ff}}}"),
    /* "and is not already expired or revoked (failInfo bit: certRevoked)" */
    {"RFC 9483 5.1.3", "rr for a revoked certificate", PKI_RR, 0, "", IN_BODY, PKI_CERT_REVOKED,
     .before = revoke_it},
    {"RFC 9483 5.1.3", "rr by an RA for a revoked certificate", PKI_RR, 0, "", IN_BODY, PKI_CERT_REVOKED,
     .prepare = sign_as_an_ra, .before = revoke_it},
    {"RFC 9483 5.1.3", "rr by an RA for an expired certificate", PKI_RR, 0, "", IN_BODY, PKI_CERT_REVOKED,
     .prepare = sign_as_an_ra, .before = let_it_expire},
    {"RFC 9483 5.1.3", "rr by an RA to hold what is on hold", PKI_RR, 0, REASON("0a{06}"), IN_BODY,
     PKI_CERT_REVOKED, .prepare = sign_as_an_ra, .before = hold_it},

    /* "serialNumber REQUIRED", "issuer REQUIRED"; RFC 9810 Appendix F, badCertId: "no certificate could be
     * found matching the provided criteria" */
    {"RFC 9483 4.2", "rr without serialNumber", PKI_RR, 0, SERIAL " -", IN_BODY, PKI_BAD_CERT_ID,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.2", "rr without issuer", PKI_RR, 0, ISSUER " -", IN_BODY, PKI_BAD_CERT_ID,
     PKI_BAD_CERT_TEMPLATE},
    {"RFC 9483 4.2", "rr without both", PKI_RR, 0, CERT_DETAILS " ~", IN_BODY, PKI_BAD_CERT_ID,
     PKI_BAD_CERT_TEMPLATE},
    /* "MUST contain a sequence of one element of type RevDetails" */
    {"RFC 9483 4.2", "two RevDetails", PKI_RR, STRICT, DETAILS " *", IN_BODY, PKI_BAD_REQUEST},
    /* RFC 5280 5.3.1: cACompromise of CA certificates; 7 is not used; removeFromCRL "may only appear in delta
     * CRLs"; beyond 10 there is none. */
    BAD_REASON("reasonCode 7", "07"),
    BAD_REASON("reasonCode removeFromCRL", "08"),
    BAD_REASON("reasonCode 11", "0b"),
    BAD_REASON("reasonCode 127", "7f"),
    {"RFC 5280 5.3.1", "reasonCode -1", PKI_RR, 0, REASON("0a{ff}"), IN_BODY, PKI_BAD_REQUEST,
     PKI_BAD_DATA_FORMAT},
    {"RFC 5280 5.3.1", "reasonCode 256", PKI_RR, 0, REASON("0a{0100}"), IN_BODY, PKI_BAD_REQUEST,
     PKI_BAD_DATA_FORMAT},
    /* RFC 5280 5.3: "If a CRL contains a critical CRL entry extension that the application cannot process,
     * then the application MUST NOT use that CRL": it cannot be granted, and must not be left out. */
    {"RFC 5280 5.3", "a critical crlEntryDetails that is unknown", PKI_RR, 0,
     ENTRY_DETAILS " + 30{(1.2.3.4) 01{ff} 04{00}}", IN_BODY, PKI_UNACCEPTED_EXTENSION, PKI_BAD_REQUEST},

    MALFORMED_IN_BODY("RevReqContent is a SET", PKI_RR, 0, "content = 31{}"),
    MALFORMED_IN_BODY("RevReqContent is empty", PKI_RR, 0, "content ~"),
    MALFORMED_IN_BODY("RevDetails is a string", PKI_RR, 0, DETAILS " = 0c{'x'}"),
    MALFORMED_IN_BODY("RevDetails is empty", PKI_RR, 0, DETAILS " ~"),
    MALFORMED_IN_BODY("the second RevDetails is NULL", PKI_RR, 0, DETAILS " > 05{}"),
    MALFORMED_IN_BODY("RevDetails with a trailing element", PKI_RR, 0, DETAILS " + 05{}"),
    /* RFC 5280 4.2: "A certificate MUST NOT include more than one instance of a particular extension." */
    {"RFC 5280 4.2", "certDetails with an extension twice", PKI_RR, 0,
     CERT_DETAILS " + a9{30{(1.2.3.4) 04{}} 30{(1.2.3.4) 04{}}}", IN_BODY, PKI_BAD_CERT_TEMPLATE},
    MALFORMED_IN_BODY("certDetails is a SET", PKI_RR, 0, CERT_DETAILS " = 31{}"),
    MALFORMED_IN_BODY("certDetails with serialNumber twice", PKI_RR, 0, SERIAL " *"),
    MALFORMED_IN_BODY("certDetails with an empty serialNumber", PKI_RR, 0, SERIAL " ~"),
    MALFORMED_IN_BODY("certDetails with an issuer of INTEGER", PKI_RR, 0, ISSUER " = a3{02{01}}"),
    MALFORMED_IN_BODY("certDetails with issuer before serialNumber", PKI_RR, 0,
                      SERIAL " -; " ISSUER " > 81{05}"),
    MALFORMED_IN_BODY("crlEntryDetails is a string", PKI_RR, 0, ENTRY_DETAILS " = 0c{'x'}"),
    MALFORMED_IN_BODY("crlEntryDetails with an empty extension", PKI_RR, 0, ENTRY_DETAILS " = 30{30{}}"),
    MALFORMED_IN_BODY("reasonCode twice", PKI_RR, 0, ENTRY_DETAILS "/0 *"),
    MALFORMED_IN_BODY("reasonCode is INTEGER", PKI_RR, 0, REASON("02{01}")),
    MALFORMED_IN_BODY("reasonCode of no octet", PKI_RR, 0, REASON("")),
    MALFORMED_IN_BODY("reasonCode with an octet after it", PKI_RR, 0, REASON("0a{01} 00")),
};

REFUSALS(refusals_of_revocation, rows);
