/* decode_types_x509.c: names, keys, and extensions (RFC 5280 4.2), requests (RFC 2986). */
#include "tests/unit/ctl/decode_asn1.h"

TestSuite(decode_types_x509, .init = set_up, .fini = tear_down);

/* |extension| in a template, whose extensions are those of certificates. */
static void extension_says(const char *extension, const char *lines)
{
    says(arena_printf(arena, "a0{30{30{30{02{00} 30{a9{%s}}}}}}", extension), lines);
}

static void name_says(const char *name, const char *lines)
{
    says(arena_printf(arena, "a0{30{30{30{02{00} 30{a5{30{%s}}}}}}}", name), lines);
}

Test(decode_types_x509, extensions)
{
    static const struct {
        const char *extension, *lines;
    } cases[] = {
        {"(2.5.29.14) 04{04{0102}}", "subjectKeyIdentifier 0102"},
        {"(2.5.29.15) 01{ff} 04{03{01 06}}", "keyUsage critical keyCertSign, cRLSign"},
        {"(2.5.29.16) 04{30{80{'20261121204100Z'}}}",
         "privateKeyUsagePeriod\nnotBefore 2026-11-21T20:41:00Z"},
        {"(2.5.29.17) 04{30{a0{(1.3.6.1.4.1.311.20.2.3) a0{0c{'u@x'}}} 81{'a@b'} 82{'x.y'} 86{'u:r'} "
         "87{c0000201}"
         "87{20010db8000000000000000000000001} 88{2a03}}}",
         "subjectAltName otherName userPrincipalName \"u@x\", rfc822Name \"a@b\", dNSName \"x.y\", "
         "uniformResourceIdentifier \"u:r\", iPAddress 192.0.2.1, iPAddress 2001:db8::1, registeredID 1.2.3"},
        {"(2.5.29.17) 04{30{a5{a1{0c{'p'}}} a3{30{}}}}",
         "subjectAltName ediPartyName\npartyName \"p\"\n[1] x400Address\n[0] (empty)"},
        {"(2.5.29.19) 01{ff} 04{30{01{ff} 02{03}}}", "basicConstraints critical CA\npathLenConstraint 3"},
        {"(2.5.29.19) 04{30{}}", "basicConstraints no CA"}, /* 4.2.1.9: DEFAULT FALSE */
        {"(2.5.29.30) 04{30{a0{30{82{'x'}} 30{87{c0000200ffffff00}}}}}",
         "nameConstraints\npermittedSubtrees dNSName \"x\", iPAddress 192.0.2.0/255.255.255.0"},
        {"(2.5.29.31) 04{30{30{a0{a0{86{'http://x'}}} 81{05 60} a2{82{'y'}}}}}",
         "cRLDistributionPoints fullName uniformResourceIdentifier \"http://x\"\n"
         "reasons keyCompromise, cACompromise\ncRLIssuer dNSName \"y\""},
        {"(2.5.29.32) 04{30{30{(2.5.29.32.0)} 30{(1.2.3) 30{30{(1.3.6.1.5.5.7.2.1) 16{'http://p'}}}}}}",
         "certificatePolicies anyPolicy, 1.2.3\ncps \"http://p\""},
        {"(2.5.29.35) 04{30{80{01} a1{82{'i'}} 82{05}}}",
         "authorityKeyIdentifier 01\nauthorityCertIssuer dNSName \"i\"\nauthorityCertSerialNumber 05"},
        {"(2.5.29.36) 04{30{80{00} 81{01}}}",
         "policyConstraints\nrequireExplicitPolicy 0\ninhibitPolicyMapping 1"},
        {"(2.5.29.37) 04{30{(1.3.6.1.5.5.7.3.27) (1.3.6.1.5.5.7.3.28) (2.5.29.37.0)}}",
         "extKeyUsage id-kp-cmcCA, id-kp-cmcRA, anyExtendedKeyUsage"},
        {"(1.3.6.1.5.5.7.1.1) 04{30{30{(1.3.6.1.5.5.7.48.1) 86{'http://o'}} 30{(1.3.6.1.5.5.7.48.2) "
         "86{'http://c'}}}}",
         "authorityInfoAccess\nocsp uniformResourceIdentifier \"http://o\"\n"
         "caIssuers uniformResourceIdentifier \"http://c\""},
        {"(2.5.29.28) 04{30{82{ff}}}", "issuingDistributionPoint\nonlyContainsCACerts TRUE"},
        {"(2.5.29.24) 04{18{'20261121204100Z'}}", "invalidityDate 2026-11-21T20:41:00Z"},
        {"(2.5.29.33) 04{30{30{(1.2.3) (1.2.4)}}}",
         "policyMappings\nSEQUENCE\nOBJECT IDENTIFIER 1.2.3\nOBJECT IDENTIFIER 1.2.4"},
        {"(1.2.3.4) 01{ff} 04{ffff}", "1.2.3.4 critical ffff"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        extension_says(arena_printf(arena, "30{%s}", cases[i].extension), cases[i].lines);
}

/* What name_text makes of a name is tested with it; here, that the message cannot write what it likes. */
Test(decode_types_x509, names)
{
    char *many = arena_alloc(arena, 65 * 32);

    name_says("31{30{(2.5.4.6) 13{'DE'}}} 31{30{(2.5.4.3) 0c{'a,b' 0a 'x'}} 30{(1.2.3) 0c{'y'}}}",
              "subject CN=a\\,b\\0Ax+1.2.3=y,C=DE");
    name_says("31{30{(2.5.4.3) 0c{'a' e280ae 'b'}}}", "subject CN=a\\E2\\80\\AEb");
    for (int i = 0; i < 65; i++)
        strcat(many, "31{30{(2.5.4.3) 0c{'x'}}}");
    name_says(many, "subject (a name of 65 parts: not shown)");
}

static void key_says(const char *key, const char *lines)
{
    says(arena_printf(arena, "a0{30{30{30{02{00} 30{a6{%s}}}}}}", key), lines);
}

/* RFC 8017 A.1.1: the modulus begins with the highest bit that is set */
Test(decode_types_x509, keys)
{
    key_says("30{(1.2.840.113549.1.1.1) 05{}} 03{00 30{02{00 80000000 00000001} 02{03}}}",
             "publicKey rsaEncryption 64 bits");
    key_says("30{(1.2.840.113549.1.1.1) 05{}} 03{00 30{02{01ff} 02{03}}}", "publicKey rsaEncryption 9 bits");
    key_says("30{(2.16.840.1.101.3.4.3.17)} 03{00 01020304}", "publicKey id-ml-dsa-44 4 octets");
    key_says("30{(1.2.840.10045.2.1) (1.2.840.10045.3.1.7)} 03{00 04}", "publicKey id-ecPublicKey secp256r1");
    key_says("30{(1.2.3)} 03{00 01}", "publicKey 1.2.3 1 octets");
}

/* RFC 2986 4.1, RFC 2985 5.4: attributes of a request; a challengePassword is a secret (RFC 2985 5.4.1) */
Test(decode_types_x509, a_request_by_itself)
{
    int ok;
    const char *text = shown(
        der_text(
            arena,
            "30{30{02{00} 30{} 30{30{(1.3.101.112)} 03{00 07}} a0{30{(1.2.840.113549.1.9.7) 31{13{'hush'}}}"
            "30{(1.2.840.113549.1.9.14) 31{30{30{(2.5.29.17) 04{30{82{'x'}}}}}}}"
            "30{(1.2.840.113549.1.9.2) 31{16{'n'}}}}} 30{(1.3.101.112)} 03{00 01}}",
            certificate),
        &ok);

    cr_assert(ok, "%s", text);
    has_lines(text, "attributes\nchallengePassword (a secret of 4 octets: not shown)\nextensionRequest\n"
                    "subjectAltName dNSName \"x\"\nunstructuredName \"n\"\nsignatureAlgorithm id-Ed25519");
    cr_assert(strncmp(text, "CertificationRequest ", 21) == 0);
    cr_assert_not_null(strstr(text, "(no PKIMessage)"));
    cr_assert_null(strstr(text, "hush"));
}

Test(decode_types_x509, a_certificate_by_itself)
{
    int ok;
    const char *text = shown(certificate, &ok);

    cr_assert(ok, "%s", text);
    cr_assert(strncmp(text, "Certificate ", 12) == 0);
    cr_assert_not_null(strstr(text, "(no PKIMessage)"));
    has_lines(text, "subject CN=ZwischenCA");
}

Test(decode_types_x509, a_revocation_list_by_itself)
{
    int ok;
    const char *text =
        shown(der_text(arena,
                       "30{30{02{01} 30{(1.3.101.112)} 30{} 17{'261121204100Z'} 17{'261122204100Z'}"
                       "30{30{02{05} 17{'261121204100Z'}} 30{02{06} 17{'261121204100Z'}"
                       "30{30{(2.5.29.21) 04{0a{01}}}}}} a0{30{30{(2.5.29.20) 04{02{09}}}}}}"
                       "30{(1.3.101.112)} 03{00}}",
                       certificate),
              &ok);

    cr_assert(ok, "%s", text);
    has_lines(text,
              "issuer (the empty name)\nthisUpdate 2026-11-21T20:41:00Z\nnextUpdate 2026-11-22T20:41:00Z\n"
              "revokedCertificates 2 entries\ncRLNumber 9\nsignatureAlgorithm id-Ed25519");
}

/* RFC 5280 Appendix A, RFC 2986 4; what a RFC leaves to its IMPLICIT TAGS is written out. */
Test(decode_types_x509, are_those_of_the_RFCs)
{
    static const struct decode_type *const roots[] = {&decode_certificate,
                                                      &decode_crl,
                                                      &decode_request,
                                                      &decode_key_usage,
                                                      &decode_purposes,
                                                      &decode_basic_constraints,
                                                      &decode_authority_key_id,
                                                      &decode_distribution_points,
                                                      &decode_policies,
                                                      &decode_access,
                                                      &decode_reason,
                                                      &decode_name_constraints,
                                                      &decode_policy_constraints,
                                                      &decode_issuing_point,
                                                      &decode_usage_period,
                                                      &decode_general_names,
                                                      NULL};
    static const char *const definitions[] = {
        "AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }",
        "RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue",
        "Name ::= SEQUENCE OF RelativeDistinguishedName",
        "AnotherName ::= SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY DEFINED BY }",
        "ORAddress ::= SEQUENCE OF ANY",
        "EDIPartyName ::= SEQUENCE { nameAssigner [0] EXPLICIT a string OPTIONAL, partyName [1] EXPLICIT a "
        "string }",
        "GeneralName ::= CHOICE { otherName [0] IMPLICIT AnotherName, rfc822Name [1] IMPLICIT IA5String, "
        "dNSName [2] IMPLICIT IA5String, x400Address [3] IMPLICIT ORAddress, directoryName [4] EXPLICIT "
        "Name, "
        "ediPartyName [5] IMPLICIT EDIPartyName, uniformResourceIdentifier [6] IMPLICIT IA5String, "
        "iPAddress [7] IMPLICIT OCTET STRING, registeredID [8] IMPLICIT OBJECT IDENTIFIER }",
        "GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName",
        "AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY DEFINED BY OPTIONAL "
        "}",
        "SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }",
        "AttributeValues ::= SET OF ANY DEFINED BY",
        "Attribute ::= SEQUENCE { type OBJECT IDENTIFIER, values AttributeValues }",
        "Attributes ::= SET OF Attribute",
        "Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN OPTIONAL, extnValue OCTET "
        "STRING }",
        "Extensions ::= SEQUENCE SIZE (1..MAX) OF Extension",
        "KeyUsage ::= BIT STRING { digitalSignature(0), nonRepudiation(1), keyEncipherment(2), "
        "dataEncipherment(3), keyAgreement(4), keyCertSign(5), cRLSign(6), encipherOnly(7), decipherOnly(8) "
        "}",
        "ExtKeyUsageSyntax ::= SEQUENCE SIZE (1..MAX) OF OBJECT IDENTIFIER",
        "BasicConstraints ::= SEQUENCE { cA BOOLEAN OPTIONAL, pathLenConstraint INTEGER OPTIONAL }",
        "AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] IMPLICIT OCTET STRING OPTIONAL, "
        "authorityCertIssuer [1] IMPLICIT GeneralNames OPTIONAL, "
        "authorityCertSerialNumber [2] IMPLICIT INTEGER OPTIONAL }",
        "ReasonFlags ::= BIT STRING { unused(0), keyCompromise(1), cACompromise(2), affiliationChanged(3), "
        "superseded(4), cessationOfOperation(5), certificateHold(6), privilegeWithdrawn(7), aACompromise(8) "
        "}",
        "DistributionPointName ::= CHOICE { fullName [0] IMPLICIT GeneralNames, "
        "nameRelativeToCRLIssuer [1] IMPLICIT RelativeDistinguishedName }",
        "DistributionPoint ::= SEQUENCE { distributionPoint [0] EXPLICIT DistributionPointName OPTIONAL, "
        "reasons [1] IMPLICIT ReasonFlags OPTIONAL, cRLIssuer [2] IMPLICIT GeneralNames OPTIONAL }",
        "CRLDistributionPoints ::= SEQUENCE SIZE (1..MAX) OF DistributionPoint",
        "PolicyQualifierInfo ::= SEQUENCE { policyQualifierId OBJECT IDENTIFIER, qualifier ANY }",
        "SEQUENCE OF PolicyQualifierInfo ::= SEQUENCE SIZE (1..MAX) OF PolicyQualifierInfo",
        "PolicyInformation ::= SEQUENCE { policyIdentifier OBJECT IDENTIFIER, "
        "policyQualifiers SEQUENCE OF PolicyQualifierInfo OPTIONAL }",
        "CertificatePolicies ::= SEQUENCE SIZE (1..MAX) OF PolicyInformation",
        "AccessDescription ::= SEQUENCE { accessMethod OBJECT IDENTIFIER, accessLocation GeneralName }",
        "AuthorityInfoAccessSyntax ::= SEQUENCE SIZE (1..MAX) OF AccessDescription",
        "CRLReason ::= ENUMERATED { unspecified(0), keyCompromise(1), cACompromise(2), "
        "affiliationChanged(3), "
        "superseded(4), cessationOfOperation(5), certificateHold(6), removeFromCRL(8), "
        "privilegeWithdrawn(9), "
        "aACompromise(10) }",
        "GeneralSubtree ::= SEQUENCE { base GeneralName, minimum [0] IMPLICIT INTEGER OPTIONAL, "
        "maximum [1] IMPLICIT INTEGER OPTIONAL }",
        "GeneralSubtrees ::= SEQUENCE SIZE (1..MAX) OF GeneralSubtree",
        "NameConstraints ::= SEQUENCE { permittedSubtrees [0] IMPLICIT GeneralSubtrees OPTIONAL, "
        "excludedSubtrees [1] IMPLICIT GeneralSubtrees OPTIONAL }",
        "PolicyConstraints ::= SEQUENCE { requireExplicitPolicy [0] IMPLICIT INTEGER OPTIONAL, "
        "inhibitPolicyMapping [1] IMPLICIT INTEGER OPTIONAL }",
        "IssuingDistributionPoint ::= SEQUENCE { distributionPoint [0] EXPLICIT DistributionPointName "
        "OPTIONAL, "
        "onlyContainsUserCerts [1] IMPLICIT BOOLEAN OPTIONAL, onlyContainsCACerts [2] IMPLICIT BOOLEAN "
        "OPTIONAL, "
        "onlySomeReasons [3] IMPLICIT ReasonFlags OPTIONAL, indirectCRL [4] IMPLICIT BOOLEAN OPTIONAL, "
        "onlyContainsAttributeCerts [5] IMPLICIT BOOLEAN OPTIONAL }",
        "PrivateKeyUsagePeriod ::= SEQUENCE { notBefore [0] IMPLICIT GeneralizedTime OPTIONAL, "
        "notAfter [1] IMPLICIT GeneralizedTime OPTIONAL }",
        "Validity ::= SEQUENCE { notBefore Time, notAfter Time }",
        "TBSCertificate ::= SEQUENCE { version [0] EXPLICIT INTEGER OPTIONAL, serialNumber INTEGER, "
        "signature AlgorithmIdentifier, issuer Name, validity Validity, subject Name, "
        "subjectPublicKeyInfo SubjectPublicKeyInfo, issuerUniqueID [1] IMPLICIT BIT STRING OPTIONAL, "
        "subjectUniqueID [2] IMPLICIT BIT STRING OPTIONAL, extensions [3] EXPLICIT Extensions OPTIONAL }",
        "Certificate ::= SEQUENCE { tbsCertificate TBSCertificate, signatureAlgorithm AlgorithmIdentifier, "
        "signature BIT STRING }",
        "TBSCertList.revokedCertificates ::= SEQUENCE { userCertificate INTEGER, revocationDate Time, "
        "crlEntryExtensions Extensions OPTIONAL }",
        "revokedCertificates ::= SEQUENCE SIZE (1..MAX) OF TBSCertList.revokedCertificates",
        "TBSCertList ::= SEQUENCE { version INTEGER OPTIONAL, signature AlgorithmIdentifier, issuer Name, "
        "thisUpdate Time, nextUpdate Time OPTIONAL, revokedCertificates revokedCertificates OPTIONAL, "
        "crlExtensions [0] EXPLICIT Extensions OPTIONAL }",
        "CertificateList ::= SEQUENCE { tbsCertList TBSCertList, signatureAlgorithm AlgorithmIdentifier, "
        "signature BIT STRING }",
        "CertificationRequestInfo ::= SEQUENCE { version INTEGER, subject Name, subjectPKInfo "
        "SubjectPublicKeyInfo, "
        "attributes [0] IMPLICIT Attributes }",
        "CertificationRequest ::= SEQUENCE { certificationRequestInfo CertificationRequestInfo, "
        "signatureAlgorithm AlgorithmIdentifier, signature BIT STRING }",
    };

    are_defined(roots, definitions, sizeof definitions / sizeof definitions[0]);
}
