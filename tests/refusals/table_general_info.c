/* generalInfo: RFC 9810 5.1.1.1, 5.1.1.2 and 5.1.1.4, RFC 9483 3.1. */
#include "tests/refusals/refusal.h"

#define INFO(content) "senderNonce > a8{30{" content "}}"
#define OF_CERTCONF(content) "recipNonce > a8{30{" content "}}"
#define CONFIRM(value) "30{(1.3.6.1.5.5.7.4.13) " value "}"
#define WAIT(value) "30{(1.3.6.1.5.5.7.4.14) " value "}"
#define PROFILE(value) "30{(1.3.6.1.5.5.7.4.21) " value "}"
#define UNKNOWN "30{(1.2.3) 05{}}"
#define UNKNOWN_8 UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN UNKNOWN

static const struct refusal rows[] = {
    /* "The formal ASN.1 syntax of the whole message MUST be compliant […] (failInfo: badDataFormat)" */
    MALFORMED("generalInfo is a string", PKI_IR, BARE, "senderNonce > a8{0c{'x'}}"),
    MALFORMED("generalInfo of NULL", PKI_IR, 0, INFO("05{}")),
    MALFORMED("generalInfo without infoType", PKI_CR, 0, INFO("30{}")),
    MALFORMED("generalInfo of type INTEGER", PKI_P10CR, 0, INFO("30{02{01}}")),
    MALFORMED("generalInfo malformed in kur", PKI_KUR, 0, INFO("30{}")),
    MALFORMED("generalInfo malformed in rr", PKI_RR, 0, INFO("30{}")),
    MALFORMED("generalInfo malformed in certConf", PKI_CERTCONF, 0, OF_CERTCONF("30{}")),
    MALFORMED("generalInfo malformed, MAC", PKI_IR, BY_MAC, INFO("30{}")),
    {"server/base/bounds.h", "generalInfo of 17 entries", PKI_IR, 0, INFO(UNKNOWN_8 UNKNOWN_8 UNKNOWN),
     PKI_ERROR, PKI_BAD_DATA_FORMAT},

    /* "ImplicitConfirmValue MUST be NULL" */
    {"RFC 9483 3.1", "implicitConfirm of INTEGER", PKI_IR, 0, INFO(CONFIRM("02{01}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "implicitConfirm of BOOLEAN", PKI_CR, 0, INFO(CONFIRM("01{ff}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "implicitConfirm without its NULL", PKI_IR, STRICT, INFO(CONFIRM("")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    /* "PROHIBITED in other types of messages" */
    {"RFC 9483 3.1", "implicitConfirm in rr", PKI_RR, STRICT, INFO(CONFIRM("05{}")), PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.1 and 3.6.4", "implicitConfirm in certConf", PKI_CERTCONF, STRICT | ENDS,
     OF_CERTCONF(CONFIRM("05{}")), PKI_ERROR, PKI_BAD_REQUEST},

    /* "ConfirmWaitTimeValue MUST be a GeneralizedTime value" */
    {"RFC 9483 3.1", "confirmWaitTime of INTEGER", PKI_IR, 0, INFO(WAIT("02{01}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "confirmWaitTime of UTCTime", PKI_IR, 0, INFO(WAIT("17{'270115080000Z'}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "confirmWaitTime without a value", PKI_IR, 0, INFO(WAIT("")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    /* "MUST be present if the confirmWaitTime field is present", of messageTime */
    {"RFC 9483 3.1", "confirmWaitTime without messageTime", PKI_IR, STRICT,
     INFO(WAIT("18{'20270115090000Z'}")), PKI_ERROR, PKI_BAD_REQUEST},
    /* "PROHIBITED if implicitConfirm is included" */
    {"RFC 9483 3.1", "confirmWaitTime beside implicitConfirm", PKI_IR, STRICT,
     "recipient > a0{18{'20270115080000Z'}}; " INFO(WAIT("18{'20270115090000Z'}") CONFIRM("05{}")), PKI_ERROR,
     PKI_BAD_REQUEST},

    /* "MUST contain a sequence of one UTF8String element" */
    {"RFC 9483 3.1", "certProfile of no name", PKI_IR, 0, INFO(PROFILE("30{}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "certProfile of INTEGER", PKI_IR, 0, INFO(PROFILE("30{02{01}}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "certProfile is no SEQUENCE", PKI_IR, 0, INFO(PROFILE("0c{'test'}")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "certProfile without a value", PKI_CR, 0, INFO(PROFILE("")), PKI_ERROR,
     PKI_BAD_DATA_FORMAT},
    {"RFC 9483 3.1", "certProfile of two names", PKI_IR, 0, INFO(PROFILE("30{0c{'test'} 0c{'other'}}")),
     PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9483 3.1", "certProfile twice", PKI_IR, 0,
     INFO(PROFILE("30{0c{'test'}}") PROFILE("30{0c{'test'}}")), PKI_ERROR, PKI_BAD_REQUEST},
    /* "MUST contain the name of a certificate profile" */
    {"RFC 9483 3.1", "certProfile of an empty name", PKI_IR, STRICT, INFO(PROFILE("30{0c{}}")), PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.1", "certProfile of an empty name in p10cr, MAC", PKI_P10CR, STRICT | BY_MAC,
     INFO(PROFILE("30{0c{}}")), PKI_ERROR, PKI_BAD_REQUEST},
    /* RFC 9810 Appendix F, badRequest: "transaction not permitted or supported" */
    {"RFC 9810 5.1.1.4", "certProfile that nobody knows", PKI_IR, 0, INFO(PROFILE("30{0c{'unknown'}}")),
     PKI_ERROR, PKI_BAD_REQUEST},
    {"RFC 9810 5.1.1.4", "certProfile that nobody knows, MAC", PKI_CR, BY_MAC,
     INFO(PROFILE("30{0c{'unknown'}}")), PKI_ERROR, PKI_BAD_REQUEST},
    /* "MUST be omitted in all other messages" */
    {"RFC 9483 3.1", "certProfile in rr", PKI_RR, STRICT, INFO(PROFILE("30{0c{'test'}}")), PKI_ERROR,
     PKI_BAD_REQUEST},
    {"RFC 9483 3.1 and 3.6.4", "certProfile in certConf", PKI_CERTCONF, STRICT | ENDS,
     OF_CERTCONF(PROFILE("30{0c{'test'}}")), PKI_ERROR, PKI_BAD_REQUEST},
};

REFUSALS(refusals_of_general_info, rows);
