/* decode_types_cms.c: EnvelopedData with each kind of recipient (RFC 5652 6.2, RFC 9629 3). */
#include "tests/unit/ctl/decode_asn1.h"

TestSuite(decode_types_cms, .init = set_up, .fini = tear_down);

/* As encryptedRand of a challenge, which is EXPLICIT (RFC 9810 5.2.8.3.3). */
static void enveloped_says(const char *parts, const char *lines)
{
    says(arena_printf(arena,
                      "a5{30{30{04{aa} 04{} a0{30{02{03} %s 30{(1.2.840.113549.1.7.1)"
                      "30{(2.16.840.1.101.3.4.1.46) 30{04{010203} 02{10}}} 80{0908}}}}}}}",
                      parts),
         lines);
}

Test(decode_types_cms, every_kind_of_recipient)
{
    static const struct {
        const char *recipients, *lines;
    } cases[] = {
        {"31{30{02{00} 30{30{} 02{05}} 30{(1.2.840.113549.1.1.7) 30{}} 04{07}}}",
         "recipientInfos\n[0] ktri\nversion 0\nrid issuerAndSerialNumber\nissuer (the empty name)\n"
         "serialNumber 05\nkeyEncryptionAlgorithm id-RSAES-OAEP (empty)\nencryptedKey 07"},
        {"31{a1{02{03} a0{a1{30{(1.2.840.10045.2.1)} 03{00 04}}} a1{04{08}}"
         "30{(1.3.132.1.11.1) 30{(2.16.840.1.101.3.4.1.45)}} 30{30{a0{04{0102}} 04{09}}}}}",
         "recipientInfos\n[0] kari\nversion 3\noriginator originatorKey\nalgorithm id-ecPublicKey\npublicKey "
         "04\n"
         "ukm 08\nkeyEncryptionAlgorithm dhSinglePass-stdDH-sha256kdf-scheme id-aes256-wrap\n"
         "recipientEncryptedKeys\n[0]\nrid rKeyId\nsubjectKeyIdentifier 0102\nencryptedKey 09"},
        {"31{a2{02{04} 30{04{01}} 30{(2.16.840.1.101.3.4.1.45)} 04{09}}}",
         "recipientInfos\n[0] kekri\nversion 4\nkekid\nkeyIdentifier 01\n"
         "keyEncryptionAlgorithm id-aes256-wrap\nencryptedKey 09"},
        {"31{a3{02{00} a0{(1.2.840.113549.1.5.12) 30{04{01} 02{0400}}} 30{(2.16.840.1.101.3.4.1.45)} "
         "04{09}}}",
         "recipientInfos\n[0] pwri\nversion 0\nkeyDerivationAlgorithm id-PBKDF2\nsalt 01\niterationCount "
         "1024\n"
         "keyEncryptionAlgorithm id-aes256-wrap\nencryptedKey 09"},
        {"31{a4{(1.2.840.113549.1.9.16.13.3) 30{02{00} 80{0102} 30{(2.16.840.1.101.3.4.4.1)} 04{0a}"
         "30{(1.2.840.113549.1.9.16.3.28)} 02{20} 30{(2.16.840.1.101.3.4.1.45)} 04{0b}}}}",
         "recipientInfos\n[0] ori id-ori-kem\nversion 0\nrid subjectKeyIdentifier 0102\nkem "
         "id-alg-ml-kem-512\n"
         "kemct 0a\nkdf id-alg-hkdf-with-sha256\nkekLength 32\nwrap id-aes256-wrap\nencryptedKey 0b"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        enveloped_says(cases[i].recipients, cases[i].lines);
}

Test(decode_types_cms, what_is_enveloped)
{
    enveloped_says("a0{a0{$}} 31{a2{02{04} 30{04{01}} 30{(1.2.3)} 04{09}}}",
                   "encryptedRand\nversion 3\noriginatorInfo\ncerts\n[0]\nserialNumber 05");
    enveloped_says("31{a2{02{04} 30{04{01}} 30{(1.2.3)} 04{09}}}",
                   "encryptedContentInfo\ncontentType id-data\ncontentEncryptionAlgorithm id-aes256-GCM\n"
                   "nonce 010203\nICVlen 16\nencryptedContent 0908");
}

/* RFC 5652 12.1, IMPLICIT TAGS; RFC 9629 7 */
Test(decode_types_cms, are_those_of_the_RFCs)
{
    static const struct decode_type *const roots[] = {&decode_enveloped_data, &decode_kem_recipient, NULL};
    static const char *const definitions[] = {
        "IssuerAndSerialNumber ::= SEQUENCE { issuer Name, serialNumber INTEGER }",
        "RecipientIdentifier ::= CHOICE { issuerAndSerialNumber IssuerAndSerialNumber, "
        "subjectKeyIdentifier [0] IMPLICIT OCTET STRING }",
        "OtherKeyAttribute ::= SEQUENCE { keyAttrId OBJECT IDENTIFIER, keyAttr ANY OPTIONAL }",
        "KeyTransRecipientInfo ::= SEQUENCE { version INTEGER, rid RecipientIdentifier, "
        "keyEncryptionAlgorithm AlgorithmIdentifier, encryptedKey OCTET STRING }",
        "OriginatorPublicKey ::= SEQUENCE { algorithm AlgorithmIdentifier, publicKey BIT STRING }",
        "OriginatorIdentifierOrKey ::= CHOICE { issuerAndSerialNumber IssuerAndSerialNumber, "
        "subjectKeyIdentifier [0] IMPLICIT OCTET STRING, originatorKey [1] IMPLICIT OriginatorPublicKey }",
        "RecipientKeyIdentifier ::= SEQUENCE { subjectKeyIdentifier OCTET STRING, date GeneralizedTime "
        "OPTIONAL, "
        "other OtherKeyAttribute OPTIONAL }",
        "KeyAgreeRecipientIdentifier ::= CHOICE { issuerAndSerialNumber IssuerAndSerialNumber, "
        "rKeyId [0] IMPLICIT RecipientKeyIdentifier }",
        "RecipientEncryptedKey ::= SEQUENCE { rid KeyAgreeRecipientIdentifier, encryptedKey OCTET STRING }",
        "RecipientEncryptedKeys ::= SEQUENCE OF RecipientEncryptedKey",
        "KeyAgreeRecipientInfo ::= SEQUENCE { version INTEGER, originator [0] EXPLICIT "
        "OriginatorIdentifierOrKey, "
        "ukm [1] EXPLICIT OCTET STRING OPTIONAL, keyEncryptionAlgorithm AlgorithmIdentifier, "
        "recipientEncryptedKeys RecipientEncryptedKeys }",
        "KEKIdentifier ::= SEQUENCE { keyIdentifier OCTET STRING, date GeneralizedTime OPTIONAL, "
        "other OtherKeyAttribute OPTIONAL }",
        "KEKRecipientInfo ::= SEQUENCE { version INTEGER, kekid KEKIdentifier, "
        "keyEncryptionAlgorithm AlgorithmIdentifier, encryptedKey OCTET STRING }",
        "PasswordRecipientInfo ::= SEQUENCE { version INTEGER, "
        "keyDerivationAlgorithm [0] IMPLICIT AlgorithmIdentifier OPTIONAL, "
        "keyEncryptionAlgorithm AlgorithmIdentifier, encryptedKey OCTET STRING }",
        "KEMRecipientInfo ::= SEQUENCE { version INTEGER, rid RecipientIdentifier, kem AlgorithmIdentifier, "
        "kemct OCTET STRING, kdf AlgorithmIdentifier, kekLength INTEGER, ukm [0] EXPLICIT OCTET STRING "
        "OPTIONAL, "
        "wrap AlgorithmIdentifier, encryptedKey OCTET STRING }",
        "OtherRecipientInfo ::= SEQUENCE { oriType OBJECT IDENTIFIER, oriValue ANY DEFINED BY }",
        "RecipientInfo ::= CHOICE { ktri KeyTransRecipientInfo, kari [1] IMPLICIT KeyAgreeRecipientInfo, "
        "kekri [2] IMPLICIT KEKRecipientInfo, pwri [3] IMPLICIT PasswordRecipientInfo, "
        "ori [4] IMPLICIT OtherRecipientInfo }",
        "RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo",
        "EncryptedContentInfo ::= SEQUENCE { contentType OBJECT IDENTIFIER, "
        "contentEncryptionAlgorithm AlgorithmIdentifier, encryptedContent [0] IMPLICIT OCTET STRING OPTIONAL "
        "}",
        "SET ::= SET OF ANY",
        "OriginatorInfo ::= SEQUENCE { certs [0] IMPLICIT SEQUENCE OF CMPCertificate OPTIONAL, "
        "crls [1] IMPLICIT SET OPTIONAL }",
        "EnvelopedData ::= SEQUENCE { version INTEGER, originatorInfo [0] IMPLICIT OriginatorInfo OPTIONAL, "
        "recipientInfos RecipientInfos, encryptedContentInfo EncryptedContentInfo, "
        "unprotectedAttrs [1] IMPLICIT Attributes OPTIONAL }",
    };

    are_defined(roots, definitions, sizeof definitions / sizeof definitions[0]);
}
