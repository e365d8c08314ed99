/* Protection by signature, and what goes for every protection: RFC 9483 3.2 and 3.5, RFC 9810 5.1.3. */
#include "tests/refusals/refusal.h"

#define ALGORITHM(content) "protectionAlg = a1{30{" content "}}"
#define PBM                                                                                                  \
    "(1.2.840.113533.7.66.13) 30{04{0001020304050607} 30{(2.16.840.1.101.3.4.2.1)} 02{03e8} "                \
    "30{(1.2.840.113549.2.9)}}"

static void use_strangers_key(struct scene *scene)
{
    static struct ctl_identity mixed;

    mixed = scene->world->device;
    mixed.key = scene->world->stranger.key;
    scene->client->signer = &mixed;
}

static void take_no_mac(struct scene *scene)
{
    scene->world->config.mac.allowed = 0;
}

static void keep(struct scene *scene)
{
    (void)scene; /* the message is good nowhere */
}

static struct bytes mac_algorithm(struct scene *scene)
{
    return scene->mac.header.protection_alg;
}

static const struct refusal rows[] = {
    /* "Messages without protection MUST be rejected"; RFC 9810 Appendix F, badMessageCheck: "integrity check
     * failed" */
    {"RFC 9483 3.5", "protection absent", PKI_IR, 0, "| | protection -", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection absent in p10cr", PKI_P10CR, 0, "| | protection -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection absent in kur", PKI_KUR, 0, "| | protection -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection absent in rr", PKI_RR, 0, "| | protection -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection absent in certConf", PKI_CERTCONF, 0, "| | protection -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection absent, MAC", PKI_CR, BY_MAC, "| | protection -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection and protectionAlg absent", PKI_IR, 0, "protectionAlg - | | protection -",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "protection and protectionAlg absent in certConf", PKI_CERTCONF, 0,
     "protectionAlg - | | protection -", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "protectionAlg absent", PKI_IR, 0, "protectionAlg -", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "protectionAlg absent in error", PKI_ERROR, 0, "protectionAlg -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.1", "protectionAlg absent, MAC", PKI_IR, SIGNED | BY_MAC, "protectionAlg -", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},

    /* RFC 9810 Appendix F, badAlg: "unrecognized or unsupported algorithm identifier" */
    {"RFC 9483 3.5", "protectionAlg unknown", PKI_IR, 0, ALGORITHM("(1.2.3.4)"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9483 3.5", "protectionAlg unknown in rr", PKI_RR, 0, ALGORITHM("(1.2.3.4)"), PKI_ERROR,
     PKI_BAD_ALG},
    {"RFC 9483 3.5", "protectionAlg unknown in certConf", PKI_CERTCONF, 0, ALGORITHM("(1.2.3.4)"), PKI_ERROR,
     PKI_BAD_ALG},
    {"RFC 9481 3.2", "protectionAlg is ECDSA with SHA-1", PKI_IR, 0, ALGORITHM("(1.2.840.10045.4.1)"),
     PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9481 3.1", "protectionAlg is RSA with SHA-1", PKI_IR, 0, ALGORITHM("(1.2.840.113549.1.1.5) 05{}"),
     PKI_ERROR, PKI_BAD_ALG},
    /* RFC 9481 3.1 and 3.3: what no library of the server has */
    {"RFC 9481 3.3", "protectionAlg is Ed448", PKI_IR, 0, ALGORITHM("(1.3.101.113)"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9481 3.1", "protectionAlg is RSASSA-PSS with SHAKE128", PKI_IR, 0,
     ALGORITHM("(1.3.6.1.5.5.7.6.30)"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 8692 3.2", "protectionAlg is ECDSA with SHAKE128, and NULL", PKI_IR, 0,
     ALGORITHM("(1.3.6.1.5.5.7.6.32) 05{}"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9688 3.2", "protectionAlg is ECDSA with SHA3-256, and NULL", PKI_CERTCONF, 0,
     ALGORITHM("(2.16.840.1.101.3.4.3.10) 05{}"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9688 3.1", "protectionAlg is RSA with SHA3-256, without NULL", PKI_IR, 0,
     ALGORITHM("(2.16.840.1.101.3.4.3.14)"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9688 3.1", "protectionAlg is RSA with SHA3-256 for an EC key", PKI_IR, 0,
     ALGORITHM("(2.16.840.1.101.3.4.3.14) 05{}"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9481 3", "protectionAlg is an AlgorithmIdentifier in another", PKI_IR, 0,
     ALGORITHM("30{30{30{(1.2.840.10045.4.3.2)}}}"), PKI_ERROR, PKI_BAD_ALG, PKI_BAD_DATA_FORMAT},
    {"RFC 4055 3.1", "RSASSA-PSS with SHA-256 and MGF1 with SHA-512", PKI_IR, 0,
     ALGORITHM(
         "(1.2.840.113549.1.1.10) 30{a0{30{(2.16.840.1.101.3.4.2.1) 05{}}} a1{30{(1.2.840.113549.1.1.8) "
         "30{(2.16.840.1.101.3.4.2.3) 05{}}}} a2{02{20}}}"),
     PKI_ERROR, PKI_BAD_ALG},
    {"RFC 4055 3.1", "RSASSA-PSS with a salt of 2 to the 31st octets", PKI_IR, 0,
     ALGORITHM(
         "(1.2.840.113549.1.1.10) 30{a0{30{(2.16.840.1.101.3.4.2.1) 05{}}} a1{30{(1.2.840.113549.1.1.8) "
         "30{(2.16.840.1.101.3.4.2.1) 05{}}}} a2{02{0080000000}}}"),
     PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9481 3", "protectionAlg is a digest", PKI_CR, 0, ALGORITHM("(2.16.840.1.101.3.4.2.1)"), PKI_ERROR,
     PKI_BAD_ALG},
    {"RFC 5758 3.2", "protectionAlg is ECDSA with parameters", PKI_IR, 0,
     ALGORITHM("(1.2.840.10045.4.3.2) 05{}"), PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9810 5.1.3.2", "protectionAlg is DHBasedMac", PKI_IR, 0,
     ALGORITHM("(1.2.840.113533.7.66.30) 30{30{(2.16.840.1.101.3.4.2.1)} 30{(1.2.840.113549.2.9)}}"),
     PKI_ERROR, PKI_BAD_ALG},
    {"RFC 9810 5.1.3.4", "protectionAlg is KemBasedMac", PKI_IR, 0,
     ALGORITHM("(1.2.840.113533.7.66.16) 30{30{(1.3.6.1.5.5.8.1.2)} 02{20} 30{(1.2.840.113549.2.9)}}"),
     PKI_ERROR, PKI_BAD_ALG},
    /* "MUST be consistent with the subjectPublicKeyInfo field of the CMP protection certificate" */
    {"RFC 9483 3.1", "protectionAlg is RSA for an EC key", PKI_IR, 0, ALGORITHM(RSA_SHA256), PKI_ERROR,
     PKI_BAD_ALG},
    {"RFC 9483 3.1", "protectionAlg is Ed25519 for an EC key", PKI_KUR, 0, ALGORITHM("(1.3.101.112)"),
     PKI_ERROR, PKI_BAD_ALG},
    MALFORMED("protectionAlg is no SEQUENCE", PKI_IR, BARE, "protectionAlg = a1{(1.2.840.10045.4.3.2)}"),
    MALFORMED("protectionAlg of two", PKI_IR, BARE, "protectionAlg/0 *"),
    MALFORMED("protectionAlg twice", PKI_IR, BARE, "protectionAlg *"),
    {"RFC 9483 3.5", "protectionAlg of no OBJECT IDENTIFIER", PKI_IR, 0, ALGORITHM(""), PKI_ERROR,
     PKI_BAD_ALG, PKI_BAD_DATA_FORMAT},

    /* "messages with an invalid protection MUST be rejected", badMessageCheck: "(e.g., signature did not
     * verify)" */
    {"RFC 9483 3.5", "signature with a bit changed", PKI_IR, 0, "| | protection !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with a bit changed in cr", PKI_CR, 0, "| | protection !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with a bit changed in p10cr", PKI_P10CR, 0, "| | protection !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with a bit changed in kur", PKI_KUR, 0, "| | protection !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with a bit changed in rr", PKI_RR, 0, "| | protection !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with a bit changed in certConf", PKI_CERTCONF, 0, "| | protection !",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with a bit changed in error", PKI_ERROR, 0, "| | protection !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature cut short", PKI_IR, 0, "| | protection/0 x", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature of no bits", PKI_IR, 0, "| | protection/0 = 03{00}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature of zeros", PKI_RR, 0, "| | protection/0 = 03{00 30{02{00} 02{00}}}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.5", "signature with unused bits", PKI_IR, 0, "| | protection/0 = 03{04 f0}", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.5", "signature by another key", PKI_IR, 0, "", PKI_ERROR, PKI_BAD_MESSAGE_CHECK,
     .prepare = use_strangers_key},
    {"RFC 9483 3.5", "signature by another digest than is named", PKI_IR, 0,
     "| | protectionAlg = a1{30{(1.2.840.10045.4.3.3)}}", PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.2", "header changed under the signature", PKI_IR, 0, "| | senderNonce !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.2", "transactionID changed under the signature", PKI_CR, 0, "| | transactionID !", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.2", "recipient changed under the signature", PKI_KUR, 0, "| | recipient = a4{30{}}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.2", "body type changed under the signature", PKI_IR, 0, "| | body = a2{30{30{30{}}}}",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.2", "serialNumber changed under the signature of rr", PKI_RR, 0, "| | content/0/0/[1] !",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},
    {"RFC 9483 3.2", "certHash changed under the signature of certConf", PKI_CERTCONF, 0, "| | content/0/0 !",
     PKI_ERROR, PKI_BAD_MESSAGE_CHECK},

    /* RFC 9810 5.1: protection [0] PKIProtection OPTIONAL, a BIT STRING; extraCerts [1] */
    {"RFC 9810 5.1", "protection is OCTET STRING", PKI_IR, 0, "| | protection/0 = 04{00}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "protection is empty", PKI_IR, 0, "| | protection ~", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "protection of two BIT STRING", PKI_IR, 0, "| | protection/0 *", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "protection twice", PKI_IR, 0, "| | protection *", PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "protection without an octet for unused bits", PKI_IR, 0, "| | protection/0 = 03{}",
     PKI_ERROR, PKI_BAD_DATA_FORMAT},
    {"RFC 9810 5.1", "message with an unknown field", PKI_IR, 0, "| | message + a2{05{}}", PKI_ERROR,
     PKI_BAD_DATA_FORMAT},

    /* "The protection MUST be signature-based except if MAC-based protection is used as described in Sections
     * 4.1.5 and 4.1.6.3. (failInfo bit: wrongIntegrity)" */
    {"RFC 9483 3.5 and 4.1.3", "kur by MAC", PKI_KUR, BY_MAC, "", PKI_ERROR, PKI_WRONG_INTEGRITY,
     .prepare = keep},
    {"RFC 9483 3.5 and 4.2", "rr by MAC", PKI_RR, BY_MAC, "", PKI_ERROR, PKI_WRONG_INTEGRITY,
     .prepare = keep},
    {"RFC 9483 3.5 and 4.2", "rr by PBMAC1", PKI_RR, BY_PBMAC1, "", PKI_ERROR, PKI_WRONG_INTEGRITY,
     .prepare = keep},
    {"RFC 9483 3.5", "ir by MAC where the profile takes none", PKI_IR, SIGNED | BY_MAC, "", PKI_ERROR,
     PKI_WRONG_INTEGRITY, .prepare = take_no_mac},
    {"RFC 9483 3.5", "p10cr by PBMAC1 where the profile takes none", PKI_P10CR, SIGNED | BY_PBMAC1, "",
     PKI_ERROR, PKI_WRONG_INTEGRITY, .prepare = take_no_mac},
    /* A MAC's name over a signature: senderKID names no secret. */
    {"RFC 9483 3.5", "signature under the name of PasswordBasedMac", PKI_IR, 0, ALGORITHM(PBM), PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK},
    /* "MUST use the same credentials as in the first request message of this PKI management operation" */
    {"RFC 9483 4.1.1", "certConf by MAC after a signed ir", PKI_CERTCONF, 0,
     "protectionAlg = a1{$}; senderKID/0 = 04{'station-1'}", PKI_ERROR, PKI_WRONG_INTEGRITY,
     PKI_BAD_MESSAGE_CHECK, .with = mac_algorithm},
    {"RFC 9483 4.1.1", "certConf by signature after an ir by MAC", PKI_CERTCONF, SIGNED | BY_MAC,
     "protectionAlg = a1{30{(1.2.840.10045.4.3.2)}}", PKI_ERROR, PKI_WRONG_INTEGRITY},
};

REFUSALS(refusals_of_protection, rows);
