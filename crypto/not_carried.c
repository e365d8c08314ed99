/* The table of algorithms that a refusal names. The gaps stand in deploy/manual/algorithms.md, too. */
#include "crypto/not_carried.h"

#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        (const uint8_t *)(literal), sizeof(literal) - 1                                                      \
    }
#define SHA1_IS_BROKEN "SHA-1 is broken, use SHA-256 or better"
#define NO_PSS "no library of this server has SHAKE in RSASSA-PSS: use RSASSA-PSS with SHA-256 or better"
#define NO_KMAC "no library of this server has KMAC: use PBMAC1 with hmacWithSHA256 or better"
#define NO_BRAINPOOL "no library of this server has it: use P-256, P-384 or P-521"
#define BRAINPOOL(name, last)                                                                                \
    {                                                                                                        \
        "brainpool" name, BYTES("\x2b\x24\x03\x03\x02\x08\x01\x01" last), NO_BRAINPOOL, NOT_CARRIED_CURVE, 1 \
    }

static const struct not_carried rows[] = {
    /* what devices were seen to use (RFC 3279 2.2) */
    {"ecdsa-with-SHA1", BYTES("\x2a\x86\x48\xce\x3d\x04\x01"), SHA1_IS_BROKEN, NOT_CARRIED_SIGNATURE, 0},
    {"sha1WithRSAEncryption", BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), SHA1_IS_BROKEN,
     NOT_CARRIED_SIGNATURE, 0},
    {"md5WithRSAEncryption", BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04"),
     "MD5 is broken, use SHA-256 or better", NOT_CARRIED_SIGNATURE, 0},
    {"dsa-with-sha1", BYTES("\x2a\x86\x48\xce\x38\x04\x03"),
     "SHA-1 is broken, and DSA is not supported: use ECDSA or RSA", NOT_CARRIED_SIGNATURE, 0},
    {"dsa-with-sha224", BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x01"), "use ECDSA or RSA",
     NOT_CARRIED_SIGNATURE, 0},
    {"dsa-with-sha256", BYTES("\x60\x86\x48\x01\x65\x03\x04\x03\x02"), "use ECDSA or RSA",
     NOT_CARRIED_SIGNATURE, 0},
    {"rsaEncryption", BYTES("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"),
     "that is a key's: name the digest, as in sha256WithRSAEncryption", NOT_CARRIED_SIGNATURE, 0},
    {"id-ecPublicKey", BYTES("\x2a\x86\x48\xce\x3d\x02\x01"),
     "that is a key's: name the digest, as in ecdsa-with-SHA256", NOT_CARRIED_SIGNATURE, 0},
    /* RFC 9481 3.3 and 3.1 */
    {"Ed448", BYTES("\x2b\x65\x71"), "no library of this server has it: use Ed25519, or ECDSA with P-521",
     NOT_CARRIED_SIGNATURE, 1},
    {"RSASSA-PSS-SHAKE128", BYTES("\x2b\x06\x01\x05\x05\x07\x06\x1e"), NO_PSS, NOT_CARRIED_SIGNATURE, 1},
    {"RSASSA-PSS-SHAKE256", BYTES("\x2b\x06\x01\x05\x05\x07\x06\x1f"), NO_PSS, NOT_CARRIED_SIGNATURE, 1},
    /* MACs: RFC 9481 6.2.3; RFC 9810 5.1.3.2 and 5.1.3.4; RFC 2104 with MD5 */
    {"KMACWithSHAKE128", BYTES("\x60\x86\x48\x01\x65\x03\x04\x02\x13"), NO_KMAC, NOT_CARRIED_MAC, 1},
    {"KMACWithSHAKE256", BYTES("\x60\x86\x48\x01\x65\x03\x04\x02\x14"), NO_KMAC, NOT_CARRIED_MAC, 1},
    {"DHBasedMac", BYTES("\x2a\x86\x48\x86\xf6\x7d\x07\x42\x1e"), "use a signature, or PBMAC1",
     NOT_CARRIED_MAC, 0},
    {"KemBasedMac", BYTES("\x2a\x86\x48\x86\xf6\x7d\x07\x42\x10"), "use a signature, or PBMAC1",
     NOT_CARRIED_MAC, 0},
    {"hmac-MD5", BYTES("\x2b\x06\x01\x05\x05\x08\x01\x01"), "MD5 is broken, use hmacWithSHA256 or better",
     NOT_CARRIED_MAC, 0},
    /* curves: RFC 5480 2.1.1.1, SEC 2, RFC 5639 section 4 */
    {"secp192r1", BYTES("\x2a\x86\x48\xce\x3d\x03\x01\x01"), "it is too weak: use P-256, P-384 or P-521",
     NOT_CARRIED_CURVE, 0},
    {"secp224r1", BYTES("\x2b\x81\x04\x00\x21"), "it is weak: use P-256, P-384 or P-521", NOT_CARRIED_CURVE,
     0},
    {"secp256k1", BYTES("\x2b\x81\x04\x00\x0a"), "no RFC has it for CMP: use P-256, P-384 or P-521",
     NOT_CARRIED_CURVE, 0},
    BRAINPOOL("P160r1", "\x01"),
    BRAINPOOL("P160t1", "\x02"),
    BRAINPOOL("P192r1", "\x03"),
    BRAINPOOL("P192t1", "\x04"),
    BRAINPOOL("P224r1", "\x05"),
    BRAINPOOL("P224t1", "\x06"),
    BRAINPOOL("P256r1", "\x07"),
    BRAINPOOL("P256t1", "\x08"),
    BRAINPOOL("P320r1", "\x09"),
    BRAINPOOL("P320t1", "\x0a"),
    BRAINPOOL("P384r1", "\x0b"),
    BRAINPOOL("P384t1", "\x0c"),
    BRAINPOOL("P512r1", "\x0d"),
    BRAINPOOL("P512t1", "\x0e"),
};
enum { ROWS = sizeof rows / sizeof rows[0] };

const struct not_carried *not_carried(size_t i)
{
    return i < ROWS ? &rows[i] : NULL;
}

const struct not_carried *not_carried_with(struct bytes oid)
{
    for (size_t i = 0; i < ROWS; i++)
        if (bytes_equal(oid, rows[i].oid))
            return &rows[i];
    return NULL;
}
