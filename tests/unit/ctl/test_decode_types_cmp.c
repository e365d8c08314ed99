/* decode_types_cmp.c: every body of RFC 9810 5.1.2, and what CMP puts into generalInfo, genm and genp. The
 * messages are written down from the syntax in RFC 9810 Appendix F. */
#include "tests/unit/ctl/decode_asn1.h"

TestSuite(decode_types_cmp, .init = set_up, .fini = tear_down);

#define REQUESTS "30{30{30{02{00} 30{}}}}"
#define ANSWERS "30{30{30{02{00} 30{02{00}}}}}"
#define CERT_LINES                                                                                           \
    "serialNumber 05\nissuer CN=Root CA\nnotBefore 2017-11-08T16:04:00Z\nnotAfter 2018-11-08T11:19:00Z\n"    \
    "subject CN=ZwischenCA\nsubjectPublicKeyInfo id-ecPublicKey secp192r1\nbasicConstraints CA\n"            \
    "signatureAlgorithm sha512WithRSAEncryption\n"                                                           \
    "sha256 185f160fa95267b15f5f61636c8e9e0e3d7d6e13493d55f5e60d8e4d0c1aefb0\n"

/* RFC 9810 5.1.2: the context tags 0 to 26 */
Test(decode_types_cmp, every_body_has_its_name)
{
    static const struct {
        const char *body, *lines;
    } cases[] = {
        {"a0{" REQUESTS "}", "body ir\n[0]\ncertReq\ncertReqId 0\ncertTemplate (empty)"},
        {"a1{" ANSWERS "}", "body ip\nresponse\n[0]\ncertReqId 0\nstatus 0 (accepted)"},
        {"a2{" REQUESTS "}", "body cr"},
        {"a3{" ANSWERS "}", "body cp"},
        {"a4{30{30{02{00} 30{} 30{30{(1.3.101.112)} 03{00 0102}} a0{}} 30{(1.3.101.112)} 03{00 05}}}",
         "body p10cr\nversion 0\nsubject (the empty name)\nsubjectPKInfo id-Ed25519 2 octets\n"
         "attributes (none)\nsignatureAlgorithm id-Ed25519\nsignature 05"},
        {"a5{30{30{30{(2.16.840.1.101.3.4.2.1)} 04{01} 04{02}}}}",
         "body popdecc\n[0]\nowf id-sha256\nwitness 01\nchallenge 02"},
        {"a6{30{02{07}}}", "body popdecr\n[0] 7"},
        {"a7{" REQUESTS "}", "body kur"},
        {"a8{" ANSWERS "}", "body kup"},
        {"a9{" REQUESTS "}", "body krr"},
        {"aa{30{30{02{02}}}}", "body krp\nstatus 2 (rejection)"},
        {"ab{30{30{30{81{05}} 30{30{(2.5.29.21) 04{0a{01}}}}}}}",
         "body rr\n[0]\ncertDetails\nserialNumber 05\ncrlEntryDetails\ncRLReason 1 (keyCompromise)"},
        {"ac{30{30{30{02{00}}} a0{30{30{a4{30{}} 02{05}}}}}}",
         "body rp\nstatus\n[0]\nstatus 0 (accepted)\nrevCerts\n[0]\nissuer directoryName (the empty name)\n"
         "serialNumber 05"},
        {"ac{30{30{30{02{00}}} a1{30{30{30{30{(1.3.101.112)} 30{} 17{'261121204100Z'}} 30{(1.3.101.112)} "
         "03{00}}}}}}",
         "body rp\nstatus\n[0]\nstatus 0 (accepted)\ncrls\n[0]\nissuer (the empty name)\nthisUpdate "
         "2026-11-21T20:41:00Z\nsignatureAlgorithm id-Ed25519"},
        {"ad{" REQUESTS "}", "body ccr"},
        {"ae{" ANSWERS "}", "body ccp"},
        {"af{30{$ $ $}}", "body ckuann cAKeyUpdAnnV2\noldWithNew\nserialNumber 05"},
        {"b0{$}", "body cann"},
        {"b1{30{02{05} 30{a4{30{}} 02{06}} 18{'20261121204100Z'} 18{'20261120204100Z'}}}",
         "body rann\nstatus 5 (revocationNotification)\ncertId\nissuer directoryName (the empty name)\n"
         "serialNumber 06\nwillBeRevokedAt 2026-11-21T20:41:00Z\nbadSinceDate 2026-11-20T20:41:00Z"},
        {"b2{30{30{30{30{(1.3.101.112)} 30{} 17{'261121204100Z'}} 30{(1.3.101.112)} 03{00}}}}",
         "body crlann\n[0]\nissuer (the empty name)\nthisUpdate 2026-11-21T20:41:00Z\n"
         "signatureAlgorithm id-Ed25519"},
        {"b3{05{}}", "body pkiconf"},
        {"b4{30{30{" HEADER "b3{05{}}}}}",
         "body nested\n[0]\nheader\npvno 2 (cmp2000)\nsender directoryName (the empty name)\n"
         "recipient directoryName (the empty name)\nbody pkiconf"},
        {"b5{30{30{(1.3.6.1.5.5.7.4.17)}}}", "body genm\nid-it-caCerts"},
        {"b6{30{30{(1.3.6.1.5.5.7.4.10) (1.2.840.113549.1.1.1)}}}",
         "body genp\nid-it-keyPairParamReq rsaEncryption"},
        {"b7{30{30{02{02} 30{0c{'no'}} 03{0224}} 02{11} 30{0c{'more'}}}}",
         "body error\nstatus 2 (rejection)\nstatusString \"no\"\nfailInfo badRequest, "
         "badDataFormat\nerrorCode 17\n"
         "errorDetails \"more\""},
        {"b8{30{30{04{aabb} 02{00} 30{02{00}} a0{30{(2.16.840.1.101.3.4.2.1)}}}}}",
         "body certConf\n[0]\ncertHash aabb\ncertReqId 0\nstatusInfo\nstatus 0 (accepted)\nhashAlg "
         "id-sha256"},
        {"b9{30{30{02{ff}}}}", "body pollReq\n[0]\ncertReqId -1"},
        {"ba{30{30{02{00} 02{0e10} 30{0c{'tea'}}}}}",
         "body pollRep\n[0]\ncertReqId 0\ncheckAfter 3600\nreason \"tea\""},
    };

    cr_assert_eq(sizeof cases / sizeof cases[0], 27 + 1, "rp in both of its forms");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        says(cases[i].body, cases[i].lines);
}

/* What openssl x509 -text -fingerprint -sha256 shows of the file */
Test(decode_types_cmp, a_certificate_is_summed_up)
{
    int ok;
    const char *text = shown(message("b0{$}"), &ok);

    cr_assert(ok);
    cr_assert_not_null(strstr(text, "body cann\n" CERT_LINES), "%s", text);
}

/* RFC 9810 5.3.13: with cmp2021 "RootCaKeyUpdateContent" under [0] */
Test(decode_types_cmp, a_CA_key_update_has_two_forms)
{
    says("af{a0{30{$ a0{$} a1{$}}}}", "body ckuann cAKeyUpdAnnV3\nnewWithNew\nserialNumber 05");
}

/* RFC 9810 5.1.1 */
Test(decode_types_cmp, all_fields_of_the_header)
{
    int ok;
    const char *text =
        shown(der_text(arena,
                       "30{30{02{03} a4{30{31{30{(2.5.4.3) 0c{'gnb-1'}}}}} 82{'ca.example'}"
                       "a0{18{'20261121204100.5Z'}} a1{30{(1.2.840.10045.4.3.2)}} a2{04{'ref'}} a3{04{0102}}"
                       "a4{04{1112}} a5{04{8182}} a6{04{9192}} a7{30{0c{'hello'} 0c{'you'}}}"
                       "a8{30{30{(1.3.6.1.5.5.7.4.13) 05{}} 30{(1.3.6.1.5.5.7.4.14) 18{'20261121204200Z'}}"
                       "30{(1.3.6.1.5.5.7.4.21) 30{0c{'gnb'}}}}}} b3{05{}} a0{03{00 aabb}} a1{30{$}}}",
                       certificate),
              &ok);

    cr_assert(ok, "%s", text);
    has_lines(text,
              "header\npvno 3 (cmp2021)\nsender directoryName CN=gnb-1\nrecipient dNSName \"ca.example\"\n"
              "messageTime 2026-11-21T20:41:00.5Z\nprotectionAlg ecdsa-with-SHA256\n"
              "senderKID 726566 \"ref\"\nrecipKID 0102\ntransactionID 1112\nsenderNonce 8182\n"
              "recipNonce 9192\nfreeText \"hello\", \"you\"\ngeneralInfo\nid-it-implicitConfirm\n"
              "id-it-confirmWaitTime 2026-11-21T20:42:00Z\nid-it-certProfile \"gnb\"\nbody pkiconf\n"
              "protection aabb\nextraCerts\n[0]\nserialNumber 05");
}

/* RFC 9810 5.1.3.1, 5.1.3.2, 5.1.3.4; RFC 8018 A.5 */
Test(decode_types_cmp, parameters_of_MACs)
{
    static const struct {
        const char *algorithm, *lines;
    } cases[] = {
        {"30{(1.2.840.113533.7.66.13) 30{04{0102} 30{(2.16.840.1.101.3.4.2.1)} 02{03e8}"
         "30{(1.2.840.113549.2.9) 05{}}}}",
         "protectionAlg id-PasswordBasedMac\nsalt 0102\nowf id-sha256\niterationCount 1000\nmac "
         "id-hmacWithSHA256"},
        {"30{(1.2.840.113549.1.5.14) 30{30{(1.2.840.113549.1.5.12) 30{04{0102} 02{0800} 02{20}"
         "30{(1.2.840.113549.2.9) 05{}}}} 30{(1.2.840.113549.2.11) 05{}}}}",
         "protectionAlg id-PBMAC1\nkeyDerivationFunc id-PBKDF2\nsalt 0102\niterationCount 2048\nkeyLength "
         "32\n"
         "prf id-hmacWithSHA256\nmessageAuthScheme id-hmacWithSHA512"},
        {"30{(1.2.840.113533.7.66.30) 30{30{(2.16.840.1.101.3.4.2.1)} 30{(1.2.840.113549.2.9)}}}",
         "protectionAlg id-DHBasedMac\nowf id-sha256\nmac id-hmacWithSHA256"},
        {"30{(1.2.840.113533.7.66.16) 30{30{(1.2.840.113549.1.9.16.3.28)} a0{04{07}} 02{20}"
         "30{(1.2.840.113549.2.9)}}}",
         "protectionAlg id-KemBasedMac\nkdf id-alg-hkdf-with-sha256\nkemContext 07\nlen 32\n"
         "mac id-hmacWithSHA256"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int ok;
        const char *text =
            shown(der_text(arena,
                           arena_printf(arena, "30{30{02{02} a4{30{}} a4{30{}} a1{%s}} b3{05{}}}",
                                        cases[i].algorithm),
                           certificate),
                  &ok);
        cr_assert(ok, "%s", text);
        has_lines(text, cases[i].lines);
    }
}

/* RFC 9810 5.3.19 */
Test(decode_types_cmp, values_of_general_messages)
{
    static const struct {
        const char *info, *lines;
    } cases[] = {
        {"30{(1.3.6.1.5.5.7.4.1) $}", "id-it-caProtEncCert\nserialNumber 05"},
        {"30{(1.3.6.1.5.5.7.4.2) 30{30{(1.3.101.112)} 30{(1.3.101.113)}}}",
         "id-it-signKeyPairTypes\n[0] id-Ed25519\n[1] id-Ed448"},
        {"30{(1.3.6.1.5.5.7.4.4) 30{(2.16.840.1.101.3.4.1.42) 04{00}}}",
         "id-it-preferredSymmAlg id-aes256-CBC 00"},
        {"30{(1.3.6.1.5.5.7.4.5) 30{$ $ $}}", "id-it-caKeyUpdateInfo\noldWithNew"},
        {"30{(1.3.6.1.5.5.7.4.6) 30{30{30{(1.3.101.112)} 30{} 17{'261121204100Z'}"
         "30{30{02{05} 17{'261121204100Z'}}}} 30{(1.3.101.112)} 03{00}}}",
         "id-it-currentCRL\nissuer (the empty name)\nthisUpdate 2026-11-21T20:41:00Z\n"
         "revokedCertificates 1 entry\nsignatureAlgorithm id-Ed25519"},
        {"30{(1.3.6.1.5.5.7.4.7) 30{(1.2.3.4)}}", "id-it-unsupportedOIDs\n[0] 1.2.3.4"},
        {"30{(1.3.6.1.5.5.7.4.12) 30{03{00 01}}}", "id-it-revPassphrase encryptedValue\nencValue 01"},
        {"30{(1.3.6.1.5.5.7.4.15) 30{30{" HEADER "b3{05{}}}}}",
         "id-it-origPKIMessage\n[0]\nheader\npvno 2 (cmp2000)"},
        {"30{(1.3.6.1.5.5.7.4.16) 30{0c{'en'} 0c{'de'}}}", "id-it-suppLangTags \"en\", \"de\""},
        {"30{(1.3.6.1.5.5.7.4.17) 30{$ $}}", "id-it-caCerts\n[0]\nserialNumber 05"},
        {"30{(1.3.6.1.5.5.7.4.18) 30{$ a0{$}}}", "id-it-rootCaKeyUpdate\nnewWithNew\nserialNumber 05"},
        {"30{(1.3.6.1.5.5.7.4.19) 30{30{a5{30{}}} 30{30{(1.3.6.1.5.5.7.5.1.11) 30{(1.2.840.10045.2.1)"
         "(1.2.840.10045.3.1.7)}} 30{(1.3.6.1.5.5.7.5.1.12) 02{0800}}}}}",
         "id-it-certReqTemplate\ncertTemplate\nsubject (the empty name)\nkeySpec\n"
         "id-regCtrl-algId id-ecPublicKey secp256r1\nid-regCtrl-rsaKeyLen 2048"},
        {"30{(1.3.6.1.5.5.7.4.20) $}", "id-it-rootCaCert\nserialNumber 05"},
        {"30{(1.3.6.1.5.5.7.4.22) 30{30{a0{a0{86{'http://x/'}}} 17{'261121204100Z'}} 30{a1{30{82{'y'}}}}}}",
         "id-it-crlStatusList\n[0]\nsource dpn fullName uniformResourceIdentifier \"http://x/\"\n"
         "thisUpdate 2026-11-21T20:41:00Z\n[1]\nsource issuer dNSName \"y\""},
        {"30{(1.3.6.1.5.5.7.4.24) 30{30{(2.16.840.1.101.3.4.4.2)} 04{0102}}}",
         "id-it-KemCiphertextInfo\nkem id-alg-ml-kem-768\nct 0102"},
        {"30{(1.2.3.4) 30{02{05} 30{01{ff}} 80{0a} a1{0c{'x'}}}}",
         "1.2.3.4\nINTEGER 5\nSEQUENCE\nBOOLEAN TRUE\nprimitive [0] 0a\n[1]\nUTF8String \"x\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        says(arena_printf(arena, "b6{30{%s}}", cases[i].info), cases[i].lines);
}

/* RFC 9810 5.2.3: bits that have no name yet are told by their number */
Test(decode_types_cmp, all_reasons_of_a_failure)
{
    says("b7{30{30{02{02} 03{05 ffffffe0}}}}",
         "failInfo badAlg, badMessageCheck, badRequest, badTime, badCertId, badDataFormat, wrongAuthority, "
         "incorrectData, missingTimeStamp, badPOP, certRevoked, certConfirmed, wrongIntegrity, "
         "badRecipientNonce, "
         "timeNotAvailable, unacceptedPolicy, unacceptedExtension, addInfoNotAvailable, badSenderNonce, "
         "badCertTemplate, signerNotTrusted, transactionIdInUse, unsupportedVersion, notAuthorized, "
         "systemUnavail, "
         "systemFailure, duplicateCertReq");
    says("b7{30{30{02{02} 03{00 00000001}}}}", "failInfo bit 31");
    says("b7{30{30{02{63}}}}", "status 99");
}

/* RFC 9810 5.3.4: certificate or cipher, private key, publication */
Test(decode_types_cmp, a_certified_key_pair)
{
    says("a3{30{a1{30{$}} 30{30{02{00} 30{02{01}} 30{a0{$} a0{a0{02{00} 31{30{02{00} 80{0102}"
         "30{(1.2.840.113549.1.1.1) 05{}} 04{0304}}} 30{(1.2.840.113549.1.7.2) 30{(2.16.840.1.101.3.4.1.42)}"
         "80{0506}}}} a1{30{02{01} 30{30{02{02} 86{'http://x/'}}}}}} 04{'info'}}}}}",
         "privateKey envelopedData\nversion 0\nrecipientInfos\n[0] ktri\nversion 0\nrid subjectKeyIdentifier "
         "0102\n"
         "keyEncryptionAlgorithm rsaEncryption\nencryptedKey 0304\nencryptedContentInfo\n"
         "contentType id-signedData\ncontentEncryptionAlgorithm id-aes256-CBC\nencryptedContent 0506\n"
         "publicationInfo\naction 1 (pleasePublish)\npubInfos\n[0]\npubMethod 2 (web)\n"
         "pubLocation uniformResourceIdentifier \"http://x/\"\nrspInfo 696e666f \"info\"");
    says("a3{30{30{30{02{00} 30{02{00}} 30{a1{30{a1{(2.16.840.1.101.3.4.1.2)} 82{00 07} 03{00 01}}}}}}}}",
         "certOrEncCert encryptedCert encryptedValue\nsymmAlg id-aes128-CBC\nencSymmKey 07\nencValue 01");
}

/* RFC 9810 Appendix F, EXPLICIT TAGS */
Test(decode_types_cmp, are_those_of_the_RFC)
{
    static const struct decode_type *const roots[] = {
        &decode_pki_messages,     &decode_root_update,  &decode_ca_update,
        &decode_template_content, &decode_crl_statuses, &decode_kem_ciphertext,
        &decode_algorithms,       &decode_oid_list,     NULL};
    static const char *const definitions[] = {
        "CMPCertificate ::= CHOICE { x509v3PKCert Certificate, other ANY }",
        "SEQUENCE OF CMPCertificate ::= SEQUENCE SIZE (1..MAX) OF CMPCertificate",
        "SEQUENCE OF CertificateList ::= SEQUENCE SIZE (1..MAX) OF CertificateList",
        "PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String",
        "SEQUENCE OF AlgorithmIdentifier ::= SEQUENCE SIZE (1..MAX) OF AlgorithmIdentifier",
        "SEQUENCE OF OBJECT IDENTIFIER ::= SEQUENCE SIZE (1..MAX) OF OBJECT IDENTIFIER",
        "SEQUENCE OF CertId ::= SEQUENCE SIZE (1..MAX) OF CertId",
        "PKIStatus ::= INTEGER { accepted(0), grantedWithMods(1), rejection(2), waiting(3), "
        "revocationWarning(4), "
        "revocationNotification(5), keyUpdateWarning(6) }",
        "PKIFailureInfo ::= BIT STRING { badAlg(0), badMessageCheck(1), badRequest(2), badTime(3), "
        "badCertId(4), "
        "badDataFormat(5), wrongAuthority(6), incorrectData(7), missingTimeStamp(8), badPOP(9), "
        "certRevoked(10), "
        "certConfirmed(11), wrongIntegrity(12), badRecipientNonce(13), timeNotAvailable(14), "
        "unacceptedPolicy(15), "
        "unacceptedExtension(16), addInfoNotAvailable(17), badSenderNonce(18), badCertTemplate(19), "
        "signerNotTrusted(20), transactionIdInUse(21), unsupportedVersion(22), notAuthorized(23), "
        "systemUnavail(24), systemFailure(25), duplicateCertReq(26) }",
        "PKIStatusInfo ::= SEQUENCE { status PKIStatus, statusString PKIFreeText OPTIONAL, "
        "failInfo PKIFailureInfo OPTIONAL }",
        "SEQUENCE OF PKIStatusInfo ::= SEQUENCE SIZE (1..MAX) OF PKIStatusInfo",
        "InfoTypeAndValue ::= SEQUENCE { infoType OBJECT IDENTIFIER, infoValue ANY DEFINED BY OPTIONAL }",
        "SEQUENCE OF InfoTypeAndValue ::= SEQUENCE OF InfoTypeAndValue",
        "SEQUENCE OF InfoTypeAndValue ::= SEQUENCE SIZE (1..MAX) OF InfoTypeAndValue",
        "RootCaKeyUpdateContent ::= SEQUENCE { newWithNew CMPCertificate, "
        "newWithOld [0] EXPLICIT CMPCertificate OPTIONAL, oldWithNew [1] EXPLICIT CMPCertificate OPTIONAL }",
        "CAKeyUpdAnnContent ::= SEQUENCE { oldWithNew CMPCertificate, newWithOld CMPCertificate, "
        "newWithNew CMPCertificate }",
        "CertReqTemplateContent ::= SEQUENCE { certTemplate CertTemplate, keySpec Controls OPTIONAL }",
        "CRLSource ::= CHOICE { dpn [0] EXPLICIT DistributionPointName, issuer [1] EXPLICIT GeneralNames }",
        "CRLStatus ::= SEQUENCE { source CRLSource, thisUpdate Time OPTIONAL }",
        "SEQUENCE OF CRLStatus ::= SEQUENCE SIZE (1..MAX) OF CRLStatus",
        "KemCiphertextInfo ::= SEQUENCE { kem AlgorithmIdentifier, ct OCTET STRING }",
        "CertOrEncCert ::= CHOICE { certificate [0] EXPLICIT CMPCertificate, encryptedCert [1] EXPLICIT "
        "EncryptedKey }",
        "CertifiedKeyPair ::= SEQUENCE { certOrEncCert CertOrEncCert, privateKey [0] EXPLICIT EncryptedKey "
        "OPTIONAL, "
        "publicationInfo [1] EXPLICIT PKIPublicationInfo OPTIONAL }",
        "SEQUENCE OF CertifiedKeyPair ::= SEQUENCE SIZE (1..MAX) OF CertifiedKeyPair",
        "CertResponse ::= SEQUENCE { certReqId INTEGER, status PKIStatusInfo, certifiedKeyPair "
        "CertifiedKeyPair "
        "OPTIONAL, rspInfo OCTET STRING OPTIONAL }",
        "SEQUENCE OF CertResponse ::= SEQUENCE OF CertResponse",
        "CertRepMessage ::= SEQUENCE { caPubs [1] EXPLICIT SEQUENCE OF CMPCertificate OPTIONAL, "
        "response SEQUENCE OF CertResponse }",
        "KeyRecRepContent ::= SEQUENCE { status PKIStatusInfo, newSigCert [0] EXPLICIT CMPCertificate "
        "OPTIONAL, "
        "caCerts [1] EXPLICIT SEQUENCE OF CMPCertificate OPTIONAL, "
        "keyPairHist [2] EXPLICIT SEQUENCE OF CertifiedKeyPair OPTIONAL }",
        "Challenge ::= SEQUENCE { owf AlgorithmIdentifier OPTIONAL, witness OCTET STRING, challenge OCTET "
        "STRING, "
        "encryptedRand [0] EXPLICIT EnvelopedData OPTIONAL }",
        "POPODecKeyChallContent ::= SEQUENCE OF Challenge",
        "POPODecKeyRespContent ::= SEQUENCE OF INTEGER",
        "RevDetails ::= SEQUENCE { certDetails CertTemplate, crlEntryDetails Extensions OPTIONAL }",
        "RevReqContent ::= SEQUENCE OF RevDetails",
        "RevRepContent ::= SEQUENCE { status SEQUENCE OF PKIStatusInfo, revCerts [0] EXPLICIT SEQUENCE OF "
        "CertId "
        "OPTIONAL, crls [1] EXPLICIT SEQUENCE OF CertificateList OPTIONAL }",
        "CAKeyUpdContent ::= CHOICE { cAKeyUpdAnnV2 CAKeyUpdAnnContent, "
        "cAKeyUpdAnnV3 [0] EXPLICIT RootCaKeyUpdateContent }",
        "RevAnnContent ::= SEQUENCE { status PKIStatus, certId CertId, willBeRevokedAt GeneralizedTime, "
        "badSinceDate GeneralizedTime, crlDetails Extensions OPTIONAL }",
        "CRLAnnContent ::= SEQUENCE OF CertificateList",
        "ErrorMsgContent ::= SEQUENCE { pKIStatusInfo PKIStatusInfo, errorCode INTEGER OPTIONAL, "
        "errorDetails PKIFreeText OPTIONAL }",
        "CertStatus ::= SEQUENCE { certHash OCTET STRING, certReqId INTEGER, statusInfo PKIStatusInfo "
        "OPTIONAL, "
        "hashAlg [0] EXPLICIT AlgorithmIdentifier OPTIONAL }",
        "CertConfirmContent ::= SEQUENCE OF CertStatus",
        "PollReqContent element ::= SEQUENCE { certReqId INTEGER }",
        "PollReqContent ::= SEQUENCE OF PollReqContent element",
        "PollRepContent element ::= SEQUENCE { certReqId INTEGER, checkAfter INTEGER, reason PKIFreeText "
        "OPTIONAL }",
        "PollRepContent ::= SEQUENCE OF PollRepContent element",
        "pvno ::= INTEGER { cmp1999(1), cmp2000(2), cmp2021(3) }",
        "PKIHeader ::= SEQUENCE { pvno pvno, sender GeneralName, recipient GeneralName, "
        "messageTime [0] EXPLICIT GeneralizedTime OPTIONAL, protectionAlg [1] EXPLICIT AlgorithmIdentifier "
        "OPTIONAL, "
        "senderKID [2] EXPLICIT OCTET STRING OPTIONAL, recipKID [3] EXPLICIT OCTET STRING OPTIONAL, "
        "transactionID [4] EXPLICIT OCTET STRING OPTIONAL, senderNonce [5] EXPLICIT OCTET STRING OPTIONAL, "
        "recipNonce [6] EXPLICIT OCTET STRING OPTIONAL, freeText [7] EXPLICIT PKIFreeText OPTIONAL, "
        "generalInfo [8] EXPLICIT SEQUENCE OF InfoTypeAndValue OPTIONAL }",
        "PKIBody ::= CHOICE { ir [0] EXPLICIT CertReqMessages, ip [1] EXPLICIT CertRepMessage, "
        "cr [2] EXPLICIT CertReqMessages, cp [3] EXPLICIT CertRepMessage, p10cr [4] EXPLICIT "
        "CertificationRequest, "
        "popdecc [5] EXPLICIT POPODecKeyChallContent, popdecr [6] EXPLICIT POPODecKeyRespContent, "
        "kur [7] EXPLICIT CertReqMessages, kup [8] EXPLICIT CertRepMessage, krr [9] EXPLICIT "
        "CertReqMessages, "
        "krp [10] EXPLICIT KeyRecRepContent, rr [11] EXPLICIT RevReqContent, rp [12] EXPLICIT RevRepContent, "
        "ccr [13] EXPLICIT CertReqMessages, ccp [14] EXPLICIT CertRepMessage, ckuann [15] EXPLICIT "
        "CAKeyUpdContent, "
        "cann [16] EXPLICIT CMPCertificate, rann [17] EXPLICIT RevAnnContent, crlann [18] EXPLICIT "
        "CRLAnnContent, "
        "pkiconf [19] EXPLICIT NULL, nested [20] EXPLICIT PKIMessages, "
        "genm [21] EXPLICIT SEQUENCE OF InfoTypeAndValue, genp [22] EXPLICIT SEQUENCE OF InfoTypeAndValue, "
        "error [23] EXPLICIT ErrorMsgContent, certConf [24] EXPLICIT CertConfirmContent, "
        "pollReq [25] EXPLICIT PollReqContent, pollRep [26] EXPLICIT PollRepContent }",
        "PKIMessage ::= SEQUENCE { header PKIHeader, body PKIBody, protection [0] EXPLICIT BIT STRING "
        "OPTIONAL, "
        "extraCerts [1] EXPLICIT SEQUENCE OF CMPCertificate OPTIONAL }",
        "PKIMessages ::= SEQUENCE SIZE (1..MAX) OF PKIMessage",
    };

    are_defined(roots, definitions, sizeof definitions / sizeof definitions[0]);
}
