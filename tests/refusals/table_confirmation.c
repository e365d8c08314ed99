/* certConf and error, from whom they are awaited: RFC 9483 4.1.1, 5.1.2 and RFC 9810 5.3.18. A negative
 * answer to one ends the transaction: RFC 9483 3.6.4, "Then it MUST regard the current PKI management
 * operation as terminated with failure." */
#include "tests/refusals/refusal.h"

#define Z32 "00000000000000000000000000000000 00000000000000000000000000000000"
#define CERT_STATUS "content/0"
#define FIVE "content/0 *; content/0 *; content/0 *; content/0 *"

static struct bytes sha384_of(struct scene *scene)
{
    uint8_t *hash = arena_alloc(scene->world->arena, DIGEST_MAX);

    must(hash != NULL);
    return bytes_of(hash, digest_compute(hash, DIGEST_SHA384, scene->first.cert.der));
}

#define ENDED(text, name, flags, edits, failure)                                                             \
    {                                                                                                        \
        text, name, PKI_CERTCONF, (flags) | ENDS, edits, PKI_ERROR, failure                                  \
    }
/* What a certConf means is clear, or nobody can say: RFC 9810 has no word that ends the transaction. */
#define GOES_ON(name, flags, edits)                                                                          \
    {                                                                                                        \
        "RFC 9483 4.1.1", name, PKI_CERTCONF, (flags) | FORM, edits, PKI_ERROR, PKI_BAD_REQUEST              \
    }

static const struct refusal rows[] = {
    /* RFC 9483 3.6.4 badCertId: "A kur, certConf, or rr message references an unknown certificate."; 5.1.2
     * "(failInfo bit: badCertId)" */
    ENDED("RFC 9483 5.1.2", "certHash with a bit changed", 0, CERT_STATUS "/0 !", PKI_BAD_CERT_ID),
    ENDED("RFC 9483 5.1.2", "certHash with a bit changed, MAC", BY_MAC, CERT_STATUS "/0 !", PKI_BAD_CERT_ID),
    ENDED("RFC 9483 5.1.2", "certHash with a bit changed, PBMAC1", BY_PBMAC1, CERT_STATUS "/0 !",
          PKI_BAD_CERT_ID),
    ENDED("RFC 9483 5.1.2", "certHash of zeros", 0, CERT_STATUS "/0 = 04{" Z32 "}", PKI_BAD_CERT_ID),
    ENDED("RFC 9483 5.1.2", "certHash cut short", 0, CERT_STATUS "/0 x", PKI_BAD_CERT_ID),
    ENDED("RFC 9483 5.1.2", "certHash of no octets", 0, CERT_STATUS "/0 ~", PKI_BAD_CERT_ID),
    ENDED("RFC 9483 5.1.2", "certHash wrong in a rejection", 0,
          CERT_STATUS "/0 !; " CERT_STATUS " + 30{02{02}}", PKI_BAD_CERT_ID),
    /* "it MUST be the hash algorithm defined by the algorithm identifier of the certificate signature" */
    {"RFC 9483 4.1.1", "certHash of another digest than the certificate's", PKI_CERTCONF, ENDS,
     CERT_STATUS "/0 = 04{$}", PKI_ERROR, PKI_BAD_CERT_ID, .with = sha384_of},
    {"RFC 9483 4.1.1", "certHash of another digest than hashAlg", PKI_CERTCONF, ENDS,
     "pvno = 02{03}; " CERT_STATUS "/0 = 04{$}; " CERT_STATUS " + a0{30{(2.16.840.1.101.3.4.2.1)}}",
     PKI_ERROR, PKI_BAD_CERT_ID, .with = sha384_of},
    /* "If used, the pvno field in the header MUST be cmp2021 (3).", of hashAlg */
    GOES_ON("hashAlg with pvno 2", OF_V2, CERT_STATUS " + a0{30{(2.16.840.1.101.3.4.2.1)}}"),
    GOES_ON("hashAlg with pvno 2, MAC", BY_MAC | OF_V2, CERT_STATUS " + a0{30{(2.16.840.1.101.3.4.2.1)}}"),
    /* "MUST be absent if status is "accepted"", of failInfo */
    GOES_ON("failInfo beside accepted", 0, CERT_STATUS " + 30{02{00} 03{0780}}"),
    GOES_ON("failInfo beside accepted, MAC", BY_PBMAC1, CERT_STATUS " + 30{02{00} 03{0609 c0}}"),
    GOES_ON("failInfo beside grantedWithMods", 0, CERT_STATUS " + 30{02{01} 03{0780}}"),
    ENDED("RFC 9810 Appendix F", "hashAlg unknown", 0, "pvno = 02{03}; " CERT_STATUS " + a0{30{(1.2.3.4)}}",
          PKI_BAD_ALG),
    ENDED("RFC 9810 Appendix F", "hashAlg is SHA-1", 0,
          "pvno = 02{03}; " CERT_STATUS " + a0{30{(1.3.14.3.2.26)}}", PKI_BAD_ALG),
    ENDED("RFC 9810 Appendix F", "hashAlg is an HMAC", 0,
          "pvno = 02{03}; " CERT_STATUS " + a0{30{(1.2.840.113549.2.9)}}", PKI_BAD_ALG),
    /* "MUST contain a sequence of one CertStatus"; "MUST be 0", of certReqId; "positive values allowed:
     * "accepted" negative values allowed: "rejection"" */
    ENDED("RFC 9483 4.1.1", "no CertStatus", STRICT, "content ~", PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "no CertStatus, MAC", STRICT | BY_MAC, "content ~", PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "two CertStatus", 0, CERT_STATUS " *", PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "two CertStatus, MAC", BY_MAC, CERT_STATUS " *", PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "two CertStatus that disagree", 0, CERT_STATUS " *; " CERT_STATUS " + 30{02{02}}",
          PKI_BAD_REQUEST),
    {"RFC 9483 4.1.1", "five CertStatus", PKI_CERTCONF, ENDS, FIVE, PKI_ERROR, PKI_BAD_REQUEST,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 4.1.1", "certReqId 1 in certConf", PKI_CERTCONF, ENDS, CERT_STATUS "/1 = 02{01}", PKI_ERROR,
     PKI_BAD_REQUEST, PKI_BAD_CERT_ID},
    {"RFC 9483 4.1.1", "certReqId -1 in certConf", PKI_CERTCONF, ENDS | BY_MAC, CERT_STATUS "/1 = 02{ff}",
     PKI_ERROR, PKI_BAD_REQUEST, PKI_BAD_CERT_ID},
    ENDED("RFC 9483 4.1.1", "status waiting in certConf", 0, CERT_STATUS " + 30{02{03}}", PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "status revocationWarning in certConf", 0, CERT_STATUS " + 30{02{04}}",
          PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "status -1 in certConf", 0, CERT_STATUS " + 30{02{ff}}", PKI_BAD_REQUEST),
    ENDED("RFC 9483 4.1.1", "status 7 in certConf", BY_MAC, CERT_STATUS " + 30{02{07}}", PKI_BAD_REQUEST),

    MALFORMED("CertConfirmContent is a SET", PKI_CERTCONF, ENDS, "content = 31{}"),
    MALFORMED("CertConfirmContent is NULL", PKI_CERTCONF, ENDS, "content = 05{}"),
    MALFORMED("CertStatus is a string", PKI_CERTCONF, ENDS, CERT_STATUS " = 0c{'x'}"),
    MALFORMED("CertStatus is empty", PKI_CERTCONF, ENDS, CERT_STATUS " ~"),
    MALFORMED("CertStatus without certReqId", PKI_CERTCONF, ENDS, CERT_STATUS "/1 -"),
    MALFORMED("CertStatus without certHash", PKI_CERTCONF, ENDS, CERT_STATUS "/0 -"),
    MALFORMED("certHash is BIT STRING", PKI_CERTCONF, ENDS, CERT_STATUS "/0 = 03{00}"),
    MALFORMED("statusInfo is empty", PKI_CERTCONF, ENDS, CERT_STATUS " + 30{}"),
    MALFORMED("statusString is a string", PKI_CERTCONF, ENDS, CERT_STATUS " + 30{02{02} 0c{'no'}}"),
    MALFORMED("statusString of INTEGER", PKI_CERTCONF, ENDS, CERT_STATUS " + 30{02{02} 30{02{01}}}"),
    MALFORMED("failInfo is INTEGER", PKI_CERTCONF, ENDS, CERT_STATUS " + 30{02{02} 02{01}}"),
    MALFORMED("hashAlg without its tag", PKI_CERTCONF, ENDS, "pvno = 02{03}; " CERT_STATUS " + 31{}"),
    MALFORMED("CertStatus with an unknown field", PKI_CERTCONF, ENDS, CERT_STATUS " + a1{05{}}"),

    MALFORMED("ErrorMsgContent is a SET", PKI_ERROR, ENDS, "content = 31{}"),
    MALFORMED("ErrorMsgContent is empty", PKI_ERROR, ENDS, "content ~"),
    MALFORMED("ErrorMsgContent without a status", PKI_ERROR, ENDS, "content/0 ~"),
    MALFORMED("errorCode is a string, MAC", PKI_ERROR, ENDS | BY_MAC, "content + 0c{'x'}"),
};

REFUSALS(refusals_of_confirmation, rows);
