/* Protection by MAC: RFC 9483 4.1.5, RFC 9481 6.1, RFC 9810 5.1.3.1, RFC 8018 A.2 and A.5. The world's
 * profile takes salts of 8 to 128 octets, 100 to 10000 iterations, and keys of 16 to 64 octets. */
#include "tests/refusals/refusal.h"

#define Z128 Z16 Z16 Z16 Z16 Z16 Z16 Z16 Z16
#define PBM_SALT "protectionAlg/0/1/0"
#define PBM_OWF "protectionAlg/0/1/1"
#define PBM_ITERATIONS "protectionAlg/0/1/2"
#define PBM_MAC "protectionAlg/0/1/3"
#define KDF "protectionAlg/0/1/0"
#define KDF_SALT KDF "/1/0"
#define KDF_ITERATIONS KDF "/1/1"
#define KDF_KEY_LEN KDF "/1/2"
#define KDF_PRF KDF "/1/3"
#define PBMAC1_MAC "protectionAlg/0/1/1"
#define MAC_ALG(content) "protectionAlg = a1{30{" content "}}"
#define SHA1 "30{(1.3.14.3.2.26)}"
#define HMAC_SHA256 "30{(1.2.840.113549.2.9)}"

/* RFC 9810 Appendix F, badAlg: "unrecognized or unsupported algorithm identifier", which its parameters are
 * part of. */
#define BAD_ALG(text, name, request, flags, edits)                                                           \
    {                                                                                                        \
        text, name, request, flags, edits, PKI_ERROR, PKI_BAD_ALG                                            \
    }

/* "messages with an invalid protection MUST be rejected", badMessageCheck: "integrity check failed" */
#define BAD_MAC(name, request, flags, edits)                                                                 \
    {                                                                                                        \
        "RFC 9483 3.5", name, request, flags, edits, PKI_ERROR, PKI_BAD_MESSAGE_CHECK                        \
    }

static void use_wrong_secret(struct scene *scene)
{
    scene->mac.secret = bytes_str("wrong horse battery staple");
}

static void let_secret_expire(struct scene *scene)
{
    scene->world->secrets[0].row.expires = scene->world->now;
}

static void use_secret_up(struct scene *scene, struct bytes good)
{
    struct world *world = scene->world;
    struct client other;
    struct answer answer;

    world->secrets[0].row.reusable = 0;
    client_init(&other, world, 1);
    answer = world_send(world, client_request(&other, PKI_IR));
    expect_certificate(&answer, PKI_IP);
    client_cleanup(&other);
    (void)good;
}

static const struct refusal rows[] = {
    BAD_MAC("MAC with a bit changed", PKI_IR, BY_MAC, "| | protection !"),
    BAD_MAC("MAC with a bit changed in cr", PKI_CR, BY_MAC, "| | protection !"),
    BAD_MAC("MAC with a bit changed in p10cr", PKI_P10CR, BY_MAC, "| | protection !"),
    BAD_MAC("MAC with a bit changed in certConf", PKI_CERTCONF, BY_MAC, "| | protection !"),
    BAD_MAC("MAC with a bit changed in error", PKI_ERROR, BY_MAC, "| | protection !"),
    BAD_MAC("PBMAC1 with a bit changed", PKI_IR, BY_PBMAC1, "| | protection !"),
    BAD_MAC("PBMAC1 with a bit changed in certConf", PKI_CERTCONF, BY_PBMAC1, "| | protection !"),
    BAD_MAC("MAC cut short", PKI_IR, BY_MAC, "| | protection/0 x"),
    BAD_MAC("MAC of one octet", PKI_IR, BY_MAC, "| | protection/0 = 03{00 00}"),
    BAD_MAC("MAC of no bits", PKI_IR, BY_MAC, "| | protection/0 = 03{00}"),
    BAD_MAC("PBMAC1 of no bits", PKI_CR, BY_PBMAC1, "| | protection/0 = 03{00}"),
    BAD_MAC("MAC over another senderNonce", PKI_IR, BY_MAC, "| | senderNonce !"),
    BAD_MAC("MAC over another subject", PKI_P10CR, BY_MAC, "| | content/0/1 = 30{}"),
    BAD_MAC("MAC with another salt", PKI_IR, BY_MAC, "| | " PBM_SALT " !"),
    BAD_MAC("MAC with other iterations", PKI_IR, BY_MAC, "| | " PBM_ITERATIONS " !"),
    BAD_MAC("MAC with another owf", PKI_IR, BY_MAC, "| | " PBM_OWF " = 30{(2.16.840.1.101.3.4.2.2)}"),
    BAD_MAC("MAC with another HMAC", PKI_IR, BY_MAC, "| | " PBM_MAC " = 30{(1.2.840.113549.2.10)}"),
    BAD_MAC("PBMAC1 with another salt", PKI_IR, BY_PBMAC1, "| | " KDF_SALT " !"),
    BAD_MAC("PBMAC1 with another prf", PKI_IR, BY_PBMAC1, "| | " KDF_PRF " = 30{(1.2.840.113549.2.10)}"),
    BAD_MAC("PBMAC1 with another key length", PKI_IR, BY_PBMAC1, "| | " KDF_KEY_LEN " = 02{1f}"),
    {"RFC 9483 3.5", "MAC by a wrong secret", PKI_IR, SIGNED | BY_MAC, "", PKI_ERROR, PKI_BAD_MESSAGE_CHECK,
     .prepare = use_wrong_secret},
    {"RFC 9483 3.5", "PBMAC1 by a wrong secret", PKI_CR, SIGNED | BY_PBMAC1, "", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, .prepare = use_wrong_secret},
    {"RFC 9483 3.5", "MAC by an expired secret", PKI_IR, SIGNED | BY_MAC, "", PKI_ERROR,
     PKI_BAD_MESSAGE_CHECK, .prepare = let_secret_expire},
    /* RFC 9483 3.5: "The sender of a request message MUST be authorized to request the operation according to
     * PKI policies. (failInfo bit: notAuthorized)" */
    {"RFC 9483 3.5", "MAC by a one-time secret that was used", PKI_IR, BY_MAC, "", PKI_ERROR,
     PKI_NOT_AUTHORIZED, .before = use_secret_up},
    {"RFC 9483 3.5", "PBMAC1 by a one-time secret that was used", PKI_P10CR, BY_PBMAC1, "", PKI_ERROR,
     PKI_NOT_AUTHORIZED, .before = use_secret_up},

    /* PBMParameter (RFC 9810 5.1.3.1): "The id of the one-way function used", bounds of the profile */
    BAD_ALG("RFC 9810 5.1.3.1", "salt of 7 octets", PKI_IR, BY_MAC, PBM_SALT " = 04{00010203040506}"),
    BAD_ALG("RFC 9810 5.1.3.1", "salt of no octets", PKI_IR, BY_MAC, PBM_SALT " ~"),
    BAD_ALG("RFC 9810 5.1.3.1", "salt of 129 octets", PKI_CR, BY_MAC, PBM_SALT " = 04{" Z128 "00}"),
    BAD_ALG("RFC 9810 5.1.3.1", "99 iterations", PKI_IR, BY_MAC, PBM_ITERATIONS " = 02{63}"),
    BAD_ALG("RFC 9810 5.1.3.1", "10001 iterations", PKI_IR, BY_MAC, PBM_ITERATIONS " = 02{2711}"),
    BAD_ALG("RFC 9810 5.1.3.1", "no iteration", PKI_IR, BY_MAC, PBM_ITERATIONS " = 02{00}"),
    BAD_ALG("RFC 9810 5.1.3.1", "-1 iterations", PKI_IR, BY_MAC, PBM_ITERATIONS " = 02{ff}"),
    BAD_ALG("RFC 9810 5.1.3.1", "2 to the 31st iterations", PKI_P10CR, BY_MAC,
            PBM_ITERATIONS " = 02{0080000000}"),
    BAD_ALG("RFC 9810 5.1.3.1", "2 to the 32nd and 1000 iterations", PKI_IR, BY_MAC,
            PBM_ITERATIONS " = 02{01000003e8}"),
    BAD_ALG("RFC 9810 5.1.3.1", "iterations of 80 bits", PKI_IR, BY_MAC,
            PBM_ITERATIONS " = 02{010000000000000003e8}"),
    BAD_ALG("RFC 9810 5.1.3.1", "10001 iterations in certConf", PKI_CERTCONF, BY_MAC,
            PBM_ITERATIONS " = 02{2711}"),
    BAD_ALG("RFC 9481 6.1.1", "owf is SHA-1", PKI_IR, BY_MAC, PBM_OWF " = " SHA1),
    BAD_ALG("RFC 9481 6.1.1", "owf is MD5", PKI_IR, BY_MAC, PBM_OWF " = 30{(1.2.840.113549.2.5) 05{}}"),
    BAD_ALG("RFC 9481 6.1.1", "owf is an HMAC", PKI_IR, BY_MAC, PBM_OWF " = " HMAC_SHA256),
    BAD_ALG("RFC 9481 6.1.1", "mac is a digest", PKI_IR, BY_MAC, PBM_MAC " = 30{(2.16.840.1.101.3.4.2.1)}"),
    BAD_ALG("RFC 9481 6.1.1", "mac is AES-GMAC", PKI_CR, BY_MAC,
            PBM_MAC " = 30{(2.16.840.1.101.3.4.1.9) 30{04{000102030405060708090a0b}}}"),
    /* RFC 9481 6.2.1: by itself it stretches nothing, and no profile takes it unless it says so */
    BAD_ALG("RFC 9481 6.2.1", "HMAC by itself", PKI_IR, BY_MAC, MAC_ALG("(1.2.840.113549.2.9)")),
    BAD_ALG("RFC 9481 6.2.1", "HMAC-SHA1 by itself", PKI_IR, BY_MAC, MAC_ALG("(1.3.6.1.5.5.8.1.2)")),
    BAD_ALG("RFC 9481 6.2.1", "mac is HMAC-SHA1", PKI_IR, BY_MAC, PBM_MAC " = 30{(1.3.6.1.5.5.8.1.2)}"),
    BAD_ALG("RFC 9481 6.2.1", "mac is HMAC-SHA1 in certConf", PKI_CERTCONF, BY_MAC,
            PBM_MAC " = 30{(1.2.840.113549.2.7) 05{}}"),
    BAD_ALG("RFC 9481 6.2.1", "messageAuthScheme is HMAC-SHA1", PKI_IR, BY_PBMAC1,
            PBMAC1_MAC " = 30{(1.2.840.113549.2.7)}"),
    BAD_ALG("RFC 9688 4", "mac is HMAC-SHA3-256, with NULL", PKI_IR, BY_MAC,
            PBM_MAC " = 30{(2.16.840.1.101.3.4.2.14) 05{}}"),
    BAD_ALG("RFC 9688 2", "owf is SHA3-256, with NULL", PKI_IR, BY_MAC,
            PBM_OWF " = 30{(2.16.840.1.101.3.4.2.8) 05{}}"),
    BAD_ALG("RFC 9481 6.2.3", "KMAC by itself", PKI_CR, BY_MAC, MAC_ALG("(2.16.840.1.101.3.4.2.19)")),
    BAD_ALG("RFC 9481 6.2.3", "mac is KMAC", PKI_IR, BY_MAC, PBM_MAC " = 30{(2.16.840.1.101.3.4.2.20)}"),
    BAD_ALG("RFC 9481 6.2.3", "messageAuthScheme is KMAC", PKI_IR, BY_PBMAC1,
            PBMAC1_MAC " = 30{(2.16.840.1.101.3.4.2.19)}"),
    BAD_ALG("RFC 9481 6.2.2", "AES-GMAC by itself", PKI_IR, BY_MAC,
            MAC_ALG("(2.16.840.1.101.3.4.1.9) 30{04{000102030405060708090a0b} 02{10}}")),
    BAD_ALG("RFC 9481 6.2.2", "messageAuthScheme is AES-GMAC, whole", PKI_IR, BY_PBMAC1,
            PBMAC1_MAC " = 30{(2.16.840.1.101.3.4.1.9) 30{04{000102030405060708090a0b} 02{10}}}"),
    /* "it MUST NOT be used together with PBKDF2" */
    BAD_ALG("RFC 9481 6.2.2", "prf is AES-GMAC", PKI_IR, BY_PBMAC1,
            KDF_PRF " = 30{(2.16.840.1.101.3.4.1.9) 30{04{000102030405060708090a0b} 02{10}}}"),
    /* parameters that a parser might follow without end */
    BAD_ALG("RFC 9481 6.1.1", "owf is PasswordBasedMac", PKI_IR, BY_MAC,
            PBM_OWF
            " = 30{(1.2.840.113533.7.66.13) 30{04{0001020304050607} 30{(2.16.840.1.101.3.4.2.1)} 02{64} "
            "30{(1.2.840.113549.2.9)}}}"),
    BAD_ALG("RFC 9481 6.1.1", "mac is PBMAC1", PKI_IR, BY_MAC, PBM_MAC " = 30{(1.2.840.113549.1.5.14) 30{}}"),
    BAD_ALG("RFC 9481 6.1.2", "prf is an AlgorithmIdentifier in another", PKI_IR, BY_PBMAC1,
            KDF_PRF " = 30{30{30{30{(1.2.840.113549.2.9)}}}}"),
    BAD_ALG("RFC 9481 6.1.2", "keyDerivationFunc is PBMAC1", PKI_IR, BY_PBMAC1,
            KDF "/0 = (1.2.840.113549.1.5.14)"),
/* A malformed parameter is one that is not recognized, or syntax that is wrong: both are true. */
#define OPEN(name, flags, edits)                                                                             \
    {                                                                                                        \
        "RFC 9810 5.1.3.1", name, PKI_IR, flags, edits, PKI_ERROR, PKI_BAD_ALG, PKI_BAD_DATA_FORMAT          \
    }
    OPEN("PBMParameter absent", BY_MAC, "protectionAlg/0/1 -"),
    OPEN("PBMParameter is NULL", BY_MAC, "protectionAlg/0/1 = 05{}"),
    OPEN("PBMParameter without mac", BY_MAC, PBM_MAC " -"),
    OPEN("PBMParameter with a trailing element", BY_MAC, "protectionAlg/0/1 + 05{}"),
    OPEN("salt is INTEGER", BY_MAC, PBM_SALT " = 02{01}"),
    OPEN("iterationCount is a string", BY_MAC, PBM_ITERATIONS " = 0c{'1000'}"),
    OPEN("AlgorithmIdentifier with a trailing element", BY_MAC, "protectionAlg/0 + 05{}"),
    OPEN("PBMAC1-params is NULL", BY_PBMAC1, "protectionAlg/0/1 = 05{}"),
    OPEN("PBMAC1-params without messageAuthScheme", BY_PBMAC1, PBMAC1_MAC " -"),
    OPEN("PBMAC1-params with a trailing element", BY_PBMAC1, "protectionAlg/0/1 + 05{}"),
    OPEN("PBKDF2-params without iterationCount", BY_PBMAC1, KDF_ITERATIONS " -"),
    OPEN("PBKDF2-params with a trailing element", BY_PBMAC1, KDF "/1 + 05{}"),
    OPEN("key length -1", BY_PBMAC1, KDF_KEY_LEN " = 02{ff}"),

    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 salt of 7 octets", PKI_IR, BY_PBMAC1, KDF_SALT " = 04{00010203040506}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 salt of 129 octets", PKI_IR, BY_PBMAC1, KDF_SALT " = 04{" Z128 "00}"),
    BAD_ALG("RFC 8018 A.2", "PBMAC1 salt from another source", PKI_IR, BY_PBMAC1,
            KDF_SALT " = 30{(1.2.3.4)}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 of 99 iterations", PKI_IR, BY_PBMAC1, KDF_ITERATIONS " = 02{63}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 of 10001 iterations", PKI_IR, BY_PBMAC1, KDF_ITERATIONS " = 02{2711}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 of no iteration", PKI_CR, BY_PBMAC1, KDF_ITERATIONS " = 02{00}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 key of 15 octets", PKI_IR, BY_PBMAC1, KDF_KEY_LEN " = 02{0f}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 key of 65 octets", PKI_IR, BY_PBMAC1, KDF_KEY_LEN " = 02{41}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 key of no octets", PKI_IR, BY_PBMAC1, KDF_KEY_LEN " = 02{00}"),
    BAD_ALG("RFC 9481 6.1.2", "PBMAC1 key of 2 to the 31st octets", PKI_IR, BY_PBMAC1,
            KDF_KEY_LEN " = 02{0080000000}"),
    BAD_ALG("RFC 8018 A.2", "prf is hmacWithSHA1, by default", PKI_IR, BY_PBMAC1, KDF_PRF " -"),
    BAD_ALG("RFC 9481 6.1.2", "prf is a digest", PKI_IR, BY_PBMAC1,
            KDF_PRF " = 30{(2.16.840.1.101.3.4.2.1)}"),
    BAD_ALG("RFC 9481 6.1.2", "messageAuthScheme is a digest", PKI_IR, BY_PBMAC1,
            PBMAC1_MAC " = 30{(2.16.840.1.101.3.4.2.1)}"),
    BAD_ALG("RFC 9481 6.1.2", "keyDerivationFunc is scrypt", PKI_IR, BY_PBMAC1,
            KDF "/0 = (1.3.6.1.4.1.11591.4.11)"),
};

REFUSALS(refusals_of_mac, rows);
