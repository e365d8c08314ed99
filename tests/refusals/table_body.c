/* PKIBody: what is no request to this server (RFC 9483 3.5), and bodies that are malformed as a whole. */
#include "tests/refusals/refusal.h"

static void refuse_all(struct scene *scene)
{
    scene->world->decide_refuses = 1;
}

/* "The PKI message body type MUST be one of the message types supported by the receiving PKI entity […]
 * (failInfo bit: badRequest)" */
#define UNSUPPORTED(name, tag, content)                                                                      \
    {                                                                                                        \
        "RFC 9483 3.5", name " is sent to the server", PKI_IR, 0, "body = " tag "{" content "}", PKI_ERROR,  \
            PKI_BAD_REQUEST                                                                                  \
    }

static const struct refusal rows[] = {
    UNSUPPORTED("ip", "a1", "30{30{}}"),
    UNSUPPORTED("cp", "a3", "30{30{}}"),
    UNSUPPORTED("popdecc", "a5", "30{}"),
    UNSUPPORTED("popdecr", "a6", "30{}"),
    UNSUPPORTED("kup", "a8", "30{30{}}"),
    UNSUPPORTED("krr", "a9", "30{}"),
    UNSUPPORTED("krp", "aa", "30{}"),
    UNSUPPORTED("rp", "ac", "30{30{30{02{00}}}}"),
    UNSUPPORTED("ccp", "ae", "30{30{}}"),
    UNSUPPORTED("pkiconf", "b3", "05{}"),
    UNSUPPORTED("genp", "b6", "30{}"),
    UNSUPPORTED("pollReq", "b9", "30{30{02{00}}}"),
    UNSUPPORTED("pollRep", "ba", "30{30{02{00} 02{01}}}"),
    UNSUPPORTED("a body beyond those of RFC 9810", "bb", "30{}"),
    {"RFC 9483 5.2.2.1", "nested by who is no RA", PKI_IR, 0, "body = b4{30{}}", PKI_ERROR,
     PKI_NOT_AUTHORIZED},
    {"RFC 9483 5.2.2.1", "nested by MAC", PKI_IR, BY_MAC, "body = b4{30{}}", PKI_ERROR, PKI_WRONG_INTEGRITY},
    {"RFC 9483 3.5", "genp by MAC", PKI_IR, BY_MAC, "body = b6{30{}}", PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "pollReq for another certReqId, by MAC", PKI_CERTCONF, BY_PBMAC1,
     "body = b9{30{30{02{01}}}}", PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "pollReq for two in a transaction that awaits certConf", PKI_CERTCONF, 0,
     "body = b9{30{30{02{00}}30{02{00}}}}", PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 3.5", "pkiconf in a transaction that awaits certConf", PKI_CERTCONF, 0, "body = b3{05{}}",
     PKI_ERROR, PKI_BAD_REQUEST},

    /* "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo: badDataFormat)" */
    MALFORMED("body is a SEQUENCE", PKI_IR, 0, "body = 30{30{}}"),
    MALFORMED("body is primitive", PKI_IR, 0, "body = 80{00}"),
    MALFORMED("body is of the application's class", PKI_IR, 0, "body = 60{30{}}"),
    MALFORMED("body is empty", PKI_IR, 0, "body ~"),
    MALFORMED("body holds two", PKI_IR, 0, "content *"),
    MALFORMED("body absent", PKI_CR, BARE, "| | body -; protection -; extraCerts -"),

    /* RFC 9483 3.6.2: a fault "in the body of an ir, cr, p10cr, kur, or rr message […] MUST report the error
     * in the specific response message". */
    MALFORMED_IN_BODY("CertReqMessages is a SET", PKI_IR, 0, "content = 31{}"),
    MALFORMED_IN_BODY("CertReqMessages is empty", PKI_IR, 0, "content ~"),
    MALFORMED_IN_BODY("CertReqMessages is empty in cr, MAC", PKI_CR, BY_MAC, "content ~"),
    MALFORMED_IN_BODY("CertReqMessages is empty in kur", PKI_KUR, 0, "content ~"),
    MALFORMED_IN_BODY("CertReqMsg is NULL", PKI_IR, 0, "certReqMsg = 05{}"),
    MALFORMED_IN_BODY("CertReqMsg is empty", PKI_IR, 0, "certReqMsg ~"),
    MALFORMED_IN_BODY("the second CertReqMsg is NULL", PKI_IR, 0, "certReqMsg > 05{}"),
    MALFORMED_IN_BODY("CertReqMsg with an unknown field", PKI_IR, 0, "certReqMsg + a9{05{}}"),
    MALFORMED_IN_BODY("regInfo is a string", PKI_IR, 0, "certReqMsg + 0c{'x'}"),
    MALFORMED_IN_BODY("certReq absent", PKI_IR, 0, "certReq -"),
    MALFORMED_IN_BODY("certReq with a trailing element", PKI_IR, 0, "certReq + a0{05{}}"),
    MALFORMED_IN_BODY("certReqId absent", PKI_IR, 0, "certReq/0 -"),
    MALFORMED_IN_BODY("certReqId is a string", PKI_CR, 0, "certReq/0 = 0c{'0'}"),
    /* RFC 9483 4.1.1: "MUST contain a sequence of one CertReqMsg"; "MUST be 0", of certReqId */
    {"RFC 9483 4.1.1", "two CertReqMsg", PKI_IR, 0, "certReqMsg *", IN_BODY, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "two CertReqMsg in cr, MAC", PKI_CR, BY_MAC, "certReqMsg *", IN_BODY, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "two CertReqMsg in kur", PKI_KUR, 0, "certReqMsg *", IN_BODY, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "certReqId 1", PKI_IR, STRICT, "certReq/0 = 02{01}", IN_BODY, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "certReqId -1 in ir", PKI_IR, STRICT, "certReq/0 = 02{ff}", IN_BODY, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "certReqId 1 in kur", PKI_KUR, STRICT, "certReq/0 = 02{01}", IN_BODY, PKI_BAD_REQUEST},
    {"RFC 9483 4.1.1", "certReqId 1 in cr, MAC", PKI_CR, STRICT | BY_MAC, "certReq/0 = 02{01}", IN_BODY,
     PKI_BAD_REQUEST},

    MALFORMED_IN_BODY("CertificationRequest is a SET", PKI_P10CR, 0, "content = 31{}"),
    MALFORMED_IN_BODY("CertificationRequest is empty", PKI_P10CR, 0, "content ~"),
    MALFORMED_IN_BODY("CertificationRequest without signatureAlgorithm", PKI_P10CR, 0, "| content/1 -"),
    MALFORMED_IN_BODY("CertificationRequest with a trailing element", PKI_P10CR, BY_MAC, "content + 05{}"),
    MALFORMED_IN_BODY("certificationRequestInfo without subject", PKI_P10CR, 0, "content/0/1 -"),

    /* RFC 9483 3.6.2, "e.g., rejecting the request due to policy decision"; 3.6.4 notAuthorized */
    {"RFC 9483 3.6.2", "policy refuses an ir", PKI_IR, 0, "", IN_BODY, PKI_NOT_AUTHORIZED,
     .prepare = refuse_all},
    {"RFC 9483 3.6.2", "policy refuses a cr, MAC", PKI_CR, BY_MAC, "", IN_BODY, PKI_NOT_AUTHORIZED,
     .prepare = refuse_all},
    {"RFC 9483 3.6.2", "policy refuses a p10cr", PKI_P10CR, 0, "", IN_BODY, PKI_NOT_AUTHORIZED,
     .prepare = refuse_all},
    {"RFC 9483 3.6.2", "policy refuses a kur", PKI_KUR, 0, "", IN_BODY, PKI_NOT_AUTHORIZED,
     .prepare = refuse_all},
};

REFUSALS(refusals_of_body, rows);
