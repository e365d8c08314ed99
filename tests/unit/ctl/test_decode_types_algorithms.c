/* decode_types_algorithms.c: parameters of algorithms. */
#include "tests/unit/ctl/decode_asn1.h"

TestSuite(decode_types_algorithms, .init = set_up, .fini = tear_down);

/* RFC 9810 5.1.3.1, 5.1.3.2, 5.1.3.4; RFC 8018 Appendix A; RFC 4055 3.1, 4.1; RFC 5084 3.2 */
Test(decode_types_algorithms, are_those_of_the_RFCs)
{
    static const struct decode_type *const roots[] = {
        &decode_pbm,   &decode_dhbm, &decode_kembm, &decode_pbmac1, &decode_pbkdf2,
        &decode_pbes2, &decode_pss,  &decode_oaep,  &decode_gcm,    NULL};
    static const char *const definitions[] = {
        "PBMParameter ::= SEQUENCE { salt OCTET STRING, owf AlgorithmIdentifier, iterationCount INTEGER, "
        "mac AlgorithmIdentifier }",
        "DHBMParameter ::= SEQUENCE { owf AlgorithmIdentifier, mac AlgorithmIdentifier }",
        "KemBMParameter ::= SEQUENCE { kdf AlgorithmIdentifier, kemContext [0] EXPLICIT OCTET STRING "
        "OPTIONAL, "
        "len INTEGER, mac AlgorithmIdentifier }",
        "PBMAC1-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, messageAuthScheme "
        "AlgorithmIdentifier }",
        "salt ::= CHOICE { specified OCTET STRING, otherSource AlgorithmIdentifier }",
        "PBKDF2-params ::= SEQUENCE { salt salt, iterationCount INTEGER, keyLength INTEGER OPTIONAL, "
        "prf AlgorithmIdentifier OPTIONAL }",
        "PBES2-params ::= SEQUENCE { keyDerivationFunc AlgorithmIdentifier, encryptionScheme "
        "AlgorithmIdentifier }",
        "RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] EXPLICIT AlgorithmIdentifier OPTIONAL, "
        "maskGenAlgorithm [1] EXPLICIT AlgorithmIdentifier OPTIONAL, saltLength [2] EXPLICIT INTEGER "
        "OPTIONAL, "
        "trailerField [3] EXPLICIT INTEGER OPTIONAL }",
        "RSAES-OAEP-params ::= SEQUENCE { hashFunc [0] EXPLICIT AlgorithmIdentifier OPTIONAL, "
        "maskGenFunc [1] EXPLICIT AlgorithmIdentifier OPTIONAL, pSourceFunc [2] EXPLICIT AlgorithmIdentifier "
        "OPTIONAL }",
        "GCMParameters ::= SEQUENCE { nonce OCTET STRING, ICVlen INTEGER OPTIONAL }",
    };

    are_defined(roots, definitions, sizeof definitions / sizeof definitions[0]);
}

/* RFC 9481 6.1.2: how a secret is stretched is seen at a glance. */
Test(decode_types_algorithms, a_salt_stands_in_the_line_of_its_name)
{
    int ok;
    const char *text = shown(
        der_text(arena,
                 "30{30{02{02} a4{30{}} a4{30{}} a1{30{(1.2.840.113549.1.5.12) 30{04{0102} 02{0400} 02{20} "
                 "30{(1.2.840.113549.2.9) 05{}}}}}} b3{05{}}}",
                 certificate),
        &ok);

    cr_assert(ok, "%s", text);
    has_lines(text,
              "protectionAlg id-PBKDF2\nsalt 0102\niterationCount 1024\nkeyLength 32\nprf id-hmacWithSHA256");
}
