/* decode_types_crmf.c: RFC 4211, written down from its Appendix B. */
#include "tests/unit/ctl/decode_asn1.h"

TestSuite(decode_types_crmf, .init = set_up, .fini = tear_down);

static void request_says(const char *request, const char *lines)
{
    says(arena_printf(arena, "a0{30{30{%s}}}", request), lines);
}

#define BARE_REQUEST "30{02{00} 30{}}"

/* RFC 4211 5 */
Test(decode_types_crmf, all_fields_of_a_template)
{
    request_says(
        "30{02{00} 30{80{02} 81{00ff} a2{(1.3.101.112)} a3{30{}} a4{a0{17{'261121204100Z'}}"
        "a1{18{'20501121204100Z'}}} a5{30{31{30{(2.5.4.3) 0c{'gnb'}} 30{(2.5.4.5) 13{'7'}}}}}"
        "a6{30{(1.2.840.10045.2.1) (1.3.132.0.34)} 03{00 04}} 87{00 01} 88{04 f0}"
        "a9{30{(2.5.29.15) 01{ff} 04{03{07 80}}}}}}",
        "certTemplate\nversion 2 (v3)\nserialNumber ff\nsigningAlg id-Ed25519\nissuer (the empty name)\n"
        "validity\nnotBefore 2026-11-21T20:41:00Z\nnotAfter 2050-11-21T20:41:00Z\n"
        "subject CN=gnb+serialNumber=7\npublicKey id-ecPublicKey secp384r1\nissuerUID 01\n"
        "subjectUID f0 (4 bits)\nextensions\nkeyUsage critical digitalSignature");
}

/* RFC 9483 4.1.6: a subjectPublicKey of no length asks the CA for a key */
Test(decode_types_crmf, a_template_without_a_key)
{
    request_says("30{02{00} 30{a6{30{(1.3.101.112)} 03{00}}}}", "publicKey id-Ed25519 (no key)");
}

/* RFC 4211 4 */
Test(decode_types_crmf, proofs_of_possession)
{
    static const struct {
        const char *popo, *lines;
    } cases[] = {
        {"80{}", "popo raVerified"},
        {"a1{30{(1.3.101.112)} 03{00 0102}}",
         "popo signature\nalgorithmIdentifier id-Ed25519\nsignature 0102"},
        {"a1{a0{a0{82{'x'}} 30{30{(1.3.101.112)} 03{00 07}}} 30{(1.3.101.112)} 03{00 01}}",
         "popo signature\npoposkInput\nauthInfo sender dNSName \"x\"\npublicKey id-Ed25519 1 octets\n"
         "algorithmIdentifier id-Ed25519\nsignature 01"},
        {"a1{a0{30{30{(1.2.840.113549.2.9)} 03{00 0a}} 30{30{(1.3.101.112)} 03{00 07}}} 30{(1.3.101.112)} "
         "03{00}}",
         "poposkInput\nauthInfo publicKeyMAC\nalgId id-hmacWithSHA256\nvalue 0a\n"
         "publicKey id-Ed25519 1 octets"},
        {"a2{80{00 01}}", "popo keyEncipherment thisMessage 01"},
        {"a2{81{00}}", "popo keyEncipherment subsequentMessage 0 (encrCert)"},
        {"a3{81{01}}", "popo keyAgreement subsequentMessage 1 (challengeResp)"},
        {"a3{82{00 02}}", "popo keyAgreement dhMAC 02"},
        {"a3{a3{30{(1.2.840.113549.2.9)} 03{00 0a}}}",
         "popo keyAgreement agreeMAC\nalgId id-hmacWithSHA256\nvalue 0a"},
        {"a2{a4{02{02} 31{30{02{00} 80{01} 30{(1.2.840.113549.1.1.1)} 04{}}} 30{(1.2.840.113549.1.9.16.1.21)"
         "30{(2.16.840.1.101.3.4.1.2)}}}}",
         "popo keyEncipherment encryptedKey\nversion 2"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        request_says(arena_printf(arena, BARE_REQUEST "%s", cases[i].popo), cases[i].lines);
}

/* RFC 4211 6, 7. Tokens and authenticators are shared secrets (6.1, 6.2): a ticket is no place for them. */
Test(decode_types_crmf, controls_and_registration_info)
{
    static const struct {
        const char *control, *lines;
    } cases[] = {
        {"30{(1.3.6.1.5.5.7.5.1.1) 0c{'hush'}}", "id-regCtrl-regToken (a secret of 4 octets: not shown)"},
        {"30{(1.3.6.1.5.5.7.5.1.2) 0c{'hush'}}",
         "id-regCtrl-authenticator (a secret of 4 octets: not shown)"},
        {"30{(1.3.6.1.5.5.7.5.1.3) 30{02{00}}}", "id-regCtrl-pkiPublicationInfo\naction 0 (dontPublish)"},
        {"30{(1.3.6.1.5.5.7.5.1.4) 82{ff}}", "id-regCtrl-pkiArchiveOptions archiveRemGenPrivKey TRUE"},
        {"30{(1.3.6.1.5.5.7.5.1.4) 81{07}}", "id-regCtrl-pkiArchiveOptions keyGenParameters 07"},
        {"30{(1.3.6.1.5.5.7.5.1.5) 30{a4{30{31{30{(2.5.4.3) 0c{'CA'}}}}} 02{05}}}",
         "id-regCtrl-oldCertID\nissuer directoryName CN=CA\nserialNumber 05"},
        {"30{(1.3.6.1.5.5.7.5.1.6) 30{30{(1.3.101.110)} 03{00 0102}}}",
         "id-regCtrl-protocolEncrKey id-X25519 2 octets"},
        {"30{(1.3.6.1.5.5.7.5.1.7) 30{(1.2.3) 05{}}}",
         "id-regCtrl-altCertTemplate\nOBJECT IDENTIFIER 1.2.3\nNULL"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        request_says(arena_printf(arena, "30{02{00} 30{} 30{%s}}", cases[i].control), cases[i].lines);
    request_says(BARE_REQUEST "30{30{(1.3.6.1.5.5.7.5.2.1) 0c{'version?1%%'}}}",
                 "regInfo\nid-regInfo-utf8Pairs \"version?1%%\"");
    request_says(BARE_REQUEST "30{30{(1.3.6.1.5.5.7.5.2.2) 30{02{09} 30{}}}}",
                 "regInfo\nid-regInfo-certReq\ncertReqId 9\ncertTemplate (empty)");
}

/* RFC 4211 Appendix B, IMPLICIT TAGS; a CHOICE is tagged explicitly all the same (X.680 31.2.7) */
Test(decode_types_crmf, are_those_of_the_RFC)
{
    static const struct decode_type *const roots[] = {&decode_cert_requests, &decode_publication,
                                                      &decode_archive_options, &decode_cert_id, NULL};
    static const char *const definitions[] = {
        "Version ::= INTEGER { v1(0), v2(1), v3(2) }",
        "OptionalValidity ::= SEQUENCE { notBefore [0] EXPLICIT Time OPTIONAL, notAfter [1] EXPLICIT Time "
        "OPTIONAL }",
        "CertTemplate ::= SEQUENCE { version [0] IMPLICIT Version OPTIONAL, serialNumber [1] IMPLICIT "
        "INTEGER "
        "OPTIONAL, signingAlg [2] IMPLICIT AlgorithmIdentifier OPTIONAL, issuer [3] EXPLICIT Name OPTIONAL, "
        "validity [4] IMPLICIT OptionalValidity OPTIONAL, subject [5] EXPLICIT Name OPTIONAL, "
        "publicKey [6] IMPLICIT SubjectPublicKeyInfo OPTIONAL, issuerUID [7] IMPLICIT BIT STRING OPTIONAL, "
        "subjectUID [8] IMPLICIT BIT STRING OPTIONAL, extensions [9] IMPLICIT Extensions OPTIONAL }",
        "EncryptedValue ::= SEQUENCE { intendedAlg [0] IMPLICIT AlgorithmIdentifier OPTIONAL, "
        "symmAlg [1] IMPLICIT AlgorithmIdentifier OPTIONAL, encSymmKey [2] IMPLICIT BIT STRING OPTIONAL, "
        "keyAlg [3] IMPLICIT AlgorithmIdentifier OPTIONAL, valueHint [4] IMPLICIT OCTET STRING OPTIONAL, "
        "encValue BIT STRING }",
        "EncryptedKey ::= CHOICE { encryptedValue EncryptedValue, envelopedData [0] IMPLICIT EnvelopedData }",
        "PKMACValue ::= SEQUENCE { algId AlgorithmIdentifier, value BIT STRING }",
        "authInfo ::= CHOICE { sender [0] EXPLICIT GeneralName, publicKeyMAC PKMACValue }",
        "POPOSigningKeyInput ::= SEQUENCE { authInfo authInfo, publicKey SubjectPublicKeyInfo }",
        "POPOSigningKey ::= SEQUENCE { poposkInput [0] IMPLICIT POPOSigningKeyInput OPTIONAL, "
        "algorithmIdentifier AlgorithmIdentifier, signature BIT STRING }",
        "SubsequentMessage ::= INTEGER { encrCert(0), challengeResp(1) }",
        "POPOPrivKey ::= CHOICE { thisMessage [0] IMPLICIT BIT STRING, subsequentMessage [1] IMPLICIT "
        "SubsequentMessage, dhMAC [2] IMPLICIT BIT STRING, agreeMAC [3] IMPLICIT PKMACValue, "
        "encryptedKey [4] IMPLICIT EnvelopedData }",
        "ProofOfPossession ::= CHOICE { raVerified [0] IMPLICIT NULL, signature [1] IMPLICIT POPOSigningKey, "
        "keyEncipherment [2] EXPLICIT POPOPrivKey, keyAgreement [3] EXPLICIT POPOPrivKey }",
        "AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY DEFINED BY }",
        "Controls ::= SEQUENCE SIZE (1..MAX) OF AttributeTypeAndValue",
        "CertId ::= SEQUENCE { issuer GeneralName, serialNumber INTEGER }",
        "action ::= INTEGER { dontPublish(0), pleasePublish(1) }",
        "pubMethod ::= INTEGER { dontCare(0), x500(1), web(2), ldap(3) }",
        "SinglePubInfo ::= SEQUENCE { pubMethod pubMethod, pubLocation GeneralName OPTIONAL }",
        "SEQUENCE OF SinglePubInfo ::= SEQUENCE SIZE (1..MAX) OF SinglePubInfo",
        "PKIPublicationInfo ::= SEQUENCE { action action, pubInfos SEQUENCE OF SinglePubInfo OPTIONAL }",
        "PKIArchiveOptions ::= CHOICE { encryptedPrivKey [0] EXPLICIT EncryptedKey, "
        "keyGenParameters [1] IMPLICIT OCTET STRING, archiveRemGenPrivKey [2] IMPLICIT BOOLEAN }",
        "CertRequest ::= SEQUENCE { certReqId INTEGER, certTemplate CertTemplate, controls Controls OPTIONAL "
        "}",
        "SEQUENCE OF AttributeTypeAndValue ::= SEQUENCE SIZE (1..MAX) OF AttributeTypeAndValue",
        "CertReqMsg ::= SEQUENCE { certReq CertRequest, popo ProofOfPossession OPTIONAL, "
        "regInfo SEQUENCE OF AttributeTypeAndValue OPTIONAL }",
        "CertReqMessages ::= SEQUENCE SIZE (1..MAX) OF CertReqMsg",
    };

    are_defined(roots, definitions, sizeof definitions / sizeof definitions[0]);
}
